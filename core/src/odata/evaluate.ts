/**
 * The meaning of a checked expression, in plain code over rows in memory: the oracle that the server's SQL is
 * compared with. Slow and simple on purpose, and long because each function has its line. Knows no geometry: those functions are refused.
 *
 * A path through a link to many entities means "one of them": every such link of a filter stands for one entity,
 * the same wherever the same path is written, and for nothing where there is none (so that `Datastreams/id eq
 * null` finds what has no Datastream).
 */
import { Temporal } from 'temporal-polyfill';
import { AppError } from '../errors.ts';
import { type EntityKey, findLink } from '../sta/model.ts';
import { MAX_INSTANT, MIN_INSTANT } from './literals.ts';
import type { Comparison, FunctionKey, Typed, TypedProperty } from './typed.ts';

/** JSON with numbers as written, so that 1.0 stays 1.0. */
export type JsonValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly JsonValue[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonValue> };

/** start and end in microseconds since 1970 */
export interface Time {
  readonly start: bigint;
  readonly end: bigint;
}

export type Value = null | boolean | number | string | Time | JsonValue;

export interface World {
  /** null, boolean, number, string, Time (moments) or JsonValue (JSON). */
  property(entity: EntityKey, row: unknown, key: string): Value;
  follow(entity: EntityKey, row: unknown, link: string): readonly unknown[];
  /** RFC 3339 */
  readonly now: string;
}

export function toTime(start: string, end = start): Time {
  const micros = (text: string) => Temporal.Instant.from(text).epochNanoseconds / 1000n;
  return { start: micros(start), end: micros(end) };
}

/** Texts are compared by code points, as the database does with the collation "C". */
export function compareText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Which entity stands for each path of links. */
type Bindings = ReadonlyMap<string, unknown>;

/** Whether the row satisfies the filter for one choice of the many. */
export function evaluateFilter(world: World, entity: EntityKey, row: unknown, filter: Typed): boolean {
  const paths = new Map<string, readonly string[]>();
  collectPaths(filter, paths);
  const ordered = [...paths.values()].sort((a, b) => a.length - b.length);
  return someBinding(world, entity, row, ordered, 0, new Map([['', row]]), (bindings) => {
    return evaluate(world, bindings, filter) === true;
  });
}

function collectPaths(node: Typed, into: Map<string, readonly string[]>): void {
  switch (node.kind) {
    case 'literal':
      return;
    case 'property':
      for (let i = 1; i <= node.links.length; i++)
        into.set(node.links.slice(0, i).join('/'), node.links.slice(0, i));
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

function someBinding(
  world: World,
  entity: EntityKey,
  row: unknown,
  paths: readonly (readonly string[])[],
  index: number,
  bindings: Bindings,
  test: (bindings: Bindings) => boolean,
): boolean {
  const path = paths[index];
  if (path === undefined) return test(bindings);
  const parent = bindings.get(path.slice(0, -1).join('/'));
  let at = entity;
  for (const key of path.slice(0, -1)) at = findLink(at, key)?.to ?? at;
  const found = parent === undefined ? [] : world.follow(at, parent, path.at(-1) ?? '');
  const choices = found.length === 0 ? [undefined] : found;
  return choices.some((choice) =>
    someBinding(world, entity, row, paths, index + 1, new Map([...bindings, [path.join('/'), choice]]), test),
  );
}

/** The value for one choice of the many. */
export function evaluate(world: World, bindings: Bindings, node: Typed): Value {
  switch (node.kind) {
    case 'literal':
      return toValue(node.type, node.value);
    case 'property':
      return readProperty(world, bindings, node);
    case 'as':
      return convert(evaluate(world, bindings, node.arg), node.type, node.arg);
    case 'not': {
      const value = evaluate(world, bindings, node.arg);
      return value === null ? null : !value;
    }
    case 'and':
    case 'or': {
      const left = evaluate(world, bindings, node.left);
      const right = evaluate(world, bindings, node.right);
      const decisive = node.kind === 'or';
      if (left === decisive || right === decisive) return decisive;
      return left === null || right === null ? null : !decisive;
    }
    case 'isNull': {
      const value = evaluate(world, bindings, node.arg);
      const isNull = value === null || (isJsonValue(value) && value.kind === 'null');
      return isNull !== node.negated;
    }
    case 'compare':
      return compare(node.op, evaluate(world, bindings, node.left), evaluate(world, bindings, node.right));
    case 'call': {
      const args = node.args.map((arg) => evaluate(world, bindings, arg));
      if (args.some((arg) => arg === null)) return null;
      return call(world, node.fn, args);
    }
  }
}

function toValue(type: string, value: string): Value {
  if (type === 'null') return null;
  if (type === 'boolean') return value === 'true';
  if (type === 'number' || type === 'duration') return Number(value);
  if (type === 'time') {
    const [start = '', end = start] = value.split('/');
    return toTime(start, end);
  }
  return value;
}

// JSON -------------------------------------------------------------------------------------------------------

function isJsonValue(value: Value): value is JsonValue {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function isTime(value: Value): value is Time {
  return typeof value === 'object' && value !== null && 'start' in value;
}

function readProperty(world: World, bindings: Bindings, node: TypedProperty): Value {
  const row = bindings.get(node.links.join('/'));
  if (row === undefined) return null;
  let value = world.property(node.entity, row, node.property);
  for (const step of node.json) {
    if (value === null || !isJsonValue(value)) return null;
    if (value.kind === 'list') value = /^\d+$/.test(step) ? (value.items[Number(step)] ?? null) : null;
    else if (value.kind === 'object') value = value.members.get(step) ?? null;
    else return null;
  }
  return value;
}

function convert(value: Value, to: string, from: Typed): Value {
  if (value === null) return null;
  if (to === 'text') {
    if (typeof value === 'number') {
      return from.kind === 'property' && from.property === 'id' ? String(value) : printNumber(value);
    }
    if (typeof value === 'boolean') return String(value);
    if (!isJsonValue(value)) return null;
    if (value.kind === 'number') return value.text;
    if (value.kind === 'boolean') return String(value.value);
    if (value.kind === 'text') return value.value;
    // only a whole property has a text of its own; inside it objects and lists have none
    if (value.kind === 'null' || (from.kind === 'property' && from.json.length > 0)) return null;
    return printJson(value);
  }
  if (!isJsonValue(value)) return null;
  if (to === 'number') return value.kind === 'number' ? Number(value.text) : null;
  if (to === 'boolean') return value.kind === 'boolean' ? value.value : null;
  throw new AppError('UNSUPPORTED_OPTION', 'Geometry is not evaluated here.');
}

/** Compact JSON, as a client would send it. */
export function printJson(value: JsonValue): string {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(value.value);
    case 'number':
      return value.text;
    case 'text':
      return JSON.stringify(value.value);
    case 'list':
      return `[${value.items.map(printJson).join(',')}]`;
    case 'object':
      return `{${[...value.members].map(([key, member]) => `${JSON.stringify(key)}:${printJson(member)}`).join(',')}}`;
  }
}

/** As the database prints a double: with an exponent from 1e15 and below 1e-4. */
function printNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

// Comparing --------------------------------------------------------------------------------------------------

function compare(op: Comparison, left: Value, right: Value): boolean | null {
  if (left === null || right === null) return null;
  if (isTime(left) && isTime(right)) return compareTimes(op, left, right);
  if (isJsonValue(left) && isJsonValue(right)) {
    if (left.kind !== right.kind) return null;
    if (left.kind === 'number' && right.kind === 'number')
      return toAnswer(op, Number(left.text) - Number(right.text));
    if (left.kind === 'text' && right.kind === 'text')
      return toAnswer(op, compareText(left.value, right.value));
    if (left.kind === 'boolean' && right.kind === 'boolean')
      return toAnswer(op, Number(left.value) - Number(right.value));
    return null;
  }
  if (typeof left === 'string' && typeof right === 'string') return toAnswer(op, compareText(left, right));
  return toAnswer(op, Number(left) < Number(right) ? -1 : Number(left) > Number(right) ? 1 : 0);
}

function toAnswer(op: Comparison, difference: number): boolean {
  switch (op) {
    case 'eq':
      return difference === 0;
    case 'ne':
      return difference !== 0;
    case 'gt':
      return difference > 0;
    case 'ge':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'le':
      return difference <= 0;
  }
}

/** One algebra for instants (start = end) and intervals. */
function compareTimes(op: Comparison, a: Time, b: Time): boolean {
  switch (op) {
    case 'eq':
      return a.start === b.start && a.end === b.end;
    case 'ne':
      return a.start !== b.start || a.end !== b.end;
    case 'gt':
      return a.start >= b.end && a.start > b.start;
    case 'ge':
      return a.start >= b.start && a.end >= b.end;
    case 'lt':
      return a.end <= b.start && a.start < b.start;
    case 'le':
      return a.start <= b.start && a.end <= b.end;
  }
}

// Functions --------------------------------------------------------------------------------------------------

function shift(time: Time, seconds: number): Time {
  const micros = BigInt(Math.round(seconds * 1e6));
  return { start: time.start + micros, end: time.end + micros };
}

function toZoned(time: Time): Temporal.ZonedDateTime {
  return new Temporal.Instant(time.start * 1000n).toZonedDateTimeISO('UTC');
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function call(world: World, fn: FunctionKey, args: readonly Value[]): Value {
  const number = (i: number) => args[i] as number;
  const text = (i: number) => args[i] as string;
  const time = (i: number) => args[i] as Time;
  const letters = (i: number) => [...text(i)];
  switch (fn) {
    case 'add':
    case 'addDurations':
      return number(0) + number(1);
    case 'sub':
    case 'subDurations':
      return number(0) - number(1);
    case 'mul':
    case 'mulDuration':
    case 'mulByDuration':
      return number(0) * number(1);
    case 'div':
    case 'divDuration':
      return finite(number(0) / number(1));
    case 'mod':
      return finite(number(0) - Math.trunc(number(0) / number(1)) * number(1));
    case 'addDuration':
      return shift(time(0), number(1));
    case 'subDuration':
      return shift(time(0), -number(1));
    case 'between':
      return Number(time(0).start - time(1).start) / 1e6;
    case 'substringof':
      return text(1).includes(text(0));
    case 'endswith':
      return text(0).endsWith(text(1));
    case 'startswith':
      return text(0).startsWith(text(1));
    case 'length':
      return letters(0).length;
    case 'indexof': {
      const at = text(0).indexOf(text(1));
      return at === -1 ? -1 : [...text(0).slice(0, at)].length;
    }
    case 'substring':
      return letters(0)
        .slice(Math.max(0, Math.floor(number(1))))
        .join('');
    case 'substringOfLength': {
      const start = Math.max(0, Math.floor(number(1)));
      return letters(0)
        .slice(start, start + Math.max(0, Math.floor(number(2))))
        .join('');
    }
    case 'tolower':
      return text(0).toLowerCase();
    case 'toupper':
      return text(0).toUpperCase();
    case 'trim':
      return text(0).replace(/^ +| +$/g, '');
    case 'concat':
      return text(0) + text(1);
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second':
      return toZoned(time(0))[fn];
    case 'fractionalseconds': {
      const zoned = toZoned(time(0));
      return (zoned.millisecond * 1000 + zoned.microsecond) / 1e6;
    }
    case 'date':
      return toZoned(time(0)).toPlainDate().toString();
    case 'clock':
      return toZoned(time(0)).toPlainTime().toString();
    case 'totaloffsetminutes':
      return 0;
    case 'now':
      return toTime(world.now);
    case 'mindatetime':
      return toTime(MIN_INSTANT);
    case 'maxdatetime':
      return toTime(MAX_INSTANT);
    case 'before':
      return compareTimes('lt', time(0), time(1));
    case 'after':
      return compareTimes('gt', time(0), time(1));
    case 'meets':
      return time(0).start === time(1).end || time(0).end === time(1).start;
    case 'during':
      return time(0).start >= time(1).start && time(0).end <= time(1).end;
    case 'overlaps':
      return (
        time(0).start === time(1).start || !(time(0).start >= time(1).end || time(1).start >= time(0).end)
      );
    case 'starts':
      return time(0).start === time(1).start;
    case 'finishes':
      return time(0).end === time(1).end;
    case 'round':
      return Math.sign(number(0)) * Math.floor(Math.abs(number(0)) + 0.5);
    case 'floor':
      return Math.floor(number(0));
    case 'ceiling':
      return Math.ceil(number(0));
    default:
      throw new AppError('UNSUPPORTED_OPTION', 'Geometry is not evaluated here.');
  }
}
