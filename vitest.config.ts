import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest: a long one that begins last would keep one processor waiting for the other. */
const LONGEST = [
  'ingest/recorded-file',
  'ingest/killed-server',
  'test/stop',
  'db/embedded-folder',
  'ingest/disk-full',
  'sensorthings/writing',
  'conformance/mqtt-create',
  'fitness/roles',
  'ingest/any-order',
  'access/links',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const toRank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => toRank(a) - toRank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    // Real brokers, processes and databases on a shared machine: one more try there, and test/flaky-reporter.mjs names
    // every test that needed it.
    retry: process.env.CI ? 1 : 0,
    globalSetup: ['server/test/global-setup.ts'],
  },
});
