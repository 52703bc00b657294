import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPropertyKey, PROPERTIES, PROPERTY_KEYS, type Property, QUALITY, toQuality } from './properties.ts';
import { isUnitCode } from './units.ts';

describe.each(PROPERTY_KEYS.map((key) => [key, PROPERTIES[key] as Property] as const))(
  '%s',
  (key, property) => {
    it('has a snake_case key, a unit, a definition and a plausible range', () => {
      expect(key).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(isUnitCode(property.unit)).toBe(true);
      expect(property.definition).toMatch(/^(https?:\/\/[a-z.]+\/[\w/]+|urn:torv:property:[a-z0-9_]+)$/);
      expect(property.plausible[0]).toBeLessThan(property.plausible[1]);
      expect(Number.isInteger(property.decimals) && property.decimals >= 0).toBe(true);
    });

    it('is consistent: a state is 0 or 1 without unit, a count has the unit of counts, a total never begins below 0', () => {
      if (property.type === 'boolean') expect([property.unit, ...property.plausible]).toEqual(['1', 0, 1]);
      if (property.type === 'count') expect([property.unit, property.decimals]).toEqual(['{#}', 0]);
      if (property.total) expect(property.plausible[0]).toBe(0);
    });
  },
);

describe('the table', () => {
  it('names each property once and defines each once', () => {
    const rows: readonly Property[] = PROPERTY_KEYS.map((key) => PROPERTIES[key]);
    expect(new Set(rows.map((p) => p.name)).size).toBe(rows.length);
    expect(new Set(rows.map((p) => p.definition)).size).toBe(rows.length);
  });

  it('gives the battery to the device and the air to the place', () => {
    expect(PROPERTY_KEYS.filter((key) => PROPERTIES[key].subject === 'device')).toEqual([
      'battery_voltage',
      'battery_level',
    ]);
  });

  it('is not fooled by names that every object has', () => {
    for (const name of ['toString', '__proto__', 'constructor', '', 3, null])
      expect(isPropertyKey(name)).toBe(false);
  });
});

describe('quality', () => {
  it('flags exactly the values outside the inclusive range', () => {
    const key = fc.constantFrom(...PROPERTY_KEYS);
    fc.assert(
      fc.property(key, fc.double({ noNaN: true }), (k, value) => {
        const [min, max] = PROPERTIES[k].plausible;
        expect(toQuality(k, value)).toBe(value < min || value > max ? QUALITY.implausible : 0);
      }),
    );
    for (const k of PROPERTY_KEYS)
      for (const bound of PROPERTIES[k].plausible) expect(toQuality(k, bound)).toBe(0);
  });

  it('flags what is not a number, and no state', () => {
    expect(toQuality('co2', Number.NaN)).toBe(QUALITY.implausible);
    expect(toQuality('occupied', true)).toBe(0);
  });

  it('uses a bit of its own for each reason', () => {
    const bits: readonly number[] = Object.values(QUALITY);
    expect(bits.reduce((sum, bit) => sum + bit, 0)).toBe(bits.reduce((all, bit) => all | bit, 0));
  });
});
