/**
 * What a chart draws, and the honesty rules as pure functions: a gap stays a gap, an implausible value stays seen
 * but is marked, and the axis is chosen from the data. No drawing library in here.
 */
export interface ChartPoint {
  /** RFC 3339. */
  readonly t: string;
  readonly mean: number | null;
  readonly min?: number;
  readonly max?: number;
  /** Number of readings behind the point. */
  readonly n?: number;
  readonly flagged?: boolean;
}

export interface ChartSeries {
  readonly key: string;
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

/** A silence longer than this many expected intervals is a gap; less is a late or lost frame. */
const GAP_FACTOR = 3;

export interface Cell {
  readonly ms: number;
  readonly point: ChartPoint | null;
}

/** The points in time order with an empty cell in the middle of every gap, so that no line bridges it. */
export function breakAtGaps(points: readonly ChartPoint[], expectedIntervalS: number): readonly Cell[] {
  const longestMs = expectedIntervalS * 1000 * GAP_FACTOR;
  const cells: Cell[] = [];
  let lastMs: number | undefined;
  for (const point of points) {
    const ms = Date.parse(point.t);
    if (point.mean === null) {
      cells.push({ ms, point: null });
      continue;
    }
    if (lastMs !== undefined && ms - lastMs > longestMs && cells.at(-1)?.point !== null) {
      cells.push({ ms: (lastMs + ms) / 2, point: null });
    }
    cells.push({ ms, point });
    lastMs = ms;
  }
  return cells;
}

/** Gaps between readings; silence before the first and after the last one is not between. */
/** Where nobody said how often a sensor reports: the middle of the steps that it took. */
export function toUsualIntervalS(series: readonly ChartSeries[]): number {
  const steps = series
    .flatMap(({ points }) =>
      points.slice(1).map((point, i) => Date.parse(point.t) - Date.parse(points[i]?.t ?? point.t)),
    )
    .filter((ms) => ms > 0)
    .sort((a, b) => a - b);
  return (steps[Math.floor(steps.length / 2)] ?? 600_000) / 1000;
}

export function countGaps(points: readonly ChartPoint[], expectedIntervalS: number): number {
  const cells = breakAtGaps(points, expectedIntervalS);
  const first = cells.findIndex((cell) => cell.point !== null);
  const last = cells.findLastIndex((cell) => cell.point !== null);
  let gaps = 0;
  for (let i = first + 1; i < last; i += 1) {
    if (cells[i]?.point === null && cells[i - 1]?.point !== null) gaps += 1;
  }
  return gaps;
}

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Lowest and highest of all series, envelopes included. */
export function toExtent(series: readonly ChartSeries[]): Extent | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { points } of series) {
    for (const { mean, min, max } of points) {
      if (mean === null) continue;
      low = Math.min(low, min ?? mean, mean);
      high = Math.max(high, max ?? mean, mean);
    }
  }
  return low > high ? undefined : { low, high };
}

/** The size that chooses the unit of a whole chart. */
export function toLargest(series: readonly ChartSeries[]): number {
  const extent = toExtent(series);
  return extent === undefined ? 0 : Math.max(Math.abs(extent.low), Math.abs(extent.high));
}

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Where zero says nothing: outdoor air has 400 ppm, 0 °C is no absence of warmth, decibels have no zero. */
const NO_ZERO = new Set(['Cel', 'K', 'hPa', 'dB[SPL]', 'V', '[ppm]', 'deg']);
const USUAL_START: Readonly<Record<string, number>> = { co2: 400 };

/** From zero where zero means "none", else around the data; CO2 from 400 ppm, or lower when the data are. */
export function toAxis(property: string, unit: string, extent: Extent, thresholds: readonly number[]): Axis {
  const usual = USUAL_START[property];
  const high = Math.max(extent.high, ...thresholds);
  const low = Math.min(
    extent.low,
    usual ?? Number.POSITIVE_INFINITY,
    ...(NO_ZERO.has(unit) ? [] : [0]),
    ...(usual === undefined ? thresholds : []),
  );
  const size = Math.max(Math.abs(low), Math.abs(high), 1e-3);
  // readings that differ less than their own precision are one line, not a mountain range
  const span = high - low > size * 1e-6 ? high - low : size;
  const step = toStep(span / 5);
  const min = Math.floor(low / step) * step;
  const max = Math.ceil((high + (high - low) * 0.02) / step) * step;
  return { min: clean(min), max: clean(max === min ? min + step : max), step };
}

function toStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  return clean((share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10) * power);
}

function clean(value: number): number {
  return Number(value.toPrecision(10));
}
