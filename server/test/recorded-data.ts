/**
 * Finds the recorded data that tests read and the repository must not hold: $TORV_TEST_DATA, or `../shared/data`
 * beside the repository. Where it is missing a test is skipped and says so; in CI that is a failure.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = process.env.TORV_TEST_DATA ?? resolve(import.meta.dirname, '../../../shared/data');

/** Path of a recorded file or folder, or undefined where there is none and this is not CI. */
export function findRecordedData(path: string): string | undefined {
  const file = join(ROOT, path);
  if (existsSync(file)) return file;
  if (process.env.CI !== undefined) throw new Error(`The recorded data ${path} is missing in ${ROOT}.`);
  return undefined;
}
