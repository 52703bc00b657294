/**
 * Where the model's entities, properties and links live in the database, and who may read a row: the WHERE
 * clause that every query adds where a table enters it. The only file that knows tables and columns; identifiers
 * come from here and nowhere else. It knows no wire name and no version of the standard. Long because it is one table.
 */
import type { DraftValue } from '@torv/core/sta/draft-value';
import type { EntityKey } from '@torv/core/sta/model';
import { splitResult } from '@torv/core/sta/result';
import { type Actor, organisationsOf, readable } from '../access/port.ts';
import type { Fragment, Sql } from '../db/database.ts';

export interface Reader {
  readonly sql: Sql;
  readonly actor: Actor;
}

/** What an expression can make of a property. */
export type ColumnValue =
  | { readonly type: 'id' | 'text'; readonly of: Fragment; readonly nullable: boolean }
  | {
      readonly type: 'time';
      readonly start: Fragment;
      /** The same object as `start` for what is always an instant. */
      readonly end: Fragment;
      readonly nullable: boolean;
    }
  | {
      readonly type: 'json';
      /** jsonb */
      readonly of: Fragment;
      /** As it was sent. */
      readonly text: Fragment;
      readonly geometry: Fragment | undefined;
    }
  /** A number in a column of its own, and anything else as JSON to the letter. */
  | { readonly type: 'result'; readonly number: Fragment; readonly json: Fragment };

/** A column and what is written into it. */
export type Cell = readonly [column: string, value: Fragment];

export interface Column {
  /** Text as it is rendered: JSON to the letter, or a plain text, or the database's own form of moments. */
  readonly print: (sql: Sql, row: string) => Fragment;
  readonly value: (sql: Sql, row: string) => ColumnValue;
  /** Absent where the server keeps it. */
  readonly store?: (sql: Sql, value: DraftValue) => readonly Cell[];
}

/** How a link is kept: in a column of this row, in a column of the other rows, or in a table of its own. */
export type LinkWay =
  | { readonly kind: 'parent'; readonly column: string }
  | { readonly kind: 'children'; readonly column: string }
  | { readonly kind: 'through'; readonly table: string; readonly own: string; readonly other: string };

export interface LinkColumns {
  readonly way: LinkWay;
  /** The value of a row that its linked rows are found by. */
  readonly key: (sql: Sql, row: string) => Fragment;
  /** Rows of the other entity that belong to the key. */
  readonly match: (sql: Sql, row: string, key: Fragment) => Fragment;
  /** Whoever may read the row may read what it leads to. */
  readonly inherits?: true;
}

interface Table {
  readonly table: string;
  /** The row itself has an organisation, a visibility and a version; else it is as its owner. */
  readonly owner: 'itself' | { readonly table: string; readonly column: string };
  readonly readable: (reader: Reader, row: string) => Fragment;
  readonly columns: Readonly<Record<string, Column>>;
  readonly links: Readonly<Record<string, LinkColumns>>;
}

const at = (sql: Sql, row: string, column: string): Fragment => sql`${sql(`${row}.${column}`)}`;

// Kinds of columns -------------------------------------------------------------------------------------------

const id: Column = {
  print: (sql, row) => sql`${at(sql, row, 'id')}::text`,
  value: (sql, row) => ({ type: 'id', of: at(sql, row, 'id'), nullable: false }),
};

const text = (name: string): Column => ({
  print: (sql, row) => at(sql, row, name),
  value: (sql, row) => ({ type: 'text', of: at(sql, row, name), nullable: true }),
  store: (sql, { text }) => [[name, sql`${text}::text`]],
});

/** jsonb for searching, and the text that a client sent beside it. */
const json = (name: string, geometry?: string): Column => {
  const print = (sql: Sql, row: string): Fragment =>
    sql`coalesce(${at(sql, row, `${name}_text`)}, ${at(sql, row, name)}::text)`;
  return {
    print,
    value: (sql, row) => ({
      type: 'json',
      of: at(sql, row, name),
      text: print(sql, row),
      geometry: geometry === undefined ? undefined : at(sql, row, geometry),
    }),
    store: (sql, value) => [
      [name, sql`${value.text}::text::jsonb`],
      [`${name}_text`, sql`${value.text}::text`],
      ...(geometry === undefined
        ? []
        : [[geometry, sql`ST_SetSRID(ST_GeomFromGeoJSON(${value.geometry ?? null}::text), 4326)`] as const]),
    ],
  };
};

/** JSON that is kept only as text. */
const jsonText = (name: string): Column => ({
  print: (sql, row) => at(sql, row, name),
  value: (sql, row) => ({
    type: 'json',
    of: sql`${at(sql, row, name)}::jsonb`,
    text: at(sql, row, name),
    geometry: undefined,
  }),
  store: (sql, { text }) => [[name, sql`${text}::text`]],
});

const instant = (name: string, nullable: boolean): Column => ({
  print: (sql, row) => sql`${at(sql, row, name)}::text`,
  value: (sql, row) => {
    const moment = at(sql, row, name);
    return { type: 'time', start: moment, end: moment, nullable };
  },
  store: (sql, { text }) => [[name, sql`${text}::text::timestamptz`]],
});

const storeSpan =
  (start: string, end: string) =>
  (sql: Sql, { text }: DraftValue): readonly Cell[] => {
    const [first = null, last = null] = text?.split('/') ?? [];
    return [
      [start, sql`${first}::text::timestamptz`],
      [end, sql`${last}::text::timestamptz`],
    ];
  };

/** An instant where the end is null, else an interval. */
const moment = (start: string, end: string, nullable: boolean): Column => ({
  print: (sql, row) =>
    sql`concat_ws('/', ${at(sql, row, start)}::text, nullif(${at(sql, row, end)}, ${at(sql, row, start)})::text)`,
  value: (sql, row) => ({
    type: 'time',
    start: at(sql, row, start),
    end: sql`coalesce(${at(sql, row, end)}, ${at(sql, row, start)})`,
    nullable,
  }),
  store: storeSpan(start, end),
});

const interval = (start: string, end: string): Column => ({
  print: (sql, row) =>
    sql`${at(sql, row, start)}::text || '/' || coalesce(${at(sql, row, end)}, ${at(sql, row, start)})::text`,
  value: moment(start, end, true).value,
  store: storeSpan(start, end),
});

/** Kept beside the Datastream, once per batch. */
const statistic = (start: string, end: string): Column => {
  const pick = (sql: Sql, row: string, column: string): Fragment =>
    sql`(SELECT ${sql(`s.${column}`)} FROM datastream_stats s WHERE s.datastream_id = ${at(sql, row, 'id')})`;
  return {
    print: (sql, row) => sql`${pick(sql, row, start)}::text || '/' || ${pick(sql, row, end)}::text`,
    value: (sql, row) => ({
      type: 'time',
      start: pick(sql, row, start),
      end: pick(sql, row, end),
      nullable: true,
    }),
  };
};

const observedArea: Column = {
  print: (sql, row) => sql`ST_AsGeoJSON(${at(sql, row, 'observed_area')})`,
  value: (sql, row) => ({
    type: 'json',
    // QGIS asks for `observedArea/type`
    of: sql`${observedArea.print(sql, row)}::jsonb`,
    text: observedArea.print(sql, row),
    geometry: at(sql, row, 'observed_area'),
  }),
};

const unit: Column = {
  print: (sql, row) => sql`coalesce(${at(sql, row, 'unit_text')}, ${toUnit(sql, row)}::text)`,
  value: (sql, row) => ({
    type: 'json',
    // an outer join may have found no row at all
    of: sql`(CASE WHEN ${at(sql, row, 'id')} IS NOT NULL THEN coalesce(${at(sql, row, 'unit_text')}::jsonb, ${toUnit(sql, row)}) END)`,
    text: unit.print(sql, row),
    geometry: undefined,
  }),
  store: (sql, { text }) => {
    const part = (name: string) => sql`${text}::text::jsonb ->> ${name}::text`;
    return [
      ['unit_text', sql`${text}::text`],
      ['unit_name', part('name')],
      ['unit_symbol', part('symbol')],
      ['unit_definition', part('definition')],
    ];
  },
};

function toUnit(sql: Sql, row: string): Fragment {
  return sql`jsonb_build_object('name', ${at(sql, row, 'unit_name')}, 'symbol', ${at(sql, row, 'unit_symbol')}, 'definition', ${at(sql, row, 'unit_definition')})`;
}

const result: Column = {
  print: (sql, row) =>
    sql`coalesce(${at(sql, row, 'result_json')}, ${at(sql, row, 'result_number')}::text, 'null')`,
  value: (sql, row) => ({
    type: 'result',
    number: at(sql, row, 'result_number'),
    json: at(sql, row, 'result_json'),
  }),
  store: (sql, { text }) => {
    const { number, json } = splitResult(text ?? 'null');
    return [
      ['result_number', sql`${number}::text::float8`],
      ['result_json', sql`${json}::text`],
    ];
  },
};

// Kinds of links ---------------------------------------------------------------------------------------------

/** The other rows name this one. */
const children = (column: string, inherits?: true): LinkColumns => ({
  way: { kind: 'children', column },
  key: (sql, row) => at(sql, row, 'id'),
  match: (sql, row, key) => sql`${at(sql, row, column)} = ${key}`,
  ...(inherits === undefined ? {} : { inherits }),
});

/** This row names the other. */
const parent = (column: string): LinkColumns => ({
  way: { kind: 'parent', column },
  key: (sql, row) => at(sql, row, column),
  match: (sql, row, key) => sql`${at(sql, row, 'id')} = ${key}`,
});

const through = (table: string, own: string, other: string): LinkColumns => ({
  way: { kind: 'through', table, own, other },
  key: (sql, row) => at(sql, row, 'id'),
  match: (sql, row, key) =>
    sql`${at(sql, row, 'id')} IN (SELECT ${sql(`x.${other}`)} FROM ${sql(table)} x WHERE ${sql(`x.${own}`)} = ${key})`,
});

/** What ingest writes names no feature: it is its Datastream's. */
const featureOfObservation: LinkColumns = {
  way: { kind: 'parent', column: 'feature_id' },
  key: (sql, row) =>
    sql`coalesce(${at(sql, row, 'feature_id')}, (SELECT f.feature_id FROM datastreams f WHERE f.id = ${at(sql, row, 'datastream_id')}))`,
  match: (sql, row, key) => sql`${at(sql, row, 'id')} = ${key}`,
};

const observationsOfFeature: LinkColumns = {
  way: { kind: 'children', column: 'feature_id' },
  key: (sql, row) => at(sql, row, 'id'),
  match: (
    sql,
    row,
    key,
  ) => sql`(${at(sql, row, 'feature_id')} = ${key} OR (${at(sql, row, 'feature_id')} IS NULL
    AND ${at(sql, row, 'datastream_id')} = ANY (ARRAY(SELECT f.id FROM datastreams f WHERE f.feature_id = ${key}))))`,
};

// Who may read -----------------------------------------------------------------------------------------------

/** Public or of one's own organisation; a room's screen also what hangs on its place. */
function open(toPlace: (sql: Sql, row: string, placeId: number) => Fragment): Table['readable'] {
  return ({ sql, actor }, row) =>
    actor.kind === 'link'
      ? sql`(${readable(sql, actor, row, 'open')} OR ${toPlace(sql, row, actor.placeId)})`
      : readable(sql, actor, row, 'open');
}

const ofPlace = (column: string) => (sql: Sql, row: string, placeId: number) =>
  sql`${at(sql, row, column)} = ${placeId}`;

const throughDatastream = (column: string) => (sql: Sql, row: string, placeId: number) =>
  sql`EXISTS (SELECT FROM datastreams y WHERE ${sql(`y.${column}`)} = ${at(sql, row, 'id')} AND y.thing_id = ${placeId})`;

/** As its owner. */
const asOwner =
  (entity: EntityKey, column: string): Table['readable'] =>
  (reader, row) => {
    const owner = `${row}_owner`;
    const { table, readable: may } = TABLES[entity];
    const { sql } = reader;
    return sql`EXISTS (SELECT FROM ${sql(table)} ${sql(owner)} WHERE ${sql(`${owner}.id`)} = ${at(sql, row, column)} AND ${may(reader, owner)})`;
  };

/**
 * What Torv itself knows to measure (rows with a key) is there for whoever builds with it; everybody else sees
 * what somebody measures where they may look, as if the rest were not there. An empty service is then empty.
 */
const observed: Table['readable'] = (reader, row) => {
  const { sql, actor } = reader;
  const base = open(throughDatastream('observed_property_id'))(reader, row);
  if (actor.kind !== 'open' && organisationsOf(actor, 'viewer')?.length !== 0) return base;
  return sql`(${base} AND (${at(sql, row, 'key')} IS NULL OR EXISTS (
    SELECT FROM datastreams y WHERE y.observed_property_id = ${at(sql, row, 'id')} AND ${TABLES.datastream.readable(reader, 'y')})))`;
};

// The table --------------------------------------------------------------------------------------------------

const named = { id, name: text('name'), description: text('description') };

export const TABLES: Readonly<Record<EntityKey, Table>> = {
  thing: {
    table: 'things',
    owner: 'itself',
    readable: open(ofPlace('id')),
    columns: { ...named, properties: json('properties') },
    links: {
      datastreams: children('thing_id'),
      historicalLocations: children('thing_id', true),
      locations: through('thing_locations', 'thing_id', 'location_id'),
    },
  },
  location: {
    table: 'locations',
    owner: 'itself',
    readable: open(
      (sql, row, placeId) =>
        sql`EXISTS (SELECT FROM thing_locations y WHERE y.location_id = ${at(sql, row, 'id')} AND y.thing_id = ${placeId})`,
    ),
    columns: {
      ...named,
      encodingType: text('encoding_type'),
      location: json('location', 'geom'),
      properties: json('properties'),
    },
    links: {
      historicalLocations: through('historical_location_locations', 'location_id', 'historical_location_id'),
      things: through('thing_locations', 'location_id', 'thing_id'),
    },
  },
  historicalLocation: {
    table: 'historical_locations',
    owner: { table: 'things', column: 'thing_id' },
    readable: asOwner('thing', 'thing_id'),
    columns: { id, time: instant('time', false) },
    links: {
      thing: parent('thing_id'),
      locations: through('historical_location_locations', 'historical_location_id', 'location_id'),
    },
  },
  datastream: {
    table: 'datastreams',
    owner: 'itself',
    readable: open(ofPlace('thing_id')),
    columns: {
      ...named,
      observationType: text('observation_type'),
      unit,
      observedArea,
      phenomenonTime: statistic('phenomenon_start', 'phenomenon_end'),
      resultTime: statistic('result_start', 'result_end'),
      properties: json('properties'),
    },
    links: {
      thing: parent('thing_id'),
      sensor: parent('sensor_id'),
      observedProperty: parent('observed_property_id'),
      observations: children('datastream_id', true),
    },
  },
  sensor: {
    table: 'sensors',
    owner: 'itself',
    readable: open(throughDatastream('sensor_id')),
    columns: {
      ...named,
      encodingType: text('encoding_type'),
      metadata: json('metadata'),
      properties: json('properties'),
    },
    links: { datastreams: children('sensor_id') },
  },
  observedProperty: {
    table: 'observed_properties',
    owner: 'itself',
    readable: observed,
    columns: { ...named, definition: text('definition'), properties: json('properties') },
    links: { datastreams: children('observed_property_id') },
  },
  observation: {
    table: 'observations',
    owner: { table: 'datastreams', column: 'datastream_id' },
    readable: asOwner('datastream', 'datastream_id'),
    columns: {
      id,
      phenomenonTime: moment('phenomenon_start', 'phenomenon_end', false),
      resultTime: instant('result_time', true),
      result,
      resultQuality: jsonText('result_quality'),
      validTime: interval('valid_start', 'valid_end'),
      parameters: json('parameters'),
    },
    links: { datastream: parent('datastream_id'), feature: featureOfObservation },
  },
  feature: {
    table: 'features_of_interest',
    owner: 'itself',
    readable: open(throughDatastream('feature_id')),
    columns: {
      ...named,
      encodingType: text('encoding_type'),
      feature: json('feature', 'geom'),
      properties: json('properties'),
    },
    links: { observations: observationsOfFeature },
  },
};

export function getColumn(entity: EntityKey, property: string): Column {
  const column = TABLES[entity].columns[property];
  if (column === undefined) throw new Error(`The model's ${entity}.${property} has no column`);
  return column;
}

export function getLinkColumns(entity: EntityKey, link: string): LinkColumns {
  const columns = TABLES[entity].links[link];
  if (columns === undefined) throw new Error(`The model's link ${entity}.${link} has no columns`);
  return columns;
}
