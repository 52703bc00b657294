/**
 * What PostgreSQL's autovacuum does by itself and the embedded database has nobody for: dead rows are swept and the
 * planner's statistics refreshed. Table by table, so that visitors wait for one table at most.
 */
import type { Database } from '../db/database.ts';

/** Tables that every batch rewrites; the growing ones only need statistics. */
const REWRITTEN = [
  'datastream_stats',
  'device_status',
  'gateway_signal',
  'gateways',
  'source_status',
  'jobs',
  'sessions',
] as const;
const GROWING = ['observations', 'uplinks', 'uplink_messages', 'datastreams', 'things'] as const;

export const TIDY_EVERY_MS = 3_600_000;

/** @returns the tables that were tidied; none on PostgreSQL, which does it by itself */
export async function tidyDatabase(database: Pick<Database, 'kind' | 'sql'>): Promise<readonly string[]> {
  if (database.kind !== 'embedded') return [];
  // VACUUM runs outside a transaction, one statement alone.
  for (const table of REWRITTEN) await database.sql.unsafe(`VACUUM (ANALYZE) ${table}`);
  for (const table of GROWING) await database.sql.unsafe(`ANALYZE ${table}`);
  return [...REWRITTEN, ...GROWING];
}
