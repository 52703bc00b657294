/**
 * Places: Things as people see them (site > building > room, or a point outdoors). Who may see a place is a
 * WHERE clause here; a place without a position of its own has its parent's Location.
 */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole, writable } from '../access/port.ts';
import { requirePublishable } from '../access/visibility-store.ts';
import { type Change, noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { assignFeatures } from './feature-store.ts';

export const PLACE_KINDS = ['site', 'building', 'room', 'point'] as const;
export const VENTILATIONS = ['unknown', 'none', 'natural', 'mechanical', 'co2-controlled'] as const;
export const ROOM_USES = ['classroom', 'daycare', 'office', 'meeting', 'hall', 'other'] as const;

export interface PlaceFields {
  readonly name: string;
  readonly kind: (typeof PLACE_KINDS)[number];
  readonly parentId: number | null;
  readonly description: string;
  readonly roomUse: (typeof ROOM_USES)[number] | null;
  readonly floor: string | null;
  readonly areaM2: number | null;
  readonly volumeM3: number | null;
  readonly ventilation: (typeof VENTILATIONS)[number];
  readonly ventilationM3H: number | null;
  readonly power: 'mains' | 'none' | 'poe' | null;
  /** [longitude, latitude] in WGS 84; null inherits the parent's. */
  readonly position: readonly [number, number] | null;
  readonly externalRef: string | null;
  /** Who is not of the organisation sees the place, or not; its Datastreams decide for themselves. */
  readonly visibility: 'internal' | 'public';
}

export interface Place extends PlaceFields {
  readonly id: number;
  readonly organisationId: number;
  readonly version: number;
  /** The position in force, its own or inherited. */
  readonly effectivePosition: readonly [number, number] | null;
}

interface PlaceRow extends Omit<Place, 'position' | 'effectivePosition'> {
  readonly own: { coordinates?: readonly [number, number] } | null;
  readonly lon: number | null;
  readonly lat: number | null;
}

const DEFAULTS: Omit<PlaceFields, 'name' | 'kind' | 'visibility'> = {
  parentId: null,
  description: '',
  roomUse: null,
  floor: null,
  areaM2: null,
  volumeM3: null,
  ventilation: 'unknown',
  ventilationM3H: null,
  power: null,
  position: null,
  externalRef: null,
};

export type NewPlace = Pick<PlaceFields, 'name' | 'kind'> & Partial<Omit<PlaceFields, 'visibility'>>;

function toPlace({ own, lon, lat, ...row }: PlaceRow): Place {
  return {
    ...row,
    position: own?.coordinates ?? null,
    effectivePosition: lon === null || lat === null ? null : [lon, lat],
  };
}

const selectPlaces = (sql: Sql | Transaction) => sql`
  SELECT p.thing_id AS id, p.organisation_id AS "organisationId", t.name, t.description, p.kind, p.parent_id AS "parentId",
         p.room_use AS "roomUse", p.floor, p.area_m2 AS "areaM2", p.volume_m3 AS "volumeM3", p.ventilation,
         p.ventilation_m3_h AS "ventilationM3H", p.power, p.external_ref AS "externalRef", t.visibility, t.version,
         own.location AS own, ST_X(ST_Centroid(l.geom)) AS lon, ST_Y(ST_Centroid(l.geom)) AS lat
  FROM places p
  JOIN things t ON t.id = p.thing_id
  LEFT JOIN locations own ON own.id = p.own_location_id
  LEFT JOIN thing_locations tl ON tl.thing_id = p.thing_id
  LEFT JOIN locations l ON l.id = tl.location_id`;

/** All places of one organisation that the actor may see, parents before children. */
export async function findPlaces(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<Place[]> {
  const rows = await sql<PlaceRow[]>`
    ${selectPlaces(sql)} WHERE p.organisation_id = ${organisationId} AND ${readable(sql, actor, 't', 'open')}
    ORDER BY array_position(ARRAY['site','building','room','point'], p.kind), t.id`;
  return rows.map(toPlace);
}

/** @throws AppError NOT_FOUND also for a place that the actor may not see */
export async function getPlace(sql: Sql | Transaction, actor: Actor, id: number): Promise<Place> {
  const screen = actor.kind === 'link' ? sql`OR p.thing_id = ${actor.placeId}` : sql``;
  const [row] = await sql<PlaceRow[]>`
    ${selectPlaces(sql)} WHERE p.thing_id = ${id} AND (${readable(sql, actor, 't', 'open')} ${screen})`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such place.', { at: 'place' });
  return toPlace(row);
}

/** Which kinds may stand inside which; a point may stand anywhere. */
const INSIDE: Readonly<Record<PlaceFields['kind'], readonly (PlaceFields['kind'] | null)[]>> = {
  site: [null],
  building: ['site', null],
  room: ['building', 'site'],
  point: ['site', 'building', 'room', null],
};

export function canStandIn(kind: PlaceFields['kind'], parent: PlaceFields['kind'] | null): boolean {
  return INSIDE[kind].includes(parent);
}

async function checkParent(
  tx: Transaction,
  organisationId: number,
  fields: Pick<PlaceFields, 'kind' | 'parentId'>,
  self: number | null,
): Promise<void> {
  const parents =
    fields.parentId === null
      ? []
      : await tx<{ kind: PlaceFields['kind']; loop: boolean }[]>`
          WITH RECURSIVE up AS (
            SELECT thing_id, parent_id, kind FROM places WHERE thing_id = ${fields.parentId} AND organisation_id = ${organisationId}
            UNION ALL SELECT p.thing_id, p.parent_id, p.kind FROM places p JOIN up ON p.thing_id = up.parent_id
          )
          SELECT (SELECT kind FROM up WHERE thing_id = ${fields.parentId}) AS kind,
                 EXISTS (SELECT FROM up WHERE thing_id = ${self}) AS loop
          FROM up LIMIT 1`;
  const parent = parents[0];
  if (fields.parentId !== null && !parent)
    throw new AppError('NOT_FOUND', 'There is no such place to put it in.', { at: 'parentId' });
  if (parent?.loop) throw new AppError('BAD_BODY', 'A place cannot stand inside itself.', { at: 'parentId' });
  if (!canStandIn(fields.kind, parent?.kind ?? null)) {
    throw new AppError(
      'BAD_BODY',
      `A ${fields.kind} cannot stand ${parent ? `in a ${parent.kind}` : 'alone'}.`,
      {
        at: 'parentId',
        hint: 'A site holds buildings, a building holds rooms; a point may stand anywhere.',
      },
    );
  }
}

/** The Location of a place itself: made, changed or taken away. */
async function setOwnLocation(
  tx: Transaction,
  placeId: number,
  position: readonly [number, number] | null,
): Promise<void> {
  if (position === null) {
    await tx`UPDATE places SET own_location_id = NULL WHERE thing_id = ${placeId}`;
    return;
  }
  const geojson = JSON.stringify({ type: 'Point', coordinates: position });
  // A new Location for each position, so that HistoricalLocations keep telling the truth.
  const [made] = await tx<{ id: number }[]>`
    WITH made AS (
      INSERT INTO locations (organisation_id, name, description, location, geom, visibility)
      SELECT t.organisation_id, t.name, 'Position of ' || t.name, ${geojson}::text::jsonb,
             ST_SetSRID(ST_MakePoint(${position[0]}, ${position[1]}), 4326), t.visibility
      FROM things t WHERE t.id = ${placeId} RETURNING id
    )
    UPDATE places SET own_location_id = (SELECT id FROM made) WHERE thing_id = ${placeId} RETURNING own_location_id AS id`;
  if (made !== undefined) noteChanges(tx, [{ kind: 'created', entity: 'location', id: made.id }]);
}

function toMoveChanges({
  thingId,
  historicalLocationId,
}: {
  readonly thingId: number;
  readonly historicalLocationId: number | null;
}): Change[] {
  const thing: Change = { kind: 'updated', entity: 'thing', id: thingId, keys: ['locations'] };
  return historicalLocationId === null
    ? [thing]
    : [thing, { kind: 'created', entity: 'historicalLocation', id: historicalLocationId }];
}

/** Brings every place's Location in line: its own, else the nearest above it; changes are remembered with their time. */
export async function refreshLocations(tx: Transaction, organisationId: number): Promise<void> {
  const moved = await tx<{ thingId: number; historicalLocationId: number | null }[]>`
    WITH RECURSIVE tree AS (
      SELECT thing_id, own_location_id AS location_id, FALSE AS inherited
      FROM places WHERE organisation_id = ${organisationId} AND parent_id IS NULL
      UNION ALL
      SELECT p.thing_id, coalesce(p.own_location_id, tree.location_id), p.own_location_id IS NULL
      FROM places p JOIN tree ON p.parent_id = tree.thing_id
    ), gone AS (
      DELETE FROM thing_locations tl USING tree
      WHERE tl.thing_id = tree.thing_id AND tl.location_id IS DISTINCT FROM tree.location_id
      RETURNING tl.thing_id
    ), come AS (
      INSERT INTO thing_locations (thing_id, location_id, inherited)
      SELECT thing_id, location_id, inherited FROM tree WHERE location_id IS NOT NULL
      ON CONFLICT (thing_id, location_id) DO NOTHING
      RETURNING thing_id, location_id
    ), remembered AS (
      INSERT INTO historical_locations (thing_id, time) SELECT thing_id, now() FROM come RETURNING id, thing_id
    ), placed AS (
      INSERT INTO historical_location_locations (historical_location_id, location_id)
      SELECT r.id, come.location_id FROM remembered r JOIN come USING (thing_id)
    )
    SELECT thing_id AS "thingId", id AS "historicalLocationId" FROM remembered
    UNION
    SELECT thing_id, NULL FROM gone WHERE thing_id NOT IN (SELECT thing_id FROM come)
    ORDER BY 1`;
  noteChanges(tx, moved.flatMap(toMoveChanges));
  await assignFeatures(tx, { organisationId });
}

/**
 * @throws AppError NOT_FOUND or BAD_BODY naming the parent; EXISTS when the external reference is taken.
 * The caller refreshes locations once after the last place.
 */
export async function insertPlace(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  input: NewPlace,
): Promise<number> {
  requireRole(actor, organisationId, 'editor');
  const fields: Omit<PlaceFields, 'visibility'> = { ...DEFAULTS, ...input };
  await checkParent(tx, organisationId, fields, null);
  if (fields.externalRef !== null) {
    const taken =
      await tx`SELECT FROM places WHERE organisation_id = ${organisationId} AND external_ref = ${fields.externalRef}`;
    if (taken.length > 0)
      throw new AppError('EXISTS', `A place with the reference "${fields.externalRef}" exists already.`, {
        at: 'externalRef',
      });
  }
  const [thing] = await tx<{ id: number }[]>`
    INSERT INTO things (organisation_id, name, description, properties, visibility)
    SELECT o.id, ${fields.name}, ${fields.description}, ${JSON.stringify({ kind: fields.kind })}::text::jsonb,
           CASE WHEN o.kind = 'demo' THEN 'public' ELSE 'internal' END
    FROM organisations o WHERE o.id = ${organisationId} RETURNING id`;
  const id = (thing as { id: number }).id;
  noteChanges(tx, [{ kind: 'created', entity: 'thing', id }]);
  await tx`
    INSERT INTO places (thing_id, organisation_id, parent_id, kind, room_use, floor, area_m2, volume_m3, ventilation,
      ventilation_m3_h, power, external_ref)
    VALUES (${id}, ${organisationId}, ${fields.parentId}, ${fields.kind}, ${fields.roomUse}, ${fields.floor}, ${fields.areaM2},
      ${fields.volumeM3}, ${fields.ventilation}, ${fields.ventilationM3H}, ${fields.power}, ${fields.externalRef})`;
  if (fields.position !== null) await setOwnLocation(tx, id, fields.position);
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'place',
    entityId: id,
    after: fields,
  });
  return id;
}

/** One place from a form: inserted, located, returned. */
export async function createPlace(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  input: NewPlace,
): Promise<Place> {
  const id = await insertPlace(tx, actor, organisationId, input);
  await refreshLocations(tx, organisationId);
  return getPlace(tx, actor, id);
}

/**
 * What hangs on a place follows it: its own Location with the features made from it, and its Datastreams by the rule
 * of their making (only the demo organisation is open). Where it stood before is hidden with it, never shown with it.
 */
async function spreadVisibility(
  tx: Transaction,
  placeId: number,
  visibility: 'internal' | 'public',
): Promise<void> {
  const shown = await tx<{ entity: 'location' | 'feature' | 'datastream'; id: number }[]>`
    WITH own AS (
      SELECT own_location_id AS id FROM places WHERE thing_id = ${placeId} AND own_location_id IS NOT NULL
      UNION
      SELECT x.location_id FROM historical_location_locations x
      JOIN historical_locations h ON h.id = x.historical_location_id
      WHERE h.thing_id = ${placeId} AND ${visibility} = 'internal'
        AND NOT EXISTS (SELECT FROM places o WHERE o.own_location_id = x.location_id AND o.thing_id <> ${placeId})
        AND NOT EXISTS (
          SELECT FROM historical_location_locations y JOIN historical_locations g ON g.id = y.historical_location_id
          JOIN places p ON p.parent_id = g.thing_id
          WHERE y.location_id = x.location_id AND p.thing_id = ${placeId})
    ), features AS (
      UPDATE features_of_interest SET visibility = ${visibility} WHERE generated_from IN (SELECT id FROM own)
      RETURNING id
    ), positions AS (
      UPDATE locations SET visibility = ${visibility} WHERE id IN (SELECT id FROM own) RETURNING id
    ), series AS (
      UPDATE datastreams d SET visibility = ${visibility} FROM organisations o
      WHERE d.thing_id = ${placeId} AND o.id = d.organisation_id AND d.visibility <> ${visibility}
        AND (${visibility} = 'internal' OR (o.kind = 'demo' AND d.property_key IS NOT NULL))
      RETURNING d.id
    )
    SELECT 'location' AS entity, id FROM positions
    UNION ALL SELECT 'feature', id FROM features
    UNION ALL SELECT 'datastream', id FROM series`;
  // It is news to those who see it from now on; to the others nothing of it has changed.
  if (visibility === 'public')
    noteChanges(tx, [
      { kind: 'updated', entity: 'thing', id: placeId },
      ...shown.map(({ entity, id }): Change => ({ kind: 'updated', entity, id })),
    ]);
}

/** Of two changes at once the second waits here, and then sees what the first one left. */
async function lockPlace(tx: Transaction, id: number): Promise<void> {
  await tx`SELECT FROM things WHERE id = ${id} FOR UPDATE`;
}

/** @throws AppError NOT_FOUND, FORBIDDEN, VERSION_CONFLICT with the present text */
export async function updatePlace(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<PlaceFields>,
): Promise<Place> {
  await lockPlace(tx, id);
  const before = await getPlace(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const fields: PlaceFields = { ...before, ...change };
  if (change.parentId !== undefined || change.kind !== undefined)
    await checkParent(tx, before.organisationId, fields, id);
  if (fields.visibility === 'public' && (change.visibility !== undefined || change.kind !== undefined)) {
    await requirePublishable(tx, before.organisationId, fields.kind);
  }
  const updated = await tx`
    UPDATE things t SET name = ${fields.name}, description = ${fields.description}, visibility = ${fields.visibility}, version = version + 1
    WHERE t.id = ${id} AND t.version = ${version} AND ${writable(tx, actor, 't', 'editor')}`;
  if (updated.count === 0) {
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this place meanwhile.', {
      extra: { current: before },
    });
  }
  await tx`
    UPDATE places SET parent_id = ${fields.parentId}, kind = ${fields.kind}, room_use = ${fields.roomUse}, floor = ${fields.floor},
      area_m2 = ${fields.areaM2}, volume_m3 = ${fields.volumeM3}, ventilation = ${fields.ventilation},
      ventilation_m3_h = ${fields.ventilationM3H}, power = ${fields.power}, external_ref = ${fields.externalRef}
    WHERE thing_id = ${id}`;
  const told = (['name', 'description'] as const).filter((key) => fields[key] !== before[key]);
  if (told.length > 0) noteChanges(tx, [{ kind: 'updated', entity: 'thing', id, keys: told }]);
  if (fields.visibility !== before.visibility) await spreadVisibility(tx, id, fields.visibility);
  const moved =
    change.position !== undefined && JSON.stringify(change.position) !== JSON.stringify(before.position);
  if (moved) await setOwnLocation(tx, id, change.position ?? null);
  if (moved || change.parentId !== undefined) await refreshLocations(tx, before.organisationId);
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'place',
    entityId: id,
    before,
    after: change,
  });
  return getPlace(tx, actor, id);
}

/** @throws AppError IN_USE naming what stands in the way: places inside it, devices that measured here, groups */
export async function deletePlace(tx: Transaction, actor: Actor, id: number, version: number): Promise<void> {
  await lockPlace(tx, id);
  const before = await getPlace(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const [use] = await tx<{ children: number; assignments: number; groups: number; datastreams: number }[]>`
    SELECT (SELECT count(*)::int FROM places WHERE parent_id = ${id}) AS children,
           (SELECT count(*)::int FROM assignments WHERE place_id = ${id}) AS assignments,
           (SELECT count(*)::int FROM datastreams WHERE thing_id = ${id}) AS datastreams,
           (SELECT count(*)::int FROM group_rooms WHERE place_id = ${id}) + (SELECT count(*)::int FROM groups WHERE site_id = ${id}) AS groups`;
  const reasons = [
    use?.children ? `${use.children} places inside it` : '',
    use?.assignments ? `${use.assignments} devices that measure or measured here` : '',
    use?.datastreams && !use.assignments ? `${use.datastreams} Datastreams` : '',
    use?.groups ? `${use.groups} groups` : '',
  ].filter(Boolean);
  if (reasons.length > 0) {
    throw new AppError('IN_USE', `${before.name} cannot be deleted: it has ${reasons.join(', ')}.`, {
      hint: 'Remove or move these first.',
    });
  }
  const positions = await tx<{ id: number }[]>`
    SELECT own_location_id AS id FROM places WHERE thing_id = ${id} AND own_location_id IS NOT NULL
    UNION
    SELECT x.location_id FROM historical_location_locations x
    JOIN historical_locations h ON h.id = x.historical_location_id WHERE h.thing_id = ${id}`;
  const gone =
    await tx`DELETE FROM things t WHERE t.id = ${id} AND t.version = ${version} AND ${writable(tx, actor, 't', 'editor')}`;
  if (gone.count === 0) {
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this place meanwhile.', {
      extra: { current: before },
    });
  }
  noteChanges(tx, [{ kind: 'deleted', entity: 'thing', id }]);
  // Where it stood goes with it, unless something else stands or stood there, or was measured there.
  await tx`
    DELETE FROM locations l WHERE l.id = ANY(${positions.map((one) => one.id)}::bigint[])
      AND NOT EXISTS (SELECT FROM places p WHERE p.own_location_id = l.id)
      AND NOT EXISTS (SELECT FROM thing_locations t WHERE t.location_id = l.id)
      AND NOT EXISTS (SELECT FROM historical_location_locations h WHERE h.location_id = l.id)
      AND NOT EXISTS (SELECT FROM features_of_interest f WHERE f.generated_from = l.id)`;
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'delete',
    entity: 'place',
    entityId: id,
    before,
  });
}
