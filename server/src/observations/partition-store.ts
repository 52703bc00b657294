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
    if (!row?.there) await makePartition(sql, table, name, from, until);
    seen.add(name);
  }
}

/**
 * 42P07, 23505, 42P17: another process made the same month at the same moment. 23514: rows of that month lie in
 * the default partition already (written by a process that knew a partition which was dropped meanwhile): they
 * stay there, and so do the next ones.
 */
const THERE_ALREADY = new Set(['42P07', '23505', '42P17', '23514']);
const MAX_TRIES = 5;

async function makePartition(
  sql: Sql | Transaction,
  table: GrowingTable,
  name: string,
  from: string,
  until: string,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await sql.unsafe(
        `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM ('${from}') TO ('${until}')`,
      );
      return;
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (THERE_ALREADY.has(code)) return;
      // A deadlock with a batch that reads the default partition: the batch goes first.
      if (code !== '40P01' || tries >= MAX_TRIES) throw error;
    }
  }
}

/** Drops the months that lie wholly before a moment. @returns how many */
export async function dropPartitionsBefore(sql: Sql, table: GrowingTable, before: string): Promise<number> {
  const last = toPartitionName(table, toMonthIndex(Date.parse(before)));
  const rows = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${table}::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' AND c.relname < ${last} ORDER BY 1`;
  for (const { name } of rows) {
    await sql.unsafe(`DROP TABLE IF EXISTS ${name}`);
    known.get(sql)?.delete(name);
  }
  return rows.length;
}
