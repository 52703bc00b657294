/**
 * Pages by position, not by number: the token of the next page holds the sort keys of the last row, so that the
 * thousandth page costs what the first does and arriving rows shift nothing.
 */
import { AppError } from '@torv/core/errors';
import { toInstantValue } from '@torv/core/odata/literals';
import type { Fragment, Sql } from '../db/database.ts';
import { parseTimestamp } from '../db/values.ts';
import type { SortKey } from './expression-sql.ts';

export interface SortOrder extends SortKey {
  readonly descending: boolean;
}

/** The sort keys of a row as text. */
export type Position = readonly (string | null)[];

export function printToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws AppError BAD_QUERY when it is not a token of these sort keys */
export function readToken(token: string, orders: readonly SortOrder[]): Position {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    position = undefined;
  }
  const fits =
    Array.isArray(position) &&
    position.length === orders.length &&
    position.every((value, i) => {
      const order = orders[i];
      if (order === undefined) return false;
      return value === null ? order.nullable : typeof value === 'string' && isOfType(value, order.type);
    });
  if (!fits) {
    throw new AppError('BAD_QUERY', 'This is not the place of a page of this query.', {
      at: '$skiptoken',
      hint: 'Follow the link to the next page as it was given, or start again without $skiptoken.',
    });
  }
  return position as Position;
}

/** The first sort key of a token, a moment, as RFC 3339; undefined: something else, which readToken may refuse. */
export function readFirstMoment(token: string): string | undefined {
  try {
    const [first]: unknown[] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return typeof first === 'string' ? parseTimestamp(first) : undefined;
  } catch {
    return undefined;
  }
}

function isOfType(text: string, type: SortKey['type']): boolean {
  switch (type) {
    case 'bigint':
      return /^-?\d{1,18}$/.test(text);
    case 'float8':
      return Number.isFinite(Number(text)) && text.trim() !== '' && text.length < 40;
    case 'timestamptz':
      return toInstantValue(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')) !== undefined;
    case 'boolean':
      return text === 'true' || text === 'false';
    case 'date':
      return toInstantValue(`${text}T00:00:00Z`) !== undefined;
    case 'time':
      return /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/.test(text);
    case 'text':
      return !text.includes('\0');
  }
}

function toParameter(sql: Sql, text: string, type: SortKey['type']): Fragment {
  switch (type) {
    case 'bigint':
      return sql`${text}::bigint`;
    case 'float8':
      return sql`${text}::text::float8`;
    case 'timestamptz':
      return sql`${text}::text::timestamptz`;
    case 'boolean':
      return sql`${text}::text::boolean`;
    case 'date':
      return sql`${text}::text::date`;
    case 'time':
      return sql`${text}::text::time`;
    case 'text':
      return sql`${text}::text`;
  }
}

/** Rows behind the position in this order, nulls where printOrder puts them. */
export function toBeyond(sql: Sql, orders: readonly SortOrder[], position: Position): Fragment {
  const [order, ...rest] = orders;
  const [value = null, ...others] = position;
  if (order === undefined) return sql`FALSE`;
  const { of, descending, nullable, type } = order;
  const parameter = value === null ? undefined : toParameter(sql, value, type);
  const beyond =
    parameter === undefined
      ? descending
        ? sql`FALSE`
        : sql`${of} IS NOT NULL`
      : descending
        ? nullable
          ? sql`(${of} < ${parameter} OR ${of} IS NULL)`
          : sql`${of} < ${parameter}`
        : sql`${of} > ${parameter}`;
  if (rest.length === 0) return beyond;
  const same = parameter === undefined ? sql`${of} IS NULL` : sql`${of} = ${parameter}`;
  const either = sql`(${beyond} OR (${same} AND ${toBeyond(sql, rest, others)}))`;
  // said once more in the form that an index understands
  if (parameter === undefined || nullable) return either;
  return descending ? sql`(${of} <= ${parameter} AND ${either})` : sql`(${of} >= ${parameter} AND ${either})`;
}
