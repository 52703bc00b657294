/**
 * What a room's screen knew last, for the morning on which it starts before the line does: kept on the device with
 * the moment it was fetched, and forgotten when its link is closed. Never holds the link's secret.
 */
import type { ScreenLink } from './screen-link.ts';

const PREFIX = 'torv.screen.';

/** Asking for it may already be forbidden. */
const ofDevice = () => window.localStorage;

export interface Remembered<T> {
  readonly fetchedAtMs: number;
  readonly body: T;
}

/** A few letters of the secret tell links apart and open nothing. */
function toKey(link: ScreenLink, what: string): string {
  return `${PREFIX}${link.placeId}.${link.secret.slice(0, 6)}.${what}`;
}

export function remember(
  link: ScreenLink,
  what: string,
  body: unknown,
  nowMs: number,
  storage: () => Storage = ofDevice,
): void {
  try {
    storage().setItem(toKey(link, what), JSON.stringify({ fetchedAtMs: nowMs, body }));
  } catch {
    // full or forbidden: the screen works as long as its page
  }
}

export function recall<T>(
  link: ScreenLink,
  what: string,
  storage: () => Storage = ofDevice,
): Remembered<T> | undefined {
  try {
    const kept = JSON.parse(storage().getItem(toKey(link, what)) ?? 'null') as Remembered<T> | null;
    return kept !== null && typeof kept.fetchedAtMs === 'number' && kept.body ? kept : undefined;
  } catch {
    return undefined;
  }
}

export function forget(link: ScreenLink, storage: () => Storage = ofDevice): void {
  try {
    const mine = toKey(link, '');
    const device = storage();
    for (const key of Object.keys(device)) if (key.startsWith(mine)) device.removeItem(key);
  } catch {
    // nothing was kept
  }
}
