/**
 * Background work: a kind is registered with what it does; jobs of it are rows (`insertJob`) and are done by
 * whichever process holds the lease. A job survives a crash: it is run again from its last checkpoint. The work
 * itself must therefore be safe to repeat from there, and write its checkpoint in the transaction of its step.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '@torv/core/errors';
import { sayReason } from '@torv/core/reasons';
import type { Sql, Transaction } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import {
  endJob,
  ensureRecurringJob,
  type LeasedJob,
  leaseJob,
  releaseLeases,
  renewLease,
  returnJob,
  saveProgress,
} from './job-store.ts';

export { insertJob } from './job-store.ts';

export interface JobContext {
  readonly id: number;
  readonly organisationId: number | null;
  /** As given to `insertJob`; it was stored meanwhile: check its shape. */
  readonly payload: unknown;
  /** As last saved; null at the first start. */
  readonly checkpoint: unknown;
  readonly createdBy: number | null;
  /** Ends when the job is cancelled, the lease is lost or Torv stops. */
  readonly signal: AbortSignal;
  /** Says where the work is. @throws when it is to stop */
  progress(fraction: number, message?: string): Promise<void>;
  /**
   * Saves the checkpoint, in the transaction of the step it stands for.
   * @throws when it is to stop: the step is then rolled back
   */
  saveCheckpoint(tx: Transaction, value: unknown, fraction?: number, message?: string): Promise<void>;
}

/** @returns what is shown as the result */
export type JobRun = (context: JobContext) => Promise<unknown>;

export interface JobRunner {
  register(kind: string, run: JobRun): void;
  /** A kind that runs by itself again and again. */
  registerRecurring(kind: string, everyMs: number, run: JobRun): void;
  /** Begins to look for work. */
  start(): Promise<void>;
  /** There is something to do. */
  wake(): void;
  /** Resolves when nothing is left to do now; for commands and tests. */
  settle(): Promise<void>;
  /** Stops the work in hand; it goes on with the next start. */
  close(): Promise<void>;
}

export interface JobRunnerOptions {
  readonly sql: Sql;
  readonly log: Log;
  /** No other process works on this database. */
  readonly isAlone: boolean;
  readonly leaseMs?: number;
  readonly pollMs?: number;
  readonly maxAttempts?: number;
  /** Before the second try; doubled for each further one. */
  readonly retryMs?: number;
}

class JobStopped extends Error {}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { sql, log, leaseMs = 60_000, pollMs = 10_000, maxAttempts = 5, retryMs = 5_000 } = options;
  const owner = `${process.pid}-${randomUUID()}`;
  const kinds = new Map<string, JobRun>();
  const recurring = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let current: AbortController | undefined;

  async function perform(job: LeasedJob): Promise<void> {
    const run = kinds.get(job.kind);
    if (!run) return;
    if (job.attempts > maxAttempts) {
      await endJob(sql, owner, job.id, {
        state: 'failed',
        message: sayReason('job_silent', { n: maxAttempts }),
      });
      return;
    }
    const stop = new AbortController();
    current = stop;
    let isCancelled = false;
    const heed = (cancel: boolean | undefined): void => {
      if (cancel === true) isCancelled = true;
      if (cancel !== false) stop.abort();
      if (stop.signal.aborted) throw new JobStopped();
    };
    const heartbeat = setInterval(() => {
      renewLease(sql, owner, job.id, leaseMs).then(
        (cancel) => {
          if (cancel === true) isCancelled = true;
          if (cancel !== false) stop.abort();
        },
        // The database is away: the work itself will notice, and another process may take the job.
        () => undefined,
      );
    }, leaseMs / 3);
    try {
      const result = await run({
        id: job.id,
        organisationId: job.organisationId,
        payload: job.payload,
        checkpoint: job.checkpoint,
        createdBy: job.createdBy,
        signal: stop.signal,
        progress: async (progress, message) =>
          heed(await saveProgress(sql, owner, job.id, { progress, message })),
        saveCheckpoint: async (tx, checkpoint, progress, message) =>
          heed(await saveProgress(tx, owner, job.id, { checkpoint, progress, message })),
      });
      await endJob(sql, owner, job.id, { state: 'done', result });
    } catch (error) {
      if (isCancelled)
        await endJob(sql, owner, job.id, { state: 'cancelled', message: sayReason('job_stopped') });
      else if (stop.signal.aborted) await returnJob(sql, owner, job.id, { delayMs: 0, countsTry: false });
      else await noteFailure(job, error);
    } finally {
      clearInterval(heartbeat);
      current = undefined;
    }
  }

  async function noteFailure(job: LeasedJob, error: unknown): Promise<void> {
    const message = (error instanceof AppError ? error.detail : String((error as Error).message)).slice(
      0,
      500,
    );
    const isHopeless = error instanceof AppError && error.kind !== 'unavailable' && error.kind !== 'bug';
    log.warn({ err: error, job: job.id, kind: job.kind, attempt: job.attempts }, 'A job failed');
    if (isHopeless || job.attempts >= maxAttempts)
      await endJob(sql, owner, job.id, { state: 'failed', message });
    else {
      await returnJob(sql, owner, job.id, {
        delayMs: retryMs * 2 ** (job.attempts - 1),
        message: sayReason('job_tried', { n: job.attempts, why: message }),
        countsTry: true,
      });
    }
  }

  async function workOff(): Promise<void> {
    do {
      again = false;
      try {
        for (const [kind, everyMs] of recurring) await ensureRecurringJob(sql, kind, everyMs);
        for (;;) {
          const job = closed ? undefined : await leaseJob(sql, owner, [...kinds.keys()], leaseMs);
          if (!job) break;
          await perform(job);
        }
      } catch (error) {
        log.warn({ err: error }, 'Background work cannot be looked for now');
      }
    } while (again && !closed);
    working = undefined;
  }

  function wake(): void {
    if (closed) return;
    again = true;
    working ??= workOff();
  }

  return {
    register(kind, run) {
      kinds.set(kind, run);
    },
    registerRecurring(kind, everyMs, run) {
      kinds.set(kind, run);
      recurring.set(kind, everyMs);
    },
    async start() {
      if (options.isAlone) await releaseLeases(sql, [...kinds.keys()]);
      timer = setInterval(wake, pollMs);
      timer.unref();
      wake();
    },
    wake,
    async settle() {
      wake();
      while (working) await working;
    },
    async close() {
      closed = true;
      clearInterval(timer);
      current?.abort();
      await working;
    },
  };
}
