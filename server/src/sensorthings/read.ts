/**
 * One GET of a resource path: parse, check, ask the database, answer. Bounded in rows and in time; what does not
 * exist, is not related or may not be read is the same NOT_FOUND.
 */
import { AppError } from '@torv/core/errors';
import type { Query } from '@torv/core/odata/ast';
import { type CheckedQuery, checkQuery } from '@torv/core/odata/check';
import { parseOptions, parseQuery } from '@torv/core/odata/parse';
import { type PathStep, parsePath, type ResourcePath } from '@torv/core/odata/path';
import { findProperty } from '@torv/core/sta/model';
import type { Actor } from '../access/port.ts';
import type { Fragment, Sql } from '../db/database.ts';
import type { Context } from './joins.ts';
import {
  createReferenceRenderer,
  createRenderer,
  type Row,
  renderDataArray,
  renderSet,
  renderTime,
  renderValue,
  type Wire,
} from './render.ts';
import { type Between, isTimeline, toExtent, toWindows } from './time-window.ts';
import {
  type RowPlan,
  type StepOptions,
  toCountStatement,
  toEntityStatement,
  toExistence,
  toExtentStatement,
  toPropertyStatement,
  toSetStatement,
} from './to-sql.ts';

export interface ReadRequest {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly wire: Wire;
  /** What stands behind the version in the address, percent-encoded. */
  readonly path: string;
  /** What stands behind the question mark, percent-encoded. */
  readonly search: string;
  /** RFC 3339 */
  readonly now: string;
}

export type Answer =
  | { readonly kind: 'root' }
  | { readonly kind: 'json'; readonly chunks: Iterable<string> }
  | { readonly kind: 'text'; readonly text: string; readonly isJson: boolean }
  | { readonly kind: 'empty' };

function createContext({ sql, actor, now }: ReadRequest): Context {
  let aliases = 0;
  return { sql, actor, now, nextAlias: () => `t${aliases++}` };
}

/** Geometry that the client's own query makes impossible is the query's fault, not the server's. */
async function ask<T>(work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'XX000' || code === '54001') {
      throw new AppError('BAD_QUERY', 'The database cannot compute this query.', {
        at: '$filter',
        hint:
          code === 'XX000' ? 'Check the geometries: rings must not cross themselves.' : 'Nest less deeply.',
        cause: error,
      });
    }
    throw error;
  }
}

async function askRows(sql: Sql, query: Fragment): Promise<readonly Row[]> {
  return ask(sql`${query}`.values());
}

function missing(): AppError {
  return new AppError('NOT_FOUND', 'There is no such entity.', { at: 'path' });
}

/** Ids of Observations are looked for in their month first; one that was moved to another month is found too. */
async function inMonthFirst<T>(
  steps: readonly PathStep[],
  find: (options: StepOptions) => Promise<T | undefined>,
): Promise<T | undefined> {
  const carriesMonth = steps.some((step) => step.entity === 'observation' && step.id !== undefined);
  if (!carriesMonth) return find({ byMonth: false });
  return (await find({ byMonth: true })) ?? find({ byMonth: false });
}

/** @throws AppError BAD_PATH, BAD_QUERY, UNSUPPORTED_OPTION, NOT_FOUND */
export async function read(request: ReadRequest): Promise<Answer> {
  const path = parsePath(request.wire.version, request.path);
  const query = parseQuery(parseOptions(request.search));
  switch (path.kind) {
    case 'root':
      refuseOptions(query, 'the list of entity sets');
      return { kind: 'root' };
    case 'property':
      refuseOptions(query, 'a property');
      return readProperty(request, path);
    case 'entity':
      return readEntity(request, path, query);
    case 'set':
      return readSet(request, path, query);
  }
}

function refuseOptions(query: Query, what: string): void {
  const [first] = Object.keys(query);
  if (first !== undefined)
    throw new AppError('BAD_QUERY', `$${first} cannot be applied to ${what}.`, { at: `$${first}` });
}

function getEntity(path: ResourcePath): PathStep {
  const last = path.steps.at(-1);
  if (last === undefined) throw missing();
  return last;
}

interface Page {
  /** One more than the page has, where there is a next one. */
  readonly rows: readonly Row[];
  readonly plan: RowPlan;
  readonly count: string | undefined;
}

async function readPage(
  request: ReadRequest,
  steps: readonly PathStep[],
  query: CheckedQuery,
): Promise<Page> {
  if (isTimeline(steps, query)) return readTimeline(request, steps, query);
  const { sql } = request;
  const { query: statement, plan } = toSetStatement(createContext(request), steps, query);
  const rows = await askRows(sql, statement);
  const owner = steps.slice(0, -1);
  if (rows.length === 0 && owner.length > 0) await checkExists(request, owner);
  if (!query.count) return { rows, plan, count: undefined };
  const [count] = await askRows(sql, toCountStatement(createContext(request), steps, query));
  return { rows, plan, count: String(count?.[0] ?? 0) };
}

/** Of a Datastream in the order of time, month by month. */
async function readTimeline(
  request: ReadRequest,
  steps: readonly PathStep[],
  query: CheckedQuery,
): Promise<Page> {
  const { sql } = request;
  const [found] = await askRows(sql, toExtentStatement(createContext(request), steps.slice(0, -1)));
  if (found === undefined) throw missing();
  const extent = toExtent(found);
  const count = query.count ? extent.observations : undefined;
  const ask = async (between: Between | undefined): Promise<Page> => {
    const { query: statement, plan } = toSetStatement(createContext(request), steps, query, between);
    return { rows: await askRows(sql, statement), plan, count };
  };
  const [first, ...wider] = toWindows(query, extent);
  let page = await ask(first);
  for (const between of wider) {
    if (page.plan.limit === 0 || page.rows.length > page.plan.limit) break;
    page = await ask(between);
  }
  return page;
}

async function readSet(request: ReadRequest, path: ResourcePath, query: Query): Promise<Answer> {
  const { wire } = request;
  const asked = checkQuery(wire.version, getEntity(path).entity, query);
  const checked = asked.resultFormat === undefined ? asked : withDatastream(wire, asked);
  const { rows, plan, count } = await readPage(request, path.steps, checked);
  const base = `${wire.root}${request.path.replace(/\/\$ref\/?$/, '').replace(/\/$/, '')}`;
  if (checked.resultFormat !== undefined) {
    return { kind: 'json', chunks: [renderDataArray(wire, plan, rows, { base, count })] };
  }
  const create = path.form === 'ref' ? createReferenceRenderer : createRenderer;
  return {
    kind: 'json',
    chunks: renderSet(wire, plan, rows, {
      base: path.form === 'ref' ? `${base}/$ref` : base,
      count,
      renderItem: create(wire, plan),
    }),
  };
}

/** Rows of values are grouped by their Datastream, so each row must say its own. */
function withDatastream(wire: Wire, query: CheckedQuery): CheckedQuery {
  const datastream = checkQuery(wire.version, 'datastream', { select: [{ name: 'id', at: 0 }] }, 'entity');
  return { ...query, expand: [{ link: 'datastream', many: false, query: datastream }] };
}

async function checkExists(request: ReadRequest, steps: readonly PathStep[]): Promise<void> {
  const there = await inMonthFirst(steps, async (options) => {
    const [row] = await askRows(request.sql, toExistence(createContext(request), steps, options));
    return row?.[0] === true ? true : undefined;
  });
  if (there === undefined) throw missing();
}

async function readEntity(request: ReadRequest, path: ResourcePath, query: Query): Promise<Answer> {
  const { wire, sql } = request;
  const checked = checkQuery(wire.version, getEntity(path).entity, query, 'entity');
  const found = await inMonthFirst(path.steps, async (options) => {
    const { query: statement, plan } = toEntityStatement(
      createContext(request),
      path.steps,
      checked,
      options,
    );
    const [row] = await askRows(sql, statement);
    return row === undefined ? undefined : { row, plan };
  });
  if (found === undefined) throw missing();
  const create = path.form === 'ref' ? createReferenceRenderer : createRenderer;
  return { kind: 'json', chunks: [create(wire, found.plan)(found.row)] };
}

async function readProperty(request: ReadRequest, path: ResourcePath): Promise<Answer> {
  const { property } = path;
  const { entity } = getEntity(path);
  const type = property === undefined ? undefined : findProperty(entity, property.key)?.type;
  if (property === undefined || type === undefined) throw missing();
  const row = await inMonthFirst(path.steps, async (options) => {
    const statement = toPropertyStatement(createContext(request), path.steps, property, options);
    const [first] = await askRows(request.sql, statement);
    return first;
  });
  if (row === undefined) throw missing();
  const [text] = row;
  // inside JSON: null is a value, absent is not there
  if (typeof text !== 'string') {
    if (property.json.length > 0) throw missing();
    return { kind: 'empty' };
  }
  const value = renderValue(property.json.length > 0 ? 'json' : type, text);
  if (value === 'null') return { kind: 'empty' };
  if (path.form !== 'value') return { kind: 'json', chunks: [`{${JSON.stringify(property.name)}:${value}}`] };
  if (type === 'instant' || type === 'interval' || type === 'moment')
    return { kind: 'text', text: renderTime(text), isJson: false };
  const isJson = /^[[{]/.test(value);
  return { kind: 'text', text: value.startsWith('"') ? String(JSON.parse(value)) : value, isJson };
}
