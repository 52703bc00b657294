import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  DATABASE_KINDS,
  type DatabaseKind,
  type TestDatabase,
} from '../../../test/database.ts';
import { fillDatabase, prepare } from '../../../test/filled.ts';
import { exportOrganisation } from './archive-export.ts';
import { importOrganisation } from './archive-import.ts';
import { ARCHIVE_TABLES, LEFT_OUT } from './archive-tables.ts';
import { findForeignKeys, findTables } from './catalogue-store.ts';
import { checkContainer, createContainer, readContainer } from './container.ts';

const WAYS = DATABASE_KINDS.flatMap((from) => DATABASE_KINDS.map((to) => [from, to] as const));
const folder = mkdtempSync(join(tmpdir(), 'torv-archive-'));
const open: TestDatabase[] = [];

async function toDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await createTestDatabase(kind);
  open.push(database);
  return database;
}

afterAll(async () => {
  for (const database of open) await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(WAYS)('an organisation from %s to %s', (from, to) => {
  it('gives the same files again after it was imported elsewhere', async () => {
    const source = await toDatabase(from);
    await fillDatabase(source.sql);
    const first = join(folder, `${from}-${to}.tar.gz`);
    const report = await exportOrganisation(source, 'skaering', first, new Date('2026-11-22T08:00:00Z'));
    expect(report.tables.get('observations')).toBe(50);
    expect(report.tables.get('uplinks')).toBe(50);

    const target = await toDatabase(to);
    await prepare(target.sql);
    const imported = await importOrganisation(target, first);
    expect(imported).toMatchObject({ slug: 'skaering', rows: report.rows, withoutCodec: 0 });
    const second = join(folder, `${from}-${to}-again.tar.gz`);
    await exportOrganisation(target, 'skaering', second, new Date('2026-11-22T08:00:00Z'));
    expect((await checkContainer(second)).parts).toEqual((await checkContainer(first)).parts);

    // beside itself under another name, with ids of its own, and still the same
    await importOrganisation(target, first, { as: 'copy' });
    const third = join(folder, `${from}-${to}-copy.tar.gz`);
    await exportOrganisation(target, 'copy', third, new Date('2026-11-22T08:00:00Z'));
    const names = (parts: Awaited<ReturnType<typeof checkContainer>>['parts']) =>
      parts.filter((part) => !part.name.startsWith('organisations'));
    expect(names((await checkContainer(third)).parts)).toEqual(names((await checkContainer(first)).parts));
    const [twice] = await target.sql<
      { n: number }[]
    >`SELECT count(*) - count(DISTINCT id) AS n FROM observations`;
    expect(twice?.n).toBe(0);
    const [linked] = await target.sql<
      { n: number }[]
    >`SELECT count(*)::int AS n FROM observations o JOIN uplinks u ON u.id = o.uplink_id AND u.network_time = o.phenomenon_start`;
    expect(linked?.n).toBe(100);

    await expect(importOrganisation(target, first)).rejects.toMatchObject({ code: 'EXISTS' });
  }, 240_000);
});

describe('an archive', () => {
  it('holds no secret, no account and no key', async () => {
    const source = await toDatabase(DATABASE_KINDS[0] as DatabaseKind);
    await fillDatabase(source.sql);
    const path = join(folder, 'secrets.tar.gz');
    await exportOrganisation(source, 'skaering', path, new Date());
    let text = '';
    for await (const { lines } of readContainer(path)) text += lines.join('\n');
    expect(text).toContain('mqtts://broker.example');
    expect(text).not.toMatch(/argon2|secret|key_hash|first@skaering|torv_ab|2bb80d537b1da3e3/);
  }, 120_000);

  it('names every table of the database as held or left out, with every reference', async () => {
    const database = await toDatabase(DATABASE_KINDS[0] as DatabaseKind);
    const tables = await findTables(database.sql);
    const known = [...ARCHIVE_TABLES.map((table) => table.name), ...Object.keys(LEFT_OUT)].sort();
    expect(tables.map((table) => table.name).sort()).toEqual(known);
    for (const key of await findForeignKeys(database.sql)) {
      const table = ARCHIVE_TABLES.find((one) => one.name === key.table);
      if (table === undefined) continue;
      for (const column of key.columns) {
        if (column === 'organisation_id' || table.omit?.includes(column)) continue;
        const target = key.target === 'places' ? 'things' : key.target;
        expect(table.refs[column], `${key.table}.${column}`).toBe(target);
      }
    }
    for (const table of tables) {
      const archived = ARCHIVE_TABLES.find((one) => one.name === table.name);
      if (archived === undefined) continue;
      // an id without a reference would point at a stranger's row in another database
      const loose = table.columns.filter(
        ({ name }) =>
          /(^|_)ids?$/.test(name) &&
          name !== 'organisation_id' &&
          !(name === 'id' && archived.numbered) &&
          !archived.omit?.includes(name) &&
          archived.refs[name] === undefined &&
          !/^(gateway_id)$/.test(name),
      );
      expect(loose.map((column) => `${table.name}.${column.name}`)).toEqual([]);
    }
  }, 120_000);

  it('writes nothing from one that refers outside itself, brings a foreign table, or wants to be public', async () => {
    const target = await toDatabase(DATABASE_KINDS[0] as DatabaseKind);
    await prepare(target.sql);
    const organisation = JSON.stringify({
      slug: 'evil',
      name: 'Evil',
      kind: 'system',
      country: 'DK',
      time_zone: 'UTC',
      locale: 'en',
      ground: {},
      version: 1,
      created_at: '2026-01-01T00:00:00Z',
    });
    const thing = (id: number) =>
      JSON.stringify({
        id,
        name: 'T',
        description: '',
        properties: null,
        properties_text: null,
        visibility: 'public',
        version: 1,
      });
    async function make(
      name: string,
      rows: readonly (readonly [string, string])[],
      format = 'torv-organisation',
    ): Promise<string> {
      const path = join(folder, name);
      const container = await createContainer(
        path,
        { format, formatVersion: 1, migration: '0001_foundation' },
        new Date(),
      );
      for (const [table, line] of rows) await container.line(table, line);
      await container.finish();
      return path;
    }
    const bad: readonly string[] = [
      await make('a', [
        ['organisations', organisation],
        ['things', thing(7)],
      ]),
      await make('b', [
        ['organisations', organisation],
        ['users', '{}'],
      ]),
      await make('c', [['things', thing(1)]]),
      await make('d', [
        ['organisations', organisation],
        ['things', 'nonsense'],
      ]),
      await make('e', [
        ['things', thing(1)],
        ['organisations', organisation],
      ]),
      await make('f', [['organisations', organisation]], 'torv-backup'),
      await make('g', [
        ['organisations', organisation],
        ['observations', '{"id": 1e18}'],
      ]),
    ];
    for (const path of bad)
      await expect(importOrganisation(target, path), path).rejects.toMatchObject({ code: 'BAD_FILE' });
    expect(await target.sql`SELECT FROM organisations`).toHaveLength(1);
    const good = await make('h', [
      ['organisations', organisation],
      ['things', thing(1)],
    ]);
    await importOrganisation(target, good);
    expect([
      ...(await target.sql`SELECT o.kind, t.visibility FROM things t JOIN organisations o ON o.id = t.organisation_id`),
    ]).toEqual([{ kind: 'municipality', visibility: 'internal' }]);
  }, 120_000);
});
