/**
 * Create by PUBLISH (req/create-observations-via-mqtt/observations-creation): what createEntity does, told in the
 * promise. Observations that name what exists are kept together, so that many at once are few transactions; everything
 * else is written by itself. One that is refused takes no other with it. Knows no broker.
 */
import { AppError } from '@torv/core/errors';
import { parsePath } from '@torv/core/odata/path';
import { type Draft, parseDraft } from '@torv/core/sta/draft';
import { type EntityKey, findLink } from '@torv/core/sta/model';
import type { Version } from '@torv/core/sta/version';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import { adopt } from './change-store.ts';
import { TABLES } from './columns.ts';
import { insertTrees } from './insert-store.ts';
import { createEntity, inTransaction } from './write.ts';
import { type Change, createWriter, getLinkTarget, type Named, toWritable } from './writer-store.ts';

export interface Publication {
  readonly actor: Actor;
  /** What stands behind the version in the topic. */
  readonly path: string;
  /** JSON */
  readonly body: string;
  /** RFC 3339 */
  readonly now: string;
}

export interface PublisherOptions {
  readonly sql: Sql;
  readonly version: Version;
  /** Told after the commit. */
  readonly announce: (changes: readonly Change[]) => void;
}

/** An Observation all of whose links are ids. */
interface Simple {
  readonly draft: Draft;
  /** The link that the topic gives. */
  readonly given: { readonly key: string; readonly id: string } | undefined;
  /** `entity:id` of everything that it names. */
  readonly names: readonly { readonly entity: EntityKey; readonly id: string }[];
  readonly start: string;
}

interface Waiting extends Simple {
  readonly now: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Of one organisation: its groups are written one after the other, and the next gathers meanwhile. */
interface Lane {
  readonly actor: Actor;
  readonly organisationId: number;
  waiting: Waiting[];
}

const MAX_GROUP = 1_000;

/** @returns undefined for everything that is more than an Observation of what exists */
function findSimple(version: Version, { path: text, body, now }: Publication): Simple | undefined {
  if (text.includes('?')) {
    throw new AppError('BAD_PATH', 'A topic to publish to has no options.', {
      at: 'topic',
      hint: 'Publish to Datastreams(1)/Observations.',
    });
  }
  const path = parsePath(version, text);
  const [first, second] = path.steps;
  const set = second ?? first;
  if (path.kind !== 'set' || path.form !== 'full' || path.steps.length > 2) return undefined;
  if (set?.entity !== 'observation') return undefined;
  const key =
    second?.link === undefined || first === undefined ? undefined : findLink(first.entity, second.link);
  const id = second === undefined ? undefined : first?.id;
  const given = key === undefined || id === undefined ? undefined : { key: key.inverse, id };
  const draft = parseDraft(version, 'observation', body, 'create', given);
  const names: { entity: EntityKey; id: string }[] = [];
  if (given !== undefined) names.push({ entity: getLinkTarget('observation', given.key), id: given.id });
  for (const [link, targets] of draft.links) {
    for (const target of targets) {
      if (target.kind !== 'reference') return undefined;
      names.push({ entity: getLinkTarget('observation', link), id: target.id });
    }
  }
  const time = draft.values.get('phenomenonTime') ?? { text: now };
  const values = new Map([...draft.values, ['phenomenonTime', time] as const]);
  return { draft: { ...draft, values }, given, names, start: time.text?.split('/')[0] ?? now };
}

/** Everything that a group names, looked up at once and in one order: it stays until the end of the transaction. */
async function findNamed(
  tx: Transaction,
  actor: Actor,
  group: readonly Simple[],
): Promise<ReadonlyMap<string, Named>> {
  const found = new Map<string, Named>();
  for (const entity of ['datastream', 'feature'] as const) {
    const ids = group.flatMap(({ names }) =>
      names.flatMap((name) => (name.entity === entity ? [name.id] : [])),
    );
    if (ids.length === 0) continue;
    const rows = await tx<Named[]>`
      SELECT t.id, t.visibility = 'public' AS "isPublic" FROM ${tx(TABLES[entity].table)} t
      WHERE t.id = ANY(${[...new Set(ids)]}::bigint[]) AND ${toWritable(tx, actor, entity, 't')}
      ORDER BY t.id FOR KEY SHARE OF t`;
    for (const row of rows) found.set(`${entity}:${row.id}`, row);
  }
  return found;
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

function toMissing(): AppError {
  return new AppError(
    'NOT_FOUND',
    'There is no such Datastream or FeatureOfInterest that you may write to.',
    {
      at: 'topic',
    },
  );
}

/** Whether one of the group may be at fault, rather than the database or everybody. */
function isOfOne(error: unknown): boolean {
  if (error instanceof AppError) return !['unavailable', 'bug'].includes(error.kind);
  // data exceptions and what the constraints refuse
  return error instanceof Error && 'code' in error && /^2[23]...$/.test(String(error.code));
}

export function createPublisher({ sql, version, announce }: PublisherOptions) {
  const lanes = new Map<number, Lane>();

  async function insertGroup(lane: Lane, group: readonly Waiting[]): Promise<readonly Outcome[]> {
    await ensurePartitions(
      sql,
      'observations',
      group.map(({ start }) => start),
    );
    const { outcomes, changes } = await inTransaction(sql, async (tx) => {
      const named = await findNamed(tx, lane.actor, group);
      const has = ({ names }: Simple) => names.every(({ entity, id }) => named.has(`${entity}:${id}`));
      const good = group.filter(has);
      // its moment stands in each draft
      const writer = await createWriter(tx, lane.actor, lane.organisationId, group[0]?.now ?? '');
      for (const [key, row] of named) writer.known.set(key, row);
      const trees = good.map(({ draft, given }) => {
        const parent = given && named.get(`${getLinkTarget('observation', given.key)}:${given.id}`);
        return { draft, given: new Map(given && parent ? [[given.key, parent.id] as const] : []) };
      });
      await insertTrees(writer, trees, adopt);
      const outcomes = group.map(
        (one): Outcome => (has(one) ? { ok: true } : { ok: false, error: toMissing() }),
      );
      return { outcomes, changes: writer.changes };
    });
    announce(changes);
    return outcomes;
  }

  /** A group that one of them spoils is halved until that one stands alone. */
  async function keep(lane: Lane, group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await insertGroup(lane, group);
      for (const [i, one] of group.entries()) {
        const outcome = outcomes[i];
        if (outcome?.ok === true) one.resolve();
        else one.reject(outcome?.error);
      }
    } catch (error) {
      if (group.length === 1 || !isOfOne(error)) {
        for (const one of group) one.reject(error);
        return;
      }
      const half = group.length >> 1;
      await keep(lane, group.slice(0, half));
      await keep(lane, group.slice(half));
    }
  }

  async function run(lane: Lane): Promise<void> {
    // all that comes in one turn of the event loop is one group
    await new Promise((resolve) => setImmediate(resolve));
    while (lane.waiting.length > 0) {
      const group = lane.waiting.splice(0, MAX_GROUP);
      await keep(lane, group);
    }
    lanes.delete(lane.organisationId);
  }

  /** Resolves when committed. @throws AppError where it is refused */
  return async (publication: Publication): Promise<void> => {
    const { actor, now } = publication;
    const [organisationId, ...more] = organisationsOf(actor, 'editor') ?? [];
    if (organisationId === undefined) throw new AppError('FORBIDDEN', 'The key lacks the scope "write".');
    const simple = findSimple(version, publication);
    if (simple === undefined || more.length > 0) {
      announce((await createEntity({ sql, version, ...publication })).changes);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const there = lanes.get(organisationId);
      const lane = there ?? { actor, organisationId, waiting: [] };
      lane.waiting.push({ ...simple, now, resolve, reject });
      if (there !== undefined) return;
      lanes.set(organisationId, lane);
      void run(lane);
    });
  };
}
