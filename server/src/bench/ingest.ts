/**
 * LoRaWAN messages through the whole way: foreign JSON, sandbox, one transaction per batch; straight into the
 * pipeline, or through a broker, where a thread of its own publishes them and Torv's listener takes them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AppError } from '@torv/core/errors';
import { V1_1 } from '@torv/core/sta/version';
import { openAnnouncer } from '../announcing/announcer.ts';
import { openRelay } from '../announcing/relay.ts';
import type { Sql } from '../db/database.ts';
import { type AcceptReport, acceptMessages, type Message, type SourceRef } from '../ingest/accept.ts';
import { type Batcher, createBatcher } from '../ingest/batcher.ts';
import { createDecoder } from '../ingest/decode/port.ts';
import { createListener } from '../ingest/mqtt/listener.ts';
import { DeviceKnowledge } from '../ingest/uplink.ts';
import { createLive } from '../observations/live.ts';
import { createUpdates } from '../sensorthings/updates.ts';
import { toWorkerUrl } from '../worker-url.ts';
import { type BenchDatabase, copyBare, SILENT } from './bare-copy.ts';
import { START_MS, STEP_MS, toMessage } from './messages.ts';
import type { PublisherOrder, PublishSpan } from './publisher-worker.ts';
import { setUpTown } from './town.ts';

const MESSAGES_AT_ONCE = 500;
const IN_FLIGHT = 6;
const READ_EVERY_MS = 100;

export interface IngestBench {
  readonly uplinks: number;
  readonly devices: number;
  /** mqtt://host:port, or undefined: straight into the pipeline. */
  readonly broker: string | undefined;
  /** Whether somebody who is as far away as another process is told of every reading (PostgreSQL). */
  readonly isHeard: boolean;
}

/** Commits the messages up to this number; they are sent in order and once. */
interface Feed {
  run(until: number): Promise<void>;
  close(): Promise<void>;
}

type Take = (messages: readonly Message[]) => Promise<AcceptReport>;

function feedStraight(take: Take, devices: number): Feed {
  let sent = 0;
  const feed = async (until: number): Promise<void> => {
    while (sent < until) {
      const from = sent;
      sent = Math.min(from + MESSAGES_AT_ONCE, until);
      const arrivedAt = new Date(START_MS + sent * STEP_MS).toISOString();
      await take(
        Array.from({ length: sent - from }, (_, i) => ({ body: toMessage(from + i, devices), arrivedAt })),
      );
    }
  };
  return {
    async run(until) {
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => feed(until)));
    },
    close: () => Promise.resolve(),
  };
}

/** @throws AppError UNAVAILABLE when the broker cannot be reached */
async function feedByBroker(take: Take, devices: number, broker: string): Promise<Feed> {
  let committed = 0;
  let wake: (() => void) | undefined;
  let sent = 0;
  const listener = createListener(
    { url: broker, clientId: `torv-bench-in-${process.pid}`, topics: ['application/+/device/+/event/up'] },
    async (messages) => {
      const { frames } = await take(
        messages.map(({ payload, topic, arrivedAt }) => ({ body: payload, topic, arrivedAt })),
      );
      committed += frames;
      wake?.();
    },
    (state) => {
      if (state.phase === 'listening' || state.phase === 'waiting') wake?.();
    },
  );
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) await new Promise<void>((resolve) => (wake = resolve));
  };
  listener.start();
  await until(() => listener.state.phase === 'listening' || listener.state.reason !== '');
  if (listener.state.phase !== 'listening') {
    const { reason } = listener.state;
    await listener.stop();
    throw new AppError('UNAVAILABLE', `The broker ${broker} cannot be used: ${reason}`, { at: '--broker' });
  }
  const { hostname, port } = new URL(broker);
  const order: PublisherOrder = { host: hostname, port: Number(port || 1883), devices };
  const publisher = new Worker(toWorkerUrl('publisher-worker'), { workerData: order });
  await new Promise((resolve, reject) => {
    publisher.once('message', resolve);
    publisher.once('error', reject);
  });
  return {
    async run(end) {
      const span: PublishSpan = { from: sent, until: end };
      publisher.postMessage(span);
      sent = end;
      await until(() => committed >= end);
    },
    async close() {
      await publisher.terminate();
      await listener.stop();
    },
  };
}

interface Reader {
  /** @returns how long it waited for each answer, in milliseconds, shortest first */
  stop(): Promise<readonly number[]>;
}

/** Somebody who looks at a page meanwhile: asks for every device's last reading, ten times a second. */
function startReader(sql: Sql): Reader {
  const waits: number[] = [];
  let isStopped = false;
  const reading = (async () => {
    while (!isStopped) {
      const begunMs = performance.now();
      await sql`SELECT count(*) AS n, max(last_time) AS last FROM datastream_stats`;
      waits.push(performance.now() - begunMs);
      await sleep(READ_EVERY_MS);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await reading;
      return waits.toSorted((a, b) => a - b);
    },
  };
}

interface Hearer {
  readonly readings: number;
  readonly datastreams: number;
  close(): Promise<void>;
}

/** Hears what another process would, in this one: its cost counts too. */
function openHearer(database: BenchDatabase): Hearer {
  let [readings, datastreams] = [0, 0];
  const relay = openRelay({
    database,
    log: SILENT,
    handlers: {
      toWanted: () => ({ live: true, entities: ['observation'], readings: 'all' }),
      onLive: (ids) => {
        datastreams += ids.size;
      },
      onChanges: (changes) => {
        readings += changes.length;
      },
      onPeers: () => undefined,
      onGap: () => undefined,
    },
  });
  if (relay === undefined)
    throw new AppError('BAD_REQUEST', 'There is one process on an embedded database.', { at: '--heard' });
  return {
    get readings() {
      return readings;
    },
    get datastreams() {
      return datastreams;
    },
    close: relay.close,
  };
}

/** @returns the lines of the result. @throws Error when not every uplink is there once, with its four readings */
export async function benchIngest(database: BenchDatabase, bench: IngestBench): Promise<readonly string[]> {
  const { sql } = database;
  const { uplinks, devices, broker } = bench;
  const source: SourceRef = await setUpTown(sql, devices);
  const decoder = createDecoder({ workers: 1 });
  const live = createLive();
  const updates = createUpdates({ sql, wire: { version: V1_1, root: '' }, log: SILENT, now: Date.now });
  const announcer = openAnnouncer({ database, live, updates, log: SILENT });
  const hearer = bench.isHeard ? openHearer(database) : undefined;
  const deps = { sql, decoder, devices: new DeviceKnowledge(), announce: announcer.readings };
  const batcher: Batcher = createBatcher(deps, {
    log: SILENT,
    ...(database.kind === 'embedded' ? { lanes: 2 } : {}),
  });
  const take: Take = (messages) => acceptMessages({ sql, batcher }, source, messages);
  const feed = broker === undefined ? feedStraight(take, devices) : await feedByBroker(take, devices, broker);
  // Every device has been heard, so that no Datastream is made while the clock runs.
  const warm = Math.max(devices, Math.min(5_000, Math.floor(uplinks / 5)));
  await feed.run(warm);
  const reader = startReader(sql);
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  await feed.run(warm + uplinks);
  const seconds = (performance.now() - begunMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const waits = await reader.stop();
  const rssMb = process.memoryUsage.rss() / 1024 ** 2;
  await feed.close();
  await batcher.close();
  await decoder.close();
  await announcer.close();
  const { dropped } = announcer.state;
  while (hearer !== undefined && hearer.readings < (warm + uplinks) * 4 - dropped) await sleep(10);
  await hearer?.close();
  const [kept] = await sql<{ frames: number; readings: number }[]>`
    SELECT (SELECT count(*) FROM uplinks) AS frames, (SELECT count(*) FROM observations) AS readings`;
  if (kept?.frames !== warm + uplinks || kept.readings !== (warm + uplinks) * 4)
    throw new Error(
      `Kept ${kept?.frames} frames and ${kept?.readings} readings of ${warm + uplinks} uplinks`,
    );
  const rate = (n: number, s: number) => Math.round(n / s).toLocaleString('en');
  const cpuS = (user + system) / 1e6;
  const bareSeconds = (await copyBare(database)) * (uplinks / (warm + uplinks));
  return [
    `Database              ${database.kind} ${database.version}`,
    `Way                   ${broker === undefined ? 'straight into the pipeline' : `published to ${new URL(broker).host}, QoS 1`}; ${devices} devices`,
    `Uplinks a second      ${rate(uplinks, seconds)}  (${uplinks} in ${seconds.toFixed(2)} s)`,
    `Readings a second     ${rate(uplinks * 4, seconds)}`,
    `Processor time        ${((cpuS / uplinks) * 1e6).toFixed(0)} us an uplink in this process${broker === undefined ? '' : ' and its publisher'} (${(cpuS / seconds).toFixed(2)} cores)`,
    ...(hearer === undefined
      ? []
      : [
          `Heard elsewhere       ${hearer.readings} readings, ${hearer.datastreams} Datastreams; ${dropped} dropped`,
        ]),
    `A reader meanwhile    waits ${(waits[Math.floor(waits.length / 2)] ?? 0).toFixed(0)} ms, at most ${(waits.at(-1) ?? 0).toFixed(0)} ms (${waits.length} answers)`,
    `Resident memory       ${rssMb.toFixed(0)} MB`,
    `Bare ${database.kind === 'embedded' ? 'unnest insert' : 'COPY'.padEnd(13)}    ${rate(uplinks, bareSeconds)} uplinks a second, their frames and readings only`,
    `Ratio                 ${(bareSeconds / seconds).toFixed(2)} of the bare rate`,
  ];
}
