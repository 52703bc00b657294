/**
 * Keeps a listener running for every broker source that is switched on, as this process holds slots for, and the
 * embedded broker. What people change on the page Sources takes effect within seconds, in every process.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '@torv/core/errors';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { Sealer } from '../operations/seal-port.ts';
import type { Message } from './accept.ts';
import type { Inlet } from './inlet.ts';
import { createListener, type Listener, type ListenerOptions, type MqttMessage } from './mqtt/listener.ts';
import { forgetSession } from './mqtt/trial.ts';
import {
  type BrokerSource,
  findBrokerSources,
  leaseSlots,
  releaseSlots,
  setSourceState,
} from './source-store.ts';

export interface SourceManagerDeps {
  readonly sql: Sql;
  readonly inlet: Inlet;
  readonly sealer: Sealer;
  readonly log: Log;
  /** Gives the address to connect to, or refuses. */
  readonly resolveHost: (host: string) => Promise<string>;
  /** How many processes may share one source; 1 on the embedded database. */
  readonly mostSlots: number;
  /** So long a process that says nothing keeps its slots; it says something three times within it. */
  readonly leaseMs?: number;
  /** Of the listeners: first wait before another attempt. */
  readonly retryFromMs?: number;
}

export interface SourceManager {
  /** Looks at the sources now instead of at the next tick. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** What `settings` of a broker source holds, checked when it is saved. */
export interface BrokerSettings {
  readonly url: string;
  readonly username?: string;
  readonly topics: readonly string[];
  /** Several processes divide the messages (MQTT 5). */
  readonly sharedGroup?: string;
  /** PEM of the certificate authority of the broker. */
  readonly ca?: string;
}

interface Running {
  readonly listener: Listener;
  readonly options: ListenerOptions;
  readonly version: number;
}

/** What a broker remembers of a client: with another of these it must forget the client first. */
function toSubscription({ url, username, topics, sharedGroup }: ListenerOptions): string {
  return JSON.stringify([url, username, topics, sharedGroup]);
}

const LEASE_MS = 30_000;
const TICK_MS = 5_000;

export function toListenerOptions(
  source: Pick<BrokerSource, 'id' | 'settings' | 'secret'>,
  sealer: Sealer,
  resolveHost: (host: string) => Promise<string>,
): Omit<ListenerOptions, 'clientId'> {
  const settings = source.settings as unknown as BrokerSettings;
  return {
    url: settings.url,
    topics: settings.topics,
    resolveHost,
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.sharedGroup === undefined ? {} : { sharedGroup: settings.sharedGroup }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(source.secret === null ? {} : { password: sealer.open(source.secret, `source:${source.id}`) }),
  };
}

interface Told {
  /** The newest state and its words; undefined: written. */
  next: { readonly state: string; readonly reason: string | null } | undefined;
  last: string;
  writing: Promise<void> | undefined;
}

/**
 * Writes what state a source is in, one after the other: a connection changes its state faster than the database
 * answers, and the last one must be the one that stays. What could not be written is tried again by `flush`.
 */
function createStateWriter(sql: Sql) {
  const told = new Map<number, Told>();
  /** @returns whether all is written */
  async function write(sourceId: number, entry: Told): Promise<boolean> {
    while (entry.next !== undefined) {
      const { state, reason } = entry.next;
      entry.next = undefined;
      try {
        await setSourceState(sql, sourceId, state, reason);
      } catch {
        entry.next ??= { state, reason };
        return false;
      }
    }
    return true;
  }
  function wake(sourceId: number, entry: Told): void {
    entry.writing ??= write(sourceId, entry).then((isWritten) => {
      entry.writing = undefined;
      if (isWritten && entry.next !== undefined) wake(sourceId, entry);
    });
  }
  return {
    tell(sourceId: number, state: string, reason: string | null): void {
      const entry = told.get(sourceId) ?? { next: undefined, last: '', writing: undefined };
      told.set(sourceId, entry);
      const words = `${state} ${reason ?? ''}`;
      if (words === entry.last) return;
      entry.last = words;
      entry.next = { state, reason };
      wake(sourceId, entry);
    },
    /** @param known the sources there are: of one that is gone nothing is written any more */
    flush(known: readonly number[]): void {
      for (const [sourceId, entry] of told) {
        if (entry.next === undefined) continue;
        if (known.includes(sourceId)) wake(sourceId, entry);
        else if (entry.writing === undefined) told.delete(sourceId);
      }
    },
    settle: () => Promise.all([...told.values()].map((entry) => entry.writing)),
  };
}

export function createSourceManager(deps: SourceManagerDeps): SourceManager {
  const owner = randomUUID();
  const leaseMs = deps.leaseMs ?? LEASE_MS;
  /** `source/slot` -> the listener and the version of the source that it was made from. */
  const running = new Map<string, Running>();
  const states = createStateWriter(deps.sql);
  let closed = false;
  let ticking: Promise<void> | undefined;

  async function take(source: BrokerSource, messages: readonly MqttMessage[]): Promise<void> {
    // QoS 0 is never sent again: it is on disk before anything else happens to it.
    const once = messages.filter((message) => message.qos === 0);
    const again = messages.filter((message) => message.qos > 0);
    await Promise.all([
      once.length > 0 ? deps.inlet.spool(source, once.map(toMessage)) : undefined,
      again.length > 0 ? deps.inlet.accept(source, again.map(toMessage)) : undefined,
    ]);
  }

  function toOptions(source: BrokerSource, clientId: string): ListenerOptions {
    return {
      ...toListenerOptions(source, deps.sealer, deps.resolveHost),
      clientId,
      ...(deps.retryFromMs === undefined ? {} : { retryFromMs: deps.retryFromMs }),
    };
  }

  function start(source: BrokerSource, slot: number, options: ListenerOptions): void {
    const listener = createListener(
      options,
      (messages) => take(source, messages),
      (state) => {
        const words = [state.reason, ...state.notices].filter(Boolean).join(' ');
        if (!closed) states.tell(source.id, state.phase, words || null);
      },
    );
    running.set(`${source.id}/${slot}`, { listener, options, version: source.version });
    listener.start();
  }

  /** Settings that cannot be read are another subscription too: nothing is to wait for a listener that cannot come. */
  function isOther(source: BrokerSource, before: ListenerOptions): boolean {
    try {
      return toSubscription(toOptions(source, before.clientId)) !== toSubscription(before);
    } catch {
      return true;
    }
  }

  /** @param forget the broker is told to keep nothing for this client any more: its source or its topics are gone */
  async function stop(key: string, forget: boolean): Promise<void> {
    const entry = running.get(key);
    running.delete(key);
    if (!entry) return;
    await entry.listener.stop();
    if (!forget) return;
    const fault = await forgetSession(entry.options);
    if (fault !== undefined)
      deps.log.warn({ fault }, 'A broker may go on keeping messages for a source that is gone');
  }

  async function tick(): Promise<void> {
    const sources = await findBrokerSources(deps.sql);
    states.flush(sources.map((source) => source.id));
    const wanted = new Map<string, { source: BrokerSource; slot: { slot: number; clientId: string } }>();
    for (const source of sources) {
      const shared = (source.settings as { sharedGroup?: string }).sharedGroup !== undefined;
      for (const slot of await leaseSlots(
        deps.sql,
        source.id,
        owner,
        leaseMs / 1000,
        shared ? deps.mostSlots : 1,
      )) {
        wanted.set(`${source.id}/${slot.slot}`, { source, slot });
      }
    }
    for (const [key, entry] of [...running]) {
      const still = wanted.get(key);
      if (still?.source.version === entry.version) continue;
      const gone = !sources.some((source) => key.startsWith(`${source.id}/`));
      await stop(key, gone || (still !== undefined && isOther(still.source, entry.options)));
    }
    for (const [key, { source, slot }] of wanted) {
      if (running.has(key) || closed) continue;
      try {
        start(source, slot.slot, toOptions(source, slot.clientId));
      } catch (error) {
        // One source that cannot be right must not keep the others from running.
        states.tell(source.id, 'refused', error instanceof AppError ? error.detail : String(error));
      }
    }
  }

  function refresh(): Promise<void> {
    ticking ??= tick()
      .catch((error: unknown) => {
        if (!closed) deps.log.warn({ err: error }, 'The sources could not be looked at; what runs goes on');
      })
      .finally(() => {
        ticking = undefined;
      });
    return ticking;
  }

  const timer = setInterval(() => void refresh(), Math.min(TICK_MS, leaseMs / 3));
  void refresh();
  return {
    async refresh() {
      await ticking;
      await refresh();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await ticking;
      await Promise.all([...running.keys()].map((key) => stop(key, false)));
      await states.settle();
      await releaseSlots(deps.sql, owner).catch(() => undefined);
    },
  };
}

function toMessage({ topic, payload, arrivedAt }: MqttMessage): Message {
  return { body: payload, arrivedAt, topic };
}
