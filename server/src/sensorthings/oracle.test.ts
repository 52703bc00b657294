/** What a filter means in core/odata/evaluate is what both databases answer, over the same rows. */

import { AppError } from '@torv/core/errors';
import type { Expression } from '@torv/core/odata/ast';
import { checkQuery } from '@torv/core/odata/check';
import { evaluateFilter } from '@torv/core/odata/evaluate';
import { parseQuery } from '@torv/core/odata/parse';
import { printExpression } from '@torv/core/odata/print';
import { ENTITY_KEYS, type EntityKey } from '@torv/core/sta/model';
import { V1_1 } from '@torv/core/sta/version';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { ANONYMOUS } from '../access/port.ts';
import { toFilters } from './filters.fixture.ts';
import type { Context } from './joins.ts';
import { toSetStatement } from './to-sql.ts';
import { insertWorld, MEMORY, NOW, toVisible } from './world.fixture.ts';

describe.each(DATABASE_KINDS)('a filter on %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
    await insertWorld(database.sql);
  }, 180_000);
  afterAll(() => database?.drop());

  async function ask(entity: EntityKey, filter: string): Promise<{ memory: number[]; rows: number[] }> {
    const query = checkQuery(
      V1_1,
      entity,
      parseQuery([
        ['$filter', filter],
        ['$top', '1000'],
      ]),
    );
    const { filter: typed } = query;
    const memory = toVisible(entity)
      .filter((row) => typed === undefined || evaluateFilter(MEMORY, entity, row, typed))
      .map((row) => row.id);
    let aliases = 0;
    const context: Context = {
      sql: database.sql,
      actor: ANONYMOUS,
      now: NOW,
      nextAlias: () => `t${aliases++}`,
    };
    const { query: statement } = toSetStatement(context, [{ entity, link: undefined, id: undefined }], query);
    const rows = await database.sql`${statement}`.values();
    return { memory: memory.sort((a, b) => a - b), rows: rows.map((row) => Number(row[0])) };
  }

  async function agrees(entity: EntityKey, expression: Expression): Promise<void> {
    const text = printExpression(expression);
    let answers: Awaited<ReturnType<typeof ask>>;
    try {
      answers = await ask(entity, text);
    } catch (error) {
      // what the model refuses is refused before any database is asked
      if (error instanceof AppError && error.code === 'BAD_QUERY') return;
      throw error;
    }
    expect(answers.rows, text).toEqual(answers.memory);
  }

  it.each(ENTITY_KEYS)(
    'gives the rows of %s that its meaning gives',
    async (entity) => {
      await fc.assert(
        fc.asyncProperty(toFilters(entity), (expression) => agrees(entity, expression)),
        { numRuns: Number(process.env.TORV_TEST_RUNS ?? 60), endOnFailure: false },
      );
    },
    120_000,
  );

  it.each([
    // reference of the standard's users: a text makes it a comparison of texts
    ['observation', "result gt '3'"],
    ['observation', 'result gt 3'],
    ['observation', "result eq '1.0'"],
    ['observation', 'result eq 1'],
    ['observation', '14 div (result add 1) mod 3 mul 3 eq 3'],
    ['observation', 'not result lt 1'],
    ['observation', 'resultTime ne 2026-11-02T06:30:15.25Z'],
    ['observation', 'resultTime eq null'],
    ['observation', "parameters/int eq '5'"],
    ['observation', 'parameters/int eq 5'],
    ['observation', 'not parameters/flag'],
    ['observation', "Datastream/Thing/name eq 'Room 1' and result gt 2"],
    ['observation', "FeatureOfInterest/name eq 'Room 1'"],
    ['observation', 'FeatureOfInterest/id eq null'],
    ['thing', 'Datastreams/id eq null'],
    [
      'thing',
      "Datastreams/ObservedProperty/name eq 'temperature' and Datastreams/Observations/result gt 1000",
    ],
    ['thing', "Datastreams/ObservedProperty/name eq 'CO2' and Datastreams/Observations/result gt 1000"],
    ['thing', 'not Datastreams/Observations/result gt 1000'],
    ['thing', "Datastreams/name eq 'Secret'"],
    ['thing', "Locations/name eq 'There' or Datastreams/id eq 1"],
    ['thing', 'properties/floor eq Datastreams/properties/days'],
    ['location', "Things/Datastreams/Sensor/name eq 'AM103'"],
    ['feature', 'Observations/result gt 10'],
    ['datastream', 'phenomenonTime lt 2026-11-01T00:00:00Z'],
    ['datastream', "unitOfMeasurement/symbol eq '°C'"],
    ['datastream', 'length(unitOfMeasurement) gt 55'],
    ['datastream', 'substring(tolower(unitOfMeasurement),20.5) lt Thing/description'],
    ['feature', 'substring(tolower(Observations/Datastream/unitOfMeasurement),12,101) ge name'],
    ['historicalLocation', 'time eq 2026-05-01T12:30:00.25Z'],
  ] as const)('over %s agrees: %s', async (entity, filter) => {
    const { memory, rows } = await ask(entity, filter);
    expect(rows).toEqual(memory);
  });
});
