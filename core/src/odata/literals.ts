/** The values of literals: instants, durations and WKT geometries, checked so that no database refuses them. */
import { AppError } from '../errors.ts';
import { parseInstant } from '../time.ts';

/** What mindatetime() and maxdatetime() are. */
export const MIN_INSTANT = '0001-01-01T00:00:00Z';
export const MAX_INSTANT = '9999-12-31T23:59:59.999999Z';

/** @returns undefined where it is no moment that can be stored */
export function toInstantValue(text: string): string | undefined {
  if (text.startsWith('0000')) return undefined;
  try {
    return parseInstant(text);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

const DURATION =
  /^(-)?P(?:(\d{1,7})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?$/;

/** ISO 8601 without years and months, whose length depends on the calendar -> seconds */
export function toSeconds(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null || !/\d/.test(text) || text.endsWith('T')) return undefined;
  const [, sign, weeks = '0', days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const total =
    Number(weeks) * 604_800 +
    Number(days) * 86_400 +
    Number(hours) * 3600 +
    Number(minutes) * 60 +
    Number(seconds);
  return sign === undefined ? total : -total;
}

/** `7:05` is not a clock; 25:00 neither. -> hh:mm:ss[.f] */
export function toClock(text: string): string | undefined {
  const [hour = '', minute = '', second = '00'] = text.split(':');
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) >= 60) return undefined;
  const [whole = '', fraction = ''] = second.split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${hour}:${minute}:${whole}${digits === '' ? '' : `.${digits}`}`;
}

// Well-known text --------------------------------------------------------------------------------------------

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$/;
type Shape = 'point' | 'line' | 'ring';
/** tag -> how many brackets stand around a list of positions, and what such a list is */
const TAGS: Readonly<Record<string, readonly [depth: number, shape: Shape]>> = {
  POINT: [0, 'point'],
  LINESTRING: [0, 'line'],
  POLYGON: [1, 'ring'],
  MULTILINESTRING: [1, 'line'],
  MULTIPOLYGON: [2, 'ring'],
};

/** What is wrong with a WKT text, in words; undefined: nothing. */
export function findWktFault(text: string): string | undefined {
  const match = /^\s*([A-Za-z]+)\s*(Z\s*)?(\(.*\))\s*$/s.exec(text);
  if (match === null) return 'it must look like POINT (30 10)';
  const tag = (match[1] ?? '').toUpperCase();
  const body = match[3] ?? '';
  if (tag === 'MULTIPOINT') {
    const points = splitTop(body.slice(1, -1));
    for (const point of points ?? ['']) {
      const bare = /^\s*\((.*)\)\s*$/s.exec(point)?.[1] ?? point;
      const fault = findPositionsFault(bare, 'point');
      if (fault !== undefined) return fault;
    }
    return points === undefined ? 'its brackets do not match' : undefined;
  }
  const known = Object.hasOwn(TAGS, tag) ? TAGS[tag] : undefined;
  if (known === undefined) return `${tag.slice(0, 20)} is not a kind of geometry that is known here`;
  return findListFault(body, known[0], known[1]);
}

function findListFault(text: string, depth: number, shape: Shape): string | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('(') || !trimmed.endsWith(')')) return 'its brackets do not match';
  const inner = trimmed.slice(1, -1);
  if (depth === 0) return findPositionsFault(inner, shape);
  const parts = splitTop(inner);
  if (parts === undefined) return 'its brackets do not match';
  for (const part of parts) {
    const fault = findListFault(part, depth - 1, shape);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Split at commas outside brackets; undefined where the brackets do not match. */
function splitTop(text: string): string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
    if (depth < 0) return undefined;
  }
  parts.push(text.slice(start));
  return depth === 0 ? parts : undefined;
}

function findPositionsFault(text: string, shape: Shape): string | undefined {
  const positions = text.split(',').map((position) => position.trim().split(/\s+/));
  const size = positions[0]?.length ?? 0;
  if (size < 2 || size > 3) return 'a position has two or three numbers';
  for (const position of positions) {
    if (position.length !== size) return 'all positions need the same number of numbers';
    const bad = position.find((part) => !NUMBER.test(part) || part.length > 40);
    if (bad !== undefined) return `"${bad.slice(0, 20)}" is not a number`;
  }
  if (shape === 'point' && positions.length !== 1) return 'a point has one position';
  if (shape === 'line' && positions.length < 2) return 'a line has at least two positions';
  if (shape === 'ring') {
    if (positions.length < 4) return 'a ring has at least four positions';
    const [first, last] = [positions[0], positions.at(-1)];
    if (first?.some((part, i) => Number(part) !== Number(last?.[i])))
      return 'a ring must end where it begins';
  }
  return undefined;
}
