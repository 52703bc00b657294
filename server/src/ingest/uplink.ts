/**
 * The way of an uplink, step by step. One batch is one transaction: frames with their state, readings and
 * statistics are written together or not at all, and nobody is told "kept" before the commit.
 * Decoding (prepareBatch) happens before the transaction (commitBatch), so that it can overlap with the commit of
 * the batch before. Does not know which network server a frame came from. Long because the steps of one transaction
 * are read one after the other here; what each of them does stands in its store.
 */
import { groupBy } from '@torv/core/group-by';
import { compareInstants, toCanonicalInstant } from '@torv/core/time';
import type { Sql, Transaction } from '../db/database.ts';
import { sendInTurn } from '../db/in-turn.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import {
  deleteReadingsOfFrames,
  type FreedMoment,
  insertReadings,
  type Reading,
  recountDatastreams,
  type StoredReading,
  takeReadingNumbers,
} from '../observations/store.ts';
import {
  countWaitingDevices,
  type DatastreamNeed,
  ensureDatastreams,
  findIngestDevices,
  type IngestDevice,
  insertHeardDevices,
  lockDevices,
} from '../registry/ingest-store.ts';
import type { Decoder } from './decode/port.ts';
import { toFrameKey } from './frames.ts';
import { ensureGateways, learn, toCountChanges, toLessons } from './learn.ts';
import { type FramePlan, type Heard, planFrames } from './plan.ts';
import { type ReadFrame, readFrames } from './readings.ts';
import { trimWaiting } from './retention-store.ts';
import type { Uplink } from './source.ts';
import {
  findKeptFrames,
  insertFrames,
  insertMessages,
  learnSources,
  markMerged,
  markPending,
  mergeFrames,
  takeUplinkNumbers,
  toUplinkId,
} from './store.ts';

export interface IngestItem {
  readonly organisationId: number;
  readonly sourceId: number | null;
  readonly uplink: Uplink;
  /** RFC 3339 */
  readonly arrivedAt: string;
  /** The network server's whole message, kept for 30 days. */
  readonly message?: string;
}

export interface IngestDeps {
  readonly sql: Sql;
  readonly decoder: Decoder;
  readonly devices: DeviceKnowledge;
  /** Told after the commit what is new. */
  readonly announce: (readings: readonly StoredReading[]) => void;
  /** Told after the commit that kept frames are to be read again. */
  readonly wakeSweep?: () => void;
}

export interface IngestReport {
  readonly frames: number;
  readonly copies: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly readings: number;
  /** Frames of unknown devices that came when the inbox was full: counted as faults of their source, not kept. */
  readonly refused: number;
}

/** What became of one item, in the order given. */
export interface ItemOutcome {
  readonly kind: 'frame' | 'copy' | 'refused';
  readonly state: ReadFrame['state'];
  readonly readings: number;
}

/** A batch with its frames decoded, ready to be written. */
export interface PreparedBatch {
  readonly items: readonly IngestItem[];
  readonly heard: readonly Heard[];
  readonly numbers: readonly number[];
  readonly readingNumbers: readonly number[];
}

/** The inbox holds at most this many unclaimed devices per organisation; a flood of foreign frames stops here. */
const MAX_WAITING_DEVICES = 5_000;
/** A device's own time may lie this far back (core/mapping), so that far its readings are looked for. */
const HISTORY_MS = 32 * 86_400_000;
const AHEAD_MS = 3_600_000;

/** What is known of devices between batches; wrong knowledge is noticed by its epoch under the lock. */
export class DeviceKnowledge {
  readonly #known = new Map<string, IngestDevice>();

  get(organisationId: number, devEui: string): IngestDevice | undefined {
    return this.#known.get(`${organisationId} ${devEui}`);
  }

  async refresh(sql: Sql, organisationId: number, devEuis: readonly string[]): Promise<void> {
    if (this.#known.size > 100_000) this.#known.clear();
    for (const device of await findIngestDevices(sql, organisationId, devEuis)) {
      this.#known.set(`${organisationId} ${device.devEui}`, device);
    }
  }

  forget(device: Pick<IngestDevice, 'organisationId' | 'devEui'>): void {
    this.#known.delete(`${device.organisationId} ${device.devEui}`);
  }
}

class StaleKnowledge extends Error {}

export function toReport(outcomes: readonly ItemOutcome[]): IngestReport {
  const report = { frames: 0, copies: 0, rejected: 0, waiting: 0, readings: 0, refused: 0 };
  for (const { kind, state, readings } of outcomes) {
    report.readings += readings;
    if (kind === 'refused') report.refused++;
    else if (kind === 'copy') report.copies++;
    else {
      report.frames++;
      if (state === 'rejected') report.rejected++;
      if (state === 'waiting') report.waiting++;
    }
  }
  return report;
}

/** Devices known, frames decoded, partitions and numbers there: everything that needs no transaction. */
export async function prepareBatch(deps: IngestDeps, items: readonly IngestItem[]): Promise<PreparedBatch> {
  const [known, numbers] = await Promise.all([
    knowDevices(deps, items),
    takeUplinkNumbers(deps.sql, items.length),
  ]);
  const heard = await decodeItems(deps, items, known);
  await ensurePartitions(
    deps.sql,
    'uplinks',
    heard.map((h) => h.time),
  );
  await ensurePartitions(
    deps.sql,
    'uplink_messages',
    items.flatMap((item) => (item.message === undefined ? [] : [item.arrivedAt])),
  );
  await ensurePartitions(
    deps.sql,
    'observations',
    heard.flatMap((h) => h.read.planned.map((p) => p.measurement.phenomenonTime)),
  );
  // A kept frame that is read anew gives its readings anew: each reception in hand gives its readings at most once.
  const readings = heard.reduce((n, h) => n + h.read.planned.length, 0);
  return { items, heard, numbers, readingNumbers: await takeReadingNumbers(deps.sql, readings) };
}

/**
 * Resolves when all items are committed.
 * @throws what the database throws; the batch is then not written at all
 */
export async function commitBatch(deps: IngestDeps, prepared: PreparedBatch): Promise<ItemOutcome[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { outcomes, stored, isSweepDue } = await deps.sql.begin((tx) => writeBatch(tx, deps, prepared));
      forgetGrown(deps, prepared.heard);
      deps.announce(stored);
      if (isSweepDue) deps.wakeSweep?.();
      return outcomes;
    } catch (error) {
      // Somebody changed a device while its frames were being decoded: learn it anew and start over.
      if (!(error instanceof StaleKnowledge) || attempt >= 5) throw error;
      prepared = await prepareBatch(deps, prepared.items);
    }
  }
}

/** Resolves when all items are committed. @throws what the database throws; the batch is then not written at all. */
export async function ingestBatch(deps: IngestDeps, items: readonly IngestItem[]): Promise<ItemOutcome[]> {
  return commitBatch(deps, await prepareBatch(deps, items));
}

async function knowDevices(
  deps: IngestDeps,
  items: readonly IngestItem[],
): Promise<ReadonlyMap<IngestItem, IngestDevice>> {
  for (const [organisationId, list] of groupBy(items, (item) => item.organisationId)) {
    const missing = () =>
      [...new Set(list.map((i) => i.uplink.devEui))].filter((eui) => !deps.devices.get(organisationId, eui));
    let unknown = missing();
    if (unknown.length === 0) continue;
    await deps.devices.refresh(deps.sql, organisationId, unknown);
    unknown = missing();
    if (unknown.length === 0) continue;
    const room = MAX_WAITING_DEVICES - (await countWaitingDevices(deps.sql, organisationId));
    const first = new Map(list.toReversed().map((item) => [item.uplink.devEui, item]));
    await insertHeardDevices(
      deps.sql,
      organisationId,
      unknown.slice(0, Math.max(room, 0)).map((devEui) => {
        const item = first.get(devEui);
        return {
          devEui,
          sourceId: item?.sourceId ?? null,
          ...(item?.uplink.deviceName === undefined ? {} : { name: item.uplink.deviceName }),
          ...(item?.uplink.profileName === undefined ? {} : { profile: item.uplink.profileName }),
          ...(item?.uplink.tags === undefined ? {} : { tags: item.uplink.tags }),
        };
      }),
    );
    await deps.devices.refresh(deps.sql, organisationId, unknown);
  }
  const known = new Map<IngestItem, IngestDevice>();
  for (const item of items) {
    const device = deps.devices.get(item.organisationId, item.uplink.devEui);
    // A device beyond the inbox's room stays unknown: its frame is counted as a fault of its source.
    if (device) known.set(item, device);
  }
  return known;
}

async function decodeItems(
  deps: IngestDeps,
  items: readonly IngestItem[],
  known: ReadonlyMap<IngestItem, IngestDevice>,
): Promise<Heard[]> {
  const pairs = items.flatMap((item) => {
    const device = known.get(item);
    return device ? [{ item, device }] : [];
  });
  const reads = await readFrames(
    deps.decoder,
    pairs.map(({ item, device }) => ({
      device,
      fPort: item.uplink.fPort,
      payload: item.uplink.payload,
      networkTime: toCanonicalInstant(item.uplink.networkTime),
    })),
  );
  return pairs.map(({ item, device }, i) => {
    return {
      item,
      device,
      key: toFrameKey(device.id, item.uplink),
      time: toCanonicalInstant(item.uplink.networkTime),
      read: reads[i] as ReadFrame,
    };
  });
}

/** A device's first reading of a property made a Datastream: what is known of the device is short of it. */
function forgetGrown(deps: IngestDeps, heard: readonly Heard[]): void {
  for (const { device, read } of heard) {
    const grown = read.planned.some(
      (p) => !p.assignment.datastreams.has(`${p.measurement.property}#${p.measurement.channel}`),
    );
    if (grown) deps.devices.forget(device);
  }
}

async function writeBatch(tx: Transaction, deps: IngestDeps, prepared: PreparedBatch) {
  const { heard } = prepared;
  // Sent together: the second statement runs when the first has its locks, and so sees what others committed.
  const [, kept] = await Promise.all([checkEpochs(tx, deps, heard), findKeptFrames(tx, toProbes(heard))]);
  let taken = 0;
  const plan = planFrames(heard, kept, (time) => toUplinkId(time, prepared.numbers[taken++] as number));
  const rows = plan.fresh.map((f) => f.row);
  const lessons = toLessons(plan);
  const gateways = await ensureGateways(tx, [...rows, ...plan.merges, ...lessons]);
  const freed = await removeRetimed(tx, plan);
  const made = await ensureDatastreams(tx, toNeeds(heard));
  const readable = [
    ...plan.fresh.map((f) => toReadable(f.row.id, f.heard)),
    ...plan.retimed.flatMap((r) => (r.isRead ? [toReadable(r.id, r.heard)] : [])),
  ];
  const [, , , stored] = await sendInTurn([
    () => insertFrames(tx, rows, gateways),
    () => mergeFrames(tx, plan.merges, gateways),
    () => markMerged(tx, plan.swallowed),
    () => insertReadings(tx, toReadings(readable, made), prepared.readingNumbers),
    () => insertMessages(tx, toMessages(plan)),
    // Rows that other batches share are locked last. Nothing of it depends on what was stored.
    () => learn(tx, lessons, toCountChanges(plan), gateways),
    () => learnRefused(tx, prepared),
    () => trimWaiting(tx, plan),
  ]);
  const reopened = await reopenRivals(tx, plan, freed, stored);
  if (freed.length > 0) await recountDatastreams(tx, [...new Set(freed.map((f) => f.datastreamId))]);
  return {
    outcomes: toOutcomes(prepared, plan, stored),
    stored,
    isSweepDue: reopened > 0 || plan.reopened.length > 0,
  };
}

async function checkEpochs(tx: Transaction, deps: IngestDeps, heard: readonly Heard[]): Promise<void> {
  const devices = new Map(heard.map((h) => [h.device.id, h.device]));
  const epochs = await lockDevices(tx, [...devices.keys()]);
  // Two receptions of one batch may have been prepared with different knowledge: each counts.
  const stale = heard.map((h) => h.device).filter((device) => epochs.get(device.id) !== device.epoch);
  for (const device of stale) deps.devices.forget(device);
  if (stale.length > 0) throw new StaleKnowledge();
}

function toProbes(heard: readonly Heard[]) {
  return [...groupBy(heard, (h) => h.key)].map(([key, list]) => {
    const { device, item } = list[0] as Heard;
    const times = list.length === 1 ? [] : list.map((h) => h.time).sort(compareInstants);
    return {
      key,
      deviceId: device.id,
      devAddr: item.uplink.devAddr ?? null,
      fCnt: item.uplink.fCnt ?? null,
      fPort: item.uplink.fPort,
      payload: item.uplink.payload,
      from: times[0] ?? (list[0] as Heard).time,
      until: times.at(-1) ?? (list[0] as Heard).time,
    };
  });
}

function toMessages(plan: FramePlan) {
  return plan.fresh.flatMap(({ row, heard: { item } }) =>
    item.message === undefined
      ? []
      : [{ arrivedAt: item.arrivedAt, uplinkId: row.id, sourceId: item.sourceId, body: item.message }],
  );
}

/** Whether a device's frames can hold readings of other times than their own. */
function hasOwnTimes(device: IngestDevice): boolean {
  return device.codec?.mapping.some((row) => row.time !== undefined) ?? false;
}

const shift = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString();

/** Takes away what frames gave whose time moves, or which were joined to another. */
async function removeRetimed(tx: Transaction, plan: FramePlan): Promise<readonly FreedMoment[]> {
  const targets = [
    ...plan.retimed.map((r) => ({ id: r.id, device: r.heard.device, at: r.before })),
    ...plan.swallowed.map((s) => ({ id: s.id, device: s.device, at: s.networkTime })),
  ];
  return deleteReadingsOfFrames(
    tx,
    targets.map(({ id, device, at }) => ({
      uplinkId: id,
      deviceId: device.id,
      from: hasOwnTimes(device) ? shift(at, -HISTORY_MS) : at,
      until: hasOwnTimes(device) ? shift(at, AHEAD_MS) : at,
    })),
  );
}

/**
 * A moment that a frame gave up may have been claimed by another frame, which lost then: those that can hold it
 * are read again by the sweep, so that the order of arrival does not matter.
 */
async function reopenRivals(
  tx: Transaction,
  plan: FramePlan,
  freed: readonly FreedMoment[],
  stored: readonly StoredReading[],
): Promise<number> {
  if (freed.length === 0) return 0;
  const taken = new Set(stored.map((r) => `${r.datastreamId} ${r.phenomenonTime}`));
  const open = freed.filter((f) => !taken.has(`${f.datastreamId} ${f.phenomenonTime}`));
  const devices = new Map(
    [...plan.retimed.map((r) => r.heard.device), ...plan.swallowed.map((s) => s.device)].map((d) => [
      d.id,
      d,
    ]),
  );
  const moved = plan.retimed.map((r) => r.id);
  let reopened = 0;
  for (const [deviceId, moments] of groupBy(open, (f) => f.deviceId)) {
    const times = [...new Set(moments.map((m) => m.phenomenonTime))].sort(compareInstants);
    const device = devices.get(deviceId);
    const spans =
      device && hasOwnTimes(device)
        ? [{ from: shift(times[0] as string, -AHEAD_MS), until: shift(times.at(-1) as string, HISTORY_MS) }]
        : times.map((at) => ({ from: at, until: shift(at, 1) }));
    for (const span of spans)
      reopened += await markPending(tx, deviceId, ['decoded'], { ...span, except: moved });
  }
  return reopened;
}

async function learnRefused(tx: Transaction, { items, heard }: PreparedBatch): Promise<void> {
  if (heard.length === items.length) return;
  const kept = new Set(heard.map((h) => h.item));
  const refused = groupBy(
    items.filter((item) => !kept.has(item) && item.sourceId !== null),
    (item) => item.sourceId as number,
  );
  await learnSources(
    tx,
    [...refused].map(([sourceId, list]) => ({
      sourceId,
      messages: 0,
      faults: list.length,
      ignored: 0,
      at: list.at(-1)?.arrivedAt as string,
      fault: `The inbox is full: ${MAX_WAITING_DEVICES} devices wait to be claimed, so frames of further unknown devices are not kept.`,
    })),
  );
}

function toOutcomes(
  { items, heard }: PreparedBatch,
  plan: FramePlan,
  stored: readonly StoredReading[],
): ItemOutcome[] {
  const readings = new Map<number, number>();
  for (const { uplinkId } of stored) {
    if (uplinkId !== null) readings.set(uplinkId, (readings.get(uplinkId) ?? 0) + 1);
  }
  const byItem = new Map(heard.map((h) => [h.item as IngestItem, h]));
  return items.map((item) => {
    const h = byItem.get(item);
    const outcome = h && plan.outcome.get(h);
    if (!h || !outcome) return { kind: 'refused', state: 'waiting', readings: 0 };
    return {
      kind: outcome.fresh ? 'frame' : 'copy',
      state: h.read.state,
      readings: outcome.fresh ? (readings.get(outcome.id) ?? 0) : 0,
    };
  });
}

export interface ReadableFrame {
  readonly id: number;
  readonly device: IngestDevice;
  readonly networkTime: string;
  readonly payload: string;
  readonly fPort: number;
  readonly read: ReadFrame;
}

function toReadable(id: number, { device, item, time, read }: Heard): ReadableFrame {
  return { id, device, networkTime: time, payload: item.uplink.payload, fPort: item.uplink.fPort, read };
}

/** Datastreams that the planned readings need and that are not known yet. */
export function toNeeds(frames: readonly { readonly device: IngestDevice; readonly read: ReadFrame }[]) {
  const needs: DatastreamNeed[] = [];
  for (const { device, read } of frames) {
    for (const { assignment, measurement: m } of read.planned) {
      if (!assignment.datastreams.has(`${m.property}#${m.channel}`)) {
        needs.push({ device, assignment, property: m.property, channel: m.channel });
      }
    }
  }
  return needs;
}

/** Planned readings as rows, the best claim first where two say something about one moment. */
export function toReadings(
  frames: readonly ReadableFrame[],
  made: ReadonlyMap<string, number>,
): readonly Reading[] {
  const sorted = [...frames].sort(
    (a, b) =>
      compareInstants(a.networkTime, b.networkTime) ||
      (a.payload < b.payload ? -1 : a.payload > b.payload ? 1 : 0) ||
      a.fPort - b.fPort,
  );
  const readings: Reading[] = [];
  for (const { id, read, ...rank } of sorted) {
    for (const { assignment, measurement: m } of read.planned) {
      const key = `${m.property}#${m.channel}`;
      const datastreamId = assignment.datastreams.get(key) ?? made.get(`${assignment.id}/${key}`);
      if (datastreamId === undefined) continue;
      const phenomenonTime = toCanonicalInstant(m.phenomenonTime);
      readings.push({
        datastreamId,
        phenomenonTime,
        channel: m.channel,
        value: m.value,
        quality: m.quality,
        uplinkId: id,
        rank,
        ...(phenomenonTime === rank.networkTime ? {} : { resultTime: rank.networkTime }),
      });
    }
  }
  return readings;
}
