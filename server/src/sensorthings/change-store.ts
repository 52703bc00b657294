/**
 * One existing entity changed: the given properties, the links to one entity replaced, the links to many added to
 * (req/create-update-delete/update-entity). The id of an Observation never changes, whatever its month.
 */
import { AppError } from '@torv/core/errors';
import type { Draft, Target } from '@torv/core/sta/draft';
import { type EntityKey, findLink } from '@torv/core/sta/model';
import { insertAudit } from '../access/audit-store.ts';
import type { Transaction } from '../db/database.ts';
import {
  changeInStatistics,
  growObservedAreas,
  logCorrection,
  type ObservationMark,
} from '../observations/observation-store.ts';
import { type Cell, getLinkColumns, TABLES } from './columns.ts';
import { connect, toCells } from './insert-store.ts';
import { getNamed, toAuthor, type Writer } from './writer-store.ts';

async function findMark(tx: Transaction, id: number): Promise<ObservationMark | undefined> {
  const [row] = await tx<ObservationMark[]>`
    SELECT id, datastream_id AS "datastreamId", phenomenon_start AS start, phenomenon_end AS "end", result_time AS "resultTime"
    FROM observations WHERE id = ${id} FOR UPDATE`;
  return row;
}

/** Writes cells into a row; of an Observation the statistics and the trace with it. */
async function updateRow(
  writer: Writer,
  entity: EntityKey,
  id: number,
  cells: readonly Cell[],
): Promise<void> {
  const { tx, organisationId } = writer;
  const { table, owner } = TABLES[entity];
  const before = entity === 'observation' ? await findMark(tx, id) : undefined;
  if (before !== undefined) await logCorrection(tx, id, 'changed', organisationId);
  // of two values for one column the last counts, as where a link is given twice
  const last = new Map(cells);
  if (owner === 'itself') last.set('version', tx`version + 1`);
  if (last.size === 0) return;
  const list = [...last]
    .map(([name, value]) => tx`${tx(name)} = ${value}`)
    .reduce((left, right) => tx`${left}, ${right}`);
  await tx`UPDATE ${tx(table)} SET ${list} WHERE id = ${id}`;
  if (before === undefined) return;
  await changeInStatistics(tx, before);
  const [now] = await tx<{ datastreamId: number; featureId: number | null }[]>`
    SELECT datastream_id AS "datastreamId", feature_id AS "featureId" FROM observations WHERE id = ${id}`;
  if (now?.featureId) await growObservedAreas(tx, [[now.datastreamId, now.featureId]]);
}

/** A public Datastream needs public parents. */
async function checkParents(tx: Transaction, datastreamId: number, at: string): Promise<void> {
  const [row] = await tx<{ hidden: boolean }[]>`
    SELECT d.visibility = 'public' AND (t.visibility <> 'public' OR s.visibility <> 'public' OR p.visibility <> 'public') AS hidden
    FROM datastreams d JOIN things t ON t.id = d.thing_id JOIN sensors s ON s.id = d.sensor_id
    JOIN observed_properties p ON p.id = d.observed_property_id WHERE d.id = ${datastreamId}`;
  if (row?.hidden === true) {
    throw new AppError('NOT_PUBLIC', 'A public Datastream cannot belong to something that is internal.', {
      at,
      hint: 'Make the other public first, or this Datastream internal.',
    });
  }
}

/** Gives an existing child (a Datastream, an Observation …) to another parent. */
export async function adopt(
  writer: Writer,
  child: EntityKey,
  target: Extract<Target, { kind: 'reference' }>,
  link: string,
  parent: number,
): Promise<void> {
  const { id } = await getNamed(writer, child, target.id, target.at);
  const { way } = getLinkColumns(child, link);
  if (way.kind !== 'parent') throw new Error(`${child}.${link} is no link to one`);
  await updateRow(writer, child, id, [[way.column, writer.tx`${parent}`]]);
  if (child === 'datastream') await checkParents(writer.tx, id, target.at);
  writer.changes.push({ kind: 'updated', entity: child, id, keys: [link] });
}

/** The feature that was made from a Location no longer shows where it is: the next Observation gets a new one. */
async function forgetFeature(tx: Transaction, locationId: number): Promise<void> {
  await tx`UPDATE features_of_interest SET generated_from = NULL WHERE generated_from = ${locationId}`;
}

export async function changeEntity(writer: Writer, draft: Draft, id: number): Promise<void> {
  const { tx, actor, organisationId } = writer;
  const { entity } = draft;
  const cells = toCells(writer, draft);
  for (const [key, targets] of draft.links) {
    const link = findLink(entity, key);
    const [target] = targets;
    const { way } = getLinkColumns(entity, key);
    if (link === undefined || link.many || target?.kind !== 'reference' || way.kind !== 'parent') continue;
    const named = await getNamed(writer, link.to, target.id, target.at);
    cells.push([way.column, tx`${named.id}`]);
  }
  await updateRow(writer, entity, id, cells);
  for (const [key, targets] of draft.links) {
    const link = findLink(entity, key);
    if (link === undefined || !link.many) continue;
    const { way } = getLinkColumns(entity, key);
    const references = targets.filter((target) => target.kind === 'reference');
    if (way.kind === 'children') {
      for (const target of references) await adopt(writer, link.to, target, link.inverse, id);
      continue;
    }
    const others: number[] = [];
    for (const target of references) others.push((await getNamed(writer, link.to, target.id, target.at)).id);
    await connect(writer, entity, id, key, others);
  }
  if (entity === 'datastream') await checkParents(tx, id, draft.at);
  if (entity === 'location' && draft.values.has('location')) await forgetFeature(tx, id);
  const keys = [...draft.values.keys(), ...draft.links.keys()];
  writer.changes.push({ kind: 'updated', entity, id, keys });
  await insertAudit(tx, actor, {
    organisationId,
    action: 'update',
    entity,
    entityId: id,
    // which ones, not what: readings and notes do not belong in here
    after: { by: toAuthor(actor), changed: keys },
  });
}
