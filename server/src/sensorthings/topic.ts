/**
 * A topic that somebody subscribes to -> a path, its options, and which changes it may be about
 * (req/receive-updates-via-mqtt/receive-updates): a set, an entity or a property, by any path, with $select, $filter
 * and $expand. Says nothing of who may read; knows no broker and no database.
 */
import { AppError } from '@torv/core/errors';
import type { Query } from '@torv/core/odata/ast';
import { type CheckedExpand, type CheckedQuery, checkQuery } from '@torv/core/odata/check';
import { parseOptions, parseQuery } from '@torv/core/odata/parse';
import { type PathProperty, type PathStep, parsePath } from '@torv/core/odata/path';
import { type EntityKey, findProperty } from '@torv/core/sta/model';
import type { Version } from '@torv/core/sta/version';
import type { Change } from './writer-store.ts';

export interface Topic {
  readonly text: string;
  readonly steps: readonly PathStep[];
  readonly entity: EntityKey;
  readonly property: PathProperty | undefined;
  readonly query: CheckedQuery;
  /** Only this entity's changes; undefined: any of the kind, as the path decides. */
  readonly id: string | undefined;
  /** Only new Observations of this Datastream. */
  readonly datastreamId: string | undefined;
  /** A property that the server keeps from the Observations of this Datastream; told where it became another. */
  readonly keptOf: string | undefined;
}

const MAX_CHARACTERS = 2_000;
const OPTIONS: readonly (keyof Query)[] = ['select', 'filter', 'expand'];
/** Of an expanded set: each message is sent to many, so it is kept smaller than a page; the rest is behind its link. */
const EXPANDED_TOPS = [100, 10, 1];

function boundExpands(expands: readonly CheckedExpand[], depth = 0): CheckedExpand[] {
  const most = EXPANDED_TOPS[Math.min(depth, EXPANDED_TOPS.length - 1)] ?? 1;
  return expands.map((expand) => {
    const below = expand.many ? depth + 1 : depth;
    const query = { ...expand.query, expand: boundExpands(expand.query.expand, below) };
    return { ...expand, query: expand.many ? { ...query, top: Math.min(query.top ?? most, most) } : query };
  });
}

function refuse(detail: string, hint: string): never {
  throw new AppError('BAD_PATH', detail, { at: 'topic', hint });
}

/** @throws AppError BAD_PATH, BAD_QUERY, NOT_FOUND, UNSUPPORTED_OPTION */
export function parseTopic(version: Version, text: string): Topic {
  const prefix = `${version.path}/`;
  if (!text.startsWith(prefix) || text.length > MAX_CHARACTERS)
    refuse(
      `A topic begins with ${prefix} and has at most ${MAX_CHARACTERS} characters.`,
      `${prefix}Observations`,
    );
  if (/[+#\0]/.test(text))
    refuse('A topic names what it is about: + and # are not taken.', 'Write + as %2B.');
  const cut = text.indexOf('?');
  const path = parsePath(version, text.slice(prefix.length, cut === -1 ? undefined : cut));
  const last = path.steps.at(-1);
  if (last === undefined || path.form !== 'full')
    refuse('A topic is a set, an entity or a property.', `${prefix}Things(1)/name`);
  const query = parseQuery(parseOptions(cut === -1 ? '' : text.slice(cut + 1)));
  const allowed = path.kind === 'property' ? [] : OPTIONS;
  const wrong = (Object.keys(query) as (keyof Query)[]).find((key) => !allowed.includes(key));
  if (wrong !== undefined) {
    throw new AppError('BAD_QUERY', `$${wrong} cannot be applied to this topic.`, {
      at: `$${wrong}`,
      hint: 'Sets and entities take $select, $filter and $expand.',
    });
  }
  const { property } = path;
  const asked =
    property === undefined
      ? query
      : { select: [{ name: selectName(version, last.entity, property), at: 0 }] };
  const checked = checkQuery(version, last.entity, asked);
  const before = path.steps.at(-2);
  const isOfDatastream =
    last.link === 'observations' && before?.entity === 'datastream' && last.id === undefined;
  return {
    text,
    steps: path.steps,
    entity: last.entity,
    property,
    query: { ...checked, expand: boundExpands(checked.expand) },
    id: last.id,
    datastreamId: isOfDatastream ? before.id : undefined,
    keptOf: isKept(last.entity, property) ? last.id : undefined,
  };
}

function isKept(entity: EntityKey, property: PathProperty | undefined): boolean {
  if (entity !== 'datastream' || property === undefined || property.key === 'id') return false;
  return findProperty(entity, property.key)?.kept ?? false;
}

function selectName(version: Version, entity: EntityKey, { key }: PathProperty): string {
  return version.entities[entity].properties.get(key) ?? key;
}

/** Whether a change of the topic's kind of entity may be news there; the rest is the database's to say. */
export function isAbout({ entity, id, datastreamId, property }: Topic, change: Change): boolean {
  if (change.kind === 'deleted' || change.entity !== entity) return false;
  if (id !== undefined && id !== String(change.id)) return false;
  if (change.kind === 'updated') {
    if (property !== undefined) return change.keys?.includes(property.key) ?? true;
    // Properties that follow the Observations change with each of them: only who asks for one is told.
    return !(change.keys?.length && change.keys.every((key) => findProperty(entity, key)?.kept));
  }
  return (
    datastreamId === undefined ||
    change.reading === undefined ||
    String(change.reading.datastreamId) === datastreamId
  );
}
