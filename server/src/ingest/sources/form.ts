/**
 * Checks foreign JSON against the schema of one format and says in plain words which field is wrong.
 * Only fields without which there is no reading are in those schemas; everything else is read leniently, so
 * that a strange tag never costs a measurement. A reason never repeats what was sent: it may be personal or huge.
 */
import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Parsed, SourceFormat } from '../source.ts';
import { recogniseFormat, TITLES } from './recognise.ts';

export type Rejected = Extract<Parsed, { kind: 'rejected' }>;

export function rejected(reason: string, at?: string): Rejected {
  return { kind: 'rejected', reason, ...(at === undefined ? {} : { at }) };
}

export function ignored(reason: string): Parsed {
  return { kind: 'ignored', reason };
}

// Several servers write numbers as strings, and null for what is absent. JSON Schema applies `minimum` to
// numbers and `pattern` to strings only, so one field takes both and yields one error instead of a union's three.
function wholeNumber(maximum: number, digits: number) {
  return Type.Unsafe<number | string | null>({
    type: ['integer', 'string', 'null'],
    minimum: 0,
    maximum,
    pattern: `^[0-9]{1,${digits}}$`,
    description: `a whole number from 0 to ${maximum}`,
  });
}

export const FCnt = wholeNumber(4_294_967_295, 10);
export const FPort = wholeNumber(255, 3);
export const DevEui = Type.String({ description: 'a DevEUI: 16 hexadecimal digits' });
export const Instant = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'a moment in time such as 2026-11-22T08:15:00Z',
});
export const EpochMs = Type.Unsafe<number | string | null>({
  type: ['number', 'string', 'null'],
  description: 'milliseconds since 1970',
});
export const Base64 = Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'base64 text' });
export const Hex = Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'hexadecimal text' });

/** JSON pointer -> the way people write it: `/gateways/0/rssi` -> `gateways[0].rssi`. */
export function toFieldName(pointer: string): string {
  return pointer
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.');
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly description?: string;
}

/** The schema of the deepest declared field on the way of a pointer: foreign keys never enter a reason. */
function toDeclared(schema: SchemaNode, pointer: string): { readonly at: string; readonly node: SchemaNode } {
  let node = schema;
  let at = '';
  for (const token of pointer.split('/').slice(1)) {
    const next = /^\d+$/.test(token) ? node.items : node.properties?.[token];
    if (next === undefined) break;
    node = next;
    at = `${at}/${token}`;
  }
  return { at, node };
}

/** The reason for a message that was plainly written by another network server. */
export function findOtherFormat(format: SourceFormat, message: object): Rejected | undefined {
  const looksLike = recogniseFormat(message);
  if (looksLike === undefined || looksLike === format) return undefined;
  return rejected(
    `This looks like a message of ${TITLES[looksLike]}, but the source is set to ${TITLES[format]}.`,
  );
}

export type Checked<T> = { readonly kind: 'right'; readonly message: T } | Rejected;

/** Compiles the schema of a format once; the returned function checks one message. */
export function toFormCheck<T extends TSchema>(
  format: SourceFormat,
  schema: T,
): (message: unknown) => Checked<Static<T>> {
  const validator = Compile(schema);
  return (message) => {
    if (validator.Check(message)) return { kind: 'right', message: message as Static<T> };
    if (message === null || typeof message !== 'object' || Array.isArray(message)) {
      return rejected('The message must be one JSON object.');
    }
    const stranger = findOtherFormat(format, message);
    if (stranger !== undefined) return stranger;
    const fault = validator.Errors(message)[0];
    const missing = fault?.keyword === 'required' ? fault.params.requiredProperties[0] : undefined;
    const base = fault?.instancePath ?? '';
    const { at, node } = toDeclared(
      schema as SchemaNode,
      missing === undefined ? base : `${base}/${missing}`,
    );
    const wanted = node.description === undefined ? 'of another kind' : node.description;
    return rejected(
      missing === undefined
        ? `"${toFieldName(at)}" must be ${wanted}.`
        : `"${toFieldName(at)}" is missing; it must be ${wanted}.`,
      at,
    );
  };
}
