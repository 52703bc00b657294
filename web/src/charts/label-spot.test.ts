import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLabelSpot, type Plot } from './label-spot.ts';
import type { ChartSeries } from './series.ts';

const START = Date.parse('2026-11-22T00:00:00Z');
const HOUR = 3_600_000;
const LABEL = 'Guide value 1,000 ppm';
const plot: Plot = {
  widthPx: 600,
  heightPx: 260,
  fromMs: START,
  toMs: START + 24 * HOUR,
  min: 400,
  max: 1800,
};

/** One reading an hour. */
function day(values: readonly (number | null)[]): readonly ChartSeries[] {
  const points = values.map((mean, i) => ({ t: new Date(START + i * HOUR).toISOString(), mean }));
  return [{ key: 'co2', name: 'CO2', points }];
}

const find = (values: readonly (number | null)[], change: Partial<Plot> = {}) =>
  findLabelSpot({ ...plot, ...change }, 1000, LABEL, day(values), 3600);

describe('the words of a guide value', () => {
  test('stand at the start of the line when the day begins low', () => {
    expect(find([430, 430, 430, 430, 430, 430, 430, 900, 1400, 1500])).toBe('insideStartTop');
  });

  test('move to the end when the readings pass the start', () => {
    expect(find([1050, 1060, 1050, 1040, 1030, 1020, 900, 700, 500])).toBe('insideEndTop');
  });

  test('stand below the line when everything is above it', () => {
    expect(find(Array.from({ length: 25 }, (_, i) => 1020 + (i % 2) * 10))).toMatch(/Bottom$/);
  });

  test('leave the drawing when the readings are everywhere', () => {
    expect(find(Array.from({ length: 25 }, (_, i) => (i % 2 === 0 ? 500 : 1600)))).toBeUndefined();
    expect(find(Array.from({ length: 25 }, (_, i) => 990 + (i % 2) * 20))).toBeUndefined();
  });

  test('never stand outside it', () => {
    expect(find([430], { max: 1001 })).toMatch(/Bottom$/);
    expect(find([430], { widthPx: 100 })).toBeUndefined();
  });

  test('never lie on a reading, whatever the readings', () => {
    const value = fc.option(fc.integer({ min: 400, max: 1800 }), { nil: null });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 25 }), (values) => {
        const spot = find(values);
        if (spot === undefined) return;
        const width = (LABEL.length * 7 * 24) / plot.widthPx;
        const left = spot.includes('Start') ? 0 : spot.includes('End') ? 24 - width : 12 - width / 2;
        const [low, high] = spot.endsWith('Top') ? [1000, 1080] : [920, 1000];
        values.forEach((mean, hour) => {
          if (mean === null || hour < left || hour > left + width) return;
          expect(mean < low || mean > high, `${mean} at ${hour}, words at ${spot}`).toBe(true);
        });
      }),
    );
  });
});
