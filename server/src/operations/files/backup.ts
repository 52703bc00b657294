/**
 * `torv backup` and `torv restore`: everything a database holds, as one logical file that either kind of database
 * takes, with users, hashes of keys and sealed secrets: it is as secret as the database itself. A restore goes only
 * into an empty database of the same migrations, whole or not at all.
 */
import { AppError } from '@torv/core/errors';
import type { Database, Transaction } from '../../db/database.ts';
import { ensurePartitions, GROWING_TABLES } from '../../observations/partition-store.ts';
import {
  fetchRows,
  findContents,
  findMigrations,
  findMonths,
  findSequences,
  findTables,
  insertRows,
  type Sequence,
  setSequence,
  type Table,
  toExported,
  truncateTables,
  withoutConstraints,
} from './catalogue-store.ts';
import { checkContainer, createContainer, readContainer, toBatches } from './container.ts';

export interface FileReport {
  readonly rows: number;
  readonly tables: ReadonlyMap<string, number>;
}

const FORMAT = 'torv-backup';
const FORMAT_VERSION = 1;

function toQuery(table: Table): string {
  const columns = table.columns.map((column) => toExported(column)).join(', ');
  const order =
    table.primaryKey.length === 0
      ? ''
      : ` ORDER BY ${table.primaryKey.map((name) => `"${name}"`).join(', ')}`;
  return `SELECT ${columns} FROM "${table.name}"${order}`;
}

/** One consistent moment of the database: on PostgreSQL others go on writing meanwhile. */
export async function backUp(database: Database, path: string, now: Date): Promise<FileReport> {
  return database.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const tables = await findTables(tx);
    const months: Record<string, readonly string[]> = {};
    for (const table of GROWING_TABLES) months[table] = await findMonths(tx, table);
    const header = {
      format: FORMAT,
      formatVersion: FORMAT_VERSION,
      madeAt: now.toISOString(),
      database: { kind: database.kind, version: database.version },
      migrations: await findMigrations(tx),
      tables: Object.fromEntries(
        tables.map((table) => [table.name, table.columns.map((column) => column.name)]),
      ),
      months,
      sequences: await findSequences(tx),
    };
    const container = await createContainer(path, header, now);
    try {
      const counts = new Map<string, number>();
      for (const table of tables) {
        let rows = 0;
        for await (const lines of fetchRows(tx, toQuery(table))) {
          for (const line of lines) await container.line(table.name, line);
          rows += lines.length;
        }
        counts.set(table.name, rows);
      }
      await container.finish();
      return { rows: [...counts.values()].reduce((sum, n) => sum + n, 0), tables: counts };
    } catch (error) {
      await container.abort();
      throw error;
    }
  });
}

interface BackupHeader {
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[];
  readonly months: Readonly<Record<string, readonly string[]>>;
  readonly sequences: readonly Sequence[];
}

function parseHeader(path: string, header: Readonly<Record<string, unknown>>): BackupHeader {
  if (header.format !== FORMAT) {
    throw new AppError('BAD_FILE', `${path} is not a backup of Torv.`, {
      hint:
        header.format === 'torv-organisation'
          ? 'It is the archive of one organisation: torv import FILE'
          : '',
    });
  }
  if (header.formatVersion !== FORMAT_VERSION)
    throw new AppError('BAD_FILE', `${path} was made by a newer version of Torv.`);
  const { migrations, months, sequences } = header as unknown as BackupHeader;
  if (
    !Array.isArray(migrations) ||
    !Array.isArray(sequences) ||
    months === null ||
    typeof months !== 'object'
  )
    throw new AppError('BAD_FILE', `${path}: torv.json is not complete.`);
  return { migrations, months, sequences };
}

async function checkTarget(tx: Transaction, header: BackupHeader): Promise<void> {
  const contents = await findContents(tx);
  if (contents.length > 0) {
    throw new AppError(
      'EXISTS',
      `This database is not empty: it has ${contents.join(' and ')}. Nothing was changed.`,
      {
        hint: 'Restore into a new data folder (TORV_DATA) or a new database (TORV_DATABASE_URL).',
      },
    );
  }
  const own = await findMigrations(tx);
  const same =
    own.length === header.migrations.length &&
    own.every(
      (one, i) => one.name === header.migrations[i]?.name && one.checksum === header.migrations[i]?.checksum,
    );
  if (!same) {
    throw new AppError(
      'BAD_FILE',
      `The backup was made at ${header.migrations.at(-1)?.name}, this Torv is at ${own.at(-1)?.name}. Nothing was changed.`,
      {
        hint: 'Restore it with the version of Torv that made it, then start the newer one: it brings the database up.',
      },
    );
  }
}

const YEAR_MONTH = /^\d{4}-\d\d$/;

/** @throws AppError BAD_FILE, EXISTS; then the database is as it was */
export async function restore(database: Database, path: string): Promise<FileReport> {
  const { header: raw, lines: counts } = await checkContainer(path);
  const header = parseHeader(path, raw);
  await database.sql.begin(async (tx) => {
    await checkTarget(tx, header);
    const tables = await findTables(tx);
    const byName = new Map(tables.map((table) => [table.name, table]));
    const unknown = [...counts.keys()].find((name) => !byName.has(name));
    if (unknown !== undefined)
      throw new AppError('BAD_FILE', `${path} holds the table ${unknown}, which Torv does not have.`);
    for (const table of GROWING_TABLES) {
      const months = (header.months[table] ?? []).filter((month) => YEAR_MONTH.test(month));
      await ensurePartitions(
        tx,
        table,
        months.map((month) => `${month}-01T00:00:00Z`),
      );
    }
    await withoutConstraints(tx, tables, async () => {
      await truncateTables(tx, tables);
      for await (const part of readContainer(path)) {
        const table = byName.get(part.table);
        if (table === undefined) continue;
        for (const batch of toBatches(part.lines)) await insertRows(tx, table, batch);
      }
    });
    const known = new Set((await findSequences(tx)).map((sequence) => sequence.name));
    for (const sequence of header.sequences) if (known.has(sequence.name)) await setSequence(tx, sequence);
  });
  return { rows: [...counts.values()].reduce((sum, n) => sum + n, 0), tables: counts };
}
