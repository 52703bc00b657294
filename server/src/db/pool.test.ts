/** A pool that is closed or cut while work is under way: everybody is told, and nothing is left to end the process. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, SILENT } from '../../test/database.ts';
import { openDatabaseGate } from '../../test/database-gate.ts';
import { until } from '../../test/until.ts';
import { type Database, openDatabase } from './database.ts';

const toOutcome = (work: PromiseLike<unknown>): Promise<string> =>
  Promise.resolve(work).then(
    () => 'done',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
const TOLD = /^(done|08006|ENOENT|ECONNRESET|ECONNREFUSED|EPIPE|CONNECTION_(ENDED|CLOSED|DESTROYED))$/;

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

/** Statements on both pools and transactions that are in a statement, between two and not yet begun. */
function startWork(
  { sql, boundedSql }: Database,
  seconds: number,
  inTransaction: () => void,
): Promise<string>[] {
  return [
    ...Array.from({ length: 10 }, () => sql`SELECT pg_sleep(${seconds})`),
    ...Array.from({ length: 6 }, () => boundedSql`SELECT pg_sleep(${seconds})`),
    ...Array.from({ length: 10 }, () =>
      sql.begin(async (tx) => {
        await tx`SELECT 1`;
        inTransaction();
        await Promise.all([tx`SELECT pg_sleep(${seconds})`, tx`SELECT 2`, tx`SELECT 3`]);
      }),
    ),
  ].map(toOutcome);
}

describe.each(DATABASE_KINDS)('a pool that is closed while work is under way, %s', (kind) => {
  it('tells each of it what became of it, and what comes later that it is closed', async () => {
    const database = await createTestDatabase(kind, { maxConnections: 2 });
    let begun = 0;
    const work = startWork(database, 0.02, () => begun++);
    await until(() => begun > 0);
    const closing = database.close();
    const late = [database.sql`SELECT 1`, database.sql.begin((tx) => tx`SELECT 1`)].map(toOutcome);
    await closing;
    // Done, or ended after some seconds where the machine is slow; none is left without an answer.
    expect(await Promise.all(work)).toContain('done');
    expect(await Promise.all(late)).toEqual(['CONNECTION_ENDED', 'CONNECTION_ENDED']);
    await database.drop();
    expect(unhandled).toEqual([]);
  }, 60_000);
});

describe.runIf(DATABASE_KINDS.includes('postgresql'))('a pool on PostgreSQL', () => {
  it('that is closed while work goes on for long tells each of it after some seconds', async () => {
    const database = await createTestDatabase('postgresql', { maxConnections: 2 });
    let begun = 0;
    const work = startWork(database, 60, () => begun++);
    await until(() => begun === 2);
    await database.close();
    for (const outcome of await Promise.all(work)) expect(outcome).toMatch(TOLD);
    await database.drop();
    expect(unhandled).toEqual([]);
  }, 60_000);

  it('whose very first connections are cut and which is then closed tells everybody too', async () => {
    const database = await createTestDatabase('postgresql');
    const gate = await openDatabaseGate(String(database.url));
    for (let round = 0; round < 12; round++) {
      await gate.open();
      const fresh = await openDatabase({ log: SILENT, dataDir: database.dataDir, url: gate.url });
      const work = startWork(fresh, 0.05, () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 3 * round));
      await gate.shut();
      await fresh.close();
      for (const outcome of await Promise.all(work)) expect(outcome).toMatch(TOLD);
    }
    await gate.remove();
    await database.drop();
    expect(unhandled).toEqual([]);
  }, 120_000);
});
