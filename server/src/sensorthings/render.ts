/**
 * Rows -> the JSON of a version of the standard, with its names, links and annotations. JSON values are passed
 * on to the letter. Renders piece by piece, so that a large page is never one string.
 */
import { printQuery } from '@torv/core/odata/print';
import { findProperty, type PropertyType } from '@torv/core/sta/model';
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
      return JSON.stringify(renderTime(text));
    case 'result':
      // a double that is no JSON number
      return text === 'NaN' || text.endsWith('Infinity') ? 'null' : text;
    default:
      return text;
  }
}

/** `a` or `a/b` as the database writes it -> RFC 3339 */
export function renderTime(text: string): string {
  return text.split('/').map(parseTimestamp).join('/');
}

export function toSelfLink(wire: Wire, plan: Pick<RowPlan, 'entity'>, id: string): string {
  return `${wire.root}/${wire.version.entities[plan.entity].set}(${id})`;
}

/** The link to the page behind a row, where there is one. */
export function toNextLink(base: string, plan: RowPlan, rows: readonly Row[]): string | undefined {
  if (rows.length <= plan.limit || plan.limit === 0) return undefined;
  const last = rows[plan.limit - 1] ?? [];
  const from = 1 + plan.properties.length;
  const position = last.slice(from, from + plan.keys) as (string | null)[];
  const { skip: _, ...query } = plan.query.source;
  return `${base}?${printQuery({ ...query, skiptoken: printToken(position) })}`;
}

export function renderEntity(wire: Wire, plan: RowPlan, row: Row): string {
  const { version } = wire;
  const names = version.entities[plan.entity];
  const id = String(row[0]);
  const selfLink = toSelfLink(wire, plan, id);
  const parts: string[] = [];
  const { select } = plan;
  if (select === undefined || select.properties.has('id')) parts.push(`"${version.id}":${id}`);
  if (select === undefined) parts.push(`"${version.selfLink}":${JSON.stringify(selfLink)}`);
  for (const [i, key] of plan.properties.entries()) {
    const property = findProperty(plan.entity, key);
    const text = row[1 + i];
    if (property === undefined) continue;
    const name = names.properties.get(key) ?? key;
    if (typeof text === 'string') parts.push(`"${name}":${renderValue(property.type, text)}`);
    else if (property.mandatory) parts.push(`"${name}":null`);
  }
  parts.push(...renderExpands(wire, plan, row, selfLink));
  for (const [key, name] of names.links) {
    if (plan.expands.some((expand) => expand.link === key)) continue;
    if (select !== undefined && !select.links.has(key)) continue;
    parts.push(`"${name}${version.navigationLink}":${JSON.stringify(`${selfLink}/${name}`)}`);
  }
  return `{${parts.join(',')}}`;
}

function renderExpands(wire: Wire, plan: RowPlan, row: Row, selfLink: string): string[] {
  const parts: string[] = [];
  let at = 1 + plan.properties.length + plan.keys;
  for (const expand of plan.expands) {
    const name = getLinkName(wire.version, plan.entity, expand.link);
    const value = row[at++];
    if (!expand.many) {
      // what is not there or not to be seen is left out
      if (Array.isArray(value)) parts.push(`"${name}":${renderEntity(wire, expand.plan, value)}`);
      continue;
    }
    const rows = (value ?? []) as readonly Row[];
    if (expand.counted) parts.push(`"${name}${wire.version.count}":${String(row[at++])}`);
    parts.push(
      `"${name}":[${toShown(expand, rows)
        .map((item) => renderEntity(wire, expand.plan, item))
        .join(',')}]`,
    );
    const next = toNextLink(`${selfLink}/${name}`, expand.plan, rows);
    if (next !== undefined) parts.push(`"${name}${wire.version.nextLink}":${JSON.stringify(next)}`);
  }
  return parts;
}

function toShown({ plan }: Pick<ExpandPlan, 'plan'>, rows: readonly Row[]): readonly Row[] {
  return rows.length > plan.limit ? rows.slice(0, plan.limit) : rows;
}

const CHUNK_CHARACTERS = 64 * 1024;

/** A set in pieces. @param base address of the set, for its next page; `renderItem`: one row as JSON */
export function* renderSet(
  wire: Wire,
  plan: RowPlan,
  rows: readonly Row[],
  options: {
    readonly base: string;
    readonly count: string | undefined;
    readonly renderItem: (row: Row) => string;
  },
): Generator<string> {
  const { version } = wire;
  const next = toNextLink(options.base, plan, rows);
  let chunk = '{';
  if (options.count !== undefined) chunk += `"${version.count}":${options.count},`;
  if (next !== undefined) chunk += `"${version.nextLink}":${JSON.stringify(next)},`;
  chunk += '"value":[';
  for (const [i, row] of toShown({ plan }, rows).entries()) {
    chunk += (i === 0 ? '' : ',') + options.renderItem(row);
    if (chunk.length > CHUNK_CHARACTERS) {
      yield chunk;
      chunk = '';
    }
  }
  yield `${chunk}]}`;
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
export function renderReference(wire: Wire, plan: RowPlan, row: Row): string {
  return `{"${wire.version.selfLink}":${JSON.stringify(toSelfLink(wire, plan, String(row[0])))}}`;
}
