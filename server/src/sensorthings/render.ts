/**
 * Rows -> the JSON of a version of the standard, with its names, links and annotations. JSON values are passed
 * on to the letter. Renders piece by piece, so that a large page is never one string.
 */
import { printQuery } from '@torv/core/odata/print';
import { type EntityKey, findProperty, type PropertyType } from '@torv/core/sta/model';
import { getLinkName, type Version } from '@torv/core/sta/version';
import { parseTimestamp } from '../db/values.ts';
import { printToken } from './paging.ts';
import type { ExpandPlan, RowPlan } from './to-sql.ts';

export interface Wire {
  readonly version: Version;
  /** Absolute address of the version's root, without a slash at the end. */
  readonly root: string;
}

export type Row = readonly unknown[];

/** The database's text of a value -> JSON. */
export function renderValue(type: PropertyType, text: string): string {
  switch (type) {
    case 'text':
      return JSON.stringify(text);
    case 'instant':
    case 'interval':
    case 'moment':
      return `"${renderTime(text)}"`;
    case 'result':
      // a double that is no JSON number
      return text === 'NaN' || text.endsWith('Infinity') ? 'null' : text;
    default:
      return text;
  }
}

/** `a` or `a/b` as the database writes it -> RFC 3339 */
export function renderTime(text: string): string {
  return text.includes('/') ? text.split('/').map(parseTimestamp).join('/') : parseTimestamp(text);
}

export function toSelfLink(wire: Wire, plan: Pick<RowPlan, 'entity'>, id: string): string {
  return `${wire.root}/${wire.version.entities[plan.entity].set}(${id})`;
}

/** The link to the page behind a row, where there is one. */
export function toNextLink(base: string, plan: RowPlan, rows: readonly (Row | null)[]): string | undefined {
  if (rows.length <= plan.limit || plan.limit === 0) return undefined;
  const last = rows[plan.limit - 1] ?? [];
  const from = 1 + plan.properties.length;
  const position = last.slice(from, from + plan.keys) as (string | null)[];
  const { skip: _, ...query } = plan.query.source;
  return `${base}?${printQuery({ ...query, skiptoken: printToken(position) })}`;
}

/** One row as JSON. */
export type Renderer = (row: Row) => string;

/** A member of a row's object, or several; undefined where it has none. @param selfLink without quotation marks */
type Part = (row: Row, selfLink: string) => string | undefined;

function toPropertyPart(name: string, at: number, type: PropertyType, mandatory: boolean): Part {
  const label = `"${name}":`;
  const none = mandatory ? `${label}null` : undefined;
  return (row) => {
    const value = row[at];
    return typeof value === 'string' ? label + renderValue(type, value) : none;
  };
}

function toExpandPart(wire: Wire, entity: EntityKey, expand: ExpandPlan, at: number): Part {
  const name = getLinkName(wire.version, entity, expand.link);
  const render = createRenderer(wire, expand.plan);
  if (!expand.many) {
    return (row) => {
      const value = row[at];
      // what is not there or not to be seen is left out
      return Array.isArray(value) ? `"${name}":${render(value)}` : undefined;
    };
  }
  const count = `"${name}${wire.version.count}":`;
  const nextLink = `"${name}${wire.version.nextLink}":`;
  return (row, selfLink) => {
    // a null stands for rows that were not read
    const rows = (row[at] ?? []) as readonly (Row | null)[];
    const members: string[] = [];
    if (expand.counted) members.push(count + String(row[at + 1]));
    members.push(`"${name}":[${toShown(expand, rows).map(render).join(',')}]`);
    // the link is text within JSON already; a query never needs more than its quotation marks
    const next = toNextLink(`${JSON.parse(`"${selfLink}"`)}/${name}`, expand.plan, rows);
    if (next !== undefined) members.push(nextLink + JSON.stringify(next));
    return members.join(',');
  };
}

/** What is the same for all rows of a plan is worked out once: a page has thousands. */
export function createRenderer(wire: Wire, plan: RowPlan): Renderer {
  const { version } = wire;
  const { entity, select } = plan;
  const names = version.entities[entity];
  const parts: Part[] = [];
  if (select === undefined || select.properties.has('id'))
    parts.push((row) => `"${version.id}":${String(row[0])}`);
  if (select === undefined) parts.push((_row, selfLink) => `"${version.selfLink}":"${selfLink}"`);
  for (const [i, key] of plan.properties.entries()) {
    const property = findProperty(entity, key);
    if (property === undefined) continue;
    const name = names.properties.get(key) ?? key;
    parts.push(toPropertyPart(name, 1 + i, property.type, property.mandatory === true));
  }
  let at = 1 + plan.properties.length + plan.keys;
  for (const expand of plan.expands) {
    parts.push(toExpandPart(wire, entity, expand, at));
    at += expand.counted ? 2 : 1;
  }
  for (const [key, name] of names.links) {
    if (plan.expands.some((expand) => expand.link === key)) continue;
    if (select !== undefined && !select.links.has(key)) continue;
    const label = `"${name}${version.navigationLink}":"`;
    const end = `/${name}"`;
    parts.push((_row, selfLink) => label + selfLink + end);
  }
  const [head = '', tail = ''] = JSON.stringify(toSelfLink(wire, plan, ' '))
    .slice(1, -1)
    .split(' ');
  return (row) => {
    const selfLink = head + String(row[0]) + tail;
    const members: string[] = [];
    for (const part of parts) {
      const member = part(row, selfLink);
      if (member !== undefined) members.push(member);
    }
    // joined at once: a text that grows piece by piece leaves every piece to the garbage collector
    return `{${members.join(',')}}`;
  };
}

function toShown({ plan }: Pick<ExpandPlan, 'plan'>, rows: readonly (Row | null)[]): readonly Row[] {
  const shown = rows.length > plan.limit ? rows.slice(0, plan.limit) : rows;
  return shown.filter((row) => row !== null);
}

const CHUNK_CHARACTERS = 64 * 1024;

/** A set in pieces. @param base address of the set, for its next page; `renderItem`: one row */
export function* renderSet(
  wire: Wire,
  plan: RowPlan,
  rows: readonly Row[],
  options: {
    readonly base: string;
    readonly count: string | undefined;
    readonly renderItem: Renderer;
  },
): Generator<string> {
  const { version } = wire;
  const next = toNextLink(options.base, plan, rows);
  const head: string[] = [];
  if (options.count !== undefined) head.push(`"${version.count}":${options.count}`);
  if (next !== undefined) head.push(`"${version.nextLink}":${JSON.stringify(next)}`);
  let before = `{${[...head, '"value":['].join(',')}`;
  let items: string[] = [];
  let characters = 0;
  for (const row of toShown({ plan }, rows)) {
    const item = options.renderItem(row);
    items.push(item);
    characters += item.length;
    if (characters > CHUNK_CHARACTERS) {
      yield before + items.join(',');
      before = ',';
      items = [];
      characters = 0;
    }
  }
  // the comma in front of nothing is not written
  yield `${items.length === 0 && before === ',' ? '' : before}${items.join(',')}]}`;
}

/**
 * req/data-array/data-array: rows of values by Datastream, which each row has as its one expanded link.
 * A page is rendered in one piece: its rows must be gathered first.
 */
export function renderDataArray(
  wire: Wire,
  plan: RowPlan,
  rows: readonly Row[],
  options: { readonly base: string; readonly count: string | undefined },
): string {
  const { version, root } = wire;
  const withId = plan.select === undefined || plan.select.properties.has('id');
  const names = plan.properties.map((key) => version.entities[plan.entity].properties.get(key) ?? key);
  const components = JSON.stringify(withId ? ['id', ...names] : names);
  const groups = new Map<string, string[]>();
  for (const row of toShown({ plan }, rows)) {
    const owner = row[1 + plan.properties.length + plan.keys];
    const id = String(Array.isArray(owner) ? owner[0] : 'null');
    const values = plan.properties.map((key, i) => {
      const text = row[1 + i];
      const type = findProperty(plan.entity, key)?.type;
      return typeof text === 'string' && type !== undefined ? renderValue(type, text) : 'null';
    });
    const line = `[${(withId ? [String(row[0]), ...values] : values).join(',')}]`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [line]);
    else group.push(line);
  }
  const link = getLinkName(version, plan.entity, 'datastream');
  const list = [...groups].map(([id, lines]) => {
    const address = `${root}/${version.entities.datastream.set}(${id})`;
    return `{"${link}${version.navigationLink}":${JSON.stringify(address)},"components":${components},"dataArray${version.count}":${lines.length},"dataArray":[${lines.join(',')}]}`;
  });
  const next = toNextLink(options.base, plan, rows);
  const head =
    (options.count === undefined ? '' : `"${version.count}":${options.count},`) +
    (next === undefined ? '' : `"${version.nextLink}":${JSON.stringify(next)},`);
  return `{${head}"value":[${list.join(',')}]}`;
}

/** `$ref` */
export function createReferenceRenderer(wire: Wire, plan: RowPlan): Renderer {
  return (row) => `{"${wire.version.selfLink}":${JSON.stringify(toSelfLink(wire, plan, String(row[0])))}}`;
}
