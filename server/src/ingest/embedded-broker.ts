/**
 * Torv's own broker for installations without one: devices/<DevEUI>/up with an API key, and the topics of
 * SensorThings. The organisation comes from the key, never from the topic; a revoked key loses its connections within
 * seconds.
 */
import { AppError } from '@torv/core/errors';
import { groupBy } from '@torv/core/group-by';
import { type Actor, ANONYMOUS } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { SourceRef } from './accept.ts';
import type { Inlet } from './inlet.ts';
import { type Broker, type BrokerOptions, type Credential, startBroker } from './mqtt/broker.ts';
import { ensureSource } from './source-store.ts';

/** What stands behind the topics that begin with v1.1/. */
export interface SensorThingsTopics {
  /** Resolves when committed; whoever has no key is anonymous. */
  publish(publication: {
    readonly actor: Actor;
    readonly path: string;
    readonly body: string;
    readonly now: string;
  }): Promise<void>;
  /** @throws AppError where nobody can subscribe to this */
  check(topic: string, actor: Actor): void;
  listen(topic: string, isListened: boolean): void;
  serve(outlet: {
    subscribers(topic: string): readonly Actor[];
    publish(topic: string, payload: Buffer, mayReceive: (actor: Actor) => boolean): void;
  }): () => void;
}

export interface EmbeddedBrokerDeps {
  readonly sql: Sql;
  readonly inlet: Inlet;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
  readonly portConfigured: boolean;
  readonly tls?: NonNullable<BrokerOptions['tls']>;
  readonly sensorThings?: SensorThingsTopics;
  /** TORV_STA_OPEN */
  readonly openForWriting?: boolean;
  /** Undefined: unknown, expired or revoked. */
  readonly findKey: (text: string) => Promise<Credential | undefined>;
  /** Of these keys, those that are no longer good. */
  readonly findDeadKeys: (ids: readonly number[]) => Promise<readonly number[]>;
}

export interface EmbeddedBroker {
  /** Undefined: off, and why is in `reason`. */
  readonly broker: Broker | undefined;
  readonly reason: string | undefined;
  close(): Promise<void>;
}

const LOOK_AT_KEYS_MS = 2_000;
/** Refusals told to the operator in a minute; further ones only to who looks closely. */
const REFUSALS_PER_MINUTE = 20;

function toActor(credential: Credential | undefined): Actor {
  if (credential === undefined) return ANONYMOUS;
  const { keyId, organisationId, scopes } = credential;
  return { kind: 'key', keyId, organisationId, scopes };
}

/** @throws AppError BAD_BODY */
function toText(payload: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    throw new AppError('BAD_BODY', 'The message is not UTF-8.', { at: 'body' });
  }
}

/** Why a client was refused stands in the log alone: MQTT 3.1.1 has no words for it. */
function createNotice(log: Log): (line: string, isRefusal?: boolean) => void {
  let minute = 0;
  let told = 0;
  return (line, isRefusal = false) => {
    if (!isRefusal) {
      log.debug({}, line);
      return;
    }
    const current = Math.floor(performance.now() / 60_000);
    if (current !== minute) [minute, told] = [current, 0];
    if (told++ < REFUSALS_PER_MINUTE) log.warn({}, line);
    else log.debug({}, line);
  };
}

export async function openEmbeddedBroker(deps: EmbeddedBrokerDeps): Promise<EmbeddedBroker> {
  if (deps.port === 0) return { broker: undefined, reason: undefined, close: async () => undefined };
  const sources = new Map<number, SourceRef>();
  async function findSource(organisationId: number): Promise<SourceRef> {
    const known =
      sources.get(organisationId) ??
      (await ensureSource(deps.sql, { organisationId, name: 'Torv MQTT', kind: 'broker', format: 'torv' }));
    sources.set(organisationId, known);
    return known;
  }
  const notice = createNotice(deps.log);
  const { sensorThings } = deps;
  const started = await startBroker({
    host: deps.host,
    port: deps.port,
    portConfigured: deps.portConfigured,
    ...(deps.tls === undefined ? {} : { tls: deps.tls }),
    async authenticate(_username, password) {
      const credential = await deps.findKey(password);
      return credential;
    },
    // Who may see what is decided for each message; here only whether it can be understood.
    async maySubscribe(credential, topic) {
      if (sensorThings === undefined) return false;
      try {
        sensorThings.check(topic, toActor(credential));
        return true;
      } catch (error) {
        const why = error instanceof AppError ? error.detail : 'not understood';
        notice(`MQTT: nobody can subscribe to ${JSON.stringify(topic.slice(0, 200))}: ${why}`, true);
        return false;
      }
    },
    ...(sensorThings === undefined
      ? {}
      : {
          publishSensorThings: ({ topic, payload, credential, arrivedAt }) =>
            sensorThings.publish({
              actor: toActor(credential),
              path: topic.slice(topic.indexOf('/') + 1),
              body: toText(payload),
              now: arrivedAt,
            }),
          onTopic: (topic, isListened) => sensorThings.listen(topic, isListened),
        }),
    openForWriting: deps.openForWriting ?? false,
    async take(messages) {
      const byOrganisation = groupBy(messages, (message) => message.credential.organisationId);
      await Promise.all(
        [...byOrganisation].map(async ([organisationId, list]) => {
          const source = await findSource(organisationId);
          await deps.inlet.keep(
            source,
            list.map((m) => ({ body: m.payload, arrivedAt: m.arrivedAt, topic: `devices/${m.devEui}/up` })),
          );
        }),
      );
    },
    onNotice: notice,
  });
  if (started.kind === 'off')
    return { broker: undefined, reason: started.reason, close: async () => undefined };
  const { broker } = started;
  const stopServing = sensorThings?.serve({
    subscribers: (topic) => broker.subscribers(topic).map(toActor),
    publish: (topic, payload, mayReceive) =>
      broker.publish(topic, payload, (credential) => mayReceive(toActor(credential))),
  });
  const timer = setInterval(() => {
    const keys = broker.connectedKeys();
    if (keys.length === 0) return;
    deps.findDeadKeys(keys).then(
      (dead) => {
        for (const key of dead) broker.closeByKey(key);
      },
      () => undefined, // the database is away: asked again in a moment
    );
  }, LOOK_AT_KEYS_MS);
  return {
    broker,
    reason: undefined,
    async close() {
      clearInterval(timer);
      stopServing?.();
      await broker.stop();
    },
  };
}
