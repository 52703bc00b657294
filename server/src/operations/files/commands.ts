/**
 * `torv export`, `import`, `backup` and `restore`: words around what the other files do. A file's name is taken from
 * where the asker stands; nothing is ever written over without --force.
 */
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { AppError } from '@torv/core/errors';
import { REGISTRY_KINDS } from '@torv/core/files/registry-rows';
import { isPropertyKey } from '@torv/core/properties';
import { parseInstant } from '@torv/core/time';
import { SYSTEM } from '../../access/port.ts';
import type { Database } from '../../db/database.ts';
import { type ExportFormat, exportReadings } from '../../observations/export-port.ts';
import type { StoredReading } from '../../observations/store.ts';
import { exportRegistry } from '../../registry/export-port.ts';
import { getOrganisation } from '../../registry/organisation-store.ts';
import { findPlaces } from '../../registry/place-store.ts';
import { exportOrganisation } from './archive-export.ts';
import { importOrganisation } from './archive-import.ts';
import { backUp, type FileReport, restore } from './backup.ts';
import { detectFile } from './detect.ts';
import { IMPORT_KINDS, type ImportKind, type ImportTask, previewImport, runImport } from './run-import.ts';

interface Context {
  readonly runtime: {
    readonly database: Database;
    readonly now: () => number;
    readonly ingest: { announce(readings: readonly StoredReading[]): void };
    wakeSweep(): void;
  };
  readonly args: readonly string[];
  readonly cwd: string;
  readonly output: { line(text: string): void; error(text: string): void };
}

const n = (value: number) => value.toLocaleString('en');

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

/** One file name and options. @throws AppError BAD_REQUEST with the help as the way out */
function parse(args: readonly string[], options: Options, help: string) {
  const bad = (sentence: string) => new AppError('BAD_REQUEST', sentence, { hint: help });
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...options },
    });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw bad('Name one file.');
    const text = (name: string) => (typeof values[name] === 'string' ? values[name] : undefined);
    return { file, text, flag: (name: string) => values[name] === true, bad };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw bad((error as Error).message.split('. ')[0] ?? 'The options are not right.');
  }
}

async function toNewPath(cwd: string, file: string, force: boolean): Promise<string> {
  const path = resolve(cwd, file);
  if (existsSync(path) && !force)
    throw new AppError('EXISTS', `The file ${path} exists already.`, {
      hint: 'Name another file, or write over it with --force.',
    });
  await mkdir(dirname(path), { recursive: true });
  return path;
}

function sayTables(report: FileReport, output: Context['output']): void {
  for (const [table, rows] of report.tables) if (rows > 0) output.line(`  ${n(rows).padStart(14)}  ${table}`);
}

const BACKUP_HELP = `torv backup FILE.tar.gz [--force]

Writes everything the database holds into one file that \`torv restore\` reads into an empty database of either kind.
It holds password hashes and sealed secrets: keep it as safe as the database. Secrets stay sealed with
TORV_SECRET_KEY, which is not in the file: keep that too.`;

export const backupCommand = {
  name: 'backup',
  summary: 'Write everything the database holds into one file',
  help: BACKUP_HELP,
  async run({ runtime, args, cwd, output }: Context): Promise<number> {
    const { file, flag } = parse(args, { force: { type: 'boolean' } }, BACKUP_HELP);
    const path = await toNewPath(cwd, file, flag('force'));
    const report = await backUp(runtime.database, path, new Date(runtime.now()));
    output.line(`Backed up ${n(report.rows)} rows into ${path}:`);
    sayTables(report, output);
    return 0;
  },
} as const;

const RESTORE_HELP = `torv restore FILE.tar.gz

Reads a backup into an empty database (a new TORV_DATA or TORV_DATABASE_URL), whole or not at all. The backup may
come from the other kind of database. A server that runs is to be started again afterwards.`;

export const restoreCommand = {
  name: 'restore',
  summary: 'Read a backup into an empty database of either kind',
  help: RESTORE_HELP,
  async run({ runtime, args, cwd, output }: Context): Promise<number> {
    const { file } = parse(args, {}, RESTORE_HELP);
    const report = await restore(runtime.database, resolve(cwd, file));
    output.line(`Restored ${n(report.rows)} rows:`);
    sayTables(report, output);
    output.line('Start the server again now, with the TORV_SECRET_KEY of before.');
    return 0;
  },
} as const;

const EXPORT_HELP = `torv export FILE --organisation ORG [WHAT] [--force]

  torv export FILE.tar.gz --organisation ORG            the whole organisation as one archive for \`torv import\`
  torv export FILE --organisation ORG --readings        readings as CSV (FILE.ndjson: NDJSON)
                   [--place P] [--property KEY] [--from TIME] [--to TIME]
  torv export FILE.csv --organisation ORG --places      places (or --devices, --groups) as CSV

ORG is a slug or a number. An archive leaves out accounts, keys and secrets.`;

const EXPORT_OPTIONS = {
  organisation: { type: 'string' },
  readings: { type: 'boolean' },
  places: { type: 'boolean' },
  devices: { type: 'boolean' },
  groups: { type: 'boolean' },
  place: { type: 'string' },
  property: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  force: { type: 'boolean' },
} as const;

/** Written beside and moved into place when whole. @returns lines */
async function writeLines(path: string, texts: AsyncIterable<string>): Promise<number> {
  let lines = 0;
  const aside = `${path}.partial`;
  async function* count() {
    for await (const text of texts) {
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
      yield text;
    }
  }
  try {
    await pipeline(Readable.from(count(), { highWaterMark: 2 }), createWriteStream(aside, { mode: 0o600 }));
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return lines;
}

export const exportCommand = {
  name: 'export',
  summary: 'Write an organisation, its readings or its places into a file',
  help: EXPORT_HELP,
  async run({ runtime, args, cwd, output }: Context): Promise<number> {
    const { file, text, flag, bad } = parse(args, EXPORT_OPTIONS, EXPORT_HELP);
    const ref = text('organisation');
    if (ref === undefined) throw bad('Say which organisation.');
    const { sql } = runtime.database;
    const organisation = await getOrganisation(sql, /^\d+$/.test(ref) ? Number(ref) : ref);
    const path = await toNewPath(cwd, file, flag('force'));
    const kind = REGISTRY_KINDS.find((one) => flag(one));
    if (kind !== undefined) {
      const lines = await writeLines(path, exportRegistry(sql, SYSTEM, organisation.id, kind));
      output.line(`Wrote ${n(lines - 1)} ${kind} into ${path}.`);
    } else if (flag('readings')) {
      const format: ExportFormat = path.endsWith('.ndjson') ? 'ndjson' : 'csv';
      const property = text('property');
      if (property !== undefined && !isPropertyKey(property))
        throw bad(`"${property}" is not a property that Torv knows.`);
      const [place, from, to] = [text('place'), text('from'), text('to')];
      const query = {
        organisationId: organisation.id,
        placeId:
          place === undefined ? undefined : await findPlaceId(runtime.database, organisation.id, place),
        property,
        from: from === undefined ? undefined : parseInstant(from, '--from'),
        until: to === undefined ? undefined : parseInstant(to, '--to'),
      };
      const lines = await writeLines(path, exportReadings(sql, SYSTEM, query, format));
      output.line(`Wrote ${n(format === 'csv' ? lines - 1 : lines)} readings into ${path}.`);
    } else {
      const report = await exportOrganisation(runtime.database, ref, path, new Date(runtime.now()));
      output.line(`Wrote ${organisation.name} (${n(report.rows)} rows) into ${path}:`);
      sayTables(report, output);
    }
    return 0;
  },
} as const;

async function findPlaceId(database: Database, organisationId: number, ref: string): Promise<number> {
  const places = await findPlaces(database.sql, SYSTEM, organisationId);
  const place =
    places.find((one) => one.externalRef === ref) ??
    places.find((one) => one.name === ref) ??
    places.find((one) => String(one.id) === ref);
  if (place === undefined) throw new AppError('NOT_FOUND', `There is no place "${ref}".`, { at: '--place' });
  return place.id;
}

const IMPORT_HELP = `torv import FILE [--as SLUG]
torv import FILE --organisation ORG --kind KIND [--mapping MAPPING.json] [--confirm] [--leave-out-bad]

  torv import FILE.tar.gz               an organisation's archive (torv export) as a new organisation; --as renames it
  torv import FILE.csv --organisation ORG --kind places    ${IMPORT_KINDS.join(', ')}: shows what it would do;
                                        with --confirm it does it; --leave-out-bad leaves out lines that are bad
  --mapping       for readings: a JSON file that says what the columns are (docs/files.md)`;

const IMPORT_OPTIONS = {
  as: { type: 'string' },
  organisation: { type: 'string' },
  kind: { type: 'string' },
  mapping: { type: 'string' },
  confirm: { type: 'boolean' },
  'leave-out-bad': { type: 'boolean' },
} as const;

export const importCommand = {
  name: 'import',
  summary: 'Read an organisation’s archive, or readings, places, devices or groups from a file',
  help: IMPORT_HELP,
  async run(context: Context): Promise<number> {
    const { runtime, args, cwd, output } = context;
    const { file, text, flag, bad } = parse(args, IMPORT_OPTIONS, IMPORT_HELP);
    const path = resolve(cwd, file);
    if (!existsSync(path)) throw new AppError('BAD_FILE', `There is no file ${path}.`);
    const ref = text('organisation');
    const kind = text('kind');
    if (ref === undefined && kind === undefined) {
      const report = await importOrganisation(runtime.database, path, { as: text('as') });
      output.line(`Imported the organisation ${report.slug} (${n(report.rows)} rows):`);
      sayTables(report, output);
      if (report.withoutCodec > 0)
        output.line(
          `${n(report.withoutCodec)} devices use a codec that this Torv does not have: choose one for them.`,
        );
      output.line('Sources are switched off: enter their secrets anew. Members are invited anew.');
      return 0;
    }
    if (ref === undefined || !(IMPORT_KINDS as readonly (string | undefined)[]).includes(kind))
      throw bad('Say --organisation and --kind.');
    const organisation = await getOrganisation(runtime.database.sql, /^\d+$/.test(ref) ? Number(ref) : ref);
    const mapping = text('mapping');
    const task: ImportTask = {
      sql: runtime.database.sql,
      actor: SYSTEM,
      organisationId: organisation.id,
      path,
      detected: await detectFile(path),
      kind: kind as ImportKind,
      mapping: mapping === undefined ? undefined : await readMapping(resolve(cwd, mapping)),
      now: new Date(runtime.now()).toISOString(),
    };
    return flag('confirm') ? confirm(context, task, flag('leave-out-bad')) : preview(output, task);
  },
} as const;

async function readMapping(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new AppError('BAD_FILE', `The mapping ${path} cannot be read as JSON.`, { cause: error });
  }
}

async function preview(output: Context['output'], task: ImportTask): Promise<number> {
  const found = await previewImport(task);
  if (task.detected.encodingGuessed)
    output.line('The file is not UTF-8 and is read as Windows-1252: look whether its letters are right.');
  if ('readings' in found) {
    output.line(
      `${n(found.rows)} lines, ${n(found.readings)} readings from ${found.from ?? '-'} to ${found.until ?? '-'}:`,
    );
    output.line(
      `  ${n(found.implausible)} implausible (kept, flagged), ${n(found.duplicates)} twice in the file, ${n(found.alreadyThere)} there already, ${n(found.twice)} at a time that the clocks showed twice`,
    );
    for (const one of found.series)
      output.line(
        `  ${one.property} (${one.sensor}): ${n(one.readings)} readings, ${n(one.gaps)} gaps, ${n(one.implausible)} implausible`,
      );
    for (const one of found.suspicions)
      output.line(`  Look at ${'column' in one ? one.column : 'the file'}: ${one.code}`);
  } else
    output.line(
      `${n(found.rows)} lines: ${n(found.added)} new, ${n(found.changed)} changed, ${n(found.same)} the same.`,
    );
  if (found.badLines > 0) output.line(`${n(found.badLines)} lines are bad:`);
  for (const one of found.bad)
    output.line(`  line ${one.line}${one.column === null ? '' : `, ${one.column}`}: ${one.reason}`);
  output.line('Nothing was written. With --confirm it is.');
  return found.badLines > 0 ? 1 : 0;
}

async function confirm(
  { runtime, output }: Context,
  task: ImportTask,
  leaveOutBad: boolean,
): Promise<number> {
  let told = 0;
  const progress = (done: number) => {
    const tenth = Math.floor(done * 10);
    if (tenth <= told) return;
    told = tenth;
    output.line(`${tenth * 10} %`);
  };
  const announce = (readings: readonly StoredReading[]) => runtime.ingest.announce(readings);
  const report = await runImport(task, {
    leaveOutBad,
    progress,
    announce,
    wakeSweep: () => runtime.wakeSweep(),
  });
  output.line(
    'written' in report
      ? `${n(report.written)} readings written, ${n(report.alreadyThere)} were there already, ${n(report.badLines)} lines with values left out.`
      : `${n(report.added)} new, ${n(report.changed)} changed, ${n(report.same)} the same, ${n(report.badLines)} lines left out.`,
  );
  return 0;
}
