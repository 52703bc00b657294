/**
 * One POST, PATCH, PUT or DELETE of a resource path: parse, check, write in one transaction, say what was done. All
 * or nothing; what cannot be found, is not related or may not be changed is the same NOT_FOUND. Knows no HTTP, so
 * that MQTT can create in the same way.
 */
import { AppError } from '@torv/core/errors';
import { type PathStep, parsePath, type ResourcePath } from '@torv/core/odata/path';
import { type Draft, type DraftMode, parseDraft, walkDrafts } from '@torv/core/sta/draft';
import { type EntityKey, findLink } from '@torv/core/sta/model';
import type { Version } from '@torv/core/sta/version';
import { insertAudit } from '../access/audit-store.ts';
import type { Actor } from '../access/port.ts';
import type { Fragment, Sql, Transaction } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import { adopt, changeEntity } from './change-store.ts';
import { TABLES } from './columns.ts';
import { insertTree } from './insert-store.ts';
import type { Context } from './joins.ts';
import { removeEntity } from './remove-store.ts';
import { toPathConditions } from './to-sql.ts';
import {
  type Change,
  chooseOrganisation,
  createAliases,
  createWriter,
  toAuthor,
  toOrganisation,
  toSqlOf,
  toWritable,
} from './writer-store.ts';

export interface WriteRequest {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly version: Version;
  /** What stands behind the version in the address, percent-encoded. */
  readonly path: string;
  /** JSON */
  readonly body: string;
  /** RFC 3339 */
  readonly now: string;
  /** Of somebody who belongs to several: whose the new entity is. */
  readonly organisation?: number | undefined;
  /** Of If-Match: only this version is changed. */
  readonly ifMatch?: number | undefined;
}

export interface Written {
  readonly entity: EntityKey;
  readonly id: number;
  /** Everything that was done, in order. */
  readonly changes: readonly Change[];
}

const MAX_TRIES = 4;
/** Deadlock, and a row that moved to another month meanwhile. */
const TRY_AGAIN = new Set(['40P01', '40001']);

/** A transaction that meets another one is tried again; what the database refuses is said in words. */
export async function inTransaction<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return (await sql.begin(work)) as T;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (TRY_AGAIN.has(code)) {
        if (tries < MAX_TRIES) continue;
        throw new AppError('UNAVAILABLE', 'Others write to the same entities right now.', {
          hint: 'Try again in a moment.',
          cause: error,
        });
      }
      throw toRefusal(code, error);
    }
  }
}

function toRefusal(code: string, error: unknown): unknown {
  switch (code) {
    case '23503':
      return new AppError('IN_USE', 'Something else refers to this, so it cannot be deleted.', {
        cause: error,
      });
    case '23505':
      return new AppError('EXISTS', 'There is such an entity already.', { cause: error });
    case '23502':
    case '23514':
    case 'XX000':
      return new AppError('BAD_BODY', 'The database cannot keep this.', { at: 'body', cause: error });
    default:
      return error;
  }
}

function missing(): AppError {
  return new AppError('NOT_FOUND', 'There is no such entity that you may write to.', {
    at: 'path',
    hint: 'It must exist, be related as the path says, and belong to your organisation.',
  });
}

interface Found {
  readonly id: number;
  readonly organisationId: number;
  readonly version: number | null;
}

/** What is meant: to hang something on the row, to change it, to remove it. */
type Lock = 'name' | 'change' | 'remove';

function toLock(tx: Transaction, lock: Lock): Fragment {
  switch (lock) {
    case 'name':
      return tx`FOR KEY SHARE`;
    case 'change':
      return tx`FOR NO KEY UPDATE`;
    case 'remove':
      return tx`FOR UPDATE`;
  }
}

/** The row that steps lead to, locked, if the actor may change it. Observations are looked for in their month first. */
async function findRow(
  tx: Transaction,
  actor: Actor,
  steps: readonly PathStep[],
  now: string,
  lock: Lock,
): Promise<Found> {
  const last = steps.at(-1);
  if (last === undefined) throw missing();
  const { table, owner } = TABLES[last.entity];
  const byMonth = steps.some((step) => step.entity === 'observation' && step.id !== undefined);
  for (const options of byMonth ? [{ byMonth: true }, { byMonth: false }] : [{ byMonth: false }]) {
    const context: Context = { sql: toSqlOf(tx), actor, now, nextAlias: createAliases() };
    const row = context.nextAlias();
    const [found] = await tx<Found[]>`
      SELECT ${tx(`${row}.id`)} AS id, ${toOrganisation(tx, last.entity, row)} AS "organisationId",
             ${owner === 'itself' ? tx`${tx(`${row}.version`)}` : tx`NULL::int`} AS version
      FROM ${tx(table)} ${tx(row)}
      WHERE ${toPathConditions(context, steps, row, options)} AND (${toWritable(tx, actor, last.entity, row)}) IS TRUE
      ${toLock(tx, lock)} OF ${tx(row)}`;
    if (found !== undefined) return found;
  }
  throw missing();
}

function checkVersion(found: Found, ifMatch: number | undefined): void {
  if (ifMatch === undefined || found.version === null || found.version === ifMatch) return;
  throw new AppError('VERSION_CONFLICT', 'Somebody else changed this meanwhile.', {
    at: 'If-Match',
    hint: `Its version is ${found.version}.`,
  });
}

/** Months of a draft's Observations must be there before its transaction begins. */
async function makeMonths(sql: Sql, draft: Draft, now: string): Promise<void> {
  const times: string[] = [];
  for (const part of walkDrafts(draft)) {
    if (part.entity !== 'observation') continue;
    times.push(part.values.get('phenomenonTime')?.text?.split('/')[0] ?? now);
  }
  if (times.length > 0) await ensurePartitions(sql, 'observations', times);
}

function getLast(path: ResourcePath, kind: 'set' | 'entity', detail: string, hint: string): PathStep {
  const last = path.steps.at(-1);
  if (path.kind !== kind || path.form !== 'full' || last === undefined)
    throw new AppError('BAD_PATH', detail, { at: 'path', hint });
  return last;
}

/** Of two faults the one of the address is told: who may not write there learns nothing of what would be right. */
async function orMissing<T>(parse: () => T, check: () => unknown): Promise<T> {
  try {
    return parse();
  } catch (error) {
    await check();
    throw error;
  }
}

// What is done -----------------------------------------------------------------------------------------------

/** req/create-update-delete/create-entity: into a set, or into a set of another entity, to which it is then linked. */
export async function createEntity(request: WriteRequest): Promise<Written> {
  const { sql, actor, version, now } = request;
  const path = parsePath(version, request.path);
  const set = getLast(
    path,
    'set',
    'An entity is made in a set of entities.',
    'Send it to Things, or to Things(1)/Datastreams.',
  );
  const above = path.steps.slice(0, -1);
  const parentEntity = above.at(-1)?.entity;
  const link =
    set.link === undefined || parentEntity === undefined ? undefined : findLink(parentEntity, set.link);
  const given = link === undefined ? undefined : { key: link.inverse, id: above.at(-1)?.id };
  const draft = await orMissing(
    () => parseDraft(version, set.entity, request.body, 'create', given),
    () => (above.length > 0 ? inTransaction(sql, (tx) => findRow(tx, actor, above, now, 'name')) : undefined),
  );
  await makeMonths(sql, draft, now);
  return inTransaction(sql, async (tx) => {
    const parent = above.length > 0 ? await findRow(tx, actor, above, now, 'name') : undefined;
    const organisationId = await chooseOrganisation(tx, actor, draft, {
      organisation: request.organisation,
      parent: parent?.organisationId,
    });
    const writer = await createWriter(tx, actor, organisationId, now);
    const parents = new Map(
      given === undefined || parent === undefined ? [] : [[given.key, parent.id] as const],
    );
    const id = await insertTree(writer, draft, parents, adopt);
    await auditCreation(tx, actor, organisationId, draft.entity, id, writer.changes);
    return { entity: draft.entity, id, changes: writer.changes };
  });
}

/** Observations are too many to be audited one by one: they are their own record. */
async function auditCreation(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  entity: EntityKey,
  id: number,
  changes: readonly Change[],
): Promise<void> {
  if (entity === 'observation') return;
  const made = changes.filter((change) => change.kind === 'created' && change.entity !== 'observation');
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity,
    entityId: id,
    after: { by: toAuthor(actor), made: made.slice(0, 100).map((one) => `${one.entity} ${one.id}`) },
  });
}

/** @param mode merge: PATCH; replace: PUT */
export async function updateEntity(
  request: WriteRequest,
  mode: Exclude<DraftMode, 'create'>,
): Promise<Written> {
  const { sql, actor, version, now } = request;
  const path = parsePath(version, request.path);
  const last = getLast(path, 'entity', 'Only one entity can be changed.', 'Name it by its id: Things(1).');
  const draft = await orMissing(
    () => parseDraft(version, last.entity, request.body, mode),
    () =>
      inTransaction(sql, async (tx) =>
        checkVersion(await findRow(tx, actor, path.steps, now, 'change'), request.ifMatch),
      ),
  );
  if (draft.values.has('phenomenonTime') || mode === 'replace') await makeMonths(sql, draft, now);
  return inTransaction(sql, async (tx) => {
    const found = await findRow(tx, actor, path.steps, now, 'change');
    checkVersion(found, request.ifMatch);
    const writer = await createWriter(tx, actor, found.organisationId, now);
    await changeEntity(writer, mode === 'replace' ? withMoment(draft, now) : draft, found.id);
    return { entity: last.entity, id: found.id, changes: writer.changes };
  });
}

/** PUT without a phenomenonTime gives the one that a new Observation would get. */
function withMoment(draft: Draft, now: string): Draft {
  if (draft.entity !== 'observation' || draft.values.has('phenomenonTime')) return draft;
  return { ...draft, values: new Map([...draft.values, ['phenomenonTime', { text: now }]]) };
}

export async function deleteEntity(request: Omit<WriteRequest, 'body'>): Promise<Written> {
  const { sql, actor, version, now } = request;
  const path = parsePath(version, request.path);
  const last = getLast(
    path,
    'entity',
    'Only one entity can be deleted at a time.',
    'Name it by its id: Things(1).',
  );
  return inTransaction(sql, async (tx) => {
    const found = await findRow(tx, actor, path.steps, now, 'remove');
    checkVersion(found, request.ifMatch);
    const writer = await createWriter(tx, actor, found.organisationId, now);
    await removeEntity(writer, last.entity, found.id);
    return { entity: last.entity, id: found.id, changes: writer.changes };
  });
}
