/**
 * One property of a client's body -> what is stored: a text to the letter (JSON, results), a plain text, or moments
 * in their one form. Every fault names the place in the body and says what would be right.
 */
import { AppError } from '../errors.ts';
import { readGeoJson } from '../geojson.ts';
import { type JsonNode, toRaw } from '../json-text.ts';
import { toInstantValue } from '../odata/literals.ts';
import { compareInstants } from '../time.ts';
import type { Property } from './model.ts';

export interface DraftValue {
  /** JSON and results to the letter; moments as RFC 3339 (`a/b` for intervals); null: nothing. */
  readonly text: string | null;
  /** Of a geojson property: the plain geometry in it, where there is one. */
  readonly geometry?: string | undefined;
}

export const NOTHING: DraftValue = { text: null };

export function refuse(at: string, detail: string, hint?: string): never {
  throw new AppError('BAD_BODY', detail, { at, ...(hint === undefined ? {} : { hint }) });
}

const KINDS: Readonly<Record<JsonNode['kind'], string>> = {
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  text: 'a text',
  list: 'a list',
  object: 'an object',
};

export function toKind(node: JsonNode): string {
  return KINDS[node.kind];
}

const MOMENT_HINT = 'Write it as 2026-11-22T08:15:00Z or with an offset: 2026-11-22T09:15:00+01:00.';

function parseMoment(text: string, at: string): string {
  return (
    toInstantValue(text.trim()) ??
    refuse(at, `"${text.slice(0, 60)}" is not a moment in time that can be stored.`, MOMENT_HINT)
  );
}

/** `a/b`, or `a` where both are the same moment and one may stand alone. */
function parseSpan(text: string, at: string, alone: boolean): string {
  if (alone && !text.includes('/')) return parseMoment(text, at);
  const [first = '', second, ...more] = text.split('/');
  if (second === undefined || more.length > 0) {
    refuse(
      at,
      `"${text.slice(0, 60)}" is not an interval.`,
      'Write it as 2026-11-22T08:00:00Z/2026-11-22T09:00:00Z.',
    );
  }
  const [start, end] = [parseMoment(first, at), parseMoment(second, at)];
  if (compareInstants(start, end) > 0) refuse(at, 'An interval cannot end before it begins.');
  return alone && start === end ? start : `${start}/${end}`;
}

/** `text` of a JSON string that is a time. */
export function parseTime(type: 'instant' | 'interval' | 'moment', text: string, at: string): string {
  return type === 'instant' ? parseMoment(text, at) : parseSpan(text, at, type === 'moment');
}

function checkShape(shape: Property['shape'], node: JsonNode, name: string, at: string): void {
  if (shape === undefined) return;
  if (node.kind !== 'object') refuse(at, `${name} is an object, but this is ${toKind(node)}.`);
  if (shape === 'object') return;
  for (const key of ['name', 'symbol', 'definition']) {
    const member = node.members.get(key);
    if (member !== undefined && member.kind !== 'text' && member.kind !== 'null')
      refuse(`${at}/${key}`, `The ${key} of a unit is a text or null, but this is ${toKind(member)}.`);
  }
}

export interface ValueContext {
  readonly source: string;
  readonly name: string;
  readonly at: string;
  /** The value must be GeoJSON: its encoding says so. */
  readonly isGeoJson: boolean;
}

function parseGeoJson(context: ValueContext, node: JsonNode): DraftValue {
  const { source, name, at } = context;
  const text = toRaw(source, node);
  const shape = readGeoJson(source, node);
  if (shape.kind === 'fault') refuse(`${at}${shape.at}`, `${name} is not valid GeoJSON: ${shape.detail}.`);
  if (shape.kind === 'geometry') return { text, geometry: shape.geometry };
  if (context.isGeoJson) {
    refuse(
      at,
      `${name} is not GeoJSON, but its encodingType says so.`,
      'Send a geometry or a Feature, e.g. {"type":"Point","coordinates":[10.2,56.1]}.',
    );
  }
  return { text };
}

/** A value that is not null. */
function parsePresent(property: Property, context: ValueContext, node: JsonNode): DraftValue {
  const { source, name, at } = context;
  const { type } = property;
  switch (type) {
    case 'text':
      if (node.kind !== 'text') refuse(at, `${name} is a text, but this is ${toKind(node)}.`);
      return { text: node.value };
    case 'instant':
    case 'interval':
    case 'moment':
      if (node.kind !== 'text')
        refuse(at, `${name} is a time, written as text, but this is ${toKind(node)}.`, MOMENT_HINT);
      return { text: parseTime(type, node.value, at) };
    case 'geojson':
      return parseGeoJson(context, node);
    default:
      checkShape(property.shape, node, name, at);
      return { text: toRaw(source, node) };
  }
}

/** @throws AppError BAD_BODY */
export function parseDraftValue(property: Property, context: ValueContext, node: JsonNode): DraftValue {
  const { name, at } = context;
  if (node.kind !== 'null') {
    const value = parsePresent(property, context, node);
    if (name === 'name' && value.text === '') refuse(at, 'A name cannot be empty.');
    return value;
  }
  // null is a result like any other
  if (property.type === 'result') return { text: 'null' };
  if (property.mandatory && property.otherwise !== 'null')
    refuse(at, `${name} must have a value; it cannot be null.`);
  return NOTHING;
}
