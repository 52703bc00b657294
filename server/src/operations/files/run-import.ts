/**
 * One uploaded file with what a person says about it -> preview, or import with a report. The only place that
 * knows which room takes which kind of file; it can be called from a route, a job or the command line.
 */
import { AppError } from '@torv/core/errors';
import { parseReadingsMapping } from '@torv/core/files/readings-mapping';
import { REGISTRY_KINDS, type RegistryKind } from '@torv/core/files/registry-rows';
import type { DetectedFile } from '@torv/core/files/table-file';
import type { Actor } from '../../access/port.ts';
import type { Sql } from '../../db/database.ts';
import {
  importReadings,
  previewReadings,
  type ReadingsImport,
  type ReadingsPreview,
  type ReadingsReport,
} from '../../observations/import-port.ts';
import type { StoredReading } from '../../observations/store.ts';
import {
  importRegistry,
  previewRegistry,
  type RegistryPreview,
  type RegistryReport,
} from '../../registry/import-port.ts';
import { openTableFile } from './table-file.ts';

export const IMPORT_KINDS = ['readings', ...REGISTRY_KINDS] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

export interface ImportTask {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly organisationId: number;
  readonly path: string;
  readonly detected: DetectedFile;
  readonly kind: ImportKind;
  /** Of readings alone; checked here. */
  readonly mapping?: unknown;
  /** RFC 3339 */
  readonly now: string;
}

export interface RunOptions {
  readonly leaveOutBad: boolean;
  readonly progress?: (done: number) => void;
  readonly announce?: (readings: readonly StoredReading[]) => void;
  readonly wakeSweep?: () => void;
}

async function toReadings(task: ImportTask): Promise<ReadingsImport> {
  const { sql, actor, organisationId, detected } = task;
  if (task.mapping === null || typeof task.mapping !== 'object')
    throw new AppError('BAD_BODY', 'Say what the columns mean.', { at: '/mapping' });
  // What was recognised counts where the mapping says nothing else.
  const mapping = parseReadingsMapping({
    format: detected.format,
    encoding: detected.encoding,
    delimiter: detected.delimiter,
    decimal: detected.decimal,
    ...task.mapping,
  });
  const file = await openTableFile(task.path, { ...detected, ...mapping });
  return { sql, actor, organisationId, file, mapping };
}

async function toRegistry(task: ImportTask, kind: RegistryKind) {
  const { sql, actor, organisationId, now } = task;
  return { sql, actor, organisationId, kind, now, file: await openTableFile(task.path, task.detected) };
}

/** Writes nothing. */
export async function previewImport(task: ImportTask): Promise<ReadingsPreview | RegistryPreview> {
  return task.kind === 'readings'
    ? previewReadings(await toReadings(task))
    : previewRegistry(await toRegistry(task, task.kind));
}

export async function runImport(
  task: ImportTask,
  options: RunOptions,
): Promise<ReadingsReport | RegistryReport> {
  if (task.kind === 'readings') return importReadings(await toReadings(task), options);
  const report = await importRegistry(await toRegistry(task, task.kind), options.leaveOutBad);
  if (report.pending > 0) options.wakeSweep?.();
  return report;
}
