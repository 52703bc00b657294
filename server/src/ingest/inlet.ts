/**
 * The last metre before the pipeline: whose key or source it is, and what happens while the database is away.
 * Messages that nobody delivers again (a webhook, MQTT at QoS 0) go to the spool on disk; what is drained from it is
 * the same as what came live, and a message that went both ways is one frame all the same.
 */
import { AppError } from '@torv/core/errors';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import {
  type AcceptDeps,
  type AcceptReport,
  acceptMessages,
  type Message,
  type SourceRef,
} from './accept.ts';
import type { Batcher } from './batcher.ts';
import { findWebhookSources, hashSourceKey } from './source-store.ts';
import type { Spool } from './spool.ts';

/** So long a webhook waits for the commit; then its messages are kept on disk and it is told so. */
const PATIENCE_MS = 5_000;
/** The same for the question which keys there are: with the above it stays below what network servers wait. */
const KEYS_PATIENCE_MS = 2_000;
/** Keys are known for so long; a revoked one ends at the latest then, also while the database is away. */
const KEYS_FRESH_MS = 5_000;
const DRAIN_EVERY_MS = 1_000;

export type Kept =
  | { readonly kind: 'committed'; readonly report: AcceptReport }
  | { readonly kind: 'spooled' };

export interface Inlet {
  /** The enabled webhook source of a key. @throws AppError DATABASE_DOWN when no key was ever read */
  findSource(key: string): Promise<SourceRef | undefined>;
  /** A source was changed here: its key counts, or counts no more, from the next message on. */
  forgetKeys(): void;
  /** Commits; rejects when the messages are not kept, for those who send them again then. */
  accept(source: SourceRef, messages: readonly Message[]): Promise<AcceptReport>;
  /** Commits, or keeps on disk when that takes too long. @throws AppError UNAVAILABLE when the spool is full too */
  keep(source: SourceRef, messages: readonly Message[]): Promise<Kept>;
  /**
   * On disk first, then into the pipeline by itself: for what is never sent again. Where the disk takes nothing it
   * goes straight into the pipeline, and rejects only when that refuses it too.
   */
  spool(source: SourceRef, messages: readonly Message[]): Promise<void>;
  /** Messages a minute, over the last minutes. */
  ratePerMinute(sourceId: number): number;
  close(): Promise<void>;
}

export interface InletDeps {
  readonly sql: Sql;
  readonly batcher: Batcher;
  readonly disk: Spool;
  readonly log: Log;
  readonly now: () => number;
  readonly patienceMs?: number;
}

interface SpoolRecord {
  readonly source: SourceRef;
  readonly arrivedAt: string;
  readonly topic?: string;
  readonly event?: string;
  readonly body: string;
}

function toRecord(source: SourceRef, { body, arrivedAt, topic, event }: Message): Buffer {
  const record: SpoolRecord = {
    source,
    arrivedAt,
    body: typeof body === 'string' ? body : body.toString('utf8'),
    ...(topic === undefined ? {} : { topic }),
    ...(event === undefined ? {} : { event }),
  };
  return Buffer.from(JSON.stringify(record));
}

export function createInlet(deps: InletDeps): Inlet {
  const accept: AcceptDeps = { sql: deps.sql, batcher: deps.batcher };
  const keys = { bySha: new Map<string, SourceRef>(), known: false, freshUntilMs: Number.NEGATIVE_INFINITY };
  const meter = createMeter(deps.now);
  const patienceMs = deps.patienceMs ?? PATIENCE_MS;
  let closed = false;
  let draining: Promise<void> | undefined;
  let reading: Promise<void> | undefined;

  async function readKeys(): Promise<void> {
    const askedMs = deps.now();
    const rows = await deps.sql.begin((tx) => findWebhookSources(tx));
    keys.bySha = new Map(rows.map(({ keyHash, ...source }) => [keyHash, source]));
    keys.known = true;
    keys.freshUntilMs = askedMs + KEYS_FRESH_MS;
  }

  /** One question at a time, however many webhooks wait for it. */
  async function refreshKeys(): Promise<void> {
    reading ??= readKeys().finally(() => {
      reading = undefined;
    });
    reading.catch(() => undefined);
    try {
      await withPatience(reading, KEYS_PATIENCE_MS);
    } catch (error) {
      if (!keys.known) {
        throw new AppError(
          'DATABASE_DOWN',
          'The database does not answer right now, so no key can be checked.',
          {
            hint: 'Send it again in a moment.',
            cause: error,
          },
        );
      }
      // While the database is away those who were known go on; nobody new is let in.
      keys.freshUntilMs = deps.now() + KEYS_FRESH_MS;
    }
  }

  async function drain(): Promise<void> {
    try {
      const taken = await deps.disk.drain(async (records) => {
        const parsed = records.map((record) => JSON.parse(record.toString('utf8')) as SpoolRecord);
        for (const list of groupRuns(parsed)) {
          const source = (list[0] as SpoolRecord).source;
          await acceptMessages(accept, source, list);
        }
      });
      if (taken > 0) deps.log.debug({ taken }, 'Messages came out of the spool');
    } catch (error) {
      if (!closed) deps.log.warn({ err: error }, 'The spool could not be emptied; it is tried again');
    }
  }

  function wakeDrain(): Promise<void> {
    draining ??= drain().finally(() => {
      draining = undefined;
    });
    return draining;
  }

  const timer = setInterval(() => {
    if (deps.disk.state.waiting > 0) void wakeDrain();
  }, DRAIN_EVERY_MS);
  void wakeDrain();

  async function spool(source: SourceRef, messages: readonly Message[]): Promise<void> {
    meter.add(source.id, messages.length);
    await deps.disk.append(messages.map((message) => toRecord(source, message)));
    void wakeDrain();
  }

  async function spoolOrAccept(source: SourceRef, messages: readonly Message[]): Promise<void> {
    try {
      await spool(source, messages);
    } catch (error) {
      deps.log.warn({ err: error }, 'The disk takes no messages: they go straight to the database');
      await acceptMessages(accept, source, messages);
    }
  }

  return {
    async findSource(key) {
      if (deps.now() >= keys.freshUntilMs) await refreshKeys();
      return keys.bySha.get(hashSourceKey(key).toString('hex'));
    },
    forgetKeys() {
      keys.freshUntilMs = Number.NEGATIVE_INFINITY;
    },
    async accept(source, messages) {
      const report = await acceptMessages(accept, source, messages);
      meter.add(source.id, messages.length);
      return report;
    },
    async keep(source, messages) {
      let isGiven = false;
      const committing = acceptMessages(accept, source, messages, true, () => isGiven);
      try {
        const report = await withPatience(committing, patienceMs);
        meter.add(source.id, messages.length);
        return { kind: 'committed', report };
      } catch (error) {
        // Too slow, refused because too much waits already, or broken off in the middle: nobody sends it again, so
        // it is kept here. What was committed of it all the same is merged when it comes out of the spool.
        if (!(error instanceof TooSlow)) deps.log.warn({ err: error }, 'Messages go to the spool');
        isGiven = true;
        committing.catch(() => undefined);
        await spool(source, messages);
        return { kind: 'spooled' };
      }
    },
    spool: spoolOrAccept,
    ratePerMinute: meter.perMinute,
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.race([draining, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
      await deps.disk.close();
    },
  };
}

class TooSlow extends Error {}

function withPatience<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TooSlow()), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Neighbours of one source together, in their order. */
function groupRuns(records: readonly SpoolRecord[]): SpoolRecord[][] {
  const runs: SpoolRecord[][] = [];
  for (const record of records) {
    const run = runs.at(-1);
    if (run && run[0]?.source.id === record.source.id) run.push(record);
    else runs.push([record]);
  }
  return runs;
}

/** Counts in buckets of ten seconds over five minutes. */
function createMeter(now: () => number) {
  const buckets = new Map<number, Map<number, number>>();
  const BUCKET_MS = 10_000;
  const SPAN = 30;
  return {
    add(sourceId: number, n: number): void {
      const slot = Math.floor(now() / BUCKET_MS);
      const counts = buckets.get(slot) ?? new Map<number, number>();
      counts.set(sourceId, (counts.get(sourceId) ?? 0) + n);
      buckets.set(slot, counts);
      for (const old of buckets.keys()) if (old < slot - SPAN) buckets.delete(old);
    },
    perMinute(sourceId: number): number {
      const slot = Math.floor(now() / BUCKET_MS);
      let sum = 0;
      for (const [at, counts] of buckets) if (at > slot - SPAN) sum += counts.get(sourceId) ?? 0;
      return sum / ((SPAN * BUCKET_MS) / 60_000);
    },
  };
}
