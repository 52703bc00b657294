/**
 * FeaturesOfInterest of what the pipeline measures: one per Location, made from the place's Location when a
 * Datastream first needs it and kept with the Datastream. Readings name no feature of their own, so that a
 * reading costs nothing more. A Datastream whose place has no Location has none.
 */
import { type Fragment, noteChanges, type Transaction } from '../db/database.ts';

/**
 * Gives Datastreams without a feature the one of their place's Location (its own before an inherited one).
 * A Datastream keeps the feature it has: what was measured before a place's position changed stays where it was.
 * @param where the Datastreams of these places, or of the whole organisation
 */
export async function assignFeatures(
  tx: Transaction,
  where: { readonly organisationId: number } | { readonly placeIds: readonly number[] },
): Promise<void> {
  const scope =
    'placeIds' in where
      ? tx`d.thing_id = ANY(${where.placeIds as number[]}::bigint[])`
      : tx`d.organisation_id = ${where.organisationId}`;
  const made = await tx<{ id: number }[]>`
    WITH wanted AS (
      SELECT DISTINCT ON (d.id) d.id AS datastream_id, l.id AS location_id
      FROM datastreams d
      JOIN thing_locations tl ON tl.thing_id = d.thing_id
      JOIN locations l ON l.id = tl.location_id
      WHERE d.feature_id IS NULL AND ${scope}
      ORDER BY d.id, tl.inherited, l.id
    ), made AS (
      INSERT INTO features_of_interest AS f (organisation_id, name, description, encoding_type, feature, feature_text, geom,
        properties, properties_text, generated_from, visibility)
      SELECT l.organisation_id, l.name, l.description, l.encoding_type, l.location, l.location_text, l.geom,
        l.properties, l.properties_text, l.id, l.visibility
      FROM locations l WHERE l.id IN (SELECT location_id FROM wanted)
      ORDER BY l.id -- two batches at once wait for each other, never in a ring
      -- so that the row is returned also when another batch has just made it
      ON CONFLICT (generated_from) DO UPDATE SET generated_from = f.generated_from
      RETURNING f.id, f.generated_from, xmax = 0 AS fresh
    ), given AS (
      UPDATE datastreams d SET feature_id = made.id
      FROM wanted JOIN made ON made.generated_from = wanted.location_id
      WHERE d.id = wanted.datastream_id
    )
    SELECT id FROM made WHERE fresh`;
  noteChanges(
    tx,
    made.map(({ id }) => ({ kind: 'created', entity: 'feature', id })),
  );
}

interface WantedFeature {
  readonly datastreamId: number;
  readonly locationId: number;
  readonly featureId: number | null;
}

export interface PresentFeatures {
  /** Datastream -> feature; a Datastream whose Thing has no Location is not in it. */
  readonly features: ReadonlyMap<number, number>;
  /** Those that were not there before. */
  readonly made: readonly number[];
}

/** An expression: the feature that ensurePresentFeatures would find for a Datastream (`row` is its alias), or null. */
export function toPresentFeature(tx: Transaction, row: string): Fragment {
  return tx`(SELECT f.id
      FROM thing_locations tl
      JOIN locations l ON l.id = tl.location_id
      LEFT JOIN features_of_interest f ON f.generated_from = l.id
      WHERE tl.thing_id = ${tx(`${row}.thing_id`)}
      ORDER BY l.encoding_type ~* 'geo[+]?json' DESC, tl.inherited, l.id LIMIT 1)`;
}

/**
 * req/create-update-delete/create-entity, special case 1: the feature that an Observation gets which names none. It
 * is made from the present Location of the Datastream's Thing (one in GeoJSON before others), once per Location.
 */
export async function ensurePresentFeatures(
  tx: Transaction,
  datastreamIds: readonly number[],
): Promise<PresentFeatures> {
  if (datastreamIds.length === 0) return { features: new Map(), made: [] };
  const wanted = await tx<WantedFeature[]>`
    SELECT w.*, f.id AS "featureId" FROM (
      SELECT DISTINCT ON (d.id) d.id AS "datastreamId", l.id AS "locationId"
      FROM datastreams d
      JOIN thing_locations tl ON tl.thing_id = d.thing_id
      JOIN locations l ON l.id = tl.location_id
      WHERE d.id = ANY(${datastreamIds as number[]}::bigint[])
      ORDER BY d.id, l.encoding_type ~* 'geo[+]?json' DESC, tl.inherited, l.id
    ) w LEFT JOIN features_of_interest f ON f.generated_from = w."locationId"`;
  const known = new Map(wanted.map((row) => [row.locationId, row.featureId]));
  const missing = [...known].filter(([, feature]) => feature === null).map(([location]) => location);
  const fresh: number[] = [];
  if (missing.length > 0) {
    const made = await tx<{ id: number; locationId: number }[]>`
      INSERT INTO features_of_interest AS f (organisation_id, name, description, encoding_type, feature, feature_text, geom,
        properties, properties_text, generated_from, visibility)
      SELECT l.organisation_id, l.name, l.description, l.encoding_type, l.location, l.location_text, l.geom,
        l.properties, l.properties_text, l.id, l.visibility
      FROM locations l WHERE l.id = ANY(${missing}::bigint[])
      ORDER BY l.id
      ON CONFLICT (generated_from) DO UPDATE SET generated_from = f.generated_from
      RETURNING f.id, f.generated_from AS "locationId"`;
    for (const { id, locationId } of made) {
      known.set(locationId, id);
      fresh.push(id);
    }
  }
  const features = new Map<number, number>();
  for (const { datastreamId, locationId } of wanted) {
    const feature = known.get(locationId);
    if (typeof feature === 'number') features.set(datastreamId, feature);
  }
  return { features, made: fresh };
}
