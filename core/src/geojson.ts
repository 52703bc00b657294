/**
 * GeoJSON (RFC 7946) checked before a database sees it, and reduced to what is searched: a plain geometry in two
 * dimensions. A Feature gives its geometry, a FeatureCollection all of them. What was sent is kept elsewhere.
 */
import { type JsonNode, toRaw } from './json-text.ts';

/** `at`: where in the value, as a JSON pointer. */
export interface GeoFault {
  readonly at: string;
  readonly detail: string;
}

export type GeoShape =
  /** geometry: undefined where a Feature has none */
  | { readonly kind: 'geometry'; readonly geometry: string | undefined }
  | ({ readonly kind: 'fault' } & GeoFault)
  /** It is something else, e.g. an address as text. */
  | { readonly kind: 'other' };

/** depth of brackets around positions, and how many positions the innermost list needs */
const TYPES: Readonly<Record<string, readonly [depth: number, least: number]>> = {
  Point: [0, 1],
  MultiPoint: [1, 0],
  LineString: [1, 2],
  MultiLineString: [2, 2],
  Polygon: [2, 4],
  MultiPolygon: [3, 4],
};

class Fault extends Error {
  readonly at: string;
  constructor(at: string, detail: string) {
    super(detail);
    this.at = at;
  }
}

function find(node: JsonNode, name: string): JsonNode | undefined {
  return node.kind === 'object' ? node.members.get(name) : undefined;
}

function toPosition(source: string, node: JsonNode, at: string): string {
  if (node.kind !== 'list' || node.items.length < 2)
    throw new Fault(at, 'a position is a list of at least two numbers: [longitude, latitude]');
  const numbers = node.items.slice(0, 2).map((item, i) => {
    if (item.kind !== 'number') throw new Fault(`${at}/${i}`, 'a position holds numbers');
    return String(Number(toRaw(source, item)));
  });
  return `[${numbers.join(',')}]`;
}

function toCoordinates(source: string, node: JsonNode, at: string, type: string, depth: number): string {
  const least = TYPES[type]?.[1] ?? 0;
  if (depth === 0) return toPosition(source, node, at);
  if (node.kind !== 'list') throw new Fault(at, 'a list is expected');
  if (depth === 1 && node.items.length < least)
    throw new Fault(at, `${least === 4 ? 'a ring' : 'a line'} has at least ${least} positions`);
  if (depth > 1 && node.items.length === 0) throw new Fault(at, 'a list cannot be empty here');
  const parts = node.items.map((item, i) => toCoordinates(source, item, `${at}/${i}`, type, depth - 1));
  if (depth === 1 && least === 4 && parts[0] !== parts.at(-1))
    throw new Fault(at, 'a ring must end where it begins');
  return `[${parts.join(',')}]`;
}

function toGeometry(source: string, node: JsonNode, at: string, nested: number): string {
  const type = find(node, 'type');
  const name = type?.kind === 'text' ? type.value : '';
  if (name === 'GeometryCollection') {
    const geometries = find(node, 'geometries');
    if (geometries?.kind !== 'list') throw new Fault(`${at}/geometries`, 'a list of geometries is expected');
    if (nested > 4) throw new Fault(at, 'collections are nested too deeply');
    const parts = geometries.items.map((item, i) =>
      toGeometry(source, item, `${at}/geometries/${i}`, nested + 1),
    );
    return `{"type":"GeometryCollection","geometries":[${parts.join(',')}]}`;
  }
  const known = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (known === undefined) throw new Fault(`${at}/type`, `"${name.slice(0, 40)}" is not a kind of geometry`);
  const coordinates = find(node, 'coordinates');
  if (coordinates === undefined) throw new Fault(`${at}/coordinates`, 'a geometry needs coordinates');
  return `{"type":"${name}","coordinates":${toCoordinates(source, coordinates, `${at}/coordinates`, name, known[0])}}`;
}

function toFeatureGeometry(source: string, node: JsonNode, at: string): string | undefined {
  const geometry = find(node, 'geometry');
  if (geometry === undefined) throw new Fault(`${at}/geometry`, 'a Feature needs a geometry, or null');
  return geometry.kind === 'null' ? undefined : toGeometry(source, geometry, `${at}/geometry`, 0);
}

function toAnyGeometry(source: string, node: JsonNode, type: string): string | undefined {
  if (type === 'Feature') return toFeatureGeometry(source, node, '');
  if (type !== 'FeatureCollection') return toGeometry(source, node, '', 0);
  const features = find(node, 'features');
  if (features?.kind !== 'list') throw new Fault('/features', 'a list of Features is expected');
  const parts = features.items
    .map((item, i) => toFeatureGeometry(source, item, `/features/${i}`))
    .filter((part) => part !== undefined);
  return `{"type":"GeometryCollection","geometries":[${parts.join(',')}]}`;
}

/** What a JSON value is as GeoJSON. */
export function readGeoJson(source: string, node: JsonNode): GeoShape {
  const type = find(node, 'type');
  if (type?.kind !== 'text') return { kind: 'other' };
  const isGeo =
    Object.hasOwn(TYPES, type.value) ||
    ['GeometryCollection', 'Feature', 'FeatureCollection'].includes(type.value);
  if (!isGeo) return { kind: 'other' };
  try {
    return { kind: 'geometry', geometry: toAnyGeometry(source, node, type.value) };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', at: error.at, detail: error.message };
    throw error;
  }
}
