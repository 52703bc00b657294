import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { BINARY, type BinaryOperator, type Expression, type Query } from './ast.ts';
import { parseOptions, parseQuery } from './parse.ts';
import { printOptions, printQuery } from './print.ts';

/** Without positions: printing may move things. */
function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'at' ? undefined : inner)));
}

function parseFilter(text: string): unknown {
  return bare(parseQuery([['$filter', text]]).filter);
}

const name = fc
  .stringMatching(/^[A-Za-zæøå_@][A-Za-z0-9_.-]{0,7}$/)
  .filter((word) => !/^(true|false|null|not|duration|geography|geometry|asc|desc)$/.test(word));

const literal: fc.Arbitrary<Expression> = fc
  .oneof(
    fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\0'))
      .map((value) => ['text', value] as const),
    fc.integer().map((value) => ['number', String(value)] as const),
    fc.constantFrom('1.0', '-2.50', '1e10', '9223372036854775807').map((value) => ['number', value] as const),
    fc.constantFrom('true', 'false').map((value) => ['boolean', value] as const),
    fc.constant(['null', 'null'] as const),
    fc
      .constantFrom('2026-11-22T08:15:00Z', '2026-11-22T08:15:00.123456+01:00')
      .map((value) => ['instant', value] as const),
    fc.constant(['interval', '2026-01-01T00:00:00Z/2026-02-01T00:00:00-05:00'] as const),
    fc.constant(['date', '2026-01-31'] as const),
    fc.constantFrom('12:30', '12:30:15.5').map((value) => ['clock', value] as const),
    fc.constantFrom('P1DT2H', 'PT0.5S').map((value) => ['duration', value] as const),
    fc.constant(['geometry', 'POINT (30 10)'] as const),
  )
  .map(([type, value]) => ({ kind: 'literal', type, value, at: 0 }));

const path: fc.Arbitrary<Expression> = fc
  .tuple(name, fc.array(fc.oneof(name, fc.nat({ max: 99 })), { maxLength: 3 }))
  .map(([first, rest]) => ({ kind: 'path', steps: [first, ...rest], at: 0 }));

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    literal,
    path,
    fc
      .tuple(
        fc.constantFrom(...(Object.keys(BINARY) as BinaryOperator[])),
        tie('expression'),
        tie('expression'),
      )
      .map(([op, left, right]): Expression => ({ kind: 'binary', op, left, right, at: 0 })),
    tie('expression').map((arg): Expression => ({ kind: 'not', arg, at: 0 })),
    fc
      .tuple(name, fc.array(tie('expression'), { maxLength: 3 }))
      .map(([called, args]): Expression => ({ kind: 'call', name: called, args, at: 0 })),
  ),
}));

const { query } = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.record(
    {
      filter: expression,
      count: fc.boolean(),
      orderby: fc.array(fc.record({ by: expression, descending: fc.boolean() }), {
        minLength: 1,
        maxLength: 2,
      }),
      skip: fc.nat(),
      top: fc.nat(),
      select: fc.array(
        name.map((word) => ({ name: word, at: 0 })),
        { minLength: 1, maxLength: 3 },
      ),
      expand: fc.array(
        fc.record({
          path: fc.array(name, { minLength: 1, maxLength: 2 }),
          query: fc.oneof({ maxDepth: 2 }, fc.constant({}), tie('query')),
          at: fc.constant(0),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Query>,
}));

describe('parsing a query', () => {
  it('reads what was printed as the same tree', () => {
    fc.assert(
      fc.property(query, (given) => {
        expect(bare(parseQuery(printOptions(given)))).toEqual(bare(given));
        expect(bare(parseQuery(parseOptions(printQuery(given))))).toEqual(bare(given));
      }),
      { numRuns: 400 },
    );
  });

  it('refuses any text with nothing but an AppError', () => {
    const option = fc.constantFrom(
      '$filter',
      '$orderby',
      '$select',
      '$expand',
      '$top',
      '$skip',
      '$count',
      '$x',
      'y',
    );
    fc.assert(
      fc.property(option, fc.string({ unit: 'binary', maxLength: 60 }), (word, text) => {
        try {
          parseQuery([[word, text]]);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses damaged queries with nothing but an AppError', () => {
    const damage = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('(', ')', "'", '$', '/', ' ', ',', ';', '=', 'not ', '\0', '')),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(query, damage, (given, changes) => {
        const options = printOptions(given).map(([word, text]): [string, string] => {
          const damaged = changes.reduce((value, [at, mark]) => {
            const i = at % (value.length + 1);
            return value.slice(0, i) + mark + value.slice(i + 1);
          }, text);
          return [word, damaged];
        });
        try {
          parseQuery(options);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a or b and c', 'a or (b and c)'],
    ['not a lt 1', 'not (a lt 1)'],
    ['not a and b', '(not a) and b'],
    ['a eq b gt c', 'a eq (b gt c)'],
    ['a add b mul c', 'a add (b mul c)'],
    ['a sub b sub c', '(a sub b) sub c'],
    ['14 div (r add 1) mod 3 mul 3 eq 3', '(((14 div (r add 1)) mod 3) mul 3) eq 3'],
    ['a sub -1 lt 2', '(a sub -1) lt 2'],
  ])('reads %s as %s', (text, meant) => {
    expect(parseFilter(text)).toEqual(parseFilter(meant));
  });

  it('takes an unencoded plus sign of an offset, which arrives as a space', () => {
    expect(parseQuery(parseOptions('$filter=t gt 2026-01-01T00:00:00+01:00')).filter).toMatchObject({
      right: { type: 'instant', value: '2026-01-01T00:00:00+01:00' },
    });
  });

  it.each([
    ['$filter', "name eq 'x", 'BAD_QUERY', '$filter:8'],
    ['$filter', 'name eq', 'BAD_QUERY', '$filter:7'],
    ['$filter', '', 'BAD_QUERY', '$filter:0'],
    ['$filter', 'a b', 'BAD_QUERY', '$filter:2'],
    ['$count', 'yes', 'BAD_QUERY', '$count:0'],
    ['$top', '-1', 'BAD_QUERY', '$top:0'],
    ['$top', '1.5', 'BAD_QUERY', '$top:1'],
    ['$expand', 'A($foo=1)', 'UNSUPPORTED_OPTION', '$foo'],
    ['$search', 'x', 'UNSUPPORTED_OPTION', '$search'],
  ])('refuses %s=%s with %s at %s', (option, text, code, at) => {
    expect(() => parseQuery([[option, text]])).toThrow(expect.objectContaining({ code, at }));
  });

  it('refuses an option that is given twice', () => {
    expect(() => parseQuery(parseOptions('$top=1&$top=2'))).toThrow(
      expect.objectContaining({ code: 'BAD_QUERY' }),
    );
  });

  it('refuses a query whose nesting or size would exhaust a stack', () => {
    for (const text of [
      '('.repeat(5000),
      `${'not '.repeat(5000)}a`,
      `f(${'g('.repeat(5000)}`,
      Array.from({ length: 5000 }, () => 'a').join(' or '),
      `a${'/a'.repeat(5000)}`,
    ]) {
      expect(() => parseQuery([['$filter', text]])).toThrow(expect.objectContaining({ code: 'BAD_QUERY' }));
    }
    expect(() => parseQuery([['$expand', `${'A($expand='.repeat(5000)}`]])).toThrow(AppError);
  });

  it('leaves names without $ to the client', () => {
    expect(parseQuery(parseOptions('key=1&$top=2'))).toEqual({ top: 2 });
  });

  it('refuses a broken % sequence', () => {
    expect(() => parseOptions('$filter=%E0%A4%A')).toThrow(expect.objectContaining({ code: 'BAD_QUERY' }));
  });
});
