/**
 * What a query means: a tree whose names are the model's and whose values have types. check.ts makes it;
 * evaluate.ts and the server's SQL both follow it to the letter, and must agree on every row.
 *
 * Values: null (unknown) runs through everything but `isNull` and the three-valued and/or/not of SQL; a row
 * counts only when its filter is true. A time is a start and an end (equal for an instant). dynamic is JSON
 * whose type is known only per row: what does not fit the other side is null, never an error.
 */
import type { EntityKey } from '../sta/model.ts';

export type Type =
  | 'null'
  | 'boolean'
  | 'number'
  | 'text'
  | 'time'
  | 'date'
  | 'clock'
  | 'duration'
  | 'geometry'
  | 'dynamic';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
export type Comparable = 'boolean' | 'number' | 'text' | 'time' | 'date' | 'clock' | 'duration' | 'dynamic';

export interface TypedLiteral {
  readonly kind: 'literal';
  readonly type: Exclude<Type, 'dynamic'>;
  /**
   * number: as written; time: `start/end` in UTC; duration: seconds; geometry: WKT; clock: hh:mm:ss[.f].
   */
  readonly value: string;
}

export interface TypedProperty {
  readonly kind: 'property';
  readonly type: Type;
  /** From the query's entity to the one with the property. */
  readonly links: readonly string[];
  readonly entity: EntityKey;
  readonly property: string;
  /** The way into a JSON value; empty: the value itself. */
  readonly json: readonly string[];
}

export type Typed =
  | TypedLiteral
  | TypedProperty
  /** The value as another type, or null where it is not of that type. */
  | { readonly kind: 'as'; readonly type: 'text' | 'number' | 'boolean' | 'geometry'; readonly arg: Typed }
  | { readonly kind: 'and' | 'or'; readonly type: 'boolean'; readonly left: Typed; readonly right: Typed }
  | { readonly kind: 'not'; readonly type: 'boolean'; readonly arg: Typed }
  | { readonly kind: 'isNull'; readonly type: 'boolean'; readonly negated: boolean; readonly arg: Typed }
  | {
      readonly kind: 'compare';
      readonly type: 'boolean';
      readonly op: Comparison;
      readonly on: Comparable;
      readonly left: Typed;
      readonly right: Typed;
    }
  | {
      readonly kind: 'call';
      readonly type: Type;
      readonly fn: FunctionKey;
      readonly args: readonly Typed[];
    };

interface Signature {
  /** Name on the wire: a function, or an arithmetic operator. */
  readonly name: string;
  readonly args: readonly Type[];
  readonly returns: Type;
}

const of = (name: string, args: readonly Type[], returns: Type): Signature => ({ name, args, returns });

/** Every function and arithmetic operator; of several with one name the first whose arguments fit counts. */
export const FUNCTIONS = {
  // req/request-data/built-in-filter-operations
  add: of('add', ['number', 'number'], 'number'),
  sub: of('sub', ['number', 'number'], 'number'),
  mul: of('mul', ['number', 'number'], 'number'),
  div: of('div', ['number', 'number'], 'number'),
  mod: of('mod', ['number', 'number'], 'number'),
  addDuration: of('add', ['time', 'duration'], 'time'),
  subDuration: of('sub', ['time', 'duration'], 'time'),
  between: of('sub', ['time', 'time'], 'duration'),
  addDurations: of('add', ['duration', 'duration'], 'duration'),
  subDurations: of('sub', ['duration', 'duration'], 'duration'),
  mulDuration: of('mul', ['duration', 'number'], 'duration'),
  mulByDuration: of('mul', ['number', 'duration'], 'duration'),
  divDuration: of('div', ['duration', 'number'], 'duration'),
  // req/request-data/built-in-query-functions: text
  substringof: of('substringof', ['text', 'text'], 'boolean'),
  endswith: of('endswith', ['text', 'text'], 'boolean'),
  startswith: of('startswith', ['text', 'text'], 'boolean'),
  length: of('length', ['text'], 'number'),
  indexof: of('indexof', ['text', 'text'], 'number'),
  substring: of('substring', ['text', 'number'], 'text'),
  substringOfLength: of('substring', ['text', 'number', 'number'], 'text'),
  tolower: of('tolower', ['text'], 'text'),
  toupper: of('toupper', ['text'], 'text'),
  trim: of('trim', ['text'], 'text'),
  concat: of('concat', ['text', 'text'], 'text'),
  // time
  year: of('year', ['time'], 'number'),
  month: of('month', ['time'], 'number'),
  day: of('day', ['time'], 'number'),
  hour: of('hour', ['time'], 'number'),
  minute: of('minute', ['time'], 'number'),
  second: of('second', ['time'], 'number'),
  fractionalseconds: of('fractionalseconds', ['time'], 'number'),
  date: of('date', ['time'], 'date'),
  clock: of('time', ['time'], 'clock'),
  totaloffsetminutes: of('totaloffsetminutes', ['time'], 'number'),
  now: of('now', [], 'time'),
  mindatetime: of('mindatetime', [], 'time'),
  maxdatetime: of('maxdatetime', [], 'time'),
  // relations of times
  before: of('before', ['time', 'time'], 'boolean'),
  after: of('after', ['time', 'time'], 'boolean'),
  meets: of('meets', ['time', 'time'], 'boolean'),
  during: of('during', ['time', 'time'], 'boolean'),
  overlaps: of('overlaps', ['time', 'time'], 'boolean'),
  starts: of('starts', ['time', 'time'], 'boolean'),
  finishes: of('finishes', ['time', 'time'], 'boolean'),
  // numbers
  round: of('round', ['number'], 'number'),
  floor: of('floor', ['number'], 'number'),
  ceiling: of('ceiling', ['number'], 'number'),
  // geometry, planar in degrees
  distance: of('geo.distance', ['geometry', 'geometry'], 'number'),
  geoLength: of('geo.length', ['geometry'], 'number'),
  geoIntersects: of('geo.intersects', ['geometry', 'geometry'], 'boolean'),
  equals: of('st_equals', ['geometry', 'geometry'], 'boolean'),
  disjoint: of('st_disjoint', ['geometry', 'geometry'], 'boolean'),
  touches: of('st_touches', ['geometry', 'geometry'], 'boolean'),
  within: of('st_within', ['geometry', 'geometry'], 'boolean'),
  geoOverlaps: of('st_overlaps', ['geometry', 'geometry'], 'boolean'),
  crosses: of('st_crosses', ['geometry', 'geometry'], 'boolean'),
  intersects: of('st_intersects', ['geometry', 'geometry'], 'boolean'),
  contains: of('st_contains', ['geometry', 'geometry'], 'boolean'),
  relate: of('st_relate', ['geometry', 'geometry', 'text'], 'boolean'),
} as const satisfies Record<string, Signature>;

export type FunctionKey = keyof typeof FUNCTIONS;
export const FUNCTION_KEYS = Object.keys(FUNCTIONS) as readonly FunctionKey[];

export interface CheckedOrder {
  readonly by: Typed;
  readonly descending: boolean;
}

export interface Selection {
  readonly properties: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}
