/**
 * A client's body -> a draft: what is to be written, checked against the model table, with its related entities
 * nested in it (req/create-update-delete/deep-insert) or named by their ids. Whether those exist and may be used is
 * the database's to say. Generic over the table: no entity has code of its own here.
 */
import { AppError } from '../errors.ts';
import { type JsonNode, parseJsonText, toRaw } from '../json-text.ts';
import { type DraftValue, NOTHING, parseDraftValue, refuse, toKind } from './draft-value.ts';
import { type EntityKey, findLink, findProperty, type Link, MODEL } from './model.ts';
import { findLinkKey, findPropertyKey, getLinkName, listNames, type Version } from './version.ts';

/** create: a new entity; merge: what is given changes (PATCH); replace: what is not given goes (PUT). */
export type DraftMode = 'create' | 'merge' | 'replace';

export type Target =
  | { readonly kind: 'reference'; readonly id: string; readonly at: string }
  /**
   * `named`: the id that the body gives it. Clients nest what they have read; where that very entity is here it is
   * meant, else the id says nothing and the entity is new.
   */
  | { readonly kind: 'draft'; readonly draft: Draft; readonly named?: string };

export interface Draft {
  readonly entity: EntityKey;
  /** Where it stands in the body. */
  readonly at: string;
  readonly values: ReadonlyMap<string, DraftValue>;
  readonly links: ReadonlyMap<string, readonly Target[]>;
}

/** A link that needs no naming: it is known from where the entity is made. */
export interface GivenLink {
  readonly key: string;
  /** undefined: to the entity that holds this one in the same body. */
  readonly id: string | undefined;
}

interface Budget {
  entities: number;
}

interface Context {
  readonly version: Version;
  readonly source: string;
  readonly mode: DraftMode;
  readonly budget: Budget;
}

const MAX_ENTITIES = 50_000;
const LARGEST_ID = 9_223_372_036_854_775_807n;

/** An id in a body: a whole number, or one as text. */
export function parseReferenceId(source: string, node: JsonNode, at: string): string {
  const text = node.kind === 'number' ? toRaw(source, node) : node.kind === 'text' ? node.value : '';
  if (!/^\d{1,40}$/.test(text)) refuse(at, 'This is not an id.', 'Ids are whole numbers: {"@iot.id": 1}.');
  if (BigInt(text) > LARGEST_ID) throw new AppError('NOT_FOUND', 'There is no entity with this id.', { at });
  return BigInt(text).toString();
}

/** The same, or undefined where it is none of ours. */
function findId(source: string, node: JsonNode): string | undefined {
  const text = node.kind === 'text' ? node.value : toRaw(source, node);
  return /^\d{1,18}$/.test(text) ? BigInt(text).toString() : undefined;
}

/** `{"@iot.id": 1}`: nothing but control information, among it the id. */
function findReference(context: Context, node: JsonNode, at: string): Target | undefined {
  if (node.kind !== 'object') return undefined;
  const { version } = context;
  const id = node.members.get(version.id);
  if (id === undefined) return undefined;
  const others = [...node.members.keys()].filter((name) => !name.includes(version.annotation));
  if (others.length > 0) return undefined;
  const idAt = `${at}/${version.id}`;
  return { kind: 'reference', id: parseReferenceId(context.source, id, idAt), at: idAt };
}

function parseTarget(context: Context, link: Link, node: JsonNode, at: string, name: string): Target {
  const reference = findReference(context, node, at);
  if (reference !== undefined) return reference;
  if (node.kind !== 'object')
    refuse(at, `${name} is an entity, but this is ${toKind(node)}.`, 'Name it as {"@iot.id": 1}.');
  if (context.mode !== 'create') {
    refuse(
      at,
      'An update cannot make or change other entities.',
      'Name an existing one as {"@iot.id": 1}, and change that one by itself.',
    );
  }
  const id = node.members.get(context.version.id);
  const named = id?.kind === 'number' || id?.kind === 'text' ? findId(context.source, id) : undefined;
  const { draft, missing } = parseEntity(context, link.to, node, at, { key: link.inverse, id: undefined });
  if (missing === undefined) return { kind: 'draft', draft, ...(named === undefined ? {} : { named }) };
  // as it was read, without its links: it cannot be meant as a new one
  if (named !== undefined) return { kind: 'reference', id: named, at: `${at}/${context.version.id}` };
  throw missing;
}

function parseTargets(context: Context, link: Link, node: JsonNode, at: string, name: string): Target[] {
  if (link.many) {
    if (node.kind !== 'list') refuse(at, `${name} is a list, but this is ${toKind(node)}.`);
    return node.items.map((item, i) => parseTarget(context, link, item, `${at}/${i}`, name));
  }
  if (node.kind === 'null')
    refuse(at, `${name} cannot be null.`, `Name one as {"${context.version.id}": 1}.`);
  return [parseTarget(context, link, node, at, name)];
}

function isGeoJson(context: Context, members: ReadonlyMap<string, JsonNode>, entity: EntityKey): boolean {
  const name = context.version.entities[entity].properties.get('encodingType');
  const encoding = name === undefined ? undefined : members.get(name);
  return encoding?.kind === 'text' && /geo\+?json/i.test(encoding.value);
}

/** What is mandatory and not given, as a fault. */
function complete(
  context: Context,
  draft: { readonly values: Map<string, DraftValue>; readonly links: ReadonlyMap<string, unknown> },
  entity: EntityKey,
  at: string,
  given: GivenLink | undefined,
): AppError | undefined {
  const { version, mode } = context;
  const names = version.entities[entity];
  for (const [key, property] of Object.entries(MODEL[entity].properties)) {
    if (property.kept || draft.values.has(key)) continue;
    const { mandatory, otherwise } = property;
    if (!mandatory || otherwise === 'null') {
      if (mode === 'replace') draft.values.set(key, NOTHING);
      continue;
    }
    if (otherwise !== 'now') {
      const name = names.properties.get(key) ?? key;
      return new AppError('BAD_BODY', `${names.set} need the property ${name}.`, {
        at: `${at}/${name}`,
        hint: toNeeds(version, entity),
      });
    }
  }
  if (mode !== 'create') return undefined;
  for (const [key, link] of Object.entries(MODEL[entity].links)) {
    if (!link.mandatory || draft.links.has(key) || given?.key === key) continue;
    const name = getLinkName(version, entity, key);
    return new AppError('BAD_BODY', `${names.set} need a ${name}.`, {
      at: `${at}/${name}`,
      hint: `Name an existing one as "${name}": {"${version.id}": 1}, or put a whole new one there.`,
    });
  }
  return undefined;
}

function toNeeds(version: Version, entity: EntityKey): string {
  const needed = Object.entries(MODEL[entity].properties)
    .filter(([, { mandatory, otherwise }]) => mandatory && otherwise === undefined)
    .map(([key]) => version.entities[entity].properties.get(key));
  return `Needed are: ${needed.join(', ')}.`;
}

interface Parsed {
  readonly draft: Draft;
  /** Why it cannot be made; it may still say which one it is. */
  readonly missing: AppError | undefined;
}

function parseEntity(
  context: Context,
  entity: EntityKey,
  node: JsonNode,
  at: string,
  given: GivenLink | undefined,
): Parsed {
  const { version, source } = context;
  if (++context.budget.entities > MAX_ENTITIES) {
    throw new AppError('TOO_LARGE', `One request makes at most ${MAX_ENTITIES} entities.`, {
      at,
      hint: 'Send Observations by CreateObservations.',
    });
  }
  if (node.kind !== 'object') refuse(at, `An entity is an object, but this is ${toKind(node)}.`);
  const values = new Map<string, DraftValue>();
  const links = new Map<string, readonly Target[]>();
  for (const [name, member] of node.members) {
    // control information, e.g. an id or links as they were read: the server's to give
    if (name.includes(version.annotation)) continue;
    const memberAt = `${at}/${name}`;
    const property = findPropertyKey(version, entity, name);
    const description = property === undefined ? undefined : findProperty(entity, property);
    if (property !== undefined && description !== undefined) {
      if (description.kept) continue;
      const geo = description.type === 'geojson' && isGeoJson(context, node.members, entity);
      const about = { source, name, at: memberAt, isGeoJson: geo };
      values.set(property, parseDraftValue(description, about, member));
      continue;
    }
    const key = findLinkKey(version, entity, name);
    const link = key === undefined ? undefined : findLink(entity, key);
    if (key === undefined || link === undefined) {
      refuse(
        memberAt.slice(0, 300),
        `${version.entities[entity].set} have no "${name.slice(0, 60)}".`,
        `They have: ${listNames(version, entity)}.`,
      );
    }
    const targets = parseTargets(context, link, member, memberAt, name);
    if (link.many || !isRepeated(targets, key, given, memberAt)) links.set(key, targets);
  }
  const missing =
    context.mode === 'merge' ? undefined : complete(context, { values, links }, entity, at, given);
  return { draft: { entity, at, values, links }, missing };
}

/** The link that is known already may be said again, but not otherwise. */
function isRepeated(
  targets: readonly Target[],
  key: string,
  given: GivenLink | undefined,
  at: string,
): boolean {
  if (given?.key !== key) return false;
  const [target] = targets;
  const named = target?.kind === 'reference' ? target.id : target?.named;
  if (targets.length === 1 && named !== undefined && named === given.id) return true;
  return refuse(at, 'This names another entity than the one that it is made in.', 'Leave it out.');
}

/**
 * @param given the link that the address gives: of `Things(1)/Datastreams` the Thing
 * @throws AppError BAD_BODY naming the place, NOT_FOUND for an id beyond all ids
 */
export function parseDraft(
  version: Version,
  entity: EntityKey,
  body: string,
  mode: DraftMode,
  given?: GivenLink,
): Draft {
  const node = parseJsonText(body);
  const context: Context = { version, source: body, mode, budget: { entities: 0 } };
  const { draft, missing } = parseEntity(context, entity, node, 'body', given);
  if (missing !== undefined) throw missing;
  return draft;
}

/** The draft and all that are nested in it. */
export function* walkDrafts(draft: Draft): Generator<Draft> {
  yield draft;
  for (const targets of draft.links.values()) {
    for (const target of targets) if (target.kind === 'draft') yield* walkDrafts(target.draft);
  }
}
