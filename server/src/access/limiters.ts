/** How fast somebody may guess, per address and per account, as a table. In memory; a restart forgives. */
import { createLimiter, type Limiter } from './rate-limit.ts';

export interface Limiters {
  /** Sign-ins from one address: a whole town hall may sit behind it. */
  readonly address: Limiter;
  /** Guesses at one account. The longest wait is short, so that nobody can lock somebody else out for long. */
  readonly account: Limiter;
  /** Uses of links from one address. */
  readonly link: Limiter;
  /** Mails to one account. */
  readonly mail: Limiter;
}

const MINUTE_MS = 60_000;

export function createLimiters(now: () => number): Limiters {
  return {
    address: createLimiter(
      {
        freeAttempts: 20,
        firstWaitMs: 1_000,
        longestWaitMs: 15 * MINUTE_MS,
        forgetAfterMs: 60 * MINUTE_MS,
        capacity: 10_000,
      },
      now,
    ),
    account: createLimiter(
      {
        freeAttempts: 5,
        firstWaitMs: 1_000,
        longestWaitMs: 2 * MINUTE_MS,
        forgetAfterMs: 60 * MINUTE_MS,
        capacity: 10_000,
      },
      now,
    ),
    link: createLimiter(
      {
        freeAttempts: 30,
        firstWaitMs: 1_000,
        longestWaitMs: 15 * MINUTE_MS,
        forgetAfterMs: 60 * MINUTE_MS,
        capacity: 10_000,
      },
      now,
    ),
    mail: createLimiter(
      {
        freeAttempts: 3,
        firstWaitMs: 5 * MINUTE_MS,
        longestWaitMs: 60 * MINUTE_MS,
        forgetAfterMs: 120 * MINUTE_MS,
        capacity: 10_000,
      },
      now,
    ),
  };
}
