/**
 * A page of a Datastream's Observations in the order of time is looked for in a few months: planning a statement over
 * all months of an installation costs more than reading the page. Where to look is guessed from the Datastream's
 * statistics; a window that holds too few is widened until it holds everything, so a guess is never seen in an answer.
 */
import type { CheckedQuery } from '@torv/core/odata/check';
import type { PathStep } from '@torv/core/odata/path';
import { parseTimestamp } from '../db/values.ts';
import { readFirstMoment } from './paging.ts';
import { isByTime, limitOf } from './to-sql.ts';

/** When a Datastream was observed, and how often. */
export interface Extent {
  readonly observations: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** First and last moment, RFC 3339. */
export type Between = readonly [from: string, to: string];

const MARGIN = 1.5;
const WIDEN = 32;

/** Whether a set is all that one Datastream observed, in the order of time. */
export function isTimeline(steps: readonly PathStep[], query: CheckedQuery): boolean {
  const owner = steps.slice(0, -1);
  return (
    steps.at(-1)?.link === 'observations' &&
    owner.at(-1)?.entity === 'datastream' &&
    // looked for in the month of its id, and then in all
    owner.every(({ entity }) => entity !== 'observation') &&
    query.filter === undefined &&
    (query.orderby.length === 0 || isByTime(query))
  );
}

/** @param row of toExtentStatement */
export function toExtent(row: readonly unknown[]): Extent {
  const [observations, first, last] = row;
  const toMs = (text: unknown) => (typeof text === 'string' ? Date.parse(parseTimestamp(text)) : Number.NaN);
  return { observations: String(observations ?? 0), firstMs: toMs(first), lastMs: toMs(last) };
}

/** Beyond these a month's edge is no text that every database reads. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1000, 0, 1), Date.UTC(9000, 0, 1)];

function floorMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function ceilMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

const toBetween = (fromMs: number, toMs: number): Between => [
  new Date(fromMs).toISOString(),
  new Date(toMs).toISOString(),
];

/**
 * Where to look for a page, wider and wider; what the last one does not hold is not there. undefined: everywhere.
 * Whole months, because each has a table of its own.
 */
export function* toWindows(query: CheckedQuery, extent: Extent): Generator<Between | undefined> {
  const { observations, firstMs, lastMs } = extent;
  const isKnown = firstMs > EARLIEST_MS && lastMs < LATEST_MS && firstMs <= lastMs;
  const descending = query.orderby[0]?.descending ?? false;
  const { skiptoken } = query;
  const placeMs =
    skiptoken === undefined ? (descending ? lastMs : firstMs) : Date.parse(readFirstMoment(skiptoken) ?? '');
  // moments are finer than the milliseconds that are compared here
  const isWithin = placeMs >= firstMs - 1 && placeMs <= lastMs + 1;
  if (!isKnown || !isWithin) {
    yield undefined;
    return;
  }
  const from = descending ? floorMonth(firstMs) : floorMonth(placeMs - 1);
  const to = descending ? ceilMonth(placeMs + 1) : ceilMonth(lastMs + 1);
  const spacingMs = (lastMs - firstMs) / Math.max(1, Number(observations) - 1);
  let before = 0;
  for (let spanMs = spacingMs * (query.skip + limitOf(query) + 1) * MARGIN; ; spanMs = (spanMs + 1) * WIDEN) {
    const edge = descending ? floorMonth(placeMs - spanMs) : ceilMonth(placeMs + spanMs);
    if (descending ? !(edge > from) : !(edge < to)) break;
    if (edge !== before) yield descending ? toBetween(edge, to) : toBetween(from, edge);
    before = edge;
  }
  yield toBetween(from, to);
}
