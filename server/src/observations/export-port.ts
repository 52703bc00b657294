/**
 * Readings out, one line each, read by keyset in pieces: any size, no snapshot held, a slow reader slows only
 * himself. The columns are those that an import in long form takes back.
 */
import { type CsvValue, renderCsvLine } from '@torv/core/files/csv-cell';
import { PROPERTIES, type PropertyKey, QUALITY } from '@torv/core/properties';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';

export interface ReadingsQuery {
  readonly organisationId: number;
  readonly placeId?: number | undefined;
  readonly property?: PropertyKey | undefined;
  /** RFC 3339, half open */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

export type ExportFormat = 'csv' | 'ndjson';

export const EXPORT_COLUMNS = [
  'time',
  'place',
  'place_name',
  'property',
  'unit',
  'value',
  'channel',
  'sensor',
  'quality',
] as const;

interface Stream {
  readonly id: number;
  readonly place: string;
  readonly place_name: string;
  readonly property: PropertyKey;
  readonly sensor: string;
}

interface Row {
  readonly id: number;
  readonly time: string;
  readonly number: number | null;
  readonly json: string | null;
  readonly quality: number;
  readonly channel: number | null;
}

const PIECE_ROWS = 5000;

function renderQuality(quality: number): string {
  return Object.entries(QUALITY)
    .filter(([, bit]) => (quality & bit) !== 0)
    .map(([name]) => name)
    .join(' ');
}

/** @throws AppError NOT_FOUND, SIGNED_OUT for who is not a member: readings leave only through the gate else */
export async function* exportReadings(
  sql: Sql,
  actor: Actor,
  query: ReadingsQuery,
  format: ExportFormat,
): AsyncGenerator<string> {
  requireRole(actor, query.organisationId, 'viewer');
  if (format === 'csv') yield renderCsvLine(EXPORT_COLUMNS);
  const streams = await sql<Stream[]>`
    SELECT d.id, coalesce(p.external_ref, t.name) AS place, t.name AS place_name, d.property_key AS property, s.name AS sensor
    FROM datastreams d
    JOIN things t ON t.id = d.thing_id
    LEFT JOIN places p ON p.thing_id = t.id
    JOIN sensors s ON s.id = d.sensor_id
    WHERE d.organisation_id = ${query.organisationId} AND d.property_key IS NOT NULL
      ${query.placeId === undefined ? sql`` : sql`AND d.thing_id = ${query.placeId}`}
      ${query.property === undefined ? sql`` : sql`AND d.property_key = ${query.property}`}
    ORDER BY d.thing_id, d.property_key, d.id`;
  for (const stream of streams) {
    for await (const rows of readPieces(sql, stream.id, query))
      yield rows.map((row) => renderRow(stream, row, format)).join('');
  }
}

async function* readPieces(
  sql: Sql,
  datastreamId: number,
  query: ReadingsQuery,
): AsyncGenerator<readonly Row[]> {
  let last: Row | undefined;
  for (;;) {
    const rows: readonly Row[] = await sql<Row[]>`
      SELECT id, phenomenon_start AS time, result_number AS number, result_json AS json, quality, channel
      FROM observations
      WHERE datastream_id = ${datastreamId}
        AND phenomenon_start >= ${query.from ?? '-infinity'}::timestamptz AND phenomenon_start < ${query.until ?? 'infinity'}::timestamptz
        ${last === undefined ? sql`` : sql`AND phenomenon_start >= ${last.time}::timestamptz AND (phenomenon_start, id) > (${last.time}::timestamptz, ${last.id})`}
      ORDER BY phenomenon_start, id LIMIT ${PIECE_ROWS}`;
    if (rows.length > 0) yield rows;
    last = rows.at(-1);
    if (rows.length < PIECE_ROWS) return;
  }
}

function renderRow(stream: Stream, row: Row, format: ExportFormat): string {
  const value: CsvValue =
    row.number ?? (row.json === 'true' ? true : row.json === 'false' ? false : row.json);
  const unit = PROPERTIES[stream.property].unit;
  const quality = renderQuality(row.quality);
  const { place, place_name, property, sensor } = stream;
  const channel = row.channel ?? 0;
  return format === 'csv'
    ? renderCsvLine([row.time, place, place_name, property, unit, value, channel, sensor, quality])
    : `${JSON.stringify({ time: row.time, place, place_name, property, unit, value, channel, sensor, quality })}\n`;
}
