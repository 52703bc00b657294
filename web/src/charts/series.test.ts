import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsv } from './csv.ts';
import { breakAtGaps, type ChartPoint, countGaps, toAxis, toExtent, toUsualIntervalS } from './series.ts';

const at = (minute: number, mean: number | null = 500): ChartPoint => ({
  t: new Date(Date.parse('2026-11-22T08:00:00Z') + minute * 60_000).toISOString(),
  mean,
});

describe('gaps', () => {
  test('a silence of more than three expected intervals is not bridged', () => {
    const cells = breakAtGaps([at(0), at(10), at(41)], 600);
    expect(cells.map((cell) => cell.point !== null)).toEqual([true, true, false, true]);
  });

  test('a late frame within three expected intervals is no gap', () => {
    expect(breakAtGaps([at(0), at(30)], 600).every((cell) => cell.point !== null)).toBe(true);
    expect(countGaps([at(0), at(30)], 600)).toBe(0);
  });

  test('an empty point of the server is a gap too and is counted once', () => {
    expect(countGaps([at(0), at(10, null), at(20, null), at(30), at(90)], 600)).toBe(2);
  });

  test('silence before the first and after the last reading is not between readings', () => {
    expect(countGaps([at(0, null), at(10), at(20), at(30, null)], 600)).toBe(0);
  });

  test('no reading is ever lost or moved, whatever the times', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 10_000 })), (minutes) => {
        const points = minutes.sort((a, b) => a - b).map((minute) => at(minute));
        const kept = breakAtGaps(points, 600).filter((cell) => cell.point !== null);
        expect(kept.map((cell) => cell.point)).toEqual(points);
        expect(kept.map((cell) => cell.ms)).toEqual(points.map((point) => Date.parse(point.t)));
      }),
    );
  });
});

describe('the axis', () => {
  test('of CO2 starts at 400 ppm, and lower when the data are, so that a reading of 236 is seen', () => {
    expect(toAxis('co2', '[ppm]', { low: 420, high: 900 }, [1000]).min).toBe(400);
    expect(toAxis('co2', '[ppm]', { low: 236, high: 900 }, [1000]).min).toBeLessThanOrEqual(236);
  });

  test('starts at zero where zero means nothing of it', () => {
    expect(toAxis('electric_power', 'W', { low: 200, high: 900 }, []).min).toBe(0);
    expect(toAxis('electric_power', 'W', { low: -50, high: 900 }, []).min).toBeLessThan(0);
  });

  test('holds every value and every threshold, in whole steps, whatever the data', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, fc.array(number, { maxLength: 2 }), (a, b, limits) => {
        const extent = { low: Math.min(a, b), high: Math.max(a, b) };
        const axis = toAxis('air_temperature', 'Cel', extent, limits);
        const slack = axis.step * 1e-6;
        expect(axis.max).toBeGreaterThan(axis.min);
        for (const value of [extent.low, extent.high, ...limits]) {
          expect(value).toBeGreaterThanOrEqual(axis.min - slack);
          expect(value).toBeLessThanOrEqual(axis.max + slack);
        }
      }),
    );
  });
});

test('the extent includes the envelope and is absent without readings', () => {
  expect(toExtent([{ key: 'a', name: 'A', points: [{ ...at(0, 500), min: 430, max: 620 }] }])).toEqual({
    low: 430,
    high: 620,
  });
  expect(toExtent([{ key: 'a', name: 'A', points: [at(0, null)] }])).toBeUndefined();
});

test('a downloaded table quotes names and never lets one run as a formula', () => {
  const csv = toCsv([{ key: 'a', name: '=1+1, "x"', points: [at(0, -1.5)] }], '[ppm]');
  expect(csv).toBe(
    `time,series,mean,min,max,readings,unit\r\n2026-11-22T08:00:00.000Z,"'=1+1, ""x""",-1.5,,,,[ppm]\r\n`,
  );
});

test('the usual interval is the middle of the steps, and a gap does not stretch it', () => {
  const at = (minutes: readonly number[]) => [
    {
      key: 'co2',
      name: 'co2',
      points: minutes.map((minute) => ({
        t: new Date(Date.UTC(2026, 10, 22, 8, minute)).toISOString(),
        mean: 600,
        n: 1,
      })),
    },
  ];
  expect(toUsualIntervalS(at([0, 10, 20, 55, 65]))).toBe(600);
  expect(toUsualIntervalS(at([0]))).toBe(600);
});
