/**
 * Which receptions are one and the same frame. Pure: the algebra behind "exactly one observation per
 * measurement", whatever the order of arrival.
 * Key: (device, DevAddr, fCnt, fPort, payload) heard again within 24 hours of *network* time of any copy already
 * joined (single linkage, which does not depend on the order); never arrival time, never the source.
 * A frame without a counter is a copy only of one with the same network time.
 */
import type { Reception, Uplink } from './source.ts';

export const COPY_WINDOW_MS = 24 * 3_600_000;

/** One kept frame, or one about to be kept. */
export interface Frame {
  /** Undefined while it is not in the database. */
  readonly id?: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Cluster<F extends Frame> {
  /** Ordered by first hearing (then by id); the first one leads. */
  readonly members: readonly F[];
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What makes two receptions copies of one frame, beside the time. */
export function toFrameKey(
  deviceId: number,
  uplink: Pick<Uplink, 'devAddr' | 'fCnt' | 'fPort' | 'payload' | 'networkTime'>,
): string {
  const counter = uplink.fCnt === undefined ? `@${uplink.networkTime}` : String(uplink.fCnt);
  return `${deviceId}|${uplink.devAddr ?? ''}|${counter}|${uplink.fPort}|${uplink.payload}`;
}

/** Frames of one key -> clusters in which each member is at most 24 hours from another one. */
export function toClusters<F extends Frame>(
  frames: readonly F[],
  windowMs = COPY_WINDOW_MS,
): readonly Cluster<F>[] {
  const sorted = [...frames].sort(
    (a, b) =>
      a.firstMs - b.firstMs ||
      a.lastMs - b.lastMs ||
      (a.id ?? Number.MAX_SAFE_INTEGER) - (b.id ?? Number.MAX_SAFE_INTEGER),
  );
  const clusters: { members: F[]; firstMs: number; lastMs: number }[] = [];
  for (const frame of sorted) {
    const open = clusters.at(-1);
    if (open && frame.firstMs - open.lastMs <= windowMs) {
      open.members.push(frame);
      open.lastMs = Math.max(open.lastMs, frame.lastMs);
    } else {
      clusters.push({ members: [frame], firstMs: frame.firstMs, lastMs: frame.lastMs });
    }
  }
  return clusters;
}

/** The best three receptions, one per gateway; the same set whatever the order they came in. */
export function toBestReceptions(receptions: readonly Reception[], most = 3): readonly Reception[] {
  const better = (a: Reception, b: Reception) =>
    (b.snr ?? -999) - (a.snr ?? -999) ||
    (b.rssi ?? -999) - (a.rssi ?? -999) ||
    (a.gatewayId < b.gatewayId ? -1 : 1);
  const byGateway = new Map<string, Reception>();
  for (const reception of [...receptions].sort(better)) {
    if (!byGateway.has(reception.gatewayId)) byGateway.set(reception.gatewayId, reception);
  }
  return [...byGateway.values()].slice(0, most);
}
