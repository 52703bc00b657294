/**
 * Decodes frames that are kept but not decoded: what waited in the inbox until its device was claimed, what was
 * pending when the server stopped, what was rejected and is tried again. Safe to stop and start at any moment:
 * a frame's state and its readings change in one transaction, and readings are written once.
 */
import { ensurePartitions } from '../observations/partition-store.ts';
import type { StoredReading } from '../observations/store.ts';
import { findIngestDevicesById, lockDevices } from '../registry/ingest-store.ts';
import { readFrames } from './readings.ts';
import { UPLINK_STATES } from './states.ts';
import { learnDevices, setFrameStates } from './store.ts';
import { type IngestDeps, writeReadings } from './uplink.ts';

export interface SweepReport {
  readonly frames: number;
  readonly rejected: number;
  readonly readings: number;
}

interface PendingRow {
  readonly id: number;
  readonly device_id: number;
  readonly network_time: string;
  readonly f_port: number;
  readonly payload: string;
}

/** Decodes all pending frames of claimed devices, oldest first. @param onProgress told after each batch */
export async function sweepPending(
  deps: IngestDeps,
  scope: { readonly deviceId?: number } = {},
  onProgress?: (report: SweepReport) => void,
): Promise<SweepReport> {
  let total: SweepReport = { frames: 0, rejected: 0, readings: 0 };
  let after: { time: string; id: number } | undefined;
  for (;;) {
    const rows = await deps.sql<PendingRow[]>`
      SELECT u.id, u.device_id, u.network_time, u.f_port, encode(u.payload, 'hex') AS payload
      FROM uplinks u JOIN devices d ON d.id = u.device_id
      WHERE u.state = ${UPLINK_STATES.pending} AND d.state <> 'waiting' AND d.codec_id IS NOT NULL
        ${scope.deviceId === undefined ? deps.sql`` : deps.sql`AND u.device_id = ${scope.deviceId}`}
        ${after === undefined ? deps.sql`` : deps.sql`AND (u.network_time, u.id) > (${after.time}::timestamptz, ${after.id}::bigint)`}
      ORDER BY u.network_time, u.id LIMIT 500`;
    const last = rows.at(-1);
    if (!last) return total;
    after = { time: last.network_time, id: last.id };
    const report = await sweepRows(deps, rows);
    total = {
      frames: total.frames + report.frames,
      rejected: total.rejected + report.rejected,
      readings: total.readings + report.readings,
    };
    onProgress?.(total);
  }
}

async function sweepRows(deps: IngestDeps, rows: readonly PendingRow[]): Promise<SweepReport> {
  const devices = new Map(
    (await findIngestDevicesById(deps.sql, [...new Set(rows.map((r) => r.device_id))])).map((d) => [d.id, d]),
  );
  const frames = rows.flatMap((row) => {
    const device = devices.get(row.device_id);
    return device ? [{ row, device }] : [];
  });
  const reads = await readFrames(
    deps.decoder,
    frames.map(({ row, device }) => ({
      device,
      fPort: row.f_port,
      payload: row.payload,
      networkTime: row.network_time,
    })),
  );
  const times = reads.flatMap((read) => read.planned.map((p) => p.measurement.phenomenonTime));
  await ensurePartitions(deps.sql, 'observations', times);
  const stored = await deps.sql.begin(async (tx): Promise<StoredReading[] | undefined> => {
    const epochs = await lockDevices(tx, [...devices.keys()]);
    if ([...devices.values()].some((device) => epochs.get(device.id) !== device.epoch)) return undefined;
    await setFrameStates(
      tx,
      frames.map(({ row }, i) => ({
        id: row.id,
        networkTime: row.network_time,
        state: reads[i]?.state ?? 'pending',
        reason: reads[i]?.reason ?? null,
        codecVersionId: reads[i]?.codecVersionId ?? null,
      })),
    );
    const written = await writeReadings(
      tx,
      frames.map(({ row, device }, i) => ({
        id: row.id,
        heard: {
          device,
          item: { uplink: { networkTime: row.network_time, payload: row.payload } },
          firstMs: Date.parse(row.network_time),
          read: reads[i] as (typeof reads)[number],
        },
      })),
    );
    await learnSwept(tx, frames, reads);
    return written;
  });
  // A device was changed while its frames were being decoded: once more, with what holds now.
  if (stored === undefined) return sweepRows(deps, rows);
  for (const device of devices.values()) deps.devices.forget(device);
  deps.announce(stored);
  return {
    frames: frames.length,
    rejected: reads.filter((read) => read.state === 'rejected').length,
    readings: stored.length,
  };
}

async function learnSwept(
  tx: Parameters<typeof learnDevices>[0],
  frames: readonly { readonly row: PendingRow }[],
  reads: Awaited<ReturnType<typeof readFrames>>,
): Promise<void> {
  const lessons = new Map<number, Parameters<typeof learnDevices>[1][number]>();
  frames.forEach(({ row }, i) => {
    const read = reads[i];
    const v = read?.deviceMeasurements.find(
      (m) => m.property === 'battery_voltage' && m.quality === 0,
    )?.value;
    const percent = read?.deviceMeasurements.find((m) => m.property === 'battery_level')?.value;
    const known = lessons.get(row.device_id);
    lessons.set(row.device_id, {
      deviceId: row.device_id,
      firstSeen: known?.firstSeen ?? row.network_time,
      lastSeen: row.network_time,
      arrivedAt: row.network_time,
      fCnt: null,
      devAddr: null,
      frames: 0,
      copies: 0,
      rejected: (known?.rejected ?? 0) + (read?.state === 'rejected' ? 1 : 0),
      batteryV: typeof v === 'number' ? v : (known?.batteryV ?? null),
      batteryPercent: typeof percent === 'number' ? percent : (known?.batteryPercent ?? null),
      batteryAt:
        typeof v === 'number' || typeof percent === 'number' ? row.network_time : (known?.batteryAt ?? null),
      rssi: null,
      snr: null,
      dataRate: null,
      reason: read?.reason ?? known?.reason ?? null,
    });
  });
  await learnDevices(tx, [...lessons.values()]);
}
