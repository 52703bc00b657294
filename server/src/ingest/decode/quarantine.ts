/**
 * Counts what each codec has done to the sandbox and switches it off when it does so again and again.
 * Frames that decode well pay faults back slowly, so that a rare bad frame in years does not add up.
 * Holds no clock and no storage: whoever keeps codecs hears of a quarantine and may lift it.
 */
import { sayReason } from '@torv/core/reasons';
import type { DecodeOutcome, Fault } from './outcome.ts';

export interface Faults {
  /** Times its thread had to be ended. */
  readonly kills: number;
  readonly faults: number;
  /** Why it is switched off, if it is. */
  readonly quarantined?: string;
}

export type QuarantineListener = (key: string, reason: string) => void;

export interface Ledger {
  note(key: string, outcome: DecodeOutcome, killed: boolean): void;
  faults(key: string): Faults;
  release(key: string): void;
  onQuarantine(listener: QuarantineListener): void;
}

const MAX_KILLS = 3;
const MAX_FAULTS = 20;
const GOOD_PER_FAULT = 1_000;
const GOOD_PER_KILL = 10_000;

/** Faults that count; how a codec is switched off for them stands in the table of reasons. */
const COUNTED = ['deadline', 'memory', 'output', 'crash'] as const satisfies readonly Fault[];

interface Account {
  kills: number;
  faults: number;
  good: number;
  quarantined?: string;
}

export function createLedger(): Ledger {
  const accounts = new Map<string, Account>();
  const listeners: QuarantineListener[] = [];

  function pay(account: Account): void {
    account.good++;
    if (account.good % GOOD_PER_FAULT === 0) account.faults = Math.max(0, account.faults - 1);
    if (account.good % GOOD_PER_KILL === 0) account.kills = Math.max(0, account.kills - 1);
  }

  function charge(key: string, account: Account, fault: (typeof COUNTED)[number], killed: boolean): void {
    account.faults++;
    if (killed) account.kills++;
    if (account.quarantined !== undefined) return;
    if (account.kills >= MAX_KILLS) {
      account.quarantined = sayReason(`off_kills_${fault}`, { n: account.kills });
    } else if (account.faults >= MAX_FAULTS) {
      account.quarantined = sayReason(`off_faults_${fault}`, { n: account.faults });
    } else return;
    for (const listener of listeners) listener(key, account.quarantined);
  }

  return {
    note(key, outcome, killed) {
      const account = accounts.get(key);
      if (outcome.kind !== 'fault') {
        if (account !== undefined && account.quarantined === undefined) pay(account);
        return;
      }
      // A script that does not load harms nobody and already says what is wrong with it.
      const fault = COUNTED.find((one) => one === outcome.fault);
      if (fault === undefined) return;
      const charged = account ?? { kills: 0, faults: 0, good: 0 };
      accounts.set(key, charged);
      charge(key, charged, fault, killed);
    },
    faults(key) {
      const account = accounts.get(key);
      if (account === undefined) return { kills: 0, faults: 0 };
      const { kills, faults, quarantined } = account;
      return quarantined === undefined ? { kills, faults } : { kills, faults, quarantined };
    },
    release(key) {
      accounts.delete(key);
    },
    onQuarantine(listener) {
      listeners.push(listener);
    },
  };
}
