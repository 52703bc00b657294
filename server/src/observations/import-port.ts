/**
 * Readings out of a file: a preview that writes nothing, and the import itself, in batches that are each one
 * transaction. An import that breaks off is simply done again: what is there already is not written twice.
 */
import { AppError } from '@torv/core/errors';
import type { ReadingsMapping } from '@torv/core/files/readings-mapping';
import { createRowReader, type ReadRow } from '@torv/core/files/readings-row';
import { createSummary, type ReadingsSummary } from '@torv/core/files/readings-summary';
import type { TableFile } from '@torv/core/files/table-file';
import { renderCellTime } from '@torv/core/files/time-cell';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { findPlaces } from '../registry/place-store.ts';
import {
  countStored,
  ensureImportDatastreams,
  findImportDatastreams,
  type ReadingMoment,
  toSeriesKey,
} from './import-store.ts';
import { ensurePartitions } from './partition-store.ts';
import { insertReadings, type Reading, type StoredReading, takeReadingNumbers } from './store.ts';

export interface ReadingsImport {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly organisationId: number;
  readonly file: TableFile;
  readonly mapping: ReadingsMapping;
}

export interface ReadingsPreview extends ReadingsSummary {
  /** Readings that an earlier import wrote. */
  readonly alreadyThere: number;
  /** The number is a lower bound: the file is too long to ask about every reading. */
  readonly alreadyThereAtLeast: boolean;
}

export interface ReadingsReport {
  readonly rows: number;
  readonly readings: number;
  readonly written: number;
  /** There before, or twice in the file. */
  readonly alreadyThere: number;
  readonly badLines: number;
  readonly datastreams: number;
}

const BATCH = 5000;
/** So many readings are compared with what is stored; each asks an index. */
const MOST_COMPARED = 300_000;

async function toReader({ sql, actor, organisationId, file, mapping }: ReadingsImport) {
  requireRole(actor, organisationId, 'editor');
  const places = await findPlaces(sql, actor, organisationId);
  const ids = new Set(places.map((place) => place.id));
  const named = [mapping.place.placeId, ...Object.values(mapping.place.places ?? {})];
  if (named.some((id) => id !== undefined && !ids.has(id)))
    throw new AppError('NOT_FOUND', 'There is no such place.', { at: '/mapping/place' });
  const byText = new Map<string, number | undefined>();
  // A name that two places have names none of them; a reference comes first.
  for (const place of places) byText.set(place.name, byText.has(place.name) ? undefined : place.id);
  for (const place of places) if (place.externalRef !== null) byText.set(place.externalRef, place.id);
  return createRowReader(mapping, file.header, (text) => byText.get(text));
}

/** @throws AppError BAD_FILE, NOT_FOUND, FORBIDDEN; what is wrong with lines is part of the answer */
export async function previewReadings(input: ReadingsImport): Promise<ReadingsPreview> {
  const { sql, organisationId, file } = input;
  const reader = await toReader(input);
  const summary = createSummary(file.header, reader.roles);
  const datastreams = await findImportDatastreams(sql, organisationId);
  let moments: ReadingMoment[] = [];
  let compared = 0;
  let known = 0;
  let alreadyThere = 0;
  for await (const row of file.rows()) {
    if ('fault' in row) {
      summary.addBad(row.line, row.fault.code, row.fault.reason);
      continue;
    }
    const read = reader.read(row.cells);
    summary.add(row.line, row.cells, read);
    for (const reading of read.readings) {
      const datastreamId = datastreams.get(toSeriesKey(reading));
      if (datastreamId === undefined) continue;
      known += 1;
      if (known <= MOST_COMPARED)
        moments.push({ datastreamId, phenomenonTime: renderCellTime(reading), channel: reading.channel });
    }
    if (moments.length >= BATCH) {
      compared += moments.length;
      alreadyThere += await countStored(sql, moments);
      moments = [];
    }
  }
  alreadyThere += await countStored(sql, moments);
  compared += moments.length;
  return { ...summary.finish(), alreadyThere, alreadyThereAtLeast: known > compared };
}

export interface ConfirmOptions {
  /** Values that cannot be read are left out; else one of them stops the import before it begins. */
  readonly leaveOutBad: boolean;
  /** 0 to 1 */
  readonly progress?: (done: number) => void;
  readonly announce?: (readings: readonly StoredReading[]) => void;
}

/** @throws AppError BAD_FILE with the preview as `extra` when lines are bad and are not to be left out */
export async function importReadings(
  input: ReadingsImport,
  options: ConfirmOptions,
): Promise<ReadingsReport> {
  const preview = await previewReadings(input);
  if (preview.badLines > 0 && !options.leaveOutBad)
    throw new AppError('BAD_FILE', `${preview.badLines} lines cannot be read. Nothing was written.`, {
      at: `line ${preview.bad[0]?.line ?? '?'}`,
      hint: 'Correct them, or leave them out.',
      extra: { preview },
    });
  const { sql, actor, organisationId, file } = input;
  const reader = await toReader(input);
  const series = preview.series;
  let datastreams: ReadonlyMap<string, number> = await sql.begin(async (tx) => {
    const made = await ensureImportDatastreams(tx, organisationId, series);
    await insertAudit(tx, actor, {
      organisationId,
      action: 'import',
      entity: 'readings',
      entityId: null,
      after: { rows: preview.rows, readings: preview.readings, from: preview.from, until: preview.until },
    });
    return made;
  });
  const ensure = async (rows: readonly ReadRow[]) => {
    const missing = rows.flatMap((row) => row.readings).filter((r) => !datastreams.has(toSeriesKey(r)));
    if (missing.length > 0)
      datastreams = await sql.begin((tx) => ensureImportDatastreams(tx, organisationId, missing));
  };
  let written = 0;
  let rows = 0;
  const write = async (batch: readonly ReadRow[]) => {
    await ensure(batch);
    const readings = batch
      .flatMap((row) => row.readings)
      .map(
        (r): Reading => ({
          datastreamId: datastreams.get(toSeriesKey(r)) as number,
          phenomenonTime: renderCellTime(r),
          channel: r.channel,
          value: r.value,
          quality: r.quality,
          uplinkId: null,
        }),
      );
    await ensurePartitions(
      sql,
      'observations',
      readings.map((r) => r.phenomenonTime),
    );
    const numbers = await takeReadingNumbers(sql, readings.length);
    const stored = await sql.begin((tx) => insertReadings(tx, readings, numbers));
    written += stored.length;
    options.announce?.(stored);
    options.progress?.(preview.rows === 0 ? 1 : rows / preview.rows);
  };
  let batch: ReadRow[] = [];
  let size = 0;
  for await (const row of file.rows()) {
    rows += 1;
    if ('fault' in row) continue;
    const read = reader.read(row.cells);
    if (read.readings.length === 0) continue;
    batch.push(read);
    size += read.readings.length;
    if (size < BATCH) continue;
    await write(batch);
    batch = [];
    size = 0;
  }
  if (size > 0) await write(batch);
  return {
    rows: preview.rows,
    readings: preview.readings,
    written,
    alreadyThere: preview.readings - written,
    badLines: preview.badLines,
    datastreams: series.length,
  };
}
