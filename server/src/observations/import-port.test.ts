import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReadingsMapping, type ReadingsMapping } from '@torv/core/files/readings-mapping';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { findRecordedData } from '../../test/recorded-data.ts';
import { SYSTEM } from '../access/port.ts';
import { detectFile } from '../operations/files/detect.ts';
import { openTableFile } from '../operations/files/table-file.ts';
import { createOrganisation, syncObservedProperties } from '../registry/organisation-store.ts';
import { createPlace } from '../registry/place-store.ts';
import { importReadings, previewReadings, type ReadingsImport } from './import-port.ts';

const B4B_COLUMNS = [
  { column: 'co2__ppm', property: 'co2', unit: '[ppm]' },
  { column: 'rel_humidity__0', property: 'relative_humidity', unit: '%', factor: 100 },
  { column: 'temp_in__degC', property: 'air_temperature', unit: 'Cel' },
];

describe.each(DATABASE_KINDS)('readings out of files, %s', (kind) => {
  let database: TestDatabase;
  let organisationId: number;
  let placeId: number;
  const folder = mkdtempSync(join(tmpdir(), 'torv-files-'));

  beforeAll(async () => {
    database = await createTestDatabase(kind);
    await syncObservedProperties(database.sql);
    const made = await database.sql.begin(async (tx) => {
      const organisation = await createOrganisation(tx, SYSTEM, {
        slug: 'zwolle',
        name: 'Zwolle',
        country: 'NL',
        timeZone: 'Europe/Amsterdam',
        locale: 'nl',
      });
      const place = await createPlace(tx, SYSTEM, organisation.id, {
        name: 'Office',
        kind: 'point',
        externalRef: '917810',
      });
      return { organisation, place };
    });
    organisationId = made.organisation.id;
    placeId = made.place.id;
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function toImport(path: string, mapping: Partial<ReadingsMapping> | object): Promise<ReadingsImport> {
    const detected = await detectFile(path);
    const full = parseReadingsMapping({ ...detected, ...mapping });
    const file = await openTableFile(path, { ...detected, ...full });
    return { sql: database.sql, actor: SYSTEM, organisationId, file, mapping: full };
  }

  function write(name: string, text: string | Buffer): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  async function countObservations(): Promise<number> {
    const [row] = await database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM observations o JOIN datastreams d ON d.id = o.datastream_id WHERE d.organisation_id = ${organisationId}`;
    return row?.n ?? 0;
  }

  it('reads two sensors of a real office over the night when the clocks go back', async (context) => {
    const path = findRecordedData('b4b/917810_raw_properties.csv');
    if (path === undefined) return context.skip('The recorded data is not here');
    const input = await toImport(path, {
      time: { columns: ['timestamp'], form: 'iso' },
      place: { column: 'id' },
      sensor: { column: 'source' },
      columns: B4B_COLUMNS,
    });
    const preview = await previewReadings(input);
    expect(preview.rows).toBe(37_613);
    expect(preview.badLines).toBe(0);
    expect(preview.twice).toBe(0);
    expect(preview.implausible).toBeGreaterThan(0);
    expect(await countObservations()).toBe(0);

    const report = await importReadings(input, { leaveOutBad: false });
    expect(report.written).toBe(preview.readings - preview.duplicates);
    expect(await countObservations()).toBe(report.written);
    const nightly = await database.sql<{ t: string; v: number; quality: number }[]>`
      SELECT o.phenomenon_start AS t, o.result_number AS v, o.quality FROM observations o JOIN datastreams d ON d.id = o.datastream_id
      JOIN sensors s ON s.id = d.sensor_id
      WHERE d.organisation_id = ${organisationId} AND d.property_key = 'co2' AND s.name = 'CO2-meter-SCD4x'
        AND o.phenomenon_start >= '2022-10-30T00:00:00Z' AND o.phenomenon_start < '2022-10-30T02:00:00Z' ORDER BY 1`;
    expect(nightly.map((row) => row.v)).toEqual([337, 343, 325, 328, 322, 331, 359, 334, 330, 353, 332, 359]);
    expect(nightly[0]).toEqual({ t: '2022-10-30T00:00:00Z', v: 337, quality: 4 });

    const again = await importReadings(input, { leaveOutBad: false });
    expect(again.written).toBe(0);
    expect((await previewReadings(input)).alreadyThere).toBe(preview.readings);
  }, 300_000);

  it('says that a humidity between 0 and 1 is a fraction', async (context) => {
    const path = findRecordedData('b4b/999169_raw_properties.csv');
    if (path === undefined) return context.skip('The recorded data is not here');
    const preview = await previewReadings(
      await toImport(path, {
        time: { columns: ['timestamp'], form: 'iso' },
        place: { placeId },
        sensor: { column: 'source' },
        columns: [{ column: 'rel_humidity__0', property: 'relative_humidity' }],
      }),
    );
    expect(preview.suspicions).toContainEqual({ code: 'fraction', column: 'rel_humidity__0' });
  });

  it('takes the days that the file only numbers from the dates that are given', async (context) => {
    const path = findRecordedData('sdu-ou44/co2_data_room_1.csv');
    if (path === undefined) return context.skip('The recorded data is not here');
    const ids = [
      ...new Set(
        readFileSync(path, 'utf8')
          .split('\n')
          .slice(1)
          .map((line) => line.split(',')[0] ?? ''),
      ),
    ].filter(Boolean);
    const dates = Object.fromEntries(ids.map((id, i) => [id, `2017-03-${String(i + 15).padStart(2, '0')}`]));
    const mapping = {
      time: { columns: ['DayId', 'Time'], form: 'iso', timeZone: 'Europe/Copenhagen', dates },
      place: { placeId },
      columns: [{ column: 'Room 1', property: 'co2', unit: '[ppm]' }],
    };
    const preview = await previewReadings(await toImport(path, mapping));
    expect(ids).toHaveLength(15);
    expect(preview.rows).toBe(21_600);
    // 26 March 2017 has no hour from 02:00 to 03:00
    expect(preview.badByCode).toEqual({ 'time-skipped': 60 });
    const without = await previewReadings(
      await toImport(path, {
        ...mapping,
        time: { ...mapping.time, dates: { [ids[0] as string]: '2017-03-22' } },
      }),
    );
    expect(without.badByCode).toEqual({ 'date-unknown': 14 * 1440 });
  });

  it('names each bad line with its column and writes nothing until they may be left out', async () => {
    const path = write(
      'bad.csv',
      'when;temp\n2026-01-01 00:00;20,5\n2026-01-01 00:10;x\nyesterday;21,0\n2026-01-01 00:20;20.5\n2026-01-01 00:30;\n2026-01-01 00:40;1;2\n2026-01-01 00:50;-3\n',
    );
    const input = await toImport(path, {
      time: { columns: ['when'], form: 'iso', timeZone: 'Europe/Amsterdam' },
      place: { placeId },
      sensor: { name: 'bad.csv' },
      columns: [{ column: 'temp', property: 'air_temperature' }],
    });
    const before = await countObservations();
    const preview = await previewReadings(input);
    expect(preview.bad.map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, 'temp', 'number'],
      [4, 'when', 'time-unreadable'],
      [5, 'temp', 'number'],
      [7, null, 'columns'],
    ]);
    await expect(importReadings(input, { leaveOutBad: false })).rejects.toMatchObject({ code: 'BAD_FILE' });
    expect(await countObservations()).toBe(before);
    expect(await importReadings(input, { leaveOutBad: true })).toMatchObject({ written: 2, badLines: 4 });
    expect(await countObservations()).toBe(before + 2);
  });

  it('tells the two passes of a local clock apart by their order, or as it is told', async () => {
    const lines = ['02:30', '02:45', '02:00', '02:15', '02:30', '03:00'].map(
      (t, i) => `2026-10-25 ${t},${20 + i}`,
    );
    const path = write('night.csv', `t,v\n${lines.join('\n')}\n`);
    const mapping = (night: string) => ({
      time: { columns: ['t'], form: 'iso', timeZone: 'Europe/Amsterdam', night },
      place: { placeId },
      sensor: { name: `night ${night}` },
      columns: [{ column: 'v', property: 'air_temperature' }],
    });
    const preview = await previewReadings(await toImport(path, mapping('order')));
    expect(preview).toMatchObject({
      twice: 5,
      duplicates: 0,
      from: '2026-10-25T00:30:00Z',
      until: '2026-10-25T02:00:00Z',
    });
    expect((await previewReadings(await toImport(path, mapping('earlier')))).duplicates).toBe(1);
  });

  it('reads a file in Windows-1252 and says that it guessed', async () => {
    const path = write(
      'latin.csv',
      Buffer.from('tid,sted,værdi\n2026-01-01T00:00:00Z,Køkken,21\n', 'latin1'),
    );
    const detected = await detectFile(path);
    expect(detected).toMatchObject({
      encoding: 'windows-1252',
      encodingGuessed: true,
      header: ['tid', 'sted', 'værdi'],
    });
  });

  it('reads UTF-8 with a byte order mark, and UTF-16 out of a spreadsheet', async () => {
    expect((await detectFile(write('bom.csv', '\uFEFFa;b\n1;2\n'))).header).toEqual(['a', 'b']);
    const wide = write('wide.csv', Buffer.from('\uFEFFa\tb\r\n1,5\t2,5\r\n', 'utf16le'));
    expect(await detectFile(wide)).toMatchObject({
      encoding: 'utf-16le',
      delimiter: '\t',
      decimal: ',',
      header: ['a', 'b'],
    });
  });

  it('refuses a workbook, a binary file and an endless line in words', async () => {
    await expect(detectFile(write('a.xlsx', Buffer.from([0x50, 0x4b, 3, 4, 0, 0])))).rejects.toThrow(
      /Excel workbook/,
    );
    await expect(detectFile(write('a.bin', Buffer.from([1, 2, 0, 0, 4])))).rejects.toThrow(/binary/);
    await expect(detectFile(write('a.csv', `a,b\n"${'x'.repeat(3_000_000)}`))).rejects.toThrow(
      /Line 2 does not end within a megabyte/,
    );
    await expect(detectFile(write('empty.csv', ''))).rejects.toThrow(/empty/);
  });

  it('reads NDJSON with nested values and one value per line', async () => {
    const path = write(
      'long.ndjson',
      [
        '{"at":"2026-02-01T10:00:00.123456Z","what":{"property":"co2","unit":"[ppm]"},"value":700}',
        'not json',
        '{"at":"2026-02-01T10:10:00Z","what":{"property":"air_temperature","unit":"K"},"value":294.15}',
        '{"at":"2026-02-01T10:20:00Z","what":{"property":"nonsense","unit":"K"},"value":1}',
      ].join('\n'),
    );
    const input = await toImport(path, {
      time: { columns: ['at'], form: 'iso' },
      place: { placeId },
      sensor: { name: 'long' },
      long: { propertyColumn: 'what/property', valueColumn: 'value', unitColumn: 'what/unit' },
    });
    const preview = await previewReadings(input);
    expect(preview.badByCode).toEqual({ json: 1, 'property-unknown': 1 });
    await importReadings(input, { leaveOutBad: true });
    const rows = await database.sql<{ t: string; v: number }[]>`
      SELECT o.phenomenon_start AS t, o.result_number AS v FROM observations o JOIN datastreams d ON d.id = o.datastream_id
      JOIN sensors s ON s.id = d.sensor_id WHERE s.name = 'long' ORDER BY 1`;
    expect([...rows]).toEqual([
      { t: '2026-02-01T10:00:00.123456Z', v: 700 },
      { t: '2026-02-01T10:10:00Z', v: 21 },
    ]);
  });
});
