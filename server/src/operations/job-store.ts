/**
 * SQL of background work. A job is a row: whoever holds its lease does it, and only the holder may write what came
 * of it. All times are the database's, so that processes on several machines agree.
 */
import { type Actor, readable } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';

export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface Job {
  readonly id: number;
  readonly organisationId: number | null;
  readonly kind: string;
  readonly state: JobState;
  /** 0..1 */
  readonly progress: number;
  readonly message: string | null;
  readonly cancelRequested: boolean;
  readonly result: unknown;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

export interface LeasedJob {
  readonly id: number;
  readonly organisationId: number | null;
  readonly kind: string;
  readonly payload: unknown;
  readonly checkpoint: unknown;
  readonly attempts: number;
  readonly createdBy: number | null;
}

const columns = (sql: Sql | Transaction) => sql`
  j.id, j.organisation_id AS "organisationId", j.kind, j.state, j.progress, j.message, j.cancel_requested AS "cancelRequested",
  j.result, j.created_at AS "createdAt", j.finished_at AS "finishedAt"`;

/** In the caller's transaction, so that the work is there exactly when what asked for it is. */
export async function insertJob(
  tx: Sql | Transaction,
  job: {
    readonly organisationId: number | null;
    readonly kind: string;
    readonly payload: unknown;
    readonly createdBy?: number | null;
  },
): Promise<number> {
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO jobs (organisation_id, kind, payload, created_by)
    VALUES (${job.organisationId}, ${job.kind}, ${JSON.stringify(job.payload)}::text::jsonb, ${job.createdBy ?? null}) RETURNING id`;
  return (row as { id: number }).id;
}

/** Newest first. */
export async function findJobs(sql: Sql | Transaction, actor: Actor, organisationId: number): Promise<Job[]> {
  return sql<Job[]>`
    SELECT ${columns(sql)} FROM jobs j WHERE j.organisation_id = ${organisationId} AND ${readable(sql, actor, 'j', 'members')}
    ORDER BY j.id DESC LIMIT 200`;
}

export async function findJob(sql: Sql | Transaction, actor: Actor, id: number): Promise<Job | undefined> {
  const [row] = await sql<
    Job[]
  >`SELECT ${columns(sql)} FROM jobs j WHERE j.id = ${id} AND ${readable(sql, actor, 'j', 'members')}`;
  return row;
}

/** The next job that nobody works on: one that waits, or one whose holder has not been heard for its whole lease. */
export async function leaseJob(
  sql: Sql,
  owner: string,
  kinds: readonly string[],
  leaseMs: number,
): Promise<LeasedJob | undefined> {
  const [row] = await sql<LeasedJob[]>`
    UPDATE jobs SET state = 'running', lease_owner = ${owner}, lease_until = now() + ${leaseMs} * interval '1 millisecond',
      attempts = attempts + 1
    WHERE id = (
      SELECT id FROM jobs
      WHERE kind = ANY(${kinds as string[]}::text[])
        AND ((state = 'waiting' AND run_after <= now()) OR (state = 'running' AND lease_until < now()))
      ORDER BY run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organisation_id AS "organisationId", kind, payload, checkpoint, attempts, created_by AS "createdBy"`;
  return row;
}

/** @returns whether somebody asked to stop; undefined when the lease is lost */
export async function renewLease(
  sql: Sql,
  owner: string,
  id: number,
  leaseMs: number,
): Promise<boolean | undefined> {
  const [row] = await sql<{ cancel: boolean }[]>`
    UPDATE jobs SET lease_until = now() + ${leaseMs} * interval '1 millisecond'
    WHERE id = ${id} AND lease_owner = ${owner} AND state = 'running' RETURNING cancel_requested AS cancel`;
  return row?.cancel;
}

/** Where the job is. With a checkpoint it counts as going on: tries are counted from there. */
export async function saveProgress(
  sql: Sql | Transaction,
  owner: string,
  id: number,
  at: {
    readonly progress?: number | undefined;
    readonly message?: string | undefined;
    readonly checkpoint?: unknown;
  },
): Promise<boolean | undefined> {
  const checkpoint = at.checkpoint === undefined ? null : JSON.stringify(at.checkpoint);
  const [row] = await sql<{ cancel: boolean }[]>`
    UPDATE jobs SET progress = coalesce(${at.progress ?? null}::real, progress), message = coalesce(${at.message ?? null}, message),
      checkpoint = coalesce(${checkpoint}::text::jsonb, checkpoint),
      attempts = CASE WHEN ${checkpoint}::text IS NULL THEN attempts ELSE 1 END
    WHERE id = ${id} AND lease_owner = ${owner} AND state = 'running' RETURNING cancel_requested AS cancel`;
  return row?.cancel;
}

export async function endJob(
  sql: Sql,
  owner: string,
  id: number,
  end: {
    readonly state: 'done' | 'failed' | 'cancelled';
    readonly message?: string | null;
    readonly result?: unknown;
  },
): Promise<void> {
  await sql`
    UPDATE jobs SET state = ${end.state}, message = coalesce(${end.message ?? null}, message), finished_at = now(),
      progress = CASE WHEN ${end.state} = 'done' THEN 1 ELSE progress END,
      result = ${end.result === undefined ? null : JSON.stringify(end.result)}::text::jsonb, lease_owner = NULL, lease_until = NULL
    WHERE id = ${id} AND lease_owner = ${owner}`;
}

/** Gives a job back: to be tried again later, or because this process stops (then the try does not count). */
export async function returnJob(
  sql: Sql,
  owner: string,
  id: number,
  after: { readonly delayMs: number; readonly message?: string; readonly countsTry: boolean },
): Promise<void> {
  await sql`
    UPDATE jobs SET state = 'waiting', run_after = now() + ${after.delayMs} * interval '1 millisecond', lease_owner = NULL,
      lease_until = NULL, message = coalesce(${after.message ?? null}, message), attempts = attempts - ${after.countsTry ? 0 : 1}
    WHERE id = ${id} AND lease_owner = ${owner}`;
}

/** Where this process is the only one (embedded database), leases that are there belong to a process that died. */
export async function releaseLeases(sql: Sql, kinds: readonly string[]): Promise<void> {
  await sql`
    UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running' AND kind = ANY(${kinds as string[]}::text[])`;
}

/** A waiting job is cancelled at once, a running one at its next step. @returns whether there was anything to stop */
export async function requestCancel(sql: Sql | Transaction, id: number): Promise<boolean> {
  const rows = await sql`
    UPDATE jobs SET cancel_requested = TRUE,
      state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END,
      finished_at = CASE WHEN state = 'waiting' THEN now() ELSE finished_at END
    WHERE id = ${id} AND state IN ('waiting', 'running')`;
  return rows.count > 0;
}

/** Makes a job of this kind unless one is open or was made within `everyMs`: several processes make one. */
export async function ensureRecurringJob(sql: Sql, kind: string, everyMs: number): Promise<void> {
  await sql`
    INSERT INTO jobs (kind, payload) SELECT ${kind}, '{}'
    WHERE NOT EXISTS (SELECT FROM jobs WHERE kind = ${kind}
      AND (state IN ('waiting', 'running') OR created_at > now() - ${everyMs} * interval '1 millisecond'))`;
}
