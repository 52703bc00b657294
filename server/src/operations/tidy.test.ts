import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { tidyDatabase } from './tidy-port.ts';

describe.each(DATABASE_KINDS)('tidyDatabase on %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
  });
  afterAll(() => database.drop());

  it('sweeps the embedded database and leaves PostgreSQL to its own autovacuum', async () => {
    const tidied = await tidyDatabase(database);
    expect(tidied.includes('observations')).toBe(kind === 'embedded');
    const [row] = await database.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM organisations`;
    expect(row?.n).toBe(1);
  });
});
