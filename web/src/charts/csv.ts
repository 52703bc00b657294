/** The readings of a chart as CSV (RFC 4180): UTC times and decimal points, the same in every language. */
import type { ChartSeries } from './series.ts';

export function toCsv(series: readonly ChartSeries[], unit: string): string {
  const rows = series.flatMap(({ name, points }) =>
    points.map((point) =>
      [point.t, name, point.mean, point.min, point.max, point.n, unit].map(toField).join(','),
    ),
  );
  return ['time,series,mean,min,max,readings,unit', ...rows].map((row) => `${row}\r\n`).join('');
}

function toField(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? '' : String(value);
  // a leading = + - @ would be run as a formula by a spreadsheet; numbers keep their sign
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
