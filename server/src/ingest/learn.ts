/**
 * What frames teach beside their readings: gateways and their signal, battery, last seen, rates.
 * Each distinct hearing teaches once, so that the same file replayed changes nothing.
 */
import { groupBy } from '@torv/core/group-by';
import { compareInstants } from '@torv/core/time';
import type { Transaction } from '../db/database.ts';
import type { FramePlan } from './plan.ts';
import type { ReadFrame } from './readings.ts';
import type { Reception } from './source.ts';
import {
  adjustCounts,
  type DeviceLesson,
  findGatewayIds,
  type HeardGateway,
  learnDevices,
  learnGateways,
  learnSignal,
  type SignalLesson,
} from './store.ts';

/** One hearing of a frame, or one frame that was decoded later (then nothing was heard anew). */
export interface Lesson {
  readonly deviceId: number;
  readonly organisationId: number;
  readonly networkTime: string;
  readonly arrivedAt: string;
  readonly fCnt: number | null;
  readonly devAddr: string | null;
  readonly dataRate: string | null;
  readonly batteryPercent: number | undefined;
  readonly receptions: readonly Reception[];
  readonly read: Pick<ReadFrame, 'state' | 'reason' | 'deviceMeasurements'>;
  /** Whether it adds a frame, and a rejected one, to the counts. */
  readonly countsFrame: boolean;
  readonly countsRejected: boolean;
}

const later = (a: string, b: string) => (compareInstants(a, b) >= 0 ? a : b);
const earlier = (a: string, b: string) => (compareInstants(a, b) <= 0 ? a : b);

interface Gatewayed {
  readonly organisationId: number;
  readonly networkTime: string;
  readonly receptions: readonly Reception[];
}

/**
 * Ids of all gateways in these frames, made where they are new. Rows of known gateways are not touched here:
 * two ingest processes would wait for each other from the first statement on.
 */
export async function ensureGateways(
  tx: Transaction,
  frames: readonly Gatewayed[],
): Promise<ReadonlyMap<string, number>> {
  const heard = new Map<string, HeardGateway>();
  for (const frame of frames) {
    for (const r of frame.receptions) {
      const key = `${frame.organisationId}/${r.gatewayId}`;
      if (!heard.has(key)) heard.set(key, toHeardGateway(frame, r, 0));
    }
  }
  const ids = await findGatewayIds(tx, [...heard.values()]);
  const unknown = [...heard].filter(([key]) => !ids.has(key)).map(([, gateway]) => gateway);
  for (const [key, id] of await learnGateways(tx, unknown)) ids.set(key, id);
  return ids;
}

function toHeardGateway(frame: Gatewayed, r: Reception, frames: number): HeardGateway {
  return {
    organisationId: frame.organisationId,
    gatewayId: r.gatewayId,
    latitude: r.latitude ?? null,
    longitude: r.longitude ?? null,
    first: frame.networkTime,
    last: frame.networkTime,
    frames,
  };
}

/** What a plan's new hearings teach. */
export function toLessons(plan: FramePlan): Lesson[] {
  return plan.hearings.map(({ heard, receptions }) => {
    const { item, device, read } = heard;
    const { uplink } = item;
    const isFrame = plan.outcome.get(heard)?.fresh === true;
    return {
      deviceId: device.id,
      organisationId: item.organisationId,
      networkTime: heard.time,
      arrivedAt: item.arrivedAt,
      fCnt: uplink.fCnt ?? null,
      devAddr: uplink.devAddr ?? null,
      dataRate: uplink.dataRate ?? null,
      batteryPercent: uplink.batteryPercent,
      receptions,
      read,
      countsFrame: isFrame,
      countsRejected: isFrame && read.state === 'rejected',
    };
  });
}

interface Battery {
  readonly v: number | null;
  readonly percent: number | null;
  readonly at: string;
}

function findBattery(lesson: Lesson): Battery | undefined {
  const { read, batteryPercent, networkTime } = lesson;
  const v = read.deviceMeasurements.find((m) => m.property === 'battery_voltage' && m.quality === 0)?.value;
  const percent =
    read.deviceMeasurements.find((m) => m.property === 'battery_level')?.value ?? batteryPercent;
  if (typeof v !== 'number' && typeof percent !== 'number') return undefined;
  return {
    v: typeof v === 'number' ? v : null,
    percent: typeof percent === 'number' ? percent : null,
    at: networkTime,
  };
}

function toDeviceLesson(lessons: readonly Lesson[]): DeviceLesson {
  let newest = lessons[0] as Lesson;
  let first = newest.networkTime;
  let arrived = newest.arrivedAt;
  let battery: Battery | undefined;
  let frames = 0;
  let rejected = 0;
  let reason: string | null = null;
  for (const lesson of lessons) {
    if (compareInstants(lesson.networkTime, newest.networkTime) > 0) newest = lesson;
    first = earlier(first, lesson.networkTime);
    arrived = later(arrived, lesson.arrivedAt);
    if (lesson.countsFrame) frames++;
    if (lesson.countsRejected) {
      rejected++;
      reason = lesson.read.reason;
    }
    const said = findBattery(lesson);
    if (said && (!battery || compareInstants(said.at, battery.at) >= 0)) battery = said;
  }
  const best = newest.receptions[0];
  return {
    deviceId: newest.deviceId,
    firstSeen: first,
    lastSeen: newest.networkTime,
    arrivedAt: arrived,
    fCnt: newest.fCnt,
    devAddr: newest.devAddr,
    frames,
    copies: 0,
    rejected,
    batteryV: battery?.v ?? null,
    batteryPercent: battery?.percent ?? null,
    batteryAt: battery?.at ?? null,
    rssi: best?.rssi ?? null,
    snr: best?.snr ?? null,
    dataRate: newest.dataRate,
    reason,
  };
}

type Sum<T> = { -readonly [K in keyof T]: T[K] };

/** The signal of one batch, summed per device, gateway and UTC day, in a fixed order (no deadlocks). */
function toSignalLessons(
  lessons: readonly Lesson[],
  gatewayIds: ReadonlyMap<string, number>,
): SignalLesson[] {
  const all: Sum<SignalLesson>[] = [];
  // A device has few gateways and, within one batch, hardly more than one day: a list is searched faster than a key is made.
  const byDevice = new Map<number, Sum<SignalLesson>[]>();
  for (const lesson of lessons) {
    const day = lesson.networkTime.slice(0, 10);
    const sums = byDevice.get(lesson.deviceId) ?? [];
    byDevice.set(lesson.deviceId, sums);
    for (const r of lesson.receptions) {
      const gatewayId = gatewayIds.get(`${lesson.organisationId}/${r.gatewayId}`);
      if (gatewayId === undefined) continue;
      let sum = sums.find((known) => known.gatewayId === gatewayId && known.day === day);
      if (!sum) {
        sum = {
          deviceId: lesson.deviceId,
          gatewayId,
          day,
          frames: 0,
          rssiSum: 0,
          rssiCount: 0,
          snrSum: 0,
          snrCount: 0,
        };
        sums.push(sum);
        all.push(sum);
      }
      sum.frames++;
      if (r.rssi !== undefined) {
        sum.rssiSum += r.rssi;
        sum.rssiCount++;
      }
      if (r.snr !== undefined) {
        sum.snrSum += r.snr;
        sum.snrCount++;
      }
    }
  }
  return all.sort((a, b) => a.deviceId - b.deviceId || a.gatewayId - b.gatewayId || (a.day < b.day ? -1 : 1));
}

function toHeardGateways(lessons: readonly Lesson[]): HeardGateway[] {
  const heard = new Map<string, Sum<HeardGateway>>();
  for (const lesson of lessons) {
    for (const r of lesson.receptions) {
      const key = `${lesson.organisationId}/${r.gatewayId}`;
      const known = heard.get(key);
      if (!known) {
        heard.set(key, toHeardGateway(lesson, r, 1));
        continue;
      }
      known.latitude = r.latitude ?? known.latitude;
      known.longitude = r.longitude ?? known.longitude;
      known.first = earlier(known.first, lesson.networkTime);
      known.last = later(known.last, lesson.networkTime);
      known.frames++;
    }
  }
  return [...heard.values()];
}

/** What a batch's plan changes in the counts beside new hearings. */
export function toCountChanges(plan: FramePlan) {
  const changes = new Map<number, { frames: number; copies: number; rejected: number }>();
  const of = (deviceId: number) => {
    let change = changes.get(deviceId);
    if (!change) {
      change = { frames: 0, copies: 0, rejected: 0 };
      changes.set(deviceId, change);
    }
    return change;
  };
  for (const [deviceId, copies] of plan.copied) of(deviceId).copies += copies;
  for (const { device, wasRejected } of plan.swallowed) {
    of(device.id).frames--;
    if (wasRejected) of(device.id).rejected--;
  }
  for (const deviceId of plan.reopened) of(deviceId).rejected--;
  return changes;
}

/**
 * The last statements of a batch: shared rows are locked as late and as briefly as possible. Sent without waiting
 * for each other's answers; the order is kept.
 */
export async function learn(
  tx: Transaction,
  lessons: readonly Lesson[],
  changes: ReturnType<typeof toCountChanges>,
  gatewayIds: ReadonlyMap<string, number>,
): Promise<void> {
  const byDevice = groupBy(lessons, (lesson) => lesson.deviceId);
  await Promise.all([
    learnDevices(tx, [...byDevice.values()].map(toDeviceLesson)),
    adjustCounts(tx, changes),
    learnSignal(tx, toSignalLessons(lessons, gatewayIds)),
    learnGateways(tx, toHeardGateways(lessons)),
  ]);
}
