/**
 * What is asked of a broker, and what its answer means: topic filters with or without a shared group, and the
 * SUBACK in words. QoS 1 is the most that is asked for: every message is taken at least once, and what comes twice
 * is found by the key of its frame, which a broker's QoS 2 could not do across two brokers anyway.
 */
import { AppError } from '@torv/core/errors';
import { sayReason } from '@torv/core/reasons';
import type { IConnackPacket, ISubackPacket, ISubscribePacket } from 'mqtt-packet';
import { toReason } from './reasons.ts';

const MAX_TOPIC_BYTES = 65_535;

/** MQTT 3.1.1, 4.7.1: `#` alone in the last level, `+` alone in its level. */
export function isTopicFilter(text: string): boolean {
  if (text === '' || text.includes('\0') || Buffer.byteLength(text) > MAX_TOPIC_BYTES) return false;
  const levels = text.split('/');
  return levels.every(
    (level, index) =>
      (!level.includes('+') || level === '+') &&
      (!level.includes('#') || (level === '#' && index === levels.length - 1)),
  );
}

/** @throws AppError BAD_CONFIG naming the filter that is wrong */
export function checkTopics(topics: readonly string[], sharedGroup: string | undefined): void {
  if (topics.length === 0)
    throw new AppError('BAD_CONFIG', 'There is no topic to listen to.', { at: 'topics' });
  const bad = topics.find((topic) => !isTopicFilter(topic));
  if (bad !== undefined) {
    throw new AppError('BAD_CONFIG', `"${bad.slice(0, 80)}" is not a topic filter.`, {
      at: 'topics',
      hint: '+ stands for one whole level, # for all the rest and only at the end: application/+/device/+/event/up',
    });
  }
  if (sharedGroup !== undefined && !/^[^/+#\0]{1,100}$/.test(sharedGroup)) {
    throw new AppError('BAD_CONFIG', 'The name of the shared group must not hold /, + or #.', {
      at: 'sharedGroup',
    });
  }
}

/** Why messages cannot be shared among several listeners, or undefined where they can. */
export function toSharingNotice(
  sharedGroup: string | undefined,
  protocolVersion: 4 | 5,
  connack: IConnackPacket,
): string | undefined {
  if (sharedGroup === undefined) return undefined;
  if (protocolVersion === 4) {
    return sayReason('mqtt_unshared_old');
  }
  return connack.properties?.sharedSubscriptionAvailable === false ? sayReason('mqtt_unshared') : undefined;
}

export function toSubscribe(
  topics: readonly string[],
  sharedGroup: string | undefined,
  protocolVersion: 4 | 5,
  messageId: number,
  qos: 0 | 1,
): ISubscribePacket {
  return {
    cmd: 'subscribe',
    messageId,
    subscriptions: topics.map((topic) => ({
      topic: sharedGroup === undefined ? topic : `$share/${sharedGroup}/${topic}`,
      qos,
      // Retained messages only when the subscription is new, not after each reconnection (MQTT 5, 3.8.3.1);
      // rap keeps the flag as the publisher set it.
      ...(protocolVersion === 5 && sharedGroup === undefined ? { rh: 1, rap: true, nl: false } : {}),
    })),
  };
}

export interface Granted {
  /** A sentence for each topic that was refused. */
  readonly refused: readonly string[];
  /** A sentence for each topic that is delivered without acknowledgement. */
  readonly weak: readonly string[];
}

export function readSuback(
  suback: ISubackPacket,
  topics: readonly string[],
  protocolVersion: 4 | 5,
  askedQos: 0 | 1,
): Granted {
  const refused: string[] = [];
  const weak: string[] = [];
  topics.forEach((topic, index) => {
    const code = Number(suback.granted[index] ?? 128);
    if (code >= 128) {
      const why =
        protocolVersion === 4 || code === 128 ? '' : ` ${toReason(code, 5, suback.properties?.reasonString)}`;
      refused.push(`${sayReason('mqtt_refused_topic', { words: topic })}${why}`);
    } else if (code < askedQos) {
      weak.push(sayReason('mqtt_weak', { words: topic }));
    }
  });
  return { refused, weak };
}
