/**
 * One entity removed with what cannot be without it (18-088, integrity constraints when deleting). What a device
 * measures into is held: its assignments are named and nothing is removed. What goes along is counted in the audit.
 */
import { AppError } from '@torv/core/errors';
import type { EntityKey } from '@torv/core/sta/model';
import { insertAudit } from '../access/audit-store.ts';
import type { Fragment, Transaction } from '../db/database.ts';
import {
  deleteObservationsOfDatastreams,
  deleteObservationsOfFeature,
  logCorrection,
  type ObservationMark,
  takeFromStatistics,
} from '../observations/observation-store.ts';
import { refreshLocations } from '../registry/place-store.ts';
import { TABLES } from './columns.ts';
import { toAuthor, type Writer } from './writer-store.ts';

/** How many of those in the way are named. */
const MAX_NAMED = 5;

/** Column of a Datastream by which it goes with its parent. */
const DATASTREAM_OF: Partial<Readonly<Record<EntityKey, string>>> = {
  thing: 'thing_id',
  sensor: 'sensor_id',
  observedProperty: 'observed_property_id',
  datastream: 'id',
};

async function findDatastreams(tx: Transaction, entity: EntityKey, id: number): Promise<number[]> {
  const column = DATASTREAM_OF[entity];
  if (column === undefined) return [];
  const rows = await tx<{ id: number }[]>`
    SELECT id FROM datastreams WHERE ${tx(column)} = ${id} ORDER BY id FOR UPDATE`;
  return rows.map((row) => row.id);
}

interface Holder {
  readonly kind: 'assignment' | 'device' | 'group' | 'place';
  readonly name: string;
}

/**
 * What refers to an entity or to what would go with it. Whoever adds a table that refers to one of these adds a
 * line here; a reference that is forgotten still stops the removal (SQLSTATE 23503), only without a name.
 */
async function findHolders(
  tx: Transaction,
  entity: EntityKey,
  id: number,
  datastreams: readonly number[],
): Promise<Holder[]> {
  const device = tx`coalesce(nullif(v.name, ''), v.dev_eui)`;
  const assigned = (where: Fragment) => tx`
    SELECT DISTINCT 'assignment' AS kind, ${device} || ' in ' || t.name || ' since ' || to_char(a.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS name
    FROM assignments a JOIN devices v ON v.id = a.device_id JOIN things t ON t.id = a.place_id
    WHERE ${where}`;
  const all = datastreams as number[];
  const questions = [
    assigned(
      tx`EXISTS (SELECT FROM assignment_datastreams s WHERE s.assignment_id = a.id AND s.datastream_id = ANY(${all}::bigint[]))`,
    ),
  ];
  if (entity === 'thing') {
    questions.push(
      assigned(tx`a.place_id = ${id}`),
      tx`SELECT 'place' AS kind, t.name FROM places p JOIN things t ON t.id = p.thing_id WHERE p.parent_id = ${id}`,
      tx`SELECT 'group' AS kind, coalesce((SELECT y.name FROM group_years y WHERE y.group_id = g.id ORDER BY y.school_year DESC LIMIT 1), g.id::text) AS name
         FROM groups g WHERE g.site_id = ${id} OR EXISTS (SELECT FROM group_rooms r WHERE r.group_id = g.id AND r.place_id = ${id})`,
    );
  }
  if (entity === 'sensor')
    questions.push(tx`SELECT 'device' AS kind, ${device} AS name FROM devices v WHERE v.sensor_id = ${id}`);
  if (entity === 'feature') {
    questions.push(
      assigned(tx`EXISTS (SELECT FROM assignment_datastreams s JOIN datastreams d ON d.id = s.datastream_id
        WHERE s.assignment_id = a.id AND d.feature_id = ${id})`),
    );
  }
  return tx<
    Holder[]
  >`${questions.reduce((left, right) => tx`${left} UNION ALL ${right}`)} LIMIT ${MAX_NAMED + 1}`;
}

const WORDS: Readonly<Record<Holder['kind'], string>> = {
  assignment: 'the device',
  device: 'the device',
  group: 'the group',
  place: 'the place',
};

function refuse(holders: readonly Holder[]): never {
  const named = holders.slice(0, MAX_NAMED).map(({ kind, name }) => `${WORDS[kind]} ${name}`);
  const more = holders.length > MAX_NAMED ? ' and more' : '';
  throw new AppError('IN_USE', `This cannot be deleted: ${named.join(', ')}${more} refer to it.`, {
    at: 'path',
    hint: 'Take the device back or move it in the registry first.',
    extra: { holders },
  });
}

/** @returns how many */
async function deleteHistory(tx: Transaction, entity: EntityKey, id: number): Promise<number> {
  if (entity === 'thing') {
    const gone = await tx`DELETE FROM historical_locations WHERE thing_id = ${id}`;
    return gone.count;
  }
  if (entity !== 'location') return 0;
  const gone = await tx`
    DELETE FROM historical_locations h
    WHERE EXISTS (SELECT FROM historical_location_locations x WHERE x.historical_location_id = h.id AND x.location_id = ${id})`;
  return gone.count;
}

async function deleteObservation(writer: Writer, id: number): Promise<void> {
  const { tx } = writer;
  const [mark] = await tx<ObservationMark[]>`
    SELECT id, datastream_id AS "datastreamId", phenomenon_start AS start, phenomenon_end AS "end", result_time AS "resultTime"
    FROM observations WHERE id = ${id}`;
  if (mark === undefined) return;
  await logCorrection(tx, id, 'removed', writer.organisationId);
  await tx`DELETE FROM observations WHERE id = ${id}`;
  await takeFromStatistics(tx, mark);
}

/** The row is locked and may be written. @throws AppError IN_USE naming what refers to it */
export async function removeEntity(writer: Writer, entity: EntityKey, id: number): Promise<void> {
  const { tx, actor, organisationId } = writer;
  const datastreams = await findDatastreams(tx, entity, id);
  const holders = entity === 'observation' ? [] : await findHolders(tx, entity, id, datastreams);
  if (holders.length > 0) refuse(holders);
  let observations = await deleteObservationsOfDatastreams(tx, datastreams);
  if (entity === 'feature') observations += await deleteObservationsOfFeature(tx, id);
  const historicalLocations = await deleteHistory(tx, entity, id);
  const children = entity === 'datastream' ? [] : datastreams;
  if (children.length > 0) await tx`DELETE FROM datastreams WHERE id = ANY(${children}::bigint[])`;
  const places =
    entity === 'location'
      ? await tx`SELECT FROM places p JOIN thing_locations x ON x.thing_id = p.thing_id WHERE x.location_id = ${id} LIMIT 1`
      : [];
  if (entity === 'observation') await deleteObservation(writer, id);
  else await tx`DELETE FROM ${tx(TABLES[entity].table)} WHERE id = ${id}`;
  if (places.length > 0) await refreshLocations(tx, organisationId);
  for (const child of children) writer.changes.push({ kind: 'deleted', entity: 'datastream', id: child });
  writer.changes.push({ kind: 'deleted', entity, id });
  await insertAudit(tx, actor, {
    organisationId,
    action: 'delete',
    entity,
    entityId: id,
    before: { by: toAuthor(actor), datastreams: children, historicalLocations, observations },
  });
}
