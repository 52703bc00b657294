/**
 * The database's own description of itself, and rows in and out by it: tables, columns, foreign keys, sequences.
 * Names that become SQL come from the catalogue alone, never from a file.
 */
import type { Sql, Transaction } from '../../db/database.ts';

export interface Column {
  readonly name: string;
  /** As SQL writes it, e.g. `bigint`, `text[]`, `geometry(Geometry,4326)`. */
  readonly type: string;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly partitioned: boolean;
}

/** Every table of Torv but the record of migrations; partitions are reached through their parent. */
export async function findTables(sql: Sql | Transaction): Promise<Table[]> {
  return sql<Table[]>`
    SELECT c.relname AS name, c.relkind = 'p' AS partitioned,
      (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
      coalesce((SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
       FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
       WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS "primaryKey"
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'schema_migrations'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname COLLATE "C"`;
}

export interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  readonly columns: readonly string[];
  readonly target: string;
}

export async function findForeignKeys(sql: Sql | Transaction): Promise<ForeignKey[]> {
  return sql<ForeignKey[]>`
    SELECT c.relname AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition, t.relname AS target,
      (SELECT array_agg(a.attname::text ORDER BY array_position(k.conkey, a.attnum))
       FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey)) AS columns
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace AND k.conparentid = 0
    ORDER BY c.relname COLLATE "C", k.conname COLLATE "C"`;
}

export interface Sequence {
  readonly name: string;
  readonly last: number;
  readonly called: boolean;
}

export async function findSequences(sql: Sql | Transaction): Promise<Sequence[]> {
  const names = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relkind = 'S' AND c.relnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname COLLATE "C"`;
  const sequences: Sequence[] = [];
  for (const { name } of names) {
    const [row] = await sql<{ last: number; called: boolean }[]>`
      SELECT last_value AS last, is_called AS called FROM ${sql(name)}`;
    if (row) sequences.push({ name, ...row });
  }
  return sequences;
}

export interface Migration {
  readonly name: string;
  readonly checksum: string;
}

export async function findMigrations(sql: Sql | Transaction): Promise<Migration[]> {
  return sql<Migration[]>`SELECT name, checksum FROM schema_migrations ORDER BY number`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** GeoJSON would be cut to nine decimals: geometry travels as EWKB in hexadecimal digits. */
export function toExported(column: Column, alias = ''): string {
  const name = alias === '' ? quote(column.name) : `${alias}.${quote(column.name)}`;
  return column.type.startsWith('geometry') ? `${name}::text AS ${quote(column.name)}` : name;
}

const FETCH_ROWS = 2000;

/**
 * The rows of a query, each as one JSON text, in pieces. A cursor within the caller's transaction, so that all
 * that a file holds is of one moment.
 */
export async function* fetchRows(tx: Transaction, query: string): AsyncGenerator<readonly string[]> {
  await tx.unsafe(
    `DECLARE torv_rows NO SCROLL CURSOR FOR SELECT row_to_json(r)::text AS line FROM (${query}) r`,
  );
  try {
    for (;;) {
      const rows = await tx.unsafe<{ line: string }[]>(`FETCH ${FETCH_ROWS} FROM torv_rows`);
      if (rows.length === 0) break;
      yield rows.map((row) => row.line);
    }
  } finally {
    await tx.unsafe('CLOSE torv_rows').catch(() => undefined);
  }
}

/** Rows as `fetchRows` gave them; identities are kept. */
export async function insertRows(tx: Transaction, table: Table, lines: readonly string[]): Promise<void> {
  const names = table.columns.map((column) => quote(column.name)).join(', ');
  const typed = table.columns.map((column) => `${quote(column.name)} ${column.type}`).join(', ');
  await tx.unsafe(
    `INSERT INTO ${quote(table.name)} (${names}) OVERRIDING SYSTEM VALUE
     SELECT r.* FROM unnest($1::text[]) WITH ORDINALITY AS l(line, n), jsonb_to_record(l.line::jsonb) AS r(${typed})
     ORDER BY l.n`,
    [lines as string[]],
  );
}

/** Takes every foreign key and trigger of Torv's tables away for the time of `work`, in the same transaction. */
export async function withoutConstraints(
  tx: Transaction,
  tables: readonly Table[],
  work: () => Promise<void>,
): Promise<void> {
  const keys = await findForeignKeys(tx);
  for (const table of tables) await tx.unsafe(`ALTER TABLE ${quote(table.name)} DISABLE TRIGGER USER`);
  for (const key of keys)
    await tx.unsafe(`ALTER TABLE ${quote(key.table)} DROP CONSTRAINT ${quote(key.name)}`);
  await work();
  for (const key of keys)
    await tx.unsafe(`ALTER TABLE ${quote(key.table)} ADD CONSTRAINT ${quote(key.name)} ${key.definition}`);
  for (const table of tables) await tx.unsafe(`ALTER TABLE ${quote(table.name)} ENABLE TRIGGER USER`);
}

export async function truncateTables(tx: Transaction, tables: readonly Table[]): Promise<void> {
  await tx.unsafe(`TRUNCATE ${tables.map((table) => quote(table.name)).join(', ')}`);
}

export async function setSequence(tx: Transaction, sequence: Sequence): Promise<void> {
  await tx`SELECT setval(${sequence.name}::text::regclass, ${sequence.last}, ${sequence.called})`;
}

/** Months that a growing table has partitions for, as YYYY-MM. */
export async function findMonths(sql: Sql | Transaction, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${table}::text::regclass ORDER BY 1`;
  return rows.flatMap(({ name }) => {
    const match = /_(\d{4})_(\d\d)$/.exec(name);
    return match ? [`${match[1]}-${match[2]}`] : [];
  });
}

/** What a database has that a restore would overwrite; an empty list: nothing. */
export async function findContents(sql: Sql | Transaction): Promise<string[]> {
  const [row] = await sql<{ organisations: number; users: number }[]>`
    SELECT (SELECT count(*)::int FROM organisations WHERE kind <> 'system') AS organisations,
           (SELECT count(*)::int FROM users) AS users`;
  return [
    row?.organisations ? `${row.organisations} organisations` : '',
    row?.users ? `${row.users} users` : '',
  ].filter(Boolean);
}
