/**
 * The way of an uplink, step by step. One batch is one transaction: frames with their state, readings and
 * statistics are written together or not at all, and nobody is told "kept" before the commit.
 * Decoding happens before the transaction. Does not know which network server a frame came from.
 */
import { groupBy } from '@torv/core/group-by';
import type { Sql, Transaction } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import {
  deleteReadingsOfUplinks,
  insertReadings,
  type Reading,
  recountDatastreams,
  type StoredReading,
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
import { toBestReceptions, toClusters, toFrameKey } from './frames.ts';
import { ensureGateways, learn } from './learn.ts';
import { type ReadFrame, readFrames } from './readings.ts';
import type { Uplink } from './source.ts';
import { CLOCKS } from './source.ts';
import { UPLINK_STATES } from './states.ts';
import {
  type FrameMerge,
  findKeptFrames,
  insertFrames,
  insertMessages,
  mergeFrames,
  type NewFrame,
  setFrameStates,
  takeUplinkIds,
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
}

export interface IngestReport {
  readonly frames: number;
  readonly copies: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly readings: number;
}

/** The inbox holds at most this many unclaimed devices per organisation; a flood of foreign frames stops here. */
const MAX_WAITING_DEVICES = 5_000;
/** A device's own time may lie this far back (core/mapping), so that far its readings are looked for. */
const HISTORY_MS = 32 * 86_400_000;

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

interface Heard {
  readonly item: IngestItem;
  readonly device: IngestDevice;
  readonly key: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly read: ReadFrame;
}

/** A reception in hand or a kept frame, as a member of one cluster of copies. */
interface Member {
  readonly id?: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly kept?: { readonly networkTime: string; readonly state: number };
  readonly heard?: Heard;
}

/** Resolves when all items are committed. @throws what the database throws; the batch is then not written at all. */
export async function ingestBatch(deps: IngestDeps, items: readonly IngestItem[]): Promise<IngestReport> {
  for (let attempt = 0; ; attempt++) {
    const known = await knowDevices(deps, items);
    const heard = await decodeItems(deps, items, known);
    await ensurePartitions(
      deps.sql,
      'uplinks',
      items.map((item) => item.uplink.networkTime),
    );
    await ensurePartitions(
      deps.sql,
      'uplink_messages',
      items.map((item) => item.arrivedAt),
    );
    await ensurePartitions(
      deps.sql,
      'observations',
      heard.flatMap((h) => h.read.planned.map((p) => p.measurement.phenomenonTime)),
    );
    try {
      const { report, stored } = await deps.sql.begin((tx) => writeBatch(tx, deps, heard));
      forgetGrown(deps, heard);
      deps.announce(stored);
      return report;
    } catch (error) {
      // Somebody changed a device while its frames were being decoded: learn it anew and start over.
      if (!(error instanceof StaleKnowledge) || attempt >= 5) throw error;
    }
  }
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
    // A device beyond the inbox's room stays unknown: its frame is counted as a fault of the source (learn.ts).
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
      networkTime: item.uplink.networkTime,
    })),
  );
  return pairs.map(({ item, device }, i) => {
    const ms = Date.parse(item.uplink.networkTime);
    return {
      item,
      device,
      key: toFrameKey(device.id, item.uplink),
      firstMs: ms,
      lastMs: ms,
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

async function writeBatch(tx: Transaction, deps: IngestDeps, heard: readonly Heard[]) {
  await checkEpochs(tx, deps, heard);
  const plan = await planFrames(tx, heard);
  const gateways = await ensureGateways(
    tx,
    plan.fresh.map((f) => f.row),
  );
  await insertFrames(
    tx,
    plan.fresh.map((f) => f.row),
    gateways,
  );
  await mergeFrames(tx, plan.merges);
  await setFrameStates(
    tx,
    plan.swallowed.map((s) => ({ ...s, state: 'merged' as const, reason: null, codecVersionId: null })),
  );
  const recount = await removeRetimed(tx, plan);
  const stored = await writeReadings(tx, [
    ...plan.fresh.map((f) => ({ id: f.row.id, heard: f.heard })),
    ...plan.retimed.map((r) => ({ id: r.id, heard: r.heard })),
  ]);
  await recountDatastreams(tx, recount);
  await insertMessages(
    tx,
    plan.fresh.flatMap(({ row, heard: h }) =>
      h.item.message === undefined
        ? []
        : [
            {
              arrivedAt: h.item.arrivedAt,
              uplinkId: row.id,
              sourceId: h.item.sourceId,
              body: h.item.message,
            },
          ],
    ),
  );
  await learn(
    tx,
    plan.fresh.map((f) => ({ row: f.row, read: f.heard.read, item: f.heard.item })),
    plan.copied,
    gateways,
  );
  const report: IngestReport = {
    frames: plan.fresh.length,
    copies: heard.length - plan.fresh.length,
    rejected: plan.fresh.filter((f) => f.heard.read.state === 'rejected').length,
    waiting: plan.fresh.filter((f) => f.heard.read.state === 'waiting').length,
    readings: stored.length,
  };
  return { report, stored };
}

async function checkEpochs(tx: Transaction, deps: IngestDeps, heard: readonly Heard[]): Promise<void> {
  const devices = new Map(heard.map((h) => [h.device.id, h.device]));
  const epochs = await lockDevices(tx, [...devices.keys()]);
  const stale = [...devices.values()].filter((device) => epochs.get(device.id) !== device.epoch);
  for (const device of stale) deps.devices.forget(device);
  if (stale.length > 0) throw new StaleKnowledge();
}

interface FramePlan {
  readonly fresh: { readonly row: NewFrame; readonly heard: Heard }[];
  readonly merges: FrameMerge[];
  /** Kept frames whose first hearing moved back: their readings are made anew with that time. */
  readonly retimed: { readonly id: number; readonly heard: Heard; readonly before: string }[];
  /** Kept frames that a late copy joined to an earlier one. */
  readonly swallowed: { readonly id: number; readonly networkTime: string; readonly deviceId: number }[];
  /** deviceId -> copies that were truly new hearings */
  readonly copied: Map<number, number>;
}

async function planFrames(tx: Transaction, heard: readonly Heard[]): Promise<FramePlan> {
  const byKey = groupBy(heard, (h) => h.key);
  const probes = [...byKey].map(([key, list]) => {
    const { device, item } = list[0] as Heard;
    const times = list.map((h) => h.item.uplink.networkTime).sort((a, b) => Date.parse(a) - Date.parse(b));
    return {
      key,
      deviceId: device.id,
      devAddr: item.uplink.devAddr ?? null,
      fCnt: item.uplink.fCnt ?? null,
      fPort: item.uplink.fPort,
      payload: item.uplink.payload,
      from: times[0] as string,
      until: times.at(-1) as string,
    };
  });
  const kept = new Map<string, Member[]>();
  for (const frame of await findKeptFrames(tx, probes)) {
    const list = kept.get(frame.key) ?? [];
    list.push({
      id: frame.id,
      firstMs: frame.firstMs,
      lastMs: frame.lastMs,
      kept: { networkTime: frame.networkTime, state: frame.state },
    });
    kept.set(frame.key, list);
  }
  const plan: FramePlan = { fresh: [], merges: [], retimed: [], swallowed: [], copied: new Map() };
  const newborn: { lead: Heard; all: readonly Heard[]; lastMs: number }[] = [];
  for (const [key, list] of byKey) {
    const members: Member[] = [
      ...(kept.get(key) ?? []),
      ...list.map((h) => ({ firstMs: h.firstMs, lastMs: h.lastMs, heard: h })),
    ];
    for (const cluster of toClusters(members)) {
      const inHand = cluster.members.flatMap((m) => (m.heard ? [m.heard] : []));
      if (inHand.length === 0) continue;
      const old = cluster.members.filter((m) => m.id !== undefined);
      const lead = inHand[0] as Heard;
      if (old.length === 0) newborn.push({ lead, all: inHand, lastMs: cluster.lastMs });
      else planMerge(plan, old, inHand, lead, cluster.lastMs);
    }
  }
  const ids = await takeUplinkIds(
    tx,
    newborn.map((n) => n.lead.firstMs),
  );
  newborn.forEach(({ lead, all, lastMs }, i) => {
    const extra = new Set(all.map((h) => h.firstMs)).size - 1;
    const row = toNewFrame(ids[i] as number, lead, all, lastMs, extra);
    plan.fresh.push({ row, heard: lead });
    if (extra > 0) plan.copied.set(lead.device.id, (plan.copied.get(lead.device.id) ?? 0) + extra);
  });
  return plan;
}

function planMerge(
  plan: FramePlan,
  old: readonly Member[],
  inHand: readonly Heard[],
  lead: Heard,
  lastMs: number,
): void {
  const [keeper, ...others] = old as readonly [Member, ...Member[]];
  const keptTime = keeper.kept?.networkTime as string;
  const spans = old.map((m) => [m.firstMs, m.lastMs] as const);
  // A message delivered once more lies within what is known already; only hearings outside it count as copies.
  const added = new Set(
    inHand.map((h) => h.firstMs).filter((ms) => !spans.some(([a, b]) => ms >= a && ms <= b)),
  ).size;
  const earlier = lead.firstMs < keeper.firstMs;
  const first = earlier ? lead.item.uplink.networkTime : keptTime;
  plan.merges.push({
    id: keeper.id as number,
    presentTime: keptTime,
    networkTime: first,
    lastTime: new Date(lastMs).toISOString(),
    addedCopies: added + others.length,
  });
  if (earlier && keeper.kept?.state === UPLINK_STATES.decoded) {
    plan.retimed.push({ id: keeper.id as number, heard: lead, before: keptTime });
  }
  for (const other of others) {
    plan.swallowed.push({
      id: other.id as number,
      networkTime: other.kept?.networkTime as string,
      deviceId: lead.device.id,
    });
  }
  if (added > 0) plan.copied.set(lead.device.id, (plan.copied.get(lead.device.id) ?? 0) + added);
}

function toNewFrame(
  id: number,
  lead: Heard,
  all: readonly Heard[],
  lastMs: number,
  copies: number,
): NewFrame {
  const { item, device, read } = lead;
  const { uplink } = item;
  return {
    id,
    organisationId: item.organisationId,
    deviceId: device.id,
    sourceId: item.sourceId,
    networkTime: uplink.networkTime,
    lastTime: lastMs === lead.firstMs ? uplink.networkTime : new Date(lastMs).toISOString(),
    arrivedAt: item.arrivedAt,
    fCnt: uplink.fCnt ?? null,
    fPort: uplink.fPort,
    devAddr: uplink.devAddr ?? null,
    payload: uplink.payload,
    state: read.state,
    reason: read.reason,
    codecVersionId: read.codecVersionId,
    copies,
    clock: CLOCKS.indexOf(uplink.clock),
    receptions: toBestReceptions(all.flatMap((h) => h.item.uplink.receptions)),
    dataRate: uplink.dataRate ?? null,
    frequencyMhz: uplink.frequencyMhz ?? null,
  };
}

async function removeRetimed(tx: Transaction, plan: FramePlan): Promise<readonly number[]> {
  const changed: number[] = [];
  const targets = [
    ...plan.retimed.map((r) => ({ id: r.id, deviceId: r.heard.device.id, at: r.before })),
    ...plan.swallowed.map((s) => ({ id: s.id, deviceId: s.deviceId, at: s.networkTime })),
  ];
  for (const target of targets) {
    const streams = await tx<{ datastream_id: number }[]>`
      SELECT s.datastream_id FROM assignment_datastreams s JOIN assignments a ON a.id = s.assignment_id
      WHERE a.device_id = ${target.deviceId}`;
    const ms = Date.parse(target.at);
    changed.push(
      ...(await deleteReadingsOfUplinks(
        tx,
        [target.id],
        streams.map((s) => s.datastream_id),
        {
          from: new Date(ms - HISTORY_MS).toISOString(),
          until: new Date(ms + HISTORY_MS).toISOString(),
        },
      )),
    );
  }
  return changed;
}

/** Planned readings -> Datastreams (made where this is the first reading) -> one insert, best claim first. */
export async function writeReadings(
  tx: Transaction,
  frames: readonly {
    readonly id: number;
    readonly heard: {
      readonly device: IngestDevice;
      readonly item: { readonly uplink: Pick<Uplink, 'networkTime' | 'payload'> };
      readonly firstMs: number;
      readonly read: ReadFrame;
    };
  }[],
): Promise<StoredReading[]> {
  const needs: DatastreamNeed[] = [];
  for (const { heard } of frames) {
    for (const { assignment, measurement: m } of heard.read.planned) {
      if (!assignment.datastreams.has(`${m.property}#${m.channel}`)) {
        needs.push({ device: heard.device, assignment, property: m.property, channel: m.channel });
      }
    }
  }
  const made = await ensureDatastreams(tx, needs);
  const sorted = [...frames].sort(
    (a, b) =>
      a.heard.firstMs - b.heard.firstMs ||
      (a.heard.item.uplink.payload < b.heard.item.uplink.payload ? -1 : 1),
  );
  const readings: Reading[] = [];
  for (const { id, heard } of sorted) {
    for (const { assignment, measurement: m } of heard.read.planned) {
      const key = `${m.property}#${m.channel}`;
      const datastreamId = assignment.datastreams.get(key) ?? made.get(`${assignment.id}/${key}`);
      if (datastreamId === undefined) continue;
      const networkTime = heard.item.uplink.networkTime;
      readings.push({
        datastreamId,
        phenomenonTime: m.phenomenonTime,
        channel: m.channel,
        value: m.value,
        quality: m.quality,
        uplinkId: id,
        ...(m.phenomenonTime === networkTime ? {} : { resultTime: networkTime }),
      });
    }
  }
  return insertReadings(tx, readings);
}
