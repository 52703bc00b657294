import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSlopePerMinute, toTrend } from './trend.ts';

const minutes = (values: readonly number[]) => values.map((value, i) => ({ timeMs: i * 60_000, value }));

describe('toTrend', () => {
  test('says nothing about fewer than three moments', () => {
    expect(toTrend([])).toBeUndefined();
    expect(toTrend(minutes([500, 900]))).toBeUndefined();
    expect(toTrend([500, 600, 700].map((value) => ({ timeMs: 0, value })))).toBeUndefined();
  });

  test('sees a lesson fill a room and a window empty it', () => {
    expect(toTrend(minutes([450, 500, 548, 601, 650]))).toBe('rising');
    expect(toTrend(minutes([1500, 1380, 1260, 1150]))).toBe('falling');
    expect(toTrend(minutes([702, 698, 705, 700, 701]))).toBe('steady');
  });

  test('is not turned by one wrong reading', () => {
    expect(toTrend(minutes([450, 500, 9999, 601, 650, 700]))).toBe('rising');
    expect(toTrend(minutes([450, 500, 550, 600, 650, 0]))).toBe('rising');
  });

  test('takes the points in any order', () => {
    const points = minutes([450, 500, 548, 601, 650]);
    fc.assert(
      fc.property(fc.shuffledSubarray(points, { minLength: points.length }), (shuffled) => {
        expect(toSlopePerMinute(shuffled)).toBe(toSlopePerMinute(points));
      }),
    );
  });

  test('finds the slope of a straight line whatever its start', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 400, max: 2000 }),
        fc.integer({ min: 3, max: 20 }),
        (slope, start, count) => {
          const line = minutes(Array.from({ length: count }, (_, i) => start + slope * i));
          expect(toSlopePerMinute(line)).toBeCloseTo(slope, 9);
        },
      ),
    );
  });
});
