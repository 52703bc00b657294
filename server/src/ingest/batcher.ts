/**
 * Gathers uplinks into batches by time or size and tells each giver when its uplinks are committed.
 * A batch that the data spoil is halved until the culprit stands alone; it is kept as rejected and blocks
 * nobody. While the database is away the stream waits: nothing is dropped, nothing is acknowledged.
 */
import { AppError } from '@torv/core/errors';
import type { Sql } from '../db/database.ts';
import { insertRejectedMessage } from './store.ts';
import {
  type IngestDeps,
  type IngestItem,
  type IngestReport,
  type ItemOutcome,
  ingestBatch,
  toReport,
} from './uplink.ts';

export interface Batcher {
  /** Resolves when all items are committed (or kept as rejected). Rejects only when Torv stops first. */
  accept(items: readonly IngestItem[]): Promise<IngestReport>;
  /** Takes nothing more, writes what it has, then resolves. */
  close(): Promise<void>;
}

interface BatcherOptions {
  readonly maxItems?: number;
  /** How long the first item of a batch waits for company. */
  readonly maxWaitMs?: number;
  /** Items that wait at most, while the database is slow or away; further ones are refused, not acknowledged. */
  readonly maxQueued?: number;
  /** 2 on the embedded database: it has one backend, and who reads a page waits for every batch in the line before him. */
  readonly lanes?: number;
  readonly log: { warn(fields: object, text: string): void };
}

interface Waiting {
  readonly items: readonly IngestItem[];
  readonly resolve: (report: IngestReport) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch {
  readonly givers: readonly Waiting[];
  readonly items: readonly IngestItem[];
}

/**
 * Batches on their way at once: one is decoded, one is on its way to the database, one is being committed. Two that
 * share a device wait for each other at its lock; the order in which they are committed does not matter.
 */
const LANES = 3;

const REJECTED: ItemOutcome = { kind: 'frame', state: 'rejected', readings: 0 };

/** SQLSTATE classes that say "these data", not "this database": 22 data exception, 23 constraint, 21, 54. */
function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^(21|22|23|54)/.test(code)) return true;
  return (
    error instanceof RangeError ||
    error instanceof TypeError ||
    (error instanceof AppError && error.kind === 'invalid')
  );
}

/** Worth trying again at once: a deadlock or a serialisation failure. */
function isCollision(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === '40001' || code === '40P01';
}

async function keepCulprit(sql: Sql, item: IngestItem, error: unknown): Promise<ItemOutcome> {
  const reason =
    error instanceof AppError
      ? error.detail
      : `This frame cannot be stored: ${String((error as Error).message)}`;
  await insertRejectedMessage(sql, {
    organisationId: item.organisationId,
    sourceId: item.sourceId,
    arrivedAt: item.arrivedAt,
    reason: reason.replaceAll('\u0000', '').slice(0, 300),
    at: null,
    body: Buffer.from(item.message ?? JSON.stringify(item.uplink)),
  });
  return REJECTED;
}

/**
 * Writes a batch whatever is in it: on a data error each half on its own. Outcomes in the order of the items.
 */
export async function ingestOrBisect(deps: IngestDeps, items: readonly IngestItem[]): Promise<ItemOutcome[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ingestBatch(deps, items);
    } catch (error) {
      if (isCollision(error) && attempt < 5) continue;
      if (!isDataError(error)) throw error;
      if (items.length === 1) return [await keepCulprit(deps.sql, items[0] as IngestItem, error)];
      const half = Math.ceil(items.length / 2);
      const left = await ingestOrBisect(deps, items.slice(0, half));
      return [...left, ...(await ingestOrBisect(deps, items.slice(half)))];
    }
  }
}

export function createBatcher(deps: IngestDeps, options: BatcherOptions): Batcher {
  const maxItems = options.maxItems ?? 1000;
  const maxWaitMs = options.maxWaitMs ?? 40;
  const maxQueued = options.maxQueued ?? 50_000;
  const lanes = options.lanes ?? LANES;
  const queue: Waiting[] = [];
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  let busy = 0;
  let closing = false;
  let idle: (() => void) | undefined;
  const pauses = new Set<() => void>();

  function takeBatch(): Batch {
    const givers: Waiting[] = [];
    let size = 0;
    while (queue.length > 0 && (size === 0 || size + (queue[0] as Waiting).items.length <= maxItems)) {
      const next = queue.shift() as Waiting;
      size += next.items.length;
      givers.push(next);
    }
    queued -= size;
    return { givers, items: givers.flatMap((giver) => giver.items) };
  }

  /** Each giver is told of its own items. */
  function tell(batch: Batch, outcomes: readonly ItemOutcome[]): void {
    let at = 0;
    for (const giver of batch.givers) {
      giver.resolve(toReport(outcomes.slice(at, at + giver.items.length)));
      at += giver.items.length;
    }
  }

  async function write(batch: Batch): Promise<void> {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        tell(batch, await ingestOrBisect(deps, batch.items));
        return;
      } catch (error) {
        if (closing) {
          for (const giver of batch.givers) giver.reject(error);
          return;
        }
        options.log.warn(
          { err: error, uplinks: batch.items.length, pauseMs },
          'The database does not take uplinks; waiting to try again',
        );
        await pause(pauseMs);
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(waited);
        pauses.delete(end);
        resolve();
      };
      const waited = setTimeout(end, ms);
      pauses.add(end);
    });
  }

  async function run(): Promise<void> {
    busy++;
    await write(takeBatch());
    busy--;
    pump(true);
    if (busy === 0) idle?.();
  }

  /** Full batches go at once, as far as there are lanes; a smaller one goes when it is due and nothing is under way. */
  function pump(isDue: boolean): void {
    while (busy < lanes && queue.length > 0 && (queued >= maxItems || (isDue && busy === 0))) {
      clearTimeout(timer);
      timer = undefined;
      void run();
    }
  }

  return {
    accept(items) {
      if (closing)
        return Promise.reject(new AppError('UNAVAILABLE', 'Torv is stopping and takes no more uplinks.'));
      if (items.length === 0) return Promise.resolve(toReport([]));
      if (queued > 0 && queued + items.length > maxQueued) {
        return Promise.reject(
          new AppError('UNAVAILABLE', 'More uplinks wait for the database than Torv holds; send them again.'),
        );
      }
      return new Promise<IngestReport>((resolve, reject) => {
        queue.push({ items, resolve, reject });
        queued += items.length;
        pump(false);
        if (busy === 0) timer ??= setTimeout(() => pump(true), maxWaitMs);
      });
    },
    async close() {
      closing = true;
      for (const end of [...pauses]) end();
      pump(true);
      if (busy > 0) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}
