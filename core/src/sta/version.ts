/**
 * What a version of the standard calls the entities, properties and links of model.ts on the wire. A later
 * version is a second mapping of this shape; nothing else knows a wire name.
 */
import { ENTITY_KEYS, type EntityKey, MODEL } from './model.ts';

interface Names {
  /** Name of the entity set, e.g. Things. */
  readonly set: string;
  /** key -> wire name */
  readonly properties: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
  /** wire name -> key */
  readonly propertyKeys: ReadonlyMap<string, string>;
  readonly linkKeys: ReadonlyMap<string, string>;
}

export interface Version {
  /** As it stands in the address. */
  readonly path: string;
  readonly id: string;
  readonly selfLink: string;
  readonly nextLink: string;
  readonly count: string;
  /** A link's annotation follows its name. */
  readonly navigationLink: string;
  /** Stands in every name of control information, which a client may send back and which means nothing then. */
  readonly annotation: string;
  readonly entities: Readonly<Record<EntityKey, Names>>;
  readonly sets: ReadonlyMap<string, EntityKey>;
}

interface Differences {
  readonly set: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
}

function toNames(entity: EntityKey, { set, properties = {}, links = {} }: Differences): Names {
  const capital = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);
  const toPairs = (keys: readonly string[], toWire: (key: string) => string) =>
    keys.map((key): [string, string] => [key, toWire(key)]);
  const propertyPairs = toPairs(Object.keys(MODEL[entity].properties), (key) => properties[key] ?? key);
  const linkPairs = toPairs(Object.keys(MODEL[entity].links), (key) => links[key] ?? capital(key));
  const turn = (pairs: [string, string][]) => new Map(pairs.map(([key, wire]) => [wire, key]));
  return {
    set,
    properties: new Map(propertyPairs),
    links: new Map(linkPairs),
    propertyKeys: turn(propertyPairs),
    linkKeys: turn(linkPairs),
  };
}

function toVersion(
  control: Omit<Version, 'entities' | 'sets'>,
  differences: Readonly<Record<EntityKey, Differences>>,
): Version {
  const entities = Object.fromEntries(
    ENTITY_KEYS.map((key) => [key, toNames(key, differences[key])]),
  ) as Record<EntityKey, Names>;
  return { ...control, entities, sets: new Map(ENTITY_KEYS.map((key) => [entities[key].set, key])) };
}

/** OGC 18-088, SensorThings API Part 1: Sensing, version 1.1. */
export const V1_1: Version = toVersion(
  {
    path: 'v1.1',
    id: '@iot.id',
    selfLink: '@iot.selfLink',
    nextLink: '@iot.nextLink',
    count: '@iot.count',
    navigationLink: '@iot.navigationLink',
    annotation: '@iot.',
  },
  {
    thing: { set: 'Things' },
    location: { set: 'Locations' },
    historicalLocation: { set: 'HistoricalLocations' },
    datastream: { set: 'Datastreams', properties: { unit: 'unitOfMeasurement' } },
    sensor: { set: 'Sensors' },
    observedProperty: { set: 'ObservedProperties' },
    observation: { set: 'Observations', links: { feature: 'FeatureOfInterest' } },
    feature: { set: 'FeaturesOfInterest' },
  },
);

/** The words of an entity that a path or an expression may name, for hints. */
export function listNames(version: Version, entity: EntityKey): string {
  const names = version.entities[entity];
  return [...names.properties.values(), ...names.links.values()].join(', ');
}

/** `id` is also written with the version's annotation, e.g. @iot.id. */
export function findPropertyKey(version: Version, entity: EntityKey, wire: string): string | undefined {
  return wire === version.id ? 'id' : version.entities[entity].propertyKeys.get(wire);
}

export function findLinkKey(version: Version, entity: EntityKey, wire: string): string | undefined {
  return version.entities[entity].linkKeys.get(wire);
}

export function getLinkName(version: Version, entity: EntityKey, key: string): string {
  return version.entities[entity].links.get(key) ?? key;
}
