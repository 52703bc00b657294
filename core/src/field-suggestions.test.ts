import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD_DICTIONARY, NO_READING } from './field-dictionary.ts';
import { type FieldSuggestion, toFieldSuggestions, toSnakeCase } from './field-suggestions.ts';
import { parseFieldMappings } from './mapping.ts';
import { PROPERTIES } from './properties.ts';
import { UNITS } from './units.ts';

function suggestion(data: unknown): FieldSuggestion {
  const [only, ...more] = toFieldSuggestions(data);
  if (!only || more.length > 0) throw new Error(`expected one suggestion, met ${more.length + 1}`);
  return only;
}

describe('a name', () => {
  it.each([
    ['TempC_SHT', 'temp_c_sht'],
    ['batteryVoltage', 'battery_voltage'],
    ['PM2.5', 'pm2_5'],
    ['BatV', 'bat_v'],
    ['CO2', 'co2'],
    ['relative humidity', 'relative_humidity'],
    ['LAeq', 'l_aeq'],
    ['pm10', 'pm10'],
    ['_x_', 'x'],
  ])('%s is looked up as %s', (name, wanted) => {
    expect(toSnakeCase(name)).toBe(wanted);
  });
});

describe('suggestions', () => {
  it('name the property, the unit and the reason where a name has one meaning', () => {
    expect(suggestion({ temperature: 21.5 })).toEqual({
      field: '/temperature',
      value: 21.5,
      kind: 'likely',
      candidates: [{ property: 'air_temperature', unit: 'Cel' }],
      reason:
        '`temperature` is mostly air_temperature in Cel: 327.67 and -327.68 mean that no sensor is connected.',
    });
  });

  it('put the battery as a question, whatever its value', () => {
    for (const battery of [3.6, 98, 3600, true]) {
      const { kind, candidates, reason } = suggestion({ battery });
      expect(kind).toBe('choose');
      expect(candidates.length).toBe(3);
      if (typeof battery === 'number')
        expect(reason).toContain('it may be volts, per cent, millivolts or a word: choose.');
    }
    expect(suggestion({ battery: 'ok' }).reason).toContain('is the word "ok" here');
  });

  it('let the number settle the unit, never what is measured', () => {
    expect(suggestion({ pressure: 1013.2 })).toMatchObject({
      kind: 'likely',
      candidates: [{ unit: 'hPa' }, {}, {}],
    });
    expect(suggestion({ pressure: 101_325 })).toMatchObject({
      kind: 'likely',
      candidates: [{ unit: 'Pa' }, {}, {}],
    });
    expect(suggestion({ batV: 3616 })).toMatchObject({ kind: 'likely', candidates: [{ unit: 'mV' }, {}] });
    expect(suggestion({ wind_speed: 5 }).kind).toBe('choose');
    expect(suggestion({ voltage: 230 }).kind).toBe('choose');
  });

  it('say when the value speaks against the name', () => {
    expect(suggestion({ temperature: 327.67 })).toMatchObject({ kind: 'choose' });
    expect(suggestion({ temperature: 327.67 }).reason).toMatch(/^327\.67 is outside/);
  });

  it('trust a unit that the codec gives beside the value', () => {
    expect(
      toFieldSuggestions({ soil_ec: { value: 0.7, unit: 'mS/cm', displayName: 'EC' } })[0],
    ).toMatchObject({
      field: '/soil_ec/value',
      kind: 'likely',
      candidates: [{ property: 'soil_conductivity', unit: 'mS/cm' }],
    });
    expect(suggestion({ temperature: { value: 20, unit: '℃' } })).toMatchObject({ kind: 'likely' });
    expect(suggestion({ battery: { value: 3.6, unit: 'V' } })).toMatchObject({
      kind: 'likely',
      candidates: [{ property: 'battery_voltage', unit: 'V' }],
    });
  });

  it('leave settings and identities alone, and say what is not known', () => {
    const kinds = toFieldSuggestions({ device_id: 7, hardwareVersion: '1.0', frobnication: 3 }).map(
      (s) => s.kind,
    );
    expect(kinds).toEqual(['not-a-reading', 'not-a-reading', 'unknown']);
  });

  it('give a list one suggestion with a pointer for all its elements', () => {
    const data = {
      history: [
        { co2: 600, time: 1 },
        { co2: 650, time: 2 },
      ],
      temperatures: [20, 21],
    };
    expect(toFieldSuggestions(data).map((s) => [s.field, s.kind])).toEqual([
      ['/history/*/co2', 'likely'],
      ['/history/*/time', 'choose'],
      ['/temperatures/*', 'unknown'],
    ]);
  });

  it('read a numbered name as its kind', () => {
    expect(suggestion({ humidity_2: 40 })).toMatchObject({ candidates: [{ property: 'relative_humidity' }] });
  });

  it('never throw, end, and make mappings that are accepted', () => {
    const name = fc.constantFrom(
      ...FIELD_DICTIONARY.flatMap((row) => row.names),
      'a/b',
      '~',
      '*',
      'unit',
      'value',
    );
    const data = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.dictionary(name, tie('any')), fc.array(tie('any'))),
    })).any;
    fc.assert(
      fc.property(data, (decoded) => {
        const suggestions = toFieldSuggestions(decoded);
        expect(new Set(suggestions.map((s) => s.field)).size).toBe(suggestions.length);
        for (const s of suggestions) {
          expect(s.reason).toMatch(/\.$/);
          if (s.kind === 'likely')
            expect(
              parseFieldMappings(s.candidates.slice(0, 1).map((c) => ({ field: s.field, ...c }))),
            ).toHaveLength(1);
        }
      }),
      { numRuns: 150 },
    );
    const endless: Record<string, unknown> = {};
    endless.again = endless;
    expect(toFieldSuggestions(endless)).toEqual([]);
  });
});

describe('the dictionary', () => {
  it('has each name once, in the form it is looked up by, with units that convert', () => {
    const names = [...FIELD_DICTIONARY.flatMap((row) => row.names), ...NO_READING];
    expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
    for (const n of names) expect(toSnakeCase(n)).toBe(n);
    for (const c of FIELD_DICTIONARY.flatMap((row) => row.candidates)) {
      expect(UNITS[c.unit].dimension).toBe(UNITS[PROPERTIES[c.property].unit].dimension);
      expect(c.range[0]).toBeLessThan(c.range[1]);
    }
  });

  it('gives a reason wherever it leaves the choice', () => {
    for (const row of FIELD_DICTIONARY)
      if (row.candidates.length === 0) expect(row.guard, row.names[0]).toBeDefined();
  });

  it('has about sixty rows', () => {
    expect(FIELD_DICTIONARY.length).toBeGreaterThanOrEqual(50);
  });
});
