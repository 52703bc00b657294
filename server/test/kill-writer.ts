/** A process of its own that the test kills: writes rows as fast as it can and says each one that is committed. */
import { openDatabase } from '../src/db/database.ts';

const [dataDir = ''] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const { sql } = await openDatabase({ dataDir, log });
await sql`CREATE TABLE IF NOT EXISTS written (n bigint PRIMARY KEY, half bigint NOT NULL)`;
const [row] = await sql<{ next: number }[]>`SELECT coalesce(max(n), 0) + 1 AS next FROM written`;
for (let n = row?.next ?? 1; ; n++) {
  await sql.begin(async (tx) => {
    // two rows in one transaction: never one without the other
    await tx`INSERT INTO written VALUES (${n}, 1)`;
    await tx`INSERT INTO written VALUES (${-n}, 2)`;
  });
  process.stdout.write(`${n}\n`);
}
