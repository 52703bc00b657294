/** Kept frames as people look at them: a device's raw frames, its gateways, its gaps. Members of the organisation only. */
import { groupBy } from '@torv/core/group-by';
import type { Sql, Transaction } from '../db/database.ts';

export interface FrameRow {
  readonly id: number;
  readonly networkTime: string;
  readonly lastTime: string;
  readonly arrivedAt: string;
  readonly fCnt: number | null;
  readonly fPort: number;
  readonly devAddr: string | null;
  readonly payload: string;
  readonly state: 'pending' | 'decoded' | 'rejected' | 'waiting' | 'merged';
  readonly reason: string | null;
  readonly copies: number;
  readonly clock: 'network-server' | 'gateway' | 'arrival';
  readonly gateways: readonly string[];
  readonly rssi: readonly (number | null)[];
  readonly snr: readonly (number | null)[];
  readonly dataRate: string | null;
  /** Frames lost just before this one, by its counter; null across sessions. */
  readonly lostBefore: number | null;
  readonly readings: readonly FrameReading[];
}

export interface FrameReading {
  readonly property: string;
  readonly channel: number;
  readonly value: number | boolean | null;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly quality: number;
}

/** The newest frames before a moment, each with the readings it gave. Keyset paging by time; whether the device may be seen is the caller's query. */
export async function findFrames(
  sql: Sql | Transaction,
  deviceId: number,
  page: { readonly before?: string; readonly limit: number },
): Promise<FrameRow[]> {
  const frames = await sql<Omit<FrameRow, 'readings'>[]>`
    WITH frames AS (
      SELECT u.*, lag(u.f_cnt) OVER w AS previous_f_cnt, lag(u.dev_addr) OVER w AS previous_dev_addr
      FROM (
        SELECT * FROM uplinks WHERE device_id = ${deviceId} AND state <> 4
          ${page.before === undefined ? sql`` : sql`AND network_time < ${page.before}::timestamptz`}
        ORDER BY network_time DESC, id DESC LIMIT ${page.limit + 1}
      ) u
      WINDOW w AS (ORDER BY u.network_time, u.id)
    )
    SELECT f.id, f.network_time AS "networkTime", f.last_time AS "lastTime", f.arrived_at AS "arrivedAt", f.f_cnt AS "fCnt",
      f.f_port AS "fPort", f.dev_addr AS "devAddr", encode(f.payload, 'hex') AS payload,
      (ARRAY['pending','decoded','rejected','waiting','merged'])[f.state + 1] AS state, f.reason, f.copies,
      (ARRAY['network-server','gateway','arrival'])[f.clock + 1] AS clock,
      ARRAY(SELECT coalesce(nullif(g.name, ''), g.gateway_id) FROM unnest(f.gateway_ids) WITH ORDINALITY AS k(id, n)
            JOIN gateways g ON g.id = k.id ORDER BY k.n) AS gateways,
      f.rssi, f.snr, f.data_rate AS "dataRate",
      CASE WHEN f.f_cnt > f.previous_f_cnt AND f.dev_addr IS NOT DISTINCT FROM f.previous_dev_addr THEN f.f_cnt - f.previous_f_cnt - 1 END AS "lostBefore"
    FROM frames f ORDER BY f.network_time DESC, f.id DESC LIMIT ${page.limit}`;
  const readings = await findReadings(sql, deviceId, frames);
  return frames.map((frame) => ({ ...frame, readings: readings.get(frame.id) ?? [] }));
}

/**
 * The readings that these frames gave: those at the frame's own time out of the device's Datastreams, and those with
 * a time of their own (history) by the frame.
 */
async function findReadings(
  sql: Sql | Transaction,
  deviceId: number,
  frames: readonly Omit<FrameRow, 'readings'>[],
): Promise<ReadonlyMap<number, FrameReading[]>> {
  const newest = frames[0];
  const oldest = frames.at(-1);
  if (!newest || !oldest) return new Map();
  const lastTime = frames.reduce(
    (last, f) => (Date.parse(f.lastTime) > Date.parse(last) ? f.lastTime : last),
    newest.lastTime,
  );
  const ids = frames.map((f) => f.id);
  const rows = await sql<(FrameReading & { uplinkId: number })[]>`
    WITH found AS (
      SELECT o.uplink_id, o.datastream_id, o.channel, o.result_number, o.result_json, o.phenomenon_start, o.quality
      FROM (SELECT DISTINCT s.datastream_id FROM assignments a JOIN assignment_datastreams s ON s.assignment_id = a.id
            WHERE a.device_id = ${deviceId}) k
      JOIN observations o ON o.datastream_id = k.datastream_id
        AND o.phenomenon_start >= ${oldest.networkTime}::timestamptz - interval '1 minute'
        AND o.phenomenon_start <= ${lastTime}::timestamptz + interval '10 minutes'
      WHERE o.uplink_id = ANY(${ids}::bigint[]) AND o.result_time IS NULL
      UNION ALL
      SELECT o.uplink_id, o.datastream_id, o.channel, o.result_number, o.result_json, o.phenomenon_start, o.quality
      FROM observations o WHERE o.uplink_id = ANY(${ids}::bigint[]) AND o.result_time IS NOT NULL
    )
    SELECT f.uplink_id AS "uplinkId", d.property_key AS property, f.channel,
      coalesce(to_jsonb(f.result_number), f.result_json::jsonb) AS value, coalesce(d.unit_symbol, '') AS unit,
      f.phenomenon_start AS "phenomenonTime", f.quality
    FROM found f JOIN datastreams d ON d.id = f.datastream_id
    ORDER BY f.phenomenon_start, d.property_key, f.channel`;
  return groupBy(rows, (row) => row.uplinkId);
}

export interface SignalRow {
  readonly gatewayId: string;
  readonly name: string;
  readonly frames: number;
  readonly rssi: number | null;
  readonly snr: number | null;
  readonly lastDay: string;
}

/** How well each gateway has heard a device in the last days. */
export async function findSignal(
  sql: Sql | Transaction,
  deviceId: number,
  days: number,
): Promise<SignalRow[]> {
  return sql<SignalRow[]>`
    SELECT g.gateway_id AS "gatewayId", g.name, sum(s.frames)::int AS frames,
      sum(s.rssi_sum) / nullif(sum(s.rssi_count), 0) AS rssi, sum(s.snr_sum) / nullif(sum(s.snr_count), 0) AS snr, max(s.day) AS "lastDay"
    FROM gateway_signal s JOIN gateways g ON g.id = s.gateway_id
    WHERE s.device_id = ${deviceId} AND s.day > (SELECT max(day) FROM gateway_signal WHERE device_id = ${deviceId}) - ${days}::int
    GROUP BY g.id ORDER BY frames DESC`;
}

export interface DeliveryDay {
  readonly day: string;
  readonly frames: number;
  readonly lost: number;
  readonly longestGapS: number;
}

/** Frames heard and lost per UTC day, by the counter: what is missing is told, not hidden. @param until RFC 3339 */
export async function findDelivery(
  sql: Sql | Transaction,
  deviceId: number,
  span: { readonly from: string; readonly until: string },
): Promise<DeliveryDay[]> {
  return sql<DeliveryDay[]>`
    SELECT (network_time AT TIME ZONE 'UTC')::date AS day, count(*)::int AS frames,
      coalesce(sum(lost), 0)::int AS lost, coalesce(max(gap_s), 0)::float8 AS "longestGapS"
    FROM (
      SELECT network_time, extract(epoch FROM network_time - lag(network_time) OVER w) AS gap_s,
        CASE WHEN f_cnt > lag(f_cnt) OVER w AND dev_addr IS NOT DISTINCT FROM lag(dev_addr) OVER w THEN least(f_cnt - lag(f_cnt) OVER w - 1, 10000) ELSE 0 END AS lost
      FROM uplinks
      WHERE device_id = ${deviceId} AND state <> 4 AND network_time >= ${span.from}::timestamptz AND network_time < ${span.until}::timestamptz
      WINDOW w AS (ORDER BY network_time, id)
    ) f GROUP BY 1 ORDER BY 1`;
}
