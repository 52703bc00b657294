/**
 * postgres.js as this project uses it: statements and transactions in pools of their own, and transactions that
 * end with their connection. Both guard against the driver (3.4.9): a BEGIN in a full pipeline is not reserved for
 * its transaction, and what is sent in a transaction whose connection is gone ends the process or lands in another
 * transaction. database.test.ts shows both.
 */
import type { Duplex } from 'node:stream';
import postgres from 'postgres';
import { type Change, type ChangeListener, keepChanges, noteChanges } from './changes.ts';
import type { Log } from './log.ts';
import type { Sql } from './sql.ts';
import { TYPES } from './values.ts';

/**
 * The driver holds small writes back with a timer that it forgets to reset when a connection is cut: afterwards it
 * never sends its start-up message again and each attempt ends in CONNECT_TIMEOUT. A message of 1,024 bytes goes out
 * at once; the server splits `options` at blanks and finds nothing. test/ingest/database-away.test.ts guards it.
 */
const STARTUP_PADDING = ' '.repeat(1_024);

export interface PoolOptions {
  /** Of each of the two pools. */
  readonly maxConnections: number;
  /** Address for user, password and name; the way there is `open`'s. */
  readonly url?: string;
  readonly open: () => Duplex;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly log: Log;
  /** Told after the commit what the transaction noted. */
  readonly onChanges?: ChangeListener;
}

export interface Pool {
  readonly sql: Sql;
  /** Lets running statements end for some seconds. */
  close(): Promise<void>;
}

type Options = postgres.Options<Record<string, postgres.PostgresType>>;
type Transaction = postgres.TransactionSql;
type Work = (tx: Transaction) => unknown;

const CLOSE_S = 5;
const RECONNECT_S = 0.2;

export function createPool(options: PoolOptions): Pool {
  const sql = connect(options);
  const transactions = connect(options);
  const begin = async (first: string | Work, second?: Work): Promise<unknown> => {
    let changes: readonly Change[] = [];
    const keep = (kept: readonly Change[]) => {
      changes = kept;
    };
    const value = await (typeof first === 'string'
      ? guard((work) => transactions.begin(first, work), second, keep)
      : guard((work) => transactions.begin(work), first, keep));
    try {
      if (changes.length > 0) options.onChanges?.(changes);
    } catch (error) {
      // it is committed, whoever could not be told of it
      options.log.error({ err: error }, 'Changes could not be announced');
    }
    return value;
  };
  return {
    sql: Object.assign(sql, { begin }) as Sql,
    async close() {
      await Promise.all([sql.end({ timeout: CLOSE_S }), transactions.end({ timeout: CLOSE_S })]);
    },
  };
}

export type ConnectOptions = Omit<PoolOptions, 'onChanges'>;

/** @param hooks of the driver, for a connection that listens */
export function connect(
  { maxConnections, url, open, settings, log }: ConnectOptions,
  hooks: Readonly<Record<string, unknown>> = {},
): Sql {
  const options = {
    max: maxConnections,
    prepare: true,
    types: TYPES,
    connect_timeout: 15,
    backoff: () => RECONNECT_S,
    // a connection ends now and then, and with it what it has prepared
    max_lifetime: 30 * 60,
    onnotice: (notice: postgres.Notice) => log.debug({ notice: notice.message }, 'The database says'),
    connection: {
      options: STARTUP_PADDING,
      application_name: 'torv',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      IntervalStyle: 'iso_8601',
      client_min_messages: 'warning',
      ...settings,
    },
    // array-types.ts says why
    fetch_types: false,
    // postgres.js takes a stream instead of a socket; its types do not name the option
    socket: async () => open(),
    ...hooks,
  } as Options & { socket: unknown };
  // The one place where the driver's type parameter for custom types is let go.
  return (url === undefined ? postgres(options) : postgres(url, options)) as unknown as Sql;
}

const CLOSED = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  '08006',
]);

/** The connection itself is gone: nothing can be said on it any more. */
function isConnectionClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CLOSED.has(String(error.code));
}

/** Whether the transaction's connection is gone; known before anybody can say the next word in it. */
interface Line {
  isGone: boolean;
  readonly lose: (error: unknown) => void;
}

async function guard(
  start: (work: Work) => Promise<unknown>,
  work: Work | undefined,
  keep: (changes: readonly Change[]) => void,
): Promise<unknown> {
  if (work === undefined) throw new TypeError('begin needs a function');
  return new Promise((resolve, reject) => {
    const line = {
      isGone: false,
      lose(error: unknown) {
        line.isGone = true;
        reject(error);
      },
    };
    start(toGuardedWork(work, line, keep)).then(resolve, (error: unknown) => {
      line.isGone ||= isConnectionClosed(error);
      reject(error);
    });
  });
}

/**
 * Once the connection is gone the driver must not hear from this transaction again, not even its end: it would
 * write ROLLBACK or COMMIT to a connection that no longer exists. `begin` has been rejected by then.
 */
function toGuardedWork(work: Work, line: Line, keep: (changes: readonly Change[]) => void): Work {
  return async (tx) => {
    const guarded = toGuardedTransaction(tx, line);
    const changes = keepChanges(guarded);
    const outcome = await Promise.resolve()
      .then(() => work(guarded))
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
    if (line.isGone) return new Promise(() => undefined);
    if ('error' in outcome) throw outcome.error;
    keep(changes);
    return Array.isArray(outcome.value) ? Promise.all(outcome.value) : outcome.value;
  };
}

function toGuardedTransaction(tx: Transaction, line: Line): Transaction {
  // what a savepoint that held has noted is the transaction's
  const keep = (changes: readonly Change[]) => noteChanges(guarded, changes);
  const check = (): void => {
    if (line.isGone) {
      throw Object.assign(new Error('The transaction ended with its connection'), {
        code: 'CONNECTION_CLOSED',
      });
    }
  };
  const guarded: Transaction = new Proxy(tx, {
    apply(target, self, args) {
      check();
      return watch(Reflect.apply(target, self, args), line);
    },
    get(target, name, self) {
      if (name === 'unsafe') {
        return (...args: Parameters<Transaction['unsafe']>) => {
          check();
          return watch(target.unsafe(...args), line);
        };
      }
      if (name === 'savepoint') {
        return (first: string | Work, second?: Work) => {
          check();
          if (typeof first !== 'string') return target.savepoint(toGuardedWork(first, line, keep));
          return second === undefined
            ? undefined
            : target.savepoint(first, toGuardedWork(second, line, keep));
        };
      }
      return Reflect.get(target, name, self);
    },
  });
  return guarded;
}

/** A query knows first, in the very call that rejects it, that its connection is gone. */
function watch<T>(query: T, line: Line): T {
  if (!(query instanceof Promise) || !('reject' in query) || typeof query.reject !== 'function') return query;
  const reject: (error: unknown) => void = query.reject.bind(query);
  return Object.assign(query, {
    reject(error: unknown) {
      if (isConnectionClosed(error)) line.lose(error);
      reject(error);
    },
  });
}
