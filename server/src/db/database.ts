/**
 * The one door to the database, whichever kind it is: embedded in a data folder, or a PostgreSQL with PostGIS.
 * Beyond this file nobody asks which; `kind` is for announcing changes and for advice, never for other SQL.
 * It never logs the address with its password.
 */
import { AppError } from '@torv/core/errors';
import type { ChangeListener } from './changes.ts';
import { openEmbedded } from './embedded.ts';
import type { SessionLimits } from './embedded-sessions.ts';
import type { Log } from './log.ts';
import { type NoticeHandlers, type NoticeLine, openNoticeLine } from './notices.ts';
import { createPool } from './pool.ts';
import { openServerStream, parseServerAddress, type ServerAddress } from './server-stream.ts';
import type { Sql } from './sql.ts';

export { type Change, type ChangeListener, noteChanges } from './changes.ts';
export type { NoticeHandlers, NoticeLine } from './notices.ts';
export type { Fragment, Sql, Transaction } from './sql.ts';

export interface Database {
  readonly kind: 'embedded' | 'postgresql';
  readonly sql: Sql;
  /** For queries whose shape comes from outside: a statement past the deadline fails with SQLSTATE 57014. */
  readonly boundedSql: Sql;
  /** PostgreSQL's version as it says it itself, e.g. "15.14". */
  readonly version: string;
  /** Told after each commit what the transaction noted (`noteChanges`). @returns how to stop listening */
  onChanges(listener: ChangeListener): () => void;
  /** To and from the other processes on this database; undefined where there can be none. */
  openNotices(handlers: NoticeHandlers): NoticeLine | undefined;
  /** Whether the database answers right now. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** postgres://user:password@host:port/name; unset = embedded. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
  /** For statements; as many again for transactions, and half of both for `boundedSql`; made when needed. */
  readonly maxConnections?: number;
  /** Deadline of `boundedSql`; 15 s unless told. */
  readonly boundedMs?: number;
  /** Of the embedded database alone; for tests. */
  readonly embeddedLimits?: Partial<SessionLimits>;
}

/** 15: what MERGE-free, NULLS-NOT-DISTINCT-free SQL of Torv is tested with; older ones have left support. */
const OLDEST_VERSION = 150_000;
const BOUNDED_MS = 15_000;
const READY_MS = 3_000;
/** The embedded database runs one statement at a time: more connections would only hold more prepared ones. */
const CONNECTIONS = { embedded: 4, postgresql: 8 } as const;

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url === undefined || options.url === ''
    ? openEmbeddedDatabase(options)
    : openExternalDatabase(options.url, options);
}

function createChangeListeners() {
  const listeners = new Set<ChangeListener>();
  return {
    tell(changes: Parameters<ChangeListener>[0]): void {
      for (const listener of listeners) listener(changes);
    },
    add(listener: ChangeListener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function openEmbeddedDatabase(options: DatabaseOptions): Promise<Database> {
  const { log, boundedMs = BOUNDED_MS, maxConnections = CONNECTIONS.embedded } = options;
  const embedded = await openEmbedded(options.dataDir, log, options.embeddedLimits);
  const listeners = createChangeListeners();
  const common = { log, onChanges: listeners.tell };
  const pool = createPool({ ...common, maxConnections, open: () => embedded.connect(undefined) });
  const bounded = createPool({
    ...common,
    maxConnections: toBoundedSize(maxConnections),
    open: () => embedded.connect(boundedMs),
  });
  return {
    kind: 'embedded',
    sql: pool.sql,
    boundedSql: bounded.sql,
    version: embedded.version,
    onChanges: listeners.add,
    openNotices: () => undefined,
    ready: () => answers(pool.sql),
    async close() {
      await Promise.all([pool.close(), bounded.close()]);
      await embedded.close();
    },
  };
}

/**
 * Without compilation of queries at run time: the planner expects far more rows of partitioned tables than come, and
 * then compiles for 50 ms what runs for 3 ms, each time anew.
 */
const SETTINGS = { jit: 'off' } as const;

async function openExternalDatabase(url: string, options: DatabaseOptions): Promise<Database> {
  const { log, boundedMs = BOUNDED_MS, maxConnections = CONNECTIONS.postgresql } = options;
  const address = parseServerAddress(url);
  const listeners = createChangeListeners();
  const way = { log, url: address.driverUrl, open: () => openServerStream(address) };
  const common = { ...way, onChanges: listeners.tell };
  const pool = createPool({ ...common, maxConnections, settings: SETTINGS });
  let version: string;
  try {
    version = await checkServer(pool.sql, address);
  } catch (error) {
    await pool.close();
    throw error;
  }
  const bounded = createPool({
    ...common,
    maxConnections: toBoundedSize(maxConnections),
    settings: { ...SETTINGS, statement_timeout: boundedMs },
  });
  return {
    kind: 'postgresql',
    sql: pool.sql,
    boundedSql: bounded.sql,
    version,
    onChanges: listeners.add,
    openNotices: (handlers) => openNoticeLine({ ...way, sql: pool.sql }, handlers),
    ready: () => answers(pool.sql),
    async close() {
      await Promise.all([pool.close(), bounded.close()]);
    },
  };
}

function toBoundedSize(maxConnections: number): number {
  return Math.max(1, maxConnections >> 1);
}

/** @throws AppError UNAVAILABLE saying what the server lacks. */
async function checkServer(sql: Sql, address: ServerAddress): Promise<string> {
  // host and database name; no user, no password
  const where = `${address.host}${new URL(address.driverUrl).pathname}`;
  const [row] = await sql<{ version: string; number: number; postgis: boolean }[]>`
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::int AS number,
           EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') AS postgis
  `.catch((cause: unknown) => {
    throw new AppError('UNAVAILABLE', `The database at ${where} cannot be reached: ${toReason(cause)}.`, {
      hint: 'Check TORV_DATABASE_URL, and that the server runs and lets this user in.',
      cause,
    });
  });
  if (row === undefined || row.number < OLDEST_VERSION) {
    throw new AppError(
      'UNAVAILABLE',
      `The database at ${where} is PostgreSQL ${row?.version ?? '?'}; Torv needs 15 or newer.`,
      {
        hint: 'Upgrade the server, or leave TORV_DATABASE_URL unset for the embedded database.',
      },
    );
  }
  if (!row.postgis) {
    throw new AppError('UNAVAILABLE', `The database at ${where} has no PostGIS.`, {
      hint: `Install the server's PostGIS package (Debian: postgresql-${Math.floor(row.number / 10_000)}-postgis-3).`,
    });
  }
  return row.version;
}

function toReason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no reason given';
  const code = 'code' in cause ? String(cause.code) : '';
  return cause.message === '' ? code || 'no reason given' : cause.message.replace(/\.$/, '');
}

async function answers(sql: Sql): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), READY_MS);
  });
  const answer = sql`SELECT 1`.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
