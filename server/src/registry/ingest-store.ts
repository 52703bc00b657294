/**
 * What the way of an uplink needs to know of devices: codec, mapping and assignments, fetched for many devices
 * at once, and the lock that keeps two batches from working on one device. Knows nothing of frames.
 */
import type { FieldMapping, Measurement } from '@torv/core/mapping';
import { PROPERTIES, type PropertyKey } from '@torv/core/properties';
import { compareInstants } from '@torv/core/time';
import { UNITS } from '@torv/core/units';
import { type Fragment, noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { assignFeatures } from './feature-store.ts';

export interface IngestCodec {
  readonly codecId: number;
  readonly versionId: number;
  /** Tenant and script hash: codecs of different organisations never share an instance. */
  readonly key: string;
  readonly script: string;
  readonly mapping: readonly FieldMapping[];
  readonly quarantineReason: string | null;
}

export interface IngestAssignment {
  readonly id: number;
  readonly propertyKey: string | null;
  readonly channel: number | null;
  readonly placeId: number;
  /** RFC 3339 in UTC, as the database writes it; inclusive. */
  readonly validFrom: string;
  /** exclusive; null: still in force */
  readonly validUntil: string | null;
  /** `property#channel` -> Datastream */
  readonly datastreams: ReadonlyMap<string, number>;
}

export interface IngestDevice {
  readonly id: number;
  readonly organisationId: number;
  readonly devEui: string;
  readonly state: 'waiting' | 'claimed' | 'retired';
  readonly name: string;
  readonly sensorId: number | null;
  /** Changes whenever the device, its assignments or its codec change. */
  readonly epoch: string;
  readonly codec: IngestCodec | undefined;
  readonly assignments: readonly IngestAssignment[];
}

interface DeviceRow {
  readonly id: number;
  readonly organisation_id: number;
  readonly dev_eui: string;
  readonly state: IngestDevice['state'];
  readonly name: string;
  readonly sensor_id: number | null;
  readonly epoch: string;
  readonly codec_id: number | null;
  readonly version_id: number | null;
  readonly script: string | null;
  readonly script_hash: string | null;
  readonly mapping: readonly FieldMapping[] | null;
  readonly quarantine_reason: string | null;
}

interface AssignmentRow {
  readonly id: number;
  readonly device_id: number;
  readonly property_key: string | null;
  readonly channel: number | null;
  readonly place_id: number;
  readonly valid_from: string;
  readonly valid_until: string | null;
  readonly datastreams: readonly { key: string; id: number }[];
}

/** Everything that decides where a device's readings go. @param devEuis 16 hex digits, lower case */
export async function findIngestDevices(
  sql: Sql | Transaction,
  organisationId: number,
  devEuis: readonly string[],
): Promise<IngestDevice[]> {
  return findWhere(
    sql,
    sql`d.organisation_id = ${organisationId} AND d.dev_eui = ANY(${devEuis as string[]}::text[])`,
  );
}

export async function findIngestDevicesById(
  sql: Sql | Transaction,
  ids: readonly number[],
): Promise<IngestDevice[]> {
  return findWhere(sql, sql`d.id = ANY(${ids as number[]}::bigint[])`);
}

async function findWhere(sql: Sql | Transaction, where: Fragment): Promise<IngestDevice[]> {
  const rows = await sql<DeviceRow[]>`
    SELECT d.id, d.organisation_id, d.dev_eui, d.state, d.name, d.sensor_id,
           d.version || '/' || coalesce(c.version, 0) AS epoch,
           c.id AS codec_id, v.id AS version_id, v.script, v.script_hash,
           v.description->'mapping' AS mapping,
           CASE WHEN c.quarantined_at IS NOT NULL THEN coalesce(c.quarantine_reason, 'switched off') END AS quarantine_reason
    FROM devices d
    LEFT JOIN codecs c ON c.id = d.codec_id
    LEFT JOIN codec_versions v ON v.codec_id = c.id AND v.number = c.current_version
    WHERE ${where}`;
  if (rows.length === 0) return [];
  const assignments = await sql<AssignmentRow[]>`
    SELECT a.id, a.device_id, a.property_key, a.channel, a.place_id, a.valid_from, a.valid_until,
           coalesce((SELECT jsonb_agg(jsonb_build_object('key', s.property_key || '#' || s.channel, 'id', s.datastream_id))
                     FROM assignment_datastreams s WHERE s.assignment_id = a.id), '[]') AS datastreams
    FROM assignments a WHERE a.device_id = ANY(${rows.map((row) => row.id)}::bigint[])`;
  const byDevice = new Map<number, IngestAssignment[]>();
  for (const row of assignments) {
    const list = byDevice.get(row.device_id) ?? [];
    list.push({
      id: row.id,
      propertyKey: row.property_key,
      channel: row.channel,
      placeId: row.place_id,
      validFrom: row.valid_from,
      validUntil: row.valid_until,
      datastreams: new Map(row.datastreams.map((d) => [d.key, d.id])),
    });
    byDevice.set(row.device_id, list);
  }
  return rows.map((row) => ({
    id: row.id,
    organisationId: row.organisation_id,
    devEui: row.dev_eui,
    state: row.state,
    name: row.name,
    sensorId: row.sensor_id,
    epoch: row.epoch,
    codec:
      row.codec_id === null || row.version_id === null || row.script === null
        ? undefined
        : {
            codecId: row.codec_id,
            versionId: row.version_id,
            key: `${row.organisation_id}:${row.script_hash}`,
            script: row.script,
            mapping: row.mapping ?? [],
            quarantineReason: row.quarantine_reason,
          },
    assignments: byDevice.get(row.id) ?? [],
  }));
}

/**
 * Locks these devices until the transaction ends (in order of id: no deadlocks between batches) and tells
 * their present epochs, so that a batch prepared with older knowledge notices.
 */
export async function lockDevices(
  tx: Transaction,
  deviceIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await tx<{ id: number; epoch: string }[]>`
    SELECT d.id, d.version || '/' || coalesce((SELECT c.version FROM codecs c WHERE c.id = d.codec_id), 0) AS epoch
    FROM devices d WHERE d.id = ANY(${deviceIds as number[]}::bigint[])
    ORDER BY d.id FOR NO KEY UPDATE OF d`;
  return new Map(rows.map((row) => [row.id, row.epoch]));
}

export interface HeardDevice {
  readonly devEui: string;
  readonly sourceId: number | null;
  readonly name?: string;
  readonly profile?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Devices heard for the first time wait in the inbox; what the network server calls them is kept as said. */
export async function insertHeardDevices(
  sql: Sql | Transaction,
  organisationId: number,
  heard: readonly HeardDevice[],
): Promise<void> {
  await sql`
    INSERT INTO devices (organisation_id, dev_eui, source_id, heard_name, heard_profile, heard_tags)
    SELECT ${organisationId}, g.dev_eui, g.source_id, g.name, g.profile, g.tags::jsonb
    FROM unnest(
      ${heard.map((d) => d.devEui)}::text[], ${heard.map((d) => d.sourceId)}::bigint[],
      ${heard.map((d) => d.name ?? null)}::text[], ${heard.map((d) => d.profile ?? null)}::text[],
      ${heard.map((d) => JSON.stringify(d.tags ?? {}))}::text[]
    ) AS g(dev_eui, source_id, name, profile, tags)
    ORDER BY g.dev_eui
    ON CONFLICT (organisation_id, dev_eui) DO NOTHING`;
}

/** How many devices wait in the inbox: the cap against a flood of foreign frames. */
export async function countWaitingDevices(sql: Sql | Transaction, organisationId: number): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM devices WHERE organisation_id = ${organisationId} AND state = 'waiting'`;
  return row?.n ?? 0;
}

/** The assignment in force for a measurement: one for its own channel before one for the whole device. */
export function findAssignment(
  device: IngestDevice,
  measurement: Pick<Measurement, 'property' | 'channel' | 'phenomenonTime'>,
): IngestAssignment | undefined {
  const time = measurement.phenomenonTime;
  let whole: IngestAssignment | undefined;
  for (const assignment of device.assignments) {
    if (compareInstants(time, assignment.validFrom) < 0) continue;
    if (assignment.validUntil !== null && compareInstants(time, assignment.validUntil) >= 0) continue;
    if (assignment.propertyKey === null) whole = assignment;
    else if (assignment.propertyKey === measurement.property && assignment.channel === measurement.channel) {
      return assignment;
    }
  }
  return whole;
}

export interface DatastreamNeed {
  readonly device: IngestDevice;
  readonly assignment: IngestAssignment;
  readonly property: PropertyKey;
  readonly channel: number;
}

/**
 * The Datastreams of (assignment, property, channel), made where this is their first reading:
 * Thing = the place, Sensor = the mounted device, ObservedProperty and unit from the property table.
 * The devices must be locked. @returns key `assignment/property#channel` -> Datastream
 */
export async function ensureDatastreams(
  tx: Transaction,
  needs: readonly DatastreamNeed[],
): Promise<ReadonlyMap<string, number>> {
  const byKey = new Map(
    needs.map((need) => [`${need.assignment.id}/${need.property}#${need.channel}`, need] as const),
  );
  const placesOfNew = new Set<number>();
  const made = new Map<string, number>();
  const make = async ([key, need]: readonly [string, DatastreamNeed]) => {
    const property = PROPERTIES[need.property];
    const unit = UNITS[property.unit];
    const type =
      property.type === 'boolean'
        ? 'OM_TruthObservation'
        : property.type === 'count'
          ? 'OM_CountObservation'
          : 'OM_Measurement';
    const suffix = need.channel === 0 ? '' : ` ${need.channel + 1}`;
    const [row] = await tx<{ id: number; fresh: boolean }[]>`
      WITH there AS (
        SELECT datastream_id AS id FROM assignment_datastreams
        WHERE assignment_id = ${need.assignment.id} AND property_key = ${need.property} AND channel = ${need.channel}
      ), fresh AS (
        INSERT INTO datastreams (organisation_id, thing_id, sensor_id, observed_property_id, name, description,
          observation_type, unit_name, unit_symbol, unit_definition, property_key, visibility)
        SELECT t.organisation_id, t.id, ${need.device.sensorId}, p.id,
               t.name || ': ' || p.name || ${suffix}, ${`${property.name}${suffix}, measured by ${need.device.name || need.device.devEui}`},
               ${`http://www.opengis.net/def/observationType/OGC-OM/2.0/${type}`},
               ${unit.name}, ${unit.symbol}, ${`http://unitsofmeasure.org/ucum.html#${property.unit}`}, ${need.property},
               -- a Datastream is internal; only the demo organisation is open until the privacy gate exists
               CASE WHEN o.kind = 'demo' AND t.visibility = 'public' THEN 'public' ELSE 'internal' END
        FROM things t
        JOIN organisations o ON o.id = t.organisation_id
        JOIN observed_properties p ON p.key = ${need.property}
        WHERE t.id = ${need.assignment.placeId} AND NOT EXISTS (SELECT FROM there)
        RETURNING id
      ), linked AS (
        INSERT INTO assignment_datastreams (assignment_id, property_key, channel, datastream_id)
        SELECT ${need.assignment.id}, ${need.property}, ${need.channel}, id FROM fresh
      )
      SELECT id, FALSE AS fresh FROM there UNION ALL SELECT id, TRUE FROM fresh`;
    if (row) made.set(key, row.id);
    if (!row?.fresh) return;
    placesOfNew.add(need.assignment.placeId);
    noteChanges(tx, [{ kind: 'created', entity: 'datastream', id: row.id }]);
  };
  // Sent without waiting for each other's answers.
  await Promise.all([...byKey].map(make));
  if (placesOfNew.size > 0) await assignFeatures(tx, { placeIds: [...placesOfNew] });
  return made;
}
