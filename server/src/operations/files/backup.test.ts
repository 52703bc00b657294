import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  DATABASE_KINDS,
  type DatabaseKind,
  type TestDatabase,
} from '../../../test/database.ts';
import { fillDatabase, prepare } from '../../../test/filled.ts';
import { SYSTEM } from '../../access/port.ts';
import { dumpSchema } from '../../db/schema-dump.ts';
import { createOrganisation } from '../../registry/organisation-store.ts';
import { backUp, restore } from './backup.ts';
import { readContainer } from './container.ts';

const WAYS = DATABASE_KINDS.flatMap((from) => DATABASE_KINDS.map((to) => [from, to] as const));
const folder = mkdtempSync(join(tmpdir(), 'torv-backup-'));
const open: TestDatabase[] = [];

async function toDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await createTestDatabase(kind);
  open.push(database);
  return database;
}

async function readAll(path: string): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for await (const { table, lines } of readContainer(path))
    tables[table] = [...(tables[table] ?? []), ...lines];
  for (const lines of Object.values(tables)) lines.sort();
  return tables;
}

afterAll(async () => {
  for (const database of open) await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(WAYS)('a backup from %s to %s', (from, to) => {
  it('carries every row of every table, exactly, and the restored database goes on from there', async () => {
    const source = await toDatabase(from);
    await fillDatabase(source.sql);
    const first = join(folder, `${from}-${to}.tar.gz`);
    const report = await backUp(source, first, new Date('2026-11-22T08:00:00Z'));
    expect(report.tables.get('observations')).toBe(50);
    expect(statSync(first).mode & 0o777).toBe(0o600);

    const target = await toDatabase(to);
    await prepare(target.sql);
    const schema = await dumpSchema(target.sql);
    expect((await restore(target, first)).rows).toBe(report.rows);
    const second = join(folder, `${from}-${to}-again.tar.gz`);
    await backUp(target, second, new Date('2026-11-22T09:00:00Z'));
    expect(await readAll(second)).toEqual(await readAll(first));
    expect(await dumpSchema(target.sql)).toBe(schema);

    // identities, sequences and triggers live on
    const made = await target.sql.begin((tx) =>
      createOrganisation(tx, SYSTEM, {
        slug: 'new',
        name: 'New',
        country: 'NL',
        timeZone: 'Europe/Amsterdam',
        locale: 'nl',
      }),
    );
    expect(made.id).toBeGreaterThan(3);
    const [next] = await target.sql<{ free: boolean }[]>`
      SELECT nextval('observation_sequence') > max(id & ((1::bigint << 42) - 1)) AS free FROM observations`;
    expect(next?.free).toBe(true);
    await expect(target.sql`DELETE FROM audit`).rejects.toThrow(/append only/);
    await expect(
      target.sql`INSERT INTO memberships (user_id, organisation_id, role) VALUES (99, 99, 'viewer')`,
    ).rejects.toThrow(/foreign key/);

    await expect(restore(target, first)).rejects.toMatchObject({ code: 'EXISTS' });
  }, 240_000);
});

describe('a damaged backup', () => {
  it('is refused wherever it breaks off or was changed, and nothing is written', async () => {
    const kind = DATABASE_KINDS[0] as DatabaseKind;
    const source = await toDatabase(kind);
    await fillDatabase(source.sql);
    const whole = join(folder, 'whole.tar.gz');
    await backUp(source, whole, new Date('2026-11-22T08:00:00Z'));
    const bytes = readFileSync(whole);
    const plain = gunzipSync(bytes);
    const target = await toDatabase(kind);
    await prepare(target.sql);
    const count = async () => (await target.sql`SELECT FROM audit`).length;
    const before = await count();
    const changed = Buffer.from(plain);
    changed.write('8', plain.indexOf('"result_number":4') + 17);
    const damaged: Record<string, Buffer> = {
      short: bytes.subarray(0, bytes.length - 100),
      half: bytes.subarray(0, bytes.length >> 1),
      cut: gzipSync(plain.subarray(0, plain.length - 4096)),
      'cut-in-part': gzipSync(plain.subarray(0, plain.length >> 1)),
      changed: gzipSync(changed),
      text: Buffer.from('not an archive'),
      empty: Buffer.alloc(0),
    };
    for (const [name, body] of Object.entries(damaged)) {
      const path = join(folder, `${name}.tar.gz`);
      writeFileSync(path, body);
      await expect(restore(target, path), name).rejects.toMatchObject({ code: 'BAD_FILE' });
    }
    expect(await count()).toBe(before);
  }, 120_000);
});
