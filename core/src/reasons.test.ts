import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REASONS, type ReasonKey, readReasons, sayReason } from './reasons.ts';

const KEYS = Object.keys(REASONS) as ReasonKey[];
const SAMPLES: Readonly<Record<string, string>> = {
  n: '20',
  m: '7',
  low: '-90',
  high: '90.5',
  name: 'place_reference',
  unit: 'Cel',
  wanted_unit: '[ppm]',
  moment: '2026-03-29T02:30',
  list: 'battery, mains',
  where: 'broker.example.org:8883',
  field: 'deviceInfo.devEui',
  words: 'v3/+/devices/+/up',
  other: 'LORIOT',
  wanted: REASONS.want_data_rate,
  raw: '"off"',
  pointer: '/history/0/co2',
  why: REASONS.mqtt_busy,
};
/** Sentences that end where the next one may begin. */
const isSentence = (key: ReasonKey) => REASONS[key].endsWith('.');

function sample(key: ReasonKey): { readonly said: string; readonly values: Record<string, string> } {
  const names = [...REASONS[key].matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '');
  const values = Object.fromEntries(names.map((name) => [name, SAMPLES[name] ?? '']));
  return { said: (sayReason as (key: ReasonKey, values: object) => string)(key, values), values };
}

describe('a reason', () => {
  test.each(KEYS)('%s is said without a gap and read back with what it names', (key) => {
    const { said, values } = sample(key);
    expect(said).not.toMatch(/\{\{|\}\}/);
    expect(readReasons(said)).toEqual([{ key, values }]);
  });

  test('is read out of any row of reasons', () => {
    const closed = fc.constantFrom(...KEYS.filter(isSentence));
    fc.assert(
      fc.property(fc.array(closed, { minLength: 1, maxLength: 6 }), (keys) => {
        const said = keys.map((key) => sample(key).said).join(' ');
        expect(readReasons(said)).toEqual(keys.map((key) => ({ key, values: sample(key).values })));
      }),
    );
  });

  test('is read of each field that is no reading', () => {
    expect(
      readReasons('/a: true is not a number; /b/0: its own time is missing, too old or in the future'),
    ).toEqual([
      {
        key: 'map_field',
        values: {
          pointer: '/a',
          why: 'true is not a number; /b/0: its own time is missing, too old or in the future',
        },
      },
    ]);
  });

  test('that is not in the table is left as it is, with all that follows', () => {
    expect(readReasons('Unknown frame type 9. The broker is busy.')).toEqual([
      { text: 'Unknown frame type 9. The broker is busy.' },
    ]);
    expect(readReasons('The broker is busy. Please hold the line.')).toEqual([
      { key: 'mqtt_busy', values: {} },
      { text: 'Please hold the line.' },
    ]);
  });

  test('never loses or invents a word of any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parts = readReasons(text);
        const told = parts.map((part) => ('text' in part ? part.text : '')).join('');
        if (parts.every((part) => 'text' in part)) expect(told).toBe(text.trim());
      }),
    );
  });
});
