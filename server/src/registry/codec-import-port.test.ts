/** `torv codec import`: from files beside each other, and from a checkout in the form of The Things Network's repository. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/database.ts';
import { createDecoder, type Decoder } from '../ingest/decode/port.ts';
import { codecCommand } from './codec-import-port.ts';
import { syncObservedProperties } from './organisation-store.ts';

const SCRIPT =
  'function decodeUplink(input) { return { data: { temperature: input.bytes[0] / 10, humidity: input.bytes[1] } }; }';
const VECTORS = [{ name: 'A room', fPort: 1, bytes: 'c82d', data: { temperature: 20, humidity: 45 } }];

describe('torv codec import', () => {
  let database: TestDatabase;
  let tryDecoder: Decoder;
  let cwd: string;
  beforeAll(async () => {
    database = await createTestDatabase('embedded');
    await syncObservedProperties(database.sql);
    tryDecoder = createDecoder({ workers: 1 });
  });
  afterAll(async () => {
    await tryDecoder?.close();
    await database?.drop();
  });
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'torv-codec-'));
    return () => rmSync(cwd, { recursive: true, force: true });
  });

  const write = (path: string, text: string) => {
    mkdirSync(join(cwd, path, '..'), { recursive: true });
    writeFileSync(join(cwd, path), text);
  };
  async function run(...args: string[]): Promise<{ code: number; said: string; complained: string }> {
    const said: string[] = [];
    const complained: string[] = [];
    const code = await codecCommand.run({
      runtime: { database, tryDecoder },
      args,
      cwd,
      output: { line: (text) => said.push(text), error: (text) => complained.push(text) },
    });
    return { code, said: said.join('\n'), complained: complained.join('\n') };
  }
  const installed = async (key: string) => {
    const [row] = await database.sql<
      { origin: string; script: string; vectors: unknown; description: object }[]
    >`
      SELECT c.origin, v.script, v.vectors, v.description FROM codecs c
      JOIN codec_versions v ON v.codec_id = c.id AND v.number = c.current_version WHERE c.key = ${key}`;
    return row;
  };

  it('installs a file after its examples have run, with its model', async () => {
    write('own.js', SCRIPT);
    write('own.vectors.json', JSON.stringify(VECTORS));
    write(
      'own.json',
      JSON.stringify({
        title: 'Own sensor',
        mapping: [{ field: '/temperature', property: 'air_temperature', unit: 'Cel' }],
      }),
    );
    const args = [
      ...['import', 'own.js', '--organisation', 'Skæring', '--key', 'own/sensor'],
      ...['--vectors', 'own.vectors.json', '--model', 'own.json'],
    ];
    const first = await run(...args);
    expect(first).toEqual({
      code: 0,
      said: '1 of 1 examples pass.\nInstalled own/sensor version 1 for Skæring.',
      complained: '',
    });
    expect(await installed('own/sensor')).toMatchObject({
      origin: 'imported',
      script: SCRIPT,
      vectors: VECTORS,
    });
    expect((await run(...args)).said).toContain('own/sensor is there already, unchanged.');
  });

  it('tells which example fails and installs nothing', async () => {
    write('bad.js', SCRIPT);
    write('bad.vectors.json', JSON.stringify([{ ...VECTORS[0], data: { temperature: 21, humidity: 45 } }]));
    const args = [
      'import',
      'bad.js',
      '--organisation',
      'Skæring',
      '--key',
      'own/bad',
      '--vectors',
      'bad.vectors.json',
    ];
    const refused = await run(...args);
    expect(refused.code).toBe(1);
    expect(refused.complained).toContain('A room: /temperature: expected 21, got 20');
    expect(await installed('own/bad')).toBeUndefined();
    expect((await run(...args, '--accept-failures')).code).toBe(0);
    expect(await installed('own/bad')).toBeDefined();
  });

  it('takes one device out of a checkout, and suggests what its fields may be', async () => {
    write(
      'checkout/vendor/acme/room-sensor.yaml',
      [
        'name: Room Sensor',
        'description: Temperature and humidity for rooms',
        'firmwareVersions:',
        "  - version: '1.0'",
        '    profiles: { EU863-870: { id: p, codec: old-codec } }',
        "  - version: '2.0'",
        '    profiles: { EU863-870: { id: p, codec: room-codec } }',
      ].join('\n'),
    );
    write(
      'checkout/vendor/acme/room-codec.yaml',
      [
        'uplinkDecoder:',
        '  fileName: room-sensor.js',
        '  examples:',
        '    - description: A warm room',
        '      input: { fPort: 1, bytes: [0xc8, 45] }',
        '      output: { data: { temperature: 20, humidity: 45 } }',
      ].join('\n'),
    );
    write('checkout/vendor/acme/room-sensor.js', SCRIPT);
    const done = await run(
      ...['import', '--repository', 'checkout', 'acme/room-sensor', '--organisation', 'Skæring'],
    );
    expect([done.code, done.complained]).toEqual([0, '']);
    expect(done.said).toContain('1 of 1 examples pass.');
    expect(done.said).toMatch(/\/temperature = 20: air_temperature in Cel/);
    expect(await installed('acme/room-sensor')).toMatchObject({
      script: SCRIPT,
      vectors: [{ name: 'A warm room', fPort: 1, bytes: 'c82d', data: { temperature: 20, humidity: 45 } }],
      description: { mapping: [] },
    });
  });

  it('lets no file name in a checkout lead out of the vendor', async () => {
    write('checkout/secret.js', SCRIPT);
    write('checkout/vendor/acme/d.yaml', 'firmwareVersions: [{ profiles: { EU: { codec: c } } }]');
    write('checkout/vendor/acme/c.yaml', 'uplinkDecoder: { fileName: ../../secret.js }');
    const args = ['import', '--repository', 'checkout', 'acme/d', '--organisation', 'Skæring'];
    await expect(run(...args)).rejects.toThrow(/leads out/);
    await expect(
      run('import', '--repository', 'checkout/vendor/acme', '../../d', '--organisation', 'Skæring'),
    ).rejects.toThrow();
  });

  it('says how it is used when something is missing', async () => {
    const { code, complained } = await run('import', 'own.js');
    expect(code).toBe(2);
    expect(complained).toContain('--organisation');
    await expect(run('import', 'none.js', '--organisation', 'S', '--key', 'a/b')).rejects.toThrow(
      /cannot be read/,
    );
  });
});
