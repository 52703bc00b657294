import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistryKind } from '@torv/core/files/registry-rows';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { SYSTEM } from '../access/port.ts';
import { openTableFile } from '../operations/files/table-file.ts';
import { installCodec } from './codec-store.ts';
import { findDevices } from './device-store.ts';
import { findGroups } from './group-store.ts';
import { importRegistry, previewRegistry, type RegistryImport } from './import-port.ts';
import { createOrganisation } from './organisation-store.ts';
import { findPlaces } from './place-store.ts';

const NOW = '2026-11-22T08:00:00Z';

describe.each(DATABASE_KINDS)('registry files, %s', (kind) => {
  let database: TestDatabase;
  let organisationId: number;
  const folder = mkdtempSync(join(tmpdir(), 'torv-registry-'));

  beforeAll(async () => {
    database = await createTestDatabase(kind);
    organisationId = await database.sql.begin(async (tx) => {
      const { id } = await createOrganisation(tx, SYSTEM, {
        slug: 'registry',
        name: 'Registry',
        country: 'DK',
        timeZone: 'Europe/Copenhagen',
        locale: 'da',
      });
      await installCodec(tx, SYSTEM, id, 'imported', {
        key: 'maker/model',
        vendor: 'maker',
        model: 'model',
        title: 'A sensor',
        script: 'function decodeUplink() { return { data: {} }; }',
        description: { power: 'battery', expectedIntervalS: 600, mapping: [] },
        vectors: [],
      });
      return id;
    });
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function toImport(of: RegistryKind, lines: readonly string[]): Promise<RegistryImport> {
    const path = join(folder, `${of}.csv`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    const file = await openTableFile(path, { format: 'csv', encoding: 'utf-8', delimiter: ';' });
    return { sql: database.sql, actor: SYSTEM, organisationId, kind: of, file, now: NOW };
  }

  it('names 3 bad lines of 800 and writes nothing; leaves them out; and finds 797 again', async () => {
    const lines = ['reference;name;kind;parent;area_m2'];
    // children before their parents: the order in the file does not matter
    for (let room = 1; room <= 700; room++)
      lines.push(`R${room};Room ${room};room;B${(room % 79) + 1};${50 + room / 10}`);
    for (let building = 1; building <= 79; building++)
      lines.push(`B${building};Building ${building};building;S${(building % 21) + 1};`);
    for (let site = 1; site <= 21; site++) lines.push(`S${site};School ${site};site;;`);
    expect(lines).toHaveLength(801);
    lines[100] = 'R100;Room 100;room;NOWHERE;60';
    lines[200] = 'R200;;room;B5;60';
    lines[300] = 'R300;Room 300;room;B5;sixty';
    const input = await toImport('places', lines);
    const preview = await previewRegistry(input);
    expect(preview).toMatchObject({ rows: 800, added: 797, changed: 0, same: 0, badLines: 3 });
    expect(preview.bad.map(({ line, column, code }) => [line, column, code])).toEqual([
      [101, 'parent', 'unknown'],
      [201, 'name', 'missing'],
      [301, 'area_m2', 'not-valid'],
    ]);
    await expect(importRegistry(input, false)).rejects.toMatchObject({ code: 'BAD_FILE', at: 'line 101' });
    expect(await findPlaces(database.sql, SYSTEM, organisationId)).toHaveLength(0);

    expect(await importRegistry(input, true)).toMatchObject({ added: 797, badLines: 3 });
    const places = await findPlaces(database.sql, SYSTEM, organisationId);
    expect(places).toHaveLength(797);
    const room = places.find((place) => place.externalRef === 'R1');
    expect(places.find((place) => place.id === room?.parentId)?.externalRef).toBe('B2');

    expect(await importRegistry(input, true)).toMatchObject({ added: 0, changed: 0, same: 797, badLines: 3 });
    expect(await findPlaces(database.sql, SYSTEM, organisationId)).toHaveLength(797);
  }, 240_000);

  it('shows a changed line before and after, and understands other names of the columns', async () => {
    const input = await toImport('places', [
      'id;Navn;type;Areal',
      'R1;Room one;room;99,5',
      'R2;Room 2;room;',
    ]);
    const preview = await previewRegistry(input);
    expect(preview.columns.map((column) => column.becomes)).toEqual(['reference', 'name', 'kind', 'area_m2']);
    expect(preview).toMatchObject({ changed: 1, same: 1, badLines: 0 });
    expect(preview.lines).toEqual([
      {
        line: 2,
        key: 'R1',
        action: 'changed',
        changes: [
          { field: 'name', before: 'Room 1', after: 'Room one' },
          { field: 'areaM2', before: 50.1, after: 99.5 },
        ],
      },
    ]);
  });

  it('refuses loops, a line that stands on a bad one, the same key twice, and a room in a room', async () => {
    const preview = await previewRegistry(
      await toImport('places', [
        'reference;name;kind;parent',
        'a;A;building;b',
        'b;B;building;a',
        'c;C;room;d',
        'd;D;hangar;',
        'e;E;site;',
        'e;E again;site;',
        'f;F;room;R1',
      ]),
    );
    expect(preview.added).toBe(1);
    expect(preview.bad.map(({ line, code }) => [line, code])).toEqual([
      [2, 'unknown'],
      [3, 'unknown'],
      [4, 'unknown'],
      [5, 'not-valid'],
      [7, 'twice'],
      [8, 'not-possible'],
    ]);
  });

  it('says which needed columns are missing', async () => {
    await expect(previewRegistry(await toImport('places', ['name;kind', 'A;site']))).rejects.toThrow(
      /no column reference/,
    );
  });

  it('claims devices, lets others wait, moves them on a later file, and changes nothing the second time', async () => {
    const header = 'DevEUI;name;codec;place;from;notes';
    const input = await toImport('devices', [
      header,
      'A8-17-58-FF-FE-00-00-01;One;maker/model;R1;2026-08-01;=SUM(A1)',
      'a81758fffe000002;Two;;;;',
      'a81758fffe000003;Three;maker/model;;;',
      'a81758fffe000004;Four;maker/other;R1;;',
      'not-an-eui;Five;;;;',
    ]);
    const preview = await previewRegistry(input);
    expect(preview).toMatchObject({ added: 2, badLines: 3 });
    expect(preview.bad.map(({ line, column }) => [line, column])).toEqual([
      [4, 'place'],
      [5, 'codec'],
      [6, 'dev_eui'],
    ]);
    expect(await importRegistry(input, true)).toMatchObject({ added: 2 });
    const devices = await findDevices(database.sql, SYSTEM, { organisationId });
    expect(devices.map((d) => [d.devEui, d.state, d.place?.from ?? null, d.notes])).toEqual([
      ['a81758fffe000002', 'waiting', null, ''],
      ['a81758fffe000001', 'claimed', '2026-07-31T22:00:00Z', '=SUM(A1)'],
    ]);
    expect(await importRegistry(input, true)).toMatchObject({ added: 0, changed: 0, same: 2 });

    const moved = await toImport('devices', [header, 'a81758fffe000001;One;maker/model;R2;2026-10-01;']);
    expect((await previewRegistry(moved)).lines[0]?.changes).toEqual([
      { field: 'place', before: 'Room 1', after: 'Room 2' },
    ]);
    await importRegistry(moved, false);
    expect(await importRegistry(moved, false)).toMatchObject({ same: 1, changed: 0 });
  });

  it('takes groups with their rooms, and a group keeps its identity into the next school year', async () => {
    const header = 'name;school_year;site;people;previous_name;rooms';
    const first = await toImport('groups', [header, '6.B;2025;S1;22;;R1|R2', '6.C;2025;NOWHERE;22;;']);
    expect(await previewRegistry(first)).toMatchObject({ added: 1, badLines: 1 });
    await importRegistry(first, true);
    expect(await importRegistry(first, true)).toMatchObject({ added: 0, same: 1 });
    const next = await toImport('groups', [header, '7.B;2026;S1;24;6.B;', '6.B;2025;S1;23;;R1']);
    await importRegistry(next, false);
    const groups = await findGroups(database.sql, organisationId);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.years).toEqual([
      { schoolYear: 2025, name: '6.B', people: 23 },
      { schoolYear: 2026, name: '7.B', people: 24 },
    ]);
    expect(groups[0]?.rooms).toHaveLength(2);
  });
});
