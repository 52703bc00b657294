/**
 * Arrays as the driver is to read and write them, told from the start. Left to itself it asks each new connection for
 * the array types, and when that connection is cut nobody can catch it: the whole process would end.
 * Flat arrays of the types that Torv's SQL uses; an array of any other type stays the text that the server writes.
 */
import type postgres from 'postgres';

type Parse = (text: string) => unknown;

/** The elements of `{a,"b \"c\"",NULL}`; NULL is null, "NULL" is a text. */
export function parseArray(text: string, parse: Parse): unknown[] {
  const values: unknown[] = [];
  const end = text.length - 1;
  // one element: quoted with escapes, or anything up to the next comma
  const element = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/sy;
  for (let at = 0; at < end; at = element.lastIndex) {
    const isSeparator = text[at] === (at === 0 ? '{' : ',');
    if (isSeparator && text === '{}') return values;
    element.lastIndex = at + 1;
    const match = isSeparator ? element.exec(text) : null;
    if (match === null)
      throw new RangeError(`The database wrote an array in another form than a flat list: ${text}`);
    const [, quoted, plain] = match;
    if (quoted !== undefined) values.push(parse(quoted.replace(/\\(.)/gs, '$1')));
    else values.push(plain === 'NULL' ? null : parse(String(plain)));
  }
  return values;
}

function renderElement(value: unknown): string {
  if (value === null) return 'NULL';
  if (value === undefined) throw new TypeError('An array holds undefined; say null');
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A text is an array written already (array-literals.ts). */
export function renderArray(values: unknown): string {
  return Array.isArray(values) ? `{${values.map(renderElement).join(',')}}` : String(values);
}

const same: Parse = (text) => text;
const toBytes: Parse = (text) => Buffer.from(text.slice(2), 'hex');

/** By the number of the array type (pg_type.typarray). */
export function toArrayTypes(parsers: {
  readonly int8: Parse;
  readonly timestamptz: Parse;
}): Record<string, postgres.PostgresType> {
  const table: readonly (readonly [name: string, typarray: number, parse: Parse])[] = [
    ['bool[]', 1000, (text) => text === 't'],
    ['bytea[]', 1001, toBytes],
    ['name[]', 1003, same],
    ['int2[]', 1005, Number],
    ['int4[]', 1007, Number],
    ['text[]', 1009, same],
    ['varchar[]', 1015, same],
    ['int8[]', 1016, parsers.int8],
    ['float4[]', 1021, Number],
    ['float8[]', 1022, Number],
    ['oid[]', 1028, Number],
    ['date[]', 1182, same],
    ['timestamptz[]', 1185, parsers.timestamptz],
    ['numeric[]', 1231, same],
    ['uuid[]', 2951, same],
    ['json[]', 199, (text) => JSON.parse(text)],
    ['jsonb[]', 3807, (text) => JSON.parse(text)],
  ];
  return Object.fromEntries(
    table.map(([name, typarray, parse]) => [
      name,
      {
        to: typarray,
        from: [typarray],
        serialize: renderArray,
        parse: (text: string) => parseArray(text, parse),
      },
    ]),
  );
}
