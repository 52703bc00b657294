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

type Table = 'uplinks' | 'observations';

/** The rows of a table in the form in which they go back fastest. */
interface Taken {
  /** @returns seconds */
  putInto(table: string): Promise<number>;
}

/** The same frames and readings into empty tables of the same form with the same indexes. @returns seconds */
export async function copyBare(database: BenchDatabase): Promise<number> {
  let seconds = 0;
  for (const table of ['uplinks', 'observations'] as const) {
    await database.sql.unsafe(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
    seconds += await (await takeRows(database, table)).putInto(`bare_${table}`);
  }
  return seconds;
}

/** All readings taken out of their table and put back into the same table. @returns seconds of putting them back */
export async function copyReadingsBack(database: BenchDatabase): Promise<number> {
  const taken = await takeRows(database, 'observations');
  await database.sql`TRUNCATE observations`;
  return taken.putInto('observations');
}

function takeRows(database: BenchDatabase, table: Table): Promise<Taken> {
  return database.kind === 'embedded' ? takeTexts(database.sql, table) : takeCopy(database, table);
}

/** A row's own text form is cast back: the parsing is the database's, as in a COPY. */
async function takeTexts(sql: Sql, table: Table): Promise<Taken> {
  const rows = await sql.unsafe<{ line: string }[]>(`SELECT (t.*)::text AS line FROM ${table} t ORDER BY id`);
  const lines = rows.map((row) => row.line);
  return {
    async putInto(into) {
      const begunMs = performance.now();
      for (let i = 0; i < lines.length; i += 4_000) {
        // OFFSET 0: else the text of a row would be read once for each of its columns.
        await sql`
          INSERT INTO ${sql(into)}
          SELECT (line.r).* FROM (
            SELECT g.r::${sql(table)} AS r FROM unnest(${lines.slice(i, i + 4_000)}::text[]) AS g(r) OFFSET 0
          ) line`;
      }
      return (performance.now() - begunMs) / 1000;
    },
  };
}

async function takeCopy({ url, dataDir }: BenchDatabase, table: Table): Promise<Taken> {
  // One COPY a connection and nothing after it: the stream, when it ends, disturbs the driver's next statement.
  const open = () => openDatabase({ url, dataDir, log: SILENT, maxConnections: 1 });
  const reading = await open();
  const chunks: Buffer[] = [];
  const source =
    await reading.sql`COPY (SELECT * FROM ${reading.sql(table)} ORDER BY id) TO STDOUT`.readable();
  for await (const chunk of source) chunks.push(chunk as Buffer);
  await reading.close();
  const text = Buffer.concat(chunks);
  return {
    async putInto(into) {
      const own = await open();
      const begunMs = performance.now();
      const target = await own.sql`COPY ${own.sql(into)} FROM STDIN`.writable();
      for (let at = 0; at < text.length; at += COPY_BYTES) {
        await new Promise<void>((written, failed) =>
          target.write(text.subarray(at, at + COPY_BYTES), (error) => (error ? failed(error) : written())),
        );
      }
      await new Promise<void>((ended, failed) => {
        target.once('error', failed);
        target.end(ended);
      });
      const seconds = (performance.now() - begunMs) / 1000;
      await own.close();
      return seconds;
    },
  };
}
