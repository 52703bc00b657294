/**
 * Tells MQTT subscribers what has changed (req/receive-updates-via-mqtt/receive-updates). Each topic that somebody
 * listens to has a queue of its own, is asked for once per distinct rights of its subscribers, and keeps its order;
 * a slow topic holds up no other, and what waits is bounded. Whoever subscribes learns only what a GET would show.
 */
import { AppError } from '@torv/core/errors';
import { groupBy } from '@torv/core/group-by';
import type { CheckedExpand } from '@torv/core/odata/check';
import type { EntityKey } from '@torv/core/sta/model';
import { toInstant } from '@torv/core/time';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { StoredReading } from '../observations/store.ts';
import { readChanged } from './changed.ts';
import type { Wire } from './render.ts';
import { isAbout, parseTopic, type Topic } from './topic.ts';
import type { Change } from './writer-store.ts';

/** Where the messages go: the broker. */
export interface Outlet {
  subscribers(topic: string): readonly Actor[];
  publish(topic: string, payload: Buffer, mayReceive: (actor: Actor) => boolean): void;
}

export interface UpdatesLimits {
  /** Changes are gathered this long. */
  readonly gatherMs: number;
  readonly topics: number;
  /** Changes that wait for one topic, and for all. */
  readonly waitingPerTopic: number;
  readonly waiting: number;
  /** Topics asked for at the same time. */
  readonly queries: number;
  readonly messageBytes: number;
}

export interface UpdatesOptions {
  /** Statements of it end after a while. */
  readonly sql: Sql;
  readonly wire: Wire;
  readonly log: Log;
  readonly now: () => number;
  readonly limits?: Partial<UpdatesLimits>;
  /** A topic came or went. */
  readonly onListen?: () => void;
}

/** What of other processes' changes is to be told here. */
export interface WantedUpdates {
  readonly entities: readonly EntityKey[];
  /** Datastreams whose new Observations are news. */
  readonly readings: 'all' | readonly number[];
}

export interface Updates {
  /** After the commit. */
  announce(changes: readonly Change[]): void;
  announceReadings(readings: readonly StoredReading[]): void;
  /** @throws AppError where nobody can subscribe to this, or not now */
  check(topic: string, actor: Actor): void;
  /** Somebody begins to listen, or the last one ceased to. */
  listen(topic: string, isListened: boolean): void;
  /** @returns how to stop */
  serve(outlet: Outlet): () => void;
  wanted(): WantedUpdates;
  /** Nothing waits any more. */
  settle(): Promise<void>;
  readonly state: { readonly topics: number; readonly waiting: number; readonly dropped: number };
}

interface Watch {
  readonly topic: Topic;
  waiting: Change[];
  running: boolean;
  /** Of a property that the server keeps: what was last told, by rights. */
  readonly last: Map<string, string>;
}

const DEFAULT_LIMITS: UpdatesLimits = Object.freeze({
  gatherMs: 20,
  topics: 5_000,
  waitingPerTopic: 20_000,
  waiting: 500_000,
  queries: 3,
  messageBytes: 1024 * 1024,
});
/** Rows of one query; fewer where each brings others along. */
const BATCH = 500;
const BATCH_EXPANDED = 10;
/** Given to the sockets in one turn of the event loop. */
const TURN_BYTES = 256 * 1024;
const TRIES = 3;
const TRY_AGAIN_MS = 500;
const COMPLAIN_EVERY_MS = 10_000;
/** More are no longer named one by one. */
const MAX_NAMED = 500;

/** Those with the same rights are asked for once. */
function toRights(actor: Actor): string {
  return (organisationsOf(actor, 'viewer') ?? ['all']).join(',');
}

/** Sees what everybody sees. */
function isPublic(actor: Actor): boolean {
  return organisationsOf(actor, 'viewer')?.length === 0;
}

/** The keys under which a topic is found; a change is looked for under all of its own. */
function toKey({ entity, id, datastreamId }: Topic): string {
  if (id !== undefined) return `${entity}:${id}`;
  return datastreamId === undefined ? entity : `${entity}@${datastreamId}`;
}

function bringsMany(expands: readonly CheckedExpand[]): boolean {
  return expands.some(({ many, query }) => many || bringsMany(query.expand));
}

/** At most so many at once, first come, first served. */
function createSlots(count: number) {
  let free = count;
  const queue: (() => void)[] = [];
  return {
    async take(): Promise<void> {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => queue.push(resolve));
    },
    give(): void {
      const next = queue.shift();
      if (next === undefined) free++;
      else next();
    },
  };
}

export function createUpdates(options: UpdatesOptions): Updates {
  const { sql, wire, log, now } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const watches = new Map<string, Watch>();
  const byKey = new Map<string, Set<Watch>>();
  /** Of one Datastream's Observations: what has no known Datastream may be news in any. */
  const ofDatastreams = new Set<Watch>();
  /** Datastream -> who listens to what the server keeps of it. */
  const ofKept = new Map<string, Set<Watch>>();
  const slots = createSlots(limits.queries);
  /** Of topics to which only those without a key listen: however many and costly, they hold up nobody else. */
  const publicSlots = createSlots(1);
  let outlet: Outlet | undefined;
  let gathered: Change[] = [];
  let timer: NodeJS.Timeout | undefined;
  let waiting = 0;
  let dropped = 0;
  let complainedMs = Number.NEGATIVE_INFINITY;
  let running = 0;
  const onSettled: (() => void)[] = [];

  function drop(count: number): void {
    dropped += count;
    if (performance.now() - complainedMs < COMPLAIN_EVERY_MS) return;
    complainedMs = performance.now();
    log.warn({ dropped }, 'MQTT subscribers were not told of some changes: more came than could be told');
  }

  function push(watch: Watch, change: Change): void {
    if (!isAbout(watch.topic, change)) return;
    if (watch.waiting.length >= limits.waitingPerTopic || waiting >= limits.waiting) {
      drop(1);
      return;
    }
    watch.waiting.push(change);
    waiting++;
    if (!watch.running) void run(watch);
  }

  function spread(): void {
    clearTimeout(timer);
    timer = undefined;
    const changes = gathered;
    gathered = [];
    const grown = new Set<number>();
    for (const change of changes) {
      const { entity, id, reading } = change;
      for (const watch of byKey.get(entity) ?? []) push(watch, change);
      for (const watch of byKey.get(`${entity}:${id}`) ?? []) push(watch, change);
      if (entity !== 'observation') continue;
      if (reading !== undefined) grown.add(reading.datastreamId);
      const near = reading === undefined ? ofDatastreams : byKey.get(`${entity}@${reading.datastreamId}`);
      for (const watch of near ?? []) push(watch, change);
    }
    // all keys: isAbout chooses
    for (const id of grown)
      for (const watch of ofKept.get(String(id)) ?? [])
        push(watch, { kind: 'updated', entity: 'datastream', id });
    settled();
  }

  function settled(): void {
    if (timer !== undefined || running > 0) return;
    for (const resolve of onSettled.splice(0)) resolve();
  }

  async function run(watch: Watch): Promise<void> {
    watch.running = true;
    running++;
    const most = bringsMany(watch.topic.query.expand) ? BATCH_EXPANDED : BATCH;
    while (watch.waiting.length > 0) {
      const pool = outlet?.subscribers(watch.topic.text).every(isPublic) === true ? publicSlots : slots;
      await pool.take();
      try {
        const batch = watch.waiting.splice(0, most);
        waiting -= batch.length;
        await tell(watch, batch);
      } catch (error) {
        log.warn({ err: error, topic: watch.topic.text }, 'MQTT subscribers were not told of a change');
      } finally {
        pool.give();
      }
    }
    watch.running = false;
    running--;
    settled();
  }

  async function tell({ topic, last }: Watch, changes: readonly Change[]): Promise<void> {
    const byRights = groupBy(outlet?.subscribers(topic.text) ?? [], toRights);
    for (const [rights, [actor]] of byRights) {
      if (actor === undefined) continue;
      const messages = await read(topic, actor, changes);
      let bytes = 0;
      for (const text of messages) {
        if (topic.keptOf !== undefined) {
          if (last.get(rights) === text) continue;
          last.set(rights, text);
        }
        const payload = Buffer.from(text);
        if (payload.length > limits.messageBytes) {
          log.warn({ topic: topic.text, bytes: payload.length }, 'An MQTT message was too large to be sent');
          continue;
        }
        outlet?.publish(topic.text, payload, (each) => toRights(each) === rights);
        bytes += payload.length;
        if (bytes < TURN_BYTES) continue;
        bytes = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** A database that is away for a moment makes nobody miss anything. */
  async function read(topic: Topic, actor: Actor, changes: readonly Change[]): Promise<readonly string[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await readChanged({ sql, actor, wire, topic, changes, now: toInstant(now()) });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        // what this statement cannot do it cannot do the next time either, and one that was too slow neither
        if (tries >= TRIES || outlet === undefined || /^(2|42|54|57014|XX000)/.test(code)) throw error;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
  }

  function wanted(): WantedUpdates {
    const entities = new Set<EntityKey>();
    const readings = new Set<number>();
    let isAll = false;
    for (const { topic } of watches.values()) {
      entities.add(topic.entity);
      const id = topic.datastreamId ?? topic.keptOf;
      if (id !== undefined) readings.add(Number(id));
      else if (topic.entity === 'observation') isAll = true;
    }
    const named = [...readings].filter(Number.isSafeInteger);
    return { entities: [...entities], readings: isAll || named.length > MAX_NAMED ? 'all' : named };
  }

  function announce(changes: readonly Change[]): void {
    if (watches.size === 0 || outlet === undefined) return;
    const room = limits.waiting - gathered.length;
    for (let i = 0; i < changes.length && i < room; i++) {
      const change = changes[i];
      if (change !== undefined && change.kind !== 'deleted') gathered.push(change);
    }
    if (changes.length > room) drop(changes.length - room);
    if (gathered.length > 0) timer ??= setTimeout(spread, limits.gatherMs);
  }

  return {
    announce,
    wanted,
    announceReadings(readings) {
      if (watches.size === 0) return;
      announce(
        readings.map(({ id, datastreamId, phenomenonTime }) => ({
          kind: 'created',
          entity: 'observation',
          id,
          reading: { datastreamId, phenomenonTime },
        })),
      );
    },
    check(topic, actor) {
      parseTopic(wire.version, topic);
      // those without a key leave room for those with one
      const most = isPublic(actor) ? limits.topics >> 1 : limits.topics;
      if (watches.size >= most && !watches.has(topic))
        throw new AppError('TOO_MANY', 'So many topics are listened to that no other is taken.');
    },
    listen(text, isListened) {
      const there = watches.get(text);
      if (isListened === (there !== undefined)) return;
      options.onListen?.();
      if (there === undefined) {
        // what was before is no news to who comes now
        spread();
        const watch: Watch = {
          topic: parseTopic(wire.version, text),
          waiting: [],
          running: false,
          last: new Map(),
        };
        const key = toKey(watch.topic);
        watches.set(text, watch);
        byKey.set(key, (byKey.get(key) ?? new Set()).add(watch));
        if (watch.topic.datastreamId !== undefined) ofDatastreams.add(watch);
        if (watch.topic.keptOf !== undefined) {
          const { keptOf } = watch.topic;
          ofKept.set(keptOf, (ofKept.get(keptOf) ?? new Set()).add(watch));
        }
        return;
      }
      const key = toKey(there.topic);
      watches.delete(text);
      ofDatastreams.delete(there);
      const { keptOf } = there.topic;
      if (keptOf !== undefined) {
        ofKept.get(keptOf)?.delete(there);
        if (ofKept.get(keptOf)?.size === 0) ofKept.delete(keptOf);
      }
      byKey.get(key)?.delete(there);
      if (byKey.get(key)?.size === 0) byKey.delete(key);
      waiting -= there.waiting.length;
      there.waiting = [];
    },
    serve(to) {
      outlet = to;
      return () => {
        outlet = undefined;
      };
    },
    async settle() {
      if (timer === undefined && running === 0) return;
      await new Promise<void>((resolve) => onSettled.push(resolve));
    },
    get state() {
      return { topics: watches.size, waiting, dropped };
    },
  };
}
