/**
 * JSON read without losing how it was written: every value knows where its text stands, so that 1.0 stays 1.0
 * and 9223372036854775807 stays exact. Refuses what no database can keep (NUL, half a surrogate pair, numbers
 * beyond a double) and what would exhaust the stack. Never makes a JavaScript number.
 */
import { AppError } from './errors.ts';

export type JsonNode = { readonly from: number; readonly to: number } & (
  | { readonly kind: 'null' | 'boolean' | 'number' }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }
);

/** Goes through a text from left to right. */
export interface JsonReader {
  readonly source: string;
  pos: number;
  depth: number;
}

const MAX_DEPTH = 60;
const MAX_NUMBER_LENGTH = 400;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const [QUOTE, BACKSLASH, COMMA, COLON] = [34, 92, 44, 58];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

export function createReader(source: string, pos = 0): JsonReader {
  return { source, pos, depth: 0 };
}

/** @throws AppError BAD_BODY with the position, line and column */
export function failAt(reader: JsonReader, detail: string, pos = reader.pos): never {
  const before = reader.source.slice(0, pos);
  const line = before.split('\n').length;
  const column = pos - before.lastIndexOf('\n');
  throw new AppError('BAD_BODY', `${detail} (line ${line}, column ${column}).`, {
    at: `body:${pos}`,
    hint: 'The body must be JSON (RFC 8259).',
  });
}

export function skipSpace(reader: JsonReader): void {
  const { source } = reader;
  for (;;) {
    const code = source.charCodeAt(reader.pos);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    reader.pos++;
  }
}

/** Whether the next mark is this one; goes past it. */
export function takeMark(reader: JsonReader, code: number): boolean {
  skipSpace(reader);
  if (reader.source.charCodeAt(reader.pos) !== code) return false;
  reader.pos++;
  return true;
}

function expectMark(reader: JsonReader, code: number): void {
  if (takeMark(reader, code)) return;
  const found = reader.source[reader.pos];
  failAt(
    reader,
    found === undefined
      ? `The body ends where "${String.fromCharCode(code)}" is expected`
      : `"${String.fromCharCode(code)}" is expected before "${found}"`,
  );
}

/** Goes past a string. @returns whether it holds an escape */
function skipString(reader: JsonReader): boolean {
  const { source } = reader;
  const from = reader.pos;
  let escaped = false;
  for (reader.pos++; ; reader.pos++) {
    const code = source.charCodeAt(reader.pos);
    if (code === QUOTE) {
      reader.pos++;
      return escaped;
    }
    if (Number.isNaN(code)) failAt(reader, 'A text has no end', from);
    if (code < 32) failAt(reader, 'A text holds a control character; write it as \\n, \\t or \\u00XX');
    if (code !== BACKSLASH) continue;
    escaped = true;
    reader.pos++;
    const mark = source[reader.pos] ?? '';
    if (mark === 'u') skipCode(reader);
    else if (mark === '' || !'"\\/bfnrt'.includes(mark)) failAt(reader, `\\${mark} is no escape of JSON`);
  }
}

function readCode(reader: JsonReader, at: number): number {
  const digits = reader.source.slice(at, at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) failAt(reader, '\\u needs four hexadecimal digits');
  return Number.parseInt(digits, 16);
}

/** `uXXXX`, or a pair of them; stands on its last digit afterwards. */
function skipCode(reader: JsonReader): void {
  const code = readCode(reader, reader.pos + 1);
  if (code === 0) failAt(reader, 'A text cannot hold the character NUL');
  const isHigh = code >= 0xd800 && code <= 0xdbff;
  const isPair =
    isHigh &&
    reader.source.startsWith('\\u', reader.pos + 5) &&
    (readCode(reader, reader.pos + 7) & 0xfc00) === 0xdc00;
  if (code >= 0xd800 && code <= 0xdfff && !isPair) failAt(reader, 'Half of a surrogate pair is no character');
  reader.pos += isPair ? 10 : 4;
}

function skipNumber(reader: JsonReader): void {
  const from = reader.pos;
  NUMBER.lastIndex = from;
  const text = NUMBER.exec(reader.source)?.[0];
  if (text === undefined) failAt(reader, toUnexpected(reader));
  reader.pos += text.length;
  if (text.length < 16) {
    if (!/[eE]/.test(text)) return;
  } else if (text.length > MAX_NUMBER_LENGTH) failAt(reader, 'This number is too long', from);
  const exponent = Number(/[eE](.*)$/.exec(text)?.[1] ?? 0);
  if (!Number.isFinite(Number(text)) || Math.abs(exponent) > MAX_NUMBER_LENGTH)
    failAt(reader, 'This number is out of range', from);
}

function toUnexpected({ source, pos }: JsonReader): string {
  const found = source.slice(pos, pos + 12);
  return found === '' ? 'The body ends where a value is expected' : `No value begins with "${found}"`;
}

function skipWord(reader: JsonReader): 'null' | 'boolean' {
  const { source, pos } = reader;
  for (const word of ['null', 'true', 'false']) {
    if (!source.startsWith(word, pos)) continue;
    reader.pos += word.length;
    return word === 'null' ? 'null' : 'boolean';
  }
  return failAt(reader, toUnexpected(reader));
}

function deeper(reader: JsonReader): void {
  if (++reader.depth > MAX_DEPTH) failAt(reader, `This is nested deeper than ${MAX_DEPTH} levels`);
  reader.pos++;
}

/** Goes past a value and checks it, without keeping it. @returns its first character's code */
export function skipValue(reader: JsonReader): number {
  skipSpace(reader);
  const code = reader.source.charCodeAt(reader.pos);
  switch (code) {
    case QUOTE:
      skipString(reader);
      return code;
    case OPEN_LIST:
      deeper(reader);
      if (!takeMark(reader, CLOSE_LIST)) {
        do skipValue(reader);
        while (takeMark(reader, COMMA));
        expectMark(reader, CLOSE_LIST);
      }
      reader.depth--;
      return code;
    case OPEN_OBJECT:
      deeper(reader);
      if (!takeMark(reader, CLOSE_OBJECT)) {
        do {
          readName(reader);
          skipValue(reader);
        } while (takeMark(reader, COMMA));
        expectMark(reader, CLOSE_OBJECT);
      }
      reader.depth--;
      return code;
    case 110:
    case 116:
    case 102:
      skipWord(reader);
      return code;
    default:
      skipNumber(reader);
      return code;
  }
}

/** A member's name and its colon. */
export function readName(reader: JsonReader): string {
  skipSpace(reader);
  if (reader.source.charCodeAt(reader.pos) !== QUOTE) failAt(reader, 'A name in quotes is expected');
  const from = reader.pos;
  const name = toText(reader, from, skipString(reader));
  expectMark(reader, COLON);
  return name;
}

function toText(reader: JsonReader, from: number, escaped: boolean): string {
  const raw = reader.source.slice(from, reader.pos);
  return escaped ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

export function readValue(reader: JsonReader): JsonNode {
  skipSpace(reader);
  const from = reader.pos;
  switch (reader.source.charCodeAt(from)) {
    case QUOTE: {
      const value = toText(reader, from, skipString(reader));
      return { kind: 'text', value, from, to: reader.pos };
    }
    case OPEN_LIST: {
      deeper(reader);
      const items: JsonNode[] = [];
      if (!takeMark(reader, CLOSE_LIST)) {
        do items.push(readValue(reader));
        while (takeMark(reader, COMMA));
        expectMark(reader, CLOSE_LIST);
      }
      reader.depth--;
      return { kind: 'list', items, from, to: reader.pos };
    }
    case OPEN_OBJECT: {
      deeper(reader);
      // of two members with one name the last counts, as everywhere
      const members = new Map<string, JsonNode>();
      if (!takeMark(reader, CLOSE_OBJECT)) {
        do {
          const name = readName(reader);
          members.set(name, readValue(reader));
        } while (takeMark(reader, COMMA));
        expectMark(reader, CLOSE_OBJECT);
      }
      reader.depth--;
      return { kind: 'object', members, from, to: reader.pos };
    }
    case 110:
    case 116:
    case 102:
      return { kind: skipWord(reader), from, to: reader.pos };
    default:
      skipNumber(reader);
      return { kind: 'number', from, to: reader.pos };
  }
}

/** @throws AppError BAD_BODY where something follows the value */
export function expectEnd(reader: JsonReader): void {
  skipSpace(reader);
  if (reader.pos < reader.source.length) failAt(reader, 'Something follows the end of the JSON');
}

/** One whole JSON text. @throws AppError BAD_BODY with the position */
export function parseJsonText(source: string): JsonNode {
  const reader = createReader(source);
  const node = readValue(reader);
  expectEnd(reader);
  return node;
}

/** A value as it was written. */
export function toRaw(source: string, node: JsonNode): string {
  return source.slice(node.from, node.to);
}
