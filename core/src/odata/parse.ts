/**
 * Query options as text -> tree. Knows the grammar and nothing of the model: names are checked in check.ts.
 * Every fault is BAD_QUERY with the option and the position, or UNSUPPORTED_OPTION; no input can exhaust the
 * stack or the database: nesting and size are bounded here.
 */
import { AppError } from '../errors.ts';
import {
  BINARY,
  type BinaryOperator,
  type Expand,
  type Expression,
  type Literal,
  type LiteralType,
  type Name,
  NOT_STRENGTH,
  type Order,
  type Query,
} from './ast.ts';

const MAX_DEPTH = 40;
const MAX_NODES = 400;

const INSTANT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+\- ]\d\d:\d\d)`;
const LITERALS: readonly (readonly [LiteralType, RegExp])[] = [
  ['interval', new RegExp(`${INSTANT}/${INSTANT}`, 'y')],
  ['instant', new RegExp(INSTANT, 'y')],
  ['date', /\d{4}-\d\d-\d\d(?![\dT])/y],
  ['clock', /\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.])/uy],
];
const NAME = /[\p{L}_@][\p{L}\p{N}_@.:-]*/uy;
const SPACE = /\s*/y;
const INDEX = /\[(\d{1,9})\]/y;
const OPERATOR = /(?:or|and|eq|ne|gt|ge|lt|le|add|sub|mul|div|mod)(?![\p{L}\p{N}_.])/uy;
const NOT = /not(?=[\s(])/y;
const KEYWORD = /(?:true|false|null)(?![\p{L}\p{N}_.@:/[(-])/uy;
const QUOTED_KINDS: Readonly<Record<string, LiteralType>> = {
  duration: 'duration',
  geography: 'geometry',
  geometry: 'geometry',
};

const OPTIONS = [
  '$filter',
  '$count',
  '$orderby',
  '$skip',
  '$top',
  '$select',
  '$expand',
  '$resultFormat',
  '$skiptoken',
];

interface Scanner {
  readonly option: string;
  readonly text: string;
  pos: number;
  depth: number;
  nodes: number;
}

function fail(scanner: Scanner, detail: string, hint?: string, pos = scanner.pos): never {
  throw new AppError('BAD_QUERY', `${scanner.option}: ${detail}`, {
    at: `${scanner.option}:${pos}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

function take(scanner: Scanner, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = scanner.pos;
  const match = pattern.exec(scanner.text);
  if (match === null) return undefined;
  scanner.pos += match[0].length;
  return match;
}

function skipSpace(scanner: Scanner): void {
  take(scanner, SPACE);
}

function takeMark(scanner: Scanner, mark: string): boolean {
  if (!scanner.text.startsWith(mark, scanner.pos)) return false;
  scanner.pos += mark.length;
  return true;
}

function expectMark(scanner: Scanner, mark: string): void {
  skipSpace(scanner);
  if (!takeMark(scanner, mark)) fail(scanner, `"${mark}" is expected ${toWhere(scanner)}.`);
}

function toWhere(scanner: Scanner): string {
  const rest = scanner.text.slice(scanner.pos, scanner.pos + 20);
  return rest === '' ? 'at the end' : `before "${rest}"`;
}

function deeper<T>(scanner: Scanner, work: () => T): T {
  if (++scanner.depth > MAX_DEPTH) fail(scanner, `This is nested deeper than ${MAX_DEPTH} levels.`);
  const value = work();
  scanner.depth--;
  return value;
}

function count<T>(scanner: Scanner, node: T): T {
  if (++scanner.nodes > MAX_NODES) {
    fail(scanner, `This has more than ${MAX_NODES} parts.`, 'Ask several smaller questions.');
  }
  return node;
}

// Expressions ------------------------------------------------------------------------------------------------

function parseExpression(scanner: Scanner, least: number): Expression {
  let left = parseOperand(scanner);
  for (;;) {
    skipSpace(scanner);
    const at = scanner.pos;
    const match = take(scanner, OPERATOR);
    if (match === undefined) return left;
    const op = match[0] as BinaryOperator;
    if (BINARY[op] < least) {
      scanner.pos = at;
      return left;
    }
    const right = deeper(scanner, () => parseExpression(scanner, BINARY[op] + 1));
    left = count(scanner, { kind: 'binary', op, left, right, at });
  }
}

function parseOperand(scanner: Scanner): Expression {
  skipSpace(scanner);
  const at = scanner.pos;
  if (take(scanner, NOT) !== undefined) {
    const arg = deeper(scanner, () => parseExpression(scanner, NOT_STRENGTH));
    return count(scanner, { kind: 'not', arg, at });
  }
  if (takeMark(scanner, '(')) {
    const inner = deeper(scanner, () => parseExpression(scanner, 0));
    expectMark(scanner, ')');
    return inner;
  }
  if (scanner.text[at] === "'")
    return count(scanner, { kind: 'literal', type: 'text', value: parseQuoted(scanner), at });
  for (const [type, pattern] of LITERALS) {
    const match = take(scanner, pattern);
    if (match !== undefined) return count(scanner, toLiteral(type, match[0], at));
  }
  return parseNamed(scanner, at);
}

/** An unencoded plus sign arrives as a space. */
function toLiteral(type: LiteralType, value: string, at: number): Literal {
  const isTime = type === 'instant' || type === 'interval';
  return { kind: 'literal', type, value: isTime ? value.replaceAll(' ', '+') : value, at };
}

function parseQuoted(scanner: Scanner): string {
  const start = scanner.pos;
  let value = '';
  scanner.pos++;
  for (;;) {
    const end = scanner.text.indexOf("'", scanner.pos);
    if (end === -1) fail(scanner, 'This text has no closing quote.', "Write a quote in a text as ''.", start);
    value += scanner.text.slice(scanner.pos, end);
    scanner.pos = end + 1;
    if (!takeMark(scanner, "'")) break;
    value += "'";
  }
  if (value.includes('\0')) fail(scanner, 'A text cannot hold the character NUL.', undefined, start);
  return value;
}

function parseNamed(scanner: Scanner, at: number): Expression {
  const keyword = take(scanner, KEYWORD)?.[0];
  if (keyword !== undefined) {
    return count(scanner, {
      kind: 'literal',
      type: keyword === 'null' ? 'null' : 'boolean',
      value: keyword,
      at,
    });
  }
  const name = take(scanner, NAME)?.[0];
  if (name === undefined) {
    fail(scanner, `A name, a value or "(" is expected ${toWhere(scanner)}.`, 'Texts stand in single quotes.');
  }
  const quoted = Object.hasOwn(QUOTED_KINDS, name) ? QUOTED_KINDS[name] : undefined;
  if (quoted !== undefined && scanner.text[scanner.pos] === "'") {
    return count(scanner, { kind: 'literal', type: quoted, value: parseQuoted(scanner), at });
  }
  if (takeMark(scanner, '(')) return count(scanner, parseCall(scanner, name, at));
  const steps: (string | number)[] = [name];
  for (;;) {
    const index = take(scanner, INDEX);
    if (index !== undefined) steps.push(Number(index[1]));
    else if (takeMark(scanner, '/')) steps.push(parseName(scanner).name);
    else break;
    count(scanner, undefined);
  }
  return count(scanner, { kind: 'path', steps, at });
}

function parseCall(scanner: Scanner, name: string, at: number): Expression {
  const args: Expression[] = [];
  skipSpace(scanner);
  if (!takeMark(scanner, ')')) {
    do {
      args.push(deeper(scanner, () => parseExpression(scanner, 0)));
      skipSpace(scanner);
    } while (takeMark(scanner, ','));
    expectMark(scanner, ')');
  }
  return { kind: 'call', name, args, at };
}

function parseName(scanner: Scanner): Name {
  const at = scanner.pos;
  const name = take(scanner, NAME)?.[0];
  if (name === undefined) fail(scanner, `A name is expected ${toWhere(scanner)}.`);
  return { name, at };
}

// Options ----------------------------------------------------------------------------------------------------

function parseList<T>(scanner: Scanner, parseItem: () => T): T[] {
  const items: T[] = [];
  do {
    skipSpace(scanner);
    items.push(count(scanner, parseItem()));
    skipSpace(scanner);
  } while (takeMark(scanner, ','));
  return items;
}

function parseOrder(scanner: Scanner): Order {
  const by = parseExpression(scanner, 0);
  skipSpace(scanner);
  // in any case: a common client writes DESC by itself
  const direction = take(scanner, /(?:asc|desc)(?![\p{L}\p{N}_.])/iuy)?.[0];
  return { by, descending: direction?.toLowerCase() === 'desc' };
}

function parseNumber(scanner: Scanner): number {
  skipSpace(scanner);
  const digits = take(scanner, /\d+/y)?.[0];
  if (digits === undefined) fail(scanner, `A whole number from 0 is expected ${toWhere(scanner)}.`);
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function parseFlag(scanner: Scanner): boolean {
  skipSpace(scanner);
  const word = take(scanner, /(?:true|false)(?![\p{L}\p{N}])/uy)?.[0];
  if (word === undefined) fail(scanner, `true or false is expected ${toWhere(scanner)}.`);
  return word === 'true';
}

function parseExpand(scanner: Scanner): Expand {
  const { name, at } = parseName(scanner);
  const path = [name];
  while (takeMark(scanner, '/')) path.push(parseName(scanner).name);
  if (path.length > MAX_DEPTH) fail(scanner, `This is nested deeper than ${MAX_DEPTH} levels.`);
  skipSpace(scanner);
  if (!takeMark(scanner, '(')) return { path, query: {}, at };
  const query = deeper(scanner, () => {
    let inner: Query = {};
    do {
      skipSpace(scanner);
      // a closing semicolon is harmless
      if (scanner.text[scanner.pos] === ')') break;
      const start = scanner.pos;
      const option = take(scanner, /\$\w+/y)?.[0];
      if (option === undefined) fail(scanner, `An option such as $select= is expected ${toWhere(scanner)}.`);
      expectMark(scanner, '=');
      inner = addOption(scanner, inner, option, start);
      skipSpace(scanner);
    } while (takeMark(scanner, ';'));
    return inner;
  });
  expectMark(scanner, ')');
  return { path, query, at };
}

function parseFormat(scanner: Scanner): 'dataArray' {
  const format = take(scanner, /[\w-]*/y)?.[0] ?? '';
  if (format.toLowerCase() === 'dataarray') return 'dataArray';
  throw new AppError('UNSUPPORTED_OPTION', `The format "${format.slice(0, 40)}" is not supported.`, {
    at: '$resultFormat',
    hint: 'There is $resultFormat=dataArray.',
  });
}

function addOption(scanner: Scanner, query: Query, option: string, at: number): Query {
  const key = option.slice(1) as keyof Query;
  if (!OPTIONS.includes(option)) {
    throw new AppError('UNSUPPORTED_OPTION', `The option ${option.slice(0, 40)} is not supported.`, {
      at: option.slice(0, 40),
      hint: `Supported are ${OPTIONS.slice(0, -1).join(', ')}.`,
    });
  }
  if (query[key] !== undefined) fail(scanner, `${option} is given twice.`, undefined, at);
  switch (key) {
    case 'filter':
      return { ...query, filter: parseExpression(scanner, 0) };
    case 'count':
      return { ...query, count: parseFlag(scanner) };
    case 'orderby':
      return { ...query, orderby: parseList(scanner, () => parseOrder(scanner)) };
    case 'skip':
      return { ...query, skip: parseNumber(scanner) };
    case 'top':
      return { ...query, top: parseNumber(scanner) };
    case 'select':
      return { ...query, select: parseList(scanner, () => parseName(scanner)) };
    case 'expand':
      return { ...query, expand: parseList(scanner, () => parseExpand(scanner)) };
    case 'resultFormat':
      return { ...query, resultFormat: parseFormat(scanner) };
    case 'skiptoken':
      return { ...query, skiptoken: take(scanner, /[\w-]*/y)?.[0] ?? '' };
  }
}

/**
 * @param options name and decoded value of each part of the address's query; names without $ are the client's own
 * @throws AppError BAD_QUERY, UNSUPPORTED_OPTION
 */
export function parseQuery(options: Iterable<readonly [string, string]>): Query {
  let query: Query = {};
  let nodes = 0;
  for (const [name, text] of options) {
    if (!name.startsWith('$')) continue;
    const scanner: Scanner = { option: name.slice(0, 40), text, pos: 0, depth: 0, nodes };
    query = addOption(scanner, query, name, 0);
    skipSpace(scanner);
    if (scanner.pos < text.length) fail(scanner, `This is not understood ${toWhere(scanner)}.`);
    nodes = scanner.nodes;
  }
  return query;
}

/** The part of an address after `?` -> names and values. @throws AppError BAD_QUERY for a broken % sequence */
export function parseOptions(search: string): [string, string][] {
  return search
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const cut = part.indexOf('=');
      const [name, value] = cut === -1 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)];
      try {
        const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
        return [decode(name), decode(value)];
      } catch {
        throw new AppError('BAD_QUERY', 'The address holds a % that is not followed by a valid code.', {
          at: name.slice(0, 40),
          hint: 'Write a per cent sign as %25.',
        });
      }
    });
}
