/**
 * Slows guessing down: some attempts are free, then the wait doubles. Kept in memory, bounded, per process.
 * An attempt counts before its outcome is known, so that parallel guesses gain nothing.
 */
import { isIPv6 } from 'node:net';
import { AppError } from '@torv/core/errors';

export interface LimiterOptions {
  readonly freeAttempts: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After so long without an attempt all is forgotten. */
  readonly forgetAfterMs: number;
  readonly capacity: number;
}

export interface Limiter {
  /** Counts an attempt. @returns the seconds to wait when it is refused, else undefined */
  take(key: string): number | undefined;
  /** The attempt was a right one after all. */
  giveBack(key: string): void;
  forget(key: string): void;
  readonly size: number;
}

interface Entry {
  attempts: number;
  waitUntilMs: number;
  lastMs: number;
}

export function createLimiter(options: LimiterOptions, now: () => number): Limiter {
  // A Map keeps the order of insertion: the first entry is the one not tried for longest.
  const entries = new Map<string, Entry>();
  return {
    take(key) {
      const nowMs = now();
      const known = entries.get(key);
      if (known && known.waitUntilMs > nowMs) return Math.ceil((known.waitUntilMs - nowMs) / 1000);
      const entry =
        known && nowMs - known.lastMs < options.forgetAfterMs
          ? known
          : { attempts: 0, waitUntilMs: 0, lastMs: nowMs };
      entry.attempts++;
      entry.lastMs = nowMs;
      const beyond = entry.attempts - options.freeAttempts;
      if (beyond >= 0) {
        entry.waitUntilMs =
          nowMs + Math.min(options.longestWaitMs, options.firstWaitMs * 2 ** Math.min(beyond, 30));
      }
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > options.capacity) {
        const oldest = entries.keys().next().value;
        if (oldest !== undefined) entries.delete(oldest);
      }
      return undefined;
    },
    giveBack(key) {
      const entry = entries.get(key);
      if (!entry) return;
      entry.attempts--;
      if (entry.attempts < options.freeAttempts) entry.waitUntilMs = 0;
      if (entry.attempts <= 0) entries.delete(key);
    },
    forget(key) {
      entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
}

/** One household or office has a whole /64 of IPv6 addresses: they count as one. */
export function toAddressKey(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace(/^::ffff:/, '');
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length < 8 - after.length) groups.push('0');
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

export function toTooMany(waitS: number): AppError {
  return new AppError('TOO_MANY', `Too many attempts. Try again in ${waitS} seconds.`, {
    extra: { retryAfterS: waitS },
  });
}
