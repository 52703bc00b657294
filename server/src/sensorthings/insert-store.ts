/**
 * A draft with all that is nested in it -> rows (req/create-update-delete/deep-insert): first what an entity needs,
 * then the entity, then what hangs on it; Observations of the whole tree in one insert at the end. Runs within the
 * caller's transaction, so that it is all or nothing. Generic over the model and columns.ts.
 */
import { AppError } from '@torv/core/errors';
import type { Draft, Target } from '@torv/core/sta/draft';
import { NOTHING } from '@torv/core/sta/draft-value';
import { type EntityKey, findLink, MODEL } from '@torv/core/sta/model';
import type { Fragment } from '../db/database.ts';
import {
  type Gathered,
  growObservedAreas,
  keepStatistics,
  type NewObservation,
  prepareObservations,
} from '../observations/observation-store.ts';
import { takeReadingNumbers } from '../observations/store.ts';
import { ensurePresentFeatures } from '../registry/feature-store.ts';
import { type Cell, getColumn, getLinkColumns, TABLES } from './columns.ts';
import { addHistoricalLocations, followHistoricalLocation, setLocations } from './moves-store.ts';
import { type Change, findNested, getNamed, toSqlOf, type Writer } from './writer-store.ts';

interface PendingObservation {
  readonly draft: Draft;
  readonly datastreamId: number;
  /** undefined: the present place of the Thing. */
  readonly featureId: number | undefined;
}

/** Ids of the one that a new entity belongs to, by link. */
type Parents = ReadonlyMap<string, number>;

const join = (parts: readonly Fragment[], sql: Writer['tx']): Fragment =>
  parts.reduce((left, right) => sql`${left}, ${right}`);

/** Columns of the given properties. */
export function toCells(writer: Writer, draft: Draft): Cell[] {
  const sql = toSqlOf(writer.tx);
  return [...draft.values].flatMap(([key, value]) => getColumn(draft.entity, key).store?.(sql, value) ?? []);
}

async function insertRow(writer: Writer, draft: Draft, parents: Parents): Promise<number> {
  const { tx, organisationId, visibility } = writer;
  const { entity } = draft;
  const { table, owner } = TABLES[entity];
  const cells = toCells(writer, draft);
  for (const [key, id] of parents) {
    const { way } = getLinkColumns(entity, key);
    if (way.kind === 'parent') cells.push([way.column, tx`${id}`]);
  }
  if (owner === 'itself')
    cells.push(['organisation_id', tx`${organisationId}`], ['visibility', tx`${visibility}`]);
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO ${tx(table)} (${tx(cells.map(([name]) => name))}) VALUES (${join(
      cells.map(([, value]) => value),
      tx,
    )}) RETURNING id`;
  const id = row?.id ?? 0;
  writer.changes.push({ kind: 'created', entity, id });
  writer.known.set(`${entity}:${id}`, { id, isPublic: visibility === 'public' });
  return id;
}

/**
 * Joins an entity with others through a link to many. A Thing's Locations are replaced, and remembered.
 * req/create-update-delete/update-entity: of other links it adds to what is there.
 */
export async function connect(
  writer: Writer,
  entity: EntityKey,
  id: number,
  key: string,
  others: readonly number[],
): Promise<void> {
  const { tx } = writer;
  if (others.length === 0) return;
  if (entity === 'thing' && key === 'locations') return setLocations(writer, id, others);
  if (entity === 'location' && key === 'things') {
    for (const thing of [...others].sort((a, b) => a - b)) await setLocations(writer, thing, [id]);
    return;
  }
  if (entity === 'historicalLocation') return addHistoricalLocations(writer, id, others);
  const { way } = getLinkColumns(entity, key);
  if (way.kind !== 'through') throw new Error(`${entity}.${key} is no link of many to many`);
  await tx`
    INSERT INTO ${tx(way.table)} (${tx(way.own)}, ${tx(way.other)})
    SELECT ${id}, n FROM unnest(${others as number[]}::bigint[]) n ON CONFLICT DO NOTHING`;
}

/** Gives an existing child to another parent. */
export type Adopt = (
  writer: Writer,
  child: EntityKey,
  target: Extract<Target, { kind: 'reference' }>,
  link: string,
  parent: number,
) => Promise<void>;

class Graph {
  readonly writer: Writer;
  readonly adopt: Adopt;
  readonly pending: PendingObservation[] = [];

  constructor(writer: Writer, adopt: Adopt) {
    this.writer = writer;
    this.adopt = adopt;
  }
}

async function resolve(graph: Graph, to: EntityKey, target: Target): Promise<number> {
  if (target.kind === 'reference') return (await getNamed(graph.writer, to, target.id, target.at)).id;
  return (await findNested(graph.writer, target)) ?? insertDraft(graph, target.draft, new Map());
}

/** @returns the id; of an Observation 0, because they are written together at the end */
async function insertDraft(graph: Graph, draft: Draft, given: Parents): Promise<number> {
  const { entity } = draft;
  const parents = new Map(given);
  for (const [key, targets] of draft.links) {
    const link = findLink(entity, key);
    const [target] = targets;
    if (link === undefined || link.many || target === undefined) continue;
    parents.set(key, await resolve(graph, link.to, target));
  }
  if (entity === 'observation') {
    graph.pending.push({
      draft,
      datastreamId: parents.get('datastream') ?? 0,
      featureId: parents.get('feature'),
    });
    return 0;
  }
  const id = await insertRow(graph.writer, draft, parents);
  for (const [key, link] of Object.entries(MODEL[entity].links)) {
    if (!link.many) continue;
    const targets = draft.links.get(key) ?? [];
    const { way } = getLinkColumns(entity, key);
    if (way.kind === 'children') {
      for (const target of targets) {
        const there = target.kind === 'draft' ? await findNested(graph.writer, target) : undefined;
        if (target.kind === 'reference') await graph.adopt(graph.writer, link.to, target, link.inverse, id);
        else if (there === undefined) await insertDraft(graph, target.draft, new Map([[link.inverse, id]]));
        else {
          const reference = { kind: 'reference', id: String(there), at: target.draft.at } as const;
          await graph.adopt(graph.writer, link.to, reference, link.inverse, id);
        }
      }
      continue;
    }
    const others: number[] = [];
    for (const target of targets) others.push(await resolve(graph, link.to, target));
    const parent = given.get(key);
    if (parent !== undefined) others.push(parent);
    await connect(graph.writer, entity, id, key, others);
  }
  if (entity === 'historicalLocation') await followHistoricalLocation(graph.writer, id);
  return id;
}

function toNewObservation(
  draft: Draft,
  datastreamId: number,
  featureId: number,
  now: string,
): NewObservation {
  const get = (key: string): string | null => (draft.values.get(key) ?? NOTHING).text;
  const [start = now, end = null] = (get('phenomenonTime') ?? now).split('/');
  const [validStart = null, validEnd = null] = get('validTime')?.split('/') ?? [];
  return {
    datastreamId,
    featureId,
    start,
    end,
    resultTime: get('resultTime'),
    validStart,
    validEnd,
    result: get('result') ?? 'null',
    parameters: get('parameters'),
    resultQuality: get('resultQuality'),
  };
}

async function flushObservations(graph: Graph): Promise<readonly number[]> {
  const { writer, pending } = graph;
  if (pending.length === 0) return [];
  const placeless = pending.filter((one) => one.featureId === undefined).map((one) => one.datastreamId);
  const { features: present, made } = await ensurePresentFeatures(writer.tx, [...new Set(placeless)]);
  for (const id of made) writer.changes.push({ kind: 'created', entity: 'feature', id });
  const rows = pending.map(({ draft, datastreamId, featureId }) => {
    const feature = featureId ?? present.get(datastreamId);
    if (feature === undefined) {
      throw new AppError(
        'BAD_BODY',
        'The Observation has no FeatureOfInterest, and its Thing has no Location.',
        {
          at: `${draft.at}/FeatureOfInterest`,
          hint: 'Name a FeatureOfInterest, or give the Thing a Location first.',
        },
      );
    }
    return toNewObservation(draft, datastreamId, feature, writer.now);
  });
  const gathered: Gathered = new Map();
  const numbers = await takeReadingNumbers(writer.tx, rows.length);
  const { ids, write } = prepareObservations(writer.tx, rows, numbers, gathered);
  await write();
  await keepStatistics(writer.tx, gathered);
  await growObservedAreas(writer.tx, toPairs(rows));
  for (const [i, row] of rows.entries()) writer.changes.push(toObservationChange(ids[i] ?? 0, row));
  return ids;
}

export function toObservationChange(
  id: number,
  { datastreamId, start }: Pick<NewObservation, 'datastreamId' | 'start'>,
): Change {
  return { kind: 'created', entity: 'observation', id, reading: { datastreamId, phenomenonTime: start } };
}

/** Each Datastream with each of its features, once. */
export function toPairs(
  rows: readonly { readonly datastreamId: number; readonly featureId: number }[],
): (readonly [number, number])[] {
  const pairs = new Map<number, Set<number>>();
  for (const { datastreamId, featureId } of rows) {
    const features = pairs.get(datastreamId);
    if (features === undefined) pairs.set(datastreamId, new Set([featureId]));
    else features.add(featureId);
  }
  return [...pairs].flatMap(([datastream, features]) =>
    [...features].map((feature): [number, number] => [datastream, feature]),
  );
}

/**
 * @param given the link that the address gives, if it leads to one entity
 * @returns the id of the draft's own row
 * @throws AppError NOT_FOUND for what it names and is not there, BAD_BODY
 */
export async function insertTree(
  writer: Writer,
  draft: Draft,
  given: Parents,
  adopt: Adopt,
): Promise<number> {
  const graph = new Graph(writer, adopt);
  const made = await insertDraft(graph, draft, given);
  const ids = await flushObservations(graph);
  const own = graph.pending.findIndex((one) => one.draft === draft);
  return own === -1 ? made : (ids[own] ?? 0);
}
