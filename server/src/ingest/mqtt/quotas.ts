/**
 * How much one peer may ask of the embedded broker: log-ins per address, messages per key, and the counts of what
 * is open. Time is passed in, so that each rule can be tried without waiting.
 */

export interface BrokerLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly connectionsPerKey: number;
  readonly anonymousConnections: number;
  readonly messagesPerSecondPerKey: number;
  readonly subscriptionsPerConnection: number;
  readonly payloadBytes: number;
  /** Not yet committed: of one connection, and bytes of one connection and of all. */
  readonly inFlightPerConnection: number;
  readonly inFlightBytesPerConnection: number;
  readonly inFlightBytes: number;
  /** A subscriber that reads so slowly that this much waits for it is disconnected. */
  readonly unsentBytesPerConnection: number;
  /** Of all that read too slowly together. */
  readonly unsentBytes: number;
  readonly failedLoginsPerMinute: number;
  readonly connectTimeoutMs: number;
}

export const DEFAULT_LIMITS: BrokerLimits = Object.freeze({
  connections: 2_000,
  connectionsPerAddress: 500,
  connectionsPerKey: 200,
  anonymousConnections: 200,
  messagesPerSecondPerKey: 5_000,
  subscriptionsPerConnection: 100,
  payloadBytes: 256 * 1024,
  inFlightPerConnection: 1_000,
  inFlightBytesPerConnection: 4 * 1024 * 1024,
  inFlightBytes: 64 * 1024 * 1024,
  unsentBytesPerConnection: 4 * 1024 * 1024,
  unsentBytes: 128 * 1024 * 1024,
  failedLoginsPerMinute: 10,
  connectTimeoutMs: 10_000,
});

/** One IPv4 address or one IPv6 network of 64 bits: what one household or one attacker holds at least. */
export function toAddressGroup(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const v4 = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::')
    ? Array.from({ length: Math.max(8 - left.length - right.length, 0) }, () => '0')
    : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

export interface LoginGuard {
  mayTry(address: string, nowMs: number): boolean;
  fail(address: string, nowMs: number): void;
}

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

export function createLoginGuard(failuresPerMinute: number): LoginGuard {
  const failures = new Map<string, { count: number; untilMs: number }>();
  return {
    mayTry: (address, nowMs) => {
      const entry = failures.get(address);
      return entry === undefined || entry.untilMs <= nowMs || entry.count < failuresPerMinute;
    },
    fail: (address, nowMs) => {
      const entry = failures.get(address);
      if (entry !== undefined && entry.untilMs > nowMs) {
        entry.count++;
        return;
      }
      if (failures.size >= MAX_ADDRESSES) {
        for (const [key, each] of failures) if (each.untilMs <= nowMs) failures.delete(key);
        if (failures.size >= MAX_ADDRESSES) failures.clear();
      }
      failures.set(address, { count: 1, untilMs: nowMs + WINDOW_MS });
    },
  };
}

export interface Bucket {
  /** Takes one token, or says in how many milliseconds there will be one. */
  take(nowMs: number): number;
}

/** A full second may come at once; beyond that the rate holds. */
export function createBucket(perSecond: number, nowMs: number): Bucket {
  let tokens = perSecond;
  let filledMs = nowMs;
  return {
    take: (atMs) => {
      tokens = Math.min(perSecond, tokens + ((atMs - filledMs) * perSecond) / 1_000);
      filledMs = atMs;
      if (tokens >= 1) {
        tokens -= 1;
        return 0;
      }
      return Math.ceil(((1 - tokens) * 1_000) / perSecond);
    },
  };
}
