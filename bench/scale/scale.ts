/**
 * 500 rooms with four Datastreams each, filled with a reading every ten minutes up to one size after another. At each
 * size a real server is started and asked over HTTP, every answer is looked at, and a Datastream is deleted while
 * others are written. The readings are put in by one statement a month, indexes after rows: it is reading that is
 * measured here (what a row costs when it is written: bench/keys, `torv bench store`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SEQUENCE_BITS, toMonthIndex, toMonthStartMs } from '../../core/src/ids.ts';
import { STA_CASES, type StaCase } from '../../server/src/bench/sta/cases.ts';
import { createStaClient, expectStatus, type StaClient } from '../../server/src/bench/sta/client.ts';
import { FIRST_MS, type Seeded, STEP_MS, seed } from '../../server/src/bench/sta/seed.ts';
import { type Database, openDatabase } from '../../server/src/db/database.ts';

const PORT = Number(process.env.TORV_PORT ?? 18_190);
const THINGS = 500;
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Place {
  readonly root: string;
  readonly dataDir: string;
  readonly url: string | undefined;
}

async function startServer({ root, dataDir, url }: Place): Promise<ChildProcess> {
  if (await fetch(`http://127.0.0.1:${PORT}/healthz`).catch(() => undefined))
    throw new Error(`A server listens on port ${PORT} already; stop it, or set TORV_PORT`);
  const server = spawn(process.execPath, [join(root, 'server/bin/torv.js'), 'serve'], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TORV_PORT: String(PORT),
      TORV_MQTT_PORT: '0',
      TORV_DATA: dataDir,
      TORV_STA_OPEN: 'true',
      TORV_LOG_LEVEL: 'error',
      ...(url === undefined ? {} : { TORV_DATABASE_URL: url }),
    },
  });
  for (let waitedMs = 0; waitedMs < 120_000; waitedMs += 250) {
    const answer = await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => undefined);
    if (answer?.ok) return server;
    if (server.exitCode !== null) throw new Error('The server ended before it was ready');
    await sleep(250);
  }
  server.kill('SIGKILL');
  throw new Error('The server was not ready after two minutes');
}

async function stopServer(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}

/** Readings [from, until) of every Datastream, month by month. */
async function fill({ sql }: Database, datastreams: readonly string[], from: number, until: number) {
  const ids = datastreams.map(Number);
  const [first, last] = [FIRST_MS + from * STEP_MS, FIRST_MS + (until - 1) * STEP_MS];
  for (let month = toMonthIndex(first); month <= toMonthIndex(last); month++) {
    const [begin, end] = [toMonthStartMs(month), toMonthStartMs(month + 1)];
    const table = `observations_${new Date(begin).toISOString().slice(0, 7).replace('-', '_')}`;
    const [begun, ended] = [
      Math.max(from, Math.ceil((begin - FIRST_MS) / STEP_MS)),
      Math.min(until, Math.ceil((end - FIRST_MS) / STEP_MS)),
    ];
    const [there] = await sql<{ is: boolean }[]>`SELECT to_regclass(${table}) IS NOT NULL AS is`;
    if (!there?.is) await sql.unsafe(`CREATE TABLE ${table} (LIKE observations INCLUDING DEFAULTS)`);
    await sql.unsafe(`
      INSERT INTO ${table} (id, datastream_id, phenomenon_start, channel, result_number)
      SELECT ${month} * 2::bigint ^ ${SEQUENCE_BITS} + nextval('observation_sequence'), d.id,
        to_timestamp(${FIRST_MS / 1000} + n * ${STEP_MS / 1000}), NULL, 400 + (n * 7 + d.id * 13) % 1000
      FROM generate_series(${begun}, ${ended - 1}) AS n CROSS JOIN unnest('{${ids.join(',')}}'::bigint[]) AS d(id)`);
    if (!there?.is)
      await sql.unsafe(`ALTER TABLE observations ATTACH PARTITION ${table}
        FOR VALUES FROM ('${new Date(begin).toISOString()}') TO ('${new Date(end).toISOString()}')`);
  }
  await sql`
    UPDATE datastream_stats s SET observations = a.n, phenomenon_start = a.first, phenomenon_end = a.last
    FROM (SELECT datastream_id, count(*) AS n, min(phenomenon_start) AS first, max(phenomenon_start) AS last
          FROM observations WHERE datastream_id = ANY(${ids}) GROUP BY 1) a
    WHERE s.datastream_id = a.datastream_id`;
  await sql`
    UPDATE datastream_stats s SET last_id = o.id, last_time = o.phenomenon_start, last_number = o.result_number
    FROM observations o
    WHERE o.datastream_id = s.datastream_id AND o.phenomenon_start = s.phenomenon_end`;
  await sql.unsafe('VACUUM ANALYZE').simple();
}

async function readBytes({ sql }: Database): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    SELECT sum(pg_total_relation_size(inhrelid))::float8 AS bytes FROM pg_inherits
    WHERE inhparent = 'observations'::regclass`;
  return row?.bytes ?? 0;
}

const toQuantile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;

const toCell = (times: readonly number[]): string =>
  `${toQuantile(times, 0.5).toFixed(1)} / ${toQuantile(times, 0.95).toFixed(1)}`;

async function measure(one: StaCase, client: StaClient, seeded: Seeded): Promise<string> {
  const times: number[] = [];
  const requests = Math.min(one.requests, 200);
  await one.run(client, seeded, requests);
  for (let n = 0; n < requests; n++) times.push(...(await one.run(client, seeded, n)));
  return toCell(times);
}

/** A Datastream goes with all its readings while another is written to: how long each waits. */
async function measureDeletion(client: StaClient, seeded: Seeded): Promise<readonly [string, string]> {
  const victim = seeded.datastreams.at(-1) as string;
  const neighbour = seeded.datastreams.at(-2) as string;
  const waits: number[] = [];
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n++) {
      const body = { phenomenonTime: new Date(FIRST_MS - (n + 1) * 1000).toISOString(), result: n };
      const answer = await client.post(`Datastreams(${neighbour})/Observations`, body);
      waits.push(expectStatus(answer, 'POST an Observation', 201).ms);
    }
  })();
  const removed = expectStatus(await client.remove(`Datastreams(${victim})`), 'DELETE a Datastream', 200);
  isOver = true;
  await writing;
  return [removed.ms.toFixed(0), `${toCell(waits)}, at most ${Math.max(...waits).toFixed(0)}`];
}

export async function main(root: string, args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: 'string', default: '1e6,10e6' }, 'database-url': { type: 'string' } },
  });
  const sizes = values.rows.split(',').map(Number);
  const dataDir = await mkdtemp(join(tmpdir(), 'torv-scale-'));
  const server = values['database-url'];
  const admin = server === undefined ? undefined : await openDatabase({ url: server, dataDir, log: SILENT });
  const url =
    server === undefined ? undefined : Object.assign(new URL(server), { pathname: '/torv_scale' }).href;
  if (admin !== undefined) {
    await admin.sql.unsafe('DROP DATABASE IF EXISTS torv_scale WITH (FORCE)');
    await admin.sql.unsafe('CREATE DATABASE torv_scale');
  }
  const place: Place = { root, dataDir, url };
  const table = new Map<string, string[]>();
  const put = (name: string, cell: string): void => {
    console.log(`${name}: ${cell}`);
    table.set(name, [...(table.get(name) ?? []), cell]);
  };
  let running: ChildProcess | undefined;
  try {
    running = await startServer(place);
    const client = createStaClient(`http://127.0.0.1:${PORT}/sta/v1.1`, undefined);
    let seeded = await seed(client, { things: THINGS, observations: 1 });
    await stopServer(running);
    let filled = 1;
    for (const rows of sizes) {
      const each = Math.floor(rows / seeded.datastreams.length);
      const begunMs = performance.now();
      const database = await openDatabase({ dataDir, log: SILENT, ...(url === undefined ? {} : { url }) });
      await fill(database, seeded.datastreams, filled, each);
      const bytes = await readBytes(database);
      await database.close();
      filled = each;
      seeded = { ...seeded, observationsPerDatastream: each };
      console.log(`${rows} rows, filled in ${((performance.now() - begunMs) / 1000).toFixed(0)} s`);
      put('bytes a row, all indexes', (bytes / rows).toFixed(0));
      running = await startServer(place);
      for (const one of STA_CASES) {
        if (one.creates > 0 || one.name.includes('to the end')) continue;
        put(one.name, await measure(one, client, seeded));
      }
      const walk = STA_CASES.find(({ name }) => name.includes('to the end'));
      if (walk !== undefined)
        put('a page of 1,000 on the way to the end', toCell(await walk.run(client, seeded, 0)));
      const [removed, waits] = await measureDeletion(client, seeded);
      put(`DELETE a Datastream with all its readings`, `${removed} (${each.toLocaleString('en')} readings)`);
      put('POST one Observation meanwhile', waits);
      seeded = { ...seeded, datastreams: seeded.datastreams.slice(0, -1) };
      await stopServer(running);
    }
    client.close();
    console.log(`\n| ms: median / 95th percentile | ${sizes.map((n) => `${n / 1e6} M rows`).join(' | ')} |`);
    console.log(`|---|${sizes.map(() => '---:|').join('')}`);
    for (const [name, cells] of table) console.log(`| ${name} | ${cells.join(' | ')} |`);
  } finally {
    if (running?.exitCode === null) running.kill('SIGKILL');
    await admin?.sql.unsafe('DROP DATABASE IF EXISTS torv_scale WITH (FORCE)');
    await admin?.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}
