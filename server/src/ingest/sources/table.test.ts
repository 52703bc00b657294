import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { type Parsed, SOURCE_FORMATS, Uplink } from '../source.ts';
import { ARRIVED_AT, MESSAGES } from './messages.fixture.ts';
import { recogniseFormat, TITLES } from './recognise.ts';
import { ADAPTERS } from './table.ts';
import { TorvMessage } from './torv.ts';

const uplinkForm = Compile(Uplink);

/** The contract of every outcome; the text of `secret` must not come back in a reason. */
function expectContract(parsed: Parsed, secret?: string) {
  if (parsed.kind === 'uplink') {
    expect(uplinkForm.Errors(parsed.uplink)).toEqual([]);
    expect(uplinkForm.Check(parsed.uplink)).toBe(true);
    expect(parsed.uplink.networkTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/);
    // What PostgreSQL refuses in a text.
    expect(JSON.stringify(parsed.uplink)).not.toMatch(/\\u0000|\\ud[89a-f]/i);
    return;
  }
  expect(['ignored', 'rejected']).toContain(parsed.kind);
  expect(parsed.reason.length).toBeGreaterThan(5);
  expect(parsed.reason.length).toBeLessThanOrEqual(300);
  if (parsed.kind === 'rejected') expect(parsed.at?.length ?? 0).toBeLessThanOrEqual(100);
  if (secret !== undefined) expect(JSON.stringify(parsed)).not.toContain(secret);
}

/** Pointers of all values inside a message, leaves and branches. */
function listPaths(value: unknown, path: readonly string[] = []): string[][] {
  const here = path.length === 0 ? [] : [[...path]];
  if (value === null || typeof value !== 'object') return here;
  return [...here, ...Object.entries(value).flatMap(([key, inner]) => listPaths(inner, [...path, key]))];
}

function change(message: unknown, path: readonly string[], value: unknown): unknown {
  const copy = structuredClone(message);
  let parent = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const inner = parent[key];
    if (inner === null || typeof inner !== 'object') return copy;
    parent = inner as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined && value === undefined) delete parent[last];
  else if (last !== undefined) parent[last] = value;
  return copy;
}

const MARK = 'Secret-7f31';
const foreignValue = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    -0,
    255,
    256,
    4294967296,
    true,
    [],
    {},
    '0',
    '41',
    ' ',
    '\u0000',
  ),
  fc.constantFrom<unknown>(
    '\ud800',
    'A'.repeat(100_000),
    '0'.repeat(486),
    '1e999',
    '+275760-09-13T00:00:00Z',
  ),
  fc.constantFrom<unknown>(
    '2026-02-30T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    8.65e15,
    1e17,
  ),
  fc.constantFrom<unknown>(`${MARK}`, [MARK, { [MARK]: MARK }], { [MARK]: MARK }, '__proto__', 'constructor'),
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.integer({ min: -5, max: 2 ** 33 }),
);

describe('every adapter', () => {
  it('stands in the table under its own format and title', () => {
    for (const format of SOURCE_FORMATS) {
      expect(ADAPTERS[format].format).toBe(format);
      expect(ADAPTERS[format].title).toBe(TITLES[format]);
    }
  });

  it.each(SOURCE_FORMATS)(
    'turns the same frame told by %s into the same identity, payload and time',
    (format) => {
      const parsed = ADAPTERS[format].parse(MESSAGES[format], ARRIVED_AT);
      expectContract(parsed);
      if (parsed.kind !== 'uplink') throw new Error(parsed.reason);
      expect(parsed.uplink).toMatchObject({
        devEui: 'a81758fffe0a0b0c',
        fPort: 5,
        fCnt: 41,
        payload: '0100d70228040234',
        frequencyMhz: 868.1,
      });
      // ChirpStack v3 without publishedAt has nothing better than the one gateway that knows the time.
      expect(parsed.uplink.clock).toBe(format === 'chirpstack-v3' ? 'gateway' : 'network-server');
      expect(parsed.uplink.networkTime).toMatch(/^2026-03-02T09:(30:00\.123|29:59\.9)/);
      expect(parsed.uplink.receptions).toHaveLength(2);
      expect(parsed.uplink.receptions[0]).toMatchObject({
        rssi: -60,
        snr: 9.5,
        latitude: 55.1,
        longitude: 10.2,
      });
      expect(parsed.uplink.receptions[1]?.rssi).toBe(-101);
      if (format !== 'loriot') expect(parsed.uplink.devAddr).toBe('01ab23cd');
    },
  );

  it.each(SOURCE_FORMATS)('%s survives any one or three changed fields and keeps the contract', (format) => {
    const paths = listPaths(MESSAGES[format]);
    const oneChange = fc.tuple(fc.constantFrom(...paths), foreignValue);
    fc.assert(
      fc.property(fc.array(oneChange, { minLength: 1, maxLength: 3 }), (changes) => {
        const message = changes.reduce<unknown>(
          (m, [path, value]) => change(m, path, value),
          MESSAGES[format],
        );
        expectContract(ADAPTERS[format].parse(message, ARRIVED_AT), MARK);
      }),
      { numRuns: 1500 },
    );
  });

  it.each(SOURCE_FORMATS)('%s survives any JSON at all', (format) => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.string(), { nil: undefined }), (message, topic) => {
        const parsed = ADAPTERS[format].parse(message, ARRIVED_AT, { topic, event: topic });
        expect(parsed.kind).not.toBe('uplink');
        expectContract(parsed);
      }),
      { numRuns: 500 },
    );
  });

  it.each(SOURCE_FORMATS)('%s is not impressed by depth or size', (format) => {
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, MARK]));
    const many = Array.from({ length: 100_000 }, (_, i) => ({
      gatewayId: `g${i}`,
      gateway_ids: { gateway_id: `g${i}` },
    }));
    const huge = MARK.repeat(100_000);
    for (const value of [deep, wide, many, huge]) {
      for (const path of listPaths(MESSAGES[format])) {
        if (path.length > 2) continue;
        expectContract(ADAPTERS[format].parse(change(MESSAGES[format], path, value), ARRIVED_AT), MARK);
      }
      expectContract(ADAPTERS[format].parse(value, ARRIVED_AT), MARK);
    }
  });

  it.each(SOURCE_FORMATS)('%s names the field that is missing or wrong', (format) => {
    const identity = {
      'chirpstack-v4': ['deviceInfo', 'devEui'],
      'chirpstack-v3': ['devEUI'],
      'tts-v3': ['end_device_ids', 'dev_eui'],
      loriot: ['EUI'],
      helium: ['dev_eui'],
      torv: ['devEui'],
    }[format];
    for (const wrong of [undefined, 'a81758fffe0a0b', 42]) {
      const parsed = ADAPTERS[format].parse(change(MESSAGES[format], identity, wrong), ARRIVED_AT);
      if (parsed.kind !== 'rejected') throw new Error(`not rejected: ${String(wrong)}`);
      expect(parsed.at).toBe(`/${identity.join('/')}`);
      expect(parsed.reason).toContain(identity.join('.'));
    }
  });

  it('tells a technician that a source is set to the wrong network server', () => {
    for (const written of SOURCE_FORMATS) {
      expect(recogniseFormat(MESSAGES[written])).toBe(written);
      for (const format of SOURCE_FORMATS) {
        if (written === format) continue;
        const parsed = ADAPTERS[format].parse(MESSAGES[written], ARRIVED_AT);
        // A foreign message may also be one of the kinds that hold no reading, but never a reading.
        expect(parsed.kind, `${written} read as ${format}`).toBe('rejected');
        if (parsed.kind === 'rejected') expect(parsed.reason).toContain(TITLES[written]);
      }
    }
  });

  it('asks for one object where a list comes', () => {
    for (const format of SOURCE_FORMATS) {
      expect(ADAPTERS[format].parse([MESSAGES[format]], ARRIVED_AT)).toEqual({
        kind: 'rejected',
        reason: 'The message must be one JSON object.',
      });
    }
  });
});

describe('docs/sources.md', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/sources.md'), 'utf8');

  it('documents every field of the plain JSON form and no other', () => {
    const table = page.split('<!-- fields -->')[1] ?? '';
    const documented = [...table.matchAll(/^\| `([a-zA-Z0-9[\].]+)` +\|/gm)].map(([, name]) => name);
    const { gateways, ...flat } = TorvMessage.properties;
    const gatewayFields = Object.keys(gateways.items.properties).map((key) => `gateways[].${key}`);
    expect([...documented].sort()).toEqual([...Object.keys(flat), 'gateways', ...gatewayFields].sort());
  });

  it('shows examples that are uplinks', () => {
    const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text ?? ''));
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(ADAPTERS.torv.parse(block, ARRIVED_AT).kind).toBe('uplink');
  });

  it('has a chapter for every network server', () => {
    for (const title of Object.values(TITLES)) expect(page).toContain(`## ${title}`);
  });
});
