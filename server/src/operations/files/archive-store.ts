/**
 * Rows of an archive into the database: its numbers become ids of this database. Column names and types come from
 * the catalogue, never from the archive; every value goes through its column's type.
 */
import { AppError } from '@torv/core/errors';
import type { Transaction } from '../../db/database.ts';
import type { ArchiveTable, Reference } from './archive-tables.ts';
import type { Table } from './catalogue-store.ts';

export interface IdBlocks {
  /** Number 1, 2, 3... of a table -> id. */
  readonly numbers: Map<string, readonly number[]>;
  readonly offsets: Readonly<Record<'uplinks' | 'observations', number>>;
  /** `table key` -> id of what is shipped with this Torv. */
  readonly shipped: Map<string, number | null>;
}

export interface ToInsert {
  readonly table: ArchiveTable;
  readonly own: Table;
  readonly texts: readonly string[];
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly organisationId: number;
  readonly blocks: IdBlocks;
  /** A demo organisation may be public; nothing else. */
  readonly isOpen: boolean;
}

interface Inserted {
  readonly organisationId: number;
  readonly later: readonly { table: string; column: string; id: number; ref: number }[];
}

/** Other sessions may hold this many numbers of a sequence that they have not used yet. */
const GUARD = 1_000_000;

export async function reserveIds(tx: Transaction, table: string, count: number): Promise<readonly number[]> {
  const rows = await tx<{ id: number }[]>`
    SELECT nextval(pg_get_serial_sequence(${table}, 'id')) AS id FROM generate_series(1, ${count})`;
  return rows.map((row) => row.id);
}

/** A stretch of a sequence for ids that keep their distances. Imports wait for each other here. */
export async function reserveOffset(tx: Transaction, sequence: string, span: number): Promise<number> {
  await tx`SELECT FROM organisations WHERE kind = 'system' FOR NO KEY UPDATE`;
  const [row] = await tx<{ next: number }[]>`SELECT nextval(${sequence}::text::regclass) AS next`;
  const first = (row?.next ?? 0) + GUARD;
  await tx`SELECT setval(${sequence}::text::regclass, ${first + span})`;
  return first;
}

function broken(table: string, column: string): AppError {
  return new AppError(
    'BAD_FILE',
    `A line of ${table} refers to something that is not in the archive (${column}).`,
    {
      hint: 'Nothing was written.',
    },
  );
}

function toId(input: ToInsert, column: string, ref: string, value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const id = typeof value === 'number' ? input.blocks.numbers.get(ref)?.[value - 1] : undefined;
  if (id === undefined) throw broken(input.table.name, column);
  return id;
}

async function findShipped(
  tx: Transaction,
  blocks: IdBlocks,
  target: string,
  key: string,
): Promise<number | null> {
  const known = `${target} ${key}`;
  const there = blocks.shipped.get(known);
  if (there !== undefined) return there;
  const [codec = '', hash = ''] = key.split(' ');
  const [row] =
    target === 'observed_properties'
      ? await tx<{ id: number }[]>`SELECT id FROM observed_properties WHERE key = ${key}`
      : target === 'codecs'
        ? await tx<{ id: number }[]>`SELECT id FROM codecs WHERE key = ${key} AND origin = 'shipped'`
        : await tx<{ id: number }[]>`
            SELECT v.id FROM codec_versions v JOIN codecs c ON c.id = v.codec_id
            WHERE c.key = ${codec} AND c.origin = 'shipped' AND v.script_hash = ${hash} ORDER BY v.number DESC LIMIT 1`;
  const id = row?.id ?? null;
  blocks.shipped.set(known, id);
  return id;
}

/** One column's ids for all lines, as text that PostgreSQL casts to the column's type. */
async function toIds(
  tx: Transaction,
  input: ToInsert,
  column: string,
  ref: Reference,
): Promise<(string | null)[]> {
  const ids: (string | null)[] = [];
  for (const line of input.lines) {
    const value = line[column];
    if (typeof ref === 'string') {
      const shipped = line[`${column}_shipped`];
      const id =
        value === null && typeof shipped === 'string'
          ? await findShipped(tx, input.blocks, ref, shipped)
          : toId(input, column, ref, value);
      ids.push(id === null ? null : String(id));
    } else if ('offset' in ref)
      ids.push(typeof value === 'number' ? String(value + input.blocks.offsets[ref.offset]) : null);
    else {
      if (!Array.isArray(value)) throw broken(input.table.name, column);
      ids.push(`{${value.map((one) => toId(input, column, ref.list, one)).join(',')}}`);
    }
  }
  return ids;
}

/**
 * @param as slug and kind of the organisation itself, which is the first row of all
 * @throws AppError BAD_FILE when a value does not fit
 */
export async function insertArchiveRows(
  tx: Transaction,
  input: ToInsert,
  as?: { readonly slug: string; readonly kind: string },
): Promise<Inserted> {
  const { table, own } = input;
  const given: (readonly (string | null)[])[] = [];
  const names: string[] = [];
  const values: string[] = [];
  const later: { table: string; column: string; id: number; ref: number }[] = [];
  const take = (column: string, type: string, ids: readonly (string | null)[]) => {
    names.push(`"${column}"`);
    values.push(`l.c${given.length}::${type}`);
    given.push(ids);
  };
  const key = table.numbered ? 'id' : 'thing_id';
  for (const { name, type } of own.columns) {
    const ref = table.refs[name];
    const fixed = table.fixed?.[name];
    if (fixed !== undefined) {
      names.push(`"${name}"`);
      values.push(fixed);
    } else if (table.omit?.includes(name)) continue;
    else if (name === 'organisation_id')
      take(
        name,
        type,
        input.lines.map(() => String(input.organisationId)),
      );
    else if (table.later?.includes(name) && typeof ref === 'string') {
      for (const line of input.lines) {
        const target = toId(input, name, ref, line[name]);
        const id = toId(input, key, table.numbered ? table.name : 'things', line[key]);
        if (target !== null && id !== null) later.push({ table: table.name, column: name, id, ref: target });
      }
    } else if (ref !== undefined) take(name, type, await toIds(tx, input, name, ref));
    else if (name === 'id' && table.numbered) take(name, type, await toIds(tx, input, 'id', table.name));
    else {
      names.push(`"${name}"`);
      const overruled = as !== undefined && (name === 'slug' || name === 'kind');
      if (overruled) {
        values.push(`l.c${given.length}::${type}`);
        given.push([as[name]]);
      } else values.push(name === 'visibility' && !input.isOpen ? `'internal'` : `r."${name}"`);
    }
  }
  const typed = own.columns.map(({ name, type }) => `"${name}" ${toReadType(table, name, type)}`).join(', ');
  const columns = given.map((_, i) => `, $${i + 2}::text[]`).join('');
  const aliases = given.map((_, i) => `, c${i}`).join('');
  try {
    const rows = await tx.unsafe<{ id: number | null }[]>(
      `INSERT INTO "${table.name}" (${names.join(', ')}) OVERRIDING SYSTEM VALUE
       SELECT ${values.join(', ')} FROM unnest($1::text[]${columns}) WITH ORDINALITY AS l(line${aliases}, n),
         jsonb_to_record(l.line::jsonb) AS r(${typed}) ORDER BY l.n
       ${as === undefined ? '' : 'RETURNING id'}`,
      [input.texts as string[], ...(given as (string | null)[][])],
    );
    return { organisationId: as === undefined ? input.organisationId : (rows[0]?.id ?? 0), later };
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    // Data and integrity errors are the archive's; everything else is not.
    if (!/^(22|23)/.test(code)) throw error;
    throw new AppError('BAD_FILE', `A line of ${table.name} does not fit: ${(error as Error).message}.`, {
      hint: 'Nothing was written.',
      cause: error,
    });
  }
}

/** Columns that are numbers of the archive are not read from the line by their own type. */
function toReadType(table: ArchiveTable, name: string, type: string): string {
  return table.refs[name] !== undefined || table.omit?.includes(name) || name === 'organisation_id'
    ? 'text'
    : type;
}

/** References within one table, once all its rows are there. */
export async function setLater(
  tx: Transaction,
  later: readonly { table: string; column: string; id: number; ref: number }[],
): Promise<void> {
  const groups = new Map<string, typeof later>();
  for (const one of later) {
    const key = `${one.table} ${one.column}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const idColumn = first.table === 'places' ? 'thing_id' : 'id';
    await tx`
      UPDATE ${tx(first.table)} t SET ${tx(first.column)} = g.ref
      FROM unnest(${group.map((one) => one.id)}::bigint[], ${group.map((one) => one.ref)}::bigint[]) AS g(id, ref)
      WHERE t.${tx(idColumn)} = g.id`;
  }
}
