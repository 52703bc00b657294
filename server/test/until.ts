/** Waits for what happens by itself; the test's own time limit ends it, so nothing here is measured. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}
