/** The operator stops the server, while the demo town's older weeks may still be on their way: it ends by itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';

const STOP_MS = 60_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('the server ends when it is asked to, and gives its data folder back', async () => {
  const pid = inject('serverPid');
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGTERM');
  try {
    await expect
      .poll(() => isAlive(pid), { timeout: STOP_MS, interval: 100, message: 'the server still runs' })
      .toBe(false);
  } catch (error) {
    // what it holds on to, as a report in artifacts/
    process.kill(pid, 'SIGUSR2');
    throw error;
  }
  expect(existsSync(join(inject('dataDir'), 'torv.lock'))).toBe(false);
});
