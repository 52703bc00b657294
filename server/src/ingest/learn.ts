/**
 * What a batch of new frames teaches beside its readings: gateways and their signal, battery, last seen, rates.
 * Only frames that are truly new teach, so that the same file replayed changes nothing.
 */
import { groupBy } from '@torv/core/group-by';
import type { Transaction } from '../db/database.ts';
import type { ReadFrame } from './readings.ts';
import {
  addCopies,
  type DeviceLesson,
  findGatewayIds,
  type HeardGateway,
  learnDevices,
  learnGateways,
  learnSignal,
  type NewFrame,
  type SignalLesson,
} from './store.ts';

interface Lesson {
  readonly row: NewFrame;
  readonly read: ReadFrame;
  readonly item: { readonly uplink: { readonly batteryPercent?: number } };
}

const later = (a: string, b: string) => (Date.parse(a) >= Date.parse(b) ? a : b);
const earlier = (a: string, b: string) => (Date.parse(a) <= Date.parse(b) ? a : b);

/**
 * Ids of all gateways in these frames, made where they are new. Rows of known gateways are not touched here:
 * two ingest processes would wait for each other from the first statement on.
 */
export async function ensureGateways(
  tx: Transaction,
  frames: readonly NewFrame[],
): Promise<ReadonlyMap<string, number>> {
  const heard = new Map<string, HeardGateway>();
  for (const frame of frames) {
    for (const r of frame.receptions) {
      heard.set(`${frame.organisationId}/${r.gatewayId}`, {
        organisationId: frame.organisationId,
        gatewayId: r.gatewayId,
        latitude: r.latitude ?? null,
        longitude: r.longitude ?? null,
        first: frame.networkTime,
        last: frame.networkTime,
        frames: 0,
      });
    }
  }
  const ids = await findGatewayIds(tx, [...heard.values()]);
  const unknown = [...heard].filter(([key]) => !ids.has(key)).map(([, gateway]) => gateway);
  for (const [key, id] of await learnGateways(tx, unknown)) ids.set(key, id);
  return ids;
}

function toDeviceLesson(lessons: readonly Lesson[]): DeviceLesson {
  let newest = lessons[0] as Lesson;
  let first = newest.row.networkTime;
  let arrived = newest.row.arrivedAt;
  let battery: { v: number | null; percent: number | null; at: string } | undefined;
  let rejected = 0;
  let reason: string | null = null;
  for (const lesson of lessons) {
    const { row, read, item } = lesson;
    if (Date.parse(row.networkTime) > Date.parse(newest.row.networkTime)) newest = lesson;
    first = earlier(first, row.networkTime);
    arrived = later(arrived, row.arrivedAt);
    if (read.state === 'rejected') {
      rejected++;
      reason = read.reason;
    }
    const v = read.deviceMeasurements.find((m) => m.property === 'battery_voltage' && m.quality === 0)?.value;
    const percent =
      read.deviceMeasurements.find((m) => m.property === 'battery_level')?.value ??
      item.uplink.batteryPercent;
    if (
      (typeof v === 'number' || typeof percent === 'number') &&
      (!battery || Date.parse(row.networkTime) >= Date.parse(battery.at))
    ) {
      battery = {
        v: typeof v === 'number' ? v : null,
        percent: typeof percent === 'number' ? percent : null,
        at: row.networkTime,
      };
    }
  }
  const best = newest.row.receptions[0];
  return {
    deviceId: newest.row.deviceId,
    firstSeen: first,
    lastSeen: newest.row.networkTime,
    arrivedAt: arrived,
    fCnt: newest.row.fCnt,
    devAddr: newest.row.devAddr,
    frames: lessons.length,
    copies: 0,
    rejected,
    batteryV: battery?.v ?? null,
    batteryPercent: battery?.percent ?? null,
    batteryAt: battery?.at ?? null,
    rssi: best?.rssi ?? null,
    snr: best?.snr ?? null,
    dataRate: newest.row.dataRate,
    reason,
  };
}

/** The signal of one batch, summed per device, gateway and UTC day, in a fixed order (no deadlocks). */
function toSignalLessons(
  lessons: readonly Lesson[],
  gatewayIds: ReadonlyMap<string, number>,
): SignalLesson[] {
  const sums = new Map<string, { -readonly [K in keyof SignalLesson]: SignalLesson[K] }>();
  for (const { row } of lessons) {
    for (const r of row.receptions) {
      const gatewayId = gatewayIds.get(`${row.organisationId}/${r.gatewayId}`);
      if (gatewayId === undefined) continue;
      const day = row.networkTime.slice(0, 10);
      const key = `${row.deviceId} ${gatewayId} ${day}`;
      const sum = sums.get(key) ?? {
        deviceId: row.deviceId,
        gatewayId,
        day,
        frames: 0,
        rssiSum: 0,
        rssiCount: 0,
        snrSum: 0,
        snrCount: 0,
      };
      sum.frames++;
      if (r.rssi !== undefined) {
        sum.rssiSum += r.rssi;
        sum.rssiCount++;
      }
      if (r.snr !== undefined) {
        sum.snrSum += r.snr;
        sum.snrCount++;
      }
      sums.set(key, sum);
    }
  }
  return [...sums.values()].sort(
    (a, b) => a.deviceId - b.deviceId || a.gatewayId - b.gatewayId || (a.day < b.day ? -1 : 1),
  );
}

function toHeardGateways(lessons: readonly Lesson[]): HeardGateway[] {
  const heard = new Map<string, HeardGateway>();
  for (const { row } of lessons) {
    for (const r of row.receptions) {
      const key = `${row.organisationId}/${r.gatewayId}`;
      const known = heard.get(key);
      heard.set(key, {
        organisationId: row.organisationId,
        gatewayId: r.gatewayId,
        latitude: r.latitude ?? known?.latitude ?? null,
        longitude: r.longitude ?? known?.longitude ?? null,
        first: known ? earlier(known.first, row.networkTime) : row.networkTime,
        last: known ? later(known.last, row.networkTime) : row.networkTime,
        frames: (known?.frames ?? 0) + 1,
      });
    }
  }
  return [...heard.values()];
}

/** The last statements of a batch: shared rows are locked as late and as briefly as possible. */
export async function learn(
  tx: Transaction,
  fresh: readonly Lesson[],
  copied: ReadonlyMap<number, number>,
  gatewayIds: ReadonlyMap<string, number>,
): Promise<void> {
  const byDevice = groupBy(fresh, (lesson) => lesson.row.deviceId);
  await learnDevices(tx, [...byDevice.values()].map(toDeviceLesson));
  await addCopies(tx, copied);
  await learnSignal(tx, toSignalLessons(fresh, gatewayIds));
  await learnGateways(tx, toHeardGateways(fresh));
}
