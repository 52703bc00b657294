/**
 * CreateObservations (req/data-array/data-array): rows of values into Datastreams, in one transaction and some
 * thousand rows at a time, so that a large body costs little more memory than itself. A row that is wrong is told as
 * "error …" in its place; the others are kept.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArrayRow,
  type RowGroup,
  type RowOutcome,
  readRowGroups,
  readRows,
} from '@torv/core/sta/data-array';
import type { Version } from '@torv/core/sta/version';
import type { Actor } from '../access/port.ts';
import { toPlainArray } from '../db/array-literals.ts';
import type { Sql, Transaction } from '../db/database.ts';
import {
  type Gathered,
  growObservedAreas,
  keepStatistics,
  type NewObservation,
  prepareObservations,
} from '../observations/observation-store.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import { takeReadingNumbers } from '../observations/store.ts';
import { ensurePresentFeatures, toPresentFeature } from '../registry/feature-store.ts';
import { toObservationChange, toPairs } from './insert-store.ts';
import { inTransaction } from './write.ts';
import { type Change, toWritable } from './writer-store.ts';

const BATCH_ROWS = 5_000;
/** Rows between two looks at what else there is to do. */
const TURN_ROWS = 2_000;
const LARGEST_ID = 9_223_372_036_854_775_807n;

export interface ArrayRequest {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly version: Version;
  /** JSON */
  readonly body: string;
  /** RFC 3339 */
  readonly now: string;
}

export interface ArrayResult {
  /** In the order of the rows: an id, or why there is none. */
  readonly outcomes: readonly (number | string)[];
  readonly changes: readonly Change[];
}

interface Place {
  readonly id: number;
  readonly organisationId: number;
}

interface DatastreamPlace extends Place {
  /** Of where its Thing is, if it was made already. */
  readonly presentId: number | null;
}

/** What the rows of one request meet: Datastreams and features that the actor may write to. */
interface World {
  readonly tx: Transaction;
  readonly actor: Actor;
  readonly datastreams: ReadonlyMap<string, DatastreamPlace>;
  readonly features: Map<string, Place | undefined>;
  /** Datastream -> the feature of where its Thing is. */
  readonly present: Map<number, number | undefined>;
  readonly changes: Change[];
}

type Batch = readonly { readonly datastream: RowGroup['datastream']; readonly row: RowOutcome }[];

/** A row with its Datastream, and its moment told. */
export interface NamedRow {
  /** Decimal digits of a bigint. */
  readonly datastream: string;
  readonly row: ArrayRow;
}

/** Rows in reading order, with a pause now and then. */
async function* walk(body: string, groups: readonly RowGroup[]): AsyncGenerator<Batch> {
  let batch: Batch[number][] = [];
  let sinceTurn = 0;
  for (const group of groups) {
    for (const row of readRows(body, group)) {
      batch.push({ datastream: group.datastream, row });
      if (batch.length >= BATCH_ROWS) {
        yield batch;
        batch = [];
      }
      if (++sinceTurn >= TURN_ROWS) {
        sinceTurn = 0;
        await nextTurn();
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * The months of the rows, which must be there before the transaction.
 * @returns the rows themselves where they are few; many are read once more rather than held
 */
async function makeMonths(
  { sql, body, now }: ArrayRequest,
  groups: readonly RowGroup[],
): Promise<readonly Batch[] | undefined> {
  const months = new Map<string, string>();
  let kept: Batch[] | undefined = [];
  for await (const batch of walk(body, groups)) {
    if (kept !== undefined) kept = kept.length === 0 ? [batch] : undefined;
    for (const { row } of batch) {
      if ('fault' in row) continue;
      const start = row.start ?? now;
      months.set(start.slice(0, 7), start);
    }
  }
  await ensurePartitions(sql, 'observations', months.values());
  return kept;
}

async function findDatastreams(
  tx: Transaction,
  actor: Actor,
  ids: readonly string[],
): Promise<Map<string, DatastreamPlace>> {
  if (ids.length === 0) return new Map();
  const present = toPresentFeature(tx, 'd');
  const rows = await tx<DatastreamPlace[]>`
    SELECT d.id, d.organisation_id AS "organisationId", ${present} AS "presentId" FROM datastreams d
    WHERE d.id = ANY(${toPlainArray(ids)}::bigint[]) AND ${toWritable(tx, actor, 'datastream', 'd')}
    ORDER BY d.id FOR KEY SHARE OF d`;
  return new Map(rows.map((row) => [String(row.id), row]));
}

async function learnFeatures(world: World, wanted: ReadonlySet<string>): Promise<void> {
  const { tx, actor, features } = world;
  const unknown = [...wanted].filter((id) => !features.has(id) && BigInt(id) <= LARGEST_ID);
  if (unknown.length === 0) return;
  for (const id of unknown) features.set(id, undefined);
  const found = await tx<Place[]>`
    SELECT f.id, f.organisation_id AS "organisationId" FROM features_of_interest f
    WHERE f.id = ANY(${toPlainArray(unknown)}::bigint[]) AND ${toWritable(tx, actor, 'feature', 'f')}
    ORDER BY f.id FOR KEY SHARE OF f`;
  for (const row of found) features.set(String(row.id), row);
}

async function learnPresent(world: World, datastreams: ReadonlySet<DatastreamPlace>): Promise<void> {
  const unknown: number[] = [];
  for (const { id, presentId } of datastreams) {
    if (world.present.has(id)) continue;
    if (presentId === null) unknown.push(id);
    else world.present.set(id, presentId);
  }
  if (unknown.length === 0) return;
  const { features, made } = await ensurePresentFeatures(world.tx, unknown);
  for (const id of unknown) world.present.set(id, features.get(id));
  for (const id of made) world.changes.push({ kind: 'created', entity: 'feature', id });
}

function findFeature(world: World, row: ArrayRow, datastream: Place): number | string {
  if (row.feature === null)
    return (
      world.present.get(datastream.id) ?? 'There is no FeatureOfInterest, and the Thing has no Location.'
    );
  const feature = world.features.get(row.feature);
  return feature?.organisationId === datastream.organisationId
    ? feature.id
    : 'There is no such FeatureOfInterest that you may write to.';
}

const findPlace = (world: World, datastream: RowGroup['datastream']): DatastreamPlace | undefined =>
  'id' in datastream ? world.datastreams.get(datastream.id) : undefined;

/** Looks up at once what the rows of a batch name. */
async function learn(world: World, batch: Batch): Promise<void> {
  const named = new Set<string>();
  const placeless = new Set<DatastreamPlace>();
  for (const { datastream: name, row } of batch) {
    if ('fault' in row) continue;
    const datastream = findPlace(world, name);
    if (datastream === undefined) continue;
    if (row.feature === null) placeless.add(datastream);
    else named.add(row.feature);
  }
  await learnFeatures(world, named);
  await learnPresent(world, placeless);
}

/** A row as it is kept, or why it is not. */
function settle(
  world: World,
  { datastream: name, row }: Batch[number],
  now: string,
): NewObservation | string {
  const datastream = findPlace(world, name);
  if (datastream === undefined) {
    return 'fault' in name ? name.fault : 'There is no such Datastream that you may write to.';
  }
  if ('fault' in row) return row.fault;
  const feature = findFeature(world, row, datastream);
  if (typeof feature === 'string') return feature;
  // written out: of hundreds of thousands of rows a spread would be the dearest part
  return {
    datastreamId: datastream.id,
    featureId: feature,
    start: row.start ?? now,
    end: row.end,
    resultTime: row.resultTime,
    validStart: row.validStart,
    validEnd: row.validEnd,
    result: row.result,
    parameters: row.parameters,
    resultQuality: row.resultQuality,
  };
}

/** Statements that need no answer of each other go out together; while one batch is written the next one is read. */
async function insertBatches(
  tx: Transaction,
  actor: Actor,
  datastreamIds: readonly string[],
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  now: string,
): Promise<ArrayResult> {
  const gathered: Gathered = new Map();
  const areas = new Map<string, readonly [number, number]>();
  const outcomes: (number | string)[] = [];
  let world: World | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  for await (const batch of batches) {
    const [datastreams, numbers] = await Promise.all([
      world?.datastreams ?? findDatastreams(tx, actor, datastreamIds),
      takeReadingNumbers(tx, batch.length),
    ]);
    world ??= { tx, actor, datastreams, features: new Map(), present: new Map(), changes: [] };
    await learn(world, batch);
    const settled: (NewObservation | string)[] = [];
    for (const one of batch) settled.push(settle(world, one, now));
    const rows = settled.filter((one) => typeof one !== 'string');
    const { ids, write } = prepareObservations(tx, rows, numbers, gathered);
    await writing;
    writing = write();
    // told where it is waited for
    writing.catch(() => undefined);
    let next = 0;
    for (const one of settled) outcomes.push(typeof one === 'string' ? one : (ids[next++] ?? 0));
    for (const [i, row] of rows.entries()) world.changes.push(toObservationChange(ids[i] ?? 0, row));
    for (const pair of toPairs(rows)) areas.set(pair.join(), pair);
  }
  await Promise.all([writing, keepStatistics(tx, gathered), growObservedAreas(tx, [...areas.values()])]);
  return { outcomes, changes: world?.changes ?? [] };
}

/** Rows of many requests; their months must be there. A row that cannot be kept is told in its place. */
export async function insertNamedRows(
  tx: Transaction,
  actor: Actor,
  rows: readonly NamedRow[],
): Promise<ArrayResult> {
  const batch = rows.map(({ datastream, row }) => ({ datastream: { id: datastream }, row }));
  return insertBatches(tx, actor, [...new Set(rows.map(({ datastream }) => datastream))], [batch], '');
}

/** @throws AppError BAD_BODY where the body as a whole is wrong, and then nothing is kept */
export async function createObservations(request: ArrayRequest): Promise<ArrayResult> {
  const { sql, actor, version, body, now } = request;
  const groups = readRowGroups(version, body);
  const ids = new Set(groups.flatMap(({ datastream }) => ('id' in datastream ? [datastream.id] : [])));
  const kept = await makeMonths(request, groups);
  return inTransaction(sql, (tx) => insertBatches(tx, actor, [...ids], kept ?? walk(body, groups), now));
}
