/** The present moment for relative times: one clock for the whole page, ticking every ten seconds. */
import { useSyncExternalStore } from 'react';

const TICK_MS = 10_000;
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

function read(): number {
  if (listeners.size === 0) nowMs = Date.now();
  return nowMs;
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, read);
}
