/**
 * Decodes frames that are kept but not decoded: what waited in the inbox until its device was claimed, what was
 * pending when the server stopped, what was rejected and is tried again. Safe to stop and start at any moment:
 * a frame's state and its readings change in one transaction, and readings are written once.
 */
import { ensurePartitions } from '../observations/partition-store.ts';
import { insertReadings, takeReadingNumbers } from '../observations/store.ts';
import {
  ensureDatastreams,
  findIngestDevicesById,
  type IngestDevice,
  lockDevices,
} from '../registry/ingest-store.ts';
import { type Lesson, learn } from './learn.ts';
import { type ReadFrame, readFrames } from './readings.ts';
import { UPLINK_STATES } from './states.ts';
import { settlePending } from './store.ts';
import { type IngestDeps, toNeeds, toReadings } from './uplink.ts';

export interface SweepReport {
  readonly frames: number;
  readonly rejected: number;
  readonly readings: number;
}

interface PendingRow {
  readonly id: number;
  readonly device_id: number;
  readonly network_time: string;
  readonly arrived_at: string;
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
      SELECT u.id, u.device_id, u.network_time, u.arrived_at, u.f_port, encode(u.payload, 'hex') AS payload
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
  const found = rows.flatMap((row) => {
    const device = devices.get(row.device_id);
    return device ? [{ row, device }] : [];
  });
  const reads = await readFrames(
    deps.decoder,
    found.map(({ row, device }) => ({
      device,
      fPort: row.f_port,
      payload: row.payload,
      networkTime: row.network_time,
    })),
  );
  const frames = found.map((frame, i) => ({ ...frame, read: reads[i] as ReadFrame }));
  const times = reads.flatMap((read) => read.planned.map((p) => p.measurement.phenomenonTime));
  await ensurePartitions(deps.sql, 'observations', times);
  const written = await deps.sql.begin(async (tx) => {
    const epochs = await lockDevices(tx, [...devices.keys()]);
    if ([...devices.values()].some((device) => epochs.get(device.id) !== device.epoch)) return undefined;
    const settled = await settlePending(
      tx,
      frames.map(({ row, read }) => ({
        id: row.id,
        networkTime: row.network_time,
        state: read.state,
        reason: read.reason,
        codecVersionId: read.codecVersionId,
      })),
    );
    const mine = frames.filter(({ row }) => settled.has(row.id));
    const made = await ensureDatastreams(tx, toNeeds(mine));
    const readable = mine.map(({ row, device, read }) => ({
      id: row.id,
      device,
      networkTime: row.network_time,
      payload: row.payload,
      fPort: row.f_port,
      read,
    }));
    const readings = toReadings(readable, made);
    const stored = await insertReadings(tx, readings, await takeReadingNumbers(tx, readings.length));
    await learn(tx, mine.map(toLesson), new Map(), new Map());
    return { stored, mine };
  });
  // A device was changed while its frames were being decoded: once more, with what holds now.
  if (written === undefined) return sweepRows(deps, rows);
  for (const device of devices.values()) deps.devices.forget(device);
  deps.announce(written.stored);
  return {
    frames: written.mine.length,
    rejected: written.mine.filter(({ read }) => read.state === 'rejected').length,
    readings: written.stored.length,
  };
}

/** Only what decoding brings: when it was heard was learned when it came. */
function toLesson({
  row,
  device,
  read,
}: {
  readonly row: PendingRow;
  readonly device: IngestDevice;
  readonly read: ReadFrame;
}): Lesson {
  return {
    deviceId: device.id,
    organisationId: device.organisationId,
    networkTime: row.network_time,
    arrivedAt: row.arrived_at,
    fCnt: null,
    devAddr: null,
    dataRate: null,
    batteryPercent: undefined,
    receptions: [],
    read,
    countsFrame: false,
    countsRejected: read.state === 'rejected',
  };
}
