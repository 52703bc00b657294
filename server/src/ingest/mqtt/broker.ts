/**
 * The embedded broker (MQTT 3.1.1) for sites that have none. A PUBACK goes out only when `take` has committed the
 * message; who publishes is known by an API key, never by the topic. What clients publish reaches nobody but `take`:
 * subscribers are given only what Torv itself publishes. Sessions end with their connection, and nothing is retained.
 * A connection may come by TCP, or by any other stream that `accept` is given (WebSocket). Long because everything that
 * a client may do, and how much of it, is answered in one place.
 */
import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { AppError } from '@torv/core/errors';
import { type Eui64, parseEui64 } from '@torv/core/ids';
import { Aedes, type Client } from 'aedes';
import type { IPublishPacket } from 'mqtt-packet';
import type { Scope } from '../../access/port.ts';
import { Gate, type Load, type MqttStream } from './gate.ts';
import {
  type BrokerLimits,
  type Bucket,
  createBucket,
  createLoginGuard,
  DEFAULT_LIMITS,
  toAddressGroup,
} from './quotas.ts';

export interface Credential {
  readonly organisationId: number;
  readonly keyId: number;
  readonly scopes: ReadonlySet<Scope>;
}

export interface DeviceMessage {
  readonly devEui: Eui64;
  readonly payload: Buffer;
  readonly credential: Credential;
  /** RFC 3339 */
  readonly arrivedAt: string;
}

export interface SensorThingsMessage {
  /** Begins with v1.1/ */
  readonly topic: string;
  readonly payload: Buffer;
  /** undefined: anonymous, where the installation is open for writing. */
  readonly credential: Credential | undefined;
  readonly arrivedAt: string;
}

export interface BrokerOptions {
  readonly host: string;
  readonly port: number;
  /** A busy configured port stops the start; a busy default one leaves the broker off. */
  readonly portConfigured: boolean;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Resolves to undefined for a wrong key; rejects where nobody can say right now. */
  readonly authenticate: (username: string | undefined, password: string) => Promise<Credential | undefined>;
  /** undefined: anonymous. Asked once per subscription; `publish` can ask again per message. */
  readonly maySubscribe: (credential: Credential | undefined, topic: string) => Promise<boolean>;
  /** Resolves when committed; only then are the messages acknowledged. Rejecting closes the clients' connections. */
  readonly take: (messages: readonly DeviceMessage[]) => Promise<void>;
  readonly publishSensorThings?: (message: SensorThingsMessage) => Promise<void>;
  /** Anybody may publish on SensorThings topics, also without a key (TORV_STA_OPEN). */
  readonly openForWriting?: boolean;
  /** Somebody begins to listen to a topic, or the last one ceased to. */
  readonly onTopic?: (topic: string, isListened: boolean) => void;
  /** One line for the log; holds no secret. isRefusal: why a message was not taken, which its sender cannot be told. */
  readonly onNotice?: (line: string, isRefusal?: boolean) => void;
  readonly limits?: Partial<BrokerLimits>;
}

export interface BrokerState {
  readonly connections: number;
  readonly anonymous: number;
  readonly received: number;
  readonly kept: number;
  readonly refused: number;
  readonly inFlightBytes: number;
}

export interface Broker {
  readonly port: number;
  readonly state: BrokerState;
  /** Topics that somebody listens to at this moment. */
  subscribedTopics(): readonly string[];
  /** Who listens to exactly this topic; undefined: anonymous. */
  subscribers(topic: string): readonly (Credential | undefined)[];
  /** A connection that came in another way than by TCP; it is under the same rules. */
  accept(stream: MqttStream): void;
  /** Gives the message to each subscriber of exactly this topic whom `mayReceive` lets; returns how many. */
  publish(
    topic: string,
    payload: Buffer,
    mayReceive?: (credential: Credential | undefined) => boolean,
  ): number;
  /** Keys that are connected at this moment. */
  connectedKeys(): readonly number[];
  /** A key was revoked: its connections end at once. Returns how many. */
  closeByKey(keyId: number): number;
  stop(): Promise<void>;
}

export type BrokerStart =
  | { readonly kind: 'on'; readonly broker: Broker }
  | { readonly kind: 'off'; readonly reason: string };

interface Session {
  readonly client: Client;
  readonly gate: Gate;
  readonly credential: Credential | undefined;
  /** topic -> granted QoS */
  readonly topics: Map<string, 0 | 1>;
}

const DEVICE_TOPIC = /^devices\/([^/]{1,40})\/up$/;
const SENSORTHINGS_PREFIX = 'v1.1/';
const NOT_AUTHORISED = 5;
const BAD_CREDENTIALS = 4;
const UNAVAILABLE = 3;
const DRAIN_MS = 10_000;
/** Stands for the key of those who have none: they share one rate. */
const NOBODY = 0;

/** aedes hands what a client publishes to the subscribers; here it ends with `take`. */
class QuietBroker extends Aedes {
  override publish(packet: Parameters<Aedes['publish']>[0], ...rest: unknown[]): void {
    const [client, done] = rest;
    if (client !== null && typeof client === 'object') {
      if (typeof done === 'function') done();
      return;
    }
    const callback = [client, done].find((each) => typeof each === 'function');
    super.publish(packet, (callback ?? (() => undefined)) as (error?: Error) => void);
  }
}

function refuse(returnCode: number, message: string): Error & { returnCode: number } {
  return Object.assign(new Error(message), { returnCode });
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @throws AppError BAD_CONFIG where the configured port cannot be had */
export async function startBroker(options: BrokerOptions): Promise<BrokerStart> {
  const limits: BrokerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const notice = options.onNotice ?? (() => undefined);
  const load: Load = { bytes: 0, waiting: new Set(), unsentBytes: 0 };
  const logins = createLoginGuard(limits.failedLoginsPerMinute);
  const sessions = new Map<Client, Session>();
  const gates = new Map<Client, { readonly gate: Gate; readonly address: string }>();
  const withWill = new WeakSet<Client>();
  const buckets = new Map<number, Bucket>();
  /** When a key was revoked: a log-in that was being checked meanwhile must not slip through. */
  const revokedMs = new Map<number, number>();
  const perAddress = new Map<string, number>();
  const subscribers = new Map<string, Set<Session>>();
  let received = 0;
  let kept = 0;
  let refused = 0;
  let stopping = false;
  /** Messages that are being taken, and who waits for there to be none. */
  let working = 0;
  let onIdle: () => void = () => undefined;

  const aedes = new QuietBroker({
    connectTimeout: limits.connectTimeoutMs,
    queueLimit: 200,
    maxInflightInbound: limits.inFlightPerConnection,
    maxTopicLevels: 20,
    preConnect: (client, packet, done) => {
      if (packet.will !== undefined) withWill.add(client);
      // No session outlives its connection: nothing may gather in memory for a client that is away.
      Object.assign(packet, { clean: true, will: undefined });
      done(null, !stopping);
    },
    authenticate: (client, username, password, done) => {
      logIn(client, username, password).then(
        () => done(null, true),
        (error: Error & { returnCode: number }) => {
          notice(`MQTT: ${gates.get(client)?.address ?? 'a client'} was refused: ${error.message}.`);
          done(error, false);
        },
      );
    },
    authorizePublish: (client, packet, done) => {
      if (client === null) done(new Error('nobody publishes'));
      else takeIn(client, packet).then(() => done(null), done);
    },
    authorizeSubscribe: (client, subscription, done) => {
      maySubscribe(client, subscription.topic).then(
        (granted) => done(null, granted ? subscription : null),
        () => done(null, null),
      );
    },
  });
  await aedes.listen();

  function count(test: (session: Session) => boolean): number {
    let found = 0;
    for (const session of sessions.values()) if (test(session)) found++;
    return found;
  }

  async function logIn(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<void> {
    const entry = gates.get(client);
    if (entry === undefined) throw refuse(UNAVAILABLE, 'the connection is gone');
    if (withWill.has(client)) throw refuse(NOT_AUTHORISED, 'Will messages are not taken');
    const startedMs = performance.now();
    const credential = await toCredential(entry.address, username, password);
    if (
      credential !== undefined &&
      (revokedMs.get(credential.keyId) ?? Number.NEGATIVE_INFINITY) >= startedMs
    ) {
      throw refuse(BAD_CREDENTIALS, 'the key was revoked');
    }
    if (credential === undefined) {
      if (count((session) => session.credential === undefined) >= limits.anonymousConnections) {
        throw refuse(UNAVAILABLE, 'too many anonymous connections');
      }
    } else if (
      count((session) => session.credential?.keyId === credential.keyId) >= limits.connectionsPerKey
    ) {
      throw refuse(UNAVAILABLE, 'too many connections with one key');
    }
    if (entry.gate.destroyed || client.closed) throw refuse(UNAVAILABLE, 'the connection is gone');
    // A client id is a name within its key: nobody can push out another organisation's client by guessing it.
    client.id =
      credential === undefined ? `anonymous/${randomUUID()}` : `key/${credential.keyId}/${client.id}`;
    sessions.set(client, { client, gate: entry.gate, credential, topics: new Map() });
    entry.gate.admit(toBucket(credential?.keyId ?? NOBODY));
  }

  async function toCredential(address: string, username: string | undefined, password: Buffer | undefined) {
    if (password === undefined) {
      if (username === undefined) return undefined;
      throw refuse(BAD_CREDENTIALS, 'a user name came without a key');
    }
    const group = toAddressGroup(address);
    if (!logins.mayTry(group, Date.now())) throw refuse(NOT_AUTHORISED, 'too many failed log-ins');
    const credential = await options.authenticate(username, password.toString('utf8')).catch(() => {
      throw refuse(UNAVAILABLE, 'keys cannot be checked right now');
    });
    if (credential !== undefined) return credential;
    logins.fail(group, Date.now());
    throw refuse(BAD_CREDENTIALS, 'the key is not valid');
  }

  function toBucket(keyId: number): Bucket {
    const bucket = buckets.get(keyId) ?? createBucket(limits.messagesPerSecondPerKey, performance.now());
    buckets.set(keyId, bucket);
    return bucket;
  }

  async function takeIn(client: Client, packet: IPublishPacket): Promise<void> {
    const session = sessions.get(client);
    if (session === undefined) throw new Error('the connection is gone');
    received++;
    working++;
    try {
      await sort(session, packet);
      kept++;
    } catch (error) {
      refused++;
      const why =
        error instanceof AppError ? error.detail : error instanceof Error ? error.message : 'not kept';
      const on = JSON.stringify(packet.topic.slice(0, 200));
      notice(
        `MQTT: a message of key ${session.credential?.keyId ?? '(none)'} on ${on} was not taken: ${why}`,
        true,
      );
      // MQTT 3.1.1, 3.3.5: there is no other way to say no than to close.
      throw new Error(why);
    } finally {
      session.gate.settle(packet.length ?? 0);
      working--;
      if (working === 0) onIdle();
    }
  }

  async function sort(session: Session, packet: IPublishPacket): Promise<void> {
    const { credential } = session;
    const { topic } = packet;
    const mayWrite = options.openForWriting === true || credential?.scopes.has('write') === true;
    if (credential === undefined && !(mayWrite && topic.startsWith(SENSORTHINGS_PREFIX)))
      throw new AppError('BAD_KEY', 'Publishing needs an API key as the password.');
    if (packet.retain) throw new AppError('FORBIDDEN', 'Retained messages are not taken.');
    if (packet.qos > 0 && (packet.messageId ?? 0) < 1)
      throw new AppError('BAD_REQUEST', 'A message had no packet number.');
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const arrivedAt = new Date().toISOString();
    const device = DEVICE_TOPIC.exec(topic)?.[1];
    if (device !== undefined && credential !== undefined) {
      if (!credential.scopes.has('ingest'))
        throw new AppError('FORBIDDEN', 'The key lacks the scope "ingest".');
      await gather({ devEui: parseEui64(device, 'topic'), payload, credential, arrivedAt });
      return;
    }
    if (topic.startsWith(SENSORTHINGS_PREFIX) && options.publishSensorThings !== undefined) {
      if (!mayWrite) throw new AppError('FORBIDDEN', 'The key lacks the scope "write".');
      await options.publishSensorThings({ topic, payload, credential, arrivedAt });
      return;
    }
    throw new AppError('FORBIDDEN', 'Nothing is taken on this topic; devices/<DevEUI>/up is.');
  }

  let gathering: { readonly messages: DeviceMessage[]; readonly taken: Promise<void> } | undefined;
  /** All that comes in one turn of the event loop, from whichever client, is one call of `take`. */
  function gather(message: DeviceMessage): Promise<void> {
    if (gathering === undefined) {
      const messages: DeviceMessage[] = [];
      const taken = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        gathering = undefined;
        return options.take(messages);
      });
      gathering = { messages, taken };
    }
    gathering.messages.push(message);
    return gathering.taken;
  }

  async function maySubscribe(client: Client, topic: string): Promise<boolean> {
    const session = sessions.get(client);
    if (session === undefined || /[+#]/.test(topic) || !topic.startsWith(SENSORTHINGS_PREFIX)) return false;
    if (session.topics.size >= limits.subscriptionsPerConnection) return false;
    // Its place is taken at once, so that many at a time cannot pass the bound together.
    session.topics.set(topic, session.topics.get(topic) ?? 0);
    const granted = await options.maySubscribe(session.credential, topic).catch(() => false);
    if (!granted && !(subscribers.get(topic)?.has(session) ?? false)) session.topics.delete(topic);
    return granted;
  }

  aedes.on('subscribe', (granted, client) => {
    const session = sessions.get(client);
    if (session === undefined) return;
    for (const { topic, qos } of granted) {
      if (Number(qos) === 128) continue;
      session.topics.set(topic, qos === 0 ? 0 : 1);
      const others = subscribers.get(topic);
      subscribers.set(topic, (others ?? new Set()).add(session));
      if (others === undefined) options.onTopic?.(topic, true);
    }
  });
  const unsubscribe = (session: Session, topic: string) => {
    session.topics.delete(topic);
    const others = subscribers.get(topic);
    others?.delete(session);
    if (others?.size !== 0) return;
    subscribers.delete(topic);
    options.onTopic?.(topic, false);
  };
  aedes.on('unsubscribe', (topics, client) => {
    const session = sessions.get(client);
    if (session !== undefined) for (const topic of topics) unsubscribe(session, topic);
  });
  aedes.on('clientError', (client, error) =>
    notice(`MQTT: ${gates.get(client)?.address ?? client.id}: ${error.message}`),
  );
  aedes.on('connectionError', (client, error) =>
    notice(`MQTT: ${gates.get(client)?.address ?? 'a client'}: ${error.message}`),
  );
  const faults: EventEmitter = aedes;
  faults.on('error', (error: Error) => notice(`MQTT: the broker met an inner fault: ${error.message}`));

  function welcome(socket: MqttStream): void {
    const address = socket.remoteAddress ?? 'unknown';
    const group = toAddressGroup(socket.remoteAddress);
    const open = perAddress.get(group) ?? 0;
    socket.on('error', () => undefined);
    if (stopping || gates.size >= limits.connections || open >= limits.connectionsPerAddress) {
      socket.destroy();
      return;
    }
    perAddress.set(group, open + 1);
    socket.setNoDelay?.(true);
    socket.setKeepAlive?.(true, 60_000);
    const gate = new Gate(socket, limits, load);
    const client = aedes.handle(gate);
    gates.set(client, { gate, address });
    gate.on('close', () => {
      const left = (perAddress.get(group) ?? 1) - 1;
      if (left === 0) perAddress.delete(group);
      else perAddress.set(group, left);
      gates.delete(client);
      const session = sessions.get(client);
      sessions.delete(client);
      if (session !== undefined) for (const topic of [...session.topics.keys()]) unsubscribe(session, topic);
    });
  }

  const server =
    options.tls === undefined
      ? createTcpServer(welcome)
      : createTlsServer({ ...options.tls, handshakeTimeout: 10_000 }, welcome);
  server.maxConnections = limits.connections;
  if (options.tls !== undefined) server.on('tlsClientError', () => undefined);
  try {
    await listenAt(server, options.host, options.port);
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = busy ? 'is in use' : 'cannot be opened';
    const reason = `Port ${options.port} for MQTT ${why} on ${options.host}`;
    if (options.portConfigured || !busy) {
      throw new AppError('BAD_CONFIG', `${reason}.`, {
        at: 'TORV_MQTT_PORT',
        hint: 'Choose another port, or 0 to do without the embedded broker.',
        cause: error,
      });
    }
    return {
      kind: 'off',
      reason: `${reason}: the embedded broker is off. TORV_MQTT_PORT chooses another port.`,
    };
  }
  server.on('error', (error) => notice(`MQTT: ${error.message}`));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;

  const broker: Broker = {
    port,
    get state() {
      return {
        connections: gates.size,
        anonymous: count((session) => session.credential === undefined),
        received,
        kept,
        refused,
        inFlightBytes: load.bytes,
      };
    },
    subscribedTopics: () => [...subscribers.keys()],
    subscribers: (topic) => [...(subscribers.get(topic) ?? [])].map(({ credential }) => credential),
    accept: welcome,
    publish: (topic, payload, mayReceive) => {
      let receivers = 0;
      for (const { client, credential, topics, gate } of subscribers.get(topic) ?? []) {
        if (gate.destroyed || mayReceive?.(credential) === false) continue;
        receivers++;
        client.publish(
          { cmd: 'publish', topic, payload, qos: topics.get(topic) ?? 0, retain: false, dup: false },
          () => undefined,
        );
      }
      return receivers;
    },
    connectedKeys: () => [
      ...new Set([...sessions.values()].flatMap(({ credential }) => credential?.keyId ?? [])),
    ],
    closeByKey: (keyId) => {
      const closing = [...sessions.values()].filter((session) => session.credential?.keyId === keyId);
      for (const session of closing) session.gate.destroy(new Error('the key was revoked'));
      buckets.delete(keyId);
      revokedMs.set(keyId, performance.now());
      return closing.length;
    },
    stop: async () => {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      let timer: NodeJS.Timeout | undefined;
      for (const { gate } of gates.values()) gate.hold();
      await new Promise<void>((resolve) => {
        if (working === 0) resolve();
        onIdle = resolve;
        timer = setTimeout(resolve, DRAIN_MS);
      });
      clearTimeout(timer);
      // The acknowledgements of what was just committed are written in the turn that follows.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const { gate } of gates.values()) gate.destroy();
      await closed;
    },
  };
  return { kind: 'on', broker };
}
