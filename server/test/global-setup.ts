/** Once per test run: worker threads are built, and databases that were started are ended. Vitest calls it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startRun } from './database.ts';

export async function setup(): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../build.mjs', import.meta.url))], {
    stdio: 'pipe',
  });
  return startRun();
}
