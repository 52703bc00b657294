/** The browser journeys: one real server, one real Chromium, one file after the other. Not part of the unit run. */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By name: the first administrator's link opens only once, so whoever needs an account comes after it. */
class InOrderOfNames extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => a.moduleId.localeCompare(b.moduleId));
  }
}

export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    globalSetup: ['e2e/demo-server.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 180_000,
    // a machine that does other work as well is slow, not wrong
    expect: { poll: { timeout: 30_000, interval: 100 } },
    hookTimeout: 300_000,
    teardownTimeout: 120_000,
    sequence: { sequencer: InOrderOfNames },
  },
});
