/**
 * Has the page of a room's screen kept by a small worker (public/screen-worker.js), so that a reload without a line
 * brings it up again. A browser that has no such worker, or a page without https, is no failure: then a reload needs
 * the line.
 */
import { useEffect } from 'react';

/** Late files (the chart, the words of a language) have come by then. */
const SETTLED_MS = 5_000;

/** @param version changes when more may have been loaded: the page is then kept anew */
export function useKeptScreen(version: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is the reason to look again
  useEffect(() => {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    const timer = window.setTimeout(() => {
      navigator.serviceWorker
        .register('/screen-worker.js', { scope: '/screen' })
        .then(() => navigator.serviceWorker.ready)
        .then((registration) => registration.active?.postMessage({ kind: 'keep', files: findFiles() }))
        .catch(() => undefined);
    }, SETTLED_MS);
    return () => window.clearTimeout(timer);
  }, [version]);
}

/** Every file of our own that this page was made of. */
function findFiles(): readonly string[] {
  const here = `${window.location.origin}/assets/`;
  const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
  return [...new Set(loaded.filter((name) => name.startsWith(here)))];
}
