/**
 * One write: whose it is, which rows it may name, and what it has changed so far. What somebody may not change is
 * not there for him (NOT_FOUND), whether it is another organisation's or nobody's; ObservedProperties of the system
 * organisation may be named by everybody and changed by nobody.
 */
import { AppError } from '@torv/core/errors';
import { type Draft, type Target, walkDrafts } from '@torv/core/sta/draft';
import { type EntityKey, MODEL } from '@torv/core/sta/model';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Change, Fragment, Sql, Transaction } from '../db/database.ts';
import { TABLES } from './columns.ts';

/** What a write did, in order, for those who are told after the commit. */
export type { Change } from '../db/database.ts';

export interface Writer {
  readonly tx: Transaction;
  readonly actor: Actor;
  readonly organisationId: number;
  readonly visibility: 'internal' | 'public';
  /** RFC 3339 */
  readonly now: string;
  readonly changes: Change[];
  /** What was looked up already: `entity:id`. */
  readonly known: Map<string, Named>;
}

export interface Named {
  readonly id: number;
  readonly isPublic: boolean;
}

/** Queries of columns.ts are written for a pool; a transaction runs them the same, which the driver's types do not say. */
export function toSqlOf(tx: Transaction): Sql {
  return tx as unknown as Sql;
}

export function getLinkTarget(entity: EntityKey, key: string): EntityKey {
  const link = MODEL[entity].links[key];
  if (link === undefined) throw new Error(`The model has no link ${entity}.${key}`);
  return link.to;
}

/** For the audit, which knows accounts and keys: somebody without either is said in words. */
export function toAuthor(actor: Actor): string {
  return actor.kind === 'open' ? 'anybody, through SensorThings' : 'SensorThings';
}

export function createAliases(): () => string {
  let aliases = 0;
  return () => `t${aliases++}`;
}

/** Rows of the organisations in which the actor may write; `row` is an alias. */
export function toWritable(tx: Transaction, actor: Actor, entity: EntityKey, row: string): Fragment {
  const organisations = organisationsOf(actor, 'editor');
  if (organisations === undefined) return tx`TRUE`;
  const list = tx`ANY(${organisations as number[]}::bigint[])`;
  const { owner } = TABLES[entity];
  if (owner === 'itself') return tx`${tx(`${row}.organisation_id`)} = ${list}`;
  return tx`EXISTS (SELECT FROM ${tx(owner.table)} w WHERE w.id = ${tx(`${row}.${owner.column}`)} AND w.organisation_id = ${list})`;
}

/** The organisation of a row. */
export function toOrganisation(tx: Transaction, entity: EntityKey, row: string): Fragment {
  const { owner } = TABLES[entity];
  if (owner === 'itself') return tx`${tx(`${row}.organisation_id`)}`;
  return tx`(SELECT w.organisation_id FROM ${tx(owner.table)} w WHERE w.id = ${tx(`${row}.${owner.column}`)})`;
}

function missing(at: string): never {
  throw new AppError('NOT_FOUND', 'There is no such entity that you may write to.', {
    at,
    hint: 'It must exist and belong to your organisation.',
  });
}

/** `where` narrows it further. */
async function findRow(
  writer: Writer,
  entity: EntityKey,
  id: string,
  where: Fragment,
): Promise<Named | undefined> {
  const { tx, organisationId } = writer;
  const { table, owner } = TABLES[entity];
  const isShared =
    entity === 'observedProperty'
      ? tx`OR t.organisation_id IN (SELECT o.id FROM organisations o WHERE o.kind = 'system')`
      : tx``;
  const visibility = owner === 'itself' ? tx`t.visibility = 'public'` : tx`FALSE`;
  const [row] = await tx<Named[]>`
    SELECT t.id, ${visibility} AS "isPublic" FROM ${tx(table)} t
    WHERE t.id = ${id}::bigint AND (${toOrganisation(tx, entity, 't')} = ${organisationId} ${isShared}) ${where}
    FOR KEY SHARE OF t`;
  return row;
}

/** An existing row that a body names; it stays until the end of the transaction. @throws AppError NOT_FOUND */
export async function getNamed(writer: Writer, entity: EntityKey, id: string, at: string): Promise<Named> {
  const key = `${entity}:${id}`;
  const there = writer.known.get(key);
  if (there !== undefined) return there;
  const row = await findRow(writer, entity, id, writer.tx``);
  if (row === undefined) return missing(at);
  writer.known.set(key, row);
  return row;
}

/**
 * The entity that a nested one is, by id and name: an id alone may come from another server, where it means
 * something else. What has no name (HistoricalLocations, Observations) is always new.
 */
export async function findNested(
  writer: Writer,
  target: Extract<Target, { kind: 'draft' }>,
): Promise<number | undefined> {
  const { draft, named } = target;
  const name = draft.values.get('name')?.text;
  if (named === undefined || name === undefined || name === null) return undefined;
  const row = await findRow(writer, draft.entity, named, writer.tx`AND t.name = ${name}`);
  return row?.id;
}

/** Of a new tree of entities: the organisation of the first existing row that it names. */
async function findOrganisationOfDraft(
  tx: Transaction,
  actor: Actor,
  draft: Draft,
): Promise<number | undefined> {
  for (const part of walkDrafts(draft)) {
    for (const [key, targets] of part.links) {
      const to = getLinkTarget(part.entity, key);
      for (const target of targets) {
        if (target.kind !== 'reference') continue;
        const [row] = await tx<{ id: number }[]>`
          SELECT ${toOrganisation(tx, to, 't')} AS id FROM ${tx(TABLES[to].table)} t
          WHERE t.id = ${target.id}::bigint AND ${toWritable(tx, actor, to, 't')}`;
        if (row !== undefined) return row.id;
      }
    }
  }
  return undefined;
}

export interface Asked {
  /** Named in the address: ?organisation=1 */
  readonly organisation: number | undefined;
  /** Of the entity that the new one is made in. */
  readonly parent: number | undefined;
}

/** To whom a new entity belongs. @throws AppError NOT_FOUND, FORBIDDEN, BAD_QUERY where it cannot be known */
export async function chooseOrganisation(
  tx: Transaction,
  actor: Actor,
  draft: Draft,
  asked: Asked,
): Promise<number> {
  const own = organisationsOf(actor, 'editor') ?? [];
  if (asked.organisation !== undefined && !own.includes(asked.organisation))
    throw new AppError('NOT_FOUND', 'There is no such organisation.', { at: 'organisation' });
  const [only] = own;
  if (only === undefined) throw new AppError('FORBIDDEN', 'This needs the role editor.');
  const chosen =
    asked.parent ??
    asked.organisation ??
    (own.length === 1 ? only : await findOrganisationOfDraft(tx, actor, draft));
  if (chosen === undefined) {
    throw new AppError('BAD_QUERY', 'You belong to several organisations: say whose this is.', {
      at: 'organisation',
      hint: `Add ?organisation= and one of: ${own.join(', ')}.`,
    });
  }
  return chosen;
}

export async function createWriter(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  now: string,
): Promise<Writer> {
  const [row] = await tx<{ kind: string }[]>`SELECT kind FROM organisations WHERE id = ${organisationId}`;
  return {
    tx,
    actor,
    organisationId,
    // everything of the open organisation is public; elsewhere people decide
    visibility: row?.kind === 'open' ? 'public' : 'internal',
    now,
    changes: [],
    known: new Map(),
  };
}
