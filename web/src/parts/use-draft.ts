/**
 * What somebody types survives a reload: kept on this device per form until it is saved or dropped. Only what was
 * changed is kept, with the version it was changed from, so that nobody's later change is overwritten unseen.
 */
import { useCallback, useState } from 'react';

const PREFIX = 'torv.draft.';

interface Kept<T> {
  readonly version: number;
  readonly changes: Partial<T>;
}

export interface Draft<T> {
  readonly value: T;
  readonly changes: Partial<T>;
  /** What the changes were made to; goes into If-Match. */
  readonly version: number;
  readonly restored: boolean;
  readonly change: (part: Partial<T>) => void;
  /** Forgets what was typed; the form shows `initial` again. */
  readonly drop: () => void;
  /** After a conflict: the same changes, now made to this version. */
  readonly rebase: (version: number) => void;
}

/** @param key one per form and thing, e.g. "device-7" */
export function useDraft<T extends object>(key: string, initial: T, version = 0): Draft<T> {
  const [state, setState] = useState(() => {
    const kept = readKept<T>(key);
    return { kept, restored: kept !== undefined };
  });
  const keep = useCallback(
    (kept: Kept<T> | undefined, restored: boolean) => {
      try {
        if (kept === undefined) window.sessionStorage.removeItem(PREFIX + key);
        else window.sessionStorage.setItem(PREFIX + key, JSON.stringify(kept));
      } catch {
        // kept as long as the page
      }
      setState({ kept, restored });
    },
    [key],
  );
  const { kept, restored } = state;
  return {
    value: { ...initial, ...kept?.changes },
    changes: kept?.changes ?? {},
    version: kept?.version ?? version,
    restored,
    change: (part) =>
      keep({ version: kept?.version ?? version, changes: { ...kept?.changes, ...part } }, restored),
    drop: () => keep(undefined, false),
    rebase: (next) => keep({ version: next, changes: kept?.changes ?? {} }, restored),
  };
}

function readKept<T>(key: string): Kept<T> | undefined {
  try {
    const text = window.sessionStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as Kept<T>);
  } catch {
    return undefined;
  }
}
