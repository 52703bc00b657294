/**
 * Torv's own broker for installations without one: devices/<DevEUI>/up with an API key. The organisation comes from
 * the key, never from the topic; a revoked key loses its connections within seconds.
 */
import { groupBy } from '@torv/core/group-by';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { SourceRef } from './accept.ts';
import type { Inlet } from './inlet.ts';
import { type Broker, type BrokerOptions, type Credential, startBroker } from './mqtt/broker.ts';
import { ensureSource } from './source-store.ts';

export interface EmbeddedBrokerDeps {
  readonly sql: Sql;
  readonly inlet: Inlet;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
  readonly portConfigured: boolean;
  readonly tls?: NonNullable<BrokerOptions['tls']>;
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
  const started = await startBroker({
    host: deps.host,
    port: deps.port,
    portConfigured: deps.portConfigured,
    ...(deps.tls === undefined ? {} : { tls: deps.tls }),
    async authenticate(_username, password) {
      const credential = await deps.findKey(password);
      return credential?.scopes.has('ingest') || credential?.scopes.has('read') ? credential : undefined;
    },
    // Nothing is published on SensorThings topics yet.
    maySubscribe: async () => false,
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
    onNotice: (line) => deps.log.debug({}, line),
  });
  if (started.kind === 'off')
    return { broker: undefined, reason: started.reason, close: async () => undefined };
  const { broker } = started;
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
      await broker.stop();
    },
  };
}
