/**
 * `torv import`: an organisation's archive into this instance, as a new organisation with ids of this database.
 * The archive is read to its end and checked first; then everything is written in one transaction or nothing is.
 * What an archive says can never make anything public or reach another organisation.
 */
import { AppError } from '@torv/core/errors';
import { SEQUENCE_BITS } from '@torv/core/ids';
import { insertAudit } from '../../access/audit-store.ts';
import { SYSTEM } from '../../access/port.ts';
import { type Database, noteChanges, type Transaction } from '../../db/database.ts';
import { ensurePartitions } from '../../observations/partition-store.ts';
import { ARCHIVE_FORMAT, ARCHIVE_VERSION } from './archive-export.ts';
import {
  type IdBlocks,
  insertArchiveRows,
  reserveIds,
  reserveOffset,
  setLater,
  type ToInsert,
} from './archive-store.ts';
import { ARCHIVE_TABLES, type ArchiveTable } from './archive-tables.ts';
import type { FileReport } from './backup.ts';
import { findMigrations, findTables, type Table } from './catalogue-store.ts';
import { checkContainer, readContainer, toBatches } from './container.ts';

const BLOCK = 2 ** SEQUENCE_BITS;
/** More than any archive holds; beyond it a number is made up. */
const MOST_SPAN = 2 ** 40;

interface Seen {
  readonly months: { readonly uplinks: Set<string>; readonly observations: Set<string> };
  readonly spans: { uplinks: number; observations: number };
  organisation: Record<string, unknown> | undefined;
}

type Line = Readonly<Record<string, unknown>>;

function broken(sentence: string): AppError {
  return new AppError('BAD_FILE', sentence, { hint: 'Nothing was written.' });
}

function parseLine(table: string, text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Line;
  } catch {
    // told below
  }
  throw broken(`A line of ${table} is not a JSON object.`);
}

/** Everything that must be known before the first row is written. */
function look(seen: Seen, table: ArchiveTable, lines: readonly string[]): void {
  const offsets = Object.entries(table.refs).filter(([, ref]) => typeof ref === 'object' && 'offset' in ref);
  if (offsets.length === 0 && table.name !== 'organisations') return;
  for (const text of lines) {
    const line = parseLine(table.name, text);
    if (table.name === 'organisations') seen.organisation = line as Record<string, unknown>;
    for (const [column, ref] of offsets) {
      const id = line[column];
      if (id === null || id === undefined) continue;
      if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || id % BLOCK > MOST_SPAN)
        throw broken(`A line of ${table.name} has an id out of range.`);
      const key = (ref as { readonly offset: 'uplinks' | 'observations' }).offset;
      seen.spans[key] = Math.max(seen.spans[key], id % BLOCK);
    }
    const time = line.network_time ?? line.phenomenon_start;
    if ((table.name === 'uplinks' || table.name === 'observations') && typeof time === 'string')
      seen.months[table.name].add(time.slice(0, 7));
  }
}

function toTable(name: string): ArchiveTable {
  const table = ARCHIVE_TABLES.find((one) => one.name === name);
  if (table === undefined) throw broken(`The archive holds "${name}", which is no part of an organisation.`);
  return table;
}

export interface ArchiveReport extends FileReport {
  readonly slug: string;
  readonly organisationId: number;
  /** Devices whose shipped codec this instance does not have. */
  readonly withoutCodec: number;
}

export interface ArchiveOptions {
  /** Another slug than the archive's. */
  readonly as?: string | undefined;
}

/** What those who listen to SensorThings are told of; an archive's readings are history and no news. */
const TOLD = [
  ['things', 'thing'],
  ['locations', 'location'],
  ['historical_locations', 'historicalLocation'],
  ['sensors', 'sensor'],
  ['observed_properties', 'observedProperty'],
  ['features_of_interest', 'feature'],
  ['datastreams', 'datastream'],
] as const;

/** @throws AppError BAD_FILE, EXISTS */
export async function importOrganisation(
  database: Database,
  path: string,
  options: ArchiveOptions = {},
): Promise<ArchiveReport> {
  const seen: Seen = {
    months: { uplinks: new Set(), observations: new Set() },
    spans: { uplinks: 0, observations: 0 },
    organisation: undefined,
  };
  const { header, lines: counts } = await checkContainer(path, (name, lines) =>
    look(seen, toTable(name), lines),
  );
  checkHeader(path, header);
  const organisation = seen.organisation;
  if (organisation === undefined || counts.get('organisations') !== 1)
    throw broken('The archive does not hold exactly one organisation.');
  const slug = options.as ?? String(organisation.slug);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(slug))
    throw new AppError('BAD_REQUEST', `"${slug.slice(0, 70)}" is not a slug.`, {
      at: '--as',
      hint: 'Small letters, digits and hyphens.',
    });
  const { sql } = database;
  await checkTarget(sql, slug, header);
  for (const table of ['uplinks', 'observations'] as const) {
    const months = [...seen.months[table]].filter((month) => /^\d{4}-\d\d$/.test(month));
    await ensurePartitions(
      sql,
      table,
      months.map((month) => `${month}-01T00:00:00Z`),
    );
  }
  return sql.begin(async (tx) => {
    const report = await write(tx, path, slug, organisation, { counts, spans: seen.spans });
    await insertAudit(tx, SYSTEM, {
      organisationId: report.organisationId,
      action: 'import',
      entity: 'organisation',
      entityId: report.organisationId,
      after: { slug, rows: report.rows },
    });
    return report;
  });
}

function checkHeader(path: string, header: Line): void {
  if (header.format !== ARCHIVE_FORMAT)
    throw new AppError('BAD_FILE', `${path} is not the archive of an organisation.`, {
      hint: header.format === 'torv-backup' ? 'It is a backup: torv restore FILE' : '',
    });
  if (header.formatVersion !== ARCHIVE_VERSION) throw broken(`${path} was made by a newer version of Torv.`);
}

async function checkTarget(sql: Database['sql'], slug: string, header: Line): Promise<void> {
  const taken = await sql`SELECT FROM organisations WHERE slug = ${slug}`;
  if (taken.length > 0)
    throw new AppError('EXISTS', `An organisation "${slug}" exists already. Nothing was written.`, {
      at: '--as',
      hint: 'Import it under another name: --as NEW-SLUG',
    });
  const newest = (await findMigrations(sql)).at(-1)?.name ?? '';
  if (String(header.migration).slice(0, 4) > newest.slice(0, 4))
    throw broken(
      `The archive was made at ${String(header.migration)}, this Torv is at ${newest}: update it first.`,
    );
}

interface Known {
  readonly counts: ReadonlyMap<string, number>;
  readonly spans: Seen['spans'];
}

async function write(
  tx: Transaction,
  path: string,
  slug: string,
  organisation: Line,
  known: Known,
): Promise<ArchiveReport> {
  const catalogue = new Map((await findTables(tx)).map((table) => [table.name, table]));
  const blocks: IdBlocks = {
    numbers: new Map(),
    offsets: {
      uplinks: await reserveOffset(tx, 'uplink_sequence', known.spans.uplinks),
      observations: await reserveOffset(tx, 'observation_sequence', known.spans.observations),
    },
    shipped: new Map(),
  };
  for (const table of ARCHIVE_TABLES)
    if (table.numbered)
      blocks.numbers.set(table.name, await reserveIds(tx, table.name, known.counts.get(table.name) ?? 0));
  // Only the demo organisation is open; the kinds that Torv itself needs cannot be brought in.
  const kind =
    organisation.kind === 'demo' || organisation.kind === 'partner' ? organisation.kind : 'municipality';
  const isOpen = kind === 'demo';
  let organisationId = 0;
  let rows = 0;
  let before = '';
  let later: { table: string; column: string; id: number; ref: number }[] = [];
  for await (const part of readContainer(path)) {
    const table = toTable(part.table);
    if (
      before !== '' &&
      ARCHIVE_TABLES.indexOf(table) < ARCHIVE_TABLES.findIndex((one) => one.name === before)
    )
      throw broken('The parts of the archive are not in their order.');
    if (table.name !== before) {
      await setLater(tx, later);
      later = [];
      before = table.name;
    }
    const own = catalogue.get(table.name) as Table;
    for (const batch of toBatches(part.lines)) {
      const parsed = batch.map((text) => parseLine(table.name, text));
      const input: ToInsert = { table, own, texts: batch, lines: parsed, organisationId, blocks, isOpen };
      const done = await insertArchiveRows(
        tx,
        input,
        table.name === 'organisations' ? { slug, kind } : undefined,
      );
      if (table.name === 'organisations') organisationId = done.organisationId;
      later.push(...done.later);
      rows += batch.length;
    }
  }
  await setLater(tx, later);
  for (const [table, entity] of TOLD)
    noteChanges(
      tx,
      (blocks.numbers.get(table) ?? []).map((id) => ({ kind: 'created', entity, id })),
    );
  const [missing] = await tx<{ n: number }[]>`
    SELECT count(*)::int AS n FROM devices WHERE organisation_id = ${organisationId} AND state <> 'waiting' AND codec_id IS NULL`;
  return { slug, organisationId, rows, tables: known.counts, withoutCodec: missing?.n ?? 0 };
}
