/**
 * Where the time axis has its marks: whole hours, local midnights, Mondays or month starts of the organisation's
 * time zone, never of the browser's; right across the nights when the clocks change.
 */
import { fromLocal, toLocalDate } from '@torv/core/time';

export interface Ticks {
  readonly atMs: readonly number[];
  readonly style: 'time' | 'day';
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOUR_STEPS = [1, 2, 3, 6, 12] as const;
const DAY_STEPS = [1, 2, 7, 14, 28, 91] as const;

export function toTicks(fromMs: number, toMs: number, timeZone: string, most: number): Ticks {
  const spanMs = toMs - fromMs;
  const hours = HOUR_STEPS.find((step) => spanMs / (step * HOUR_MS) <= most);
  const days = DAY_STEPS.find((step) => spanMs / (step * DAY_MS) <= most) ?? 182;
  const atMs: number[] = [];
  const first = new Date(fromMs).toISOString();
  for (let day = toLocalDate(first, timeZone); ; day = nextDate(day, hours === undefined ? days : 1)) {
    const midnight = Date.parse(fromLocal(`${day}T00:00`, timeZone));
    if (midnight > toMs) break;
    if (hours === undefined) {
      if (midnight >= fromMs) atMs.push(midnight);
      continue;
    }
    for (let hour = 0; hour < 24; hour += hours) {
      const ms = Date.parse(fromLocal(`${day}T${String(hour).padStart(2, '0')}:00`, timeZone));
      if (ms >= fromMs && ms <= toMs) atMs.push(ms);
    }
  }
  return { atMs: [...new Set(atMs)], style: hours === undefined ? 'day' : 'time' };
}

function nextDate(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
