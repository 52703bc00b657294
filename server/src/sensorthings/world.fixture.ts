/**
 * A small town for tests, as rows in memory and as rows of a real database: what the one says a query means, the
 * other must answer. It has what trips queries up: nothing linked, several linked, nulls, results of every JSON
 * type, intervals, instants that differ in a microsecond, and an organisation that others may not see.
 */
import { toMonthIndex } from '@torv/core/ids';
import { type JsonValue, toTime, type Value, type World } from '@torv/core/odata/evaluate';
import { type EntityKey, findProperty, MODEL } from '@torv/core/sta/model';
import type { Sql } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';

export interface FixtureRow {
  readonly id: number;
  readonly isPublic: boolean;
  /** JSON and results as text to the letter, moments as RFC 3339 (`a/b` for intervals), the rest as it is. */
  readonly values: Readonly<Record<string, string | null>>;
  readonly links: Readonly<Record<string, readonly number[]>>;
}

export type FixtureWorld = Readonly<Record<EntityKey, readonly FixtureRow[]>>;

export const NOW = '2026-11-22T12:00:00Z';

/** Like the ids that the store makes: the month above the sequence. */
export function toObservationId(instant: string, sequence: number): number {
  return toMonthIndex(Date.parse(instant)) * 2 ** 42 + sequence;
}

const point = (x: number, y: number): string => `{"type":"Point","coordinates":[${x},${y}]}`;

function toRow(
  id: number,
  values: Record<string, string | null>,
  links: Record<string, readonly number[]> = {},
  isPublic = true,
): FixtureRow {
  return { id, isPublic, values, links };
}

const RESULTS = [
  '1', '2', '3', '4', '5', '8', '12', '-3.5', '0', '1.0', '1000.25', '"abc"', '"12"', '""', 'true', 'false',
  'null', '[1,2,[3]]', '{"a":1,"b":{"c":"x"}}', '20.5', '1200', '"Æble"', '9007199254740993', '700',
]; // biome-ignore format: a table
const PARAMETERS = [
  null, '{"int":5,"text":"abc","flag":true}', '{"int":"5","list":[1,[2,"x"],null],"flag":false}', '{"int":7,"flag":null}',
]; // biome-ignore format: a table

function toObservations(): FixtureRow[] {
  return RESULTS.map((result, i) => {
    const day = String((i % 5) + 1).padStart(2, '0');
    const start = `2026-${i % 2 === 0 ? '10' : '11'}-${day}T0${i % 3}:00:00${['', '.5', '.000001'][i % 3]}Z`;
    const end = i % 4 === 3 ? `2026-12-0${(i % 5) + 1}T00:00:00Z` : undefined;
    return toRow(
      toObservationId(start, i + 1),
      {
        phenomenonTime: end === undefined ? start : `${start}/${end}`,
        resultTime: i % 3 === 0 ? null : `2026-11-0${(i % 7) + 1}T06:30:15.25Z`,
        result,
        resultQuality: i % 6 === 0 ? '"good"' : null,
        validTime: i % 5 === 0 ? '2026-11-01T00:00:00Z/2026-11-08T00:00:00Z' : null,
        parameters: PARAMETERS[i % PARAMETERS.length] ?? null,
      },
      { datastream: [[1, 2, 3, 5][i % 4] ?? 1], feature: i % 7 === 0 ? [2] : [] },
      i % 4 !== 3,
    );
  });
}

const unit = (name: string, symbol: string): string =>
  `{"name":"${name}","symbol":"${symbol}","definition":"ucum:${symbol}"}`;

export const WORLD: FixtureWorld = {
  thing: [
    toRow(1, { name: 'Room 1', description: 'facing south', properties: '{"floor":1,"uses":["class","exam"],"isNew":true,"size":{"m2":60.5}}' }, { locations: [1, 2] }),
    toRow(2, { name: 'Room 2', description: "it's quiet", properties: '{"floor":"1","isNew":false,"size":{"m2":45}}' }, { locations: [2] }),
    toRow(3, { name: 'Yard', description: '', properties: null }, { locations: [] }),
    toRow(4, { name: 'Secret room', description: 'internal', properties: '{"floor":1}' }, { locations: [3] }, false),
  ],
  location: [
    toRow(1, { name: 'Here', description: 'a', encodingType: 'application/geo+json', location: point(10, 55), properties: null }),
    toRow(2, { name: 'There', description: 'b', encodingType: 'application/geo+json', location: point(10.5, 55.5), properties: '{"k":1}' }),
    toRow(3, { name: 'Hidden', description: 'c', encodingType: 'application/geo+json', location: point(11, 56), properties: null }, {}, false),
  ],
  historicalLocation: [
    toRow(1, { time: '2026-01-01T00:00:00Z' }, { thing: [1], locations: [1] }),
    toRow(2, { time: '2026-05-01T12:30:00.25Z' }, { thing: [1], locations: [1, 2] }),
    toRow(3, { time: '2026-05-01T12:30:00.25Z' }, { thing: [2], locations: [2] }),
    toRow(4, { time: '2026-06-01T00:00:00Z' }, { thing: [4], locations: [3] }, false),
  ],
  sensor: [
    toRow(1, { name: 'ERS', description: 'x', encodingType: 'application/json', metadata: '{"model":"ERS"}', properties: null }),
    toRow(2, { name: 'AM103', description: 'y', encodingType: 'text/html', metadata: '"https://example.org"', properties: '{"v":2}' }),
    toRow(3, { name: 'Hidden', description: 'z', encodingType: 'text/html', metadata: '{}', properties: null }, {}, false),
  ],
  observedProperty: [
    toRow(101, { name: 'CO2', definition: 'http://example.org/co2', description: 'gas', properties: null }),
    toRow(102, { name: 'temperature', definition: 'http://example.org/t', description: 'heat', properties: '{"a":null}' }),
  ],
  datastream: [
    toRow(1, { name: 'Room 1: CO2', description: 'd', observationType: 'OM_Measurement', unit: unit('ppm', 'ppm'), properties: '{"days":2}' }, { thing: [1], sensor: [1], observedProperty: [101], feature: [1] }),
    toRow(2, { name: 'Room 1: temperature', description: 'd', observationType: 'OM_Measurement', unit: unit('degree', '°C'), properties: null }, { thing: [1], sensor: [1], observedProperty: [102], feature: [1] }),
    toRow(3, { name: 'Room 2: CO2', description: 'e', observationType: 'OM_Measurement', unit: unit('ppm', 'ppm'), properties: '{"days":"2"}' }, { thing: [2], sensor: [2], observedProperty: [101], feature: [] }),
    toRow(4, { name: 'Room 2: empty', description: 'f', observationType: 'OM_Measurement', unit: unit('', ''), properties: null }, { thing: [2], sensor: [2], observedProperty: [102], feature: [] }),
    toRow(5, { name: 'Secret', description: 'g', observationType: 'OM_Measurement', unit: unit('ppm', 'ppm'), properties: null }, { thing: [1], sensor: [3], observedProperty: [101], feature: [1] }, false),
  ],
  observation: toObservations(),
  feature: [
    toRow(1, { name: 'Room 1', description: 'p', encodingType: 'application/geo+json', feature: point(10, 55), properties: null }),
    toRow(2, { name: 'Elsewhere', description: 'q', encodingType: 'application/geo+json', feature: point(9, 54), properties: null }),
  ],
}; // biome-ignore format: a table

// In memory --------------------------------------------------------------------------------------------------

/** JSON whose numbers keep their digits. */
export function parseJson(text: string): JsonValue {
  let i = 0;
  const fail = (): never => {
    throw new Error(`${text} is not JSON at ${i}`);
  };
  const read = (): JsonValue => {
    const rest = text.slice(i);
    const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/.exec(rest)?.[0];
    if (number !== undefined) {
      i += number.length;
      return { kind: 'number', text: number };
    }
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0];
    if (quoted !== undefined) {
      i += quoted.length;
      return { kind: 'text', value: JSON.parse(quoted) as string };
    }
    const word = /^(true|false|null)/.exec(rest)?.[0];
    if (word !== undefined) {
      i += word.length;
      return word === 'null' ? { kind: 'null' } : { kind: 'boolean', value: word === 'true' };
    }
    if (text[i] === '[') {
      const items: JsonValue[] = [];
      for (i++; text[i] !== ']'; i += text[i] === ',' ? 1 : 0) items.push(read());
      i++;
      return { kind: 'list', items };
    }
    if (text[i] !== '{') return fail();
    const members = new Map<string, JsonValue>();
    for (i++; text[i] !== '}'; i += text[i] === ',' ? 1 : 0) {
      const key = read();
      i++;
      if (key.kind === 'text') members.set(key.value, read());
    }
    i++;
    return { kind: 'object', members };
  };
  return read();
}

function toValue(entity: EntityKey, key: string, row: FixtureRow): Value {
  if (key === 'id') return row.id;
  const text = row.values[key] ?? null;
  if (text === null) return null;
  switch (findProperty(entity, key)?.type) {
    case 'json':
    case 'geojson':
    case 'result':
      return parseJson(text);
    case 'instant':
    case 'interval':
    case 'moment': {
      const [start = '', end = start] = text.split('/');
      return toTime(start, end);
    }
    default:
      return text;
  }
}

function isVisible(entity: EntityKey, row: FixtureRow): boolean {
  if (entity !== 'observation') return row.isPublic;
  return WORLD.datastream.some((d) => d.isPublic && row.links.datastream?.includes(d.id));
}

/** Rows of an entity that everybody may see. */
export function toVisible(entity: EntityKey): readonly FixtureRow[] {
  return WORLD[entity].filter((row) => isVisible(entity, row));
}

function toStatistics(row: FixtureRow, key: string): Value {
  const times = WORLD.observation
    .filter((observation) => observation.links.datastream?.includes(row.id))
    .map((observation) => (observation.values[key] ?? '').split('/')[0] ?? '')
    .filter((text) => text !== '')
    .map((text) => toTime(text));
  if (times.length === 0) return null;
  const starts = times.map((time) => time.start).sort((a, b) => (a < b ? -1 : 1));
  return { start: starts[0] ?? 0n, end: starts.at(-1) ?? 0n };
}

function follow(entity: EntityKey, row: FixtureRow, key: string): readonly FixtureRow[] {
  const link = MODEL[entity].links[key];
  if (link === undefined) throw new Error(`${entity} has no link ${key}`);
  if (entity === 'observation' && key === 'feature' && row.links.feature?.length === 0) {
    const datastream = WORLD.datastream.find((d) => row.links.datastream?.includes(d.id));
    return toVisible('feature').filter((f) => datastream?.links.feature?.includes(f.id));
  }
  const own = row.links[key];
  if (own !== undefined) return toVisible(link.to).filter((other) => own.includes(other.id));
  return toVisible(link.to).filter((other) =>
    follow(link.to, other, link.inverse).some((back) => back.id === row.id),
  );
}

export const MEMORY: World = {
  now: NOW,
  property: (entity, row, key) =>
    entity === 'datastream' && (key === 'phenomenonTime' || key === 'resultTime')
      ? toStatistics(row as FixtureRow, key)
      : toValue(entity, key, row as FixtureRow),
  follow: (entity, row, key) => follow(entity, row as FixtureRow, key),
};

// In a database ----------------------------------------------------------------------------------------------

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Writes the whole world into an empty database. @returns the organisation that owns it */
export async function insertWorld(sql: Sql): Promise<number> {
  const [organisation] = await sql<{ id: number }[]>`
    INSERT INTO organisations (slug, name, kind) VALUES ('fixture', 'Fixture', 'demo') RETURNING id`;
  const organisationId = organisation?.id ?? 0;
  await sql`DELETE FROM observed_properties`;
  await ensurePartitions(sql, 'observations', ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z']);
  for (const entity of ['thing', 'location', 'sensor', 'observedProperty', 'feature'] as const) {
    for (const row of WORLD[entity]) await insertNamed(sql, organisationId, entity, row);
  }
  for (const row of WORLD.thing) {
    for (const id of row.links.locations ?? [])
      await sql`INSERT INTO thing_locations (thing_id, location_id) VALUES (${row.id}, ${id})`;
  }
  for (const row of WORLD.historicalLocation) {
    await sql`INSERT INTO historical_locations (id, thing_id, time) VALUES (${row.id}, ${row.links.thing?.[0] ?? null}, ${row.values.time ?? null})`;
    for (const id of row.links.locations ?? [])
      await sql`INSERT INTO historical_location_locations (historical_location_id, location_id) VALUES (${row.id}, ${id})`;
  }
  for (const row of WORLD.datastream) await insertDatastream(sql, organisationId, row);
  for (const row of WORLD.observation) await insertObservation(sql, row);
  await sql`
    INSERT INTO datastream_stats (datastream_id, observations, phenomenon_start, phenomenon_end, result_start, result_end)
    SELECT datastream_id, count(*), min(phenomenon_start), max(phenomenon_start), min(result_time), max(result_time)
    FROM observations GROUP BY datastream_id`;
  return organisationId;
}

const TABLE_OF: Partial<Record<EntityKey, string>> = {
  thing: 'things',
  location: 'locations',
  sensor: 'sensors',
  observedProperty: 'observed_properties',
  feature: 'features_of_interest',
};

async function insertNamed(
  sql: Sql,
  organisationId: number,
  entity: EntityKey,
  row: FixtureRow,
): Promise<void> {
  const columns: Record<string, string | number | null> = {
    id: row.id,
    organisation_id: organisationId,
    visibility: row.isPublic ? 'public' : 'internal',
  };
  const geometry: string[] = [];
  for (const [key, text] of Object.entries(row.values)) {
    const type = findProperty(entity, key)?.type;
    columns[snake(key)] = text;
    if (type === 'json' || type === 'geojson') columns[`${snake(key)}_text`] = text;
    if (type === 'geojson') geometry.push(text ?? '');
  }
  const names = Object.keys(columns);
  const values = names.map((name) => {
    const isJson = `${name}_text` in columns;
    return isJson ? sql`${columns[name] ?? null}::text::jsonb` : sql`${columns[name] ?? null}`;
  });
  const list = values.reduce((left, right) => sql`${left}, ${right}`);
  const [shape] = geometry;
  await sql`INSERT INTO ${sql(TABLE_OF[entity] ?? '')} (${sql(names)}) VALUES (${list})`;
  if (shape !== undefined)
    await sql`UPDATE ${sql(TABLE_OF[entity] ?? '')} SET geom = ST_SetSRID(ST_GeomFromGeoJSON(${shape}::text), 4326) WHERE id = ${row.id}`;
}

async function insertDatastream(sql: Sql, organisationId: number, row: FixtureRow): Promise<void> {
  const { values, links } = row;
  const u = JSON.parse(values.unit ?? '{}') as { name: string; symbol: string; definition: string };
  await sql`
    INSERT INTO datastreams (id, organisation_id, thing_id, sensor_id, observed_property_id, feature_id, name, description,
      observation_type, unit_text, unit_name, unit_symbol, unit_definition, properties, properties_text, visibility)
    VALUES (${row.id}, ${organisationId}, ${links.thing?.[0] ?? null}, ${links.sensor?.[0] ?? null}, ${links.observedProperty?.[0] ?? null},
      ${links.feature?.[0] ?? null}, ${values.name ?? null}, ${values.description ?? null}, ${values.observationType ?? null},
      ${values.unit ?? null}, ${u.name}, ${u.symbol}, ${u.definition}, ${values.properties ?? null}::text::jsonb, ${values.properties ?? null},
      ${row.isPublic ? 'public' : 'internal'})`;
}

async function insertObservation(sql: Sql, row: FixtureRow): Promise<void> {
  const { values, links } = row;
  const [start = '', end = null] = (values.phenomenonTime ?? '').split('/');
  const [validStart = null, validEnd = null] = values.validTime?.split('/') ?? [];
  const result = values.result ?? 'null';
  const isNumber = /^-?\d/.test(result);
  // to the letter where it is not what a double prints
  const json = isNumber && String(Number(result)) === result ? null : result;
  await sql`
    INSERT INTO observations (id, datastream_id, phenomenon_start, phenomenon_end, result_time, feature_id, valid_start, valid_end,
      result_number, result_json, parameters, parameters_text, result_quality)
    VALUES (${row.id}, ${links.datastream?.[0] ?? null}, ${start}, ${end}, ${values.resultTime ?? null}, ${links.feature?.[0] ?? null},
      ${validStart}, ${validEnd}, ${isNumber ? Number(result) : null}, ${json}, ${values.parameters ?? null}::text::jsonb,
      ${values.parameters ?? null}, ${values.resultQuality ?? null})`;
}
