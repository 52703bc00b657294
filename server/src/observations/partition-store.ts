/**
 * Monthly partitions of the tables that grow. A partition is made before the first row of its month is written,
 * outside the batch's transaction: making one locks the parent table for a moment.
 */
import { toMonthIndex, toMonthStartMs } from '@torv/core/ids';
import type { Sql, Transaction } from '../db/database.ts';

export const GROWING_TABLES = ['observations', 'uplinks', 'uplink_messages'] as const;
export type GrowingTable = (typeof GROWING_TABLES)[number];

/** What lies outside goes to the default partition: a wrong clock must not make a thousand tables. */
const FIRST_MONTH = toMonthIndex(Date.UTC(1990, 0, 1));
const LAST_MONTH = toMonthIndex(Date.UTC(2069, 11, 1));

/** Months known to exist, per pool: asking costs a statement only for a month not met before. */
const known = new WeakMap<Sql | Transaction, Set<string>>();

function toPartitionName(table: GrowingTable, month: number): string {
  return `${table}_${new Date(toMonthStartMs(month)).toISOString().slice(0, 7).replace('-', '_')}`;
}

/**
 * Makes sure that the months of these moments have a partition in `table`.
 * @param times RFC 3339 instants
 */
export async function ensurePartitions(
  sql: Sql | Transaction,
  table: GrowingTable,
  times: Iterable<string>,
): Promise<void> {
  let seen = known.get(sql);
  if (!seen) {
    seen = new Set();
    known.set(sql, seen);
  }
  const months = new Set<number>();
  let lastPrefix = '';
  for (const time of times) {
    // Most rows of a batch share a month: skip the parsing for an equal `YYYY-MM`.
    const prefix = time.slice(0, 7);
    if (prefix === lastPrefix) continue;
    lastPrefix = prefix;
    const month = toMonthIndex(Date.parse(time));
    if (month >= FIRST_MONTH && month <= LAST_MONTH) months.add(month);
  }
  for (const month of months) {
    const name = toPartitionName(table, month);
    if (seen.has(name)) continue;
    const from = new Date(toMonthStartMs(month)).toISOString();
    const until = new Date(toMonthStartMs(month + 1)).toISOString();
    const [row] = await sql<{ there: boolean }[]>`SELECT to_regclass(${name}) IS NOT NULL AS there`;
    if (!row?.there) {
      try {
        await sql.unsafe(
          `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${until}')`,
        );
      } catch (error) {
        // Another process made the same month at the same moment.
        const code = (error as { code?: string }).code;
        if (code !== '42P07' && code !== '23505' && code !== '42P17') throw error;
      }
    }
    seen.add(name);
  }
}
