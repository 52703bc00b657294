/** What processes say to each other comes back as it was said, whatever it is, and never in a text that is too long. */
import { MODEL } from '@torv/core/sta/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../db/database.ts';
import { toChangeLists, toLiveLists, toNotice, toNoticeText } from './notice.ts';

const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const entities = fc.constantFrom(...(Object.keys(MODEL) as Change['entity'][]));
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ id: ids, datastreamId: ids, ms: fc.integer({ min: -6e13, max: 2.5e14 }) }).map(
    ({ id, datastreamId, ms }): Change => ({
      kind: 'created',
      entity: 'observation',
      id,
      reading: { datastreamId, phenomenonTime: new Date(ms).toISOString() },
    }),
  ),
  fc.record(
    {
      kind: fc.constantFrom('created', 'updated', 'deleted'),
      entity: entities,
      id: ids,
      keys: fc.array(fc.constantFrom('name', 'properties', 'phenomenonTime')),
    },
    { requiredKeys: ['kind', 'entity', 'id'] },
  ),
);

describe('a notice', () => {
  it('carries changes in their order, in lists that are short enough', () => {
    fc.assert(
      fc.property(
        fc.array(changes, { maxLength: 300 }),
        fc.integer({ min: 200, max: 2_000 }),
        (given, most) => {
          const lists = toChangeLists(given, most);
          for (const list of lists) expect(list.length).toBeLessThanOrEqual(most);
          const back = lists.flatMap((list, n) => {
            const notice = toNotice(toNoticeText('a', n, { kind: 'changes', list }));
            return notice?.kind === 'changes' ? notice.changes : [];
          });
          expect(back).toEqual(given);
        },
      ),
    );
  });

  it('carries the ids of Datastreams', () => {
    fc.assert(
      fc.property(fc.array(ids), fc.integer({ min: 60, max: 500 }), (given, most) => {
        const back = toLiveLists(given, most).flatMap((list, n) => {
          expect(list.length).toBeLessThanOrEqual(most);
          const notice = toNotice(toNoticeText('a', n, { kind: 'live', list }));
          return notice?.kind === 'live' ? notice.datastreams : [];
        });
        expect(back).toEqual(given);
      }),
    );
  });

  it('holds hundreds of readings of one batch', () => {
    const batch = Array.from({ length: 400 }, (_, i): Change => {
      const phenomenonTime = new Date(Date.UTC(2026, 10, 22) + i * 37).toISOString();
      const id = 5_664_000_000_000_000 + i;
      return {
        kind: 'created',
        entity: 'observation',
        id,
        reading: { datastreamId: 1 + ((i * 7) % 800), phenomenonTime },
      };
    });
    expect(toChangeLists(batch, 7_700)).toHaveLength(1);
  });

  it('takes the first moment of a period, and leaves out one that is none', () => {
    const reading = { datastreamId: 3, phenomenonTime: 'not a time' };
    const [list = ''] = toChangeLists([{ kind: 'created', entity: 'observation', id: 7, reading }], 1_000);
    expect(toNotice(toNoticeText('a', 1, { kind: 'changes', list }))).toMatchObject({
      changes: [{ kind: 'created', entity: 'observation', id: 7 }],
    });
  });

  it('says what is wanted', () => {
    const wanted = { live: true, entities: ['thing', 'observation'], readings: [4, 9] } as const;
    expect(toNotice(toNoticeText('a', 1, { kind: 'hello', wanted, answer: true }))).toEqual({
      ...{ from: 'a', n: 1, kind: 'hello', wanted, answer: true },
    });
    expect(toNotice(toNoticeText('a', 2, { kind: 'bye' }))).toEqual({ from: 'a', n: 2, kind: 'bye' });
  });

  it('is undefined where it is not understood, whatever it is', () => {
    const others = [
      '',
      '7',
      'null',
      '[]',
      '{}',
      '{"from":"a","n":1,"kind":"new"}',
      '{"from":"a","n":1,"kind":"live"}',
    ];
    for (const text of others) expect(toNotice(text)).toBeUndefined();
    const wrong = [
      '["x","thing",1]',
      '["c","spoon",1]',
      '["c","thing",1.5]',
      '["u","thing",1,[2]]',
      '[1,2]',
      '[1,1,9e15]',
      '4',
    ];
    for (const item of wrong)
      expect(toNotice(`{"from":"a","n":1,"kind":"changes","list":[${item}]}`), item).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), (text) => {
        toNotice(`{"from":"a","n":1,"kind":"changes","list":${text}}`);
        toNotice(`{"from":"a","n":1,"kind":"hello","wanted":${text}}`);
      }),
    );
  });
});
