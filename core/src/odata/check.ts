/**
 * A parsed query against the model: which rows, in which order, with which properties and which links expanded.
 * Generic over the table of core/sta/model.ts; a name that does not exist is BAD_QUERY with a hint.
 */
import { AppError } from '../errors.ts';
import { type EntityKey, findLink } from '../sta/model.ts';
import { findLinkKey, findPropertyKey, listNames, type Version } from '../sta/version.ts';
import type { Expand, Query } from './ast.ts';
import { checkBoolean, checkExpression, fail, type Scope } from './check-expression.ts';
import type { CheckedOrder, Selection, Typed } from './typed.ts';

export interface CheckedExpand {
  readonly link: string;
  readonly many: boolean;
  readonly query: CheckedQuery;
}

export interface CheckedQuery {
  readonly entity: EntityKey;
  readonly filter: Typed | undefined;
  readonly count: boolean;
  readonly orderby: readonly CheckedOrder[];
  readonly skip: number;
  readonly top: number | undefined;
  /** undefined: everything */
  readonly select: Selection | undefined;
  readonly expand: readonly CheckedExpand[];
  readonly skiptoken: string | undefined;
  readonly resultFormat: 'dataArray' | undefined;
  /** What the client wrote, for the link to the next page. */
  readonly source: Query;
}

const MAX_EXPANDS = 20;
const MAX_EXPAND_DEPTH = 6;
const ONLY_FOR_SETS = ['filter', 'count', 'orderby', 'skip', 'top', 'skiptoken', 'resultFormat'] as const;

function checkOrders(scope: Scope, query: Query): CheckedOrder[] {
  return (query.orderby ?? []).map(({ by, descending }) => {
    const typed = checkExpression(scope, by);
    if (typed.type === 'geometry' || typed.type === 'null')
      fail(scope, by.at, `A ${typed.type} has no order.`, 'Order by a property, or by geo.distance(...).');
    if (goesThroughMany(scope.entity, typed))
      fail(scope, by.at, 'Nothing can be ordered by a property of many entities.', 'Order within $expand.');
    return { by: typed, descending };
  });
}

function goesThroughMany(entity: EntityKey, node: Typed): boolean {
  switch (node.kind) {
    case 'literal':
      return false;
    case 'property': {
      let at = entity;
      for (const key of node.links) {
        const link = findLink(at, key);
        if (link === undefined || link.many) return true;
        at = link.to;
      }
      return false;
    }
    case 'and':
    case 'or':
    case 'compare':
      return goesThroughMany(entity, node.left) || goesThroughMany(entity, node.right);
    case 'call':
      return node.args.some((arg) => goesThroughMany(entity, arg));
    default:
      return goesThroughMany(entity, node.arg);
  }
}

function checkSelect(scope: Scope, query: Query): Selection | undefined {
  if (query.select === undefined) return undefined;
  const properties = new Set<string>();
  const links = new Set<string>();
  for (const { name, at } of query.select) {
    const property = findPropertyKey(scope.version, scope.entity, name);
    const link = findLinkKey(scope.version, scope.entity, name);
    if (property !== undefined) properties.add(property);
    else if (link !== undefined) links.add(link);
    else {
      fail(
        scope,
        at,
        `There is no "${name.slice(0, 60)}" in ${scope.version.entities[scope.entity].set}.`,
        `It has: ${listNames(scope.version, scope.entity)}.`,
      );
    }
  }
  return { properties, links };
}

/** `A/B,A($top=1)` is one expand of A with options and with B inside. */
function mergeExpands(scope: Scope, expands: readonly Expand[]): Map<string, { query: Query; at: number }> {
  const merged = new Map<string, { query: Query; at: number }>();
  for (const { path, query, at } of expands) {
    const [name = '', ...rest] = path;
    const own: Query = rest.length === 0 ? query : { expand: [{ path: rest, query, at }] };
    const there = merged.get(name)?.query ?? {};
    const twice = (Object.keys(own) as (keyof Query)[]).find(
      (key) => key !== 'expand' && there[key] !== undefined,
    );
    if (twice !== undefined) fail(scope, at, `$${twice} of ${name} is given twice.`);
    const expand = [...(there.expand ?? []), ...(own.expand ?? [])];
    merged.set(name, { query: { ...there, ...own, ...(expand.length > 0 ? { expand } : {}) }, at });
  }
  return merged;
}

interface Budget {
  expands: number;
}

function checkExpands(scope: Scope, query: Query, depth: number, budget: Budget): CheckedExpand[] {
  if (query.expand === undefined) return [];
  if (depth >= MAX_EXPAND_DEPTH) fail(scope, 0, `$expand is nested deeper than ${MAX_EXPAND_DEPTH} levels.`);
  return [...mergeExpands(scope, query.expand)].map(([name, { query: inner, at }]) => {
    if (++budget.expands > MAX_EXPANDS) fail(scope, at, `More than ${MAX_EXPANDS} links are expanded.`);
    const key = findLinkKey(scope.version, scope.entity, name);
    const link = key === undefined ? undefined : findLink(scope.entity, key);
    if (key === undefined || link === undefined) {
      fail(
        scope,
        at,
        `${scope.version.entities[scope.entity].set} has no link "${name.slice(0, 60)}".`,
        `Its links are: ${[...scope.version.entities[scope.entity].links.values()].join(', ')}.`,
      );
    }
    const own = link.many ? inner : toSingle(inner);
    if (!link.many) refuseSetOptions(own, scope.option, at);
    const checked = checkAt({ ...scope, entity: link.to }, own, depth + 1, budget, true);
    return { link: key, many: link.many, query: checked };
  });
}

/** `$top=10` on a link to one entity changes nothing, and QGIS always sends it: only `$top=0` would mean something. */
function toSingle(query: Query): Query {
  const { top, ...rest } = query;
  return top === undefined || top === 0 ? query : rest;
}

function refuseSetOptions(query: Query, option: string, at: number): void {
  const wrong = ONLY_FOR_SETS.find((key) => query[key] !== undefined);
  if (wrong === undefined) return;
  throw new AppError('BAD_QUERY', `$${wrong} is for sets, but this is one entity.`, {
    at: option === '' ? `$${wrong}` : `${option}:${at}`,
    hint: 'For one entity there are $select and $expand.',
  });
}

/** req/data-array/data-array: of sets of Observations, and without $expand */
function refuseFormat({ entity, version }: Scope, query: Query, nested: boolean): void {
  const { set } = version.entities.observation;
  const detail = nested
    ? '$resultFormat cannot stand within $expand.'
    : entity !== 'observation'
      ? `$resultFormat=dataArray is for ${set} alone.`
      : query.expand === undefined
        ? undefined
        : '$expand cannot be used with $resultFormat=dataArray.';
  if (detail !== undefined) throw new AppError('BAD_QUERY', detail, { at: '$resultFormat' });
}

function checkAt(scope: Scope, query: Query, depth: number, budget: Budget, nested: boolean): CheckedQuery {
  if (query.resultFormat !== undefined) refuseFormat(scope, query, nested);
  const within = (option: string): Scope => (nested ? scope : { ...scope, option });
  if (nested && query.skiptoken !== undefined) fail(scope, 0, '$skiptoken cannot stand within $expand.');
  return {
    entity: scope.entity,
    filter: query.filter && checkBoolean(within('$filter'), query.filter),
    count: query.count ?? false,
    orderby: checkOrders(within('$orderby'), query),
    skip: query.skip ?? 0,
    top: query.top,
    select: checkSelect(within('$select'), query),
    expand: checkExpands(within('$expand'), query, depth, budget),
    skiptoken: query.skiptoken,
    resultFormat: query.resultFormat,
    source: query,
  };
}

/** @throws AppError BAD_QUERY naming option and position */
export function checkQuery(
  version: Version,
  entity: EntityKey,
  query: Query,
  shape: 'set' | 'entity' = 'set',
): CheckedQuery {
  if (shape === 'entity') refuseSetOptions(query, '', 0);
  return checkAt({ version, entity, option: '' }, query, 0, { expands: 0 }, false);
}
