/**
 * The one door to the database, whichever kind it is: embedded in a data folder, or a PostgreSQL with PostGIS.
 * Beyond this file nobody asks which; `kind` is for announcing changes and for advice, never for other SQL.
 * It never logs the address with its password.
 */
import { AppError } from '@torv/core/errors';
import postgres from 'postgres';
import { openEmbedded } from './embedded.ts';
import type { SessionLimits } from './embedded-sessions.ts';
import type { Log } from './log.ts';
import { TYPES } from './values.ts';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;
/** A piece of SQL that stands in another query. */
export type Fragment = postgres.Fragment;

export interface Database {
  readonly kind: 'embedded' | 'postgresql';
  readonly sql: Sql;
  /** For queries whose shape comes from outside: a statement past the deadline fails with SQLSTATE 57014. */
  readonly boundedSql: Sql;
  /** PostgreSQL's version as it says it itself, e.g. "15.14". */
  readonly version: string;
  /** Whether the database answers right now. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** postgres://user:password@host:port/name; unset = embedded. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
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
const CLOSE_S = 5;
/** The embedded database runs one statement at a time: more connections would only hold more prepared ones. */
const CONNECTIONS = { embedded: 4, postgresql: 10 } as const;

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url === undefined || options.url === ''
    ? openEmbeddedDatabase(options)
    : openExternalDatabase(options.url, options);
}

async function openEmbeddedDatabase(options: DatabaseOptions): Promise<Database> {
  const { log, boundedMs = BOUNDED_MS } = options;
  const embedded = await openEmbedded(options.dataDir, log, options.embeddedLimits);
  const max = options.maxConnections ?? CONNECTIONS.embedded;
  const toPool = (deadlineMs: number | undefined, size: number): Sql =>
    // postgres.js takes a stream instead of a socket; its types do not name the option
    connect({ ...toBase(log, size), socket: async () => embedded.connect(deadlineMs) } as PoolOptions);
  const sql = toPool(undefined, max);
  const boundedSql = toPool(boundedMs, Math.max(1, max >> 1));
  const [row] = await sql<{ version: string }[]>`SELECT current_setting('server_version') AS version`;
  return {
    kind: 'embedded',
    sql,
    boundedSql,
    version: row?.version ?? '',
    ready: () => answers(sql),
    async close() {
      await Promise.all([sql.end({ timeout: CLOSE_S }), boundedSql.end({ timeout: CLOSE_S })]);
      await embedded.close();
    },
  };
}

async function openExternalDatabase(url: string, options: DatabaseOptions): Promise<Database> {
  const { log, boundedMs = BOUNDED_MS, maxConnections: max = CONNECTIONS.postgresql } = options;
  const toPool = (size: number, connection: Record<string, string | number>): Sql => {
    const base = toBase(log, size);
    const { address, host } = toTarget(url);
    return connect({ ...base, ...host, connection: { ...base.connection, ...connection } }, address);
  };
  const sql = toPool(max, {});
  let version: string;
  try {
    version = await checkServer(sql, url);
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
  const boundedSql = toPool(Math.max(1, max >> 1), { statement_timeout: boundedMs });
  return {
    kind: 'postgresql',
    sql,
    boundedSql,
    version,
    ready: () => answers(sql),
    async close() {
      await Promise.all([sql.end({ timeout: CLOSE_S }), boundedSql.end({ timeout: CLOSE_S })]);
    },
  };
}

/** libpq's way to name a socket folder, ?host=/run/postgresql, which the driver does not read from an address. */
function toTarget(url: string): { readonly address: string; readonly host: { host?: string } } {
  if (!URL.canParse(url)) {
    throw new AppError('BAD_CONFIG', 'TORV_DATABASE_URL is not an address.', {
      at: 'TORV_DATABASE_URL',
      hint: 'Write it as postgres://user:password@host:5432/name',
    });
  }
  const address = new URL(url);
  const host = address.searchParams.get('host');
  address.searchParams.delete('host');
  return { address: address.href, host: host === null ? {} : { host } };
}

type PoolOptions = postgres.Options<Record<string, postgres.PostgresType>>;

function toBase(log: Log, max: number): PoolOptions & { connection: Record<string, string | number> } {
  return {
    max,
    prepare: true,
    types: TYPES,
    connect_timeout: 15,
    // a connection ends now and then, and with it what it has prepared
    max_lifetime: 30 * 60,
    onnotice: (notice) => log.debug({ notice: notice.message }, 'The database says'),
    connection: {
      application_name: 'torv',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      IntervalStyle: 'iso_8601',
      client_min_messages: 'warning',
    },
  };
}

/** The one place where the driver's type parameter for custom types is let go. */
function connect(options: PoolOptions, url?: string): Sql {
  return (url === undefined ? postgres(options) : postgres(url, options)) as unknown as Sql;
}

/** @throws AppError UNAVAILABLE saying what the server lacks; BAD_CONFIG when the address cannot be read. */
async function checkServer(sql: Sql, url: string): Promise<string> {
  const where = toPublicAddress(url);
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

/** Host and database name; no user, no password. */
function toPublicAddress(url: string): string {
  const { host, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? (host || 'localhost')}${pathname}`;
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
