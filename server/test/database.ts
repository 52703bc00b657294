/**
 * Real databases for tests, of both kinds. A test file gets a migrated database of its own in a fraction of a
 * second: the embedded one is a copy of a prepared data folder, PostgreSQL's a copy of a template database in a
 * private cluster that lives as long as the test run.
 * TORV_TEST_DATABASES=embedded or =postgresql limits the kinds.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { type Database, type DatabaseOptions, openDatabase } from '../src/db/database.ts';
import type { Log } from '../src/db/log.ts';
import { migrate } from '../src/db/migrate.ts';

export type DatabaseKind = Database['kind'];
export interface TestDatabase extends Database {
  /** Of the embedded kind: its data folder. */
  readonly dataDir: string;
  /** Of the PostgreSQL kind: its address. */
  readonly url: string | undefined;
  /** Closes it and removes it. */
  drop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MIGRATIONS = join(ROOT, 'server/migrations');
const PREPARED = join(ROOT, 'build/test');

/** Data folders are made in memory where that has room (a container's may have little): a thousand small files each. */
const SCRATCH_BYTES = 2 * 1024 ** 3;
const SCRATCH = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir();

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > SCRATCH_BYTES;
  } catch {
    return false;
  }
}

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const binaries = findBinaries();

/** The kinds that this run tests; a machine without PostgreSQL tests the embedded one and says so. */
export const DATABASE_KINDS: readonly DatabaseKind[] = toKinds();

function toKinds(): readonly DatabaseKind[] {
  const asked = process.env.TORV_TEST_DATABASES?.split(',').map((kind) => kind.trim());
  const unknown = asked?.find((kind) => kind !== 'embedded' && kind !== 'postgresql');
  if (unknown !== undefined)
    throw new Error(`TORV_TEST_DATABASES names "${unknown}": say embedded or postgresql`);
  const kinds = (['embedded', 'postgresql'] as const).filter((kind) => asked?.includes(kind) ?? true);
  if (binaries !== undefined || !kinds.includes('postgresql')) return kinds;
  if (process.env.CI !== undefined || asked !== undefined) {
    throw new Error('PostgreSQL (initdb, postgres) is not installed, and this run must test with it');
  }
  console.warn('PostgreSQL is not installed: only the embedded database is tested');
  return kinds.filter((kind) => kind !== 'postgresql');
}

/** A migrated database of its own; `drop` it in afterAll. */
export async function createTestDatabase(
  kind: DatabaseKind,
  options: Partial<DatabaseOptions> = {},
): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(SCRATCH, 'torv-data-'));
  if (kind === 'embedded') {
    await copyPreparedFolder(dataDir);
    const database = await openDatabase({ log: SILENT, ...options, dataDir });
    const drop = async (): Promise<void> => {
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    };
    return { ...database, dataDir, url: undefined, drop };
  }
  const cluster = await startCluster();
  await prepareTemplate(cluster);
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await administer(cluster, (sql) => sql.unsafe(`CREATE DATABASE ${name} TEMPLATE torv_template`));
  const url = toUrl(cluster, name);
  const database = await openDatabase({ log: SILENT, ...options, dataDir, url });
  const drop = async (): Promise<void> => {
    await database.close();
    await administer(cluster, (sql) => sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    await rm(dataDir, { recursive: true, force: true });
  };
  return { ...database, dataDir, url, drop };
}

/** An empty database without migrations: for tests of migrations themselves. */
export async function createEmptyDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await createTestDatabase(kind);
  await database.sql.unsafe('DROP SCHEMA public CASCADE; CREATE SCHEMA public').simple();
  return database;
}

/** Makes `dataDir` an embedded database's folder, migrated, for who opens it himself. */
export async function copyPreparedFolder(dataDir: string): Promise<void> {
  await cp(await prepareDataFolder(), dataDir, { recursive: true });
}

// Embedded: a prepared folder --------------------------------------------------------------------------------

async function prepareDataFolder(): Promise<string> {
  const folder = join(PREPARED, `embedded-${toSchemaKey()}`);
  await once(folder, async (aside) => {
    const database = await openDatabase({ log: SILENT, dataDir: aside });
    await migrate(database.sql, MIGRATIONS, SILENT);
    await database.close();
  });
  return folder;
}

/** Changes with the migrations, the embedded database's version and what opens it. */
function toSchemaKey(): string {
  const hash = createHash('sha256');
  const files = [
    join(ROOT, 'node_modules/@electric-sql/pglite/package.json'),
    join(ROOT, 'node_modules/@electric-sql/pglite-postgis/package.json'),
    join(ROOT, 'server/src/db/embedded-worker.ts'),
    join(ROOT, 'server/src/db/data-folder.ts'),
    ...readdirSync(MIGRATIONS)
      .sort()
      .map((file) => join(MIGRATIONS, file)),
  ];
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Test files run side by side: one makes the folder, the others wait for it. */
async function once(folder: string, make: (aside: string) => Promise<void>): Promise<void> {
  const mark = `${folder}.making`;
  await mkdir(join(folder, '..'), { recursive: true });
  for (let waitedMs = 0; !existsSync(folder); waitedMs += 200) {
    const isMine = await mkdir(mark).then(
      () => true,
      () => false,
    );
    if (!isMine) {
      if (waitedMs > 90_000) throw new Error(`${mark} was left behind; remove it`);
      await sleep(200);
      continue;
    }
    const aside = `${folder}.${process.pid}`;
    try {
      if (existsSync(folder)) return;
      await rm(aside, { recursive: true, force: true });
      await mkdir(aside, { recursive: true });
      await make(aside);
      await rename(aside, folder);
    } finally {
      await rm(mark, { recursive: true, force: true });
    }
  }
}

// PostgreSQL: a private cluster ------------------------------------------------------------------------------

interface Cluster {
  /** Holds the socket; the run's folder, which vitest's global set-up makes and removes. */
  readonly folder: string;
}

function findBinaries(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    ...[18, 17, 16, 15].map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** PostgreSQL refuses to run as root: then the system's own user for it does. */
function toServerUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function startCluster(): Promise<Cluster> {
  const run = process.env.TORV_TEST_RUN;
  if (run === undefined)
    throw new Error('TORV_TEST_RUN is unset: start the tests with vitest from the repository root');
  const folder = join(run, 'postgresql');
  await once(join(run, 'postgresql.ready'), async () => {
    if (binaries === undefined) throw new Error('PostgreSQL is not installed');
    await mkdir(folder, { recursive: true });
    const user = toServerUser();
    if (user !== undefined) {
      chmodSync(run, 0o711);
      chownSync(folder, user.uid, user.gid);
    }
    const as = {
      ...(user ?? {}),
      cwd: folder,
      env: { PATH: `${binaries}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8', HOME: folder },
    };
    execFileSync(
      join(binaries, 'initdb'),
      [
        '-D',
        join(folder, 'data'),
        '-U',
        'torv',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      { ...as, stdio: 'pipe' },
    );
    const settings = {
      listen_addresses: '',
      unix_socket_directories: folder,
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      max_connections: '200',
      shared_buffers: '128MB',
      jit: 'off',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(binaries, 'postgres'), ['-D', join(folder, 'data'), ...flags], {
      ...as,
      stdio: 'ignore',
      detached: true,
    });
    server.unref();
    await waitUntilUp({ folder }, server);
  });
  return { folder };
}

async function waitUntilUp(cluster: Cluster, server: { readonly exitCode: number | null }): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const isUp = await administer(cluster, (sql) => sql`SELECT 1`).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(200);
  }
  throw new Error('PostgreSQL was not up after 30 s');
}

async function prepareTemplate(cluster: Cluster): Promise<void> {
  await once(join(cluster.folder, '..', 'template.ready'), async () => {
    await administer(cluster, (sql) => sql`CREATE DATABASE torv_template`);
    const dataDir = join(cluster.folder, '..');
    const database = await openDatabase({ log: SILENT, dataDir, url: toUrl(cluster, 'torv_template') });
    await migrate(database.sql, MIGRATIONS, SILENT);
    await database.close();
  });
}

function toUrl(cluster: Cluster, name: string): string {
  return `postgres://torv@localhost/${name}?host=${encodeURIComponent(cluster.folder)}`;
}

async function administer(cluster: Cluster, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres({
    host: cluster.folder,
    user: 'torv',
    database: 'postgres',
    max: 1,
    onnotice: () => undefined,
  });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** For vitest's global set-up: the folder of one run, and what ends everything in it. */
export async function startRun(): Promise<() => Promise<void>> {
  const run = await mkdtemp(join(tmpdir(), 'torv-test-'));
  process.env.TORV_TEST_RUN = run;
  await writeFile(join(run, 'pid'), String(process.pid));
  return async () => {
    const pidFile = join(run, 'postgresql/data/postmaster.pid');
    if (existsSync(pidFile)) {
      const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGQUIT'); // immediate: nothing in it is worth a checkpoint
      for (let tries = 0; existsSync(pidFile) && tries < 50; tries++) await sleep(100);
    }
    await rm(run, { recursive: true, force: true });
  };
}
