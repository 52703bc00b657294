/**
 * What is to be done with the receptions of a batch: new frames, copies that join kept ones, kept frames whose
 * first hearing moves back, kept frames that a late copy joins to one. Pure: the same receptions in any order and
 * any batching end in the same frames.
 */
import { groupBy } from '@torv/core/group-by';
import type { IngestDevice } from '../registry/ingest-store.ts';
import {
  MAX_COPY_TIMES,
  toBestReceptions,
  toClusters,
  toDistinctTimes,
  toStoredReception,
} from './frames.ts';
import type { ReadFrame } from './readings.ts';
import { CLOCKS, type Reception, type Uplink } from './source.ts';
import { UPLINK_STATES } from './states.ts';
import type { FrameMerge, KeptFrame, NewFrame } from './store.ts';

/** One reception in hand, decoded. */
export interface Heard {
  readonly item: {
    readonly organisationId: number;
    readonly sourceId: number | null;
    readonly uplink: Uplink;
    readonly arrivedAt: string;
    readonly message?: string;
  };
  readonly device: IngestDevice;
  readonly key: string;
  /** Network time as canonical text. */
  readonly time: string;
  readonly read: ReadFrame;
}

/** One distinct hearing that was not known before: what it teaches is taught once, however often it is replayed. */
export interface Hearing {
  readonly heard: Heard;
  readonly receptions: readonly Reception[];
}

export interface FramePlan {
  readonly fresh: { readonly row: NewFrame; readonly heard: Heard }[];
  readonly merges: FrameMerge[];
  /** Kept frames whose first hearing moved back: their readings are made anew with that time. */
  readonly retimed: {
    readonly id: number;
    readonly heard: Heard;
    readonly before: string;
    /** False where the frame waits to be read anyway: then only what it gave before goes away. */
    readonly isRead: boolean;
  }[];
  /** Kept frames that a late copy joined to an earlier one. */
  readonly swallowed: {
    readonly id: number;
    readonly networkTime: string;
    readonly device: IngestDevice;
    readonly wasRejected: boolean;
  }[];
  readonly hearings: Hearing[];
  /** Devices of rejected frames that are read once more. */
  readonly reopened: number[];
  /** deviceId -> change of its count of copies */
  readonly copied: Map<number, number>;
  /** reception -> the frame it belongs to now, and whether it made it */
  readonly outcome: Map<Heard, { readonly id: number; readonly fresh: boolean }>;
}

/** @param ids enough for every reception to be a frame of its own; they carry no month yet */
export function planFrames(
  heard: readonly Heard[],
  kept: ReadonlyMap<string, readonly KeptFrame[]>,
  toId: (networkTime: string) => number,
): FramePlan {
  const plan: FramePlan = {
    fresh: [],
    merges: [],
    retimed: [],
    swallowed: [],
    hearings: [],
    reopened: [],
    copied: new Map(),
    outcome: new Map(),
  };
  for (const [key, list] of groupBy(heard, (h) => h.key)) {
    const old = kept.get(key) ?? [];
    const members = [
      ...old.map((frame) => ({ id: frame.id, first: frame.networkTime, last: frame.lastTime, frame })),
      ...list.map((h) => ({ first: h.time, last: h.time, heard: h })),
    ];
    for (const cluster of toClusters<(typeof members)[number]>(members)) {
      const inHand = cluster.members.flatMap((m) => ('heard' in m ? [m.heard] : []));
      const frames = cluster.members.flatMap((m) => ('frame' in m ? [m.frame] : []));
      const lead = inHand[0];
      if (!lead) continue;
      const [keeper, ...others] = frames;
      if (keeper) planMerge(plan, keeper, others, inHand, lead);
      else planFresh(plan, inHand, lead, toId(lead.time));
    }
  }
  return plan;
}

function addCopies(plan: FramePlan, deviceId: number, n: number): void {
  if (n !== 0) plan.copied.set(deviceId, (plan.copied.get(deviceId) ?? 0) + n);
}

/** New hearings, each with all receptions that the batch brought for that moment. */
function learnHearings(plan: FramePlan, inHand: readonly Heard[], fresh: ReadonlySet<string>): void {
  if (inHand.length === 1 && fresh.size === 1) {
    const only = inHand[0] as Heard;
    plan.hearings.push({
      heard: only,
      receptions: toBestReceptions(only.item.uplink.receptions.map(toStoredReception)),
    });
    return;
  }
  for (const list of groupBy(inHand, (h) => h.time).values()) {
    const first = list[0] as Heard;
    if (!fresh.has(first.time)) continue;
    const receptions = toBestReceptions(list.flatMap((h) => h.item.uplink.receptions).map(toStoredReception));
    plan.hearings.push({ heard: first, receptions });
  }
}

function planFresh(plan: FramePlan, inHand: readonly Heard[], lead: Heard, id: number): void {
  const times = inHand.length === 1 ? [lead.time] : toDistinctTimes(inHand.map((h) => h.time));
  const { item, device, read } = lead;
  const { uplink } = item;
  plan.fresh.push({
    heard: lead,
    row: {
      id,
      organisationId: item.organisationId,
      deviceId: device.id,
      sourceId: item.sourceId,
      networkTime: lead.time,
      lastTime: times.at(-1) as string,
      copyTimes: times.slice(1, 1 + MAX_COPY_TIMES),
      arrivedAt: item.arrivedAt,
      fCnt: uplink.fCnt ?? null,
      fPort: uplink.fPort,
      devAddr: uplink.devAddr ?? null,
      payload: uplink.payload,
      state: read.state,
      reason: read.reason,
      codecVersionId: read.codecVersionId,
      clock: CLOCKS.indexOf(uplink.clock),
      receptions: toBestReceptions(inHand.flatMap((h) => h.item.uplink.receptions).map(toStoredReception)),
      dataRate: uplink.dataRate ?? null,
      frequencyMhz: uplink.frequencyMhz ?? null,
    },
  });
  for (const h of inHand) plan.outcome.set(h, { id, fresh: h === lead });
  learnHearings(plan, inHand, new Set(times));
  addCopies(plan, device.id, times.length - 1);
}

function planMerge(
  plan: FramePlan,
  keeper: KeptFrame,
  others: readonly KeptFrame[],
  inHand: readonly Heard[],
  lead: Heard,
): void {
  for (const h of inHand) plan.outcome.set(h, { id: keeper.id, fresh: false });
  const frames = [keeper, ...others];
  const known = new Set(frames.flatMap((f) => [f.networkTime, ...f.copyTimes, f.lastTime]));
  const isFull = frames.some((f) => f.copyTimes.length >= MAX_COPY_TIMES);
  const added = new Set(
    inHand
      .map((h) => h.time)
      .filter((time) => !known.has(time) && !(isFull && time > keeper.networkTime && time < keeper.lastTime)),
  );
  const times = toDistinctTimes([...known, ...added]);
  const receptions = toBestReceptions([
    ...frames.flatMap((f) => f.receptions),
    ...inHand.flatMap((h) => h.item.uplink.receptions).map(toStoredReception),
  ]);
  const first = times[0] as string;
  const isEarlier = first !== keeper.networkTime;
  if (added.size === 0 && others.length === 0 && sameReceptions(receptions, keeper.receptions)) return;
  const isRead = keeper.state === UPLINK_STATES.decoded && lead.read.state === 'decoded';
  const canRetime = isRead || keeper.state === UPLINK_STATES.pending;
  // A frame that could not be read, joined to one that could: it is read once more, with the earliest time.
  const again =
    keeper.state === UPLINK_STATES.rejected && others.some((o) => o.state === UPLINK_STATES.decoded);
  if (again) plan.reopened.push(lead.device.id);
  plan.merges.push({
    id: keeper.id,
    organisationId: lead.item.organisationId,
    presentTime: keeper.networkTime,
    networkTime: first,
    lastTime: times.at(-1) as string,
    copyTimes: times.slice(1, 1 + MAX_COPY_TIMES),
    receptions,
    clock: isEarlier ? CLOCKS.indexOf(lead.item.uplink.clock) : null,
    state: again ? 'pending' : null,
    read: isEarlier && isRead ? lead.read : null,
  });
  if (isEarlier && canRetime) {
    plan.retimed.push({ id: keeper.id, heard: lead, before: keeper.networkTime, isRead });
  }
  for (const other of others) {
    plan.swallowed.push({
      id: other.id,
      networkTime: other.networkTime,
      device: lead.device,
      wasRejected: other.state === UPLINK_STATES.rejected,
    });
  }
  learnHearings(plan, inHand, added);
  addCopies(plan, lead.device.id, added.size + others.length);
}

function sameReceptions(a: readonly Reception[], b: readonly Reception[]): boolean {
  return (
    a.length === b.length &&
    a.every((r, i) => r.gatewayId === b[i]?.gatewayId && r.rssi === b[i]?.rssi && r.snr === b[i]?.snr)
  );
}
