/**
 * SQL of decoding again: a device's frames of one UTC day, what they gave so far, the staging table and the swap.
 * Ids of observations stay where Datastream and time are equal; what was said before goes to the correction log.
 */
import { type Change, noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { type Reading, recountDatastreams } from '../observations/store.ts';
import { UPLINK_STATES, type UplinkState } from './states.ts';

export interface DayOfDevice {
  readonly deviceId: number;
  /** UTC date */
  readonly day: string;
  readonly frames: number;
}

export interface RedecodeScope {
  readonly organisationId: number;
  /** Undefined: all devices of the codec. */
  readonly deviceIds: readonly number[] | undefined;
  readonly codecId: number;
  /** RFC 3339, network time, half open */
  readonly from: string;
  readonly until: string;
}

/** Frames that gave readings or were rejected; what waits is decoded anyway. */
const READ_STATES = [UPLINK_STATES.decoded, UPLINK_STATES.rejected];

/** Device by device, day by day: the order in which the work is done. */
export async function findDays(sql: Sql, scope: RedecodeScope): Promise<DayOfDevice[]> {
  return sql<DayOfDevice[]>`
    SELECT u.device_id AS "deviceId", (u.network_time AT TIME ZONE 'UTC')::date AS day, count(*)::int AS frames
    FROM uplinks u JOIN devices d ON d.id = u.device_id
    WHERE d.organisation_id = ${scope.organisationId} AND d.codec_id = ${scope.codecId} AND d.state <> 'waiting'
      ${scope.deviceIds === undefined ? sql`` : sql`AND d.id = ANY(${scope.deviceIds as number[]}::bigint[])`}
      AND u.network_time >= ${scope.from}::timestamptz AND u.network_time < ${scope.until}::timestamptz
      AND u.state = ANY(${READ_STATES}::smallint[])
    GROUP BY 1, 2 ORDER BY 1, 2`;
}

export interface KeptToRead {
  readonly id: number;
  readonly networkTime: string;
  readonly payload: string;
  readonly fPort: number;
  readonly state: number;
}

export async function findFramesOfDay(
  sql: Sql | Transaction,
  day: DayOfDevice,
  span: { readonly from: string; readonly until: string },
): Promise<KeptToRead[]> {
  return sql<KeptToRead[]>`
    SELECT id, network_time AS "networkTime", encode(payload, 'hex') AS payload, f_port AS "fPort", state FROM uplinks
    WHERE device_id = ${day.deviceId} AND state = ANY(${READ_STATES}::smallint[])
      AND network_time >= greatest(${span.from}::timestamptz, ${`${day.day}T00:00:00Z`}::timestamptz)
      AND network_time < least(${span.until}::timestamptz, ${`${day.day}T00:00:00Z`}::timestamptz + interval '24 hours')
    ORDER BY network_time, id`;
}

export interface OldReading {
  readonly id: number;
  readonly datastreamId: number;
  readonly property: string;
  readonly phenomenonTime: string;
  readonly channel: number;
  readonly number: number | null;
  readonly json: string | null;
  readonly quality: number;
}

/** Where the readings of a day's frames lie: a device's own times go back a month (core/mapping). */
const spanOf = (sql: Sql | Transaction, day: DayOfDevice) => sql`
  o.phenomenon_start >= ${`${day.day}T00:00:00Z`}::timestamptz - interval '745 hours'
  AND o.phenomenon_start < ${`${day.day}T00:00:00Z`}::timestamptz + interval '26 hours'`;

/** Every Datastream that the device ever measured for; readings that moved with it are found there too. */
const streamsOf = (sql: Sql | Transaction, deviceId: number) => sql`
  SELECT s.datastream_id FROM assignment_datastreams s JOIN assignments a ON a.id = s.assignment_id WHERE a.device_id = ${deviceId}`;

export async function findOldReadings(
  sql: Sql | Transaction,
  day: DayOfDevice,
  uplinkIds: readonly number[],
): Promise<OldReading[]> {
  return sql<OldReading[]>`
    SELECT o.id, o.datastream_id AS "datastreamId", d.property_key AS property, o.phenomenon_start AS "phenomenonTime",
      o.channel, o.result_number AS number, o.result_json AS json, o.quality
    FROM observations o JOIN datastreams d ON d.id = o.datastream_id
    WHERE o.datastream_id IN (${streamsOf(sql, day.deviceId)}) AND ${spanOf(sql, day)} AND o.uplink_id = ANY(${uplinkIds as number[]}::bigint[])`;
}

/** `readings` must have the best claim first where two say something about one moment. */
export async function stageReadings(
  sql: Sql | Transaction,
  jobId: number,
  deviceId: number,
  readings: readonly Reading[],
): Promise<void> {
  await sql`DELETE FROM redecode_readings WHERE job_id = ${jobId}`;
  if (readings.length === 0) return;
  await sql`
    INSERT INTO redecode_readings (job_id, device_id, datastream_id, phenomenon_start, channel, result_number, result_json,
      quality, uplink_id, result_time)
    SELECT ${jobId}, ${deviceId}, * FROM unnest(
      ${readings.map((r) => r.datastreamId)}::bigint[], ${readings.map((r) => r.phenomenonTime)}::timestamptz[],
      ${readings.map((r) => r.channel)}::smallint[], ${readings.map((r) => (typeof r.value === 'number' ? r.value : null))}::float8[],
      ${readings.map((r) => (typeof r.value === 'boolean' ? String(r.value) : null))}::text[],
      ${readings.map((r) => r.quality)}::smallint[], ${readings.map((r) => r.uplinkId)}::bigint[],
      ${readings.map((r) => r.resultTime ?? null)}::timestamptz[])
    ON CONFLICT DO NOTHING`;
}

export interface Swap {
  readonly changed: number;
  readonly removed: number;
  /** Moments that nothing of this day claims any more: a frame of another day may have. */
  readonly freed: readonly string[];
}

/** Of an Observation, what another decoding may change. */
export const DECODED_KEYS = ['result', 'resultQuality'] as const;

/**
 * Changes and removes what these frames gave before, by what was staged; the additions follow with
 * `insertReadings`. The device must be locked.
 */
export async function swapDay(
  tx: Transaction,
  jobId: number,
  organisationId: number,
  day: DayOfDevice,
  uplinkIds: readonly number[],
): Promise<Swap> {
  const rows = await tx<{ id: number; datastream_id: number; phenomenon_start: string; change: string }[]>`
    WITH pair AS MATERIALIZED (
      SELECT o.id, o.datastream_id, o.phenomenon_start, o.channel, o.result_number, o.result_json, o.quality,
        s.datastream_id IS NOT NULL AS is_staged, s.result_number AS new_number, s.result_json AS new_json,
        s.quality AS new_quality, s.uplink_id AS new_uplink, s.result_time AS new_time,
        (o.result_number, o.result_json, o.quality) IS DISTINCT FROM (s.result_number, s.result_json, s.quality) AS differs
      FROM observations o
      LEFT JOIN redecode_readings s ON s.job_id = ${jobId} AND s.datastream_id = o.datastream_id
        AND s.phenomenon_start = o.phenomenon_start AND s.channel = o.channel
      WHERE o.datastream_id IN (${streamsOf(tx, day.deviceId)}) AND ${spanOf(tx, day)} AND o.uplink_id = ANY(${uplinkIds as number[]}::bigint[])
    ), changed AS (
      UPDATE observations o
      SET result_number = pair.new_number, result_json = pair.new_json, quality = pair.new_quality,
        uplink_id = pair.new_uplink, result_time = pair.new_time
      FROM pair
      WHERE pair.is_staged AND o.id = pair.id AND o.phenomenon_start = pair.phenomenon_start
        AND (pair.differs OR (o.uplink_id, o.result_time) IS DISTINCT FROM (pair.new_uplink, pair.new_time))
    ), removed AS (
      DELETE FROM observations o USING pair
      WHERE NOT pair.is_staged AND o.id = pair.id AND o.phenomenon_start = pair.phenomenon_start
    ), logged AS (
      INSERT INTO corrections (organisation_id, job_id, observation_id, datastream_id, phenomenon_start, change,
        old_number, old_json, old_quality, new_number, new_json, new_quality)
      SELECT ${organisationId}, ${jobId}, id, datastream_id, phenomenon_start, CASE WHEN is_staged THEN 'changed' ELSE 'removed' END,
        result_number, result_json, quality, new_number, new_json, new_quality
      FROM pair WHERE differs OR NOT is_staged
    )
    SELECT id, datastream_id, phenomenon_start, CASE WHEN is_staged THEN 'changed' ELSE 'removed' END AS change
    FROM pair WHERE differs OR NOT is_staged`;
  const removed = rows.filter((row) => row.change === 'removed');
  noteChanges(
    tx,
    rows.flatMap(({ id, change }): Change[] =>
      change === 'removed' ? [] : [{ kind: 'updated', entity: 'observation', id, keys: DECODED_KEYS }],
    ),
  );
  await recountTouched(tx, rows, removed);
  return {
    changed: rows.length - removed.length,
    removed: removed.length,
    freed: removed.map((row) => row.phenomenon_start),
  };
}

/** Counting a Datastream anew reads all of it: only where its first or last reading was touched. */
async function recountTouched(
  tx: Transaction,
  touched: readonly { readonly datastream_id: number; readonly phenomenon_start: string }[],
  removed: readonly { readonly datastream_id: number }[],
): Promise<void> {
  if (touched.length === 0) return;
  const gone = new Map<number, number>();
  for (const { datastream_id } of removed) gone.set(datastream_id, (gone.get(datastream_id) ?? 0) + 1);
  if (gone.size > 0) {
    await tx`
      UPDATE datastream_stats s SET observations = s.observations - g.n
      FROM unnest(${[...gone.keys()]}::bigint[], ${[...gone.values()]}::bigint[]) AS g(id, n) WHERE s.datastream_id = g.id`;
  }
  const edges = await tx<{ id: number }[]>`
    SELECT DISTINCT s.datastream_id AS id
    FROM unnest(${touched.map((t) => t.datastream_id)}::bigint[], ${touched.map((t) => t.phenomenon_start)}::timestamptz[]) AS g(id, at)
    JOIN datastream_stats s ON s.datastream_id = g.id
    WHERE g.at <= s.phenomenon_start OR g.at >= s.last_time OR s.last_time IS NULL`;
  await recountDatastreams(
    tx,
    edges.map((e) => e.id),
  );
}

/** Readings of other frames at moments that were staged: those that lose are logged with their old value. */
export async function findRivals(
  tx: Transaction,
  jobId: number,
  uplinkIds: readonly number[],
): Promise<ReadonlyMap<number, OldReading>> {
  const rows = await tx<OldReading[]>`
    SELECT o.id, o.datastream_id AS "datastreamId", '' AS property, o.phenomenon_start AS "phenomenonTime", o.channel,
      o.result_number AS number, o.result_json AS json, o.quality
    FROM redecode_readings s JOIN observations o USING (datastream_id, phenomenon_start, channel)
    WHERE s.job_id = ${jobId} AND o.uplink_id IS NOT NULL AND o.uplink_id <> ALL(${uplinkIds as number[]}::bigint[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

export async function logDisplaced(
  tx: Transaction,
  jobId: number,
  organisationId: number,
  rows: readonly {
    readonly old: OldReading;
    readonly value: number | boolean;
    readonly quality: number;
  }[],
): Promise<void> {
  for (const { old, value, quality } of rows) {
    await tx`
      INSERT INTO corrections (organisation_id, job_id, observation_id, datastream_id, phenomenon_start, change,
        old_number, old_json, old_quality, new_number, new_json, new_quality)
      VALUES (${organisationId}, ${jobId}, ${old.id}, ${old.datastreamId}, ${old.phenomenonTime}, 'changed', ${old.number}, ${old.json},
        ${old.quality}, ${typeof value === 'number' ? value : null}, ${typeof value === 'boolean' ? String(value) : null}, ${quality})`;
  }
}

/** What became of the frames with the new version; the device's count of rejected frames goes along. */
export async function setReadStates(
  tx: Transaction,
  deviceId: number,
  rows: readonly {
    readonly id: number;
    readonly networkTime: string;
    readonly state: UplinkState;
    readonly reason: string | null;
    readonly codecVersionId: number | null;
  }[],
  rejectedDelta: number,
): Promise<void> {
  await tx`
    UPDATE uplinks u SET state = g.state, reason = g.reason, codec_version_id = g.codec_version_id
    FROM unnest(${rows.map((r) => r.id)}::bigint[], ${rows.map((r) => r.networkTime)}::timestamptz[],
      ${rows.map((r) => UPLINK_STATES[r.state])}::smallint[], ${rows.map((r) => r.reason)}::text[],
      ${rows.map((r) => r.codecVersionId)}::bigint[]) AS g(id, network_time, state, reason, codec_version_id)
    WHERE u.id = g.id AND u.network_time = g.network_time`;
  if (rejectedDelta !== 0)
    await tx`UPDATE device_status SET rejected = rejected + ${rejectedDelta} WHERE device_id = ${deviceId}`;
}

export async function clearStaged(tx: Transaction, jobId: number): Promise<void> {
  await tx`DELETE FROM redecode_readings WHERE job_id = ${jobId}`;
}
