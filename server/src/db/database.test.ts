import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, SILENT, type TestDatabase } from '../../test/database.ts';
import { type Change, noteChanges, openDatabase, type Transaction } from './database.ts';

describe.each(DATABASE_KINDS)('the database, %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(kind, { boundedMs: 500 });
    await database.sql`CREATE TABLE facts (id bigint PRIMARY KEY, at timestamptz, day date, doc jsonb, tags text[], ids bigint[])`;
  });
  afterAll(() => database?.drop());

  it('says its kind and version and that it is ready', async () => {
    expect(database.kind).toBe(kind);
    expect(database.version).toMatch(/^1[5-9]/);
    expect(await database.ready()).toBe(true);
  });

  it('carries instants as text, exact to the microsecond and in UTC', async () => {
    const times = [
      '2026-07-18T09:34:15.775023Z',
      '2026-07-18T09:34:15Z',
      '1969-12-31T23:59:59.5Z',
      '+010000-01-01T00:00:00Z',
      '-000043-03-15T12:00:00Z',
      'infinity',
    ];
    for (const at of times) {
      const [row] = await database.sql`SELECT ${at}::timestamptz AS at`;
      expect(row?.at).toBe(at);
    }
    const [row] =
      await database.sql`SELECT ${'2026-11-22T09:15:00+01:00'}::timestamptz AS at, ARRAY[${'2026-01-01T00:00:00Z'}::timestamptz] AS list`;
    expect(row).toEqual({ at: '2026-11-22T08:15:00Z', list: ['2026-01-01T00:00:00Z'] });
    await expect(database.sql`SELECT ${new Date() as unknown as string}::timestamptz AS at`).rejects.toThrow(
      'RFC 3339',
    );
  });

  it('gives 64-bit integers as numbers and refuses those that are not exact', async () => {
    const [row] = await database.sql`SELECT ${2 ** 53 - 1}::bigint AS id, ARRAY[1, 2]::bigint[] AS ids`;
    expect(row).toEqual({ id: 2 ** 53 - 1, ids: [1, 2] });
    await expect(database.sql`SELECT (${2 ** 53 - 1}::bigint + 1) AS id`).rejects.toThrow('beyond 2^53');
    const [after] = await database.sql`SELECT 1::bigint AS id`;
    expect(after).toEqual({ id: 1 });
  });

  it('keeps dates as text, json parsed and arrays as lists', async () => {
    const doc = { text: 'Å "quoted"', list: [1, null, true], nested: { a: 1.5 } };
    await database.sql`INSERT INTO facts VALUES (1, NULL, '2026-07-18', ${database.sql.json(doc)}, ${['a,b', 'c"d', '']}, ${[1, 2]})`;
    const [row] = await database.sql`SELECT day, doc, tags, ids FROM facts WHERE id = 1`;
    expect(row).toEqual({ day: '2026-07-18', doc, tags: ['a,b', 'c"d', ''], ids: [1, 2] });
  });

  it('commits a transaction as a whole or not at all, with savepoints inside', async () => {
    await database.sql.begin(async (tx) => {
      await tx`INSERT INTO facts (id) VALUES (10)`;
      await tx
        .savepoint(async (inner) => {
          await inner`INSERT INTO facts (id) VALUES (11)`;
          await inner`INSERT INTO facts (id) VALUES (10)`;
        })
        .catch((error: unknown) => expect(error).toMatchObject({ code: '23505' }));
      await tx`INSERT INTO facts (id) VALUES (12)`;
    });
    await expect(
      database.sql.begin(async (tx) => {
        await tx`INSERT INTO facts (id) VALUES (13)`;
        await tx`INSERT INTO facts (id) VALUES (10)`;
      }),
    ).rejects.toMatchObject({ code: '23505' });
    expect(await database.sql`SELECT id FROM facts WHERE id BETWEEN 10 AND 19 ORDER BY id`).toEqual([
      { id: 10 },
      { id: 12 },
    ]);
  });

  it('tells what a transaction noted after its commit, and nothing of what was rolled back', async () => {
    const told: (readonly Change[])[] = [];
    const stop = database.onChanges((changes) => told.push(changes));
    const note = (id: number): Change => ({ kind: 'created', entity: 'thing', id });
    await database.sql.begin(async (tx) => {
      noteChanges(tx, [note(1)]);
      await tx.savepoint(async (inner) => noteChanges(inner, [note(2)]));
      await tx
        .savepoint(async (inner) => {
          noteChanges(inner, [note(3)]);
          throw new Error('not this');
        })
        .catch(() => undefined);
      noteChanges(tx, [note(4)]);
      await tx`SELECT 1`;
      expect(told).toEqual([]);
    });
    expect(told).toEqual([[note(1), note(2), note(4)]]);
    const undone = database.sql.begin(async (tx) => {
      noteChanges(tx, [note(5)]);
      await tx`SELECT 1 / 0`;
    });
    await expect(undone).rejects.toMatchObject({ code: '22012' });
    expect(() => noteChanges(database.sql as unknown as Transaction, [note(6)])).toThrow('transaction');
    stop();
    await database.sql.begin(async (tx) => noteChanges(tx, [note(7)]));
    expect(told).toHaveLength(1);
  });

  it('ends a statement of boundedSql past its deadline and no other', async () => {
    await expect(
      database.boundedSql`SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b`,
    ).rejects.toMatchObject({ code: '57014' });
    expect(await database.sql`SELECT pg_sleep(0.8), 1 AS n`).toMatchObject([{ n: 1 }]);
    expect(await database.boundedSql`SELECT 2 AS n`).toEqual([{ n: 2 }]);
  });

  it('knows what the SQL of this project needs', async () => {
    const { sql } = database;
    await sql`
      CREATE TABLE parted (id bigint NOT NULL, d bigint NOT NULL, t timestamptz NOT NULL, c smallint, v float8) PARTITION BY RANGE (t);
      CREATE UNIQUE INDEX ON parted (d, t, c);
      CREATE TABLE parted_other PARTITION OF parted DEFAULT;
      CREATE TABLE parted_7 (LIKE parted INCLUDING DEFAULTS);
      ALTER TABLE parted ATTACH PARTITION parted_7 FOR VALUES FROM ('2026-07-01Z') TO ('2026-08-01Z');
      INSERT INTO parted SELECT g, 1, '2026-07-01Z'::timestamptz + g * interval '1 hour', 0, g FROM generate_series(1, 100) g`.simple();
    const again =
      await sql`INSERT INTO parted VALUES (1, 1, '2026-07-01T01:00:00Z', 0, 5), (2, 1, '2026-07-01T01:00:00Z', NULL, 6)
      ON CONFLICT (d, t, c) DO NOTHING RETURNING v`;
    expect(again).toEqual([{ v: 6 }]);
    await sql.begin(async (tx) => {
      expect(await tx`SELECT id FROM parted WHERE id = 3 FOR UPDATE SKIP LOCKED`).toHaveLength(1);
      await tx`LOCK TABLE parted IN SHARE ROW EXCLUSIVE MODE`;
    });
    const [row] = await sql`
      SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS median,
             jsonb_path_exists('{"a": [1, 2, 3]}', '$.a[*] ? (@ > 2)') AS found,
             (SELECT count(*)::int FROM generate_series(1, 3) g, LATERAL (SELECT g * 2 AS h) AS doubled WHERE h > 2) AS lateral,
             ST_Distance('SRID=4326;POINT(12.5 55.7)'::geography, ST_SetSRID(ST_MakePoint(12.5, 55.8), 4326)::geography)::int AS metres,
             ST_Intersects(ST_GeomFromGeoJSON('{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}'), ST_GeomFromText('POINT(1.5 1)', 4326)) AS inside,
             date_trunc('day', '2026-03-29T12:00:00Z'::timestamptz, 'Europe/Copenhagen')::text AS day,
             encode(sha256('a'::bytea), 'hex') LIKE 'ca978112%' AS sha
      FROM parted WHERE c IS NOT NULL`;
    expect(row).toEqual({
      median: 50.5,
      found: true,
      lateral: 2,
      metres: expect.any(Number),
      inside: true,
      day: '2026-03-28 23:00:00+00',
      sha: true,
    });
    expect(Math.abs((row?.metres ?? 0) - 11_134)).toBeLessThan(5);
  });
});

describe.skipIf(!DATABASE_KINDS.includes('postgresql'))('PostgreSQL as the database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('postgresql', { maxConnections: 2 });
    await database.sql`CREATE TABLE facts (id bigint PRIMARY KEY)`;
  });
  afterAll(() => database?.drop());

  it('ends a transaction whose connection is cut, in a statement or between two, and serves the next', async () => {
    for (const waits of [true, false]) {
      let tell: (error: unknown) => void = () => undefined;
      const told = new Promise<unknown>((resolve) => {
        tell = resolve;
      });
      const cut = database.sql.begin(async (tx) => {
        const [row] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await tx`INSERT INTO facts VALUES (1)`;
        const killed = database.sql`SELECT pg_terminate_backend(${row?.pid ?? 0})`;
        if (waits) await Promise.all([killed, tx`SELECT pg_sleep(5)`]).catch(() => undefined);
        else await killed.then(() => new Promise((resolve) => setTimeout(resolve, 100)));
        try {
          await tx`INSERT INTO facts VALUES (2)`;
          tell('nothing');
        } catch (error) {
          tell(error);
        }
      });
      await expect(cut).rejects.toMatchObject({
        code: expect.stringMatching(/^(08006|CONNECTION_CLOSED)$/),
      });
      expect(await told).toMatchObject({ code: 'CONNECTION_CLOSED' });
      for (let n = 0; n < 6; n++) {
        expect(await database.sql.begin((tx) => tx`SELECT ${n}::int AS n`)).toEqual([{ n }]);
      }
      expect(await database.sql`SELECT id FROM facts`).toHaveLength(0);
      expect(await database.sql.begin((tx) => tx`SELECT 1 AS n`)).toEqual([{ n: 1 }]);
    }
  });

  it('reserves the connection for each of hundreds of transactions beside hundreds of statements', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, async (_, n) => {
        if (n % 2 === 0) return (await database.sql<{ n: number }[]>`SELECT ${n}::int AS n`)[0]?.n;
        return database.sql.begin(async (tx) => {
          const [first] = await tx<{ id: string }[]>`SELECT pg_backend_pid() || ' ' || txid_current() AS id`;
          const [second] = await tx<{ id: string }[]>`SELECT pg_backend_pid() || ' ' || txid_current() AS id`;
          return first?.id === second?.id ? n : -1;
        });
      }),
    );
    expect(outcomes).toEqual(Array.from({ length: 400 }, (_, n) => n));
  });

  it('that cannot be reached is named without its password', async () => {
    const url = 'postgres://someone:sesame@127.0.0.1:1/torv';
    const failure = openDatabase({ url, dataDir: database.dataDir, log: SILENT });
    await expect(failure).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('127.0.0.1'),
    });
    await failure.catch((error: unknown) =>
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('sesame'),
    );
    const unreadable = openDatabase({
      url: 'mysql://someone:sesame@x/y',
      dataDir: database.dataDir,
      log: SILENT,
    });
    await expect(unreadable).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    await unreadable.catch((error: unknown) => expect(String(error)).not.toContain('sesame'));
  });
});
