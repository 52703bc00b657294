/**
 * Places, devices and groups out of a CSV file: a preview that writes nothing and names each bad line, then all
 * of it in one transaction. The file's own keys find everything again, so that the same file twice changes nothing.
 */
import { AppError } from '@torv/core/errors';
import type { BadLine } from '@torv/core/files/readings-summary';
import { createRegistryReader, type RegistryFault, type RegistryKind } from '@torv/core/files/registry-rows';
import type { TableFile } from '@torv/core/files/table-file';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { planDevices } from './import-devices.ts';
import { planGroups } from './import-groups.ts';
import { planPlaces } from './import-places.ts';
import {
  openPlanContext,
  type Plan,
  type PlanContext,
  type PlannedLine,
  type RegistryLine,
} from './import-plan.ts';
import { refreshLocations } from './place-store.ts';

export interface RegistryImport {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly organisationId: number;
  readonly kind: RegistryKind;
  readonly file: TableFile;
  /** RFC 3339 */
  readonly now: string;
}

export interface RegistryPreview {
  readonly kind: RegistryKind;
  readonly rows: number;
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  readonly badLines: number;
  readonly bad: readonly BadLine[];
  /** The first lines that would do something. */
  readonly lines: readonly Omit<PlannedLine, 'run'>[];
  readonly columns: readonly { readonly column: string; readonly becomes: string | null }[];
}

export interface RegistryReport {
  readonly rows: number;
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  readonly badLines: number;
  /** Frames that wait to be decoded, now that their device is known. */
  readonly pending: number;
}

/** A registry is planned as a whole in memory. */
const MOST_LINES = 50_000;
const MOST_SHOWN = 200;

const PLANNERS: Readonly<
  Record<RegistryKind, (context: PlanContext, lines: readonly RegistryLine[]) => Promise<Plan>>
> = {
  places: planPlaces,
  devices: planDevices,
  groups: planGroups,
};

interface ReadFile {
  readonly lines: readonly RegistryLine[];
  readonly bad: ReadonlyMap<number, readonly RegistryFault[]>;
  readonly rows: number;
  readonly columns: RegistryPreview['columns'];
}

/** @throws AppError BAD_FILE when a column is missing that every line needs */
async function readFile(kind: RegistryKind, file: TableFile): Promise<ReadFile> {
  const reader = createRegistryReader(kind, file.header);
  if (reader.missing.length > 0)
    throw new AppError('BAD_FILE', `The file has no column ${reader.missing.join(', ')}.`, {
      at: 'line 1',
      hint: `Its columns are: ${file.header.slice(0, 30).join(', ').slice(0, 500)}`,
    });
  const lines: RegistryLine[] = [];
  const bad = new Map<number, readonly RegistryFault[]>();
  let rows = 0;
  for await (const row of file.rows()) {
    rows += 1;
    if (rows > MOST_LINES)
      throw new AppError('TOO_LARGE', `The file has more than ${MOST_LINES.toLocaleString('en')} lines.`, {
        hint: 'Cut it into several files; what is there already is not added twice.',
      });
    if ('fault' in row) {
      bad.set(row.line, [{ column: null, value: '', code: 'columns', reason: row.fault.reason }]);
      continue;
    }
    const { fields, faults } = reader.read(row.cells.map(String));
    if (faults.length > 0) bad.set(row.line, faults);
    else lines.push({ line: row.line, fields });
  }
  const columns = file.header.map((column, i) => ({ column, becomes: reader.columns[i] ?? null }));
  return { lines, bad, rows, columns };
}

async function plan(
  sql: Sql | Transaction,
  input: RegistryImport,
  file: ReadFile,
): Promise<{ readonly plan: Plan; readonly preview: RegistryPreview }> {
  const context = await openPlanContext(sql, input.actor, input.organisationId, input.now);
  const made = await PLANNERS[input.kind](context, file.lines);
  const bad = new Map(file.bad);
  for (const { line, fault } of made.faulty) bad.set(line, [...(bad.get(line) ?? []), fault]);
  const count = (action: PlannedLine['action']) => made.lines.filter((line) => line.action === action).length;
  return {
    plan: made,
    preview: {
      kind: input.kind,
      rows: file.rows,
      added: count('new'),
      changed: count('changed'),
      same: count('same'),
      badLines: bad.size,
      bad: [...bad]
        .sort((a, b) => a[0] - b[0])
        .flatMap(([line, faults]) => faults.map((fault) => ({ line, ...fault })))
        .slice(0, MOST_SHOWN),
      lines: made.lines
        .filter((line) => line.action !== 'same')
        .sort((a, b) => a.line - b.line)
        .slice(0, MOST_SHOWN)
        .map(({ run: _run, ...line }) => line),
      columns: file.columns,
    },
  };
}

export async function previewRegistry(input: RegistryImport): Promise<RegistryPreview> {
  requireRole(input.actor, input.organisationId, 'editor');
  return (await plan(input.sql, input, await readFile(input.kind, input.file))).preview;
}

/** @throws AppError BAD_FILE with the preview as `extra` when lines are bad and are not to be left out */
export async function importRegistry(input: RegistryImport, leaveOutBad: boolean): Promise<RegistryReport> {
  requireRole(input.actor, input.organisationId, 'editor');
  const file = await readFile(input.kind, input.file);
  return input.sql.begin(async (tx) => {
    // Planned anew inside the transaction: what was previewed may have changed meanwhile.
    const { plan: made, preview } = await plan(tx, input, file);
    if (preview.badLines > 0 && !leaveOutBad)
      throw new AppError('BAD_FILE', `${preview.badLines} lines are bad. Nothing was written.`, {
        at: `line ${preview.bad[0]?.line ?? '?'}`,
        hint: 'Correct them, or leave them out.',
        extra: { preview },
      });
    let pending = 0;
    for (const line of made.lines) {
      if (line.run === undefined) continue;
      try {
        pending += (await line.run(tx)).pending;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        throw new AppError('BAD_FILE', `Line ${line.line}: ${error.detail} Nothing was written.`, {
          at: `line ${line.line}`,
          cause: error,
        });
      }
    }
    if (input.kind === 'places') await refreshLocations(tx, input.organisationId);
    const { rows, added, changed, same, badLines } = preview;
    await insertAudit(tx, input.actor, {
      organisationId: input.organisationId,
      action: 'import',
      entity: input.kind,
      entityId: null,
      after: { rows, added, changed, same, badLines },
    });
    return { rows, added, changed, same, badLines, pending };
  });
}
