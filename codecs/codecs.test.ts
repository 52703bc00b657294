/**
 * Every shipped model against its own vectors, and all of them against what a radio can send.
 * The vectors are the examples that people read in the codec bench; nothing in here knows a maker.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { parseCodecModel } from '@torv/core/codec-model';
import { toMeasurements } from '@torv/core/mapping';
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const FOLDER = import.meta.dirname;
const DATA = process.env.TORV_TEST_DATA ?? join(FOLDER, '..', '..', 'shared', 'data');
/** Without the recorded data these are skipped, and say so; in CI that is a failure. */
const itRecorded = existsSync(DATA) || process.env.CI !== undefined ? it : it.skip;
const RECEIVED = '2026-01-15T10:00:00Z';

interface Decoded {
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly errors?: readonly string[];
}

interface Vector {
  readonly name: string;
  readonly fPort: number;
  readonly bytes: string;
  readonly recvTime?: string;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly errors?: readonly string[];
  readonly measurements?: readonly {
    readonly property: string;
    readonly channel: number;
    readonly value: number | boolean;
    readonly time?: string;
    readonly quality?: number;
  }[];
}

/**
 * The one place where a script runs. Only for these tests and only for the scripts of this folder: the product
 * runs codecs in its sandbox, which node:vm is not.
 */
function toDecoder(script: string): (bytes: readonly number[], fPort: number) => Decoded {
  return (bytes, fPort) => {
    const call = `JSON.stringify(decodeUplink(${JSON.stringify({ bytes, fPort })}))`;
    return JSON.parse(runInNewContext(`${script}\n${call}`, {}, { timeout: 1000 }) as string) as Decoded;
  };
}

function toBytes(hex: string): number[] {
  return [...Buffer.from(hex, 'hex')];
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

const MODELS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((vendor) =>
    readdirSync(join(FOLDER, vendor.name))
      .filter((file) => file.endsWith('.json') && !file.endsWith('.vectors.json'))
      .map((file) => {
        const base = join(FOLDER, vendor.name, file.slice(0, -'.json'.length));
        const model = parseCodecModel(readJson(`${base}.json`));
        const script = readFileSync(join(FOLDER, vendor.name, model.script), 'utf8');
        return {
          model,
          key: `${vendor.name}/${file.slice(0, -'.json'.length)}`,
          script,
          decode: toDecoder(script),
          vectors: readJson(`${base}.vectors.json`) as readonly Vector[],
        };
      }),
  );

function findModel(key: string) {
  const found = MODELS.find((m) => m.key === key);
  if (!found) throw new Error(`no model ${key}`);
  return found;
}

/** Sorted, because the order of measurements in one uplink means nothing. */
function toComparable(measurements: NonNullable<Vector['measurements']>, recvTime: string) {
  return measurements
    .map((m) => ({ ...m, time: m.time ?? recvTime, quality: m.quality ?? 0 }))
    .sort((a, b) =>
      `${a.property} ${a.channel} ${a.time}`.localeCompare(`${b.property} ${b.channel} ${b.time}`),
    );
}

function measure(model: (typeof MODELS)[number], data: unknown, recvTime: string) {
  return toMeasurements(data, model.model.mapping, recvTime).measurements.map(
    ({ phenomenonTime, ...rest }) => ({
      ...rest,
      time: phenomenonTime,
    }),
  );
}

it('ships the models that the handbook names', () => {
  expect(MODELS.length).toBeGreaterThanOrEqual(25);
  expect(new Set(MODELS.map((m) => m.model.key)).size).toBe(MODELS.length);
});

describe.each(MODELS.map((m) => [m.key, m] as const))('%s', (key, codec) => {
  it('is described under its own key', () => {
    expect(codec.model.key).toBe(key);
  });

  it.each(codec.vectors.map((v) => [v.name, v] as const))('decodes: %s', (_name, vector) => {
    const result = codec.decode(toBytes(vector.bytes), vector.fPort);
    const recvTime = vector.recvTime ?? RECEIVED;
    expect(result.errors ?? []).toEqual(vector.errors ?? []);
    expect(result.warnings ?? []).toEqual(vector.warnings ?? []);
    if (vector.errors) {
      expect(result).not.toHaveProperty('data');
      return;
    }
    expect(result.data).toEqual(vector.data);
    expect(toComparable(measure(codec, result.data, recvTime), recvTime)).toEqual(
      toComparable(vector.measurements ?? [], recvTime),
    );
  });

  it('has vectors for a reading, for a boundary and for a broken frame, each with a name of its own', () => {
    expect(codec.vectors.length).toBeGreaterThanOrEqual(4);
    expect(new Set(codec.vectors.map((v) => v.name)).size).toBe(codec.vectors.length);
    expect(codec.vectors.some((v) => v.errors)).toBe(true);
    for (const v of codec.vectors) {
      expect(v.bytes).toMatch(/^([0-9a-f]{2}){1,242}$/);
      expect(Boolean(v.errors) !== Boolean(v.data), v.name).toBe(true);
      if (v.data) expect(v.measurements, v.name).toBeDefined();
    }
  });

  it('maps only fields that a vector shows', () => {
    const shown = codec.vectors.filter((v) => v.data !== undefined);
    for (const row of codec.model.mapping) {
      const { time: _own, ...anyTime } = row;
      const hits = shown.flatMap((v) => toMeasurements(v.data, [anyTime], RECEIVED).measurements);
      expect(hits.length, row.field).toBeGreaterThan(0);
    }
  });

  it('expects in its vectors only properties that Torv knows', () => {
    for (const m of codec.vectors.flatMap((v) => v.measurements ?? [])) {
      expect(isPropertyKey(m.property), m.property).toBe(true);
      if (isPropertyKey(m.property) && typeof m.value === 'boolean')
        expect(PROPERTIES[m.property].type).toBe('boolean');
    }
  });

  it('lists every port that a vector with readings comes on', () => {
    const { fPorts } = codec.model;
    if (!fPorts) return;
    for (const v of codec.vectors.filter((x) => x.measurements?.length))
      expect(fPorts, v.name).toContain(v.fPort);
  });

  it('refuses an empty payload with a reason', () => {
    const { data, errors } = codec.decode([], codec.vectors[0]?.fPort ?? 1);
    expect(data).toBeUndefined();
    expect(errors?.[0]).toMatch(/^The payload is|has \d+ bytes/);
  });

  it('answers any bytes with data or errors, and numbers that are numbers', () => {
    const run = toBatchDecoder(codec.script);
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((b) => [...b]),
      // Real frames with a byte changed or cut off reach deeper than noise.
      fc
        .tuple(fc.constantFrom(...codec.vectors), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat())
        .map(([v, at, byte, cut]) => {
          const bytes = toBytes(v.bytes);
          bytes[at % bytes.length] = byte;
          return cut % 3 === 0 ? bytes.slice(0, cut % (bytes.length + 1)) : bytes;
        }),
    );
    fc.assert(
      fc.property(
        fc.array(payload, { minLength: 20, maxLength: 40 }),
        fc.constantFrom(1, 2, 5, 6, 85),
        (frames, fPort) => {
          run(frames, fPort).forEach((result, i) => {
            const shown = JSON.stringify(frames[i]);
            expect(Boolean(result.data) !== Boolean(result.errors?.length), shown).toBe(true);
            expect(JSON.stringify(result.data ?? {}), shown).not.toContain('null');
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** Many frames in one evaluation: the context costs more than the decoding. */
function toBatchDecoder(
  script: string,
): (frames: readonly (readonly number[])[], fPort: number) => Decoded[] {
  return (frames, fPort) => {
    const call = `JSON.stringify(${JSON.stringify(frames)}.map(function (b) { return decodeUplink({ bytes: b, fPort: ${fPort} }); }))`;
    return JSON.parse(runInNewContext(`${script}\n${call}`, {}, { timeout: 5000 }) as string) as Decoded[];
  };
}

describe('all scripts', () => {
  const scripts = new Map(MODELS.map((m) => [m.script, m]));

  it.each([...scripts.values()].map((m) => [m.key, m] as const))(
    '%s keeps nothing between frames and uses no clock, no console and no module',
    (_key, codec) => {
      const code = codec.script.replace(/\/\/.*$/gm, '').replace(/'[^']*'/g, "''");
      expect(code).not.toMatch(
        /\b(Date|console|require|module|exports|import|export|eval|globalThis|window)\b/,
      );
      const frames = codec.vectors.map((v) => v.bytes);
      const alone = frames.map((f) => codec.decode(toBytes(f), codec.vectors[0]?.fPort ?? 1));
      const after = toBatchDecoder(codec.script)(
        [...frames, ...frames].map(toBytes),
        codec.vectors[0]?.fPort ?? 1,
      );
      expect(after.slice(frames.length)).toEqual(alone);
    },
  );

  it('every script belongs to a model', () => {
    const named = new Set(MODELS.map((m) => `${m.key.split('/')[0]}/${m.model.script}`));
    for (const vendor of readdirSync(FOLDER, { withFileTypes: true }).filter((e) => e.isDirectory())) {
      for (const file of readdirSync(join(FOLDER, vendor.name)).filter((f) => f.endsWith('.js')))
        expect(named).toContain(`${vendor.name}/${file}`);
    }
  });
});

describe('recorded frames', () => {
  interface Recorded {
    readonly port: number;
    readonly payload: string;
    readonly decoded: { readonly payload: Readonly<Record<string, number>> };
  }

  itRecorded('reproduces what was decoded at the time from all 12,613 frames of a real Elsys EMS', () => {
    const lines = gunzipSync(readFileSync(join(DATA, 'lorawan-campusiot', 'elsys-ems-helium.ndjson.gz')))
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Recorded);
    const readings = lines.filter((l) => l.port === 5);
    expect(readings.length).toBe(12_613);
    const ems = findModel('elsys/ems');
    const decoded = toBatchDecoder(ems.script)(
      readings.map((l) => [...Buffer.from(l.payload, 'base64')]),
      5,
    );
    let same = 0;
    decoded.forEach((result, i) => {
      const { leak: _ours, ...fields } = result.data as Record<string, unknown>;
      expect(fields).toEqual(readings[i]?.decoded.payload);
      same++;
    });
    expect(same).toBe(12_613);
    const temperatures = decoded.flatMap((r) =>
      measure(ems, r.data, RECEIVED).filter((m) => m.property === 'air_temperature'),
    );
    // One frame holds no climate.
    expect(temperatures.length).toBe(12_612);

    const others = lines.filter((l) => l.port !== 5);
    expect(others.length).toBe(1);
    for (const l of others) {
      const result = ems.decode([...Buffer.from(l.payload, 'base64')], l.port);
      expect(measure(ems, result.data ?? {}, RECEIVED)).toEqual([]);
    }
  });

  itRecorded('reads the climate in the frame that a ChirpStack message carries', () => {
    const message = readJson(join(DATA, 'lns-samples', 'chirpstack-v4-up.json')) as {
      readonly data: string;
      readonly object: unknown;
      readonly fPort: number;
    };
    const result = findModel('milesight/em300-th').decode(
      [...Buffer.from(message.data, 'base64')],
      message.fPort,
    );
    expect(result.data).toEqual(message.object);
    expect(result.data).toEqual({ temperature: 28.7, humidity: 47 });
  });

  itRecorded('reads the Cayenne LPP frame that an old Helium message carries', () => {
    const message = readJson(join(DATA, 'lns-samples', 'helium-legacy-console.json')) as {
      readonly payload: string;
      readonly port: number;
    };
    const lpp = findModel('cayenne/lpp');
    const result = lpp.decode([...Buffer.from(message.payload, 'base64')], message.port);
    expect(measure(lpp, result.data, RECEIVED)).toMatchObject([
      { property: 'air_temperature', channel: 1, value: 23 },
      { property: 'relative_humidity', channel: 2, value: 29 },
    ]);
  });
});
