/**
 * What a query says, before anybody knows whether its names exist: the tree that parse.ts makes and print.ts
 * writes back. Names are as the client wrote them; check.ts resolves them against the model.
 */

/** Each node knows where in its option it stands, for messages; printing does not need it. */
interface Placed {
  readonly at: number;
}

export type LiteralType =
  | 'null'
  | 'boolean'
  | 'number'
  | 'text'
  | 'instant'
  | 'interval'
  | 'date'
  | 'clock'
  | 'duration'
  | 'geometry';

/** `value` is what was written without quotes: numbers keep their digits, instants their offset. */
export interface Literal extends Placed {
  readonly kind: 'literal';
  readonly type: LiteralType;
  readonly value: string;
}

/** `a/b[1]/c`: names and indexes from the entity that the query is about. */
export interface Path extends Placed {
  readonly kind: 'path';
  readonly steps: readonly (string | number)[];
}

export const BINARY = {
  or: 1,
  and: 2,
  eq: 4,
  ne: 4,
  gt: 5,
  ge: 5,
  lt: 5,
  le: 5,
  add: 6,
  sub: 6,
  mul: 7,
  div: 7,
  mod: 7,
} as const;
/** `not result lt 1` is not (result lt 1): weaker than comparisons, stronger than `and`. */
export const NOT_STRENGTH = 3;

export type BinaryOperator = keyof typeof BINARY;

export interface Binary extends Placed {
  readonly kind: 'binary';
  readonly op: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Not extends Placed {
  readonly kind: 'not';
  readonly arg: Expression;
}

export interface Call extends Placed {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export type Expression = Literal | Path | Binary | Not | Call;

export interface Order {
  readonly by: Expression;
  readonly descending: boolean;
}

export interface Name extends Placed {
  readonly name: string;
}

export interface Expand extends Placed {
  /** `A/B` expands A and within it B. */
  readonly path: readonly string[];
  readonly query: Query;
}

export interface Query {
  readonly filter?: Expression;
  readonly count?: boolean;
  readonly orderby?: readonly Order[];
  readonly skip?: number;
  readonly top?: number;
  readonly select?: readonly Name[];
  readonly expand?: readonly Expand[];
  /** Where the page before this one ended. */
  readonly skiptoken?: string;
  /** req/data-array: Observations as rows of values. */
  readonly resultFormat?: 'dataArray';
}
