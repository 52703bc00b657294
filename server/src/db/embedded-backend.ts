/**
 * The life of the embedded database's thread: started, given one unit of work at a time, ended and started anew
 * when a statement passes its deadline or the module breaks; on a full disk as soon as there is room again.
 * It knows nothing of clients and transactions.
 */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AppError } from '@torv/core/errors';
import { toWorkerUrl } from '../worker-url.ts';
import type { Log } from './log.ts';
import type { TransactionState } from './protocol.ts';

export type ToWorker =
  | { readonly kind: 'open'; readonly folder: string }
  | { readonly kind: 'execute'; readonly bytes: Uint8Array }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'opened'; readonly version: string; readonly versionNumber: number }
  | { readonly kind: 'rows'; readonly bytes: Uint8Array }
  | { readonly kind: 'executed'; readonly state: TransactionState | undefined }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'closed' };

/** `lost`: the thread is gone and with it the open transaction; a new one has been started. */
export type Executed =
  | { readonly kind: 'executed'; readonly state: TransactionState | undefined }
  | { readonly kind: 'lost'; readonly reason: 'deadline' | 'crash' };

export interface Unit {
  readonly bytes: Uint8Array;
  /** Told everything but ReadyForQuery, which is the outcome's `state`. */
  readonly onRows: (bytes: Uint8Array) => void;
  readonly deadlineMs: number | undefined;
}

export interface Backend {
  readonly version: string;
  readonly versionNumber: number;
  /** One at a time: the caller waits for the answer before it asks again. Rejects when no new thread can start. */
  execute(unit: Unit): Promise<Executed>;
  /** What waits for room on the disk waits no longer: its `execute` rejects. */
  giveUp(): void;
  close(): Promise<void>;
}

/** A start recovers from the log first; after this long something is wrong that waiting does not cure. */
const OPEN_MS = 120_000;
const CLOSE_MS = 30_000;
/** A start writes its log on: a segment of 16 MiB, and a little beside. */
const START_BYTES = 20 * 1024 * 1024;
const LOOK_FOR_ROOM_MS = 1_000;

interface Thread {
  readonly worker: Worker;
  readonly version: string;
  readonly versionNumber: number;
}

/** @throws AppError UNAVAILABLE when it cannot be opened, or has no room to */
export async function openBackend(folder: string, log: Log): Promise<Backend> {
  if (await isDiskFull(folder)) throw toDiskFull(folder);
  let thread = await startThread(folder);
  let gaveUp = false;

  async function replace(reason: string): Promise<void> {
    log.warn({ reason }, 'The embedded database is started anew');
    await thread.worker.terminate();
    const startedMs = performance.now();
    if (await isDiskFull(folder)) {
      log.error({ folder }, 'The disk is full: the embedded database waits until there is room');
      while (await isDiskFull(folder)) {
        if (gaveUp) throw toDiskFull(folder);
        await sleep(LOOK_FOR_ROOM_MS);
      }
    }
    thread = await startThread(folder);
    log.info({ ms: Math.round(performance.now() - startedMs) }, 'The embedded database is back');
  }

  return {
    version: thread.version,
    versionNumber: thread.versionNumber,
    async execute(unit) {
      const outcome = await runUnit(thread.worker, unit);
      if (outcome.kind === 'executed') return outcome;
      await replace(outcome.detail);
      return { kind: 'lost', reason: outcome.reason };
    },
    giveUp() {
      gaveUp = true;
    },
    async close() {
      // Ended without a successor (no room, or it could not be opened again): it would never answer.
      if (hasEnded(thread.worker)) return;
      const closed = waitFor(thread.worker, 'closed', CLOSE_MS);
      post(thread.worker, { kind: 'close' });
      await closed.catch((error: unknown) =>
        log.warn({ error: String(error) }, 'The embedded database did not stop by itself'),
      );
      await thread.worker.terminate();
    },
  };
}

function hasEnded(worker: Worker): boolean {
  return worker.threadId === -1;
}

/** A start that finds no room for its log ends half-way, or hangs. */
async function isDiskFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(dirname(folder));
  return bavail * bsize < START_BYTES;
}

export function toDiskFull(folder: string): AppError {
  return new AppError('UNAVAILABLE', `The disk of ${folder} is full.`, {
    hint: `Make room: the embedded database needs ${START_BYTES / 1024 ** 2} MiB to start.`,
  });
}

type Outcome =
  | { readonly kind: 'executed'; readonly state: TransactionState | undefined }
  | { readonly kind: 'lost'; readonly reason: 'deadline' | 'crash'; readonly detail: string };

function runUnit(worker: Worker, unit: Unit): Promise<Outcome> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      resolve(outcome);
    };
    const onMessage = (message: FromWorker): void => {
      if (message.kind === 'rows') unit.onRows(message.bytes);
      else if (message.kind === 'executed') settle(message);
      else if (message.kind === 'failed') settle({ kind: 'lost', reason: 'crash', detail: message.reason });
    };
    const onError = (error: Error): void =>
      settle({ kind: 'lost', reason: 'crash', detail: String(error.stack) });
    const onExit = (code: number): void =>
      settle({ kind: 'lost', reason: 'crash', detail: `the thread ended with ${code}` });
    const timer =
      unit.deadlineMs === undefined
        ? undefined
        : setTimeout(
            () =>
              settle({ kind: 'lost', reason: 'deadline', detail: `no answer after ${unit.deadlineMs} ms` }),
            unit.deadlineMs,
          );
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    post(worker, { kind: 'execute', bytes: unit.bytes });
  });
}

async function startThread(folder: string): Promise<Thread> {
  const worker = new Worker(toWorkerUrl('embedded-worker'), { name: 'embedded-database' });
  const opened = waitFor(worker, 'opened', OPEN_MS);
  post(worker, { kind: 'open', folder });
  try {
    const { version, versionNumber } = await opened;
    return { worker, version, versionNumber };
  } catch (cause) {
    await worker.terminate();
    throw new AppError('UNAVAILABLE', `The embedded database in ${folder} cannot be opened.`, {
      hint: 'Restore the data folder from a backup, or start with an empty one.',
      cause,
    });
  }
}

function waitFor<K extends FromWorker['kind']>(
  worker: Worker,
  kind: K,
  limitMs: number,
): Promise<Extract<FromWorker, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      finish();
    };
    const onMessage = (message: FromWorker): void => {
      if (message.kind === kind) settle(() => resolve(message as Extract<FromWorker, { kind: K }>));
      else if (message.kind === 'failed') settle(() => reject(new Error(message.reason)));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void =>
      settle(() => reject(new Error(`The thread ended with ${code} before it was ${kind}`)));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`Not ${kind} after ${limitMs} ms`))),
      limitMs,
    );
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
  });
}

/** The bytes are copied by the structured clone: they are a view of what the client sent. */
function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
