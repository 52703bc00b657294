/** Random filters with meaning: names of the model, values of the fixture's world, types that mostly fit. */
import type { BinaryOperator, Expression } from '@torv/core/odata/ast';
import { type EntityKey, findLink, isJson, MODEL } from '@torv/core/sta/model';
import { getLinkName, V1_1 } from '@torv/core/sta/version';
import fc from 'fast-check';
import { WORLD } from './world.fixture.ts';

type Arbitrary = fc.Arbitrary<Expression>;

const literal = (type: Extract<Expression, { kind: 'literal' }>['type'], value: string): Expression => ({
  kind: 'literal',
  type,
  value,
  at: 0,
});
const call = (name: string, ...args: readonly Expression[]): Expression => ({
  kind: 'call',
  name,
  args,
  at: 0,
});
const binary = (op: BinaryOperator, left: Expression, right: Expression): Expression => ({
  kind: 'binary',
  op,
  left,
  right,
  at: 0,
});

const COMPARISONS = fc.constantFrom<BinaryOperator>('eq', 'ne', 'gt', 'ge', 'lt', 'le');
const NUMBERS = fc.constantFrom('0', '1', '2', '3', '5', '8', '12', '-3.5', '1.0', '20.5', '101', '0.5');
const INSTANTS = fc.constantFrom(
  '2026-10-01T00:00:00Z', '2026-11-02T01:00:00.5Z', '2026-11-04T06:30:15.25Z', '2026-05-01T14:30:00.25+02:00',
  '2026-10-03T02:00:00.000001Z', '2026-12-01T00:00:00Z',
); // biome-ignore format: a table
const DURATIONS = fc.constantFrom('PT1H', 'P1D', 'P2DT12H', 'PT0.5S', 'P0D');

/** Properties within two links, by what they hold. */
function toPaths(
  entity: EntityKey,
): { readonly steps: readonly (string | number)[]; readonly kind: string }[] {
  const paths: { steps: (string | number)[]; kind: string }[] = [];
  const visit = (at: EntityKey, steps: string[]): void => {
    for (const [key, name] of V1_1.entities[at].properties) {
      const type = MODEL[at].properties[key]?.type;
      if (type === undefined || type === 'geojson') continue;
      const kind = isJson(type) ? 'json' : type === 'id' ? 'number' : type === 'text' ? 'text' : 'time';
      paths.push({ steps: [...steps, name], kind });
      if (key === 'properties') {
        for (const inside of [['floor'], ['isNew'], ['size', 'm2'], ['uses', 1], ['days'], ['nothing']])
          paths.push({ steps: [...steps, name, ...inside], kind: 'json' });
      }
      if (key === 'parameters') {
        for (const inside of [['int'], ['text'], ['flag'], ['list', 0], ['list', 1, 1]])
          paths.push({ steps: [...steps, name, ...inside], kind: 'json' });
      }
      if (key === 'result') {
        for (const inside of [['a'], ['b', 'c'], [1], [2, 0]])
          paths.push({ steps: [...steps, name, ...inside], kind: 'json' });
      }
      if (key === 'unit') paths.push({ steps: [...steps, name, 'symbol'], kind: 'json' });
    }
    if (steps.length >= 2) return;
    for (const key of Object.keys(MODEL[at].links)) {
      const to = findLink(at, key)?.to;
      if (to !== undefined) visit(to, [...steps, getLinkName(V1_1, at, key)]);
    }
  };
  visit(entity, []);
  return paths;
}

const TEXTS = [...new Set(Object.values(WORLD).flatMap((rows) => rows.map((row) => row.values.name ?? '')))];

/** Filters over the rows of an entity. */
export function toFilters(entity: EntityKey): Arbitrary {
  const paths = toPaths(entity);
  const pathOf = (...kinds: string[]): Arbitrary => {
    const all = paths.filter((path) => kinds.includes(path.kind));
    const near = all.filter((path) => path.steps.length <= 2);
    const some = near.length > 0 ? [fc.constantFrom(...near)] : [];
    return fc.oneof(...some, fc.constantFrom(...all)).map(({ steps }) => ({ kind: 'path', steps, at: 0 }));
  };
  const text = fc.oneof(
    pathOf('text'),
    fc
      .constantFrom(...TEXTS, 'abc', '12', '5', 'x', 'CO2', 'Æble', '')
      .map((value) => literal('text', value)),
  );
  const json = pathOf('json');
  const { boolean } = fc.letrec<Record<'number' | 'anyText' | 'time' | 'duration' | 'boolean', Expression>>(
    (tie) => ({
      number: fc.oneof(
        { maxDepth: 2 },
        fc.oneof(
          NUMBERS.map((value) => literal('number', value)),
          pathOf('number'),
          json,
        ),
        fc
          .tuple(
            fc.constantFrom<BinaryOperator>('add', 'sub', 'mul', 'div', 'mod'),
            tie('number'),
            tie('number'),
          )
          .map(([op, a, b]) => binary(op, a, b)),
        tie('anyText').map((arg) => call('length', arg)),
        fc.tuple(tie('anyText'), tie('anyText')).map(([a, b]) => call('indexof', a, b)),
        fc
          .tuple(fc.constantFrom('round', 'floor', 'ceiling'), tie('number'))
          .map(([fn, arg]) => call(fn, arg)),
        fc
          .tuple(
            fc.constantFrom(
              'year',
              'month',
              'day',
              'hour',
              'minute',
              'second',
              'fractionalseconds',
              'totaloffsetminutes',
            ),
            tie('time'),
          )
          .map(([fn, arg]) => call(fn, arg)),
      ),
      anyText: fc.oneof(
        { maxDepth: 2 },
        fc.oneof(text, json),
        fc
          .tuple(fc.constantFrom('tolower', 'toupper', 'trim'), tie('anyText'))
          .map(([fn, arg]) => call(fn, arg)),
        fc.tuple(tie('anyText'), tie('anyText')).map(([a, b]) => call('concat', a, b)),
        fc.tuple(tie('anyText'), NUMBERS).map(([a, n]) => call('substring', a, literal('number', n))),
        fc
          .tuple(tie('anyText'), NUMBERS, NUMBERS)
          .map(([a, n, m]) => call('substring', a, literal('number', n), literal('number', m))),
      ),
      time: fc.oneof(
        { maxDepth: 1 },
        fc.oneof(
          INSTANTS.map((value) => literal('instant', value)),
          fc.constant(literal('interval', '2026-10-02T00:00:00Z/2026-11-03T00:00:00Z')),
          pathOf('time'),
          fc.constantFrom(call('now'), call('mindatetime'), call('maxdatetime')),
        ),
        fc
          .tuple(fc.constantFrom<BinaryOperator>('add', 'sub'), pathOf('time'), tie('duration'))
          .map(([op, a, b]) => binary(op, a, b)),
      ),
      duration: fc.oneof(
        { maxDepth: 1 },
        DURATIONS.map((value) => literal('duration', value)),
        fc.tuple(tie('duration'), NUMBERS).map(([a, n]) => binary('mul', a, literal('number', n))),
      ),
      boolean: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(
          fc.tuple(COMPARISONS, tie('number'), tie('number')).map(([op, a, b]) => binary(op, a, b)),
          fc.tuple(COMPARISONS, tie('anyText'), text).map(([op, a, b]) => binary(op, a, b)),
          fc.tuple(COMPARISONS, tie('time'), tie('time')).map(([op, a, b]) => binary(op, a, b)),
          fc
            .tuple(COMPARISONS, json, fc.oneof(json, tie('number'), text))
            .map(([op, a, b]) => binary(op, a, b)),
          fc
            .tuple(fc.constantFrom<BinaryOperator>('eq', 'ne'), pathOf('number', 'text', 'json', 'time'))
            .map(([op, a]) => binary(op, a, literal('null', 'null'))),
          fc
            .tuple(fc.constantFrom('substringof', 'startswith', 'endswith'), tie('anyText'), tie('anyText'))
            .map(([fn, a, b]) => call(fn, a, b)),
          fc
            .tuple(
              fc.constantFrom('before', 'after', 'meets', 'overlaps', 'starts', 'finishes'),
              tie('time'),
              tie('time'),
            )
            .map(([fn, a, b]) => call(fn, a, b)),
          tie('time').map((arg) => binary('eq', call('date', arg), literal('date', '2026-11-02'))),
          tie('time').map((arg) => binary('gt', call('time', arg), literal('clock', '01:00'))),
          tie('time').map((arg) =>
            call('during', arg, literal('interval', '2026-10-02T00:00:00Z/2026-12-03T00:00:00Z')),
          ),
          json,
        ),
        fc
          .tuple(fc.constantFrom<BinaryOperator>('and', 'or'), tie('boolean'), tie('boolean'))
          .map(([op, a, b]) => binary(op, a, b)),
        tie('boolean').map((arg): Expression => ({ kind: 'not', arg, at: 0 })),
      ),
    }),
  );
  return boolean;
}
