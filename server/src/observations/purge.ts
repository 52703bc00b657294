/**
 * The readings of Datastreams that are gone, removed piece by piece: nobody waits for a million rows. Until then they
 * are shown to nobody, because what may be read of a reading is what may be read of its Datastream.
 */
import type { Sql } from '../db/database.ts';

export const PURGE_EVERY_MS = 60_000;

const ROWS_AT_ONCE = 5_000;

export interface PurgeOptions {
  /** Between two pieces it stops when this has ended; the rest goes the next time. */
  readonly signal?: AbortSignal;
}

/** @returns how many readings were removed */
export async function purgeReadings(sql: Sql, { signal }: PurgeOptions = {}): Promise<number> {
  let removed = 0;
  const rows = await sql<{ id: number }[]>`SELECT datastream_id AS id FROM purges ORDER BY 1`;
  for (const { id } of rows) {
    for (let isLeft = true; isLeft; ) {
      if (signal?.aborted) return removed;
      const gone = await sql`
        DELETE FROM observations o
        USING (SELECT id, phenomenon_start FROM observations WHERE datastream_id = ${id}
               ORDER BY phenomenon_start LIMIT ${ROWS_AT_ONCE}) piece
        WHERE o.id = piece.id AND o.phenomenon_start = piece.phenomenon_start AND o.datastream_id = ${id}`;
      removed += gone.count;
      isLeft = gone.count > 0;
    }
    await sql`DELETE FROM purges WHERE datastream_id = ${id}`;
  }
  return removed;
}
