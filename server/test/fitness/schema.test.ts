/** server/schema.sql is what the migrations make, on both kinds of database; it is read in review. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dumpSchema } from '../../src/db/schema-dump.ts';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../database.ts';

const file = fileURLToPath(new URL('../../schema.sql', import.meta.url));

describe.each(DATABASE_KINDS)('the schema on %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
  });
  afterAll(() => database?.drop());

  it('is what server/schema.sql says', async () => {
    const dump = await dumpSchema(database.sql);
    if (process.env.UPDATE_SCHEMA === '1' && kind === DATABASE_KINDS[0]) writeFileSync(file, dump);
    expect(dump).toBe(
      existsSync(file)
        ? readFileSync(file, 'utf8')
        : 'server/schema.sql is missing: run with UPDATE_SCHEMA=1',
    );
  });
});
