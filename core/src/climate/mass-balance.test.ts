import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  OUTDOOR_CO2_PPM,
  type RoomAir,
  stepCo2,
  toEmission,
  toMinutesUntil,
  toSteadyCo2,
} from './mass-balance.ts';

const air = fc.record({
  volumeM3: fc.double({ min: 30, max: 600, noNaN: true }),
  airChangesPerHour: fc.double({ min: 0.05, max: 12, noNaN: true }),
  emissionLitresPerHour: fc.double({ min: 0, max: 900, noNaN: true }),
  outdoorPpm: fc.double({ min: 390, max: 520, noNaN: true }),
});
const start = fc.double({ min: 520, max: 5000, noNaN: true });

function room(volumeM3: number, airChangesPerHour: number, pupils: number, adults: number): RoomAir {
  return {
    volumeM3,
    airChangesPerHour,
    emissionLitresPerHour: toEmission(pupils, adults),
    outdoorPpm: OUTDOOR_CO2_PPM,
  };
}

describe('a classroom passes 1,000 ppm from 450', () => {
  // The published figures behind "the CO2 explodes ten minutes into the lesson".
  test.each([
    [174, 0.3, 28, 1, 11],
    [180, 0.3, 26, 0, 13],
    [180, 2, 26, 0, 17],
    [180, 4, 26, 0, 33],
  ])(
    '%d m3 at %d air changes an hour with %d pupils and %d adult after %d minutes',
    (m3, ach, pupils, adults, minutes) => {
      const found = toMinutesUntil(1000, 450, room(m3, ach, pupils, adults));
      expect(Math.round(found ?? 0)).toBe(minutes);
    },
  );
});

describe('stepCo2', () => {
  test('empties 2,500 ppm to 450 in about 15 hours at 0.3 air changes an hour', () => {
    const empty = room(200, 0.3, 0, 0);
    expect(stepCo2(2500, empty, 14 * 60)).toBeGreaterThan(450);
    expect(stepCo2(2500, empty, 15 * 60)).toBeLessThan(450);
  });

  test('is the same in one step as in two', () => {
    fc.assert(
      fc.property(
        air,
        start,
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.double({ min: 0, max: 300, noNaN: true }),
        (a, ppm, x, y) => {
          expect(stepCo2(stepCo2(ppm, a, x), a, y)).toBeCloseTo(stepCo2(ppm, a, x + y), 5);
        },
      ),
    );
  });

  test('moves towards the steady state and never past it', () => {
    fc.assert(
      fc.property(air, start, fc.double({ min: 1, max: 600, noNaN: true }), (a, ppm, minutes) => {
        const steady = toSteadyCo2(a);
        const next = stepCo2(ppm, a, minutes);
        expect(Math.abs(next - steady)).toBeLessThanOrEqual(Math.abs(ppm - steady) + 1e-9);
        expect(next).toBeGreaterThanOrEqual(Math.min(ppm, steady) - 1e-9);
        expect(next).toBeLessThanOrEqual(Math.max(ppm, steady) + 1e-9);
      }),
    );
  });

  test('never falls below outdoor air', () => {
    fc.assert(
      fc.property(air, start, fc.double({ min: 0, max: 10_000, noNaN: true }), (a, ppm, minutes) => {
        expect(stepCo2(ppm, a, minutes)).toBeGreaterThanOrEqual(a.outdoorPpm - 1e-9);
      }),
    );
  });

  test('rises in a straight line where no air is changed', () => {
    const sealed = { ...room(180, 0, 26, 0) };
    expect(stepCo2(450, sealed, 30) - 450).toBeCloseTo(2 * (stepCo2(450, sealed, 15) - 450), 9);
  });
});

describe('toMinutesUntil', () => {
  test('is the moment at which stepCo2 stands at the target', () => {
    fc.assert(
      fc.property(air, start, fc.double({ min: 600, max: 3000, noNaN: true }), (a, ppm, target) => {
        const minutes = toMinutesUntil(target, ppm, a);
        if (minutes === undefined) expect(toSteadyCo2(a)).toBeLessThanOrEqual(target);
        else if (minutes > 0 && minutes < 1000) expect(stepCo2(ppm, a, minutes)).toBeCloseTo(target, 3);
      }),
    );
  });
});
