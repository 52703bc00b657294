import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { Uplink } from '../ingest/source.ts';
import { createTown, type DemoFrame, framesBetween, HISTORY_DAYS } from './simulator.ts';
import { parseTown, readDemoFile } from './town.ts';

const data = parseTown(readDemoFile('town.json'));
const STARTED = '2026-11-22T10:00:00Z';
const DAY = ['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z'] as const;
const town = createTown(data, 1, STARTED);
const oneDay = [...framesBetween(town, ...DAY)];

function getEui(quirk: string): string {
  const device = data.devices.find((d) => d.quirk === quirk);
  if (!device) throw new Error(`no device ${quirk}`);
  return device.devEui;
}

const toInstant = (ms: number) => new Date(ms).toISOString();

/** Bytes of an Elsys frame that hold the CO2 (type 06). */
const toElsysCo2 = (frame: DemoFrame) =>
  Number.parseInt(/06(....)07/.exec(frame.payload.slice(20))?.[1] ?? '', 16);

describe('framesBetween', () => {
  test('gives the same frames however a period is cut and whatever was asked before', () => {
    const start = Date.parse('2026-11-17T21:30:00Z');
    const length = 2 * 3_600_000;
    const whole = [...framesBetween(town, toInstant(start), toInstant(start + length))];
    expect(whole.length).toBeGreaterThan(700);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: length }), { maxLength: 6 }),
        fc.boolean(),
        (cuts, backwards) => {
          const fresh = createTown(data, 1, STARTED);
          const edges = [0, ...cuts.toSorted((a, b) => a - b), length];
          const parts = edges.slice(1).map((edge, i) => [start + (edges[i] ?? 0), start + edge] as const);
          const asked = backwards ? parts.toReversed() : parts;
          const found = asked.map(([a, b]) => [...framesBetween(fresh, toInstant(a), toInstant(b))]);
          expect((backwards ? found.toReversed() : found).flat()).toEqual(whole);
        },
      ),
      { numRuns: 6 },
    );
  });

  test('keeps the order of network time and the bounds of the period', () => {
    const times = oneDay.map((frame) => frame.networkTime);
    expect(times).toEqual(times.toSorted());
    expect((times[0] ?? '') >= '2026-11-17T00:00:00.000000Z').toBe(true);
    expect((times.at(-1) ?? '') < '2026-11-18T00:00:00.000000Z').toBe(true);
  });

  test('sends nothing but valid uplinks', () => {
    for (const frame of oneDay) expect(Value.Check(Uplink, frame), JSON.stringify(frame)).toBe(true);
  });

  test('moves some classroom’s CO2 every ten seconds, and never waits longer than forty', () => {
    const times = oneDay
      .filter((frame) => frame.deviceName?.startsWith('Klima') === true)
      .map((frame) => Date.parse(frame.networkTime));
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? time));
    expect(Math.max(...gaps)).toBeLessThan(40_000);
    expect(gaps.reduce((a, b) => a + b, 0) / gaps.length).toBeLessThan(12_000);
  });

  test('gives other values for another seed and none before the devices were mounted', () => {
    const other = [...framesBetween(createTown(data, 2, STARTED), ...DAY)];
    expect(other.map((f) => f.payload)).not.toEqual(oneDay.map((f) => f.payload));
    expect([...framesBetween(town, '2026-09-01T00:00:00Z', toInstant(town.mountedMs))]).toEqual([]);
    expect(HISTORY_DAYS).toBe(56);
  });
});

describe('the radio', () => {
  test('loses about one frame in a hundred', () => {
    const expected = data.devices
      .filter((d) => d.quirk !== 'silent')
      .reduce((sum, d) => sum + 86_400 / d.intervalS, 0);
    const distinct = new Set(oneDay.map((f) => `${f.devEui} ${f.devAddr} ${f.fCnt}`)).size;
    expect(1 - distinct / expected).toBeGreaterThan(0.004);
    expect(1 - distinct / expected).toBeLessThan(0.02);
  });

  test('now and then brings the same frame again, later, by one gateway', () => {
    const first = new Map<string, DemoFrame>();
    let copies = 0;
    for (const frame of oneDay) {
      const key = `${frame.devEui} ${frame.fCnt}`;
      const seen = first.get(key);
      if (!seen) first.set(key, frame);
      else {
        copies += 1;
        expect(frame.payload).toBe(seen.payload);
        expect(frame.devAddr).toBe(seen.devAddr);
        expect(frame.receptions).toHaveLength(1);
        expect(Date.parse(frame.networkTime) - Date.parse(seen.networkTime)).toBeGreaterThan(1000);
      }
    }
    expect(copies).toBeGreaterThan(20);
    expect(copies).toBeLessThan(120);
  });

  test('puts the gateway that hears best first', () => {
    for (const { receptions } of oneDay) {
      const snrs = receptions.map((r) => r.snr ?? 0);
      expect(snrs).toEqual(snrs.toSorted((a, b) => b - a));
    }
  });
});

describe('the devices with a fault', () => {
  test('count their frames upwards, and one begins again at 0 with another address', () => {
    const eui = getEui('restarts');
    const frames = [...framesBetween(town, '2026-10-27T20:00:00Z', '2026-10-28T03:00:00Z')].filter(
      (f) => f.devEui === eui,
    );
    const sessions = new Map<string | undefined, DemoFrame[]>();
    for (const f of frames) sessions.set(f.devAddr, [...(sessions.get(f.devAddr) ?? []), f]);
    expect(sessions.size).toBe(2);
    const [before = [], after = []] = [...sessions.values()];
    expect(Math.min(...before.map((f) => f.fCnt ?? 0))).toBeGreaterThan(20_000);
    expect(Math.min(...after.map((f) => f.fCnt ?? 0))).toBeLessThan(4);
    for (const session of sessions.values()) {
      const counts = session.map((f) => f.fCnt ?? 0);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    }
  });

  test('one fell silent nine days before the first start', () => {
    const eui = getEui('silent');
    const has = (from: string, to: string) =>
      [...framesBetween(town, from, to)].some((f) => f.devEui === eui);
    expect(has('2026-11-12T00:00:00Z', '2026-11-12T06:00:00Z')).toBe(true);
    expect(has('2026-11-13T12:00:00Z', '2026-11-14T00:00:00Z')).toBe(false);
  });

  test('one runs out of battery', () => {
    const eui = getEui('battery');
    const toLevel = (from: string, to: string) => {
      const frame = [...framesBetween(town, from, to)].find((f) => f.devEui === eui);
      return Number.parseInt(frame?.payload.slice(4, 6) ?? '', 16);
    };
    const early = toLevel('2026-09-28T12:00:00Z', '2026-09-28T12:10:00Z');
    const late = toLevel('2026-11-22T09:00:00Z', '2026-11-22T09:10:00Z');
    expect(early).toBeGreaterThan(38);
    expect(late).toBeLessThan(10);
  });

  test('one reads CO2 about 110 ppm too low: less than outdoor air in an empty room', () => {
    const eui = getEui('low');
    const values = [...framesBetween(town, '2026-11-22T00:00:00Z', '2026-11-22T04:00:00Z')]
      .filter((f) => f.devEui === eui)
      .map((f) =>
        Number.parseInt(/077d(..)(..)087d/.exec(f.payload)?.slice(1).toReversed().join('') ?? '', 16),
      );
    expect(values.length).toBeGreaterThan(100);
    for (const ppm of values) {
      expect(ppm).toBeGreaterThan(280);
      expect(ppm).toBeLessThan(360);
    }
  });

  test('one says 85 °C once in a while', () => {
    const eui = getEui('wild');
    const frames = [...framesBetween(town, '2026-11-10T00:00:00Z', '2026-11-17T00:00:00Z')].filter(
      (f) => f.devEui === eui,
    );
    const wild = frames.filter((f) => f.payload.startsWith('010352')).length;
    expect(wild).toBeGreaterThan(0);
    expect(wild).toBeLessThan(frames.length / 200);
  });
});

describe('a classroom in the frames', () => {
  test('shows a lesson: higher at half past nine than at seven', () => {
    const eui = data.devices.find((d) => d.place === 'nord-1')?.devEui;
    const at = (from: string) =>
      toElsysCo2(
        oneDay.find((f) => f.devEui === eui && f.networkTime > from) ??
          oneDay[0] ??
          ({ payload: '' } as DemoFrame),
      );
    expect(at('2026-11-17T06:00:00Z')).toBeLessThan(700);
    expect(at('2026-11-17T08:20:00Z')).toBeGreaterThan(1300);
  });
});
