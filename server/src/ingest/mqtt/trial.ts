/**
 * Short visits to a broker: a trial of an address before it is saved, and the farewell of a client id.
 * A trial has a client id and a clean session of its own and joins no shared group, so that it takes nothing away
 * from the listener that may already be at work.
 */

import { randomBytes } from 'node:crypto';
import { sayReason } from '@torv/core/reasons';
import type { ISubackPacket } from 'mqtt-packet';
import { type Connection, type Failure, openConnection } from './connection.ts';
import type { ListenerOptions } from './listener.ts';
import { checkTopics, readSuback, toSharingNotice, toSubscribe } from './subscriptions.ts';

export interface Trial {
  readonly ok: boolean;
  /** What was found, sentence by sentence, for people. */
  readonly words: readonly string[];
  /** Topic of the first message that came meanwhile. */
  readonly firstTopic?: string;
}

export interface TrialOptions extends Omit<ListenerOptions, 'clientId'> {
  /** How long to wait for a first message. */
  readonly listenMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const SUBACK_TIMEOUT_MS = 10_000;
const LISTEN_MS = 3_000;
const MAX_PACKET_BYTES = 8 * 1024 * 1024;

type Visit = { readonly kind: 'version' } | { readonly kind: 'trial'; readonly trial: Trial };

/** @throws AppError BAD_CONFIG for an address or a topic filter that cannot be right */
export async function testConnection(options: TrialOptions): Promise<Trial> {
  checkTopics(options.topics, options.sharedGroup);
  const first = await visit(options, options.protocolVersion ?? 5);
  if (first.kind === 'trial') return first.trial;
  const second = await visit(options, 4);
  return second.kind === 'trial' ? second.trial : { ok: false, words: [sayReason('mqtt_closes_each')] };
}

function visit(options: TrialOptions, protocolVersion: 4 | 5): Promise<Visit> {
  return new Promise((resolve) => {
    const words: string[] = [];
    let ok = false;
    let firstTopic: string | undefined;
    let timer: NodeJS.Timeout | undefined;

    const finish = () => {
      clearTimeout(timer);
      resolve({ kind: 'trial', trial: { ok, words, ...(firstTopic === undefined ? {} : { firstTopic }) } });
    };
    const hearSuback = (suback: ISubackPacket) => {
      const granted = readSuback(suback, options.topics, protocolVersion, 0);
      words.push(...granted.refused);
      ok = granted.refused.length === 0;
      clearTimeout(timer);
      if (!ok) void connection.end();
      else timer = setTimeout(() => void connection.end(), options.listenMs ?? LISTEN_MS);
    };
    const lose = (failure: Failure) => {
      if (failure.kind === 'version' && protocolVersion === 5 && options.protocolVersion === undefined) {
        clearTimeout(timer);
        resolve({ kind: 'version' });
        return;
      }
      if (!ok) {
        if (words.length === 0 || failure.kind !== 'closed') words.push(failure.reason);
      } else if (firstTopic === undefined) {
        words.push(sayReason('mqtt_listens'));
      } else {
        words.push(sayReason('mqtt_listens_heard', { words: firstTopic }));
      }
      finish();
    };

    const connection: Connection = openConnection(
      {
        ...options,
        clientId: `torv-trial-${randomBytes(5).toString('hex')}`,
        clean: true,
        protocolVersion,
        keepaliveS: options.keepaliveS ?? 30,
        receiveMaximum: 10,
        sessionExpiryS: 0,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        maxPacketBytes: options.maxPacketBytes ?? MAX_PACKET_BYTES,
      },
      {
        onConnack: (connack) => {
          if (protocolVersion === 4 && options.protocolVersion === undefined) {
            words.push(sayReason('mqtt_old'));
          }
          const unshared = toSharingNotice(options.sharedGroup, protocolVersion, connack);
          if (unshared !== undefined) words.push(unshared);
          connection.send(toSubscribe(options.topics, undefined, protocolVersion, 1, 0));
          timer = setTimeout(() => {
            connection.destroy({ kind: 'silent', reason: sayReason('mqtt_no_suback') });
          }, SUBACK_TIMEOUT_MS);
        },
        onPackets: (packets) => {
          for (const packet of packets) {
            if (packet.cmd === 'suback') hearSuback(packet);
            else if (packet.cmd === 'publish' && firstTopic === undefined) {
              firstTopic = packet.topic;
              if (ok) void connection.end();
            }
          }
        },
        onClose: lose,
      },
    );
  });
}

/** Tells the broker to drop what it keeps for a client id, when a source is removed. Resolves to a fault in words. */
export function forgetSession(options: ListenerOptions): Promise<string | undefined> {
  const part = (protocolVersion: 4 | 5) =>
    new Promise<Failure | undefined>((resolve) => {
      let gone = false;
      const connection: Connection = openConnection(
        {
          ...options,
          clean: true,
          protocolVersion,
          keepaliveS: 30,
          receiveMaximum: 1,
          sessionExpiryS: 0,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          maxPacketBytes: MAX_PACKET_BYTES,
        },
        {
          onConnack: () => {
            gone = true;
            void connection.end();
          },
          onPackets: () => undefined,
          onClose: (failure) => resolve(gone ? undefined : failure),
        },
      );
    });
  return (async () => {
    const first = await part(options.protocolVersion ?? 5);
    const last = first?.kind === 'version' && options.protocolVersion === undefined ? await part(4) : first;
    return last?.reason;
  })();
}
