/**
 * Where Things are and were: a Thing's Locations are replaced together, each change is remembered as a
 * HistoricalLocation, and a newer HistoricalLocation moves the Thing. What a person calls a place moves with its Thing.
 */
import { refreshLocations } from '../registry/place-store.ts';
import type { Writer } from './writer-store.ts';

/**
 * req/create-update-delete/historical-location-auto-creation. The Locations are the same place in several forms, so
 * new ones take the place of the old ones.
 * @param isRemembered false where the move itself comes from a HistoricalLocation
 */
export async function setLocations(
  writer: Writer,
  thingId: number,
  locationIds: readonly number[],
  isRemembered = true,
): Promise<void> {
  const { tx, now } = writer;
  const ids = [...new Set(locationIds)];
  if (ids.length === 0) return;
  await tx`SELECT FROM things WHERE id = ${thingId} FOR NO KEY UPDATE`;
  const [before] = await tx<{ same: boolean }[]>`
    SELECT coalesce(array_agg(location_id ORDER BY location_id), '{}') = (SELECT array_agg(n ORDER BY n) FROM unnest(${ids}::bigint[]) n)
      AND NOT coalesce(bool_or(inherited), FALSE) AS same
    FROM thing_locations WHERE thing_id = ${thingId}`;
  if (before?.same === true) return;
  await tx`DELETE FROM thing_locations WHERE thing_id = ${thingId} AND location_id <> ALL(${ids}::bigint[])`;
  await tx`
    INSERT INTO thing_locations (thing_id, location_id) SELECT ${thingId}, n FROM unnest(${ids}::bigint[]) n
    ON CONFLICT (thing_id, location_id) DO UPDATE SET inherited = FALSE`;
  if (isRemembered) {
    const [made] = await tx<{ id: number }[]>`
      INSERT INTO historical_locations (thing_id, time) VALUES (${thingId}, ${now}) RETURNING id`;
    if (made !== undefined) {
      await addHistoricalLocations(writer, made.id, ids);
      writer.changes.push({ kind: 'created', entity: 'historicalLocation', id: made.id });
    }
  }
  await movePlace(writer, thingId, ids);
}

export async function addHistoricalLocations(
  { tx }: Writer,
  historicalLocationId: number,
  locationIds: readonly number[],
): Promise<void> {
  await tx`
    INSERT INTO historical_location_locations (historical_location_id, location_id)
    SELECT ${historicalLocationId}, n FROM unnest(${locationIds as number[]}::bigint[]) n ON CONFLICT DO NOTHING`;
}

/** req/create-update-delete/historical-location-manual-creation */
export async function followHistoricalLocation(writer: Writer, historicalLocationId: number): Promise<void> {
  const { tx } = writer;
  const rows = await tx<{ thingId: number; locationId: number }[]>`
    SELECT h.thing_id AS "thingId", x.location_id AS "locationId"
    FROM historical_locations h JOIN historical_location_locations x ON x.historical_location_id = h.id
    WHERE h.id = ${historicalLocationId} AND NOT EXISTS (
      SELECT FROM historical_locations o WHERE o.thing_id = h.thing_id AND o.id <> h.id AND o.time >= h.time)`;
  const [first] = rows;
  if (first === undefined) return;
  await setLocations(
    writer,
    first.thingId,
    rows.map(({ locationId }) => locationId),
    false,
  );
}

/** A place takes one of the Locations as its own, and what stands inside it inherits that. */
async function movePlace(writer: Writer, thingId: number, locationIds: readonly number[]): Promise<void> {
  const { tx } = writer;
  const [place] = await tx<{ organisationId: number }[]>`
    UPDATE places SET own_location_id = (
      SELECT l.id FROM locations l WHERE l.id = ANY(${locationIds as number[]}::bigint[])
      ORDER BY l.encoding_type ~* 'geo[+]?json' DESC, l.id LIMIT 1)
    WHERE thing_id = ${thingId} RETURNING organisation_id AS "organisationId"`;
  if (place !== undefined) await refreshLocations(tx, place.organisationId);
}
