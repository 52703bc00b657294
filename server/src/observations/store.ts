/**
 * Readings in and statistics with them: one idempotent batched insert. A reading is unique by
 * (Datastream, phenomenon time, channel); where two frames claim the same moment, the frame that was heard
 * first counts, whatever the order of arrival. No row triggers: statistics are kept once per batch.
 */
import { SEQUENCE_BITS, toMonthIndex } from '@torv/core/ids';
import { toCanonicalInstant } from '@torv/core/time';
import { toPlainArray, toTextArray } from '../db/array-literals.ts';
import { type Fragment, noteChanges, type Sql, type Transaction } from '../db/database.ts';

export interface Reading {
  readonly datastreamId: number;
  /** RFC 3339, UTC */
  readonly phenomenonTime: string;
  readonly channel: number;
  readonly value: number | boolean;
  readonly quality: number;
  readonly uplinkId: number | null;
  /** Of the frame: where two claim one moment, the first heard counts, then the smaller payload and port. */
  readonly rank?: ClaimRank;
  /** When the result came to be known, where that is not the phenomenon time (history in a frame, imports). */
  readonly resultTime?: string;
}

export interface ClaimRank {
  /** RFC 3339, UTC */
  readonly networkTime: string;
  /** Hexadecimal. */
  readonly payload: string;
  readonly fPort: number;
}

export interface StoredReading {
  readonly id: number;
  readonly datastreamId: number;
  readonly phenomenonTime: string;
  readonly value: number | boolean;
  readonly quality: number;
  readonly uplinkId: number | null;
}

interface Row {
  readonly id: number;
  readonly datastream_id: number;
  readonly phenomenon_start: string;
  readonly channel: number;
  readonly result_number: number | null;
  readonly result_json: string | null;
  readonly quality: number;
  readonly uplink_id: number | null;
}

/** Columns as array literals. */
function toColumns(readings: readonly Reading[]) {
  return {
    datastreams: toPlainArray(readings.map((r) => r.datastreamId)),
    times: toPlainArray(readings.map((r) => r.phenomenonTime)),
    channels: toPlainArray(readings.map((r) => r.channel)),
    numbers: toPlainArray(readings.map((r) => (typeof r.value === 'number' ? r.value : null))),
    jsons: toPlainArray(readings.map((r) => (typeof r.value === 'boolean' ? String(r.value) : null))),
    qualities: toPlainArray(readings.map((r) => r.quality)),
    uplinks: toPlainArray(readings.map((r) => r.uplinkId)),
    results: toPlainArray(readings.map((r) => r.resultTime ?? null)),
  };
}

function toStored(row: Row): StoredReading {
  return {
    id: row.id,
    datastreamId: row.datastream_id,
    phenomenonTime: row.phenomenon_start,
    value: row.result_number ?? row.result_json === 'true',
    quality: row.quality,
    uplinkId: row.uplink_id,
  };
}

/** Numbers for new readings, in one statement; those that are not used are gaps. */
export async function takeReadingNumbers(sql: Sql | Transaction, count: number): Promise<readonly number[]> {
  if (count === 0) return [];
  const [row] = await sql<{ numbers: string }[]>`
    SELECT string_agg(nextval('observation_sequence')::text, ',') AS numbers FROM generate_series(1, ${count})`;
  return (row?.numbers ?? '').split(',').map(Number);
}

/** Ids that carry the month of the phenomenon time in front of the number. */
function toIds(readings: readonly Reading[], numbers: readonly number[]): number[] {
  let [month, bits] = ['', 0];
  return readings.map(({ phenomenonTime }, i) => {
    // Most rows of a batch share a month (`2026-01`): it is worked out once.
    const own = phenomenonTime.slice(0, 7);
    if (own !== month || !phenomenonTime.endsWith('Z')) {
      month = own;
      bits = toMonthIndex(Date.parse(phenomenonTime)) * 2 ** SEQUENCE_BITS;
    }
    const number = numbers[i];
    if (number === undefined)
      throw new RangeError(`${numbers.length} numbers for ${readings.length} readings`);
    return bits + number;
  });
}

/** After an INSERT INTO datastream_stats AS s of what a batch brought: it is joined to what is known. */
export function mergeStatistics(tx: Transaction): Fragment {
  const staysLast = tx`(s.last_time, s.last_id) > (excluded.last_time, excluded.last_id)`;
  return tx`
    ON CONFLICT (datastream_id) DO UPDATE SET
      observations = s.observations + excluded.observations,
      phenomenon_start = least(s.phenomenon_start, excluded.phenomenon_start),
      phenomenon_end = greatest(s.phenomenon_end, excluded.phenomenon_end),
      result_start = least(s.result_start, excluded.result_start),
      result_end = greatest(s.result_end, excluded.result_end),
      last_id = CASE WHEN ${staysLast} THEN s.last_id ELSE excluded.last_id END,
      last_number = CASE WHEN ${staysLast} THEN s.last_number ELSE excluded.last_number END,
      last_json = CASE WHEN ${staysLast} THEN s.last_json ELSE excluded.last_json END,
      last_quality = CASE WHEN ${staysLast} THEN s.last_quality ELSE excluded.last_quality END,
      last_time = greatest(s.last_time, excluded.last_time),
      arrived_at = excluded.arrived_at`;
}

/**
 * Writes readings that are not there yet and counts them; the partitions must exist (`ensurePartitions`).
 * `readings` must be ordered so that the one to keep comes first where two claim the same moment.
 * @param numbers of `takeReadingNumbers`, at least one for each reading
 * @returns what was new, in no particular order.
 */
export async function insertReadings(
  tx: Transaction,
  readings: readonly Reading[],
  numbers: readonly number[],
): Promise<StoredReading[]> {
  if (readings.length === 0) return [];
  const c = toColumns(readings);
  const ids = toIds(readings, numbers);
  const [row] = await tx<{ ids: string | null }[]>`
    WITH given AS (
      SELECT * FROM unnest(
        ${toPlainArray(ids)}::bigint[], ${c.datastreams}::bigint[], ${c.times}::timestamptz[], ${c.channels}::smallint[], ${c.numbers}::float8[],
        ${c.jsons}::text[], ${c.qualities}::smallint[], ${c.uplinks}::bigint[], ${c.results}::timestamptz[]
      ) AS g(id, datastream_id, phenomenon_start, channel, result_number, result_json, quality, uplink_id, result_time)
    ), fresh AS (
      INSERT INTO observations
        (id, datastream_id, phenomenon_start, channel, result_number, result_json, quality, uplink_id, result_time)
      SELECT id, datastream_id, phenomenon_start, channel, result_number, result_json, quality, uplink_id, result_time
      FROM given
      ON CONFLICT (datastream_id, phenomenon_start, channel) DO NOTHING
      RETURNING id, datastream_id, phenomenon_start, channel, result_number, result_json, quality, result_time
    ), last AS (
      SELECT DISTINCT ON (datastream_id) datastream_id, id, phenomenon_start, result_number, result_json, quality
      FROM fresh ORDER BY datastream_id, phenomenon_start DESC, id DESC
    ), counted AS (
      INSERT INTO datastream_stats AS s
        (datastream_id, observations, phenomenon_start, phenomenon_end, result_start, result_end,
         last_id, last_time, last_number, last_json, last_quality, arrived_at)
      SELECT a.datastream_id, a.n, a.first, l.phenomenon_start, a.result_first, a.result_last,
             l.id, l.phenomenon_start, l.result_number, l.result_json, l.quality, now()
      FROM (
        SELECT datastream_id, count(*) AS n, min(phenomenon_start) AS first, min(result_time) AS result_first,
               max(result_time) AS result_last
        FROM fresh GROUP BY datastream_id
      ) a JOIN last l USING (datastream_id)
      ORDER BY a.datastream_id
      ${mergeStatistics(tx)}
    )
    SELECT string_agg(id::text, ',') AS ids FROM fresh`;
  const fresh = new Set((row?.ids ?? '').split(','));
  const stored: StoredReading[] = [];
  const claims: Reading[] = [];
  readings.forEach((reading, i) => {
    const id = ids[i] as number;
    if (!fresh.has(String(id))) claims.push(reading);
    else
      stored.push({
        id,
        datastreamId: reading.datastreamId,
        phenomenonTime: toCanonicalInstant(reading.phenomenonTime),
        value: reading.value,
        quality: reading.quality,
        uplinkId: reading.uplinkId,
      });
  });
  if (claims.length > 0) stored.push(...(await settleClaims(tx, claims)));
  return stored;
}

/**
 * Readings whose moment was taken already: the frame heard first wins, then the smaller payload, so that any
 * order of the same frames gives the same readings. Imports (no frame) never displace anything.
 */
async function settleClaims(tx: Transaction, readings: readonly Reading[]): Promise<StoredReading[]> {
  const claims = readings.filter((r) => r.uplinkId !== null && r.rank !== undefined);
  if (claims.length === 0) return [];
  const c = toColumns(claims);
  const rows = await tx<Row[]>`
    WITH claim AS (
      SELECT * FROM unnest(
        ${c.datastreams}::bigint[], ${c.times}::timestamptz[], ${c.channels}::smallint[], ${c.numbers}::float8[],
        ${c.jsons}::text[], ${c.qualities}::smallint[], ${c.uplinks}::bigint[], ${c.results}::timestamptz[],
        ${toPlainArray(claims.map((r) => r.rank?.networkTime ?? null))}::timestamptz[], ${toTextArray(claims.map((r) => r.rank?.payload ?? null))}::text[],
        ${toPlainArray(claims.map((r) => r.rank?.fPort ?? null))}::smallint[]
      ) WITH ORDINALITY AS g(datastream_id, phenomenon_start, channel, result_number, result_json, quality, uplink_id, result_time,
        network_time, payload, f_port, n)
    ), better AS (
      SELECT DISTINCT ON (claim.datastream_id, claim.phenomenon_start, claim.channel) claim.*
      FROM claim
      JOIN observations o USING (datastream_id, phenomenon_start, channel)
      CROSS JOIN LATERAL (
        SELECT u.network_time, u.payload, u.f_port FROM uplinks u
        -- a device's own time lies at most a month before and ten minutes after the frame: few months to look into
        WHERE u.id = o.uplink_id AND u.network_time >= o.phenomenon_start - interval '1 hour'
          AND u.network_time <= o.phenomenon_start + interval '800 hours'
      ) theirs
      WHERE claim.uplink_id <> o.uplink_id
        AND (claim.network_time, decode(claim.payload, 'hex'), claim.f_port) < (theirs.network_time, theirs.payload, theirs.f_port)
      ORDER BY claim.datastream_id, claim.phenomenon_start, claim.channel, claim.network_time, decode(claim.payload, 'hex'),
        claim.f_port, claim.n
    )
    UPDATE observations o
    SET result_number = better.result_number, result_json = better.result_json,
        quality = better.quality, uplink_id = better.uplink_id, result_time = better.result_time
    FROM better
    WHERE o.datastream_id = better.datastream_id AND o.phenomenon_start = better.phenomenon_start
      AND o.channel = better.channel
    RETURNING o.id, o.datastream_id, o.phenomenon_start, o.channel, o.result_number, o.result_json, o.quality, o.uplink_id`;
  if (rows.length > 0) await recountDatastreams(tx, [...new Set(rows.map((row) => row.datastream_id))]);
  return rows.map(toStored);
}

/** Properties of a Datastream that follow its Observations. */
export const KEPT_OF_READINGS = ['observedArea', 'phenomenonTime', 'resultTime'] as const;

/** Statistics from the rows themselves, after a deletion, a move or decoding again. */
export async function recountDatastreams(tx: Transaction, datastreamIds: readonly number[]): Promise<void> {
  if (datastreamIds.length === 0) return;
  const ids = [...new Set(datastreamIds)].sort((a, b) => a - b);
  await tx`
    INSERT INTO datastream_stats AS s
      (datastream_id, observations, phenomenon_start, phenomenon_end, result_start, result_end,
       last_id, last_time, last_number, last_json, last_quality)
    SELECT d.id, a.n, a.first, a.last, a.result_first, a.result_last,
           l.id, l.phenomenon_start, l.result_number, l.result_json, l.quality
    FROM unnest(${ids}::bigint[]) AS d(id)
    CROSS JOIN LATERAL (
      SELECT count(*) AS n, min(phenomenon_start) AS first, max(coalesce(phenomenon_end, phenomenon_start)) AS last,
             min(result_time) AS result_first, max(result_time) AS result_last
      FROM observations o WHERE o.datastream_id = d.id
    ) a
    LEFT JOIN LATERAL (
      SELECT id, phenomenon_start, result_number, result_json, quality
      FROM observations o WHERE o.datastream_id = d.id ORDER BY phenomenon_start DESC, id DESC LIMIT 1
    ) l ON TRUE
    ORDER BY d.id
    ON CONFLICT (datastream_id) DO UPDATE SET
      observations = excluded.observations, phenomenon_start = excluded.phenomenon_start,
      phenomenon_end = excluded.phenomenon_end, result_start = excluded.result_start, result_end = excluded.result_end,
      last_id = excluded.last_id, last_time = excluded.last_time, last_number = excluded.last_number,
      last_json = excluded.last_json, last_quality = excluded.last_quality`;
  noteChanges(
    tx,
    ids.map((id) => ({ kind: 'updated', entity: 'datastream', id, keys: KEPT_OF_READINGS })),
  );
}

export interface FrameOfDevice {
  readonly uplinkId: number;
  readonly deviceId: number;
  /** Where its readings may lie: there is no index by frame. */
  readonly from: string;
  readonly until: string;
}

export interface FreedMoment {
  readonly deviceId: number;
  readonly datastreamId: number;
  readonly phenomenonTime: string;
  readonly channel: number;
}

/**
 * Removes what these frames gave, before they are read anew with another time. Statistics are not counted here.
 * @returns the moments that are free now: another frame may have claimed one of them and lost
 */
export async function deleteReadingsOfFrames(
  tx: Transaction,
  frames: readonly FrameOfDevice[],
): Promise<FreedMoment[]> {
  if (frames.length === 0) return [];
  return tx<FreedMoment[]>`
    WITH g AS (
      SELECT * FROM unnest(${toPlainArray(frames.map((f) => f.uplinkId))}::bigint[], ${toPlainArray(frames.map((f) => f.deviceId))}::bigint[],
        ${toPlainArray(frames.map((f) => f.from))}::timestamptz[], ${toPlainArray(frames.map((f) => f.until))}::timestamptz[]) AS g(uplink_id, device_id, first, last)
    ), target AS MATERIALIZED (
      SELECT DISTINCT o.id, o.phenomenon_start, g.device_id
      FROM g
      JOIN assignments a ON a.device_id = g.device_id
      JOIN assignment_datastreams s ON s.assignment_id = a.id
      CROSS JOIN LATERAL (
        SELECT o.id, o.phenomenon_start FROM observations o
        WHERE o.datastream_id = s.datastream_id AND o.phenomenon_start >= g.first AND o.phenomenon_start <= g.last
          AND o.uplink_id = g.uplink_id
      ) o
    )
    DELETE FROM observations o USING target
    WHERE o.id = target.id AND o.phenomenon_start = target.phenomenon_start
    RETURNING target.device_id AS "deviceId", o.datastream_id AS "datastreamId", o.phenomenon_start AS "phenomenonTime", o.channel`;
}

export interface SeriesPoint {
  /** Start of the bucket, or the reading's own time where nothing was joined. */
  readonly t: string;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
  /** The quality bits of all readings in the bucket, joined by "or". */
  readonly flags: number;
}

/**
 * A Datastream's numbers between two instants: each reading where there are at most `points`, else
 * min-max-mean envelopes over equal spans of time. Two index scans of one Datastream, no OFFSET.
 */
export async function findSeries(
  sql: Sql | Transaction,
  datastreamId: number,
  span: { readonly from: string; readonly until: string },
  points: number,
): Promise<readonly SeriesPoint[]> {
  const [size] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT 1 FROM observations
      WHERE datastream_id = ${datastreamId} AND phenomenon_start >= ${span.from}::timestamptz
        AND phenomenon_start < ${span.until}::timestamptz
      LIMIT ${points + 1}
    ) few`;
  const number = sql`coalesce(result_number, CASE result_json WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)`;
  if ((size?.n ?? 0) <= points) {
    return sql<SeriesPoint[]>`
      SELECT phenomenon_start AS t, ${number} AS mean, ${number} AS min, ${number} AS max, 1 AS n, quality AS flags
      FROM observations
      WHERE datastream_id = ${datastreamId} AND phenomenon_start >= ${span.from}::timestamptz
        AND phenomenon_start < ${span.until}::timestamptz AND ${number} IS NOT NULL
      ORDER BY phenomenon_start`;
  }
  const widthS = Math.max((Date.parse(span.until) - Date.parse(span.from)) / 1000 / points, 1);
  return sql<SeriesPoint[]>`
    SELECT ${span.from}::timestamptz + bucket * ${widthS} * interval '1 second' AS t,
           avg(v) AS mean, min(v) AS min, max(v) AS max, count(*)::int AS n, bit_or(quality)::int AS flags
    FROM (
      SELECT floor(extract(epoch FROM phenomenon_start - ${span.from}::timestamptz)::float8 / ${widthS}) AS bucket,
             ${number} AS v, quality
      FROM observations
      WHERE datastream_id = ${datastreamId} AND phenomenon_start >= ${span.from}::timestamptz
        AND phenomenon_start < ${span.until}::timestamptz
    ) raw
    WHERE v IS NOT NULL
    GROUP BY bucket ORDER BY bucket`;
}

/** Takes the readings of [from, until) from one Datastream to another; ids stay. A moment already taken there stays as it is. */
export async function moveReadings(
  tx: Transaction,
  fromDatastream: number,
  toDatastream: number,
  span: { readonly from: string; readonly until: string | null },
): Promise<number> {
  if (fromDatastream === toDatastream) return 0;
  const moved = await tx`
    UPDATE observations o SET datastream_id = ${toDatastream}
    WHERE o.datastream_id = ${fromDatastream} AND o.phenomenon_start >= ${span.from}::timestamptz
      AND o.phenomenon_start < coalesce(${span.until}::timestamptz, 'infinity')
      AND NOT EXISTS (SELECT FROM observations t WHERE t.datastream_id = ${toDatastream}
        AND t.phenomenon_start = o.phenomenon_start AND t.channel IS NOT DISTINCT FROM o.channel)`;
  if (moved.count > 0) await recountDatastreams(tx, [fromDatastream, toDatastream]);
  return moved.count;
}

/** Removes the readings of [from, until) of one Datastream; they stay in the correction log. */
export async function removeReadings(
  tx: Transaction,
  datastreamId: number,
  span: { readonly from: string; readonly until: string | null },
): Promise<number> {
  const [gone] = await tx<{ n: number }[]>`
    WITH gone AS (
      DELETE FROM observations
      WHERE datastream_id = ${datastreamId} AND phenomenon_start >= ${span.from}::timestamptz
        AND phenomenon_start < coalesce(${span.until}::timestamptz, 'infinity')
      RETURNING id, datastream_id, phenomenon_start, result_number, result_json, quality
    ), logged AS (
      INSERT INTO corrections (organisation_id, observation_id, datastream_id, phenomenon_start, change, old_number, old_json, old_quality)
      SELECT d.organisation_id, gone.id, gone.datastream_id, gone.phenomenon_start, 'removed', gone.result_number, gone.result_json, gone.quality
      FROM gone JOIN datastreams d ON d.id = gone.datastream_id
    )
    SELECT count(*)::int AS n FROM gone`;
  const n = gone?.n ?? 0;
  if (n > 0) await recountDatastreams(tx, [datastreamId]);
  return n;
}

/**
 * The Datastreams of these Sensors with all their readings, gone: for a claim that is taken back. Nothing is
 * logged as a correction, because the frames stay and give the same readings when the device is claimed again.
 */
export async function removeDatastreamsOfSensors(
  tx: Transaction,
  sensorIds: readonly number[],
): Promise<number> {
  if (sensorIds.length === 0) return 0;
  const rows = await tx<{ id: number }[]>`
    SELECT id FROM datastreams WHERE sensor_id = ANY(${sensorIds as number[]}::bigint[])`;
  const ids = rows.map((row) => row.id);
  const gone = await tx`DELETE FROM observations WHERE datastream_id = ANY(${ids}::bigint[])`;
  await tx`DELETE FROM datastreams WHERE id = ANY(${ids}::bigint[])`;
  noteChanges(
    tx,
    ids.map((id) => ({ kind: 'deleted', entity: 'datastream', id })),
  );
  return gone.count;
}
