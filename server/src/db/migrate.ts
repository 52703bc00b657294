/**
 * Brings a database to the version of this code: numbered SQL files, forward only, each in a transaction of its
 * own and recorded with its checksum. What was applied never changes; a database newer than the code is refused.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@torv/core/errors';
import type { Sql } from './database.ts';
import type { Log } from './log.ts';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * @returns the names of the files that were applied now
 * @throws AppError UNAVAILABLE when what was applied before is not what the folder holds
 */
export async function migrate(sql: Sql, folder: string, log: Log): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  await createRecord(sql);
  const names: string[] = [];
  for (const migration of migrations) {
    const isNew = await sql.begin(async (tx) => {
      // Starters at the same time come one after the other; a table lock works on both kinds of database.
      await tx`LOCK TABLE schema_migrations IN EXCLUSIVE MODE`;
      const applied = await tx<
        Applied[]
      >`SELECT number, name, checksum FROM schema_migrations ORDER BY number`;
      checkApplied(applied, migrations);
      if (applied.some(({ number }) => number === migration.number)) return false;
      const startedMs = performance.now();
      await run(tx, migration);
      await tx`INSERT INTO schema_migrations ${tx({ number: migration.number, name: migration.name, checksum: migration.checksum })}`;
      log.info(
        { migration: migration.name, ms: Math.round(performance.now() - startedMs) },
        'Database changed',
      );
      return true;
    });
    if (isNew) names.push(migration.name);
  }
  // With nothing to apply, what was applied before is still compared.
  checkApplied(
    await sql<Applied[]>`SELECT number, name, checksum FROM schema_migrations ORDER BY number`,
    migrations,
  );
  return names;
}

async function createRecord(sql: Sql): Promise<void> {
  try {
    await sql`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        number      integer PRIMARY KEY,
        name        text NOT NULL,
        checksum    text NOT NULL,
        applied_at  timestamptz NOT NULL DEFAULT now()
      )
    `;
  } catch (error) {
    // IF NOT EXISTS does not wait for another starter that makes it at this moment; by now that one has.
    const [row] = await sql<
      { there: boolean }[]
    >`SELECT to_regclass('schema_migrations') IS NOT NULL AS there`;
    if (row?.there !== true) throw error;
  }
}

async function run(tx: postgresTransaction, migration: Migration): Promise<void> {
  try {
    await tx.unsafe(migration.text).simple();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isForbidden = cause instanceof Error && 'code' in cause && cause.code === '42501';
    throw new AppError(
      'UNAVAILABLE',
      `The migration ${migration.name} failed and changed nothing: ${reason}.`,
      {
        hint: isForbidden
          ? 'Let the owner of the database run: CREATE EXTENSION postgis'
          : 'The database is as it was before; start the version of Torv that ran before and report this.',
        cause,
      },
    );
  }
}

type postgresTransaction = Parameters<Parameters<Sql['begin']>[1]>[0];

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file): Promise<Migration> => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
      if (Number.isNaN(number))
        throw new AppError('BUG', `The migration ${file} is not named NNNN_name.sql.`);
      // A checkout with other line ends is the same migration.
      const text = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      return {
        number,
        name: file.slice(0, -'.sql'.length),
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
  migrations.forEach((migration, index) => {
    // Gaps are fine (branches take numbers ahead); two files of one number are not.
    if (migration.number !== migrations[index - 1]?.number) return;
    throw new AppError(
      'BUG',
      `Two migrations have one number: ${migration.name} and ${migrations[index - 1]?.name ?? ''}.`,
    );
  });
  return migrations;
}

function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const { number, name, checksum } of applied) {
    const migration = migrations.find((one) => one.number === number);
    if (migration === undefined) {
      throw new AppError(
        'UNAVAILABLE',
        `The database is newer than this version of Torv: it has the migration ${name}.`,
        { hint: 'Start the newer version of Torv, or restore a backup from before.' },
      );
    }
    if (migration.checksum !== checksum) {
      throw new AppError(
        'UNAVAILABLE',
        `The migration ${name} was changed after it had been applied to this database.`,
        { hint: 'Restore the file as it was and put the change into a new migration.' },
      );
    }
  }
}
