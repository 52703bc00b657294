/** What happens to the data folder and its clients when processes and connections end without a word. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, SILENT, type TestDatabase } from '../../test/database.ts';
import { openDatabase } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { createPool } from './pool.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const WRITER = fileURLToPath(new URL('../../test/kill-writer.ts', import.meta.url));
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase('embedded');
});
afterAll(() => database?.drop());

describe('the data folder', () => {
  it('is refused to a second opening while it is in use, and given again after a clean stop', async () => {
    await expect(openDatabase({ dataDir: database.dataDir, log: SILENT })).rejects.toMatchObject({
      code: 'DATA_IN_USE',
      detail: expect.stringContaining(database.dataDir),
    });
    await database.sql`CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)`.simple();
    await database.close();
    expect(existsSync(join(database.dataDir, 'torv.lock'))).toBe(false);
    const again = await openDatabase({ dataDir: database.dataDir, log: SILENT });
    expect(await again.sql`SELECT n FROM kept`).toEqual([{ n: 7 }]);
    await again.close();
  });

  it('is closed at once when it is closed a second time, and stays with whoever has opened it meanwhile', async () => {
    const told: string[] = [];
    const log = { ...SILENT, warn: (_fields: object, text: string) => void told.push(text) };
    const first = await openDatabase({ dataDir: database.dataDir, log });
    await first.close();
    const second = await openDatabase({ dataDir: database.dataDir, log });
    await first.close();
    expect(await second.ready()).toBe(true);
    expect(existsSync(join(database.dataDir, 'torv.lock'))).toBe(true);
    await second.close();
    // "The embedded database did not stop by itself": half a minute of waiting for a thread that is gone
    expect(told).toEqual([]);
  });

  it('of another major version is refused before anything is touched', async () => {
    const file = join(database.dataDir, 'torv.json');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ format: 1, postgresMajor: 99 }));
    await expect(openDatabase({ dataDir: database.dataDir, log: SILENT })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('PostgreSQL 99'),
    });
    writeFileSync(file, JSON.stringify({ format: 2, postgresMajor: 18 }));
    await expect(openDatabase({ dataDir: database.dataDir, log: SILENT })).rejects.toMatchObject({
      detail: expect.stringContaining('has format 2'),
    });
    writeFileSync(file, before);
  });

  it('frees the backend when a client goes away in the middle of a transaction', async () => {
    const embedded = await openEmbedded(database.dataDir, SILENT);
    const streams: Duplex[] = [];
    const open = (): Duplex => {
      const stream = embedded.connect(undefined);
      streams.push(stream);
      return stream;
    };
    const leaving = createPool({ maxConnections: 1, log: SILENT, open });
    const staying = createPool({ maxConnections: 1, log: SILENT, open: () => embedded.connect(undefined) });
    const begun = leaving.sql.begin(async (tx) => {
      await tx`INSERT INTO kept VALUES (8)`;
      for (const stream of streams) stream.destroy();
      await tx`SELECT pg_sleep(0.2)`;
    });
    await expect(begun).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await staying.sql`SELECT n FROM kept`).toEqual([{ n: 7 }]);
    expect(await leaving.sql`SELECT n FROM kept`).toEqual([{ n: 7 }]);
    await Promise.all([leaving.close(), staying.close()]);
    await embedded.close();
  });

  it('has every acknowledged transaction, whole, after the process was killed, twice over', async () => {
    const script = await bundleWriter();
    let acknowledged = 0;
    for (let round = 0; round < 2; round++) {
      acknowledged = Math.max(
        acknowledged,
        await writeUntilKilled(script, database.dataDir, 50 + round * 70),
      );
    }
    const again = await openDatabase({ dataDir: database.dataDir, log: SILENT });
    const [row] = await again.sql<{ last: number; whole: boolean; all: boolean }[]>`
      SELECT max(n) AS last, count(*) FILTER (WHERE n > 0) = count(*) FILTER (WHERE n < 0) AS whole,
             count(*) FILTER (WHERE n BETWEEN 1 AND ${acknowledged}) = ${acknowledged}::bigint AS all
      FROM written`;
    await again.close();
    expect(acknowledged).toBeGreaterThan(100);
    expect(row).toMatchObject({ whole: true, all: true });
    expect(row?.last).toBeGreaterThanOrEqual(acknowledged);
  }, 90_000);
});

async function bundleWriter(): Promise<string> {
  const outdir = join(ROOT, 'build/test/kill');
  await build({
    entryPoints: [WRITER, join(ROOT, 'server/src/db/embedded-worker.ts')],
    outdir,
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '@torv/core/errors': join(ROOT, 'core/src/errors.ts') },
  });
  return join(outdir, 'kill-writer.js');
}

/** @returns the last number that the process said it had committed */
function writeUntilKilled(script: string, dataDir: string, rows: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.split('\n').length > rows) child.kill('SIGKILL');
    });
    child.once('exit', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`The writer ended by itself: ${errors}`));
      else resolve(Number(said.split('\n').at(-2)));
    });
  });
}
