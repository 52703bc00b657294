/**
 * What ingest forgets again: whole messages and refused ones after 30 days, frames of devices that nobody claimed
 * after 30 days or 1,000 frames. Never touches frames of claimed devices: those are decoded again one day.
 */
import type { Sql, Transaction } from '../db/database.ts';
import { dropPartitionsBefore } from '../observations/partition-store.ts';
import type { FramePlan } from './plan.ts';
import { UPLINK_STATES } from './states.ts';

const KEPT_DAYS = 30;
/** Of an unclaimed device; trimmed a little below it, so that not every batch has to. */
const MAX_WAITING_FRAMES = 1_000;
const TRIM_STEP = 100;
const DAY_MS = 86_400_000;

/** Keeps the newest frames of unclaimed devices, within the batch that brought too many. */
export async function trimWaiting(tx: Transaction, plan: FramePlan): Promise<void> {
  const counts = new Map<number, number>();
  for (const { heard } of plan.fresh) {
    if (heard.device.state !== 'waiting') continue;
    counts.set(heard.device.id, (counts.get(heard.device.id) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const due = await tx<{ id: number }[]>`
    SELECT s.device_id AS id FROM unnest(${[...counts.keys()]}::bigint[], ${[...counts.values()]}::bigint[]) AS g(id, added)
    JOIN device_status s ON s.device_id = g.id
    WHERE s.frames >= ${MAX_WAITING_FRAMES} AND s.frames / ${TRIM_STEP} <> (s.frames - g.added) / ${TRIM_STEP}`;
  await forgetOldest(
    tx,
    due.map((d) => d.id),
    MAX_WAITING_FRAMES - TRIM_STEP,
  );
}

async function forgetOldest(
  tx: Sql | Transaction,
  deviceIds: readonly number[],
  kept: number,
): Promise<number> {
  if (deviceIds.length === 0) return 0;
  const [row] = await tx<{ n: number }[]>`
    WITH old AS MATERIALIZED (
      SELECT x.id, x.network_time FROM unnest(${deviceIds as number[]}::bigint[]) AS d(id)
      CROSS JOIN LATERAL (
        SELECT u.id, u.network_time FROM uplinks u WHERE u.device_id = d.id
        ORDER BY u.network_time DESC, u.id DESC OFFSET ${kept}
      ) x
    ), messages AS (
      DELETE FROM uplink_messages m USING old WHERE m.uplink_id = old.id
    ), gone AS (
      DELETE FROM uplinks u USING old WHERE u.id = old.id AND u.network_time = old.network_time RETURNING u.id
    )
    SELECT count(*)::int AS n FROM gone`;
  return row?.n ?? 0;
}

export interface RetentionReport {
  /** Whole messages of network servers, by month and row. */
  readonly partitions: number;
  readonly messages: number;
  readonly rejectedMessages: number;
  /** Frames of devices that nobody claimed. */
  readonly frames: number;
  /** Unclaimed devices that were not heard for 30 days and hold nothing any more. */
  readonly devices: number;
}

/** Run each night; running it twice changes nothing. @param now epoch milliseconds */
export async function sweepRetention(sql: Sql, now: number): Promise<RetentionReport> {
  const before = new Date(now - KEPT_DAYS * DAY_MS).toISOString();
  const partitions = await dropPartitionsBefore(sql, 'uplink_messages', before);
  const messages = await sql`DELETE FROM uplink_messages WHERE arrived_at < ${before}::timestamptz`;
  const rejected = await sql`DELETE FROM rejected_messages WHERE arrived_at < ${before}::timestamptz`;
  const waiting = await sql<{ id: number }[]>`SELECT id FROM devices WHERE state = 'waiting' ORDER BY id`;
  let frames = 0;
  for (let i = 0; i < waiting.length; i += 200) {
    const ids = waiting.slice(i, i + 200).map((d) => d.id);
    const old = await sql`
      DELETE FROM uplinks WHERE device_id = ANY(${ids}::bigint[]) AND state = ${UPLINK_STATES.waiting}
        AND arrived_at < ${before}::timestamptz`;
    frames += old.count + (await forgetOldest(sql, ids, MAX_WAITING_FRAMES));
  }
  const devices = await sql`
    DELETE FROM devices d WHERE d.state = 'waiting' AND d.created_at < ${before}::timestamptz AND d.notes = ''
      AND NOT EXISTS (SELECT FROM device_status s WHERE s.device_id = d.id AND s.last_arrived_at >= ${before}::timestamptz)
      AND NOT EXISTS (SELECT FROM uplinks u WHERE u.device_id = d.id)
      AND NOT EXISTS (SELECT FROM assignments a WHERE a.device_id = d.id)`;
  return {
    partitions,
    messages: messages.count,
    rejectedMessages: rejected.count,
    frames,
    devices: devices.count,
  };
}
