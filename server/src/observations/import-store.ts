/** Datastreams of imported readings, and which readings are there already. Knows nothing of files. */
import { PROPERTIES, type PropertyKey } from '@torv/core/properties';
import { UNITS } from '@torv/core/units';
import { noteChanges, type Sql, type Transaction } from '../db/database.ts';

export interface ImportSeries {
  readonly placeId: number;
  readonly sensor: string;
  readonly property: PropertyKey;
  readonly channel: number;
}

export function toSeriesKey(series: ImportSeries): string {
  return `${series.placeId}\n${series.property}\n${series.channel}\n${series.sensor}`;
}

interface Row {
  readonly id: number;
  readonly place_id: number;
  readonly sensor: string;
  readonly property: PropertyKey;
  readonly channel: number;
}

/** The Datastreams that earlier imports made in this organisation. */
export async function findImportDatastreams(
  sql: Sql | Transaction,
  organisationId: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<Row[]>`
    SELECT d.id, d.thing_id AS place_id, s.name AS sensor, d.property_key AS property, (d.properties->>'channel')::int AS channel
    FROM datastreams d JOIN sensors s ON s.id = d.sensor_id
    WHERE d.organisation_id = ${organisationId} AND s.properties->>'origin' = 'import' AND d.property_key IS NOT NULL`;
  return new Map(
    rows.map((row) => [
      toSeriesKey({
        placeId: row.place_id,
        sensor: row.sensor,
        property: row.property,
        channel: row.channel,
      }),
      row.id,
    ]),
  );
}

/** Makes what is missing; imports into one organisation wait for each other here. */
export async function ensureImportDatastreams(
  tx: Transaction,
  organisationId: number,
  wanted: readonly ImportSeries[],
): Promise<ReadonlyMap<string, number>> {
  await tx`SELECT FROM organisations WHERE id = ${organisationId} FOR NO KEY UPDATE`;
  const there = new Map(await findImportDatastreams(tx, organisationId));
  for (const series of wanted) {
    const key = toSeriesKey(series);
    if (!there.has(key)) there.set(key, await insertDatastream(tx, organisationId, series));
  }
  return there;
}

async function insertDatastream(
  tx: Transaction,
  organisationId: number,
  series: ImportSeries,
): Promise<number> {
  const sensorId = await ensureSensor(tx, organisationId, series.sensor);
  const property = PROPERTIES[series.property];
  const unit = UNITS[property.unit];
  const type =
    property.type === 'boolean'
      ? 'OM_TruthObservation'
      : property.type === 'count'
        ? 'OM_CountObservation'
        : 'OM_Measurement';
  const suffix = series.channel === 0 ? '' : ` ${series.channel + 1}`;
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO datastreams (organisation_id, thing_id, sensor_id, observed_property_id, name, description,
      observation_type, unit_name, unit_symbol, unit_definition, property_key, properties, visibility)
    SELECT t.organisation_id, t.id, ${sensorId}, p.id, t.name || ': ' || p.name || ${suffix},
           ${`${property.name}${suffix}, imported: ${series.sensor}`},
           ${`http://www.opengis.net/def/observationType/OGC-OM/2.0/${type}`},
           ${unit.name}, ${unit.symbol}, ${`http://unitsofmeasure.org/ucum.html#${property.unit}`}, ${series.property},
           jsonb_build_object('origin', 'import', 'channel', ${series.channel}::int),
           CASE WHEN o.kind = 'demo' AND t.visibility = 'public' THEN 'public' ELSE 'internal' END
    FROM things t JOIN organisations o ON o.id = t.organisation_id JOIN observed_properties p ON p.key = ${series.property}
    WHERE t.id = ${series.placeId} AND t.organisation_id = ${organisationId}
    RETURNING id`;
  if (!row) throw new Error(`The place ${series.placeId} is not in the organisation ${organisationId}`);
  noteChanges(tx, [{ kind: 'created', entity: 'datastream', id: row.id }]);
  return row.id;
}

async function ensureSensor(tx: Transaction, organisationId: number, name: string): Promise<number> {
  const [row] = await tx<{ id: number; fresh: boolean }[]>`
    WITH there AS (
      SELECT id FROM sensors
      WHERE organisation_id = ${organisationId} AND name = ${name} AND properties->>'origin' = 'import' ORDER BY id LIMIT 1
    ), made AS (
      INSERT INTO sensors (organisation_id, name, description, properties, visibility)
      SELECT o.id, ${name}, 'Imported from files', '{"origin": "import"}'::jsonb,
             CASE WHEN o.kind = 'demo' THEN 'public' ELSE 'internal' END
      FROM organisations o WHERE o.id = ${organisationId} AND NOT EXISTS (SELECT FROM there)
      RETURNING id
    )
    SELECT id, FALSE AS fresh FROM there UNION ALL SELECT id, TRUE FROM made`;
  if (row === undefined) throw new Error(`There is no organisation ${organisationId}`);
  if (row.fresh) noteChanges(tx, [{ kind: 'created', entity: 'sensor', id: row.id }]);
  return row.id;
}

export interface ReadingMoment {
  readonly datastreamId: number;
  /** RFC 3339, UTC */
  readonly phenomenonTime: string;
  readonly channel: number;
}

/** How many of these moments have a reading already. */
export async function countStored(
  sql: Sql | Transaction,
  moments: readonly ReadingMoment[],
): Promise<number> {
  if (moments.length === 0) return 0;
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n
    FROM unnest(${moments.map((m) => m.datastreamId)}::bigint[], ${moments.map((m) => m.phenomenonTime)}::timestamptz[],
      ${moments.map((m) => m.channel)}::smallint[]) AS g(datastream_id, phenomenon_start, channel)
    WHERE EXISTS (SELECT FROM observations o WHERE o.datastream_id = g.datastream_id
      AND o.phenomenon_start = g.phenomenon_start AND o.channel = g.channel)`;
  return row?.n ?? 0;
}
