/**
 * SQL of the raw frames: finding copies, keeping, merging, states, and what a batch teaches about devices,
 * gateways and sources. Decides nothing; `uplink.ts` does. Long because it is the SQL of a whole batch.
 */
import { SEQUENCE_BITS, toMonthIndex } from '@torv/core/ids';
import { compareInstants } from '@torv/core/time';
import { toJsonTexts, toPlainArray, toTextArray } from '../db/array-literals.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { COPY_WINDOW_MS } from './frames.ts';
import type { Reception } from './source.ts';
import { UPLINK_STATES, type UplinkState } from './states.ts';

export interface KeptFrame {
  readonly id: number;
  readonly key: string;
  readonly networkTime: string;
  readonly lastTime: string;
  /** Every hearing after the first. */
  readonly copyTimes: readonly string[];
  readonly receptions: readonly Reception[];
  readonly state: number;
}

export interface FrameProbe {
  readonly key: string;
  readonly deviceId: number;
  readonly devAddr: string | null;
  readonly fCnt: number | null;
  readonly fPort: number;
  readonly payload: string;
  /** Span of the network times of the receptions in hand. */
  readonly from: string;
  readonly until: string;
}

interface KeptRow {
  readonly id: number;
  readonly key: string;
  readonly network_time: string;
  readonly last_time: string;
  readonly copy_times: readonly string[] | null;
  readonly gateways: readonly string[] | null;
  readonly rssi: readonly (number | null)[];
  readonly snr: readonly (number | null)[];
  readonly state: number;
}

/**
 * Kept frames that may be the same as the ones in hand; `toClusters` decides. A frame that spans at most the copy
 * window is found by its first hearing; the few longer ones (chains of copies) by an index of their own.
 */
export async function findKeptFrames(
  tx: Transaction,
  probes: readonly FrameProbe[],
): Promise<ReadonlyMap<string, readonly KeptFrame[]>> {
  const found = new Map<string, KeptFrame[]>();
  if (probes.length === 0) return found;
  // One second more than the window: the exact comparison is made in one place, not here.
  const windowS = COPY_WINDOW_MS / 1000 + 1;
  const times = [...probes.flatMap((p) => [p.from, p.until])].sort(compareInstants);
  // Of the whole batch, and known when the statement is planned: months outside are not even looked at.
  const months = tx`u.network_time >= ${times[0] as string}::timestamptz - ${windowS * 2} * interval '1 second'
    AND u.network_time <= ${times.at(-1) as string}::timestamptz + ${windowS} * interval '1 second'`;
  const withoutCounter = probes.some((p) => p.fCnt === null)
    ? tx`
        UNION ALL
        SELECT u.id, u.network_time, u.last_time, u.copy_times, u.state, u.rssi, u.snr, u.gateway_ids FROM uplinks u
        WHERE g.f_cnt IS NULL AND u.f_cnt IS NULL AND u.device_id = g.device_id AND ${months}
          AND u.network_time = g.first AND u.f_port = g.f_port AND u.payload = decode(g.payload, 'hex')
          AND u.dev_addr IS NOT DISTINCT FROM g.dev_addr AND u.state <> ${UPLINK_STATES.merged}`
    : tx``;
  const rows = await tx<KeptRow[]>`
    WITH g AS MATERIALIZED (
      SELECT * FROM unnest(
        ${toTextArray(probes.map((p) => p.key))}::text[], ${toPlainArray(probes.map((p) => p.deviceId))}::bigint[], ${toTextArray(probes.map((p) => p.devAddr))}::text[],
        ${toPlainArray(probes.map((p) => p.fCnt))}::bigint[], ${toPlainArray(probes.map((p) => p.fPort))}::smallint[], ${toTextArray(probes.map((p) => p.payload))}::text[],
        ${toPlainArray(probes.map((p) => p.from))}::timestamptz[], ${toPlainArray(probes.map((p) => p.until))}::timestamptz[]
      ) AS g(key, device_id, dev_addr, f_cnt, f_port, payload, first, last)
    ), long AS MATERIALIZED (
      SELECT * FROM uplinks u
      WHERE u.last_time - u.network_time > interval '24 hours' AND u.state <> ${UPLINK_STATES.merged}
        AND u.device_id = ANY(${toPlainArray([...new Set(probes.map((p) => p.deviceId))])}::bigint[])
    ), near AS (
      SELECT g.key, u.*
      FROM g CROSS JOIN LATERAL (
        SELECT u.id, u.network_time, u.last_time, u.copy_times, u.state, u.rssi, u.snr, u.gateway_ids FROM uplinks u
        WHERE ((u.device_id << 32) | u.f_cnt) = ((g.device_id << 32) | g.f_cnt) AND ${months}
          AND u.network_time >= g.first - ${windowS * 2} * interval '1 second'
          AND u.network_time <= g.last + ${windowS} * interval '1 second'
          AND u.f_port = g.f_port AND u.dev_addr IS NOT DISTINCT FROM g.dev_addr
          AND u.payload = decode(g.payload, 'hex') AND u.state <> ${UPLINK_STATES.merged}
        ${withoutCounter}
      ) u
      UNION ALL
      SELECT g.key, u.id, u.network_time, u.last_time, u.copy_times, u.state, u.rssi, u.snr, u.gateway_ids
      FROM long u JOIN g ON g.device_id = u.device_id AND g.f_cnt = u.f_cnt AND g.f_port = u.f_port
        AND g.dev_addr IS NOT DISTINCT FROM u.dev_addr AND u.payload = decode(g.payload, 'hex')
        AND u.last_time >= g.first - ${windowS} * interval '1 second'
        AND u.network_time <= g.last + ${windowS} * interval '1 second'
    )
    SELECT n.key, n.id, n.network_time, n.last_time, n.copy_times, n.state, n.rssi, n.snr,
      (SELECT array_agg(w.gateway_id ORDER BY k.n) FROM unnest(n.gateway_ids) WITH ORDINALITY AS k(id, n)
       JOIN gateways w ON w.id = k.id) AS gateways
    FROM near n`;
  for (const row of rows) {
    const list = found.get(row.key) ?? [];
    if (list.some((frame) => frame.id === row.id)) continue;
    list.push({
      id: row.id,
      key: row.key,
      networkTime: row.network_time,
      lastTime: row.last_time,
      copyTimes: row.copy_times ?? [],
      state: row.state,
      receptions: (row.gateways ?? []).map((gatewayId, i) => {
        const [rssi, snr] = [row.rssi[i] ?? null, row.snr[i] ?? null];
        return {
          gatewayId,
          ...(rssi === null ? {} : { rssi }),
          ...(snr === null ? {} : { snr: Math.fround(snr) }),
        };
      }),
    });
    found.set(row.key, list);
  }
  return found;
}

/** Numbers for new frames, in one statement; `toUplinkId` puts the month in front. */
export async function takeUplinkNumbers(sql: Sql | Transaction, count: number): Promise<readonly number[]> {
  if (count === 0) return [];
  const [row] = await sql<{ numbers: readonly number[] }[]>`
    SELECT array_agg(nextval('uplink_sequence')) AS numbers FROM generate_series(1, ${count})`;
  return row?.numbers ?? [];
}

/** An id that carries the month of the frame's network time. */
export function toUplinkId(networkTime: string, number: number): number {
  return toMonthIndex(Date.parse(networkTime)) * 2 ** SEQUENCE_BITS + number;
}

export interface NewFrame {
  readonly id: number;
  readonly organisationId: number;
  readonly deviceId: number;
  readonly sourceId: number | null;
  readonly networkTime: string;
  readonly lastTime: string;
  /** Every hearing after the first. */
  readonly copyTimes: readonly string[];
  readonly arrivedAt: string;
  readonly fCnt: number | null;
  readonly fPort: number;
  readonly devAddr: string | null;
  readonly payload: string;
  readonly state: UplinkState;
  readonly reason: string | null;
  readonly codecVersionId: number | null;
  readonly clock: number;
  /** The best three. */
  readonly receptions: readonly Reception[];
  readonly dataRate: string | null;
  readonly frequencyMhz: number | null;
}

const toArrayText = (values: readonly (number | null)[]) => `{${values.map((v) => v ?? 'NULL').join(',')}}`;
const toGatewayIds = (
  organisationId: number,
  receptions: readonly Reception[],
  ids: ReadonlyMap<string, number>,
) => toArrayText(receptions.map((r) => ids.get(`${organisationId}/${r.gatewayId}`) ?? null));
const toTimes = (times: readonly string[]) => (times.length === 0 ? null : `{${times.join(',')}}`);

/** @param gatewayIds `organisation/gatewayId` -> id, for every reception */
export async function insertFrames(
  tx: Transaction,
  frames: readonly NewFrame[],
  gatewayIds: ReadonlyMap<string, number>,
): Promise<void> {
  if (frames.length === 0) return;
  await tx`
    INSERT INTO uplinks (id, organisation_id, device_id, network_time, last_time, arrived_at, f_cnt, codec_version_id,
      source_id, f_port, state, copies, clock, dev_addr, payload, reason, gateway_ids, rssi, snr, data_rate, frequency_mhz,
      copy_times)
    SELECT id, organisation_id, device_id, network_time, last_time, arrived_at, f_cnt, codec_version_id,
      source_id, f_port, state, copies, clock, dev_addr, decode(payload, 'hex'), reason,
      gateway_ids::bigint[], rssi::smallint[], snr::real[], data_rate, frequency_mhz, copy_times::timestamptz[]
    FROM unnest(
      ${toPlainArray(frames.map((f) => f.id))}::bigint[], ${toPlainArray(frames.map((f) => f.organisationId))}::bigint[], ${toPlainArray(frames.map((f) => f.deviceId))}::bigint[],
      ${toPlainArray(frames.map((f) => f.networkTime))}::timestamptz[], ${toPlainArray(frames.map((f) => f.lastTime))}::timestamptz[],
      ${toPlainArray(frames.map((f) => f.arrivedAt))}::timestamptz[], ${toPlainArray(frames.map((f) => f.fCnt))}::bigint[],
      ${toPlainArray(frames.map((f) => f.codecVersionId))}::bigint[], ${toPlainArray(frames.map((f) => f.sourceId))}::bigint[],
      ${toPlainArray(frames.map((f) => f.fPort))}::smallint[], ${toPlainArray(frames.map((f) => UPLINK_STATES[f.state]))}::smallint[],
      ${toPlainArray(frames.map((f) => f.copyTimes.length))}::smallint[], ${toPlainArray(frames.map((f) => f.clock))}::smallint[],
      ${toTextArray(frames.map((f) => f.devAddr))}::text[], ${toTextArray(frames.map((f) => f.payload))}::text[], ${toTextArray(frames.map((f) => f.reason))}::text[],
      ${toTextArray(frames.map((f) => toGatewayIds(f.organisationId, f.receptions, gatewayIds)))}::text[],
      ${toTextArray(frames.map((f) => toArrayText(f.receptions.map((r) => r.rssi ?? null))))}::text[],
      ${toTextArray(frames.map((f) => toArrayText(f.receptions.map((r) => r.snr ?? null))))}::text[], ${toTextArray(frames.map((f) => f.dataRate))}::text[],
      ${toPlainArray(frames.map((f) => f.frequencyMhz))}::real[], ${toTextArray(frames.map((f) => toTimes(f.copyTimes)))}::text[]
    ) AS g(id, organisation_id, device_id, network_time, last_time, arrived_at, f_cnt, codec_version_id, source_id, f_port,
      state, copies, clock, dev_addr, payload, reason, gateway_ids, rssi, snr, data_rate, frequency_mhz, copy_times)`;
}

export interface FrameMerge {
  readonly id: number;
  readonly organisationId: number;
  /** The month lies in the row's present time, not always in the id: both are needed to find it quickly. */
  readonly presentTime: string;
  readonly networkTime: string;
  readonly lastTime: string;
  readonly copyTimes: readonly string[];
  readonly receptions: readonly Reception[];
  /** null: as it is */
  readonly clock: number | null;
  readonly state: UplinkState | null;
  /** Where it was read anew with its earlier time. */
  readonly read: { readonly reason: string | null; readonly codecVersionId: number | null } | null;
}

export async function mergeFrames(
  tx: Transaction,
  merges: readonly FrameMerge[],
  gatewayIds: ReadonlyMap<string, number>,
): Promise<void> {
  if (merges.length === 0) return;
  await tx`
    UPDATE uplinks u
    SET network_time = g.first, last_time = g.last, copy_times = g.copy_times::timestamptz[],
      copies = coalesce(cardinality(g.copy_times::timestamptz[]), 0), gateway_ids = g.gateway_ids::bigint[],
      rssi = g.rssi::smallint[], snr = g.snr::real[], clock = coalesce(g.clock, u.clock), state = coalesce(g.state, u.state),
      reason = CASE WHEN g.is_read THEN g.reason ELSE u.reason END,
      codec_version_id = CASE WHEN g.is_read THEN g.codec_version_id ELSE u.codec_version_id END
    FROM unnest(${toPlainArray(merges.map((m) => m.id))}::bigint[], ${toPlainArray(merges.map((m) => m.presentTime))}::timestamptz[],
      ${toPlainArray(merges.map((m) => m.networkTime))}::timestamptz[], ${toPlainArray(merges.map((m) => m.lastTime))}::timestamptz[],
      ${toTextArray(merges.map((m) => toTimes(m.copyTimes)))}::text[],
      ${toTextArray(merges.map((m) => toGatewayIds(m.organisationId, m.receptions, gatewayIds)))}::text[],
      ${toTextArray(merges.map((m) => toArrayText(m.receptions.map((r) => r.rssi ?? null))))}::text[],
      ${toTextArray(merges.map((m) => toArrayText(m.receptions.map((r) => r.snr ?? null))))}::text[],
      ${toPlainArray(merges.map((m) => m.clock))}::smallint[],
      ${toPlainArray(merges.map((m) => (m.state === null ? null : UPLINK_STATES[m.state])))}::smallint[],
      ${toPlainArray(merges.map((m) => m.read !== null))}::boolean[], ${toTextArray(merges.map((m) => m.read?.reason ?? null))}::text[],
      ${toPlainArray(merges.map((m) => m.read?.codecVersionId ?? null))}::bigint[])
      AS g(id, present, first, last, copy_times, gateway_ids, rssi, snr, clock, state, is_read, reason, codec_version_id)
    WHERE u.id = g.id AND u.network_time = g.present`;
}

/** Frames that a late copy joined to another one; they give no readings of their own any more. */
export async function markMerged(
  tx: Transaction,
  rows: readonly { readonly id: number; readonly networkTime: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx`
    UPDATE uplinks u SET state = ${UPLINK_STATES.merged}, reason = NULL
    FROM unnest(${toPlainArray(rows.map((r) => r.id))}::bigint[], ${toPlainArray(rows.map((r) => r.networkTime))}::timestamptz[]) AS g(id, network_time)
    WHERE u.id = g.id AND u.network_time = g.network_time`;
}

/**
 * Writes what became of pending frames. Only those that are still pending at that time are touched: a frame that
 * a late copy has moved meanwhile is left for the next sweep.
 * @returns the ids that were written
 */
export async function settlePending(
  tx: Transaction,
  rows: readonly {
    readonly id: number;
    readonly networkTime: string;
    readonly state: UplinkState;
    readonly reason: string | null;
    readonly codecVersionId: number | null;
  }[],
): Promise<ReadonlySet<number>> {
  if (rows.length === 0) return new Set();
  const written = await tx<{ id: number }[]>`
    UPDATE uplinks u SET state = g.state, reason = g.reason, codec_version_id = g.codec_version_id
    FROM unnest(${toPlainArray(rows.map((r) => r.id))}::bigint[], ${toPlainArray(rows.map((r) => r.networkTime))}::timestamptz[],
      ${toPlainArray(rows.map((r) => UPLINK_STATES[r.state]))}::smallint[], ${toTextArray(rows.map((r) => r.reason))}::text[],
      ${toPlainArray(rows.map((r) => r.codecVersionId))}::bigint[]) AS g(id, network_time, state, reason, codec_version_id)
    WHERE u.id = g.id AND u.network_time = g.network_time AND u.state = ${UPLINK_STATES.pending}
    RETURNING u.id`;
  return new Set(written.map((row) => row.id));
}

export interface DeviceLesson {
  readonly deviceId: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly arrivedAt: string;
  readonly fCnt: number | null;
  readonly devAddr: string | null;
  readonly frames: number;
  readonly copies: number;
  readonly rejected: number;
  readonly batteryV: number | null;
  readonly batteryPercent: number | null;
  readonly batteryAt: string | null;
  readonly rssi: number | null;
  readonly snr: number | null;
  readonly dataRate: string | null;
  readonly reason: string | null;
}

/** What one batch teaches about its devices: one statement, in order of id. */
export async function learnDevices(tx: Transaction, lessons: readonly DeviceLesson[]): Promise<void> {
  if (lessons.length === 0) return;
  const l = [...lessons].sort((a, b) => a.deviceId - b.deviceId);
  await tx`
    INSERT INTO device_status AS s (device_id, first_seen, last_seen, last_arrived_at, last_f_cnt, last_dev_addr, frames, copies,
      rejected, battery_v, battery_percent, battery_at, rssi, snr, data_rate, last_reason)
    SELECT * FROM unnest(
      ${toPlainArray(l.map((d) => d.deviceId))}::bigint[], ${toPlainArray(l.map((d) => d.firstSeen))}::timestamptz[], ${toPlainArray(l.map((d) => d.lastSeen))}::timestamptz[],
      ${toPlainArray(l.map((d) => d.arrivedAt))}::timestamptz[], ${toPlainArray(l.map((d) => d.fCnt))}::bigint[], ${toTextArray(l.map((d) => d.devAddr))}::text[],
      ${toPlainArray(l.map((d) => d.frames))}::bigint[], ${toPlainArray(l.map((d) => d.copies))}::bigint[], ${toPlainArray(l.map((d) => d.rejected))}::bigint[],
      ${toPlainArray(l.map((d) => d.batteryV))}::float8[], ${toPlainArray(l.map((d) => d.batteryPercent))}::float8[], ${toPlainArray(l.map((d) => d.batteryAt))}::timestamptz[],
      ${toPlainArray(l.map((d) => d.rssi))}::float8[], ${toPlainArray(l.map((d) => d.snr))}::float8[], ${toTextArray(l.map((d) => d.dataRate))}::text[], ${toTextArray(l.map((d) => d.reason))}::text[])
    ON CONFLICT (device_id) DO UPDATE SET
      first_seen = least(s.first_seen, excluded.first_seen),
      last_f_cnt = CASE WHEN excluded.last_seen >= s.last_seen THEN coalesce(excluded.last_f_cnt, s.last_f_cnt) ELSE s.last_f_cnt END,
      last_dev_addr = CASE WHEN excluded.last_seen >= s.last_seen THEN coalesce(excluded.last_dev_addr, s.last_dev_addr) ELSE s.last_dev_addr END,
      rssi = CASE WHEN excluded.last_seen >= s.last_seen THEN coalesce(excluded.rssi, s.rssi) ELSE s.rssi END,
      snr = CASE WHEN excluded.last_seen >= s.last_seen THEN coalesce(excluded.snr, s.snr) ELSE s.snr END,
      data_rate = CASE WHEN excluded.last_seen >= s.last_seen THEN coalesce(excluded.data_rate, s.data_rate) ELSE s.data_rate END,
      battery_v = CASE WHEN excluded.battery_at >= coalesce(s.battery_at, '-infinity') THEN coalesce(excluded.battery_v, s.battery_v) ELSE s.battery_v END,
      battery_percent = CASE WHEN excluded.battery_at >= coalesce(s.battery_at, '-infinity') THEN coalesce(excluded.battery_percent, s.battery_percent) ELSE s.battery_percent END,
      battery_at = greatest(s.battery_at, excluded.battery_at),
      last_reason = coalesce(excluded.last_reason, s.last_reason),
      last_seen = greatest(s.last_seen, excluded.last_seen),
      last_arrived_at = greatest(s.last_arrived_at, excluded.last_arrived_at),
      frames = s.frames + excluded.frames, copies = s.copies + excluded.copies, rejected = s.rejected + excluded.rejected`;
}

export interface HeardGateway {
  readonly organisationId: number;
  readonly gatewayId: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly first: string;
  readonly last: string;
  readonly frames: number;
}

export async function findGatewayIds(
  tx: Transaction,
  keys: readonly { readonly organisationId: number; readonly gatewayId: string }[],
): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const rows = await tx<{ id: number; organisation_id: number; gateway_id: string }[]>`
    SELECT id, organisation_id, gateway_id FROM gateways
    WHERE (organisation_id, gateway_id) IN (
      SELECT * FROM unnest(${toPlainArray(keys.map((k) => k.organisationId))}::bigint[], ${toTextArray(keys.map((k) => k.gatewayId))}::text[]))`;
  return new Map(rows.map((row) => [`${row.organisation_id}/${row.gateway_id}`, row.id]));
}

/** Gateways are learned from uplinks. @returns `organisation/gatewayId` -> id */
export async function learnGateways(
  tx: Transaction,
  heard: readonly HeardGateway[],
): Promise<Map<string, number>> {
  if (heard.length === 0) return new Map();
  const g = [...heard].sort(
    (a, b) => a.organisationId - b.organisationId || (a.gatewayId < b.gatewayId ? -1 : 1),
  );
  const rows = await tx<{ id: number; organisation_id: number; gateway_id: string }[]>`
    INSERT INTO gateways AS k (organisation_id, gateway_id, latitude, longitude, first_seen, last_seen, frames)
    SELECT * FROM unnest(${toPlainArray(g.map((x) => x.organisationId))}::bigint[], ${toTextArray(g.map((x) => x.gatewayId))}::text[],
      ${toPlainArray(g.map((x) => x.latitude))}::float8[], ${toPlainArray(g.map((x) => x.longitude))}::float8[],
      ${toPlainArray(g.map((x) => x.first))}::timestamptz[], ${toPlainArray(g.map((x) => x.last))}::timestamptz[], ${toPlainArray(g.map((x) => x.frames))}::bigint[])
    ON CONFLICT (organisation_id, gateway_id) DO UPDATE SET
      latitude = coalesce(excluded.latitude, k.latitude), longitude = coalesce(excluded.longitude, k.longitude),
      first_seen = least(k.first_seen, excluded.first_seen), last_seen = greatest(k.last_seen, excluded.last_seen),
      frames = k.frames + excluded.frames
    RETURNING id, organisation_id, gateway_id`;
  return new Map(rows.map((row) => [`${row.organisation_id}/${row.gateway_id}`, row.id]));
}

export interface SignalLesson {
  readonly deviceId: number;
  readonly gatewayId: number;
  readonly day: string;
  readonly frames: number;
  readonly rssiSum: number;
  readonly rssiCount: number;
  readonly snrSum: number;
  readonly snrCount: number;
}

export async function learnSignal(tx: Transaction, lessons: readonly SignalLesson[]): Promise<void> {
  if (lessons.length === 0) return;
  await tx`
    INSERT INTO gateway_signal AS s (device_id, gateway_id, day, frames, rssi_sum, rssi_count, snr_sum, snr_count)
    SELECT * FROM unnest(${toPlainArray(lessons.map((x) => x.deviceId))}::bigint[], ${toPlainArray(lessons.map((x) => x.gatewayId))}::bigint[],
      ${toPlainArray(lessons.map((x) => x.day))}::date[], ${toPlainArray(lessons.map((x) => x.frames))}::int[], ${toPlainArray(lessons.map((x) => x.rssiSum))}::float8[],
      ${toPlainArray(lessons.map((x) => x.rssiCount))}::int[], ${toPlainArray(lessons.map((x) => x.snrSum))}::float8[], ${toPlainArray(lessons.map((x) => x.snrCount))}::int[])
    ON CONFLICT (device_id, gateway_id, day) DO UPDATE SET
      frames = s.frames + excluded.frames, rssi_sum = s.rssi_sum + excluded.rssi_sum, rssi_count = s.rssi_count + excluded.rssi_count,
      snr_sum = s.snr_sum + excluded.snr_sum, snr_count = s.snr_count + excluded.snr_count`;
}

/** Changes of what is counted per device, beside what `learnDevices` counts: copies, joined frames. */
export async function adjustCounts(
  tx: Transaction,
  changes: ReadonlyMap<
    number,
    { readonly frames: number; readonly copies: number; readonly rejected: number }
  >,
): Promise<void> {
  if (changes.size === 0) return;
  const rows = [...changes].sort(([a], [b]) => a - b);
  await tx`
    UPDATE device_status s SET frames = s.frames + g.frames, copies = s.copies + g.copies, rejected = s.rejected + g.rejected
    FROM unnest(${toPlainArray(rows.map(([id]) => id))}::bigint[], ${toPlainArray(rows.map(([, n]) => n.frames))}::bigint[],
      ${toPlainArray(rows.map(([, n]) => n.copies))}::bigint[], ${toPlainArray(rows.map(([, n]) => n.rejected))}::bigint[]) AS g(id, frames, copies, rejected)
    WHERE s.device_id = g.id`;
}

export async function insertMessages(
  tx: Transaction,
  rows: readonly {
    readonly arrivedAt: string;
    readonly uplinkId: number;
    readonly sourceId: number | null;
    readonly body: string;
  }[],
): Promise<void> {
  if (rows.length === 0) return;
  const bodies = toJsonTexts(rows.map((r) => r.body));
  await tx`
    INSERT INTO uplink_messages (arrived_at, uplink_id, source_id, body)
    SELECT * FROM unnest(${toPlainArray(rows.map((r) => r.arrivedAt))}::timestamptz[], ${toPlainArray(rows.map((r) => r.uplinkId))}::bigint[],
      ${toPlainArray(rows.map((r) => r.sourceId))}::bigint[], string_to_array(${bodies.text}, ${bodies.separator}))`;
}

export interface SourceLesson {
  readonly sourceId: number;
  readonly messages: number;
  readonly faults: number;
  readonly ignored: number;
  readonly at: string;
  readonly fault: string | null;
}

export async function learnSources(tx: Sql | Transaction, lessons: readonly SourceLesson[]): Promise<void> {
  if (lessons.length === 0) return;
  const l = [...lessons].sort((a, b) => a.sourceId - b.sourceId);
  await tx`
    INSERT INTO source_status AS s (source_id, messages, faults, ignored, last_message_at, last_fault_at, last_fault)
    SELECT source_id, messages, faults, ignored, at, CASE WHEN fault IS NOT NULL THEN at END, fault
    FROM unnest(${toPlainArray(l.map((x) => x.sourceId))}::bigint[], ${toPlainArray(l.map((x) => x.messages))}::bigint[], ${toPlainArray(l.map((x) => x.faults))}::bigint[],
      ${toPlainArray(l.map((x) => x.ignored))}::bigint[], ${toPlainArray(l.map((x) => x.at))}::timestamptz[], ${toTextArray(l.map((x) => x.fault))}::text[])
      AS g(source_id, messages, faults, ignored, at, fault)
    ON CONFLICT (source_id) DO UPDATE SET
      messages = s.messages + excluded.messages, faults = s.faults + excluded.faults, ignored = s.ignored + excluded.ignored,
      last_message_at = greatest(s.last_message_at, excluded.last_message_at),
      last_fault_at = greatest(s.last_fault_at, excluded.last_fault_at), last_fault = coalesce(excluded.last_fault, s.last_fault)`;
}

/** A message that never became a frame; at most 1,000 are kept per source. */
export async function insertRejectedMessage(
  sql: Sql | Transaction,
  row: {
    readonly organisationId: number;
    readonly sourceId: number | null;
    readonly arrivedAt: string;
    readonly reason: string;
    readonly at: string | null;
    readonly body: Uint8Array;
  },
): Promise<void> {
  await sql`
    INSERT INTO rejected_messages (organisation_id, source_id, arrived_at, reason, at, body)
    VALUES (${row.organisationId}, ${row.sourceId}, ${row.arrivedAt}, ${row.reason}, ${row.at}, ${Buffer.from(row.body)})`;
  await sql`
    DELETE FROM rejected_messages WHERE source_id IS NOT DISTINCT FROM ${row.sourceId} AND id <= (
      SELECT id FROM rejected_messages WHERE source_id IS NOT DISTINCT FROM ${row.sourceId} ORDER BY id DESC OFFSET 1000 LIMIT 1)`;
}

/**
 * Marks frames of a device to be decoded again; `sweep.ts` does the work.
 * @param from inclusive, `until` exclusive: network time; a device's own times may lie earlier
 */
export async function markPending(
  sql: Sql | Transaction,
  deviceId: number,
  states: readonly UplinkState[],
  span?: { readonly from?: string; readonly until?: string; readonly except?: readonly number[] },
): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    WITH open AS (
      SELECT id, network_time, state FROM uplinks
      WHERE device_id = ${deviceId} AND state = ANY(${toPlainArray(states.map((s) => UPLINK_STATES[s]))}::smallint[])
        AND network_time >= coalesce(${span?.from ?? null}::timestamptz, '-infinity')
        AND network_time < coalesce(${span?.until ?? null}::timestamptz, 'infinity')
        AND id <> ALL(${(span?.except ?? []) as number[]}::bigint[])
      FOR UPDATE
    ), marked AS (
      UPDATE uplinks u SET state = ${UPLINK_STATES.pending} FROM open
      WHERE u.id = open.id AND u.network_time = open.network_time
    ), counted AS (
      -- "rejected" counts the frames that are rejected now, however often they were tried
      UPDATE device_status s SET rejected = s.rejected - n.n
      FROM (SELECT count(*) AS n FROM open WHERE state = ${UPLINK_STATES.rejected}) n
      WHERE s.device_id = ${deviceId} AND n.n > 0
    )
    SELECT count(*)::int AS n FROM open`;
  return row?.n ?? 0;
}

/** What had waited of these devices is to be decoded now. @returns how many frames */
export async function markPendingOf(tx: Transaction, deviceIds: readonly number[]): Promise<number> {
  const rows = await tx`
    UPDATE uplinks SET state = ${UPLINK_STATES.pending}
    WHERE device_id = ANY(${deviceIds as number[]}::bigint[]) AND state = ${UPLINK_STATES.waiting}`;
  return rows.count;
}

/** All frames of these devices wait again, as if no codec had ever seen them. */
export async function markWaitingOf(tx: Transaction, deviceIds: readonly number[]): Promise<void> {
  await tx`
    UPDATE uplinks SET state = ${UPLINK_STATES.waiting}, reason = NULL, codec_version_id = NULL
    WHERE device_id = ANY(${deviceIds as number[]}::bigint[]) AND state <> ${UPLINK_STATES.merged}`;
  await tx`
    UPDATE device_status SET rejected = 0, last_reason = NULL WHERE device_id = ANY(${deviceIds as number[]}::bigint[])`;
}
