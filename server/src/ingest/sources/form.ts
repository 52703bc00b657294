/**
 * Checks foreign JSON against the schema of one format and says in plain words which field is wrong.
 * Only fields without which there is no reading are in those schemas; everything else is read leniently, so
 * that a strange tag never costs a measurement. A reason never repeats what was sent: it may be personal or huge.
 */
import { sayReason } from '@torv/core/reasons';
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
    description: sayReason('want_whole', { n: maximum }),
  });
}

export const FCnt = wholeNumber(4_294_967_295, 10);
export const FPort = wholeNumber(255, 3);
export const DevEui = Type.String({ description: sayReason('want_dev_eui') });
export const Instant = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: sayReason('want_moment'),
});
export const EpochMs = Type.Unsafe<number | string | null>({
  type: ['number', 'string', 'null'],
  description: sayReason('want_epoch'),
});
export const Base64 = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: sayReason('want_base64'),
});
export const Hex = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: sayReason('want_hex'),
});

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
  return rejected(sayReason('message_other_server', { words: TITLES[looksLike], other: TITLES[format] }));
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
      return rejected(sayReason('message_no_object'));
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
    const wanted = node.description ?? sayReason('want_kind');
    return rejected(
      sayReason(missing === undefined ? 'field_must' : 'field_missing', { field: toFieldName(at), wanted }),
      at,
    );
  };
}
