/**
 * The resource path of an address against the model: every form of req/resource-path/resource-path-to-entities.
 * Unknown names are NOT_FOUND (the resource does not exist), malformed ones BAD_PATH; whether ids exist and are
 * related is the database's to say.
 */
import { AppError } from '../errors.ts';
import { type EntityKey, findLink, findProperty, isJson } from '../sta/model.ts';
import { findLinkKey, findPropertyKey, listNames, type Version } from '../sta/version.ts';

export interface PathStep {
  readonly entity: EntityKey;
  /** How the step before leads here; undefined: an entity set of the root. */
  readonly link: string | undefined;
  /** Decimal digits, within 64 bits. */
  readonly id: string | undefined;
}

export interface PathProperty {
  readonly key: string;
  /** The way into a JSON value. */
  readonly json: readonly string[];
  /** The last name as it was written: the one in the answer. */
  readonly name: string;
}

export interface ResourcePath {
  readonly kind: 'root' | 'set' | 'entity' | 'property';
  readonly steps: readonly PathStep[];
  readonly property: PathProperty | undefined;
  /** $value: the bare value; $ref: only links. */
  readonly form: 'full' | 'value' | 'ref';
}

const MAX_SEGMENTS = 40;
const SEGMENT = /^([\p{L}_@][\p{L}\p{N}_@.:-]*)(?:\((.*)\))?$/su;
const LARGEST_ID = 9_223_372_036_854_775_807n;

function malformed(detail: string, index: number, hint?: string): never {
  throw new AppError('BAD_PATH', detail, { at: `path:${index}`, ...(hint === undefined ? {} : { hint }) });
}

function missing(detail: string, index: number, hint?: string): never {
  throw new AppError('NOT_FOUND', detail, { at: `path:${index}`, ...(hint === undefined ? {} : { hint }) });
}

function decode(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length > MAX_SEGMENTS) malformed(`A path has at most ${MAX_SEGMENTS} parts.`, MAX_SEGMENTS);
  return parts.map((part, index) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return malformed('The address holds a % that is not followed by a valid code.', index);
    }
  });
}

function parseId(text: string, index: number): string {
  if (!/^-?\d{1,40}$/.test(text)) {
    malformed(`"${text.slice(0, 40)}" is not an id.`, index, 'Ids are whole numbers: Things(1).');
  }
  const id = BigInt(text);
  if (id < 0n || id > LARGEST_ID) missing('There is no entity with this id.', index);
  return id.toString();
}

/** `a`, `a[1][0]` -> the ways into JSON; `a` itself may be a property's name. */
function splitIndexes(part: string, index: number): readonly [name: string, indexes: readonly string[]] {
  const open = part.search(/\[\d{1,9}\](\[\d{1,9}\])*$/);
  if (open === -1) {
    if (part.includes('\0')) malformed('A name cannot hold the character NUL.', index);
    return [part, []];
  }
  return [part.slice(0, open), [...part.slice(open).matchAll(/\[(\d+)\]/g)].map((match) => match[1] ?? '')];
}

/** @param path what follows the version in the address, still percent-encoded */
export function parsePath(version: Version, path: string): ResourcePath {
  const parts = decode(path);
  const last = parts.at(-1);
  const form = last === '$value' ? 'value' : last === '$ref' ? 'ref' : 'full';
  const names = form === 'full' ? parts : parts.slice(0, -1);
  const steps: PathStep[] = [];
  for (const [index, part] of names.entries()) {
    const before = steps.at(-1);
    if (before !== undefined && isSet(steps)) {
      malformed(
        `${part.slice(0, 60)} cannot follow a set of entities.`,
        index,
        'Choose one by its id: Things(1).',
      );
    }
    if (before !== undefined) {
      const property = toProperty(version, before.entity, names.slice(index), index);
      if (property !== undefined) return finish('property', steps, property, form, index);
    }
    steps.push(toStep(version, before?.entity, part, index));
  }
  if (steps.length === 0) {
    if (form !== 'full') malformed(`${last} needs something before it.`, 0);
    return { kind: 'root', steps, property: undefined, form };
  }
  return finish(isSet(steps) ? 'set' : 'entity', steps, undefined, form, names.length);
}

function finish(
  kind: 'set' | 'entity' | 'property',
  steps: readonly PathStep[],
  property: PathProperty | undefined,
  form: ResourcePath['form'],
  index: number,
): ResourcePath {
  if (form === 'value' && kind !== 'property') malformed('$value follows a property.', index);
  if (form === 'ref' && kind === 'property') malformed('$ref follows entities, not a property.', index);
  return { kind, steps, property, form };
}

function isSet(steps: readonly PathStep[]): boolean {
  const last = steps.at(-1);
  if (last === undefined || last.id !== undefined) return false;
  if (last.link === undefined) return true;
  const from = steps.at(-2);
  return from !== undefined && (findLink(from.entity, last.link)?.many ?? false);
}

function toStep(version: Version, from: EntityKey | undefined, part: string, index: number): PathStep {
  const match = SEGMENT.exec(part);
  if (match === null) {
    if (part.startsWith('$')) malformed(`${part.slice(0, 40)} cannot stand here.`, index);
    malformed(`"${part.slice(0, 60)}" is not a part of a path.`, index, 'Write Things(1)/Datastreams.');
  }
  const [, name = '', idText] = match;
  const id = idText === undefined ? undefined : parseId(idText, index);
  if (from === undefined) {
    const entity = version.sets.get(name);
    if (entity === undefined) {
      missing(
        `There is no entity set ${name.slice(0, 60)}.`,
        index,
        `There are: ${[...version.sets.keys()].join(', ')}.`,
      );
    }
    return { entity, link: undefined, id };
  }
  const key = findLinkKey(version, from, name);
  const link = key === undefined ? undefined : findLink(from, key);
  if (key === undefined || link === undefined) {
    missing(
      `${version.entities[from].set} have no ${name.slice(0, 60)}.`,
      index,
      `They have: ${listNames(version, from)}.`,
    );
  }
  if (!link.many && id !== undefined) {
    malformed(`${name} leads to one entity; an id cannot follow it.`, index, `Write …/${name}.`);
  }
  return { entity: link.to, link: key, id };
}

function toProperty(
  version: Version,
  entity: EntityKey,
  rest: readonly string[],
  index: number,
): PathProperty | undefined {
  const [first, indexes] = splitIndexes(rest[0] ?? '', index);
  const key = findPropertyKey(version, entity, first);
  const property = key === undefined ? undefined : findProperty(entity, key);
  if (key === undefined || property === undefined) return undefined;
  const json = [...indexes];
  for (const [i, part] of rest.slice(1).entries()) {
    const [name, more] = splitIndexes(part, index + 1 + i);
    json.push(...(name === '' ? [] : [name]), ...more);
  }
  if (json.length > 0 && !isJson(property.type)) {
    missing(`${first} has nothing inside it.`, index + 1);
  }
  const name = key === 'id' ? version.id : (rest.at(-1) ?? first);
  return { key, json, name };
}
