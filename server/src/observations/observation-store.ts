/**
 * Observations as clients of SensorThings write them: any result, times of their own, a feature of their own, never
 * deduplicated (their channel is null). Statistics of their Datastreams are kept once per batch, and from the rows
 * themselves only where an extreme went. Knows nothing of bodies, addresses or rights.
 */
import { SEQUENCE_BITS, toMonthIndex } from '@torv/core/ids';
import { type ResultParts, splitResult } from '@torv/core/sta/result';
import { compareInstants } from '@torv/core/time';
import { toPlainArray, toTextArray } from '../db/array-literals.ts';
import type { Fragment, Transaction } from '../db/database.ts';
import { mergeStatistics, recountDatastreams } from './store.ts';

/** More are removed afterwards, so that a deletion stays a short transaction. */
const DELETED_AT_ONCE = 10_000;

export interface NewObservation {
  readonly datastreamId: number;
  readonly featureId: number;
  /** Moments are UTC texts as `parseInstant` writes them. */
  readonly start: string;
  readonly end: string | null;
  readonly resultTime: string | null;
  readonly validStart: string | null;
  readonly validEnd: string | null;
  /** JSON to the letter, like parameters and resultQuality. */
  readonly result: string;
  readonly parameters: string | null;
  readonly resultQuality: string | null;
}

/** What statistics need to know of an Observation. */
export interface ObservationMark {
  readonly id: number;
  readonly datastreamId: number;
  readonly start: string;
  readonly end: string | null;
  readonly resultTime: string | null;
}

interface Statistics {
  readonly datastreamId: number;
  count: number;
  start: string;
  end: string;
  resultStart: string | null;
  resultEnd: string | null;
  last: {
    readonly id: number;
    readonly start: string;
    readonly number: string | null;
    readonly json: string | null;
  };
}

/** What a batch adds to its Datastreams, gathered while its rows are written and kept once at its end. */
export type Gathered = Map<number, Statistics>;

const earlier = (a: string | null, b: string | null): string | null =>
  a === null ? b : b === null || compareInstants(a, b) <= 0 ? a : b;
const later = (a: string | null, b: string | null): string | null =>
  a === null ? b : b === null || compareInstants(a, b) >= 0 ? a : b;

function gather(
  into: Gathered,
  row: NewObservation,
  id: number,
  number: string | null,
  json: string | null,
): void {
  const { datastreamId, start, end, resultTime } = row;
  const there = into.get(datastreamId);
  if (there === undefined) {
    into.set(datastreamId, {
      datastreamId,
      count: 1,
      start,
      end: end ?? start,
      resultStart: resultTime,
      resultEnd: resultTime,
      last: { id, start, number, json },
    });
    return;
  }
  there.count++;
  there.start = earlier(there.start, start) ?? start;
  there.end = later(there.end, end ?? start) ?? start;
  there.resultStart = earlier(there.resultStart, resultTime);
  there.resultEnd = later(there.resultEnd, resultTime);
  // numbers of one batch rise, so of two at one moment the later one has the higher id
  if (compareInstants(start, there.last.start) >= 0) there.last = { id, start, number, json };
}

/** The columns that a batch needs; most have a result and a time and nothing else. */
function toColumns(
  tx: Transaction,
  rows: readonly NewObservation[],
  parts: readonly ResultParts[],
): readonly (readonly [string, Fragment])[] {
  const times = (pick: (row: NewObservation) => string | null) =>
    tx`${toPlainArray(rows.map(pick))}::timestamptz[]`;
  const has = (pick: (row: NewObservation) => unknown) => rows.some((row) => pick(row) !== null);
  const columns: [string, Fragment][] = [
    ['datastream_id', tx`${toPlainArray(rows.map((row) => row.datastreamId))}::bigint[]`],
    ['feature_id', tx`${toPlainArray(rows.map((row) => row.featureId))}::bigint[]`],
    ['phenomenon_start', times((row) => row.start)],
    ['result_number', tx`${toPlainArray(parts.map(({ number }) => number))}::float8[]`],
  ];
  if (has((row) => row.end)) columns.push(['phenomenon_end', times((row) => row.end)]);
  if (has((row) => row.resultTime)) columns.push(['result_time', times((row) => row.resultTime)]);
  if (has((row) => row.validStart)) {
    columns.push(
      ['valid_start', times((row) => row.validStart)],
      ['valid_end', times((row) => row.validEnd)],
    );
  }
  const texts = (values: readonly (string | null)[]) => tx`${toTextArray(values)}::text[]`;
  if (parts.some(({ json }) => json !== null))
    columns.push(['result_json', texts(parts.map(({ json }) => json))]);
  if (has((row) => row.parameters))
    columns.push(['parameters_text', texts(rows.map((row) => row.parameters))]);
  if (has((row) => row.resultQuality))
    columns.push(['result_quality', texts(rows.map((row) => row.resultQuality))]);
  return columns;
}

/** The month of the phenomenon time above the number. */
function toIds(rows: readonly NewObservation[], numbers: readonly number[]): number[] {
  let [month, bits] = ['', 0];
  return rows.map(({ start }, i) => {
    // most rows of a batch share a month (`2026-01`): it is worked out once
    const own = start.slice(0, 7);
    if (own !== month) {
      month = own;
      bits = toMonthIndex(Date.parse(start)) * 2 ** SEQUENCE_BITS;
    }
    return bits + (numbers[i] ?? Number.NaN);
  });
}

/** Observations on their way: their ids are known before they are written. */
export interface PreparedObservations {
  /** In the order given. */
  readonly ids: readonly number[];
  readonly write: () => Promise<unknown>;
}

/**
 * Observations whose partitions exist (`ensurePartitions`), and whose Datastreams and features are locked.
 * @param numbers of `takeReadingNumbers`, at least one for each row
 * @param gathered takes up what `keepStatistics` is to write at the end
 */
export function prepareObservations(
  tx: Transaction,
  rows: readonly NewObservation[],
  numbers: readonly number[],
  gathered: Gathered,
): PreparedObservations {
  const ids = toIds(rows, numbers);
  const parts = rows.map((row) => splitResult(row.result));
  rows.forEach((row, i) => {
    const { number, json } = parts[i] ?? { number: null, json: null };
    gather(gathered, row, ids[i] ?? 0, number, json);
  });
  return {
    ids,
    async write() {
      if (rows.length === 0) return;
      const columns: (readonly [string, Fragment])[] = [
        ['id', tx`${toPlainArray(ids)}::bigint[]`],
        ...toColumns(tx, rows, parts),
      ];
      const names = columns.map(([name]) => name);
      const hasParameters = names.includes('parameters_text');
      await tx`
        INSERT INTO observations (${tx(hasParameters ? [...names, 'parameters'] : names)})
        SELECT g.*${hasParameters ? tx`, g.parameters_text::jsonb` : tx``}
        FROM unnest(${columns.map(([, values]) => values).reduce((left, right) => tx`${left}, ${right}`)}) AS g(${tx(names)})`;
    },
  };
}

/**
 * Writes what was gathered, Datastream by Datastream in one order, so that two batches never wait in a ring. The last
 * of several Observations at one moment is the one with the highest id, whichever was written last.
 */
export async function keepStatistics(tx: Transaction, gathered: Gathered): Promise<void> {
  const all = [...gathered.values()].sort((a, b) => a.datastreamId - b.datastreamId);
  if (all.length === 0) return;
  const plain = (pick: (s: Statistics) => string | number | null) => toPlainArray(all.map(pick));
  await tx`
    INSERT INTO datastream_stats AS s
      (datastream_id, observations, phenomenon_start, phenomenon_end, result_start, result_end,
       last_id, last_time, last_number, last_json, last_quality, arrived_at)
    SELECT g.*, 0, now()
    FROM unnest(${plain((s) => s.datastreamId)}::bigint[], ${plain((s) => s.count)}::bigint[], ${plain((s) => s.start)}::timestamptz[],
      ${plain((s) => s.end)}::timestamptz[], ${plain((s) => s.resultStart)}::timestamptz[], ${plain((s) => s.resultEnd)}::timestamptz[],
      ${plain((s) => s.last.id)}::bigint[], ${plain((s) => s.last.start)}::timestamptz[], ${plain((s) => s.last.number)}::float8[],
      ${toTextArray(all.map((s) => s.last.json))}::text[]) AS g
    ${mergeStatistics(tx)}`;
}

/** The boxes around what was observed grow with new features (observedArea). @param pairs [Datastream, feature] */
export async function growObservedAreas(
  tx: Transaction,
  pairs: readonly (readonly [datastreamId: number, featureId: number])[],
): Promise<void> {
  if (pairs.length === 0) return;
  await tx`
    WITH new AS (
      SELECT g.datastream_id, ST_Envelope(ST_Collect(ST_Envelope(f.geom))) AS box
      FROM unnest(${toPlainArray(pairs.map(([d]) => d))}::bigint[], ${toPlainArray(pairs.map(([, f]) => f))}::bigint[])
        AS g(datastream_id, feature_id)
      JOIN features_of_interest f ON f.id = g.feature_id AND f.geom IS NOT NULL AND NOT ST_IsEmpty(f.geom)
      GROUP BY g.datastream_id
    ), wider AS (
      SELECT d.id, new.box FROM new JOIN datastreams d ON d.id = new.datastream_id
      WHERE d.observed_area IS NULL OR NOT d.observed_area ~ new.box
      ORDER BY d.id
    )
    UPDATE datastreams d
    SET observed_area = CASE WHEN d.observed_area IS NULL THEN wider.box
      ELSE ST_Envelope(ST_Collect(d.observed_area, wider.box)) END
    FROM wider WHERE wider.id = d.id`;
}

interface Extremes {
  readonly start: string | null;
  readonly end: string | null;
  readonly resultStart: string | null;
  readonly resultEnd: string | null;
  readonly lastId: number | null;
}

/**
 * After an Observation was removed or changed: the count goes down, and only a Datastream that lost its first, last
 * or outermost one is read again.
 * @param gone as it was before
 * @returns whether the Datastream was read again
 */
export async function takeFromStatistics(tx: Transaction, gone: ObservationMark): Promise<boolean> {
  const { id, datastreamId, start, resultTime } = gone;
  const [row] = await tx<Extremes[]>`
    SELECT phenomenon_start AS start, phenomenon_end AS "end", result_start AS "resultStart", result_end AS "resultEnd",
           last_id AS "lastId"
    FROM datastream_stats WHERE datastream_id = ${datastreamId} FOR UPDATE`;
  const isOuter =
    row === undefined ||
    id === row.lastId ||
    start === row.start ||
    (gone.end ?? start) === row.end ||
    (resultTime !== null && (resultTime === row.resultStart || resultTime === row.resultEnd));
  if (isOuter) await recountDatastreams(tx, [datastreamId]);
  else
    await tx`UPDATE datastream_stats SET observations = observations - 1 WHERE datastream_id = ${datastreamId}`;
  return isOuter;
}

interface MarkRow extends ObservationMark {
  readonly number: string | null;
  readonly json: string | null;
}

/** After an Observation was changed, perhaps into another month or Datastream. @param before as it was */
export async function changeInStatistics(tx: Transaction, before: ObservationMark): Promise<void> {
  const { id } = before;
  const isRead = await takeFromStatistics(tx, before);
  const [row] = await tx<MarkRow[]>`
    SELECT id, datastream_id AS "datastreamId", phenomenon_start AS start, phenomenon_end AS "end", result_time AS "resultTime",
           result_number::text AS number, result_json AS json
    FROM observations WHERE id = ${id}`;
  if (row === undefined || (isRead && row.datastreamId === before.datastreamId)) return;
  const { datastreamId, start, end, resultTime, number, json } = row;
  const last = { id, start, number, json };
  const one: Statistics = {
    datastreamId,
    count: 1,
    start,
    end: end ?? start,
    resultStart: resultTime,
    resultEnd: resultTime,
    last,
  };
  await keepStatistics(tx, new Map([[datastreamId, one]]));
}

/**
 * All Observations of these Datastreams, before the Datastreams themselves go: a few at once, many bit by bit
 * afterwards (purge.ts). @returns how many
 */
export async function deleteObservationsOfDatastreams(
  tx: Transaction,
  datastreamIds: readonly number[],
): Promise<number> {
  if (datastreamIds.length === 0) return 0;
  const ids = datastreamIds as number[];
  const [kept] = await tx<{ n: number }[]>`
    SELECT coalesce(sum(observations), 0)::float8 AS n FROM datastream_stats WHERE datastream_id = ANY(${ids}::bigint[])`;
  if ((kept?.n ?? 0) > DELETED_AT_ONCE) {
    await tx`INSERT INTO purges (datastream_id) SELECT unnest(${ids}::bigint[]) ON CONFLICT DO NOTHING`;
    return kept?.n ?? 0;
  }
  const gone = await tx`DELETE FROM observations WHERE datastream_id = ANY(${ids}::bigint[])`;
  return gone.count;
}

/** All Observations of a feature, also those that have it from their Datastream. @returns how many */
export async function deleteObservationsOfFeature(tx: Transaction, featureId: number): Promise<number> {
  const rows = await tx<{ datastreamId: number; n: number }[]>`
    WITH own AS (
      DELETE FROM observations WHERE feature_id = ${featureId} RETURNING datastream_id
    ), inherited AS (
      DELETE FROM observations
      WHERE feature_id IS NULL AND datastream_id = ANY (ARRAY(SELECT id FROM datastreams WHERE feature_id = ${featureId}))
      RETURNING datastream_id
    )
    SELECT datastream_id AS "datastreamId", count(*)::int AS n
    FROM (SELECT * FROM own UNION ALL SELECT * FROM inherited) gone GROUP BY 1`;
  await recountDatastreams(
    tx,
    rows.map((row) => row.datastreamId),
  );
  return rows.reduce((sum, { n }) => sum + n, 0);
}

/** A reading that the pipeline wrote leaves a trace where it is changed or removed by hand. */
export async function logCorrection(
  tx: Transaction,
  id: number,
  change: 'changed' | 'removed',
  organisationId: number,
): Promise<void> {
  await tx`
    INSERT INTO corrections (organisation_id, observation_id, datastream_id, phenomenon_start, change, old_number, old_json, old_quality)
    SELECT ${organisationId}, o.id, o.datastream_id, o.phenomenon_start, ${change}, o.result_number, o.result_json, o.quality
    FROM observations o WHERE o.id = ${id} AND o.channel IS NOT NULL`;
}
