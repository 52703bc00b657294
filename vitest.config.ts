import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'core/src/**/*.test.ts',
      'server/**/*.test.ts',
      'web/src/**/*.test.{ts,tsx}',
      'codecs/**/*.test.ts',
    ],
    testTimeout: 90_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // Real brokers, processes and databases on a shared machine. A test that fails and then passes counts as passed,
    // so this hides unsteady tests: it goes as soon as the suite is shown to be steady without it.
    retry: process.env.CI ? 2 : 0,
    globalSetup: ['server/test/global-setup.ts'],
  },
});
