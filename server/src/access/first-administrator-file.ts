/**
 * Hands the first administrator's link over: on a terminal as text; where the output is a journal or a file, in a
 * file that only the server's own user can read. Never in the log.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import type { Sql } from '../db/database.ts';
import { createFirstAdministratorLink } from './first-administrator.ts';

/** @returns the sentence for the terminal; undefined when somebody has an account already */
export async function handOverFirstLink(
  sql: Sql,
  config: Config,
  now: () => number,
  isTerminal: boolean = process.stdout.isTTY === true,
): Promise<string | undefined> {
  const file = resolve(join(config.dataDir, 'first-administrator.txt'));
  // an old file may have wider rights, which writeFile would leave as they are
  await rm(file, { force: true });
  const link = await createFirstAdministratorLink(sql, config, now);
  if (link === undefined) return undefined;
  if (isTerminal)
    return `Nobody has an account yet. Become the first administrator within an hour:\n  ${link}`;
  await writeFile(file, `${link}\n`, { mode: 0o600, flag: 'wx' });
  return `Nobody has an account yet. The link for the first administrator is in ${file} for an hour.`;
}
