/**
 * A tree -> the text that parse.ts reads as the same tree. Used for the links to next pages.
 * Parentheses are written only where the strength of operators needs them.
 */
import { BINARY, type Expand, type Expression, NOT_STRENGTH, type Order, type Query } from './ast.ts';

const TIGHTEST = 100;

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function toStrength(expression: Expression): number {
  if (expression.kind === 'binary') return BINARY[expression.op];
  return expression.kind === 'not' ? NOT_STRENGTH : TIGHTEST;
}

/** `not` on the left would swallow what follows, so it stands alone only where nothing binds tighter. */
function printAt(expression: Expression, least: number): string {
  const text = printExpression(expression);
  return toStrength(expression) < least ? `(${text})` : text;
}

export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      if (expression.type === 'text') return quote(expression.value);
      if (expression.type === 'duration') return `duration${quote(expression.value)}`;
      if (expression.type === 'geometry') return `geography${quote(expression.value)}`;
      return expression.value;
    case 'path':
      return expression.steps
        .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `/${step}`))
        .join('');
    case 'not':
      return `not ${printAt(expression.arg, NOT_STRENGTH)}`;
    case 'call':
      return `${expression.name}(${expression.args.map(printExpression).join(',')})`;
    case 'binary': {
      const strength = BINARY[expression.op];
      const left = printAt(expression.left, strength);
      return `${left} ${expression.op} ${printAt(expression.right, strength + 1)}`;
    }
  }
}

function printOrder({ by, descending }: Order): string {
  return descending ? `${printExpression(by)} desc` : printExpression(by);
}

function printExpand({ path, query }: Expand): string {
  const options = printOptions(query).map(([name, value]) => `${name}=${value}`);
  return `${path.join('/')}${options.length === 0 ? '' : `(${options.join(';')})`}`;
}

/** Names and values, not yet encoded for an address. */
export function printOptions(query: Query): [string, string][] {
  const options: [string, string | undefined][] = [
    ['$filter', query.filter && printExpression(query.filter)],
    ['$count', query.count === undefined ? undefined : String(query.count)],
    ['$orderby', query.orderby?.map(printOrder).join(',')],
    ['$skip', query.skip === undefined ? undefined : String(query.skip)],
    ['$top', query.top === undefined ? undefined : String(query.top)],
    ['$select', query.select?.map((item) => item.name).join(',')],
    ['$expand', query.expand?.map(printExpand).join(',')],
    ['$resultFormat', query.resultFormat],
    ['$skiptoken', query.skiptoken],
  ];
  return options.filter((option): option is [string, string] => option[1] !== undefined);
}

/** For an address: `$filter=name%20eq%20'a'&$top=5`. */
export function printQuery(query: Query): string {
  return printOptions(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}
