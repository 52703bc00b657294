/** The latest value per place and property, from the statistics kept with each batch: no scan of observations. */
import { type Actor, readable } from '../access/port.ts';
import type { Fragment, Sql, Transaction } from '../db/database.ts';

export interface Latest {
  readonly placeId: number;
  readonly datastreamId: number;
  readonly property: string;
  readonly value: number | boolean | null;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly quality: number;
  /** Seconds between readings as the device's model says; null when unknown. */
  readonly expectedIntervalS: number | null;
}

interface Row extends Omit<Latest, 'value'> {
  readonly number: number | null;
  readonly json: string | null;
}

/** What a screen's link may see: its own place's Datastreams, whatever their visibility. */
export function readableDatastreams(sql: Sql | Transaction, actor: Actor, table: string): Fragment {
  const screen = actor.kind === 'link' ? sql`OR ${sql(`${table}.thing_id`)} = ${actor.placeId}` : sql``;
  return sql`(${readable(sql, actor, table, 'open')} ${screen})`;
}

/** Newest first per place and property: the first one counts where a place has several sensors of a kind. */
export async function findLatest(
  sql: Sql | Transaction,
  actor: Actor,
  where:
    | { readonly organisationId: number }
    | { readonly placeIds: readonly number[] }
    | { readonly organisationId: number; readonly datastreamIds: readonly number[] },
): Promise<Latest[]> {
  const scope =
    'placeIds' in where
      ? sql`d.thing_id = ANY(${where.placeIds as number[]}::bigint[])`
      : 'datastreamIds' in where
        ? sql`d.organisation_id = ${where.organisationId} AND d.id = ANY(${where.datastreamIds as number[]}::bigint[])`
        : sql`d.organisation_id = ${where.organisationId}`;
  const rows = await sql<Row[]>`
    SELECT d.thing_id AS "placeId", d.id AS "datastreamId", d.property_key AS property, s.last_number AS number, s.last_json AS json,
           coalesce(d.unit_symbol, '') AS unit, s.last_time AS "phenomenonTime", s.last_quality AS quality,
           v.expected_interval_s AS "expectedIntervalS"
    FROM datastreams d
    JOIN datastream_stats s ON s.datastream_id = d.id AND s.last_time IS NOT NULL
    LEFT JOIN devices v ON v.sensor_id = d.sensor_id
    WHERE ${scope} AND d.property_key IS NOT NULL AND ${readableDatastreams(sql, actor, 'd')}
    ORDER BY d.thing_id, d.property_key, s.last_time DESC`;
  return rows.map(({ number, json, ...row }) => ({
    ...row,
    value: number ?? (json === 'true' ? true : json === 'false' ? false : null),
  }));
}

/** A batch that was on its way when the time began is looked at too. */
const ON_ITS_WAY_S = 5;

/** Which Datastreams have got readings in the last so many milliseconds. */
export async function findGrownDatastreams(sql: Sql, pastMs: number): Promise<readonly number[]> {
  const rows = await sql<{ id: number }[]>`
    SELECT datastream_id AS id FROM datastream_stats
    WHERE arrived_at > now() - ${Math.ceil(pastMs / 1_000) + ON_ITS_WAY_S}::int * interval '1 second'`;
  return rows.map((row) => row.id);
}

export interface PlaceDatastream {
  readonly id: number;
  readonly property: string;
  readonly name: string;
  readonly unit: string;
  readonly sensor: string;
  readonly deviceId: number | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly replaces: boolean;
  readonly observations: number;
  readonly expectedIntervalS: number | null;
}

/** The Datastreams of a place: a room's series is their union. Oldest first. */
export async function findPlaceDatastreams(
  sql: Sql | Transaction,
  actor: Actor,
  placeId: number,
  property?: string,
): Promise<PlaceDatastream[]> {
  return sql<PlaceDatastream[]>`
    SELECT d.id, d.property_key AS property, d.name, coalesce(d.unit_symbol, '') AS unit, n.name AS sensor, v.id AS "deviceId",
           a.valid_from AS "from", a.valid_until AS until, coalesce(a.replaces, FALSE) AS replaces,
           coalesce(s.observations, 0) AS observations, v.expected_interval_s AS "expectedIntervalS"
    FROM datastreams d
    JOIN sensors n ON n.id = d.sensor_id
    LEFT JOIN devices v ON v.sensor_id = n.id
    LEFT JOIN datastream_stats s ON s.datastream_id = d.id
    LEFT JOIN LATERAL (
      SELECT min(x.valid_from) AS valid_from, CASE WHEN bool_or(x.valid_until IS NULL) THEN NULL ELSE max(x.valid_until) END AS valid_until,
             bool_or(x.replaces_id IS NOT NULL) AS replaces
      FROM assignment_datastreams ad JOIN assignments x ON x.id = ad.assignment_id WHERE ad.datastream_id = d.id
    ) a ON TRUE
    WHERE d.thing_id = ${placeId} AND d.property_key IS NOT NULL AND ${readableDatastreams(sql, actor, 'd')}
      ${property === undefined ? sql`` : sql`AND d.property_key = ${property}`}
    ORDER BY a.valid_from NULLS FIRST, d.id`;
}
