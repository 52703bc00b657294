/**
 * How values cross between SQL and JavaScript, the same for both kinds of database: 64-bit integers as numbers
 * (all ids are below 2^53), instants as RFC 3339 text in UTC with up to microseconds, dates as text, json parsed.
 * Nothing here ever makes a Date: it would cut an instant to milliseconds.
 */
import type postgres from 'postgres';
import { toArrayTypes } from './array-types.ts';

const OID = { int8: 20, json: 114, date: 1082, timestamp: 1114, timestamptz: 1184, jsonb: 3802 } as const;

export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `The database holds the integer ${text}, which is beyond 2^53 and not exact as a number`,
    );
  }
  return value;
}

const [DASH, BLANK] = [45, 32];

/** `2026-07-18 09:34:15.775023+00` -> `2026-07-18T09:34:15.775023Z`; infinity stays a word. */
export function parseTimestamp(text: string): string {
  // nearly all, without the regular expression: a page has thousands of them
  if (text.charCodeAt(4) === DASH && text.charCodeAt(10) === BLANK && text.endsWith('+00'))
    return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  const match = /^(\d{4,6})-(\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00( BC)?$/.exec(text);
  if (match === null) {
    if (text === 'infinity' || text === '-infinity') return text;
    throw new RangeError(`The database wrote the instant "${text}" in another form than ISO in UTC`);
  }
  const [, year = '', day = '', time = '', bc] = match;
  return `${toIsoYear(Number(year), bc !== undefined)}-${day}T${time}Z`;
}

function toIsoYear(year: number, beforeChrist: boolean): string {
  // 1 BC is the year 0 of ISO 8601; beyond four digits a year has a sign and six
  const astronomical = beforeChrist ? 1 - year : year;
  if (astronomical >= 0 && astronomical <= 9999) return String(astronomical).padStart(4, '0');
  return `${astronomical < 0 ? '-' : '+'}${String(Math.abs(astronomical)).padStart(6, '0')}`;
}

/** RFC 3339 text as PostgreSQL reads it. */
export function renderTimestamp(value: unknown): string {
  if (typeof value !== 'string')
    throw new TypeError('An instant travels as RFC 3339 text, not as a Date or a number');
  const expanded = /^([+-])(\d{6})(-.*)$/.exec(value);
  if (expanded === null) return value;
  const [, sign, digits, rest] = expanded;
  const year = Number(digits);
  return sign === '-' ? `${String(year + 1).padStart(4, '0')}${rest} BC` : `${year}${rest}`;
}

const same = (value: unknown): string => String(value);

/** postgres.js's table of types; the key `date` replaces its own, which makes Dates. */
export const TYPES: Record<string, postgres.PostgresType> = {
  bigint: { to: OID.int8, from: [OID.int8], serialize: same, parse: parseInt8 },
  date: { to: OID.timestamptz, from: [OID.timestamptz], serialize: renderTimestamp, parse: parseTimestamp },
  day: { to: OID.date, from: [OID.date, OID.timestamp], serialize: same, parse: (text: string) => text },
  json: {
    to: OID.json,
    from: [OID.json, OID.jsonb],
    serialize: (value: unknown) => JSON.stringify(value),
    parse: (text: string): unknown => JSON.parse(text),
  },
  ...toArrayTypes({ int8: parseInt8, timestamptz: parseTimestamp }),
};
