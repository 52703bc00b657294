/**
 * Gathers uplinks into batches by time or size and tells each giver when its uplinks are committed.
 * A batch that the data spoil is halved until the culprit stands alone; it is kept as rejected and blocks
 * nobody. While the database is away the stream waits: nothing is dropped, nothing is acknowledged.
 */
import { AppError } from '@torv/core/errors';
import type { Sql } from '../db/database.ts';
import { insertRejectedMessage } from './store.ts';
import { type IngestDeps, type IngestItem, type IngestReport, ingestBatch } from './uplink.ts';

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
  readonly log: { warn(fields: object, text: string): void };
}

interface Waiting {
  readonly items: readonly IngestItem[];
  readonly resolve: (report: IngestReport) => void;
  readonly reject: (error: unknown) => void;
}

const NOTHING: IngestReport = { frames: 0, copies: 0, rejected: 0, waiting: 0, readings: 0 };

export function addReports(a: IngestReport, b: IngestReport): IngestReport {
  return {
    frames: a.frames + b.frames,
    copies: a.copies + b.copies,
    rejected: a.rejected + b.rejected,
    waiting: a.waiting + b.waiting,
    readings: a.readings + b.readings,
  };
}

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

async function keepCulprit(sql: Sql, item: IngestItem, error: unknown): Promise<IngestReport> {
  const reason =
    error instanceof AppError
      ? error.detail
      : `This frame cannot be stored: ${String((error as Error).message)}`;
  await insertRejectedMessage(sql, {
    organisationId: item.organisationId,
    sourceId: item.sourceId,
    arrivedAt: item.arrivedAt,
    reason: reason.slice(0, 300),
    at: null,
    body: Buffer.from(item.message ?? JSON.stringify(item.uplink)),
  });
  return { ...NOTHING, rejected: 1 };
}

/** Writes a batch whatever is in it: on a data error each half on its own. */
export async function ingestOrBisect(deps: IngestDeps, items: readonly IngestItem[]): Promise<IngestReport> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ingestBatch(deps, items);
    } catch (error) {
      if (isCollision(error) && attempt < 5) continue;
      if (!isDataError(error)) throw error;
      if (items.length === 1) return keepCulprit(deps.sql, items[0] as IngestItem, error);
      const half = Math.ceil(items.length / 2);
      const left = await ingestOrBisect(deps, items.slice(0, half));
      return addReports(left, await ingestOrBisect(deps, items.slice(half)));
    }
  }
}

export function createBatcher(deps: IngestDeps, options: BatcherOptions): Batcher {
  const maxItems = options.maxItems ?? 1000;
  const maxWaitMs = options.maxWaitMs ?? 40;
  const queue: Waiting[] = [];
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let closing = false;
  let idle: (() => void) | undefined;

  function takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let size = 0;
    while (queue.length > 0 && (size === 0 || size + (queue[0] as Waiting).items.length <= maxItems)) {
      const next = queue.shift() as Waiting;
      size += next.items.length;
      batch.push(next);
    }
    queued -= size;
    return batch;
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    const items = batch.flatMap((waiting) => waiting.items);
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        const report = await ingestOrBisect(deps, items);
        // One giver alone gets its own figures; several share a batch and each is told the batch's.
        for (const waiting of batch) waiting.resolve(report);
        return;
      } catch (error) {
        if (closing) {
          for (const waiting of batch) waiting.reject(error);
          return;
        }
        options.log.warn(
          { err: error, uplinks: items.length, pauseMs },
          'The database does not take uplinks; waiting to try again',
        );
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async function run(): Promise<void> {
    if (working) return;
    working = true;
    clearTimeout(timer);
    timer = undefined;
    while (queue.length > 0) await write(takeBatch());
    working = false;
    idle?.();
  }

  return {
    accept(items) {
      if (closing)
        return Promise.reject(new AppError('UNAVAILABLE', 'Torv is stopping and takes no more uplinks.'));
      if (items.length === 0) return Promise.resolve(NOTHING);
      return new Promise<IngestReport>((resolve, reject) => {
        queue.push({ items, resolve, reject });
        queued += items.length;
        if (working) return;
        if (queued >= maxItems) void run();
        else timer ??= setTimeout(() => void run(), maxWaitMs);
      });
    },
    async close() {
      closing = true;
      void run();
      if (working) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}
