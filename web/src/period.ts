/** The periods one can look at, as whole local days that end tonight; pure, so that an address gives the same period. */
import { toInstant, toLocalDate, toLocalDay } from '@torv/core/time';
import type { Range } from './range.ts';

const DAYS: { readonly [R in Range]: number } = { day: 0, week: 6, month: 29, year: 364 };
const DAY_MS = 86_400_000;

export function toPeriod(
  range: Range,
  nowMs: number,
  timeZone: string,
): { readonly from: string; readonly to: string } {
  const today = toLocalDate(toInstant(nowMs), timeZone);
  const first = new Date(Date.parse(`${today}T00:00:00Z`) - DAYS[range] * DAY_MS).toISOString().slice(0, 10);
  return { from: toLocalDay(first, timeZone).start, to: toLocalDay(today, timeZone).end };
}
