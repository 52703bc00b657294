import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEmptyDatabase, DATABASE_KINDS, SILENT, type TestDatabase } from '../../test/database.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

const FIRST = 'CREATE TABLE one (id int); INSERT INTO one VALUES (1);';
const SECOND = 'CREATE TABLE two (\n  id int\n);\n';

describe.each(DATABASE_KINDS)('migrations on %s', (kind) => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await createEmptyDatabase(kind);
    folder = await mkdtemp(join(tmpdir(), 'torv-migrations-'));
  });
  afterAll(async () => {
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await database.sql.unsafe('DROP SCHEMA public CASCADE; CREATE SCHEMA public').simple();
    await rm(folder, { recursive: true, force: true });
    folder = await mkdtemp(join(tmpdir(), 'torv-migrations-'));
    await writeFile(join(folder, '0001_first.sql'), FIRST);
    await writeFile(join(folder, '0002_second.sql'), SECOND);
  });
  const run = (): Promise<readonly string[]> => migrate(database.sql, folder, SILENT);

  it('are applied in order, once', async () => {
    expect(await run()).toEqual(['0001_first', '0002_second']);
    expect(await run()).toEqual([]);
    await writeFile(join(folder, '0003_third.sql'), 'INSERT INTO one VALUES (2)');
    expect(await run()).toEqual(['0003_third']);
    expect(await database.sql`SELECT id FROM one ORDER BY id`).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('are applied once by starters at the same time', async () => {
    const applied = await Promise.all([run(), run(), run()]);
    expect(applied.flat().sort()).toEqual(['0001_first', '0002_second']);
    expect(await database.sql`SELECT id FROM one`).toHaveLength(1);
  });

  it('leave nothing behind of one that fails, and keep those before it', async () => {
    await writeFile(join(folder, '0003_third.sql'), 'CREATE TABLE three (id int); SELECT 1 / 0;');
    await expect(run()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('0003_third failed and changed nothing'),
    });
    const [row] =
      await database.sql`SELECT to_regclass('two')::text AS two, to_regclass('three')::text AS three`;
    expect(row).toEqual({ two: 'two', three: null });
  });

  it('are refused when an applied file was changed, but not for its line ends', async () => {
    await run();
    await writeFile(join(folder, '0002_second.sql'), SECOND.replaceAll('\n', '\r\n'));
    expect(await run()).toEqual([]);
    await writeFile(join(folder, '0002_second.sql'), `${SECOND} -- better`);
    await expect(run()).rejects.toMatchObject({ detail: expect.stringContaining('0002_second was changed') });
  });

  it('are refused when the database is newer than the code', async () => {
    await run();
    await rm(join(folder, '0002_second.sql'));
    await expect(run()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('newer than this version'),
    });
  });

  it('are refused when two files have one number', async () => {
    await writeFile(join(folder, '0002_again.sql'), 'SELECT 1');
    await expect(run()).rejects.toMatchObject({ code: 'BUG' });
  });
});

describe.skipIf(!DATABASE_KINDS.includes('postgresql'))('migrations by processes side by side', () => {
  it('are applied once', async () => {
    const database = await createEmptyDatabase('postgresql');
    const folder = await mkdtemp(join(tmpdir(), 'torv-migrations-'));
    await writeFile(join(folder, '0001_first.sql'), `${FIRST} SELECT pg_sleep(0.2);`);
    const others = await Promise.all(
      [1, 2, 3].map(() => openDatabase({ url: database.url, dataDir: database.dataDir, log: SILENT })),
    );
    const applied = await Promise.all(others.map((other) => migrate(other.sql, folder, SILENT)));
    expect(applied.flat()).toEqual(['0001_first']);
    await Promise.all(others.map((other) => other.close()));
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });
});
