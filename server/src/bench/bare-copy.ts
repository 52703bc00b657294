/** What a benchmark of the way in is held against: the same frames and readings into empty tables, with nothing else. */
import { type Database, openDatabase, type Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface BenchDatabase extends Database {
  readonly url: string | undefined;
  readonly dataDir: string;
}

const COPY_BYTES = 256 * 1024;

/** The same frames and readings into empty tables of the same form with the same indexes. @returns seconds */
export async function copyBare({ sql, kind, url, dataDir }: BenchDatabase): Promise<number> {
  let seconds = 0;
  for (const table of ['uplinks', 'observations'] as const) {
    await sql.unsafe(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
    if (kind === 'embedded') {
      seconds += await insertRows(sql, table);
      continue;
    }
    // The driver takes one COPY a connection: its stream, when it ends, disturbs the next one.
    const own = await openDatabase({ url, dataDir, log: SILENT, maxConnections: 1 });
    seconds += await copyRows(sql, own.sql, table);
    await own.close();
  }
  return seconds;
}

/** A row's own text form is cast back: the parsing is the database's, as in a COPY. */
async function insertRows(sql: Sql, table: 'uplinks' | 'observations'): Promise<number> {
  const rows = await sql.unsafe<{ line: string }[]>(`SELECT (t.*)::text AS line FROM ${table} t ORDER BY id`);
  const lines = rows.map((row) => row.line);
  const begunMs = performance.now();
  for (let i = 0; i < lines.length; i += 4_000) {
    await sql`INSERT INTO ${sql(`bare_${table}`)} SELECT (r::${sql(table)}).* FROM unnest(${lines.slice(i, i + 4_000)}::text[]) AS g(r)`;
  }
  return (performance.now() - begunMs) / 1000;
}

async function copyRows(sql: Sql, own: Sql, table: 'uplinks' | 'observations'): Promise<number> {
  const chunks: Buffer[] = [];
  const source = await sql`COPY (SELECT * FROM ${sql(table)} ORDER BY id) TO STDOUT`.readable();
  for await (const chunk of source) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  const begunMs = performance.now();
  const target = await own`COPY ${sql(`bare_${table}`)} FROM STDIN`.writable();
  for (let at = 0; at < text.length; at += COPY_BYTES) {
    await new Promise<void>((written, failed) =>
      target.write(text.subarray(at, at + COPY_BYTES), (error) => (error ? failed(error) : written())),
    );
  }
  await new Promise<void>((ended, failed) => {
    target.once('error', failed);
    target.end(ended);
  });
  return (performance.now() - begunMs) / 1000;
}
