/**
 * A checked expression -> SQL with the meaning of core/odata/evaluate: same values, same nulls. Values travel
 * only as parameters. A value that does not fit (JSON of another type, division by zero) is null, not an error.
 * Long because every operator and function has its line; to-sql.golden.sql shows them all.
 */
import { MAX_INSTANT, MIN_INSTANT } from '@torv/core/odata/literals';
import type { Comparison, FunctionKey, Typed, TypedProperty } from '@torv/core/odata/typed';
import type { Fragment, Sql } from '../db/database.ts';
import { type ColumnValue, getColumn } from './columns.ts';

export interface Scope {
  readonly sql: Sql;
  /** RFC 3339 */
  readonly now: string;
  /** The alias of the row that a path of links leads to; '' is the query's own. */
  readonly rows: ReadonlyMap<string, string>;
}

interface TimeSql {
  readonly start: Fragment;
  readonly end: Fragment;
  readonly isInstant: boolean;
}

interface DynamicSql {
  readonly number: Fragment;
  readonly text: Fragment;
  readonly boolean: Fragment;
  readonly isNull: Fragment;
  readonly isText: Fragment;
}

const LARGEST_ID = 9_223_372_036_854_775_807n;

function toColumnValue(scope: Scope, node: TypedProperty): ColumnValue {
  const row = scope.rows.get(node.links.join('/'));
  if (row === undefined) throw new Error(`The path ${node.links.join('/')} is not joined`);
  return getColumn(node.entity, node.property).value(scope.sql, row);
}

function isId(node: Typed): boolean {
  return node.kind === 'property' && node.property === 'id';
}

// Times ------------------------------------------------------------------------------------------------------

function toTime(scope: Scope, node: Typed): TimeSql {
  const { sql } = scope;
  if (node.kind === 'literal') {
    const [start = '', end = start] = node.value.split('/');
    const from = sql`${start}::timestamptz`;
    return start === end
      ? { start: from, end: from, isInstant: true }
      : { start: from, end: sql`${end}::timestamptz`, isInstant: false };
  }
  if (node.kind === 'property') {
    const value = toColumnValue(scope, node);
    if (value.type === 'time')
      return { start: value.start, end: value.end, isInstant: value.start === value.end };
  }
  if (node.kind === 'call') {
    const one = (moment: Fragment): TimeSql => ({ start: moment, end: moment, isInstant: true });
    if (node.fn === 'now') return one(sql`${scope.now}::timestamptz`);
    if (node.fn === 'mindatetime') return one(sql`${MIN_INSTANT}::timestamptz`);
    if (node.fn === 'maxdatetime') return one(sql`${MAX_INSTANT}::timestamptz`);
    const [time, duration] = node.args;
    if (time !== undefined && duration !== undefined) {
      const { start, end, isInstant } = toTime(scope, time);
      const seconds = toSql(scope, duration);
      const shift = (moment: Fragment): Fragment =>
        node.fn === 'addDuration'
          ? sql`(${moment} + make_interval(secs => ${seconds}))`
          : sql`(${moment} - make_interval(secs => ${seconds}))`;
      const from = shift(start);
      return { start: from, end: isInstant ? from : shift(end), isInstant };
    }
  }
  throw new Error(`${node.kind} is no time`);
}

/** One algebra for instants and intervals; shorter where it is the same. Both sides of `start` can use an index. */
function compareTimes(sql: Sql, op: Comparison, a: TimeSql, b: TimeSql): Fragment {
  if (a.isInstant && b.isInstant) return sql`(${a.start} ${toSign(sql, op)} ${b.start})`;
  switch (op) {
    case 'eq':
      return sql`(${a.start} = ${b.start} AND ${a.end} = ${b.end})`;
    case 'ne':
      return sql`(${a.start} <> ${b.start} OR ${a.end} <> ${b.end})`;
    case 'gt':
      return b.isInstant
        ? sql`(${a.start} > ${b.start})`
        : sql`(${a.start} >= ${b.end} AND ${a.start} > ${b.start})`;
    case 'ge':
      return b.isInstant
        ? sql`(${a.start} >= ${b.start})`
        : sql`(${a.start} >= ${b.start} AND ${a.end} >= ${b.end})`;
    case 'lt':
      return sql`(${a.end} <= ${b.start} AND ${a.start} < ${b.start})`;
    case 'le':
      return sql`(${a.start} <= ${b.start} AND ${a.end} <= ${b.end})`;
  }
}

// JSON -------------------------------------------------------------------------------------------------------

function toDynamic(scope: Scope, node: Typed): DynamicSql {
  const { sql } = scope;
  if (node.kind !== 'property') throw new Error(`${node.kind} is not dynamic`);
  const value = toColumnValue(scope, node);
  if (value.type === 'result') {
    if (node.json.length === 0) return toResult(sql, value.number, value.json);
    // only lists and objects have something inside, and only they are worth parsing
    const inside = sql`(CASE WHEN ${value.json} ~ '^\\s*[\\[{]' THEN ${value.json}::jsonb END #> ${[...node.json]}::text[])`;
    return toJson(sql, inside, undefined);
  }
  if (value.type !== 'json') throw new Error(`${node.property} is not JSON`);
  return node.json.length === 0
    ? toJson(sql, value.of, value.text)
    : toJson(sql, sql`(${value.of} #> ${[...node.json]}::text[])`, undefined);
}

function toResult(sql: Sql, number: Fragment, json: Fragment): DynamicSql {
  return {
    number,
    text: sql`(CASE WHEN ${json} IS NULL THEN ${number}::text WHEN ${json} LIKE '"%' THEN ${json}::jsonb #>> '{}' ELSE nullif(${json}, 'null') END)`,
    boolean: sql`(CASE ${json} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END)`,
    isNull: sql`(${number} IS NULL AND coalesce(${json}, 'null') = 'null')`,
    isText: sql`(${json} LIKE '"%')`,
  };
}

/** @param whole the JSON as it was sent, where it is a whole property */
function toJson(sql: Sql, of: Fragment, whole: Fragment | undefined): DynamicSql {
  return {
    // a jsonb number can be larger or smaller than a double holds: such a one has hundreds of digits
    number: sql`(CASE WHEN jsonb_typeof(${of}) = 'number' AND length(${of}::text) < 300 THEN ${of}::float8 END)`,
    text:
      whole === undefined
        ? sql`(CASE WHEN jsonb_typeof(${of}) NOT IN ('object', 'array') THEN ${of} #>> '{}' END)`
        : sql`(CASE WHEN jsonb_typeof(${of}) IN ('object', 'array') THEN ${whole} ELSE ${of} #>> '{}' END)`,
    boolean: sql`(CASE WHEN jsonb_typeof(${of}) = 'boolean' THEN ${of}::boolean END)`,
    isNull: sql`(coalesce(jsonb_typeof(${of}), 'null') = 'null')`,
    isText: sql`(jsonb_typeof(${of}) = 'string')`,
  };
}

// Comparing --------------------------------------------------------------------------------------------------

function toSign(sql: Sql, op: Comparison): Fragment {
  switch (op) {
    case 'eq':
      return sql`=`;
    case 'ne':
      return sql`<>`;
    case 'gt':
      return sql`>`;
    case 'ge':
      return sql`>=`;
    case 'lt':
      return sql`<`;
    case 'le':
      return sql`<=`;
  }
}

function compare(scope: Scope, node: Typed & { kind: 'compare' }): Fragment {
  const { sql } = scope;
  const { op, left, right } = node;
  const sign = toSign(sql, op);
  switch (node.on) {
    case 'time':
      return compareTimes(sql, op, toTime(scope, left), toTime(scope, right));
    case 'text': {
      const [a, b] = [toSql(scope, left), toSql(scope, right)];
      return op === 'eq' || op === 'ne' ? sql`(${a} ${sign} ${b})` : sql`(${a} COLLATE "C" ${sign} ${b})`;
    }
    case 'number':
      return compareNumbers(scope, sign, left, right);
    case 'dynamic': {
      const [a, b] = [toDynamic(scope, left), toDynamic(scope, right)];
      return sql`(CASE WHEN ${a.isText} AND ${b.isText} THEN ${a.text} COLLATE "C" ${sign} ${b.text}
        WHEN ${a.number} IS NOT NULL AND ${b.number} IS NOT NULL THEN ${a.number} ${sign} ${b.number}
        WHEN ${a.boolean} IS NOT NULL AND ${b.boolean} IS NOT NULL THEN ${a.boolean} ${sign} ${b.boolean} END)`;
    }
    default:
      return sql`(${toSql(scope, left)} ${sign} ${toSql(scope, right)})`;
  }
}

/** Ids are compared as 64-bit integers, so that indexes serve and no digit is lost. */
function compareNumbers(scope: Scope, sign: Fragment, left: Typed, right: Typed): Fragment {
  const { sql } = scope;
  const toExact = (node: Typed): Fragment | undefined => {
    if (node.kind === 'property' && isId(node)) {
      const value = toColumnValue(scope, node);
      return value.type === 'id' ? value.of : undefined;
    }
    if (node.kind !== 'literal' || !/^-?\d{1,19}$/.test(node.value)) return undefined;
    const size = BigInt(node.value.replace('-', ''));
    return size <= LARGEST_ID ? sql`${node.value}::bigint` : undefined;
  };
  if (isId(left) || isId(right)) {
    const [a, b] = [toExact(left), toExact(right)];
    if (a !== undefined && b !== undefined) return sql`(${a} ${sign} ${b})`;
  }
  return sql`(${toSql(scope, left)} ${sign} ${toSql(scope, right)})`;
}

function toIsNull(scope: Scope, arg: Typed): Fragment {
  const { sql } = scope;
  if (arg.type === 'dynamic') return toDynamic(scope, arg).isNull;
  if (arg.type === 'time') return sql`(${toTime(scope, arg).start} IS NULL)`;
  return sql`(${toSql(scope, arg)} IS NULL)`;
}

// Everything -------------------------------------------------------------------------------------------------

/** For every type but time and dynamic, which have more than one part. */
export function toSql(scope: Scope, node: Typed): Fragment {
  const { sql } = scope;
  switch (node.kind) {
    case 'literal':
      return toLiteral(sql, node.type, node.value);
    case 'property': {
      const value = toColumnValue(scope, node);
      if (value.type === 'id') return sql`${value.of}::float8`;
      if (value.type === 'text') return value.of;
      throw new Error(`${node.property} has more than one part`);
    }
    case 'as':
      return toConverted(scope, node);
    case 'and':
      return sql`(${toSql(scope, node.left)} AND ${toSql(scope, node.right)})`;
    case 'or':
      return sql`(${toSql(scope, node.left)} OR ${toSql(scope, node.right)})`;
    case 'not':
      return sql`(NOT ${toSql(scope, node.arg)})`;
    case 'isNull':
      return node.negated ? sql`(NOT ${toIsNull(scope, node.arg)})` : toIsNull(scope, node.arg);
    case 'compare':
      return compare(scope, node);
    case 'call':
      return toCall(scope, node.fn, node.args);
  }
}

function toLiteral(sql: Sql, type: string, value: string): Fragment {
  switch (type) {
    case 'null':
      return sql`NULL`;
    case 'boolean':
      return value === 'true' ? sql`TRUE` : sql`FALSE`;
    case 'number':
    case 'duration':
      return sql`${Number(value)}::float8`;
    case 'date':
      return sql`${value}::text::date`;
    case 'clock':
      return sql`${value}::text::time`;
    case 'geometry':
      return sql`ST_GeomFromText(${value}::text, 4326)`;
    default:
      return sql`${value}::text`;
  }
}

function toConverted(scope: Scope, node: Typed & { kind: 'as' }): Fragment {
  const { sql } = scope;
  const { arg, type } = node;
  if (type === 'geometry') {
    const value = arg.kind === 'property' ? toColumnValue(scope, arg) : undefined;
    if (value?.type === 'json' && value.geometry !== undefined) return value.geometry;
    throw new Error('There is no geometry here');
  }
  if (arg.type === 'dynamic') return toDynamic(scope, arg)[type];
  if (arg.kind === 'property' && isId(arg)) {
    const value = toColumnValue(scope, arg);
    if (value.type === 'id') return sql`${value.of}::text`;
  }
  return sql`(${toSql(scope, arg)})::text`;
}

/** A position in a text: not below 0, not beyond what an integer holds. */
const toPosition = (sql: Sql, number: Fragment): Fragment =>
  sql`least(greatest(floor(${number}), 0), 1000000)::int`;

function toCall(scope: Scope, fn: FunctionKey, args: readonly Typed[]): Fragment {
  const { sql } = scope;
  const arg = (i: number): Fragment => toSql(scope, getArg(args, i));
  const time = (i: number): TimeSql => toTime(scope, getArg(args, i));
  const local = (): Fragment => sql`(${time(0).start} AT TIME ZONE 'UTC')`;
  const related = (op: Comparison): Fragment => compareTimes(sql, op, time(0), time(1));
  switch (fn) {
    case 'add':
    case 'addDurations':
      return sql`(${arg(0)} + ${arg(1)})`;
    case 'sub':
    case 'subDurations':
      return sql`(${arg(0)} - ${arg(1)})`;
    case 'mul':
    case 'mulDuration':
    case 'mulByDuration':
      return sql`(${arg(0)} * ${arg(1)})`;
    case 'div':
    case 'divDuration':
      return sql`(${arg(0)} / nullif(${arg(1)}, 0))`;
    case 'mod':
      return sql`(${arg(0)} - trunc(${arg(0)} / nullif(${arg(1)}, 0)) * ${arg(1)})`;
    case 'between':
      return sql`extract(epoch FROM ${time(0).start} - ${time(1).start})::float8`;
    case 'substringof':
      return sql`(strpos(${arg(1)}, ${arg(0)}) > 0)`;
    case 'endswith':
      return sql`(right(${arg(0)}, length(${arg(1)})) = ${arg(1)})`;
    case 'startswith':
      return sql`starts_with(${arg(0)}, ${arg(1)})`;
    case 'length':
      return sql`length(${arg(0)})::float8`;
    case 'indexof':
      return sql`(strpos(${arg(0)}, ${arg(1)}) - 1)::float8`;
    case 'substring':
      return sql`substr(${arg(0)}, ${toPosition(sql, arg(1))} + 1)`;
    case 'substringOfLength':
      return sql`substr(${arg(0)}, ${toPosition(sql, arg(1))} + 1, ${toPosition(sql, arg(2))})`;
    case 'tolower':
      return sql`lower(${arg(0)})`;
    case 'toupper':
      return sql`upper(${arg(0)})`;
    case 'trim':
      return sql`btrim(${arg(0)})`;
    case 'concat':
      return sql`(${arg(0)} || ${arg(1)})`;
    case 'year':
      return sql`extract(year FROM ${local()})::float8`;
    case 'month':
      return sql`extract(month FROM ${local()})::float8`;
    case 'day':
      return sql`extract(day FROM ${local()})::float8`;
    case 'hour':
      return sql`extract(hour FROM ${local()})::float8`;
    case 'minute':
      return sql`extract(minute FROM ${local()})::float8`;
    case 'second':
      return sql`floor(extract(second FROM ${local()}))::float8`;
    case 'fractionalseconds':
      return sql`(extract(second FROM ${local()}) % 1)::float8`;
    case 'date':
      return sql`${local()}::date`;
    case 'clock':
      return sql`${local()}::time`;
    case 'totaloffsetminutes':
      // everything is kept and shown in UTC
      return sql`(CASE WHEN ${time(0).start} IS NOT NULL THEN 0::float8 END)`;
    case 'before':
      return related('lt');
    case 'after':
      return related('gt');
    case 'meets':
      return sql`(${time(0).start} = ${time(1).end} OR ${time(0).end} = ${time(1).start})`;
    case 'during':
      return sql`(${time(0).start} >= ${time(1).start} AND ${time(0).end} <= ${time(1).end})`;
    case 'overlaps':
      return sql`(${time(0).start} = ${time(1).start} OR NOT (${time(0).start} >= ${time(1).end} OR ${time(1).start} >= ${time(0).end}))`;
    case 'starts':
      return sql`(${time(0).start} = ${time(1).start})`;
    case 'finishes':
      return sql`(${time(0).end} = ${time(1).end})`;
    case 'round':
      return sql`(sign(${arg(0)}) * floor(abs(${arg(0)}) + 0.5))`;
    case 'floor':
      return sql`floor(${arg(0)})`;
    case 'ceiling':
      return sql`ceil(${arg(0)})`;
    case 'distance':
      return sql`ST_Distance(${arg(0)}, ${arg(1)})`;
    case 'geoLength':
      return sql`ST_Length(${arg(0)})`;
    case 'geoIntersects':
    case 'intersects':
      return sql`ST_Intersects(${arg(0)}, ${arg(1)})`;
    case 'equals':
      return sql`ST_Equals(${arg(0)}, ${arg(1)})`;
    case 'disjoint':
      return sql`ST_Disjoint(${arg(0)}, ${arg(1)})`;
    case 'touches':
      return sql`ST_Touches(${arg(0)}, ${arg(1)})`;
    case 'within':
      return sql`ST_Within(${arg(0)}, ${arg(1)})`;
    case 'geoOverlaps':
      return sql`ST_Overlaps(${arg(0)}, ${arg(1)})`;
    case 'crosses':
      return sql`ST_Crosses(${arg(0)}, ${arg(1)})`;
    case 'contains':
      return sql`ST_Contains(${arg(0)}, ${arg(1)})`;
    case 'relate':
      return sql`ST_Relate(${arg(0)}, ${arg(1)}, ${arg(2)})`;
    default:
      throw new Error(`${fn} is a time`);
  }
}

function getArg(args: readonly Typed[], i: number): Typed {
  const arg = args[i];
  if (arg === undefined) throw new Error('An argument is missing');
  return arg;
}

// Ordering ---------------------------------------------------------------------------------------------------

export interface SortKey {
  readonly of: Fragment;
  /** The type that its text is cast back to. */
  readonly type: 'bigint' | 'float8' | 'text' | 'timestamptz' | 'boolean' | 'date' | 'time';
  readonly nullable: boolean;
}

/** What rows are sorted by for one item of $orderby: JSON by its number, then by its text. */
export function toSortKeys(scope: Scope, node: Typed): SortKey[] {
  const { sql } = scope;
  const isOwn = node.kind === 'property' && node.links.length === 0;
  if (node.type === 'dynamic') {
    const { number, text } = toDynamic(scope, node);
    return [
      { of: number, type: 'float8', nullable: true },
      { of: sql`${text} COLLATE "C"`, type: 'text', nullable: true },
    ];
  }
  if (node.type === 'time') {
    const { start, end, isInstant } = toTime(scope, node);
    const value = node.kind === 'property' ? toColumnValue(scope, node) : undefined;
    const nullable = !(isOwn && value?.type === 'time' && !value.nullable);
    const first: SortKey = { of: start, type: 'timestamptz', nullable };
    return isInstant ? [first] : [first, { of: end, type: 'timestamptz', nullable }];
  }
  if (node.kind === 'property' && isId(node)) {
    const value = toColumnValue(scope, node);
    if (value.type === 'id') return [{ of: value.of, type: 'bigint', nullable: !isOwn }];
  }
  const of = toSql(scope, node);
  switch (node.type) {
    case 'text':
      return [{ of: sql`${of} COLLATE "C"`, type: 'text', nullable: true }];
    case 'boolean':
      return [{ of, type: 'boolean', nullable: true }];
    case 'date':
      return [{ of, type: 'date', nullable: true }];
    case 'clock':
      return [{ of, type: 'time', nullable: true }];
    default:
      return [{ of, type: 'float8', nullable: true }];
  }
}
