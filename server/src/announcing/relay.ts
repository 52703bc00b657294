/**
 * Takes what is announced in this process to the other processes on the same PostgreSQL, as far as somebody listens
 * there, and brings in theirs. Gathered and bounded: thousands of readings a second become some notices a second,
 * and what is too much is dropped, counted and said. Sent after the commit and kept nowhere: a process that is killed
 * in between loses what it had not said yet, which costs a page that is late and a message that a subscriber misses.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Database, NoticeLine } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import { MAX_NOTICE_BYTES } from '../db/notices.ts';
import type { StoredReading } from '../observations/store.ts';
import { type Notice, toChangeLists, toLiveLists, toNotice, toNoticeText, type Wanted } from './notice.ts';

export interface RelayHandlers {
  /** What is listened to in this process, now. */
  readonly toWanted: () => Wanted;
  readonly onLive: (datastreams: ReadonlySet<number>) => void;
  readonly onChanges: (changes: readonly Change[]) => void;
  /** Whether there is anybody elsewhere. */
  readonly onPeers: (areThere: boolean) => void;
  /** Some of what others said was not heard: anything may have changed for so long. */
  readonly onGap: (gapMs: number) => void;
}

export interface RelayLimits {
  /** Changes are gathered this long. */
  readonly gatherMs: number;
  /** Changes that wait to be said. */
  readonly waiting: number;
  readonly helloEveryMs: number;
}

export interface RelayState {
  /** Other processes. */
  readonly peers: number;
  /** Changes that were too many to be said. */
  readonly dropped: number;
  /** Notices that others said and that were not heard. */
  readonly lost: number;
}

export interface Relay {
  /** After the commit. */
  changes(changes: readonly Change[]): void;
  readings(readings: readonly StoredReading[]): void;
  live(datastreams: ReadonlySet<number>): void;
  /** What is listened to here has become something else. */
  wantedChanged(): void;
  readonly state: RelayState;
  close(): Promise<void>;
}

export interface RelayOptions {
  readonly database: Pick<Database, 'openNotices'>;
  readonly log: Log;
  readonly handlers: RelayHandlers;
  readonly limits?: Partial<RelayLimits>;
}

/** What was announced at once; only what somebody wants is looked at one by one. */
type Announced =
  | { readonly kind: 'changes'; readonly list: readonly Change[] }
  | { readonly kind: 'readings'; readonly list: readonly StoredReading[] };

interface Peer {
  wanted: Wanted;
  heardMs: number;
  /** The number of the last notice that was heard of it. */
  n: number;
}

const DEFAULT_LIMITS: RelayLimits = Object.freeze({ gatherMs: 100, waiting: 100_000, helloEveryMs: 15_000 });
/** Who has not said anything for so many hellos is gone. */
const SILENT_HELLOS = 3.5;
/** After its start a process does not know the others yet: what it announces waits for their answers. */
const GET_TO_KNOW_MS = 1_000;
/** What is listened to is told so soon; less than what is announced is gathered for. */
const HELLO_SOON_MS = 5;
const COMPLAIN_EVERY_MS = 10_000;
const MISSED = 'Some of what other processes changed was not heard: MQTT subscribers may have missed it';
/** How long the last words may take. */
const LAST_WORDS_MS = 2_000;
const TRY_AGAIN_MS = 1_000;
/** Of the list in a notice; the rest is its frame. */
const LIST_CHARS = MAX_NOTICE_BYTES - 200;
/** Of one statement. */
const TEXTS_AT_ONCE = 32;

/** undefined: there can be no other process. */
export function openRelay({ database, log, handlers, limits: given }: RelayOptions): Relay | undefined {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const me = randomUUID().slice(0, 13);
  const begunMs = performance.now();
  const peers = new Map<string, Peer>();
  let n = 0;
  /** What waits, in its order. */
  let waiting: Announced[] = [];
  let waitingCount = 0;
  let ids = new Set<number>();
  let hello: { readonly answer: boolean } | undefined;
  let helloTimer: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let saying: Promise<void> | undefined;
  let isClosed = false;
  let dropped = 0;
  let lost = 0;
  const complainedMs = new Map<string, number>();

  function complain(text: string, fields: object): void {
    if (performance.now() - (complainedMs.get(text) ?? Number.NEGATIVE_INFINITY) < COMPLAIN_EVERY_MS) return;
    complainedMs.set(text, performance.now());
    log.warn(fields, text);
  }

  function drop(count: number): void {
    dropped += count;
    complain('Other processes were not told of some changes: more came than could be told', { dropped });
  }

  // Out --------------------------------------------------------------------------------------------------------

  /** Of what waits that which somebody elsewhere listens to, now. */
  function takeWanted(): Change[] {
    const taken = waiting;
    waiting = [];
    waitingCount = 0;
    const wanted = [...peers.values()].map((peer) => peer.wanted);
    const entities = new Set(wanted.flatMap((one) => one.entities));
    const isAll = wanted.some((one) => one.readings === 'all');
    const some = new Set(wanted.flatMap((one) => (one.readings === 'all' ? [] : one.readings)));
    const isWanted = (datastreamId: number) => isAll || some.has(datastreamId);
    const changes: Change[] = [];
    for (const { kind, list } of taken) {
      if (kind === 'changes') {
        for (const change of list)
          if (
            change.reading === undefined ? entities.has(change.entity) : isWanted(change.reading.datastreamId)
          )
            changes.push(change);
      } else if (isAll || some.size > 0) {
        for (const { id, datastreamId, phenomenonTime } of list)
          if (isWanted(datastreamId))
            changes.push({
              kind: 'created',
              entity: 'observation',
              id,
              reading: { datastreamId, phenomenonTime },
            });
      }
    }
    return changes;
  }

  function takeTexts(): string[] {
    const texts: string[] = [];
    const say = (said: Parameters<typeof toNoticeText>[2]) => {
      n++;
      texts.push(toNoticeText(me, n, said));
    };
    if (hello !== undefined) say({ kind: 'hello', wanted: handlers.toWanted(), answer: hello.answer });
    hello = undefined;
    // Who has just begun to look is known by now: his hello took less time than readings are gathered.
    if ([...peers.values()].some((peer) => peer.wanted.live))
      for (const list of toLiveLists([...ids], LIST_CHARS)) say({ kind: 'live', list });
    ids = new Set();
    for (const list of toChangeLists(takeWanted(), LIST_CHARS)) say({ kind: 'changes', list });
    return texts;
  }

  function push(announced: Announced): void {
    const { length } = announced.list;
    // Whether somebody wants them is asked when they are said: who has just begun to listen is known by then.
    if (length === 0 || isClosed) return;
    if (peers.size === 0 && performance.now() - begunMs > GET_TO_KNOW_MS) return;
    if (waitingCount + length > limits.waiting) {
      drop(length);
      return;
    }
    waiting.push(announced);
    waitingCount += length;
    plan(limits.gatherMs);
  }

  function plan(inMs: number): void {
    if (timer !== undefined || saying !== undefined || isClosed) return;
    timer = setTimeout(() => {
      timer = undefined;
      saying = sayAll().finally(() => {
        saying = undefined;
        if (waiting.length > 0 || ids.size > 0 || hello !== undefined) plan(limits.gatherMs);
      });
    }, inMs);
  }

  /** Resolves when everything that waited is said; a database that is away for a moment makes nothing be missed. */
  async function sayAll(): Promise<void> {
    const texts = takeTexts();
    while (texts.length > 0) {
      try {
        await line?.send(texts.slice(0, TEXTS_AT_ONCE));
        texts.splice(0, TEXTS_AT_ONCE);
      } catch (error) {
        complain('Other processes cannot be told of changes now; tried again', { err: error });
        if (isClosed) return;
        await sleep(TRY_AGAIN_MS);
      }
    }
  }

  function sayHello(answer: boolean): void {
    if (isClosed) return;
    // of two at once the one that asks counts
    hello = { answer: answer || hello?.answer === true };
    helloTimer ??= setTimeout(() => {
      helloTimer = undefined;
      clearTimeout(timer);
      timer = undefined;
      plan(0);
    }, HELLO_SOON_MS);
  }

  function tellPeers(): void {
    handlers.onPeers(peers.size > 0);
  }

  const heartbeat = setInterval(() => {
    const silentMs = performance.now() - limits.helloEveryMs * SILENT_HELLOS;
    for (const [id, peer] of peers) if (peer.heardMs < silentMs) peers.delete(id);
    tellPeers();
    sayHello(false);
  }, limits.helloEveryMs);
  heartbeat.unref();

  // In ---------------------------------------------------------------------------------------------------------

  function hear(notice: Notice): void {
    const there = peers.get(notice.from);
    // said again because its sender did not learn that it was said
    if (there !== undefined && notice.n <= there.n) return;
    if (there !== undefined) {
      const missed = notice.n - there.n - 1;
      there.n = notice.n;
      there.heardMs = performance.now();
      if (missed > 0) {
        lost += missed;
        if (handlers.toWanted().entities.length > 0) complain(MISSED, { lost });
      }
    }
    switch (notice.kind) {
      case 'hello': {
        const { wanted, n: number } = notice;
        if (there === undefined) peers.set(notice.from, { wanted, n: number, heardMs: performance.now() });
        else there.wanted = wanted;
        tellPeers();
        // who is new here, or asks, is told in turn what is wanted here
        if (there === undefined || notice.answer) sayHello(false);
        return;
      }
      case 'bye':
        peers.delete(notice.from);
        tellPeers();
        return;
      case 'live':
        handlers.onLive(new Set(notice.datastreams));
        return;
      case 'changes':
        handlers.onChanges(notice.changes);
        return;
    }
  }

  const line: NoticeLine | undefined = database.openNotices({
    onNotice(text) {
      const notice = toNotice(text);
      if (notice === undefined) complain('A notice of another process was not understood', {});
      else if (notice.from !== me) hear(notice);
    },
    onUp(gapMs) {
      sayHello(true);
      if (gapMs === undefined) return;
      // Hellos were missed too: nobody is forgotten before he could answer.
      for (const peer of peers.values()) peer.heardMs = performance.now();
      if (handlers.toWanted().entities.length > 0) complain(MISSED, { gapMs: Math.round(gapMs) });
      handlers.onGap(gapMs);
    },
  });
  if (line === undefined) {
    clearInterval(heartbeat);
    return undefined;
  }

  return {
    changes: (list) => push({ kind: 'changes', list }),
    readings: (list) => push({ kind: 'readings', list }),
    live(datastreams) {
      if (isClosed) return;
      for (const id of datastreams) ids.add(id);
      // they were gathered before
      plan(0);
    },
    wantedChanged: () => sayHello(false),
    get state() {
      return { peers: peers.size, dropped, lost };
    },
    async close() {
      isClosed = true;
      clearInterval(heartbeat);
      clearTimeout(helloTimer);
      clearTimeout(timer);
      const lastWords = async () => {
        await saying;
        hello = undefined;
        await line.send([...takeTexts(), toNoticeText(me, n + 1, { kind: 'bye' })]);
      };
      const said = lastWords().catch((error: unknown) =>
        log.debug({ err: error }, 'Nobody was told of the end'),
      );
      await Promise.race([said, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
      await line.close();
    },
  };
}
