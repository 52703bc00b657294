import { toLocalDay } from '@torv/core/time';
import { describe, expect, test } from 'vitest';
import { formatMoment } from '../i18n/format.ts';
import { toTicks } from './ticks.ts';

const ZONE = 'Europe/Copenhagen';
const local = (ms: number) => formatMoment('en-GB', ms, ZONE, 'time');

function day(date: string, most = 8) {
  const { start, end } = toLocalDay(date, ZONE);
  return toTicks(Date.parse(start), Date.parse(end), ZONE, most);
}

describe('the marks of the time axis', () => {
  test('of a day stand at whole local hours', () => {
    const expected = ['00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00', '00:00'];
    expect(day('2026-11-22').atMs.map(local)).toEqual(expected);
  });

  test('stay at whole local hours on the days of 23 and 25 hours', () => {
    for (const date of ['2026-03-29', '2026-10-25']) {
      expect(
        day(date, 10)
          .atMs.map(local)
          .every((time) => time.endsWith(':00')),
      ).toBe(true);
    }
  });

  test('of a week begin with its first day, also where there is room for few', () => {
    const { start } = toLocalDay('2026-11-16', ZONE);
    const { end } = toLocalDay('2026-11-22', ZONE);
    const ticks = toTicks(Date.parse(start), Date.parse(end), ZONE, 4);
    expect(ticks.atMs.map((ms) => formatMoment('en-GB', ms, ZONE, 'date').slice(0, 2))).toEqual([
      '16',
      '18',
      '20',
      '22',
    ]);
  });

  test('of weeks and years stand at local midnights, never more than asked for and one', () => {
    for (const days of [7, 30, 365]) {
      const to = Date.parse(toLocalDay('2026-11-22', ZONE).end);
      const ticks = toTicks(to - days * 86_400_000, to, ZONE, 8);
      expect(ticks.style).toBe('day');
      expect(ticks.atMs.length).toBeLessThanOrEqual(9);
      expect(new Set(ticks.atMs.map(local))).toEqual(new Set(['00:00']));
    }
  });
});
