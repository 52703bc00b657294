/**
 * Which receptions are one and the same frame. Pure: the algebra behind "exactly one observation per
 * measurement", whatever the order of arrival.
 * Key: (device, DevAddr, fCnt, fPort, payload) heard again within 24 hours of *network* time of any copy already
 * joined (single linkage, which does not depend on the order); never arrival time, never the source.
 * A frame without a counter is a copy only of one with the same network time.
 */
import { compareInstants, toCanonicalInstant } from '@torv/core/time';
import type { Reception, Uplink } from './source.ts';

export const COPY_WINDOW_MS = 24 * 3_600_000;
/** Hearings of one frame that are remembered beside the first; the earliest ones, so that no order matters. */
export const MAX_COPY_TIMES = 64;

/** One kept frame, or one about to be kept. Instants are canonical UTC text (`toCanonicalInstant`). */
export interface Frame {
  /** Undefined while it is not in the database. */
  readonly id?: number;
  readonly first: string;
  readonly last: string;
}

export interface Cluster<F extends Frame> {
  /** Ordered by first hearing (then by id); the first one leads. */
  readonly members: readonly F[];
  readonly first: string;
  readonly last: string;
}

/** What makes two receptions copies of one frame, beside the time. */
export function toFrameKey(
  deviceId: number,
  uplink: Pick<Uplink, 'devAddr' | 'fCnt' | 'fPort' | 'payload' | 'networkTime'>,
): string {
  const counter =
    uplink.fCnt === undefined ? `@${toCanonicalInstant(uplink.networkTime)}` : String(uplink.fCnt);
  return `${deviceId}|${uplink.devAddr ?? ''}|${counter}|${uplink.fPort}|${uplink.payload}`;
}

/** Frames of one key -> clusters in which each member is at most 24 hours from another one. */
export function toClusters<F extends Frame>(
  frames: readonly F[],
  windowMs = COPY_WINDOW_MS,
): readonly Cluster<F>[] {
  const sorted = [...frames].sort(
    (a, b) =>
      compareInstants(a.first, b.first) ||
      compareInstants(a.last, b.last) ||
      (a.id ?? Number.MAX_SAFE_INTEGER) - (b.id ?? Number.MAX_SAFE_INTEGER),
  );
  const clusters: { members: F[]; first: string; last: string }[] = [];
  for (const frame of sorted) {
    const open = clusters.at(-1);
    if (open && Date.parse(frame.first) - Date.parse(open.last) <= windowMs) {
      open.members.push(frame);
      if (compareInstants(frame.last, open.last) > 0) open.last = frame.last;
    } else {
      clusters.push({ members: [frame], first: frame.first, last: frame.last });
    }
  }
  return clusters;
}

/** Distinct instants in order. */
export function toDistinctTimes(times: readonly string[]): readonly string[] {
  return [...new Set(times)].sort(compareInstants);
}

/** The best three receptions, one per gateway; the same set whatever the order they came in. */
export function toBestReceptions(receptions: readonly Reception[], most = 3): readonly Reception[] {
  if (receptions.length < 2) return receptions;
  const better = (a: Reception, b: Reception) =>
    (b.snr ?? -999) - (a.snr ?? -999) ||
    (b.rssi ?? -999) - (a.rssi ?? -999) ||
    (a.gatewayId < b.gatewayId ? -1 : a.gatewayId > b.gatewayId ? 1 : 0);
  const best: Reception[] = [];
  for (const reception of [...receptions].sort(better)) {
    if (best.length === most) break;
    if (!best.some(({ gatewayId }) => gatewayId === reception.gatewayId)) best.push(reception);
  }
  return best;
}

/** Signal as it is kept: whole dBm, single precision dB. What is compared must be what is stored. */
export function toStoredReception(reception: Reception): Reception {
  // Made for every reception of every frame: one object, no copies in between.
  const stored: { -readonly [K in keyof Reception]: Reception[K] } = { gatewayId: reception.gatewayId };
  const snr = reception.snr === undefined ? Number.NaN : Math.fround(reception.snr);
  if (reception.rssi !== undefined)
    stored.rssi = Math.round(Math.min(Math.max(reception.rssi, -32_768), 32_767));
  if (Number.isFinite(snr)) stored.snr = snr;
  if (reception.latitude !== undefined) stored.latitude = reception.latitude;
  if (reception.longitude !== undefined) stored.longitude = reception.longitude;
  return stored;
}
