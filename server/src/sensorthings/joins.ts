/**
 * The rows that a query's expressions reach through links. A link to one entity is joined beside the query's own
 * row. Links to many become EXISTS over one choice of them: conditions that share such a link are about the same
 * entity (`Datastreams/name eq 'x' and Datastreams/id gt 5`), and none at all counts as null.
 * Who may read a row is part of each join.
 */
import type { Typed } from '@torv/core/odata/typed';
import { type EntityKey, findLink } from '@torv/core/sta/model';
import type { Fragment } from '../db/database.ts';
import { getLinkColumns, type Reader, TABLES } from './columns.ts';
import { type Scope, toSql } from './expression-sql.ts';

export interface Context extends Reader {
  readonly now: string;
  /** Gives each row of a statement an alias of its own. */
  readonly nextAlias: () => string;
}

export interface Joined {
  readonly scope: Scope;
  /** LEFT JOINs behind the query's own row. */
  readonly joins: Fragment;
  /** Conditions, each standing alone. */
  readonly conditions: readonly Fragment[];
}

type Paths = Map<string, readonly string[]>;

export function collectPaths(node: Typed, into: Paths): void {
  switch (node.kind) {
    case 'literal':
      return;
    case 'property':
      for (let i = 1; i <= node.links.length; i++) {
        const path = node.links.slice(0, i);
        into.set(path.join('/'), path);
      }
      return;
    case 'and':
    case 'or':
    case 'compare':
      collectPaths(node.left, into);
      collectPaths(node.right, into);
      return;
    case 'call':
      for (const arg of node.args) collectPaths(arg, into);
      return;
    default:
      collectPaths(node.arg, into);
  }
}

/** The entity that a path leads from at its last link. */
function toOrigin(entity: EntityKey, path: readonly string[]): EntityKey {
  return path.slice(0, -1).reduce<EntityKey>((at, key) => findLink(at, key)?.to ?? at, entity);
}

/** The first link to many on the way, as a path; undefined: all lead to one. */
function findMany(entity: EntityKey, path: readonly string[]): string | undefined {
  let at = entity;
  for (const [i, key] of path.entries()) {
    const link = findLink(at, key);
    if (link === undefined) return undefined;
    if (link.many) return path.slice(0, i + 1).join('/');
    at = link.to;
  }
  return undefined;
}

/** Rows at the end of a link, as a table expression that stands after LATERAL. */
function toLinked(
  context: Context,
  entity: EntityKey,
  path: readonly string[],
  rows: Map<string, string>,
): { readonly table: Fragment; readonly where: Fragment; readonly alias: string } {
  const { sql } = context;
  const origin = toOrigin(entity, path);
  const key = path.at(-1) ?? '';
  const from = rows.get(path.slice(0, -1).join('/')) ?? '';
  const to = findLink(origin, key)?.to ?? origin;
  const columns = getLinkColumns(origin, key);
  const alias = context.nextAlias();
  rows.set(path.join('/'), alias);
  const may = columns.inherits ? sql`` : sql` AND ${TABLES[to].readable(context, alias)}`;
  return {
    table: sql`${sql(TABLES[to].table)} ${sql(alias)}`,
    where: sql`${columns.match(sql, alias, columns.key(sql, from))}${may}`,
    alias,
  };
}

function joinLeft(
  context: Context,
  entity: EntityKey,
  paths: readonly (readonly string[])[],
  rows: Map<string, string>,
): Fragment {
  const { sql } = context;
  return paths.reduce<Fragment>((joins, path) => {
    const { table, where, alias } = toLinked(context, entity, path, rows);
    return sql`${joins}
      LEFT JOIN LATERAL (SELECT * FROM ${table} WHERE ${where}) ${sql(alias)} ON TRUE`;
  }, sql``);
}

const byLength = (a: readonly string[], b: readonly string[]): number => a.length - b.length;

function splitAnd(node: Typed): Typed[] {
  return node.kind === 'and' ? [...splitAnd(node.left), ...splitAnd(node.right)] : [node];
}

/** Conditions that share a link to many, together; the others alone. */
function groupByMany(
  entity: EntityKey,
  conditions: readonly Typed[],
): { readonly nodes: Typed[]; readonly many: Set<string> }[] {
  const groups: { nodes: Typed[]; many: Set<string> }[] = [];
  for (const node of conditions) {
    const paths: Paths = new Map();
    collectPaths(node, paths);
    const many = new Set(
      [...paths.values()].map((path) => findMany(entity, path)).filter((path) => path !== undefined),
    );
    const shared = groups.filter((group) => [...many].some((path) => group.many.has(path)));
    const merged = { nodes: [...shared.flatMap((group) => group.nodes), node], many };
    for (const group of shared) {
      for (const path of group.many) merged.many.add(path);
      groups.splice(groups.indexOf(group), 1);
    }
    groups.push(merged);
  }
  return groups;
}

/** Whether a condition can only be true where its links to many lead to something: then no outer join is needed. */
function needsRows(node: Typed): boolean {
  switch (node.kind) {
    case 'compare':
      return true;
    case 'not':
      return node.arg.kind === 'compare';
    case 'and':
      return needsRows(node.left) && needsRows(node.right);
    default:
      return false;
  }
}

/** @param own alias of the query's own row; `others`: expressions that are computed beside the filter */
export function joinLinks(
  context: Context,
  entity: EntityKey,
  own: string,
  filter: Typed | undefined,
  others: readonly Typed[],
): Joined {
  const { sql, now } = context;
  const paths: Paths = new Map();
  for (const node of [...(filter === undefined ? [] : [filter]), ...others]) collectPaths(node, paths);
  const all = [...paths.values()].sort(byLength);
  const rows = new Map([['', own]]);
  const joins = joinLeft(
    context,
    entity,
    all.filter((path) => findMany(entity, path) === undefined),
    rows,
  );
  const scope: Scope = { sql, now, rows };
  const conditions = groupByMany(entity, filter === undefined ? [] : splitAnd(filter)).map(
    ({ nodes, many }) => {
      const and = (inner: Scope): Fragment =>
        nodes.map((node) => toSql(inner, node)).reduce((left, right) => sql`${left} AND ${right}`);
      if (many.size === 0) return and(scope);
      const wanted: Paths = new Map();
      for (const node of nodes) collectPaths(node, wanted);
      const within = [...wanted.values()]
        .filter((path) => findMany(entity, path) !== undefined)
        .sort(byLength);
      return toExists(context, entity, within, rows, nodes.every(needsRows) && many.size === 1, and);
    },
  );
  return { scope, joins, conditions };
}

function toExists(
  context: Context,
  entity: EntityKey,
  paths: readonly (readonly string[])[],
  outer: ReadonlyMap<string, string>,
  strict: boolean,
  condition: (scope: Scope) => Fragment,
): Fragment {
  const { sql, now } = context;
  const rows = new Map(outer);
  const [first, ...rest] = paths;
  if (strict && first !== undefined) {
    const { table, where } = toLinked(context, entity, first, rows);
    const joins = joinLeft(context, entity, rest, rows);
    return sql`EXISTS (SELECT FROM ${table}${joins}
      WHERE ${where} AND ${condition({ sql, now, rows })})`;
  }
  const joins = joinLeft(context, entity, paths, rows);
  return sql`EXISTS (SELECT FROM (SELECT) one${joins}
      WHERE ${condition({ sql, now, rows })})`;
}
