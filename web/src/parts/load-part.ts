/**
 * A part of a page that is fetched when it is needed. Where the line is away just then it is asked for again: a lazy
 * part that has failed once stays failed, and a screen on a wall has nobody to reload it.
 */

/** Waits between the tries, in milliseconds; after the last one the page says that it is broken. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 10_000, 20_000, 30_000, 30_000, 60_000, 60_000] as const;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws what the last try throws (a new version may have other files) */
export async function loadPart<T>(load: () => Promise<T>, waitsMs: readonly number[] = WAITS_MS): Promise<T> {
  for (const ms of waitsMs) {
    try {
      return await load();
    } catch {
      await wait(ms);
    }
  }
  return load();
}
