import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { convert, isUnitCode, parseUnitCode, UNITS, type UnitCode } from './units.ts';

const CODES = Object.keys(UNITS) as UnitCode[];
const unit = fc.constantFrom(...CODES);
const sameDimension = fc.tuple(unit, unit).filter(([a, b]) => UNITS[a].dimension === UNITS[b].dimension);

describe('conversion', () => {
  it('comes back to the value, to nine digits', () => {
    fc.assert(
      fc.property(sameDimension, fc.double({ min: -1e6, max: 1e6, noNaN: true }), ([a, b], value) => {
        const back = convert(convert(value, a, b), b, a);
        expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-9 * Math.max(1000, Math.abs(value)));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps the order of two values', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(sameDimension, value, value, ([a, b], x, y) => {
        expect(convert(Math.min(x, y), a, b)).toBeLessThanOrEqual(convert(Math.max(x, y), a, b));
      }),
    );
  });

  it('leaves a value of the same unit as it is, to the bit', () => {
    fc.assert(
      fc.property(unit, fc.double(), (a, value) => {
        expect(convert(value, a, a)).toBe(value);
      }),
    );
  });

  it('by way of a third unit gives the same', () => {
    const three = fc
      .tuple(unit, unit, unit)
      .filter(
        ([a, b, c]) => UNITS[a].dimension === UNITS[b].dimension && UNITS[b].dimension === UNITS[c].dimension,
      );
    fc.assert(
      fc.property(three, fc.double({ min: 1, max: 1e4, noNaN: true }), ([a, b, c], value) => {
        const straight = convert(value, a, c);
        expect(convert(convert(value, a, b), b, c) / straight).toBeCloseTo(1, 6);
      }),
    );
  });

  it('between dimensions is refused, naming both', () => {
    const different = fc.tuple(unit, unit).filter(([a, b]) => UNITS[a].dimension !== UNITS[b].dimension);
    fc.assert(
      fc.property(different, ([a, b]) => {
        expect(() => convert(1, a, b)).toThrow(AppError);
      }),
    );
    expect(() => convert(1, 'V', '%')).toThrow('V (voltage) does not convert to % (ratio).');
  });

  it.each([
    [3616, 'mV', 'V', 3.616],
    [0, 'Cel', 'K', 273.15],
    [-40, '[degF]', 'Cel', -40],
    [212, '[degF]', 'Cel', 100],
    [1, 'GJ', 'kW.h', 277.777777778],
    [1, 'MW.h', 'kW.h', 1000],
    [36, 'km/h', 'm/s', 10],
    [101_325, 'Pa', 'hPa', 1013.25],
    [101.325, 'kPa', 'hPa', 1013.25],
    [0.25, 'm3/m3', '%', 25],
    [1, 'dS/m', 'uS/cm', 1000],
    [2, 'm', 'mm', 2000],
    [1, '[g]', 'm/s2', 9.80665],
    [1500, 'L/h', 'm3/h', 1.5],
    [500, '[ppb]', '[ppm]', 0.5],
  ] as const)('gives %d %s as %s: %d', (value, from, to, wanted) => {
    expect(convert(value, from, to)).toBe(wanted);
  });
});

describe('the table', () => {
  it('has a base unit with factor 1 in every dimension', () => {
    for (const dimension of new Set(CODES.map((code) => UNITS[code].dimension))) {
      expect(
        CODES.some((code) => UNITS[code].dimension === dimension && UNITS[code].factor === 1),
        dimension,
      ).toBe(true);
    }
  });

  it('uses the code of UCUM for standard acceleration: g alone is the gram', () => {
    expect(isUnitCode('[g]')).toBe(true);
    expect(isUnitCode('g')).toBe(false);
  });

  it.each(['ppm', '°C', 'cel', 'KWH', '', 'toString', '__proto__', null, 3])(
    'does not know %j and says so',
    (code) => {
      expect(() => parseUnitCode(code)).toThrow(AppError);
    },
  );
});
