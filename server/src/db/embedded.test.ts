import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, SILENT, type TestDatabase } from '../../test/database.ts';
import { sendInTurn } from './in-turn.ts';

let database: TestDatabase;

beforeAll(async () => {
  const log = process.env.DEBUG_EMBEDDED === undefined ? SILENT : console;
  database = await createTestDatabase('embedded', {
    maxConnections: 10,
    boundedMs: 1_000,
    embeddedLimits: { idleInTransactionMs: 1_500, checkpointEveryUnits: 150 },
    log,
  });
  await database.sql`CREATE TABLE notes (id bigint PRIMARY KEY, text text NOT NULL)`;
});
afterAll(() => database?.drop());

const LOOP = 'SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b';

describe('the embedded database', () => {
  it('gives 600 pipelined statements of ten parallel connections each its own answer', async () => {
    const asked = Array.from({ length: 600 }, (_, n) => n);
    const answers = await Promise.all(
      asked.map(async (n) => {
        // Different shapes, so that parse, describe and bind of several statements are under way at once.
        if (n % 3 === 0) {
          const [row] = await database.sql<{ n: number }[]>`SELECT ${n}::int AS n`;
          return row?.n;
        }
        if (n % 3 === 1) {
          const [row] = await database.sql.unsafe<{ n: string }[]>(`SELECT '${n}' AS n /* ${n} */`);
          return Number(row?.n);
        }
        return database.sql.begin(async (tx) => {
          await tx`INSERT INTO notes VALUES (${n}, ${`note ${n}`})`;
          const [row] = await tx<{ id: number }[]>`SELECT id FROM notes WHERE text = ${`note ${n}`}`;
          return row?.id;
        });
      }),
    );
    expect(answers).toEqual(asked);
  });

  it('keeps the statements of other clients out of an open transaction', async () => {
    const order: string[] = [];
    let outside: Promise<unknown> | undefined;
    await expect(
      database.sql.begin(async (tx) => {
        await tx`INSERT INTO notes VALUES (10001, 'inside')`;
        outside = database.sql`INSERT INTO notes VALUES (10002, 'outside')`.then(() => order.push('outside'));
        await tx`SELECT pg_sleep(0.1)`;
        order.push('inside');
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await outside;
    expect(order).toEqual(['inside', 'outside']);
    const rows = await database.sql`SELECT text FROM notes WHERE id > 10000`;
    expect(rows.map((row) => row.text)).toEqual(['outside']);
  });

  it('goes on after an error inside a pipeline, and the error reaches only its own statement', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) =>
        n % 5 === 0 ? database.sql`SELECT 1 / ${n - n}::int` : database.sql`SELECT ${n}::int AS n`,
      ),
    );
    outcomes.forEach((outcome, n) => {
      if (n % 5 === 0) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else expect(outcome).toMatchObject({ status: 'fulfilled', value: [{ n }] });
    });
  });

  it('gives each statement of a failed transaction its own error, and commits nothing of it', async () => {
    for (let round = 0; round < 20; round++) {
      // Every round has shapes of its own, so that statements are described and prepared in the failed transaction.
      const id = 20_000 + round;
      const outcomes: PromiseSettledResult<unknown>[] = [];
      const failed = database.sql.begin((tx) =>
        sendInTurn([
          () => tx`INSERT INTO notes VALUES (${id}, 'lost')`,
          () => tx.unsafe(`SELECT 1 / ($1::int - ${round}) AS x${round}`, [round]),
          async () => {
            const later = [
              tx.unsafe(`SELECT $1::int + ${round} AS y${round}`, [1]),
              tx`SELECT count(*) FROM notes WHERE id = ${id}`,
              tx.unsafe(`INSERT INTO notes VALUES ($1, 'lost ${round}')`, [id + 1_000]),
            ];
            outcomes.push(...(await Promise.allSettled(later)));
          },
        ]),
      );
      await expect(failed).rejects.toMatchObject({ code: '22012' });
      const [next] = await database.sql<{ n: number }[]>`SELECT ${id}::int AS n`;
      expect(next?.n).toBe(id);
      expect(outcomes.map((o) => o.status === 'rejected' && o.reason.code)).toEqual(
        outcomes.map(() => '25P02'),
      );
    }
    expect(await database.sql`SELECT id FROM notes WHERE id >= 20000`).toHaveLength(0);
  });

  it('rolls back a transaction that says nothing while others wait, and tells its owner', async () => {
    let outside: Promise<{ count: number }[]> | undefined;
    let told: unknown;
    const silent = database.sql.begin(async (tx) => {
      await tx`INSERT INTO notes VALUES (20001, 'lost')`;
      // The classic mistake: a statement beside the transaction, awaited inside it.
      outside = database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM notes WHERE id = 20001`;
      await outside;
      try {
        await tx`INSERT INTO notes VALUES (20002, 'after')`;
      } catch (error) {
        told = error;
      }
    });
    await expect(silent).rejects.toMatchObject({
      code: expect.stringMatching(/^(08006|CONNECTION_CLOSED)$/),
    });
    expect((await outside)?.[0]?.count).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await database.sql`SELECT id FROM notes WHERE id BETWEEN 20001 AND 20002`).toHaveLength(0);
  });

  it('ends a bounded statement past its deadline; the others are answered and their statements still prepared', async () => {
    await database.sql`SELECT ${1}::int AS before_restart`;
    const late = database.boundedSql.unsafe(LOOP);
    const others = Array.from({ length: 20 }, (_, n) => database.sql<{ n: number }[]>`SELECT ${n}::int AS n`);
    await expect(late).rejects.toMatchObject({ code: '57014' });
    const answers = await Promise.all(others);
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    const [row] = await database.sql`SELECT ${2}::int AS before_restart`;
    expect(row?.before_restart).toBe(2);
    const [again] = await database.boundedSql`SELECT ${3}::int AS n`;
    expect(again?.n).toBe(3);
  });

  it('ends a bounded statement with parameters past its deadline', async () => {
    const late = database.boundedSql`SELECT count(*) FROM generate_series(1, ${100_000_000}::int) a, generate_series(1, 100000000) b`;
    await expect(late).rejects.toMatchObject({ code: '57014' });
    const [again] = await database.boundedSql`SELECT ${4}::int AS n`;
    expect(again?.n).toBe(4);
  });

  it('never commits the rest of a transaction that a deadline has ended', async () => {
    await expect(
      database.boundedSql.begin(async (tx) => {
        await tx`INSERT INTO notes VALUES (30001, 'before')`;
        await tx.unsafe(LOOP).catch(() => undefined);
        await tx`INSERT INTO notes VALUES (30002, 'after')`;
      }),
    ).rejects.toThrow();
    expect(await database.sql`SELECT id FROM notes WHERE id BETWEEN 30001 AND 30002`).toHaveLength(0);
  });

  it('refuses COPY through the connection with a clear error and goes on', async () => {
    await expect(database.sql.unsafe('COPY notes FROM STDIN')).rejects.toMatchObject({ code: '0A000' });
    const [row] = await database.sql`SELECT ${5}::int AS n`;
    expect(row?.n).toBe(5);
  });

  it('carries results and parameters of many megabytes', async () => {
    const big = 'x'.repeat(12_000_000);
    const [row] = await database.sql`SELECT length(${big}) AS length, ${big}::text AS text`;
    expect(row?.length).toBe(12_000_000);
    expect(row?.text === big).toBe(true);
    const rows = await database.sql`SELECT g AS n FROM generate_series(1, 200000) g`;
    expect(rows).toHaveLength(200_000);
    expect(rows[199_999]?.n).toBe(200_000);
  });

  it('reads by cursor while other clients wait their turn', async () => {
    let read = 0;
    const other = database.sql`SELECT 1`;
    for await (const rows of database.sql`SELECT g FROM generate_series(1, 5000) g`.cursor(500)) {
      read += rows.length;
    }
    await other;
    expect(read).toBe(5000);
  });
});
