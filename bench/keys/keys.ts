/**
 * Measures how observations are best keyed, on PostgreSQL and on the embedded database, and prints one table per
 * database and size. Ratios come from one run; one statement runs at a time.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, type Log, openDatabase, type Sql } from '../../server/src/db/database.ts';
import { DATASTREAMS, type Reading, renderFill, toFirstStep, toReading } from './readings.ts';
import {
  BORDER,
  LAST_MONTH,
  MONTHS,
  renderTable,
  toMonthStart,
  toPartition,
  VARIANTS,
  type Variant,
} from './variants.ts';

const BATCH = 2_000;
const MS_PER_TICK = 10;
const COLUMNS = '(id, datastream_id, phenomenon_start, result_number, uplink_id, quality, channel)';
const SILENT: Log = { debug() {}, info() {}, warn: console.warn, error: console.error };

type Numbers = Record<string, number | string>;

export async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes('--quick');
  const million = quick ? 100_000 : 1_000_000;
  const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
  const plan: { kind: Database['kind']; rows: number; variants: readonly (keyof typeof VARIANTS)[] }[] = [
    { kind: 'postgresql', rows: million, variants: ['candidate', 'plain', 'by-id', 'brin', 'int4'] },
    { kind: 'embedded', rows: million, variants: ['candidate', 'plain', 'by-id', 'brin'] },
    { kind: 'postgresql', rows: 10 * million, variants: ['candidate', 'plain'] },
    { kind: 'embedded', rows: 10 * million, variants: ['candidate', 'plain'] },
  ];
  const results: object[] = [];
  for (const { kind, rows, variants } of plan) {
    if (only !== undefined && only !== `${kind}-${rows / million}`) continue;
    const columns: Record<string, Numbers> = {};
    for (const name of variants) {
      const startedMs = performance.now();
      columns[name] = await measureFresh(kind, VARIANTS[name], rows);
      console.log(
        `${kind} ${rows} ${name} ${Math.round((performance.now() - startedMs) / 1000)} s ${JSON.stringify(columns[name])}`,
      );
    }
    results.push({ kind, rows, columns });
    printTable(kind, rows, columns);
  }
  const file = args.find((arg) => arg.startsWith('--out='))?.slice('--out='.length);
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}

function printTable(kind: string, rows: number, columns: Record<string, Numbers>): void {
  const names = Object.keys(columns);
  const measures = [...new Set(names.flatMap((name) => Object.keys(columns[name] ?? {})))];
  console.log(
    `\n| ${kind}, ${rows / 1e6} M rows | ${names.join(' | ')} |\n|---|${names.map(() => '---:|').join('')}`,
  );
  for (const measure of measures) {
    console.log(`| ${measure} | ${names.map((name) => columns[name]?.[measure] ?? '').join(' | ')} |`);
  }
  console.log('');
}

/** Every variant gets a database of its own, so that none finds the caches of the one before. */
async function measureFresh(kind: Database['kind'], variant: Variant, rows: number): Promise<Numbers> {
  const folder = mkdtempSync(join(tmpdir(), 'torv-keys-'));
  const server = kind === 'postgresql' ? await startServer(folder) : undefined;
  const database = await openDatabase({ dataDir: folder, log: SILENT, url: server?.url, maxConnections: 1 });
  try {
    return await measure(database, variant, rows);
  } finally {
    await database.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure({ sql, kind }: Database, variant: Variant, rows: number): Promise<Numbers> {
  const firstStep = toFirstStep(rows);
  const measured = 5 * Math.min(60_000, rows / 20);
  const part = measured / 5;
  const fillTo = rows - measured * 2;
  await sql.unsafe(renderTable(variant)).simple();

  const meter = await createMeter(sql, kind);
  const numbers: Numbers = {};
  const fillStep = Math.min(500_000, fillTo);
  const fillMs = await meter(async () => {
    for (let from = 0; from < fillTo; from += fillStep) {
      const to = Math.min(from + fillStep, fillTo);
      await sql.unsafe(`INSERT INTO observations ${COLUMNS} ${renderFill(from, to, firstStep)}`);
    }
  });
  await maintain(sql);
  numbers['filling, thousand rows per processor second'] = round(fillTo / fillMs);

  // Written by turns, so that both meet the same state of tables, caches and checkpoints.
  let next = fillTo;
  let insertMs = 0;
  let copyMs = 0;
  const takeBatches = (): Reading[][] => {
    const batches = toBatches(next, next + part, firstStep);
    next += part;
    return batches;
  };
  const written: Reading[][] = [];
  for (let round = 0; round < 5; round++) {
    const batches = takeBatches();
    written.push(...batches);
    insertMs += await meter(() => insertAll(sql, variant, batches));
    const others = takeBatches();
    // The embedded database has no COPY: there the plainest insert is the measure.
    if (kind === 'postgresql') {
      const lines = others.map((batch) => toCopyLines(batch));
      copyMs += await meter(() => copy(sql, lines));
    } else
      copyMs += await meter(() =>
        insertAll(sql, { ...variant, unique: false, partitionBy: 'phenomenon_start' }, others),
      );
  }
  numbers['insert, thousand rows per processor second'] = round(measured / insertMs);
  if (kind === 'postgresql') {
    numbers['COPY, thousand rows per processor second'] = round(measured / copyMs);
    numbers['insert / COPY'] = round(copyMs / insertMs);
  } else {
    numbers['insert without ON CONFLICT, thousand rows per processor second'] = round(measured / copyMs);
    numbers['insert / insert without ON CONFLICT'] = round(copyMs / insertMs);
    const bareMs = await measureBare(sql, meter, written);
    numbers['insert without indexes, thousand rows per processor second'] = round(measured / bareMs);
    numbers['insert / insert without indexes'] = round(bareMs / insertMs);
  }
  const again = written.slice(0, written.length / 5);
  const beforeAgain = await count(sql);
  numbers['same rows again, thousand rows per processor second'] = round(
    (again.length * BATCH) / (await meter(() => insertAll(sql, variant, again))),
  );
  if ((await count(sql)) !== beforeAgain || beforeAgain !== rows)
    throw new Error(`${variant.name}: ${beforeAgain} rows, not once each`);
  await maintain(sql);

  Object.assign(numbers, await measureSizes(sql, rows));
  Object.assign(numbers, await measureReads(sql, variant, rows, firstStep));
  Object.assign(numbers, await measureChanges(sql, variant));
  return numbers;
}

async function maintain(sql: Sql): Promise<void> {
  await sql.unsafe('VACUUM ANALYZE observations').simple();
  await sql.unsafe('CHECKPOINT').simple();
}

function toBatches(from: number, to: number, firstStep: number): Reading[][] {
  const batches: Reading[][] = [];
  for (let start = from; start < to; start += BATCH) {
    batches.push(
      Array.from({ length: Math.min(BATCH, to - start) }, (_, n) => toReading(start + n, firstStep)),
    );
  }
  return batches;
}

async function insertAll(sql: Sql, variant: Variant, batches: readonly Reading[][]): Promise<void> {
  for (const batch of batches) {
    if (variant.partitionBy !== 'id') {
      await insert(sql, 'observations', variant.unique, batch);
      continue;
    }
    // ON CONFLICT knows only the partition's own unique index: one statement per month
    for (const month of new Set(batch.map((reading) => reading.month))) {
      await insert(
        sql,
        toPartition(month),
        true,
        batch.filter((reading) => reading.month === month),
      );
    }
  }
}

async function insert(sql: Sql, table: string, unique: boolean, batch: readonly Reading[]): Promise<void> {
  const list = (pick: (reading: Reading) => string | number): string => `{${batch.map(pick).join(',')}}`;
  await sql`
    INSERT INTO ${sql(table)} (id, datastream_id, phenomenon_start, result_number, uplink_id, quality, channel)
    SELECT (m << 42) | nextval('observation_sequence'), d, t, v, u, 0, 0
    FROM unnest(${list((r) => r.month)}::text::bigint[], ${list((r) => r.datastream)}::text::bigint[],
                ${list((r) => r.time)}::text::timestamptz[], ${list((r) => r.value)}::text::float8[],
                ${list((r) => r.uplink)}::text::bigint[]) AS readings (m, d, t, v, u)
    ${unique ? sql`ON CONFLICT (datastream_id, phenomenon_start, channel) DO NOTHING` : sql``}`;
}

function toCopyLines(batch: readonly Reading[]): string {
  // ids apart from those of the sequence: the other half of 42 bits
  return batch
    .map((r, n) => {
      const id = (BigInt(r.month) << 42n) | (1n << 41n) | BigInt(r.uplink * 4 + n);
      return `${id}\t${r.datastream}\t${r.time}\t${r.value}\t${r.uplink}\t0\t0\n`;
    })
    .join('');
}

async function copy(sql: Sql, lines: readonly string[]): Promise<void> {
  const writable = await sql.unsafe(`COPY observations ${COLUMNS} FROM STDIN`).writable();
  await pipeline(Readable.from(lines), writable);
}

/** The embedded database has no COPY: the same rows into a table without any index. */
async function measureBare(
  sql: Sql,
  meter: (work: () => Promise<unknown>) => Promise<number>,
  batches: readonly Reading[][],
): Promise<number> {
  await sql
    .unsafe(
      'ALTER TABLE observations RENAME TO kept; ALTER SEQUENCE observation_sequence RENAME TO kept_sequence',
    )
    .simple();
  await sql.unsafe(renderTable(VARIANTS.bare).replaceAll(/observations_(\d+|other)/g, 'bare_$1')).simple();
  const ms = await meter(() => insertAll(sql, VARIANTS.bare, batches));
  await sql
    .unsafe(
      'DROP TABLE observations; DROP SEQUENCE observation_sequence; ALTER TABLE kept RENAME TO observations; ALTER SEQUENCE kept_sequence RENAME TO observation_sequence',
    )
    .simple();
  return ms;
}

async function measureSizes(sql: Sql, rows: number): Promise<Numbers> {
  const [row] = await sql<{ heap: number; reading: number; id: number }[]>`
    SELECT coalesce(sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'r'), 0)::int8 AS heap,
           coalesce(sum(pg_relation_size(c.oid)) FILTER (WHERE pg_get_indexdef(c.oid) LIKE '%phenomenon_start%'), 0)::int8 AS reading,
           coalesce(sum(pg_relation_size(c.oid)) FILTER (WHERE pg_get_indexdef(c.oid) LIKE '%(id)%'), 0)::int8 AS id
    FROM pg_class c WHERE c.relname LIKE 'observations%' AND c.relkind IN ('r', 'i')`;
  if (row === undefined) throw new Error('no sizes');
  return {
    'heap, bytes/row': round(row.heap / rows),
    'unique index, bytes/row': round(row.reading / rows),
    'id index, bytes/row': round(row.id / rows),
    'in all, bytes/row': round((row.heap + row.reading + row.id) / rows),
  };
}

async function measureReads(sql: Sql, variant: Variant, rows: number, firstStep: number): Promise<Numbers> {
  const ids = await sql<{ id: number }[]>`
    SELECT id FROM (SELECT id FROM observations TABLESAMPLE BERNOULLI (${300_000 / rows})) AS sample ORDER BY random() LIMIT 200`;
  const pruned = (id: number) => {
    const month = Math.floor(id / 2 ** 42);
    return variant.partitionBy === 'phenomenon_start'
      ? sql`AND phenomenon_start >= ${toMonthStart(month)} AND phenomenon_start < ${toMonthStart(month + 1)}`
      : sql``;
  };
  const idRange = (from: number, to: number) =>
    variant.partitionBy === 'id' ? sql`AND id >= ${from * 2 ** 42} AND id < ${(to + 1) * 2 ** 42}` : sql``;
  const some = <T>(pick: (n: number) => T): T[] =>
    Array.from({ length: 200 }, (_, n) => pick((n * 37) % DATASTREAMS));
  const end = Date.parse(toReading(rows - 1, firstStep).time);
  const weekStart = new Date(end - 7 * 86_400_000).toISOString();
  const borderMonth = toMonthStart(LAST_MONTH + 1);
  const all: Numbers = {
    'by id, month pruned, ms': await median(
      ids.map(({ id }) => id),
      (id) => sql`SELECT * FROM observations WHERE id = ${id} ${pruned(id)}`,
    ),
    'by id, all partitions, ms': await median(
      ids.map(({ id }) => id),
      (id) => sql`SELECT * FROM observations WHERE id = ${id}`,
    ),
    'next 100 of all by id, ms': await median(
      ids.slice(0, 9).map(({ id }) => id),
      (id) =>
        sql`SELECT id, phenomenon_start, result_number FROM observations WHERE id > ${id} ORDER BY id LIMIT 100`,
    ),
    'last 1,000 of a datastream, ms': await median(
      some((d) => d),
      (d) =>
        sql`SELECT id, phenomenon_start, result_number FROM observations WHERE datastream_id = ${d} ORDER BY phenomenon_start DESC LIMIT 1000`,
    ),
    'a week of a datastream, ms': await median(
      some((d) => d),
      (d) => sql`SELECT id, phenomenon_start, result_number FROM observations
                 WHERE datastream_id = ${d} AND phenomenon_start >= ${weekStart} ${idRange(LAST_MONTH - 1, LAST_MONTH)} ORDER BY phenomenon_start`,
    ),
    'count of a month, ms': await median(
      some((d) => d),
      (d) =>
        sql`SELECT count(*) FROM observations WHERE datastream_id = ${d} AND phenomenon_start >= ${BORDER} AND phenomenon_start < ${borderMonth} ${idRange(LAST_MONTH, LAST_MONTH)}`,
    ),
  };
  const planning: number[] = [];
  for (let n = 0; n < 20; n++) {
    const [row] = await sql.unsafe<{ 'QUERY PLAN': { 'Planning Time': number }[] }[]>(
      `EXPLAIN (SUMMARY, FORMAT JSON) SELECT id FROM observations WHERE datastream_id = ${n} ORDER BY phenomenon_start DESC LIMIT 1000`,
    );
    planning.push(row?.['QUERY PLAN'][0]?.['Planning Time'] ?? Number.NaN);
  }
  return { ...all, [`planning over ${MONTHS.length} partitions, ms`]: round(toMedian(planning)) };
}

async function measureChanges(sql: Sql, variant: Variant): Promise<Numbers> {
  const moved = await sql<{ id: number; start: string }[]>`
    SELECT id, phenomenon_start AS start FROM observations WHERE datastream_id = 7 AND phenomenon_start >= ${BORDER} LIMIT 100`;
  const moveMs = await median(
    moved.map((row) => row),
    ({ id, start }) => sql`
      UPDATE observations SET phenomenon_start = phenomenon_start - interval '31 days 1 second'
      WHERE datastream_id = 7 AND phenomenon_start = ${start} AND id = ${id}`,
  );
  const dropMs =
    variant.partitionBy === undefined
      ? await time(() => sql`DELETE FROM observations WHERE phenomenon_start < ${BORDER}`)
      : await time(() => sql.unsafe(`DROP TABLE ${toPartition(LAST_MONTH - 1)}`).simple());
  return {
    'move a row to another month, ms': moveMs,
    'remove a month (a quarter of all rows), ms': round(dropMs),
  };
}

async function count(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`SELECT count(*) FROM observations`;
  return row?.count ?? 0;
}

/**
 * Processor milliseconds of this process (driver; embedded: the database too) and of the server's backend: unlike
 * elapsed time they stay the same while others use the machine.
 */
async function createMeter(
  sql: Sql,
  kind: Database['kind'],
): Promise<(work: () => Promise<unknown>) => Promise<number>> {
  const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  const read = (): number => {
    const own = process.cpuUsage();
    const ownMs = (own.user + own.system) / 1000;
    if (kind === 'embedded') return ownMs;
    const stat = readFileSync(`/proc/${row?.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ownMs + (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  };
  return async (work) => {
    const before = read();
    await work();
    return read() - before;
  };
}

async function time(work: () => PromiseLike<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function median<T>(inputs: readonly T[], work: (input: T) => PromiseLike<unknown>): Promise<number> {
  const times: number[] = [];
  for (const input of inputs) times.push(await time(() => work(input)));
  return round(toMedian(times));
}

function toMedian(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

async function startServer(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const binaries = [18, 17, 16, 15]
    .map((v) => `/usr/lib/postgresql/${v}/bin`)
    .find((path) => existsSync(path));
  if (binaries === undefined) throw new Error('PostgreSQL is not installed');
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const user = userInfo().uid === 0 ? { uid: id('-u'), gid: id('-g') } : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const as = {
    ...user,
    cwd: folder,
    env: { PATH: `${binaries}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8', HOME: folder },
  };
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', join(folder, 'pg'), '-U', 'torv', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...as, stdio: 'pipe' },
  );
  // PostgreSQL's own defaults, fsync among them, but for the two that every installation sets
  const flags = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'shared_buffers=1GB',
    'max_wal_size=4GB',
  ].flatMap((set) => ['-c', set]);
  const server = spawn(join(binaries, 'postgres'), ['-D', join(folder, 'pg'), ...flags], {
    ...as,
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 100 && !existsSync(join(folder, '.s.PGSQL.5432')); tries++) await sleep(100);
  await sleep(300);
  return {
    url: `postgres://torv@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      process.kill(Number(readFileSync(join(folder, 'pg/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGINT');
      await ended;
    },
  };
}
