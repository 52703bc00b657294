/**
 * The last metre before the pipeline: whose key or source it is, and what happens while the database is away.
 * Messages that nobody delivers again (a webhook, MQTT at QoS 0) go to the spool on disk; what is drained from it is
 * the same as what came live, and a message that went both ways is one frame all the same.
 */
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
/** Keys are known for so long; a revoked one ends at the latest then, also while the database is away. */
const KEYS_FRESH_MS = 5_000;
const DRAIN_EVERY_MS = 1_000;

export type Kept =
  | { readonly kind: 'committed'; readonly report: AcceptReport }
  | { readonly kind: 'spooled' };

export interface Inlet {
  /** The enabled webhook source of a key. @throws what the database throws when no key was ever read */
  findSource(key: string): Promise<SourceRef | undefined>;
  /** Commits, or keeps on disk when that takes too long. @throws AppError UNAVAILABLE when the spool is full too */
  keep(source: SourceRef, messages: readonly Message[]): Promise<Kept>;
  /** On disk first, then into the pipeline by itself: for what is never sent again. */
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
  const keys = { bySha: new Map<string, SourceRef>(), readMs: Number.NEGATIVE_INFINITY };
  const meter = createMeter(deps.now);
  let closed = false;
  let draining: Promise<void> | undefined;

  async function readKeys(): Promise<void> {
    const rows = await deps.sql.begin((tx) => findWebhookSources(tx));
    keys.bySha = new Map(rows.map(({ keyHash, ...source }) => [keyHash, source]));
    keys.readMs = deps.now();
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

  return {
    async findSource(key) {
      if (deps.now() - keys.readMs > KEYS_FRESH_MS) {
        try {
          await withPatience(readKeys(), PATIENCE_MS);
        } catch (error) {
          // While the database is away those who were known go on; nobody new is let in.
          if (keys.readMs === Number.NEGATIVE_INFINITY) throw error;
        }
      }
      return keys.bySha.get(hashSourceKey(key).toString('hex'));
    },
    async keep(source, messages) {
      const committing = acceptMessages(accept, source, messages);
      try {
        const report = await withPatience(committing, PATIENCE_MS);
        meter.add(source.id, messages.length);
        return { kind: 'committed', report };
      } catch (error) {
        if (!(error instanceof TooSlow)) throw error;
        committing.catch(() => undefined);
        await spool(source, messages);
        return { kind: 'spooled' };
      }
    },
    spool,
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
