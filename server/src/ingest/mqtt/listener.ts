/**
 * Torv at a municipality's own broker: it listens and never publishes, so that it runs beside an existing system.
 * Many PUBACKs are held at once, each until `take` says that its message is committed; nothing is acknowledged
 * before it is kept, and what is not kept is not acknowledged and so comes again.
 * It does not know what a message means.
 */
import { sayReason } from '@torv/core/reasons';
import type { IConnackPacket, IPublishPacket, ISubackPacket, Packet } from 'mqtt-packet';
import {
  type BrokerAddress,
  type Connection,
  type Failure,
  openConnection,
  parseBrokerUrl,
} from './connection.ts';
import { createHeldAcks, type HeldAck, type HeldAcks } from './held-acks.ts';
import { checkTopics, readSuback, toSharingNotice, toSubscribe } from './subscriptions.ts';

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  /** RFC 3339 */
  readonly arrivedAt: string;
  readonly retain: boolean;
  readonly dup: boolean;
}

export interface ListenerOptions extends BrokerAddress {
  /** Fixed per ingest slot: the broker keeps what waits for this client under it. */
  readonly clientId: string;
  readonly topics: readonly string[];
  /** Name of an MQTT 5 shared subscription; several listeners then divide the messages. */
  readonly sharedGroup?: string;
  /** Unset: 5, and 3.1.1 where the broker speaks no 5. */
  readonly protocolVersion?: 4 | 5;
  readonly keepaliveS?: number;
  /** Receive Maximum of MQTT 5; above it, or above 32 MiB, the socket is not read. */
  readonly maxInFlight?: number;
  /** How long the broker keeps messages for an absent listener. */
  readonly sessionExpiryS?: number;
  readonly maxPacketBytes?: number;
  /** First and longest wait before the next attempt; the wait doubles and is drawn at random up to that. */
  readonly retryFromMs?: number;
  readonly retryToMs?: number;
  readonly drainTimeoutMs?: number;
}

export type ListenerPhase = 'stopped' | 'connecting' | 'listening' | 'waiting';

export interface ListenerState {
  readonly phase: ListenerPhase;
  /** In words, for people; empty while all is well. */
  readonly reason: string;
  /** What works less well than asked for. */
  readonly notices: readonly string[];
  readonly protocolVersion: 4 | 5 | undefined;
  /** The broker had kept this client's session. */
  readonly sessionPresent: boolean;
  readonly received: number;
  readonly acknowledged: number;
  readonly inFlight: number;
  readonly attempts: number;
}

export interface Listener {
  readonly state: ListenerState;
  start(): void;
  /** Takes nothing new, waits for what is being committed, acknowledges it and leaves; the session stays. */
  stop(): Promise<void>;
}

const DEFAULTS = {
  keepaliveS: 30,
  maxInFlight: 8_192,
  sessionExpiryS: 7 * 86_400,
  maxPacketBytes: 8 * 1024 * 1024,
  retryFromMs: 1_000,
  retryToMs: 30_000,
  drainTimeoutMs: 10_000,
} as const;
const CONNECT_TIMEOUT_MS = 15_000;
const MAX_IN_FLIGHT_BYTES = 32 * 1024 * 1024;
const FULL_WAIT_MS = 100;
/** A connection that stood so long was a good one: the next wait begins small again. */
const STEADY_MS = 10_000;
const SUBSCRIBE_ID = 1;
/** A refusal does not heal by asking at once again, and two clients of one id must not chase each other. */
const SLOW_FACTOR = 10;

function toMessage(packet: IPublishPacket, arrivedAt: string): MqttMessage {
  return {
    topic: packet.topic,
    payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
    qos: packet.qos,
    arrivedAt,
    retain: packet.retain,
    dup: packet.dup,
  };
}

/**
 * `take` resolves when the messages are committed; it may be called again while earlier calls are pending.
 * Rejecting means not kept: they are not acknowledged, and after a pause the connection is made anew.
 * @throws AppError BAD_CONFIG for an address or a topic filter that cannot be right
 */
export function createListener(
  options: ListenerOptions,
  take: (messages: readonly MqttMessage[]) => Promise<void>,
  onState: (state: ListenerState) => void,
): Listener {
  const settings = { ...DEFAULTS, ...options };
  parseBrokerUrl(options);
  checkTopics(options.topics, options.sharedGroup);

  let phase: ListenerPhase = 'stopped';
  let reason = '';
  let notices: readonly string[] = [];
  let protocolVersion: 4 | 5 | undefined;
  let sessionPresent = false;
  let received = 0;
  let acknowledged = 0;
  let attempts = 0;

  let wanted = false;
  let fallenBack = false;
  let failures = 0;
  let listeningSinceMs: number | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let connection: Connection | undefined;
  let current: object | undefined;
  /** Messages and bytes handed to `take` and not settled, over all connections: the measure of memory. */
  let pendingMessages = 0;
  let pendingBytes = 0;
  let paused = false;
  const pendingTakes = new Set<Promise<void>>();

  function state(): ListenerState {
    return {
      phase,
      reason,
      notices,
      protocolVersion,
      sessionPresent,
      received,
      acknowledged,
      inFlight: pendingMessages,
      attempts,
    };
  }

  function enter(next: ListenerPhase, why: string): void {
    phase = next;
    reason = why;
    onState(state());
  }

  function isFull(): boolean {
    return pendingMessages >= settings.maxInFlight || pendingBytes >= MAX_IN_FLIGHT_BYTES;
  }

  function attempt(): void {
    if (isFull()) {
      // What the last connection brought is still being committed; a new one would only bring more.
      retryTimer = setTimeout(attempt, FULL_WAIT_MS);
      return;
    }
    attempts++;
    const version: 4 | 5 = options.protocolVersion ?? (fallenBack ? 4 : 5);
    const self = {};
    current = self;
    paused = false;
    protocolVersion = version;
    enter('connecting', reason);
    const opened = openConnection(
      {
        ...options,
        clean: false,
        protocolVersion: version,
        keepaliveS: settings.keepaliveS,
        receiveMaximum: Math.min(settings.maxInFlight, 65_535),
        sessionExpiryS: settings.sessionExpiryS,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        maxPacketBytes: settings.maxPacketBytes,
      },
      {
        onConnack: (connack) => subscribe(opened, connack, version),
        onPackets: (packets) => {
          if (current === self && wanted) hear(opened, self, acks, packets, version);
        },
        onClose: (failure) => {
          if (current === self) leave(failure, version);
        },
      },
    );
    const acks = createHeldAcks((bytes, count) => {
      if (current !== self) return;
      opened.sendBytes(bytes);
      acknowledged += count;
    });
    connection = opened;
  }

  function subscribe(opened: Connection, connack: IConnackPacket, version: 4 | 5): void {
    sessionPresent = connack.sessionPresent;
    const unshared = toSharingNotice(options.sharedGroup, version, connack);
    const group = unshared === undefined ? options.sharedGroup : undefined;
    notices = [
      ...(version === 4 && options.protocolVersion === undefined
        ? ['The broker speaks MQTT 3.1.1 only.']
        : []),
      ...(unshared === undefined ? [] : [unshared]),
    ];
    opened.send(toSubscribe(options.topics, group, version, SUBSCRIBE_ID, 1));
  }

  function hearSuback(opened: Connection, suback: ISubackPacket, version: 4 | 5): void {
    const granted = readSuback(suback, options.topics, version, 1);
    notices = [...notices, ...granted.weak, ...granted.refused];
    if (granted.refused.length === options.topics.length) {
      opened.destroy({ kind: 'refused', reason: granted.refused.join(' ') });
      return;
    }
    listeningSinceMs = performance.now();
    enter('listening', granted.refused.join(' '));
  }

  function hear(
    opened: Connection,
    self: object,
    acks: HeldAcks,
    packets: readonly Packet[],
    version: 4 | 5,
  ): void {
    const arrivedAt = new Date().toISOString();
    const messages: MqttMessage[] = [];
    const held: HeldAck[] = [];
    for (const packet of packets) {
      if (packet.cmd === 'publish') {
        if (packet.qos > 0) {
          const messageId = packet.messageId ?? 0;
          if (messageId < 1) {
            opened.destroy({
              kind: 'malformed',
              reason: sayReason('mqtt_no_packet_number'),
            });
            return;
          }
          held.push({ messageId, qos: packet.qos === 2 ? 2 : 1 });
        }
        messages.push(toMessage(packet, arrivedAt));
      } else if (packet.cmd === 'pubrel') {
        // Nobody asked for QoS 2; a broker that sends it all the same gets its handshake.
        opened.send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
      } else if (packet.cmd === 'suback') {
        hearSuback(opened, packet, version);
      }
    }
    if (messages.length > 0) handOver(opened, self, acks, messages, held);
  }

  function handOver(
    opened: Connection,
    self: object,
    acks: HeldAcks,
    messages: readonly MqttMessage[],
    held: readonly HeldAck[],
  ): void {
    const bytes = messages.reduce((sum, message) => sum + message.payload.length, 0);
    received += messages.length;
    pendingMessages += messages.length;
    pendingBytes += bytes;
    const kept = acks.hold(held);
    const taking = Promise.resolve()
      .then(() => take(messages))
      .then(
        () => {
          failures = 0;
          kept();
        },
        () => {
          if (current === self) refuse(opened);
        },
      )
      .finally(() => {
        pendingMessages -= messages.length;
        pendingBytes -= bytes;
        pendingTakes.delete(taking);
        pace();
      });
    pendingTakes.add(taking);
    pace();
  }

  /** Not kept: no more is read, and after the pause of `leave` the broker delivers all of it again. */
  function refuse(opened: Connection): void {
    opened.destroy({
      kind: 'closed',
      reason: sayReason('mqtt_not_kept'),
    });
  }

  function pace(): void {
    const full = isFull();
    if (full === paused || connection === undefined) return;
    paused = full;
    if (full) connection.pause();
    else connection.resume();
  }

  function leave(failure: Failure, version: 4 | 5): void {
    current = undefined;
    connection = undefined;
    if (!wanted) return;
    const fallsBack = failure.kind === 'version' && version === 5 && options.protocolVersion === undefined;
    // A broker that only hangs up may as well be starting: the next attempt but one asks for MQTT 5 again.
    if (failure.kind === 'version' || failure.kind === 'network') fallenBack = fallsBack;
    sessionPresent = false;
    if (listeningSinceMs !== undefined && performance.now() - listeningSinceMs > STEADY_MS) failures = 0;
    listeningSinceMs = undefined;
    const slow = failure.kind === 'refused' || failure.kind === 'taken-over' ? SLOW_FACTOR : 1;
    const longestMs = Math.min(settings.retryFromMs * slow * 2 ** failures, settings.retryToMs * slow);
    failures = Math.min(failures + 1, 20);
    enter('waiting', failure.reason);
    const waitMs = fallsBack ? 0 : longestMs / 2 + (Math.random() * longestMs) / 2;
    retryTimer = setTimeout(attempt, waitMs);
  }

  return {
    get state() {
      return state();
    },
    start: () => {
      if (wanted) return;
      wanted = true;
      failures = 0;
      fallenBack = false;
      reason = '';
      attempt();
    },
    stop: async () => {
      if (!wanted) return;
      wanted = false;
      clearTimeout(retryTimer);
      connection?.pause();
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, settings.drainTimeoutMs);
      });
      await Promise.race([Promise.all(pendingTakes), patience]);
      clearTimeout(timer);
      await connection?.end();
      connection = undefined;
      current = undefined;
      enter('stopped', '');
    },
  };
}
