/** Light, dark, or as the device says; the choice is kept on this device and stands on <html>. */
import { useSyncExternalStore } from 'react';

export const SCHEMES = ['auto', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

const STORED = 'torv.scheme';
const listeners = new Set<() => void>();

function toScheme(text: string | null | undefined): Scheme {
  return SCHEMES.find((one) => one === text) ?? 'auto';
}

export function applyStoredScheme(): void {
  try {
    document.documentElement.dataset.colorScheme = toScheme(window.localStorage.getItem(STORED));
  } catch {
    // stays auto
  }
}

export function chooseScheme(scheme: Scheme): void {
  document.documentElement.dataset.colorScheme = scheme;
  try {
    window.localStorage.setItem(STORED, scheme);
  } catch {
    // lasts as long as the page
  }
  for (const listener of listeners) listener();
}

const dark = window.matchMedia('(prefers-color-scheme: dark)');
dark.addEventListener('change', () => {
  for (const listener of listeners) listener();
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useScheme(): Scheme {
  return useSyncExternalStore(subscribe, () => toScheme(document.documentElement.dataset.colorScheme));
}

/** For drawings that need colours as values: are we dark right now? */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, () => {
    const scheme = toScheme(document.documentElement.dataset.colorScheme);
    return scheme === 'dark' || (scheme === 'auto' && dark.matches);
  });
}
