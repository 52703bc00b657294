/**
 * Word between the processes on one PostgreSQL: LISTEN on a connection of its own that is opened anew whenever it
 * ends or falls silent, and NOTIFY as a statement of its own, never within a transaction that writes data: its
 * commit would wait for a lock that all notifying transactions share. What is said here may be lost (a killed
 * process, a connection that broke): it only ever makes somebody look earlier, so a loss costs a late page.
 */
import type { Duplex } from 'node:stream';
import { toJsonTexts } from './array-literals.ts';
import type { Log } from './log.ts';
import { connect } from './pool.ts';
import type { Sql } from './sql.ts';

/** PostgreSQL takes less than 8,000 bytes. */
export const MAX_NOTICE_BYTES = 7_900;

export interface NoticeHandlers {
  /** Also what this process has sent itself. */
  readonly onNotice: (text: string) => void;
  /** It can be heard now; `gapMs`: how long it could not, undefined the first time. */
  readonly onUp: (gapMs: number | undefined) => void;
}

export interface NoticeLine {
  /** In this order; one call at a time. @param texts JSON, each of at most MAX_NOTICE_BYTES */
  send(texts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface NoticeOptions {
  readonly sql: Sql;
  readonly log: Log;
  readonly url: string;
  readonly open: () => Duplex;
  readonly echoMs?: number;
}

const CHANNEL = 'torv';
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** What was sent so long ago and is not heard yet is not heard any more: the connection is half dead. */
const ECHO_MS = 10_000;

const DEAF =
  'What is said to other processes does not come back: a pooler in the way (transaction mode) must be gone round';

function refuse(): never {
  throw new Error('The connection ended before it could listen');
}

export function openNoticeLine(
  { sql, echoMs = ECHO_MS, ...way }: NoticeOptions,
  handlers: NoticeHandlers,
): NoticeLine {
  const { log } = way;
  let isClosed = false;
  let pauseMs = FIRST_PAUSE_MS;
  let end: (() => void) | undefined;
  let upMs = Number.POSITIVE_INFINITY;
  let heardMs = Number.NEGATIVE_INFINITY;
  /** What was said last. */
  let said: { readonly begunMs: number; readonly doneMs: number } | undefined;
  /** Since when it has been up and has not heard what was said. */
  let silentMs: number | undefined;

  async function listen(downMs: number | undefined): Promise<void> {
    let hangUp = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      hangUp = resolve;
    });
    end = hangUp;
    const client = connect(
      { ...way, maxConnections: 1, settings: { application_name: 'torv-listen' } },
      {
        // it lives as long as the process
        max_lifetime: null,
        onclose: hangUp,
        onnotify: (_channel: string, text: string) => {
          heardMs = performance.now();
          pauseMs = FIRST_PAUSE_MS;
          handlers.onNotice(text);
        },
      },
    );
    try {
      await Promise.race([client.unsafe(`LISTEN ${CHANNEL}`), ended.then(refuse)]);
      upMs = performance.now();
      handlers.onUp(downMs === undefined ? undefined : performance.now() - downMs);
      await ended;
    } finally {
      end = undefined;
      upMs = Number.POSITIVE_INFINITY;
      await client.end({ timeout: 0 }).catch(() => undefined);
    }
  }

  async function run(): Promise<void> {
    let downMs: number | undefined;
    while (!isClosed) {
      const wasUp = await listen(downMs).then(
        () => true,
        (error: unknown) => {
          log.debug({ err: error }, 'Other processes cannot be listened to now; tried again later');
          return false;
        },
      );
      if (isClosed) return;
      if (wasUp || downMs === undefined) {
        downMs = silentMs ?? performance.now();
        silentMs = undefined;
        log.warn({ pauseMs }, 'The connection that listens to other processes ended; it is opened anew');
      }
      await pause(pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  let wake: (() => void) | undefined;
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Everything that is said comes back to who said it. */
  function isDeaf({ begunMs, doneMs }: NonNullable<typeof said>, nowMs: number): boolean {
    return upMs < begunMs && heardMs < begunMs && nowMs - doneMs > echoMs;
  }

  const running = run();
  return {
    async send(texts) {
      const begunMs = performance.now();
      if (said !== undefined && isDeaf(said, begunMs)) {
        silentMs = said.begunMs;
        log.warn({ silentMs: Math.round(begunMs - silentMs) }, DEAF);
        end?.();
      }
      const { text, separator } = toJsonTexts(texts);
      await sql`SELECT pg_notify(${CHANNEL}, n.text) FROM unnest(string_to_array(${text}, ${separator})) AS n(text)`;
      said = { begunMs, doneMs: performance.now() };
    },
    async close() {
      isClosed = true;
      end?.();
      wake?.();
      await running;
    },
  };
}
