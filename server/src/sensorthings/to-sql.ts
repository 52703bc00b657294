/**
 * A checked query and a resource path -> one SQL statement, whatever is expanded, and the plan by which
 * render.ts reads its rows. Each row is a flat list: id, properties, sort keys, then one value per expanded
 * link (JSON of the same shape). Identifiers come from columns.ts, values only as parameters. Long because sets, single
 * entities, what has changed and what is expanded are the same statement with few differences.
 */
import { SEQUENCE_BITS, toMonthStartMs } from '@torv/core/ids';
import type { CheckedExpand, CheckedQuery } from '@torv/core/odata/check';
import type { PathStep } from '@torv/core/odata/path';
import { type EntityKey, MODEL } from '@torv/core/sta/model';
import type { Fragment, Sql } from '../db/database.ts';
import { getColumn, getLinkColumns, TABLES } from './columns.ts';
import { type SortKey, toSortKeys } from './expression-sql.ts';
import { type Context, collectPaths, joinLinks } from './joins.ts';
import { type Position, readToken, type SortOrder, toBeyond } from './paging.ts';

export const DEFAULT_TOP = 100;
export const MAX_TOP = 10_000;

export interface ExpandPlan {
  readonly link: string;
  readonly many: boolean;
  /** Stands behind the rows. */
  readonly counted: boolean;
  readonly plan: RowPlan;
}

export interface RowPlan {
  readonly entity: EntityKey;
  readonly properties: readonly string[];
  /** undefined: everything is shown. */
  readonly select: CheckedQuery['select'];
  readonly keys: number;
  readonly expands: readonly ExpandPlan[];
  /** Of a set: how many rows of one page; one more is read to see whether there is a next page. */
  readonly limit: number;
  readonly query: CheckedQuery;
}

export interface Statement {
  readonly query: Fragment;
  readonly plan: RowPlan;
}

export interface StepOptions {
  /** Whether an id of an Observation is first looked for in the month that it carries. */
  readonly byMonth: boolean;
}

const join = (sql: Sql, parts: readonly Fragment[], separator: Fragment): Fragment =>
  parts.reduce((left, right) => sql`${left}${separator}${right}`);

// Paths ------------------------------------------------------------------------------------------------------

/** The row of an id. */
function toIdCondition(context: Context, step: PathStep, row: string, options: StepOptions): Fragment {
  const { sql } = context;
  const own = sql`${sql(`${row}.id`)} = ${step.id ?? ''}::bigint`;
  if (step.entity !== 'observation' || !options.byMonth) return own;
  const month = Number(BigInt(step.id ?? '0') >> BigInt(SEQUENCE_BITS));
  if (month > 2047) return own;
  const start = `${row}.phenomenon_start`;
  return sql`${own} AND ${sql(start)} >= ${new Date(toMonthStartMs(month)).toISOString()}::timestamptz
    AND ${sql(start)} < ${new Date(toMonthStartMs(month + 1)).toISOString()}::timestamptz`;
}

/** What the last step's rows satisfy: linked to the row before, with the id, readable. */
export function toPathConditions(
  context: Context,
  steps: readonly PathStep[],
  row: string,
  options: StepOptions,
): Fragment {
  const { sql } = context;
  const last = steps.at(-1);
  if (last === undefined) return sql`TRUE`;
  const conditions: Fragment[] = [];
  let inherits = false;
  if (last.link !== undefined) {
    const before = steps.slice(0, -1);
    const origin = before.at(-1)?.entity ?? last.entity;
    const columns = getLinkColumns(origin, last.link);
    inherits = columns.inherits === true;
    const alias = context.nextAlias();
    const key = sql`(SELECT ${columns.key(sql, alias)} FROM ${sql(TABLES[origin].table)} ${sql(alias)}
      WHERE ${toPathConditions(context, before, alias, options)})`;
    conditions.push(columns.match(sql, row, key));
  }
  if (last.id !== undefined) conditions.push(toIdCondition(context, last, row, options));
  if (!inherits) {
    const may = TABLES[last.entity].readable(context, row);
    // Asked of the one row that has the id: turned into a join, a month without statistics would be walked through.
    conditions.push(last.entity === 'observation' && last.id !== undefined ? sql`(${may}) IS TRUE` : may);
  }
  return join(sql, conditions, sql` AND `);
}

/** Whether a path leads anywhere: the rows before a set exist, are related and are readable. */
export function toExistence(context: Context, steps: readonly PathStep[], options: StepOptions): Fragment {
  const { sql } = context;
  const last = steps.at(-1);
  const row = context.nextAlias();
  return sql`SELECT EXISTS (SELECT FROM ${sql(TABLES[last?.entity ?? 'thing'].table)} ${sql(row)}
    WHERE ${toPathConditions(context, steps, row, options)}) AS there`;
}

// Rows -------------------------------------------------------------------------------------------------------

/** A Datastream's Observations come in the order of time, which an index serves; everything else by id. */
function toDefaultOrder(sql: Sql, row: string, link: string | undefined, entity: EntityKey): SortOrder[] {
  if (entity !== 'observation' || link !== 'observations') return [];
  const start: SortKey = { of: sql`${sql(`${row}.phenomenon_start`)}`, type: 'timestamptz', nullable: false };
  return [{ ...start, descending: false }];
}

function toOrders(
  context: Context,
  query: CheckedQuery,
  row: string,
  scope: Parameters<typeof toSortKeys>[0],
  link: string | undefined,
): SortOrder[] {
  const { sql } = context;
  const asked = query.orderby.flatMap(({ by, descending }) =>
    toSortKeys(scope, by).map((key): SortOrder => ({ ...key, descending })),
  );
  const orders = asked.length > 0 ? asked : toDefaultOrder(sql, row, link, query.entity);
  const id: SortKey = { of: sql`${sql(`${row}.id`)}`, type: 'bigint', nullable: false };
  return [...orders, { ...id, descending: orders.at(-1)?.descending ?? false }];
}

/** req/request-data/orderby: nulls first when ascending, last when descending. */
function printOrder(sql: Sql, { of, descending, nullable }: SortOrder): Fragment {
  if (descending) return nullable ? sql`${of} DESC NULLS LAST` : sql`${of} DESC`;
  return nullable ? sql`${of} ASC NULLS FIRST` : sql`${of}`;
}

function toProperties(query: CheckedQuery): string[] {
  const all = Object.keys(MODEL[query.entity].properties).filter((key) => key !== 'id');
  const { select } = query;
  return select === undefined ? all : all.filter((key) => select.properties.has(key));
}

interface Rows {
  readonly values: readonly Fragment[];
  readonly from: Fragment;
  readonly where: Fragment;
  readonly order: Fragment;
  readonly page: Fragment;
  readonly plan: RowPlan;
}

/**
 * @param source what the rows satisfy beside the query: the path or the link they are reached by
 * @param link how a set is reached, where it is by a link
 */
function toRows(
  context: Context,
  query: CheckedQuery,
  row: string,
  source: Fragment,
  link: string | undefined,
  isSet: boolean,
): Rows {
  const { sql } = context;
  const { entity } = query;
  const joined = joinLinks(
    context,
    entity,
    row,
    query.filter,
    query.orderby.map((order) => order.by),
  );
  const orders = isSet ? toOrders(context, query, row, joined.scope, link) : [];
  const limit = limitOf(query);
  const conditions = [source, ...joined.conditions];
  if (query.skiptoken !== undefined) {
    const position: Position = readToken(query.skiptoken, orders);
    conditions.push(toBeyond(sql, orders, position));
  }
  const properties = toProperties(query);
  const expands = query.expand.map((expand) => toExpand(context, entity, row, expand));
  const values = [
    getColumn(entity, 'id').print(sql, row),
    ...properties.map((key) => getColumn(entity, key).print(sql, row)),
    ...orders.map(({ of }) => sql`(${of})::text`),
    ...expands.flatMap(({ values }) => values),
  ];
  return {
    values,
    from: sql`FROM ${sql(TABLES[entity].table)} ${sql(row)}${joined.joins}`,
    where: sql`WHERE ${join(sql, conditions, sql` AND `)}`,
    order: isSet
      ? sql`ORDER BY ${join(
          sql,
          orders.map((order) => printOrder(sql, order)),
          sql`, `,
        )}`
      : sql``,
    page: isSet
      ? sql`LIMIT ${limit === 0 ? 0 : limit + 1}::bigint${query.skip > 0 ? sql` OFFSET ${query.skip}::bigint` : sql``}`
      : sql``,
    plan: {
      entity,
      properties,
      select: query.select,
      keys: orders.length,
      expands: expands.map(({ plan }) => plan),
      limit,
      query,
    },
  };
}

function toExpand(
  context: Context,
  entity: EntityKey,
  row: string,
  expand: CheckedExpand,
): { readonly values: readonly Fragment[]; readonly plan: ExpandPlan } {
  const { sql } = context;
  const columns = getLinkColumns(entity, expand.link);
  const alias = context.nextAlias();
  const match = columns.match(sql, alias, columns.key(sql, row));
  const source = columns.inherits
    ? match
    : sql`${match} AND ${TABLES[expand.query.entity].readable(context, alias)}`;
  const rows = toRows(context, expand.query, alias, source, expand.link, expand.many);
  const list = sql`json_build_array(${join(sql, rows.values, sql`, `)})`;
  const counted = expand.many && expand.query.count;
  const plan: ExpandPlan = { link: expand.link, many: expand.many, counted, plan: rows.plan };
  if (!expand.many) return { values: [sql`(SELECT ${list} ${rows.from} ${rows.where})`], plan };
  const values = [
    isLatest(expand)
      ? toLatest(context, { ...rows, list }, row, alias)
      : sql`(SELECT json_agg(page.item) FROM (SELECT ${list} AS item
      ${rows.from}
      ${rows.where}
      ${rows.order} ${rows.page}) page)`,
  ];
  if (counted) values.push(sql`(${toCount(context, expand.query, source, alias)})`);
  return { values, plan };
}

/** Whether the last Observation of each Datastream is asked for, which its statistics know. */
function isLatest({ link, query }: CheckedExpand): boolean {
  const { entity, filter, skip, skiptoken, top, orderby } = query;
  const isPlain = filter === undefined && skip === 0 && skiptoken === undefined && top === 1;
  return (
    entity === 'observation' &&
    link === 'observations' &&
    isPlain &&
    isByTime(query) &&
    orderby[0]?.descending === true
  );
}

/** Only the month of the last one is looked into. A null behind it says that there are more, so that a next page is linked. */
function toLatest(
  context: Context,
  rows: Rows & { readonly list: Fragment },
  owner: string,
  row: string,
): Fragment {
  const { sql } = context;
  const own = sql`FROM datastream_stats s WHERE s.datastream_id = ${sql(`${owner}.id`)}`;
  return sql`(SELECT json_agg(page.item ORDER BY page.more) FROM (
      (SELECT ${rows.list} AS item, FALSE AS more
      ${rows.from}
      ${rows.where} AND ${sql(`${row}.phenomenon_start`)} >= (SELECT s.last_time ${own})
      ${rows.order} LIMIT 1)
      UNION ALL SELECT NULL, TRUE ${own} AND s.observations > 1) page)`;
}

/** All rows that the filter leaves, whatever the page. */
function toCount(context: Context, query: CheckedQuery, source: Fragment, row: string): Fragment {
  const { sql } = context;
  const { joins, conditions } = joinLinks(context, query.entity, row, query.filter, []);
  return sql`SELECT count(*)::text FROM ${sql(TABLES[query.entity].table)} ${sql(row)}${joins}
    WHERE ${join(sql, [source, ...conditions], sql` AND `)}`;
}

// Statements -------------------------------------------------------------------------------------------------

/** Whether rows are asked for in the order of their own time. */
export function isByTime({ orderby }: CheckedQuery): boolean {
  const [first] = orderby;
  if (first?.by.kind !== 'property' || first.by.property !== 'phenomenonTime') return false;
  const paths = new Map<string, readonly string[]>();
  for (const { by } of orderby) collectPaths(by, paths);
  return paths.size === 0;
}

/** Rows of a page. */
export function limitOf({ top }: CheckedQuery): number {
  return Math.min(top ?? DEFAULT_TOP, MAX_TOP);
}

/** From when to when, and how often a Datastream was observed; no row where it is not there. */
export function toExtentStatement(context: Context, steps: readonly PathStep[]): Fragment {
  const { sql } = context;
  const row = context.nextAlias();
  return sql`SELECT coalesce(s.observations, 0)::text, s.phenomenon_start::text, s.last_time::text FROM datastreams ${sql(row)}
    LEFT JOIN datastream_stats s ON s.datastream_id = ${sql(`${row}.id`)} WHERE ${toPathConditions(context, steps, row, { byMonth: false })}`;
}

/**
 * Whether all Observations are asked for in the order of time: no index has that order across Datastreams, but each
 * Datastream's has it, so that the first rows of each are enough. With links in the filter other plans are better.
 */
function isSpread(steps: readonly PathStep[], { entity, filter, orderby }: CheckedQuery): boolean {
  if (entity !== 'observation' || steps.length > 1) return false;
  const first = orderby[0]?.by;
  if (first?.kind !== 'property' || first.property !== 'phenomenonTime') return false;
  const paths = new Map<string, readonly string[]>();
  for (const node of [...orderby.map(({ by }) => by), ...(filter === undefined ? [] : [filter])])
    collectPaths(node, paths);
  return paths.size === 0;
}

function toSpreadStatement(context: Context, query: CheckedQuery): Statement {
  const { sql } = context;
  const row = context.nextAlias();
  const owner = context.nextAlias();
  const source = sql`${sql(`${row}.datastream_id`)} = ${sql(`${owner}.id`)}`;
  const { values, from, where, order, page, plan } = toRows(context, query, row, source, undefined, true);
  const most = query.skip + plan.limit + 1;
  return {
    query: sql`SELECT ${join(sql, values, sql`, `)} FROM (
      SELECT ${sql(row)}.* FROM datastreams ${sql(owner)} CROSS JOIN LATERAL (
        SELECT * ${from} ${where} ${order} LIMIT ${most}::bigint) ${sql(row)}
      WHERE ${TABLES.datastream.readable(context, owner)}) ${sql(row)} ${order} ${page}`,
    plan,
  };
}

/** @param between of Observations: those of this time alone */
export function toSetStatement(
  context: Context,
  steps: readonly PathStep[],
  query: CheckedQuery,
  between?: readonly [from: string, to: string],
): Statement {
  if (isSpread(steps, query)) return toSpreadStatement(context, query);
  const { sql } = context;
  const row = context.nextAlias();
  const path = toPathConditions(context, steps, row, { byMonth: false });
  const source = between === undefined ? path : sql`${path} AND ${toTime(sql, row, between)}`;
  const rows = toRows(context, query, row, source, steps.at(-1)?.link, true);
  const list = join(sql, rows.values, sql`, `);
  return {
    query: sql`SELECT ${list} ${rows.from} ${rows.where} ${rows.order} ${rows.page}`,
    plan: rows.plan,
  };
}

function toTime(sql: Sql, row: string, [from, to]: readonly [string, string]): Fragment {
  const start = sql`${sql(`${row}.phenomenon_start`)}`;
  return sql`${start} >= ${from}::timestamptz AND ${start} <= ${to}::timestamptz`;
}

export interface ChangedRows {
  readonly ids: readonly number[];
  /** Of Observations whose moments are known: only their months are looked into. */
  readonly between?: readonly [from: string, to: string] | undefined;
}

/** Of the rows that a path leads to those with these ids, at most as many, whatever their order. */
export function toChangedStatement(
  context: Context,
  steps: readonly PathStep[],
  query: CheckedQuery,
  { ids, between }: ChangedRows,
): Statement {
  const { sql } = context;
  const row = context.nextAlias();
  const source = join(
    sql,
    [
      sql`${sql(`${row}.id`)} = ANY(${ids as number[]}::bigint[])`,
      ...(between === undefined ? [] : [toTime(sql, row, between)]),
      toPathConditions(context, steps, row, { byMonth: false }),
    ],
    sql` AND `,
  );
  const rows = toRows(context, { ...query, top: ids.length }, row, source, undefined, true);
  return {
    query: sql`SELECT ${join(sql, rows.values, sql`, `)} ${rows.from} ${rows.where} ${rows.order} ${rows.page}`,
    plan: rows.plan,
  };
}

export function toEntityStatement(
  context: Context,
  steps: readonly PathStep[],
  query: CheckedQuery,
  options: StepOptions,
): Statement {
  const { sql } = context;
  const row = context.nextAlias();
  const source = toPathConditions(context, steps, row, options);
  const rows = toRows(context, query, row, source, undefined, false);
  return {
    query: sql`SELECT ${join(sql, rows.values, sql`, `)} ${rows.from} ${rows.where}`,
    plan: rows.plan,
  };
}

/** One property as text; inside JSON to the letter, with `kind` telling null from absent. */
export function toPropertyStatement(
  context: Context,
  steps: readonly PathStep[],
  property: { readonly key: string; readonly json: readonly string[] },
  options: StepOptions,
): Fragment {
  const { sql } = context;
  const row = context.nextAlias();
  const entity = steps.at(-1)?.entity ?? 'thing';
  const whole = getColumn(entity, property.key).print(sql, row);
  const value =
    property.json.length === 0 ? whole : sql`((${whole})::json #> ${[...property.json]}::text[])::text`;
  return sql`SELECT ${value} AS value FROM ${sql(TABLES[entity].table)} ${sql(row)}
    WHERE ${toPathConditions(context, steps, row, options)}`;
}

/** `$count`: Observations without a filter are counted from the statistics of their Datastreams. */
export function toCountStatement(
  context: Context,
  steps: readonly PathStep[],
  query: CheckedQuery,
): Fragment {
  const { sql } = context;
  const [first, second, ...more] = steps;
  if (query.entity === 'observation' && query.filter === undefined && more.length === 0) {
    const ofDatastream = first?.entity === 'datastream' && second !== undefined;
    if (second === undefined || ofDatastream) {
      const row = context.nextAlias();
      const own = ofDatastream && first !== undefined ? [first] : [];
      const where =
        own.length > 0
          ? toPathConditions(context, own, row, { byMonth: false })
          : TABLES.datastream.readable(context, row);
      return sql`SELECT coalesce(sum(s.observations), 0)::text AS count FROM datastreams ${sql(row)}
        JOIN datastream_stats s ON s.datastream_id = ${sql(`${row}.id`)} WHERE ${where}`;
    }
  }
  const row = context.nextAlias();
  return toCount(context, query, toPathConditions(context, steps, row, { byMonth: false }), row);
}
