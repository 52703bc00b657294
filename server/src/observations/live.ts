/**
 * Who is told that something new was stored. A listener learns ids only and reads again with its own rights, so that
 * nothing is shown that may no longer be seen. What is announced here also goes on to the other processes, and theirs
 * come in by `tell`.
 */
import type { StoredReading } from './store.ts';

type Listener = (datastreamIds: ReadonlySet<number>) => void;

export interface Live {
  announce(readings: readonly Pick<StoredReading, 'datastreamId' | 'phenomenonTime'>[]): void;
  /** @returns how to stop listening */
  listen(listener: Listener): () => void;
  /** What was announced elsewhere; it goes no further. */
  tell(datastreamIds: ReadonlySet<number>): void;
  /** Also tells somebody who is no listener: the way to the other processes; undefined: nobody. */
  forwardTo(forward: Listener | undefined): void;
  readonly isListenedTo: boolean;
}

/** Readings are gathered this long, so that thousands a second become four tellings a second. */
const GATHER_MS = 250;
/** What is older than this when it arrives is history, not news. */
const RECENT_MS = 3_600_000;

/** @param onListen the first listener came, or the last one went */
export function createLive(onListen?: () => void): Live {
  const listeners = new Set<Listener>();
  const newest = new Map<number, number>();
  let forward: Listener | undefined;
  let gathered = new Set<number>();
  let waiting = false;
  const tell: Listener = (told) => {
    for (const listener of listeners) listener(told);
  };
  return {
    announce(readings) {
      if (listeners.size === 0 && forward === undefined) return;
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
        forward?.(told);
        tell(told);
      }, GATHER_MS);
    },
    listen(listener) {
      listeners.add(listener);
      if (listeners.size === 1) onListen?.();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) onListen?.();
      };
    },
    tell,
    forwardTo(to) {
      forward = to;
    },
    get isListenedTo() {
      return listeners.size > 0;
    },
  };
}
