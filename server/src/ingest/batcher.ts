/**
 * Gathers uplinks into batches by time or size and tells each giver when its uplinks are committed.
 * A batch that the data spoil is halved until the culprit stands alone; it is kept as rejected and blocks
 * nobody. While the database is away the stream waits: nothing is dropped, nothing is acknowledged.
 */
import { AppError } from '@torv/core/errors';
import type { Sql } from '../db/database.ts';
import { insertRejectedMessage } from './store.ts';
import {
  commitBatch,
  type IngestDeps,
  type IngestItem,
  type IngestReport,
  type ItemOutcome,
  type PreparedBatch,
  prepareBatch,
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
  /** Undefined when preparing failed: the batch is then prepared again piece by piece. */
  readonly prepared: Promise<PreparedBatch | undefined>;
}

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
 * @param prepared of the whole batch, where there is one
 */
export async function ingestOrBisect(
  deps: IngestDeps,
  items: readonly IngestItem[],
  prepared?: PreparedBatch,
): Promise<ItemOutcome[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const batch = prepared ?? (await prepareBatch(deps, items));
      prepared = undefined;
      return await commitBatch(deps, batch);
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
  const queue: Waiting[] = [];
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let closing = false;
  let idle: (() => void) | undefined;
  let hurry: (() => void) | undefined;
  let ahead: Batch | undefined;

  function takeBatch(): Batch | undefined {
    if (queue.length === 0) return undefined;
    const givers: Waiting[] = [];
    let size = 0;
    while (queue.length > 0 && (size === 0 || size + (queue[0] as Waiting).items.length <= maxItems)) {
      const next = queue.shift() as Waiting;
      size += next.items.length;
      givers.push(next);
    }
    queued -= size;
    const items = givers.flatMap((giver) => giver.items);
    return { givers, items, prepared: prepareBatch(deps, items).catch(() => undefined) };
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
    let prepared = await batch.prepared;
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        tell(batch, await ingestOrBisect(deps, batch.items, prepared));
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
        prepared = undefined;
        await pause(pauseMs);
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waited = setTimeout(resolve, ms);
      hurry = () => {
        clearTimeout(waited);
        resolve();
      };
    });
  }

  /** A full batch is decoded while another is committed; a small one waits for company meanwhile. */
  function prefetch(): void {
    if (ahead === undefined && queued >= maxItems) ahead = takeBatch();
  }

  function takeNext(): Batch | undefined {
    const next = ahead ?? takeBatch();
    ahead = undefined;
    return next;
  }

  async function run(): Promise<void> {
    if (working) return;
    working = true;
    clearTimeout(timer);
    timer = undefined;
    for (let batch = takeBatch(); batch !== undefined; batch = takeNext()) {
      await batch.prepared;
      prefetch();
      await write(batch);
    }
    working = false;
    idle?.();
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
        if (working) prefetch();
        else if (queued >= maxItems) void run();
        else timer ??= setTimeout(() => void run(), maxWaitMs);
      });
    },
    async close() {
      closing = true;
      hurry?.();
      void run();
      if (working) await new Promise<void>((resolve) => (idle = resolve));
    },
  };
}
