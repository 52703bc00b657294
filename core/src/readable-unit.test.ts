import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toReadable } from './readable-unit.ts';
import { UNITS } from './units.ts';

const show = (value: number, unit: string, like?: number) => {
  const { value: shown, symbol, decimals } = toReadable(value, unit, like);
  return `${decimals === undefined ? shown : shown.toFixed(decimals)} ${symbol}`;
};

describe('a large value', () => {
  it.each([
    [999, 'W', '999 W'],
    [1236, 'W', '1.24 kW'],
    [29_800, 'W', '29.8 kW'],
    [123_456, 'W', '123 kW'],
    [-123_456, 'W', '-123 kW'],
    [1_234_567, 'W', '1.23 MW'],
    [850, 'W.h', '850 Wh'],
    [1500, 'W.h', '1.500 kWh'],
    [9876.5, 'kW.h', '9876.5 kWh'],
    [54_368.6, 'kWh', '54.37 MWh'],
    [1_234_567, 'kW.h', '1235 MWh'],
    [0.4, 'kW', '0.4 kW'],
    [123_456, 'lx', '123456 lx'],
    [5, 'no unit', '5 no unit'],
  ])('of %s %s is read as %s', (value, unit, text) => {
    expect(show(value, unit)).toBe(text);
  });

  it('shares the unit of the largest in its chart', () => {
    expect(show(400, 'W', 29_800)).toBe('0.4 kW');
    expect(show(0, 'W', 1_500_000)).toBe('0.00 MW');
  });

  it('keeps its worth, its sign and its order, whatever its unit', () => {
    const worth: Readonly<Record<string, number>> = {
      W: 1,
      kW: 1e3,
      MW: 1e6,
      GW: 1e9,
      Wh: 1,
      kWh: 1e3,
      MWh: 1e6,
      GWh: 1e9,
    };
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom('W', 'kW', 'W.h', 'kW.h', 'MW.h') as fc.Arbitrary<keyof typeof UNITS>,
        value,
        (unit, given) => {
          const { value: shown, symbol } = toReadable(given, unit);
          const back = shown * (worth[symbol] ?? 0);
          const own = given * (worth[UNITS[unit].symbol] ?? 0);
          expect(Math.abs(back - own)).toBeLessThanOrEqual(1e-9 * Math.abs(own));
          expect(Math.abs(shown)).toBeLessThanOrEqual(Math.abs(given));
        },
      ),
    );
  });
});
