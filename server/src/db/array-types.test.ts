import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { parseArray } from './array-types.ts';

describe.each(DATABASE_KINDS)('arrays on %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
  });
  afterAll(() => database?.drop());

  const text = fc.oneof(
    fc.constantFrom('', 'NULL', 'null', '{}', 'a,b', '"', '\\', '\\"', '{"a"}', ' ', 'Å\n\t', '}'),
    fc.string({ maxLength: 12 }).filter((value) => !value.includes('\0')),
  );

  it('come back as they were given, whatever stands in them', async () => {
    const { sql } = database;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(text), { maxLength: 6 }),
        fc.array(fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), { maxLength: 6 }),
        fc.array(fc.option(fc.maxSafeInteger()), { maxLength: 6 }),
        fc.array(fc.option(fc.double({ noDefaultInfinity: true, noNaN: true })), { maxLength: 6 }),
        async (texts, integers, bigs, doubles) => {
          const [row] = await sql`
            SELECT ${texts as string[]}::text[] AS texts, ${integers as number[]}::int[] AS integers,
              ${bigs as number[]}::bigint[] AS bigs, ${doubles as number[]}::float8[] AS doubles`;
          expect(row).toEqual({
            texts,
            integers,
            bigs,
            doubles: doubles.map((n) => (n === null ? null : n + 0)),
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of moments, days, truths and documents are read like one of them', async () => {
    const [row] = await database.sql`
      SELECT ARRAY['2026-03-02T08:00:00.000001Z'::timestamptz, NULL, 'infinity'] AS times, ARRAY['2026-03-02'::date] AS days,
        ARRAY[TRUE, FALSE, NULL] AS truths, ARRAY['{"a": [1, "x,y"]}'::jsonb, 'null'] AS documents,
        ARRAY['\\x00ff'::bytea] AS bytes, ARRAY[]::text[] AS none, ARRAY[1.5::numeric] AS numerics`;
    expect(row).toEqual({
      times: ['2026-03-02T08:00:00.000001Z', null, 'infinity'],
      days: ['2026-03-02'],
      truths: [true, false, null],
      documents: [{ a: [1, 'x,y'] }, null],
      bytes: [Buffer.from([0, 255])],
      none: [],
      numerics: ['1.5'],
    });
  });
});

describe('an array of another form', () => {
  it('is refused, not read wrongly', () => {
    for (const written of ['{{1,2},{3,4}}', '[0:1]={1,2}', '{1,}', '{"a"b}'])
      expect(() => parseArray(written, Number)).toThrow(/flat list/);
  });
});
