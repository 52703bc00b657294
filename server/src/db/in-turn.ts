/**
 * Statements of one transaction that do not need each other's answers, sent one after another: the database works
 * on the first while the next is still being written out. Sent all at once, their texts would be made first and
 * the database would wait for them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A statement whose text took longer to make is worth a turn of the event loop. */
const LONG_MS = 1;

type Step = () => Promise<unknown>;
type Results<S extends readonly Step[]> = { -readonly [I in keyof S]: Awaited<ReturnType<S[I]>> };

/** @returns the results in the order of the steps. @throws what the first step that failed throws */
export async function sendInTurn<const S extends readonly Step[]>(steps: S): Promise<Results<S>> {
  const sent: Promise<unknown>[] = [];
  for (const step of steps) {
    const begunMs = performance.now();
    const answer = step();
    // told below, in the order of the steps; until then nobody waits for it
    answer.catch(() => undefined);
    sent.push(answer);
    // A short one goes out together with the next: each turn may bring other work, and the transaction would be held open.
    if (performance.now() - begunMs > LONG_MS) await nextTurn();
  }
  return (await Promise.all(sent)) as Results<S>;
}
