/**
 * Local clock readings of one time zone -> instants, fast enough for millions of lines: what the calendar rules
 * say is asked once per quarter of an hour and remembered. It never guesses in the nights when the clocks
 * change: it says that a reading occurs twice, or never.
 */
import { Temporal } from 'temporal-polyfill';
import { AppError } from '../errors.ts';

export type LocalMoment =
  | { readonly kind: 'once'; readonly ms: number }
  | { readonly kind: 'twice'; readonly earlierMs: number; readonly laterMs: number }
  | { readonly kind: 'never' };

/** What a quarter of an hour has in common: how far local time is ahead of UTC; undefined: look at each moment. */
type Quarter =
  | { readonly kind: 'once'; readonly aheadMs: number }
  | { readonly kind: 'twice'; readonly earlierAheadMs: number; readonly laterAheadMs: number }
  | { readonly kind: 'never' }
  | undefined;

const QUARTER_MS = 15 * 60_000;
const NEVER: LocalMoment = { kind: 'never' };
/** Eight years of quarters; beyond that the memory begins anew. */
const MOST_QUARTERS = 280_000;

/** @returns a function from a local reading, written as if it were UTC (epoch ms), to its instant or instants */
export function createLocalClock(timeZone: string): (localMs: number) => LocalMoment {
  if (!isTimeZone(timeZone)) {
    throw new AppError('BAD_REQUEST', `"${timeZone.slice(0, 60)}" is not a time zone.`, {
      at: 'timeZone',
      hint: 'Write it as Europe/Copenhagen.',
    });
  }
  const quarters = new Map<number, Quarter>();
  return (localMs) => {
    const index = Math.floor(localMs / QUARTER_MS);
    let quarter = quarters.get(index);
    if (quarter === undefined && !quarters.has(index)) {
      if (quarters.size >= MOST_QUARTERS) quarters.clear();
      quarter = toQuarter(index, timeZone);
      quarters.set(index, quarter);
    }
    if (quarter === undefined) return toMoment(localMs, timeZone);
    if (quarter.kind === 'once') return { kind: 'once', ms: localMs - quarter.aheadMs };
    if (quarter.kind === 'never') return NEVER;
    return {
      kind: 'twice',
      earlierMs: localMs - quarter.earlierAheadMs,
      laterMs: localMs - quarter.laterAheadMs,
    };
  };
}

export function isTimeZone(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    Temporal.PlainDateTime.from('2026-01-01T00:00').toZonedDateTime(text);
    // An offset such as +01:00 is a zone for Temporal; here it would hide a summer that nobody meant to leave out.
    return !/^[+-]/.test(text);
  } catch {
    return false;
  }
}

function toQuarter(index: number, timeZone: string): Quarter {
  const firstMs = index * QUARTER_MS;
  const lastMs = firstMs + QUARTER_MS - 1;
  const first = toMoment(firstMs, timeZone);
  const last = toMoment(lastMs, timeZone);
  if (first.kind === 'once' && last.kind === 'once') {
    const aheadMs = firstMs - first.ms;
    return lastMs - last.ms === aheadMs ? { kind: 'once', aheadMs } : undefined;
  }
  if (first.kind === 'twice' && last.kind === 'twice') {
    const earlierAheadMs = firstMs - first.earlierMs;
    const laterAheadMs = firstMs - first.laterMs;
    const same = lastMs - last.earlierMs === earlierAheadMs && lastMs - last.laterMs === laterAheadMs;
    return same ? { kind: 'twice', earlierAheadMs, laterAheadMs } : undefined;
  }
  return first.kind === 'never' && last.kind === 'never' ? { kind: 'never' } : undefined;
}

function toMoment(localMs: number, timeZone: string): LocalMoment {
  const plain = Temporal.Instant.fromEpochMilliseconds(localMs).toZonedDateTimeISO('UTC').toPlainDateTime();
  const earlier = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  // In the hour that is skipped Temporal shifts the clock: such a reading does not exist.
  if (!earlier.toPlainDateTime().equals(plain)) return NEVER;
  const later = plain.toZonedDateTime(timeZone, { disambiguation: 'later' });
  const earlierMs = earlier.epochMilliseconds;
  const laterMs = later.epochMilliseconds;
  return earlierMs === laterMs ? { kind: 'once', ms: earlierMs } : { kind: 'twice', earlierMs, laterMs };
}
