import { describe, expect, test } from 'vitest';
import type { Level } from './answers.ts';
import { measuredInside, withStateOfInside } from './place-state.ts';
import { toDuration, toHouseSentence, toPlaceSentence, toTownSentence } from './sentences.ts';
import { idOf, place, state } from './test-places.ts';
import { loadWords } from './test-words.ts';

const en = await loadWords('en');
const da = await loadWords('da');
const METER = { property: 'heat_power', value: 29_800, unit: 'W', rule: null, trend: null };
const NOW = Date.parse('2026-11-22T12:00:00Z');

function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}

describe('the sentence of a place', () => {
  test('says number, unit, direction, rule and who made it', () => {
    expect(plain(toPlaceSentence(en, state('good'), NOW))).toBe(
      'The ventilation keeps up: 640 ppm CO2, falling. Guide value 1,000 ppm, Arbejdstilsynet.',
    );
    expect(plain(toPlaceSentence(da, state('good'), NOW))).toBe(
      'Ventilationen følger med: 640 ppm CO2, faldende. Vejledende værdi 1.000 ppm, Arbejdstilsynet.',
    );
  });

  test('praises no ventilation in a room where nobody breathes', () => {
    const empty = state('good', { value: 440, trend: 'steady' });
    expect(plain(toPlaceSentence(en, empty, NOW))).toMatch(/^The air is good: 440 ppm CO2/);
    expect(plain(toPlaceSentence(en, state('good', { value: 700, trend: 'rising' }), NOW))).toMatch(
      /^The air is good: /,
    );
  });

  test('doubts the sensor that reads less than there is outdoors', () => {
    const low = state('good', { value: 318, trend: 'steady' });
    expect(plain(toPlaceSentence(en, low, NOW))).toMatch(
      /^The sensor seems to read too low, outdoor air has about 425 ppm: 320 ppm CO2/,
    );
  });

  test('asks for air when the guide value is passed', () => {
    const attention = state('attention', { value: 1236, trend: 'rising' });
    expect(plain(toPlaceSentence(en, attention, NOW))).toMatch(
      /^The room needs air: 1,240 ppm CO2, rising\./,
    );
  });

  test('says too cold below the limit and too warm above it', () => {
    const temperature = { property: 'air_temperature', unit: 'Cel', trend: null };
    const rule = { key: 'unknown', limit: 20 };
    expect(plain(toPlaceSentence(en, state('attention', { ...temperature, value: 17.2, rule }), NOW))).toBe(
      'It is too cold: 17.2 °C. Guide value 20.0 °C.',
    );
    expect(toPlaceSentence(en, state('poor', { ...temperature, value: 29, rule }), NOW)).toMatch(
      /^It is too warm/,
    );
  });

  test('only tells the value when there is no rule to judge it by', () => {
    const weather = { property: 'air_temperature', unit: 'Cel', value: 4.2, rule: null, trend: null };
    expect(plain(toPlaceSentence(en, state('none', weather), NOW))).toBe(
      'Air temperature right now: 4.2 °C.',
    );
  });

  test('says silence as silence, and since when', () => {
    const silent = state('none', null, { lastHeard: '2026-11-22T09:00:00Z', silent: 1 });
    expect(toPlaceSentence(en, silent, NOW)).toBe('No reading right now. Last heard 3 hours ago.');
    expect(toPlaceSentence(en, state('none', null, { lastHeard: null, devices: 0 }), NOW)).toBe(
      'There is no sensor here yet.',
    );
  });

  test('never shows an old number as the present state', () => {
    const old = state('none', { stale: true }, { lastHeard: '2026-11-22T09:00:00Z' });
    expect(toPlaceSentence(en, old, NOW)).toBe('No reading right now. Last heard 3 hours ago.');
  });

  test('names CO2 once where no rule judges it', () => {
    expect(plain(toPlaceSentence(en, state('none', { rule: null, trend: null }), NOW))).toBe(
      'CO2 right now: 640 ppm.',
    );
  });

  test('mentions sensors that are silent beside those that speak', () => {
    expect(toPlaceSentence(en, state('good', {}, { devices: 3, silent: 1 }), NOW)).toMatch(
      /1 of 3 sensors is silent\.$/,
    );
  });
});

describe('the sentence of a house', () => {
  const all = [
    place('school', 'site', 'none'),
    place('1', 'room', 'good', ['school']),
    { ...place('2', 'room', 'poor', ['school']), state: state('poor', { value: 2104 }) },
    place('hall', 'building', 'none'),
    { ...place('cellar', 'room', 'none', ['hall']), state: state('none', METER) },
  ];
  const tell = (name: string) => {
    const told = withStateOfInside(all.find((one) => one.name === name) ?? place(name, 'site', 'none'), all);
    return plain(toHouseSentence(en, told, measuredInside({ id: idOf(name) }, all), NOW));
  };

  test('counts its rooms and names the worst', () => {
    expect(tell('school')).toBe('2 rooms: 1 good, 1 poor. Worst right now: 2, 2,100 ppm CO2.');
  });

  test('says what its only measured room says, by name', () => {
    expect(tell('hall')).toBe('cellar: Heat power right now: 29.8 kW.');
  });
});

describe('the sentence of a town', () => {
  const rooms = (level: Level, count: number) =>
    Array.from({ length: count }, (_, index) => place(`${level}${index}`, 'room', level, ['school']));

  test('counts the rooms by state and leaves out what is zero', () => {
    const places = [
      ...rooms('good', 9),
      ...rooms('attention', 2),
      ...rooms('none', 1),
      place('school', 'site', 'none'),
    ];
    expect(toTownSentence(en, places)).toBe('12 rooms: 9 good, 2 need air, 1 no data.');
    expect(toTownSentence(en, rooms('attention', 1))).toBe('1 room: 1 needs air.');
  });

  test('speaks of places when not all of them are rooms', () => {
    expect(toTownSentence(en, [...rooms('good', 1), place('road', 'point', 'good')])).toBe(
      '2 places: 2 good.',
    );
  });
});

test('durations are told in the largest sensible unit', () => {
  expect(toDuration(en.places, 1)).toBe('1 minute');
  expect(toDuration(en.places, 130)).toBe('2 hours and 10 minutes');
  expect(toDuration(en.places, 60)).toBe('1 hour');
  expect(toDuration(da.places, 60 * 72)).toBe('3 døgn');
});
