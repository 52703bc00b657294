/** `torv export`: a whole organisation as one archive of readable parts, all of one moment. Holds no secret, key or account. */
import type { Database, Transaction } from '../../db/database.ts';
import { getOrganisation, type Organisation } from '../../registry/organisation-store.ts';
import { ARCHIVE_TABLES, type ArchiveTable, LEFT_OUT, SHIPPED } from './archive-tables.ts';
import type { FileReport } from './backup.ts';
import { fetchRows, findMigrations, findTables, type Table, toExported } from './catalogue-store.ts';
import { createContainer } from './container.ts';

export const ARCHIVE_FORMAT = 'torv-organisation';
export const ARCHIVE_VERSION = 1;

/** The lowest sequence numbers in use: ids in the archive count from them. */
export interface Offsets {
  readonly uplinks: number;
  readonly observations: number;
}

const SEQUENCE = '((1::bigint << 42) - 1)';

async function findOffsets(tx: Transaction, organisationId: number): Promise<Offsets> {
  const streams = `SELECT id FROM datastreams WHERE organisation_id = ${organisationId}`;
  const [row] = await tx.unsafe<{ uplinks: number; observations: number }[]>(`
    WITH o AS (SELECT min(id & ${SEQUENCE}) AS id, min(uplink_id & ${SEQUENCE}) AS uplink FROM observations WHERE datastream_id IN (${streams}))
    SELECT coalesce(least((SELECT uplink FROM o), (SELECT min(id & ${SEQUENCE}) FROM uplinks WHERE organisation_id = ${organisationId})), 0) AS uplinks,
           coalesce(least((SELECT id FROM o), (SELECT min(observation_id & ${SEQUENCE}) FROM corrections WHERE organisation_id = ${organisationId}),
             (SELECT min(last_id & ${SEQUENCE}) FROM datastream_stats WHERE datastream_id IN (${streams}))), 0) AS observations`);
  return { uplinks: row?.uplinks ?? 0, observations: row?.observations ?? 0 };
}

function toScope(table: ArchiveTable, organisationId: number): string {
  return (table.scope ?? 't.organisation_id = :org').replaceAll(':org', String(organisationId));
}

function toNumbering(name: string, organisationId: number): string {
  const table = ARCHIVE_TABLES.find((one) => one.name === name);
  if (table?.numbered !== true) throw new Error(`The archive does not number ${name}`);
  return `(SELECT t.id, row_number() OVER (ORDER BY t.id) AS n FROM ${name} t WHERE ${toScope(table, organisationId)})`;
}

/** Rows of one table with the archive's own numbers instead of ids. */
export function toArchiveQuery(
  table: ArchiveTable,
  own: Table,
  organisationId: number,
  offsets: Offsets,
): string {
  const joins: string[] = [];
  const columns: string[] = [];
  const join = (target: string, on: string): string => {
    const alias = `m${joins.length}`;
    joins.push(`LEFT JOIN ${toNumbering(target, organisationId)} ${alias} ON ${alias}.id = ${on}`);
    return alias;
  };
  for (const column of own.columns) {
    const { name } = column;
    if (name === 'organisation_id' || table.omit?.includes(name)) continue;
    const ref = table.refs[name];
    if (ref === undefined && name === 'id' && table.numbered)
      columns.push(`${join(table.name, 't.id')}.n AS id`);
    else if (ref === undefined) columns.push(toExported(column, 't'));
    else if (typeof ref === 'string') {
      columns.push(`${join(ref, `t."${name}"`)}.n AS "${name}"`);
      const shipped = SHIPPED[ref];
      if (shipped !== undefined)
        columns.push(`${shipped.replaceAll(':column', `"${name}"`)} AS "${name}_shipped"`);
    } else if ('offset' in ref) columns.push(`t."${name}" - ${offsets[ref.offset]} AS "${name}"`);
    else
      columns.push(
        `(SELECT coalesce(array_agg(m.n ORDER BY u.o), '{}') FROM unnest(t."${name}") WITH ORDINALITY u(id, o)
          JOIN ${toNumbering(ref.list, organisationId)} m ON m.id = u.id) AS "${name}"`,
      );
  }
  return `SELECT ${columns.join(', ')} FROM "${table.name}" t ${joins.join(' ')} WHERE ${toScope(table, organisationId)} ORDER BY ${table.order}`;
}

/** @throws AppError NOT_FOUND */
export async function exportOrganisation(
  database: Database,
  ref: string,
  path: string,
  now: Date,
): Promise<FileReport & { readonly organisation: Organisation }> {
  return database.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const organisation = await getOrganisation(tx, /^\d+$/.test(ref) ? Number(ref) : ref);
    const catalogue = new Map((await findTables(tx)).map((table) => [table.name, table]));
    const offsets = await findOffsets(tx, organisation.id);
    const { slug, name, kind } = organisation;
    const header = {
      format: ARCHIVE_FORMAT,
      formatVersion: ARCHIVE_VERSION,
      madeAt: now.toISOString(),
      organisation: { slug, name, kind },
      migration: (await findMigrations(tx)).at(-1)?.name ?? '',
      leftOut: { ...LEFT_OUT, secrets: 'passwords of brokers and keys of webhooks: enter them anew' },
    };
    const container = await createContainer(path, header, now);
    try {
      const counts = new Map<string, number>();
      for (const table of ARCHIVE_TABLES) {
        const own = catalogue.get(table.name);
        if (own === undefined) throw new Error(`The database has no table ${table.name}`);
        let rows = 0;
        for await (const lines of fetchRows(tx, toArchiveQuery(table, own, organisation.id, offsets))) {
          for (const line of lines) await container.line(table.name, line);
          rows += lines.length;
        }
        counts.set(table.name, rows);
      }
      await container.finish();
      return { organisation, rows: [...counts.values()].reduce((sum, n) => sum + n, 0), tables: counts };
    } catch (error) {
      await container.abort();
      throw error;
    }
  });
}
