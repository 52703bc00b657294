import { describe, expect, test } from 'vitest';
import {
  formatMoment,
  formatNumber,
  formatRelative,
  formatShare,
  formatValue,
  isInstantText,
  sortByName,
} from './format.ts';

const NBSP = '\u00a0';

describe('numbers', () => {
  test('are written as the language does', () => {
    expect(formatNumber('da-DK', 1000.5, 1)).toBe('1.000,5');
    expect(formatNumber('en-GB', 1000.5, 1)).toBe('1,000.5');
    expect(formatNumber('sv-SE', 1000.5, 1)).toBe(`1${NBSP}000,5`);
    expect(formatNumber('nl-NL', 1000.5, 1)).toBe('1.000,5');
  });

  test('never show a minus before a rounded zero', () => {
    expect(formatNumber('en-GB', -0.04, 1)).toBe('0.0');
  });

  test('a share is all only when it is all, and nothing only when it is nothing', () => {
    expect(formatShare('en-GB', 0.9999)).toBe('99%');
    expect(formatShare('en-GB', 1)).toBe('100%');
    expect(formatShare('en-GB', 0.0001)).toBe('1%');
    expect(formatShare('da-DK', 0.94)).toBe(`94${NBSP}%`);
  });
});

describe('values', () => {
  test('of CO2 are told to 10 ppm in words and to 1 ppm in tables', () => {
    expect(formatValue('da-DK', 'co2', 1236, '[ppm]', 'words')).toBe(`1.240${NBSP}ppm`);
    expect(formatValue('da-DK', 'co2', 1236, '[ppm]', 'table')).toBe(`1.236${NBSP}ppm`);
  });

  test('of temperature have one decimal and stay on the line of their unit', () => {
    expect(formatValue('da-DK', 'air_temperature', 21.44, 'Cel')).toBe(`21,4${NBSP}°C`);
  });

  test('of per cent keep the space that the language wants', () => {
    expect(formatValue('en-GB', 'relative_humidity', 38, '%')).toBe('38%');
    expect(formatValue('da-DK', 'relative_humidity', 38, '%')).toBe(`38${NBSP}%`);
  });

  test('without a unit are bare numbers', () => {
    expect(formatValue('en-GB', 'people', 24, '{#}')).toBe('24');
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');

  test('are told relative to the present moment', () => {
    expect(formatRelative('en-GB', '2026-11-22T11:59:30Z', now)).toBe('now');
    expect(formatRelative('en-GB', '2026-11-22T11:59:10Z', now)).toBe('1 minute ago');
    expect(formatRelative('en-GB', '2026-11-22T09:00:00Z', now)).toBe('3 hours ago');
    expect(formatRelative('da-DK', '2026-11-21T12:00:00Z', now)).toBe('i går');
    expect(formatRelative('nl-NL', '2026-11-25T12:00:00Z', now)).toBe('over 3 dagen');
  });

  test('are shown in the time zone of the organisation on both sides of a clock change', () => {
    expect(formatMoment('en-GB', '2026-10-25T00:30:00Z', 'Europe/Copenhagen', 'time')).toBe('02:30');
    expect(formatMoment('en-GB', '2026-10-25T01:30:00Z', 'Europe/Copenhagen', 'time')).toBe('02:30');
    expect(formatMoment('en-GB', '2026-10-25T02:30:00Z', 'Europe/Copenhagen', 'time')).toBe('03:30');
  });
});

test('names sort with their numbers counted and å last in Danish', () => {
  const names = ['Åvej', 'Lokale 10', 'Lokale 9', 'Zoo'].map((name) => ({ name }));
  expect(sortByName('da-DK', names).map((one) => one.name)).toEqual(['Lokale 9', 'Lokale 10', 'Zoo', 'Åvej']);
});

test('a moment that a program wrote is told from a date and from a name', () => {
  expect(
    ['2026-09-26T22:00:00.000000Z', '2026-09-26T22:00:00Z', '2026-09-26T22:00:00.5+00:00'].every(
      isInstantText,
    ),
  ).toBe(true);
  expect(['2026-09-26', 'T22', 'Lokale 2026-09-26T22:00:00Z'].some(isInstantText)).toBe(false);
});

test('what somebody typed is told back with its weekday and its zone, in each language', () => {
  const told = (locale: string) => formatMoment(locale, '2026-11-22T11:15:00Z', 'Europe/Copenhagen', 'exact');
  expect(told('da-DK')).toMatch(/^søndag .*22\. november 2026.* 12\.15 CET$/);
  expect(told('sv-SE')).toMatch(/^söndag 22 november 2026 .*12:15 CET$/);
  expect(told('nl-NL')).toMatch(/^zondag 22 november 2026 .*12:15 CET$/);
  expect(told('en-GB')).toMatch(/^Sunday,? 22 November 2026 .*12:15 CET$/);
});
