/**
 * Many clients, one backend. Each client is a stream that speaks PostgreSQL's protocol; the backend belongs to one
 * client from its first message until ReadyForQuery says that no transaction is open ('I'), then the next in line
 * has it. A client that goes away is rolled back and its prepared statements are closed.
 * It must never hand a message of one client to the backend while another one holds it.
 */
import { Duplex } from 'node:stream';
import type { Backend, Executed } from './embedded-backend.ts';
import type { Log } from './log.ts';
import {
  createMessageCutter,
  FRONTEND,
  type FrontendMessage,
  renderCloseStatement,
  renderError,
  renderQuery,
  renderReady,
  renderSync,
  renderWelcome,
  type TransactionState,
  toStartPacket,
  toStatementName,
  toStatementText,
} from './protocol.ts';
import { hangUp } from './server-stream.ts';

export interface Sessions {
  /** A new client's connection; statements past the deadline are ended with SQLSTATE 57014. */
  connect(deadlineMs: number | undefined): Duplex;
  /** Ends every client at once; open transactions are not committed. */
  close(): Promise<void>;
}

export interface SessionLimits {
  /** How long a client may hold an open transaction without a word while others wait. */
  readonly idleInTransactionMs: number;
  /** After how many units of work the log is written into the tables. */
  readonly checkpointEveryUnits: number;
}

interface Session {
  readonly stream: Duplex;
  readonly deadlineMs: number | undefined;
  /** Whole messages that wait for the backend. */
  readonly waiting: FrontendMessage[];
  /** Named statements this client has prepared: closed when it goes, made again in a new backend. */
  readonly statements: Map<string, Buffer>;
  /** As the last ReadyForQuery said. */
  transaction: TransactionState;
  /** Has sent a part of a unit; its Sync is still to come. */
  midUnit: boolean;
  /** After a failure without a Sync the client's messages are skipped up to its Sync. */
  skipsToSync: boolean;
  gone: boolean;
}

const STATUS = {
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'iso_8601',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
} as const;

export function createSessions(backend: Backend, limits: SessionLimits, log: Log): Sessions {
  /** Clients with work or a transaction, first come first served; the holder is not among them. */
  const line: Session[] = [];
  const all = new Set<Session>();
  let holder: Session | undefined;
  let turning: Promise<void> | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let unitsSinceCheckpoint = 0;
  let closed = false;

  function connect(deadlineMs: number | undefined): Duplex {
    const cutter = createMessageCutter();
    const session: Session = {
      stream: createStream(receive, leave),
      deadlineMs,
      waiting: [],
      statements: new Map(),
      transaction: 'I',
      midUnit: false,
      skipsToSync: false,
      gone: false,
    };
    let welcomed = false;

    function receive(chunk: Buffer): void {
      for (const message of cutter.push(chunk)) {
        if (welcomed) {
          if (message.type === FRONTEND.terminate) session.stream.destroy();
          else session.waiting.push(message);
          continue;
        }
        const packet = toStartPacket(message);
        if (packet === 'ssl' || packet === 'gss') session.stream.push('N');
        else if (packet === 'startup') {
          welcomed = true;
          cutter.started();
          session.stream.push(renderWelcome({ ...STATUS, server_version: backend.version }));
        } else session.stream.destroy(); // a cancel request: the backend cannot be interrupted
      }
      if (session.waiting.length > 0) enter(session);
    }

    function leave(): void {
      session.gone = true;
      session.waiting.length = 0;
      if (session.statements.size > 0 || session === holder) enter(session);
      else all.delete(session);
    }

    if (closed) setImmediate(() => session.stream.destroy(toRefusedConnection()));
    else all.add(session);
    return session.stream;
  }

  function enter(session: Session): void {
    if (session !== holder && !line.includes(session)) line.push(session);
    turning ??= turn().finally(() => {
      turning = undefined;
      watchIdleHolder();
      // Somebody may have come between the last look and here.
      if (!closed && hasWork()) enter(holder ?? line[0] ?? session);
    });
  }

  function hasWork(): boolean {
    return holder === undefined ? line.length > 0 : holder.gone || holder.waiting.length > 0;
  }

  async function turn(): Promise<void> {
    clearTimeout(idleTimer);
    try {
      while (!closed && hasWork()) {
        holder ??= line.shift();
        if (holder === undefined) return;
        if (holder.gone) await forget(holder);
        else await serve(holder);
        if (holder !== undefined && !holder.gone && holder.transaction === 'I' && !holder.midUnit)
          release(holder);
        await checkpoint();
      }
    } catch (error) {
      log.error({ error: String(error) }, 'The embedded database cannot be started anew');
      closed = true;
      for (const session of all) session.stream.destroy();
    }
  }

  /** The holder goes to the end of the line when it has more to say: a busy client must not starve the others. */
  function release(session: Session): void {
    if (session.waiting.length > 0) line.push(session);
    holder = undefined;
  }

  async function serve(session: Session): Promise<void> {
    const unit = takeUnit(session.waiting);
    const complete = isUnitEnd(unit.at(-1));
    session.midUnit = !complete;
    if (session.skipsToSync) {
      session.skipsToSync = !complete;
      if (complete) session.stream.push(renderReady(session.transaction));
      return;
    }
    const refusal = findRefusal(unit);
    if (refusal !== undefined) {
      session.stream.push(renderError('0A000', refusal));
      await settleRefused(session, complete);
      return;
    }
    for (const message of unit) {
      if (message.type !== FRONTEND.parse) continue;
      const name = toStatementName(message.bytes);
      if (name !== '') session.statements.set(name, Buffer.from(message.bytes));
    }
    const outcome = await execute(session, unit);
    if (outcome.kind === 'lost') return settleLost(session, outcome.reason, complete);
    if (complete) {
      session.transaction = outcome.state ?? 'E';
      if (!session.gone) session.stream.push(renderReady(session.transaction));
    } else if (outcome.state !== undefined) {
      // A part failed. Its Sync is asked for here, and the client hears no more until it sends its own.
      session.skipsToSync = true;
      session.transaction = (await ask(renderSync())) ?? 'E';
    }
  }

  function execute(session: Session, unit: readonly FrontendMessage[]): Promise<Executed> {
    unitsSinceCheckpoint += 1;
    return backend.execute({
      bytes: Buffer.concat(unit.map((message) => message.bytes)),
      onRows: (bytes) => {
        if (!session.gone) session.stream.push(bytes);
      },
      deadlineMs: session.deadlineMs,
    });
  }

  async function settleRefused(session: Session, complete: boolean): Promise<void> {
    // The Sync closes what an earlier part of this unit has opened.
    await ask(renderSync());
    if (session.transaction !== 'I') await abortTransaction(session, false);
    answerFailed(session, complete);
  }

  function answerFailed(session: Session, complete: boolean): void {
    if (complete) session.stream.push(renderReady(session.transaction));
    else session.skipsToSync = true;
  }

  /** Leaves the backend in a failed transaction, as after any error in one: until ROLLBACK nothing is accepted. */
  async function abortTransaction(session: Session, isLost: boolean): Promise<void> {
    if (isLost) await ask(renderQuery('BEGIN'));
    await ask(renderQuery('SELECT 1 / 0'));
    session.transaction = 'E';
  }

  async function settleLost(
    session: Session,
    reason: 'deadline' | 'crash',
    complete: boolean,
  ): Promise<void> {
    session.stream.push(
      reason === 'deadline'
        ? renderError('57014', `The statement was ended after ${session.deadlineMs} ms`)
        : renderError('57P02', 'The embedded database broke off and was started anew'),
    );
    await prepareAgain();
    // What follows in a transaction that no longer exists must not be committed statement by statement.
    if (session.transaction !== 'I') await abortTransaction(session, true);
    answerFailed(session, complete);
  }

  async function prepareAgain(): Promise<void> {
    for (const session of all) {
      for (const parse of session.statements.values()) await ask(Buffer.concat([parse, renderSync()]));
    }
  }

  /** Rolls a departed client back and closes what it had prepared. */
  async function forget(session: Session): Promise<void> {
    const closes = [...session.statements.keys()].map(renderCloseStatement);
    if (session.midUnit || session.transaction !== 'I') {
      // The Sync ends a half sent unit: until then an extended-protocol error would make the backend skip all.
      await ask(renderSync());
      await ask(renderQuery('ROLLBACK'));
    }
    if (closes.length > 0) await ask(Buffer.concat([...closes, renderSync()]));
    all.delete(session);
    holder = undefined;
  }

  /** Something of our own between clients; of its answer only the state is of interest. */
  async function ask(bytes: Buffer): Promise<TransactionState | undefined> {
    const outcome = await backend.execute({ bytes, onRows: () => undefined, deadlineMs: undefined });
    return outcome.kind === 'executed' ? outcome.state : undefined;
  }

  /** A single backend has no checkpointer of its own: without this the log, and the next start, only grow. */
  async function checkpoint(): Promise<void> {
    if (unitsSinceCheckpoint < limits.checkpointEveryUnits || holder !== undefined) return;
    unitsSinceCheckpoint = 0;
    await ask(renderQuery('CHECKPOINT'));
  }

  /** On one backend a forgotten transaction, or one that waits for a second connection, would stop everybody. */
  function watchIdleHolder(): void {
    const idle = holder;
    if (idle === undefined) return;
    idleTimer = setTimeout(() => {
      if (holder !== idle || turning !== undefined) return;
      if (line.length === 0) return watchIdleHolder();
      log.error(
        { idleMs: limits.idleInTransactionMs, waiting: line.length },
        'A transaction was rolled back: it said nothing while others waited for the embedded database',
      );
      hangUp(idle.stream);
    }, limits.idleInTransactionMs);
    idleTimer.unref();
  }

  async function close(): Promise<void> {
    closed = true;
    clearTimeout(idleTimer);
    backend.giveUp();
    await turning;
    for (const session of all) session.stream.destroy();
  }

  return { connect, close };
}

function isUnitEnd(message: FrontendMessage | undefined): boolean {
  return (
    message !== undefined &&
    (message.type === FRONTEND.sync ||
      message.type === FRONTEND.query ||
      message.type === FRONTEND.functionCall)
  );
}

function toRefusedConnection(): Error {
  return Object.assign(new Error('The embedded database is closed'), { code: 'ECONNREFUSED' });
}

/** Up to and with the first Sync or Query, after which the client waits for ReadyForQuery, or a Flush, which ends a part. */
function takeUnit(waiting: FrontendMessage[]): readonly FrontendMessage[] {
  const end = waiting.findIndex((message) => isUnitEnd(message) || message.type === FRONTEND.flush);
  return waiting.splice(0, end === -1 ? waiting.length : end + 1);
}

/** Statements that would break the only connection there is. */
function findRefusal(unit: readonly FrontendMessage[]): string | undefined {
  for (const message of unit) {
    if (message.type !== FRONTEND.query && message.type !== FRONTEND.parse) continue;
    if (/^\s*copy\b[^;]*\b(from\s+stdin|to\s+stdout)\b/i.test(toStatementText(message).slice(0, 2000))) {
      return 'The embedded database has no COPY through a connection; insert with unnest instead';
    }
  }
  return undefined;
}

/** What the driver takes for a socket. Both ends live in this process: no port, no file, nothing to break into. */
function createStream(receive: (chunk: Buffer) => void, leave: () => void): Duplex {
  const stream = new Duplex({
    read() {
      // rows are pushed as they come; the driver asks for at most one result at a time
    },
    write(chunk: Buffer, _encoding, done) {
      // Never answers within the call, as no socket does: the driver loses what it writes while it is writing.
      queueMicrotask(() => {
        try {
          receive(chunk);
          done();
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      });
    },
    final(done) {
      done();
      stream.destroy();
    },
    destroy(error, done) {
      leave();
      done(error);
    },
  });
  // postgres.js says goodbye only to a socket that says it is open
  Object.defineProperty(stream, 'readyState', { get: () => (stream.destroyed ? 'closed' : 'open') });
  return stream;
}
