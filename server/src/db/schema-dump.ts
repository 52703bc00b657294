/**
 * The schema as a readable text, made from the catalogue alone, so that both kinds of database give the same text
 * for the same migrations. It is for reading in review and for a test (server/schema.sql), not for making a database.
 */
import type { Sql } from './database.ts';

/** Everything but what extensions own; monthly partitions come and go and are left out with their indexes. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const parts = [
    ...(await dumpExtensions(sql)),
    ...(await dumpSequences(sql)),
    ...(await dumpFunctions(sql)),
    ...(await dumpTables(sql)),
    ...(await dumpViews(sql)),
  ];
  return `-- Made from the database by: UPDATE_SCHEMA=1 npx vitest run server/test/fitness/schema.test.ts\n\n${parts.join('\n\n')}\n`;
}

async function dumpExtensions(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname COLLATE "C"`;
  return rows.map(({ name }) => `EXTENSION ${name}`);
}

async function dumpSequences(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string; cache: number }[]>`
    SELECT c.oid::regclass::text AS name, s.seqcache AS cache
    FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
    WHERE ${own(sql, 'c')}
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('i', 'a'))
    ORDER BY c.oid::regclass::text COLLATE "C"`;
  return rows.map(({ name, cache }) => `SEQUENCE ${name} CACHE ${cache}`);
}

async function dumpFunctions(sql: Sql): Promise<string[]> {
  const rows = await sql<
    { name: string; args: string; result: string; language: string; volatility: string; body: string }[]
  >`
    SELECT p.oid::regproc::text AS name, pg_get_function_identity_arguments(p.oid) AS args,
           coalesce(pg_get_function_result(p.oid), 'void') AS result, l.lanname AS language,
           CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END AS volatility,
           p.prosrc AS body
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname !~ '^(pg_|information_schema$)'
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY p.oid::regprocedure::text COLLATE "C"`;
  return rows.map(
    ({ name, args, result, language, volatility, body }) =>
      `FUNCTION ${name}(${args}) RETURNS ${result} LANGUAGE ${language} ${volatility} AS $$${body}$$`,
  );
}

async function dumpViews(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string; definition: string }[]>`
    SELECT c.oid::regclass::text AS name, pg_get_viewdef(c.oid, true) AS definition
    FROM pg_class c WHERE c.relkind IN ('v', 'm') AND ${own(sql, 'c')}
    ORDER BY c.oid::regclass::text COLLATE "C"`;
  return rows.map(({ name, definition }) => `VIEW ${name} AS\n${definition}`);
}

interface TableRow {
  readonly oid: number;
  readonly name: string;
  readonly partitioning: string | null;
  readonly options: string | null;
  readonly partitions: string[];
}

async function dumpTables(sql: Sql): Promise<string[]> {
  const tables = await sql<TableRow[]>`
    SELECT c.oid::int8 AS oid, c.oid::regclass::text AS name,
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partitioning,
           array_to_string(c.reloptions, ', ') AS options,
           ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
                 WHERE i.inhparent = c.oid AND pg_get_expr(k.relpartbound, k.oid) = 'DEFAULT') AS partitions
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${own(sql, 'c')}
    ORDER BY c.oid::regclass::text COLLATE "C"`;
  const lines = await readTableLines(sql);
  return tables.map(({ oid, name, partitioning, options, partitions }) => {
    const of = (kind: TableLine['kind']): string[] =>
      lines.filter((line) => line.oid === oid && line.kind === kind).map((line) => line.text);
    const inside = [...of('column'), ...of('constraint')].map((line) => `  ${line}`).join(',\n');
    const tail = `${partitioning === null ? '' : ` PARTITION BY ${partitioning}`}${options ? ` WITH (${options})` : ''}`;
    const after = [...of('index'), ...of('trigger'), ...partitions.map((one) => `PARTITION ${one} DEFAULT`)];
    return [`TABLE ${name} (\n${inside}\n)${tail}`, ...after].join('\n');
  });
}

interface TableLine {
  readonly oid: number;
  readonly kind: 'column' | 'constraint' | 'index' | 'trigger';
  readonly text: string;
}

/** Constraints of kind "n" (NOT NULL) are rows of their own from PostgreSQL 18 on; the columns say it already. */
async function readTableLines(sql: Sql): Promise<TableLine[]> {
  return sql<TableLine[]>`
    SELECT oid, kind, text FROM (
      SELECT a.attrelid::int8 AS oid, 'column' AS kind, to_char(a.attnum, 'FM0000') AS place,
             a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
             || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
             || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                                   WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
             || CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
                     WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END AS text
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attnum > 0 AND NOT a.attisdropped
      UNION ALL
      SELECT conrelid::int8, 'constraint', conname, 'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conrelid <> 0
      UNION ALL
      SELECT i.indrelid::int8, 'index', i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
      FROM pg_index i
      WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
      UNION ALL
      SELECT tgrelid::int8, 'trigger', tgname, pg_get_triggerdef(oid)
      FROM pg_trigger WHERE NOT tgisinternal
    ) lines
    ORDER BY oid, kind, place COLLATE "C"`;
}

/** What the migrations made: no system schema, nothing that an extension brought. */
function own(sql: Sql, alias: string) {
  return sql`
    ${sql(alias)}.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)')
    AND NOT EXISTS (SELECT FROM pg_depend e
                    WHERE e.classid = 'pg_class'::regclass AND e.objid = ${sql(alias)}.oid AND e.deptype = 'e')`;
}
