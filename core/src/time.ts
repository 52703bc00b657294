/**
 * Instants and local days. Instants travel as RFC 3339 text in UTC with up to microseconds (a JavaScript Date
 * has only milliseconds); everything local names its time zone. No clock in here: `now` is always a parameter.
 */
import { Temporal } from 'temporal-polyfill';
import { AppError } from './errors.ts';

/**
 * Any RFC 3339 timestamp with an offset (ChirpStack sends nine decimals and +00:00) -> UTC text cut, not
 * rounded, to microseconds: `2026-07-18T09:34:15.775023Z`.
 * @throws AppError BAD_REQUEST when it is not an instant.
 */
export function parseInstant(text: unknown, at = 'time'): string {
  if (typeof text === 'string') {
    const usual = parseUsual(text);
    if (usual !== undefined) return usual;
    try {
      return renderInstant(Temporal.Instant.from(text));
    } catch {
      // falls through to the sentence below
    }
  }
  throw new AppError('BAD_REQUEST', `"${String(text).slice(0, 60)}" is not a moment in time.`, {
    at,
    hint: 'Write it as 2026-11-22T08:15:00Z or with an offset: 2026-11-22T09:15:00+01:00.',
  });
}

const [ZERO, NINE, DASH, DOT, COLON, T, Z] = [48, 57, 45, 46, 58, 84, 90];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Two digits at a place of a text; NaN where there are none. */
function toPair(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
  return tens >= ZERO && tens <= NINE && ones >= ZERO && ones <= NINE ? tens * 10 + ones - ZERO * 11 : NaN;
}

function countDays(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
}

/** Whether a text begins with YYYY-MM-DDTHH:MM:SS, a moment that exists. */
function isWhole(text: string): boolean {
  const year = toPair(text, 0) * 100 + toPair(text, 2);
  const month = toPair(text, 5);
  const day = toPair(text, 8);
  // NaN is in no range
  return (
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    text.charCodeAt(10) === T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= countDays(year, month) &&
    toPair(text, 11) <= 23 &&
    toPair(text, 14) <= 59 &&
    toPair(text, 17) <= 59
  );
}

/**
 * The form that network servers, clients and databases write, without the cost of the general case: a date that
 * exists, in UTC. Of a hundred thousand moments a second each regular expression would be felt.
 */
function parseUsual(text: string): string | undefined {
  const { length } = text;
  if (length < 20 || !isWhole(text)) return undefined;
  const end = text.charCodeAt(length - 1) === Z ? length - 1 : text.endsWith('+00:00') ? length - 6 : 0;
  if (end === 19) return length === 20 ? text : `${text.slice(0, 19)}Z`;
  if (end < 21 || end > 29 || text.charCodeAt(19) !== DOT) return undefined;
  let last = 19;
  for (let at = 20; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return undefined;
    // cut to microseconds, without zeros at the end
    if (code !== ZERO && at < 26) last = at;
  }
  return `${text.slice(0, last === 19 ? 19 : last + 1)}Z`;
}

/** Epoch milliseconds -> RFC 3339 text in UTC without superfluous decimals. */
export function toInstant(epochMs: number): string {
  return renderInstant(Temporal.Instant.fromEpochMilliseconds(Math.trunc(epochMs)));
}

function renderInstant(instant: Temporal.Instant): string {
  const micros =
    instant.epochNanoseconds / 1000n -
    (instant.epochNanoseconds < 0n && instant.epochNanoseconds % 1000n !== 0n ? 1n : 0n);
  return new Temporal.Instant(micros * 1000n).toString();
}

/**
 * Order of two UTC texts as `parseInstant`, `toInstant` and the database write them, to the microsecond: Date.parse
 * sees milliseconds only, and two copies of a frame within one millisecond would then stand in the order of arrival.
 */
export function compareInstants(a: string, b: string): number {
  if (a.length === b.length) return a === b ? 0 : a < b ? -1 : 1;
  // Without the final Z a shorter fraction is a prefix, and so sorts before the longer one.
  const [left, right] = [a.slice(0, -1), b.slice(0, -1)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** One moment has one text: UTC without final zeros in the fraction, as the database writes it. */
export function toCanonicalInstant(instant: string): string {
  return instant.includes('.') ? instant.replace(/\.?0+Z$/, 'Z') : instant;
}

/** Start and end (UTC instants, half open) of a local day; 23 or 25 hours long when the clocks change. */
export function toLocalDay(date: string, timeZone: string): { readonly start: string; readonly end: string } {
  const day = Temporal.PlainDate.from(date);
  const start = day.toZonedDateTime({ timeZone }).toInstant();
  const end = day.add({ days: 1 }).toZonedDateTime({ timeZone }).toInstant();
  return { start: start.toString(), end: end.toString() };
}

/** The local calendar date (YYYY-MM-DD) of an instant. */
export function toLocalDate(instant: string, timeZone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/** A school year begins on 1 August: 2026-07-31 belongs to 2025, 2026-08-01 to 2026. */
export function toSchoolYear(date: string): number {
  const day = Temporal.PlainDate.from(date);
  return day.month >= 8 ? day.year : day.year - 1;
}

/**
 * A local date and time as a person or a file writes it -> the UTC instant.
 * `disambiguation` says which of two clock readings is meant in the night when the clocks go back.
 * @throws AppError BAD_REQUEST when there is no such local time: not a date, a time with an offset of its own
 *   (it would be read twice), or one that the clocks jump over in spring.
 */
export function fromLocal(
  local: string,
  timeZone: string,
  disambiguation: 'earlier' | 'later' = 'earlier',
): string {
  try {
    if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?)?$/.test(local)) throw new RangeError(local);
    const plain = Temporal.PlainDateTime.from(local);
    const zoned = plain.toZonedDateTime(timeZone, { disambiguation });
    // In the hour that is skipped Temporal shifts the clock; a reading at such a time is a fault of its source.
    if (!zoned.toPlainDateTime().equals(plain)) throw new RangeError(local);
    return zoned.toInstant().toString();
  } catch {
    throw new AppError(
      'BAD_REQUEST',
      `"${local.slice(0, 60)}" is not a local date and time in ${timeZone}.`,
      {
        at: 'time',
        hint: 'Write it as 2026-11-22 09:15 or 2026-11-22T09:15:00.',
      },
    );
  }
}
