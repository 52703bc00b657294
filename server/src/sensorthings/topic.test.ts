/** Topics: what they mean, which changes may be news there, and that nothing a client writes is more than refused. */
import { AppError } from '@torv/core/errors';
import { V1_1 } from '@torv/core/sta/version';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAbout, parseTopic } from './topic.ts';
import type { Change } from './writer-store.ts';

const created = (id: number, datastreamId: number): Change => ({
  kind: 'created',
  entity: 'observation',
  id,
  reading: { datastreamId, phenomenonTime: '2026-01-01T00:00:00Z' },
});
const renamed: Change = { kind: 'updated', entity: 'thing', id: 1, keys: ['name'] };

describe('a topic', () => {
  it.each<[string, Change, boolean]>([
    ['v1.1/Observations', created(9, 1), true],
    ['v1.1/Observations', renamed, false],
    ['v1.1/Observations', { ...created(9, 1), kind: 'deleted' }, false],
    ['v1.1/Observations(9)', created(9, 1), true],
    ['v1.1/Observations(8)', created(9, 1), false],
    ['v1.1/Datastreams(1)/Observations', created(9, 1), true],
    ['v1.1/Datastreams(2)/Observations', created(9, 1), false],
    ['v1.1/Things(3)/Datastreams(1)/Observations', created(9, 1), true],
    ['v1.1/Datastreams(1)/Observations(9)', created(9, 2), true],
    ['v1.1/FeaturesOfInterest(5)/Observations', created(9, 1), true],
    // whose Datastream is not known: the database decides
    [
      'v1.1/Datastreams(2)/Observations',
      { kind: 'updated', entity: 'observation', id: 9, keys: ['result'] },
      true,
    ],
    ['v1.1/Things', renamed, true],
    ['v1.1/Things(1)/name', renamed, true],
    ['v1.1/Things(1)/description', renamed, false],
    ['v1.1/Things(1)/description', { kind: 'created', entity: 'thing', id: 1 }, true],
    ['v1.1/Datastreams(4)/Thing/name', renamed, true],
  ])('%s and %o: %s', (topic, change, expected) => {
    expect(isAbout(parseTopic(V1_1, topic), change)).toBe(expected);
  });

  it('bounds what is expanded, at each depth', () => {
    const { query } = parseTopic(
      V1_1,
      'v1.1/Things?$expand=Datastreams($expand=Observations($top=5000),Sensor($expand=Datastreams)),Locations($top=3)',
    );
    const [datastreams, locations] = query.expand;
    expect([datastreams?.query.top, locations?.query.top]).toEqual([100, 3]);
    expect(datastreams?.query.expand.map(({ query }) => query.top)).toEqual([10, undefined]);
    expect(datastreams?.query.expand[1]?.query.expand[0]?.query.top).toBe(10);
  });

  it('is refused with an AppError whatever it holds', () => {
    const parts = [
      'Things',
      '(1)',
      '/',
      'Datastreams',
      '?',
      '$filter=',
      '$select=',
      '$expand=',
      'result',
      ' eq ',
      "'",
      '&',
      '%2',
      '(',
      ')',
      ',',
      ';',
      '1e999',
      'geo.distance(',
      'properties',
      '[0]',
      '\u0000',
      '$value',
      '$ref',
      '😀',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 5 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (pieces) => {
        try {
          parseTopic(V1_1, `v1.1/${pieces.join('')}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
