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
    // Real brokers, processes and databases on a shared machine: one more try there, and test/flaky-reporter.mjs names
    // every test that needed it.
    retry: process.env.CI ? 1 : 0,
    globalSetup: ['server/test/global-setup.ts'],
  },
});
