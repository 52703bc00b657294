import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { type FieldMapping, parseFieldMappings, toMeasurements } from './mapping.ts';
import { PROPERTIES, PROPERTY_KEYS, QUALITY } from './properties.ts';

const NOW = '2026-01-15T10:00:00.123456Z';
const NOW_S = Date.parse('2026-01-15T10:00:00Z') / 1000;
const temperature: FieldMapping = { field: '/t', property: 'air_temperature', unit: 'Cel' };

function values(data: unknown, ...rows: FieldMapping[]) {
  return toMeasurements(data, rows, NOW).measurements.map((m) => m.value);
}

function faults(data: unknown, ...rows: FieldMapping[]) {
  return toMeasurements(data, rows, NOW).faults;
}

describe('a field', () => {
  it('becomes a measurement in the property’s own unit, at the network’s time to the microsecond', () => {
    const row: FieldMapping = { field: '/vdd', property: 'battery_voltage', unit: 'mV', channel: 2 };
    expect(toMeasurements({ vdd: 3616 }, [row], NOW)).toEqual({
      measurements: [
        { property: 'battery_voltage', channel: 2, value: 3.616, phenomenonTime: NOW, quality: 0 },
      ],
      faults: [],
    });
  });

  it('without a mapping yields nothing, and a mapping without its field is no fault', () => {
    expect(toMeasurements({ battery: 3.6 }, [temperature], NOW)).toEqual({ measurements: [], faults: [] });
    expect(toMeasurements(null, [temperature], NOW)).toEqual({ measurements: [], faults: [] });
    expect(toMeasurements({ t: null }, [temperature], NOW)).toEqual({ measurements: [], faults: [] });
  });

  it('is found by its pointer, escapes and places in lists included', () => {
    expect(values({ 'a/b': { '~c': [1, 2] } }, { ...temperature, field: '/a~1b/~0c/1' })).toEqual([2]);
  });

  it('that every object has is not a field', () => {
    expect(
      values({}, { ...temperature, field: '/constructor/name' }, { ...temperature, field: '/__proto__' }),
    ).toEqual([]);
  });

  it('outside the plausible range is kept and flagged', () => {
    const [m] = toMeasurements({ t: 327.67 }, [temperature], NOW).measurements;
    expect(m).toMatchObject({ value: 327.67, quality: QUALITY.implausible });
  });

  it.each([[-32768], ['NoSensor'], ['327.67'], [327.67]])(
    'that says "no sensor" with %j yields nothing',
    (mark) => {
      const row: FieldMapping = { ...temperature, absent: [-32768, 'NoSensor', 327.67] };
      expect(toMeasurements({ t: mark }, [row], NOW)).toEqual({ measurements: [], faults: [] });
    },
  );

  it('may be a number written as text, but no text beside it', () => {
    expect(values({ t: '21.5' }, temperature)).toEqual([21.5]);
    for (const text of ['21.5 °C', '', ' ', 'ok', '1e999', 'NaN']) {
      expect(values({ t: text }, temperature)).toEqual([]);
      expect(faults({ t: text }, temperature)).toMatchObject([{ field: '/t' }]);
    }
  });

  it('that is a list, an object or true is no temperature', () => {
    for (const odd of [[21], { value: 21 }, true]) {
      expect(values({ t: odd }, temperature)).toEqual([]);
      expect(faults({ t: odd }, temperature)).toHaveLength(1);
    }
  });

  it('of a state takes true, false, 0, 1 and the model’s own words, and nothing else', () => {
    const door: FieldMapping = {
      field: '/d',
      property: 'door_open',
      unit: '1',
      words: { open: true, closed: false },
    };
    expect([true, 0, '1', 'open', 'closed'].flatMap((d) => values({ d }, door))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(faults({ d: 2 }, door)).toEqual([{ field: '/d', reason: '2 is neither 0 nor 1' }]);
    expect(faults({ d: 'ajar' }, door)).toHaveLength(1);
  });

  it('is multiplied by the factor before its unit is converted; a word is not multiplied', () => {
    const row: FieldMapping = {
      field: '/w',
      property: 'electric_power',
      unit: 'kW',
      factor: 0.1,
      words: { off: 0, idle: 0.5 },
    };
    expect(values({ w: 15 }, row)).toEqual([1500]);
    expect(values({ w: 'idle' }, row)).toEqual([500]);
    expect(values({ w: 'off' }, row)).toEqual([0]);
  });

  it('that counts takes true as one', () => {
    expect(values({ m: true }, { field: '/m', property: 'motion', unit: '{#}' })).toEqual([1]);
  });
});

describe('a list', () => {
  const history: FieldMapping = {
    field: '/history/*/t',
    property: 'air_temperature',
    unit: 'Cel',
    time: { field: './time', form: 'unix-s' },
  };

  it('yields one measurement for each element, at the element’s own time', () => {
    const data = {
      history: [
        { t: 20, time: NOW_S - 600 },
        { t: 21, time: NOW_S - 300 },
      ],
    };
    expect(toMeasurements(data, [history], NOW).measurements).toMatchObject([
      { value: 20, phenomenonTime: '2026-01-15T09:50:00.000Z', quality: 0 },
      { value: 21, phenomenonTime: '2026-01-15T09:55:00.000Z', quality: 0 },
    ]);
  });

  it.each([[0], [NOW_S - 40 * 86_400], [NOW_S + 3600], ['yesterday'], [null], [undefined]])(
    'with the unusable time %j gives a fault: an old value is not one of now',
    (time) => {
      const result = toMeasurements({ history: [{ t: 20, time }] }, [history], NOW);
      expect(result.measurements).toEqual([]);
      expect(result.faults).toMatchObject([{ field: '/history/0/t' }]);
    },
  );

  it('inside a list is walked too, with the innermost element as the place of the time', () => {
    const row: FieldMapping = {
      ...history,
      field: '/days/*/hours/*/t',
      time: { field: './ago', form: 'seconds-ago' },
    };
    const data = {
      days: [
        {
          ago: 1,
          hours: [
            { t: 1, ago: 60 },
            { t: 2, ago: 120 },
          ],
        },
        { hours: [{ t: 3, ago: 180 }] },
      ],
    };
    expect(toMeasurements(data, [row], NOW).measurements.map((m) => m.phenomenonTime)).toEqual([
      '2026-01-15T09:59:00.123Z',
      '2026-01-15T09:58:00.123Z',
      '2026-01-15T09:57:00.123Z',
    ]);
  });

  it('may number its own channels; a channel that is none is not guessed', () => {
    const row: FieldMapping = {
      field: '/t/*/value',
      property: 'air_temperature',
      unit: 'Cel',
      channelField: './channel',
    };
    const data = { t: [{ channel: 3, value: 20 }, { channel: 300, value: 21 }, { value: 22 }] };
    const result = toMeasurements(data, [row], NOW);
    expect(result.measurements).toMatchObject([{ channel: 3, value: 20 }]);
    expect(result.faults.map((f) => f.field)).toEqual(['/t/1/value', '/t/2/value']);
  });
});

describe('the device’s own time', () => {
  const clocked = (form: 'unix-s' | 'unix-ms' | 'rfc3339' | 'seconds-ago'): FieldMapping => ({
    ...temperature,
    time: { field: '/at', form },
  });
  const at = (form: Parameters<typeof clocked>[0], time: unknown) =>
    toMeasurements({ t: 20, at: time }, [clocked(form)], NOW).measurements[0];

  it('is read in each of its forms', () => {
    expect(at('unix-s', NOW_S - 60)?.phenomenonTime).toBe('2026-01-15T09:59:00.000Z');
    expect(at('unix-s', String(NOW_S - 60))?.phenomenonTime).toBe('2026-01-15T09:59:00.000Z');
    expect(at('unix-ms', NOW_S * 1000 - 500)?.phenomenonTime).toBe('2026-01-15T09:59:59.500Z');
    expect(at('rfc3339', '2026-01-15T10:59:00+01:00')?.phenomenonTime).toBe('2026-01-15T09:59:00.000Z');
    expect(at('seconds-ago', 60)?.phenomenonTime).toBe('2026-01-15T09:59:00.123Z');
  });

  it('outside its window gives way to the network’s, and says so', () => {
    for (const time of [0, NOW_S - 32 * 86_400, NOW_S + 601, '', 'x', null, undefined, {}]) {
      expect(at('unix-s', time), String(time)).toMatchObject({
        phenomenonTime: NOW,
        quality: QUALITY.clockReplaced,
      });
    }
    expect(at('unix-s', NOW_S - 30 * 86_400)?.quality).toBe(0);
    expect(at('unix-s', NOW_S + 599)?.quality).toBe(0);
  });

  it('without an offset is not read: it would depend on where the program runs', () => {
    expect(at('rfc3339', '2026-01-15T09:59:00')).toMatchObject({
      phenomenonTime: NOW,
      quality: QUALITY.clockReplaced,
    });
    expect(at('rfc3339', '2026')).toMatchObject({ quality: QUALITY.clockReplaced });
  });
});

describe('whatever a codec gives back', () => {
  it('never throws, and gives only finite numbers or states', () => {
    const rows = PROPERTY_KEYS.map(
      (property): FieldMapping => ({ field: '/a', property, unit: PROPERTIES[property].unit }),
    );
    const many: FieldMapping = {
      ...temperature,
      field: '/a/*/b',
      time: { field: './c', form: 'rfc3339' },
      channelField: './d',
    };
    const shape = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('any')),
        fc.array(tie('any')),
      ),
    })).any;
    fc.assert(
      fc.property(fc.record({ a: shape }), (data) => {
        const { measurements } = toMeasurements(data, [...rows, many], NOW);
        for (const m of measurements) {
          expect(typeof m.value === 'boolean' || Number.isFinite(m.value)).toBe(true);
          expect(typeof m.value === 'boolean').toBe(PROPERTIES[m.property].type === 'boolean');
          expect(Number.isNaN(Date.parse(m.phenomenonTime))).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a mapping from outside', () => {
  const good = { field: '/t', property: 'air_temperature', unit: 'Cel' };

  it('keeps what is known and drops the rest', () => {
    const full = {
      field: '/h/*/t',
      property: 'air_temperature',
      unit: 'K',
      factor: 0.1,
      absent: [0, 'x'],
      words: { low: 1 },
      channelField: './n',
      time: { field: './time', form: 'unix-s' },
    };
    expect(
      parseFieldMappings([
        { ...full, note: 'x' },
        { ...good, channel: 255 },
      ]),
    ).toEqual([full, { ...good, channel: 255 }]);
  });

  it.each([
    ['/mapping', 'x'],
    ['/mapping/0', [null]],
    ['/mapping/0', [[]]],
    ['/mapping/0/field', [{ ...good, field: 't' }]],
    ['/mapping/0/field', [{ ...good, field: '' }]],
    ['/mapping/0/field', [{ ...good, field: '/a~2' }]],
    ['/mapping/1/property', [good, { ...good, property: 'toString' }]],
    ['/mapping/0/unit', [{ ...good, unit: '°C' }]],
    ['/mapping/0/unit', [{ ...good, unit: 'V' }]],
    ['/mapping/0/factor', [{ ...good, factor: 0 }]],
    ['/mapping/0/factor', [{ ...good, factor: '2' }]],
    ['/mapping/0/channel', [{ ...good, channel: 256 }]],
    ['/mapping/0/channel', [{ ...good, channel: 1.5 }]],
    ['/mapping/0/channelField', [{ ...good, channel: 1, channelField: './n' }]],
    ['/mapping/0/channelField', [{ ...good, channelField: 'n' }]],
    ['/mapping/0/absent', [{ ...good, absent: 5 }]],
    ['/mapping/0/absent', [{ ...good, absent: [null] }]],
    ['/mapping/0/words', [{ ...good, words: { a: 'b' } }]],
    ['/mapping/0/words', [{ ...good, words: [] }]],
    ['/mapping/0/time/field', [{ ...good, time: { form: 'unix-s' } }]],
    ['/mapping/0/time/form', [{ ...good, time: { field: './t', form: 'unix' } }]],
  ])('that is wrong at %s is refused there', (place, input) => {
    let thrown: unknown;
    try {
      parseFieldMappings(input);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code: 'BAD_CODEC', at: place });
  });

  it('is accepted or refused with BAD_CODEC, and what is accepted can be used on anything', () => {
    const loose = fc.record(
      {
        field: fc.oneof(fc.constantFrom('/a', '/a/*/b', '/'), fc.string()),
        property: fc.oneof(fc.constantFrom(...PROPERTY_KEYS), fc.jsonValue()),
        unit: fc.oneof(fc.constantFrom('Cel', '%', '1', '{#}', 'V'), fc.jsonValue()),
        factor: fc.jsonValue(),
        channel: fc.jsonValue(),
        absent: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        words: fc.oneof(fc.dictionary(fc.string(), fc.oneof(fc.boolean(), fc.double())), fc.jsonValue()),
        time: fc.oneof(
          fc.record({
            field: fc.constantFrom('./t', '/t', 't'),
            form: fc.constantFrom('unix-s', 'rfc3339', 'x'),
          }),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['field', 'property', 'unit'] },
    );
    fc.assert(
      fc.property(fc.array(loose, { maxLength: 2 }), fc.jsonValue(), (rows, data) => {
        try {
          toMeasurements({ a: data, t: data }, parseFieldMappings(rows), NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toMatchObject({ code: 'BAD_CODEC' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
