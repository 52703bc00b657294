/** Is the screen a phone's? Only for drawings; everything else is CSS. */
import { useSyncExternalStore } from 'react';

const narrow = window.matchMedia('(max-width: 47.99rem)');

function subscribe(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}

export function useIsNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => narrow.matches);
}
