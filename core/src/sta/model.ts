/**
 * The SensorThings data model as one table: entities, their properties and their links. Paths, queries, SQL,
 * rendering (and later writing and MQTT) are generic over it. The names here are Torv's own and belong to no
 * version of the standard: what a version calls them on the wire stands in version.ts.
 */

export type EntityKey =
  | 'thing'
  | 'location'
  | 'historicalLocation'
  | 'datastream'
  | 'sensor'
  | 'observedProperty'
  | 'observation'
  | 'feature';

/**
 * id: 64-bit integer; json: any JSON, kept to the letter; geojson: JSON that also has a geometry;
 * instant, interval: moments; moment: an instant or an interval; result: any JSON, mostly a number.
 */
export type PropertyType = 'id' | 'text' | 'json' | 'geojson' | 'instant' | 'interval' | 'moment' | 'result';

export interface Property {
  readonly type: PropertyType;
  /** Must be given when the entity is created; printed also when null. */
  readonly mandatory: boolean;
  /** Kept by the server: a client's value is ignored. */
  readonly kept: boolean;
  /** What a mandatory property is where a client leaves it out: the moment of writing, or null. */
  readonly otherwise?: 'now' | 'null';
  /** Of JSON that is not just anything. */
  readonly shape?: 'object' | 'unit';
}

export interface Link {
  readonly to: EntityKey;
  readonly many: boolean;
  /** The same link seen from the other side. */
  readonly inverse: string;
  readonly mandatory: boolean;
}

export interface Entity {
  readonly properties: Readonly<Record<string, Property>>;
  readonly links: Readonly<Record<string, Link>>;
}

const must = (type: PropertyType): Property => ({ type, mandatory: true, kept: false });
const may = (type: PropertyType): Property => ({ type, mandatory: false, kept: false });
const kept = (type: PropertyType): Property => ({ type, mandatory: false, kept: true });
const PROPERTIES: Property = { type: 'json', mandatory: false, kept: false, shape: 'object' };
const one = (to: EntityKey, inverse: string, mandatory = true): Link => ({
  to,
  many: false,
  inverse,
  mandatory,
});
const many = (to: EntityKey, inverse: string): Link => ({ to, many: true, inverse, mandatory: false });

const ID: Property = { type: 'id', mandatory: false, kept: true };

export const MODEL: Readonly<Record<EntityKey, Entity>> = {
  thing: {
    properties: { id: ID, name: must('text'), description: must('text'), properties: PROPERTIES },
    links: {
      datastreams: many('datastream', 'thing'),
      historicalLocations: many('historicalLocation', 'thing'),
      locations: many('location', 'things'),
    },
  },
  location: {
    properties: {
      id: ID,
      name: must('text'),
      description: must('text'),
      encodingType: must('text'),
      location: must('geojson'),
      properties: PROPERTIES,
    },
    links: {
      historicalLocations: many('historicalLocation', 'locations'),
      things: many('thing', 'locations'),
    },
  },
  historicalLocation: {
    properties: { id: ID, time: must('instant') },
    links: { thing: one('thing', 'historicalLocations'), locations: many('location', 'historicalLocations') },
  },
  datastream: {
    properties: {
      id: ID,
      name: must('text'),
      description: must('text'),
      observationType: must('text'),
      unit: { ...must('json'), shape: 'unit' },
      observedArea: kept('geojson'),
      phenomenonTime: kept('interval'),
      resultTime: kept('interval'),
      properties: PROPERTIES,
    },
    links: {
      thing: one('thing', 'datastreams'),
      sensor: one('sensor', 'datastreams'),
      observedProperty: one('observedProperty', 'datastreams'),
      observations: many('observation', 'datastream'),
    },
  },
  sensor: {
    properties: {
      id: ID,
      name: must('text'),
      description: must('text'),
      encodingType: must('text'),
      metadata: must('json'),
      properties: PROPERTIES,
    },
    links: { datastreams: many('datastream', 'sensor') },
  },
  observedProperty: {
    properties: {
      id: ID,
      name: must('text'),
      definition: must('text'),
      description: must('text'),
      properties: PROPERTIES,
    },
    links: { datastreams: many('datastream', 'observedProperty') },
  },
  observation: {
    properties: {
      id: ID,
      phenomenonTime: { ...must('moment'), otherwise: 'now' },
      // req/create-update-delete/create-entity, special case 2
      resultTime: { ...must('instant'), otherwise: 'null' },
      result: must('result'),
      resultQuality: may('json'),
      validTime: may('interval'),
      parameters: PROPERTIES,
    },
    links: {
      datastream: one('datastream', 'observations'),
      // absent where the readings' place has no Location
      feature: one('feature', 'observations', false),
    },
  },
  feature: {
    properties: {
      id: ID,
      name: must('text'),
      description: must('text'),
      encodingType: must('text'),
      feature: must('geojson'),
      properties: PROPERTIES,
    },
    links: { observations: many('observation', 'feature') },
  },
};

export const ENTITY_KEYS = Object.keys(MODEL) as readonly EntityKey[];

export function findProperty(entity: EntityKey, key: string): Property | undefined {
  const { properties } = MODEL[entity];
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

export function findLink(entity: EntityKey, key: string): Link | undefined {
  const { links } = MODEL[entity];
  return Object.hasOwn(links, key) ? links[key] : undefined;
}

/** Whether values of this type are JSON that a path can go into. */
export function isJson(type: PropertyType): boolean {
  return type === 'json' || type === 'geojson' || type === 'result';
}
