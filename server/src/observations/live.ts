/**
 * Who is told that something new was stored. In process; a listener learns ids only and reads again with its
 * own rights, so that nothing is shown that may no longer be seen.
 */
import type { StoredReading } from './store.ts';

export interface Live {
  announce(readings: readonly Pick<StoredReading, 'datastreamId' | 'phenomenonTime'>[]): void;
  /** @returns how to stop listening */
  listen(listener: (datastreamIds: ReadonlySet<number>) => void): () => void;
}

/** Readings are gathered this long, so that thousands a second become four tellings a second. */
const GATHER_MS = 250;
/** What is older than this when it arrives is history, not news. */
const RECENT_MS = 3_600_000;

export function createLive(): Live {
  const listeners = new Set<(datastreamIds: ReadonlySet<number>) => void>();
  const newest = new Map<number, number>();
  let gathered = new Set<number>();
  let waiting = false;
  return {
    announce(readings) {
      if (listeners.size === 0) return;
      for (const reading of readings) {
        // History that is fed in the background changes no present state.
        const ms = Date.parse(reading.phenomenonTime);
        if (ms < (newest.get(reading.datastreamId) ?? Date.now() - RECENT_MS)) continue;
        newest.set(reading.datastreamId, ms);
        gathered.add(reading.datastreamId);
      }
      if (gathered.size === 0) return;
      if (waiting) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        const told = gathered;
        gathered = new Set();
        for (const listener of listeners) listener(told);
      }, GATHER_MS);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
