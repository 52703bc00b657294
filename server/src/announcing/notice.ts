/**
 * What the processes of one installation say to each other, as texts of bounded size. Ids only, never a value: who
 * hears it reads again with the rights of its own listeners. Pure; a text that is not understood is undefined, so
 * that two versions of Torv can run side by side for a while.
 */
import { type EntityKey, MODEL } from '@torv/core/sta/model';
import type { Change } from '../db/database.ts';

/** What somebody listens to in a process. */
export interface Wanted {
  /** Somebody looks at a page. */
  readonly live: boolean;
  /** Kinds of entities that MQTT subscribers listen to. */
  readonly entities: readonly EntityKey[];
  /** Datastreams whose new Observations they listen to. */
  readonly readings: 'all' | readonly number[];
}

export type Notice = { readonly from: string; readonly n: number } & (
  | { readonly kind: 'hello'; readonly wanted: Wanted; readonly answer: boolean }
  | { readonly kind: 'bye' }
  | { readonly kind: 'live'; readonly datastreams: readonly number[] }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
);

/** Of one Observation: id, Datastream and moment, each as the difference to the one before: ids of a batch are near each other. */
type ReadingItem = readonly [id: number, datastream: number, ms: number];
type ChangeItem = readonly [kind: 'c' | 'u' | 'd', entity: string, id: number, keys?: readonly string[]];

const KINDS = { c: 'created', u: 'updated', d: 'deleted' } as const;
const LETTERS = { created: 'c', updated: 'u', deleted: 'd' } as const;

/** Lists of ids as the differences between them, cut so that each text of them is short enough. */
function* toParts<T>(items: readonly T[], maxChars: number, write: (item: T, isFirst: boolean) => string) {
  let part = '';
  for (const item of items) {
    let text = write(item, part === '');
    if (part !== '' && part.length + text.length + 1 > maxChars) {
      yield part;
      part = '';
      text = write(item, true);
    }
    part += part === '' ? text : `,${text}`;
  }
  if (part !== '') yield part;
}

/** @param maxChars of one list in brackets, ASCII */
export function toLiveLists(datastreams: readonly number[], maxChars: number): string[] {
  let last = 0;
  const parts = toParts(datastreams, maxChars - 2, (id, isFirst) => {
    const text = String(isFirst ? id : id - last);
    last = id;
    return text;
  });
  return [...parts].map((part) => `[${part}]`);
}

/** In their order. @param maxChars of one list in brackets, ASCII */
export function toChangeLists(changes: readonly Change[], maxChars: number): string[] {
  let [id, datastream, ms] = [0, 0, 0];
  const parts = toParts(changes, maxChars - 2, (change, isFirst) => {
    if (isFirst) [id, datastream, ms] = [0, 0, 0];
    const moment = change.reading === undefined ? Number.NaN : Date.parse(change.reading.phenomenonTime);
    if (change.kind !== 'created' || change.reading === undefined || Number.isNaN(moment))
      return toChangeText(change);
    const { datastreamId } = change.reading;
    const text = `[${change.id - id},${datastreamId - datastream},${moment - ms}]`;
    [id, datastream, ms] = [change.id, datastreamId, moment];
    return text;
  });
  return [...parts].map((part) => `[${part}]`);
}

function toChangeText({ kind, entity, id, keys }: Change): string {
  return JSON.stringify([LETTERS[kind], entity, id, ...(keys === undefined ? [] : [keys])]);
}

/** The whole notice; `list` is one of the lists above. */
export function toNoticeText(
  from: string,
  n: number,
  said:
    | { readonly kind: 'hello'; readonly wanted: Wanted; readonly answer: boolean }
    | { readonly kind: 'bye' }
    | { readonly kind: 'live' | 'changes'; readonly list: string },
): string {
  const head = `{"from":${JSON.stringify(from)},"n":${n},"kind":"${said.kind}"`;
  switch (said.kind) {
    case 'hello':
      return `${head},"wanted":${JSON.stringify(said.wanted)},"answer":${said.answer}}`;
    case 'bye':
      return `${head}}`;
    default:
      return `${head},"list":${said.list}}`;
  }
}

// And back ---------------------------------------------------------------------------------------------------

type Raw = Readonly<Record<string, unknown>>;

const isEntity = (value: unknown): value is EntityKey =>
  typeof value === 'string' && Object.hasOwn(MODEL, value);
const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isText = (value: unknown): value is string => typeof value === 'string';

function toWanted(value: unknown): Wanted | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { live, entities, readings } = value as Raw;
  if (typeof live !== 'boolean' || !Array.isArray(entities)) return undefined;
  if (readings !== 'all' && !(Array.isArray(readings) && readings.every(isId))) return undefined;
  return { live, entities: entities.filter(isEntity), readings };
}

function toDatastreams(list: readonly unknown[]): readonly number[] | undefined {
  let last = 0;
  const ids: number[] = [];
  for (const item of list) {
    if (!isId(item)) return undefined;
    last += item;
    ids.push(last);
  }
  return ids;
}

/** Beyond it a Date has no text. */
const MAX_MS = 8.64e15;

function toChanges(list: readonly unknown[]): readonly Change[] | undefined {
  let [id, datastream, ms] = [0, 0, 0];
  const changes: Change[] = [];
  for (const item of list) {
    if (!Array.isArray(item)) return undefined;
    if (isText(item[0])) {
      const change = toChange(item as unknown as ChangeItem);
      if (change === undefined) return undefined;
      changes.push(change);
      continue;
    }
    const [byId, byDatastream, byMs] = item as unknown as ReadingItem;
    if (!isId(byId) || !isId(byDatastream) || !isId(byMs)) return undefined;
    [id, datastream, ms] = [id + byId, datastream + byDatastream, ms + byMs];
    if (Math.abs(ms) > MAX_MS) return undefined;
    const reading = { datastreamId: datastream, phenomenonTime: new Date(ms).toISOString() };
    changes.push({ kind: 'created', entity: 'observation', id, reading });
  }
  return changes;
}

function toChange([letter, entity, id, keys]: ChangeItem): Change | undefined {
  if (!Object.hasOwn(KINDS, letter) || !isEntity(entity) || !isId(id)) return undefined;
  const change = { kind: KINDS[letter], entity, id };
  if (keys === undefined) return change;
  return Array.isArray(keys) && keys.every(isText) ? { ...change, keys } : undefined;
}

function parseObject(text: string): Raw | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Raw) : undefined;
  } catch {
    return undefined;
  }
}

/** undefined: not one of ours. */
export function toNotice(text: string): Notice | undefined {
  const raw = parseObject(text);
  if (raw === undefined) return undefined;
  const { from, n, kind, list } = raw;
  if (!isText(from) || !isId(n)) return undefined;
  if (kind === 'bye') return { from, n, kind };
  if (kind === 'hello') {
    const wanted = toWanted(raw.wanted);
    return wanted === undefined ? undefined : { from, n, kind, wanted, answer: raw.answer === true };
  }
  if (!Array.isArray(list)) return undefined;
  if (kind === 'live') {
    const datastreams = toDatastreams(list);
    return datastreams === undefined ? undefined : { from, n, kind, datastreams };
  }
  if (kind !== 'changes') return undefined;
  const changes = toChanges(list);
  return changes === undefined ? undefined : { from, n, kind, changes };
}
