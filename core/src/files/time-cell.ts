/**
 * The time of a line as files write it -> an instant to the microsecond. Knows which of day and month comes
 * first only because it is told; a text without an offset needs a time zone, and nothing is guessed.
 */
import { createLocalClock, type LocalMoment } from './local-clock.ts';
import type { TimeMapping } from './readings-mapping.ts';

/** Epoch milliseconds and the microseconds beyond them. */
export interface CellTime {
  readonly ms: number;
  readonly micros: number;
  /** The clocks showed this reading twice in that night. */
  readonly twice: boolean;
}

export interface TimeFault {
  readonly code:
    | 'time-missing'
    | 'time-unreadable'
    | 'time-no-zone'
    | 'time-skipped'
    | 'time-range'
    | 'date-unknown';
  readonly reason: string;
}

interface Clock {
  readonly localMs: number;
  readonly micros: number;
  /** Minutes ahead of UTC where the text says so. */
  readonly offsetMin: number | undefined;
}

const ISO =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?)[:.](\d\d)(?:[:.](\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/;
const DAY_FIRST =
  /^(\d\d?)[./-](\d\d?)[./-](\d{4})(?:[T ,]+(\d\d?)[:.](\d\d)(?:[:.](\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/;

/** 1900 to 2100: what lies outside is a wrong column or a wrong form, not a measurement. */
const FIRST_MS = Date.UTC(1900, 0, 1);
const LAST_MS = Date.UTC(2100, 0, 1);

function fault(code: TimeFault['code'], reason: string): TimeFault {
  return { code, reason };
}

/** @returns a function from the text (date and time joined by a blank) to its instant, for one file */
export function createTimeReader(
  mapping: TimeMapping,
): (text: string, afterMs: number) => CellTime | TimeFault {
  const clock = mapping.timeZone === undefined ? undefined : createLocalClock(mapping.timeZone);
  const unixFactor = mapping.form === 'unix-s' ? 1000 : 1;
  return (text, afterMs) => {
    if (text === '') return fault('time-missing', 'There is no time.');
    if (mapping.form === 'unix-s' || mapping.form === 'unix-ms') return toUnix(text, unixFactor);
    const read = toClock(text, mapping.form);
    if (read === undefined)
      return fault('time-unreadable', `"${text.slice(0, 40)}" is not a date and time of the form said.`);
    if (read.offsetMin !== undefined)
      return inRange(read.localMs - read.offsetMin * 60_000, read.micros, false);
    if (clock === undefined)
      return fault('time-no-zone', `"${text.slice(0, 40)}" has no offset, and no time zone is given.`);
    return settle(clock(read.localMs), read, mapping, afterMs, text);
  };
}

function settle(
  moment: LocalMoment,
  read: Clock,
  mapping: TimeMapping,
  afterMs: number,
  text: string,
): CellTime | TimeFault {
  if (moment.kind === 'never')
    return fault('time-skipped', `The clocks in ${mapping.timeZone} jumped over ${text.slice(0, 40)}.`);
  if (moment.kind === 'once') return inRange(moment.ms, read.micros, false);
  const rule = mapping.night ?? 'order';
  const later = rule === 'later' || (rule === 'order' && moment.earlierMs < afterMs);
  return inRange(later ? moment.laterMs : moment.earlierMs, read.micros, true);
}

function inRange(ms: number, micros: number, twice: boolean): CellTime | TimeFault {
  if (!(ms >= FIRST_MS && ms < LAST_MS))
    return fault('time-range', 'The time lies outside the years 1900 to 2100.');
  return { ms, micros, twice };
}

function toUnix(text: string, factor: number): CellTime | TimeFault {
  const value = /^-?\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN;
  if (!Number.isFinite(value))
    return fault('time-unreadable', `"${text.slice(0, 40)}" is not a number of seconds.`);
  const totalMicros = Math.round(value * factor * 1000);
  const ms = Math.floor(totalMicros / 1000);
  return inRange(ms, totalMicros - ms * 1000, false);
}

function toClock(text: string, form: 'iso' | 'dmy' | 'mdy'): Clock | undefined {
  const match = (form === 'iso' ? ISO : DAY_FIRST).exec(text);
  if (match === null) return undefined;
  const [, a, b, c, hh = '0', mm = '0', ss = '0', fraction = '', zone] = match;
  const [year, month, day] =
    form === 'iso'
      ? [Number(a), Number(b), Number(c)]
      : form === 'dmy'
        ? [Number(c), Number(b), Number(a)]
        : [Number(c), Number(a), Number(b)];
  // Date.UTC takes the years 0 to 99 for 1900 to 1999
  if (year < 1000) return undefined;
  const [hour, minute, second] = [Number(hh), Number(mm), Number(ss)];
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > lastDay || minute > 59 || second > 59) return undefined;
  // 24:00 is the end of a day in many meter files.
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0))) return undefined;
  const digits = fraction.slice(0, 6).padEnd(6, '0');
  return {
    localMs: Date.UTC(year, month - 1, day, hour, minute, second, Number(digits.slice(0, 3))),
    micros: Number(digits.slice(3)),
    offsetMin: toOffset(zone),
  };
}

function toOffset(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || '0');
  return zone.startsWith('-') ? -minutes : minutes;
}

/** RFC 3339 in UTC, with as many decimals as are needed. */
export function renderCellTime(time: { readonly ms: number; readonly micros: number }): string {
  const text = new Date(time.ms).toISOString();
  if (time.micros > 0) return `${text.slice(0, -1)}${String(time.micros).padStart(3, '0')}Z`;
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}
