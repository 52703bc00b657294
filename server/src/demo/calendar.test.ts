import { describe, expect, test } from 'vitest';
import {
  createCalendar,
  toCalendarDay,
  toDate,
  toDayNumber,
  toEaster,
  toWallMinute,
  toWeek,
} from './calendar.ts';

const ZONE = 'Europe/Copenhagen';
const isSchoolDay = (date: string) => toCalendarDay(date, ZONE).schoolDay;

describe('the calendar', () => {
  test.each([
    [2024, '2024-03-31'],
    [2025, '2025-04-20'],
    [2026, '2026-04-05'],
    [2027, '2027-03-28'],
    [2038, '2038-04-25'],
  ])('finds Easter of %d on %s', (year, date) => {
    expect(toDate(toEaster(year))).toBe(date);
  });

  test('numbers weeks as ISO 8601 does, over the turn of a year', () => {
    expect(
      ['2026-10-12', '2027-01-03', '2027-01-04', '2024-12-30'].map((d) => toWeek(toDayNumber(d))),
    ).toEqual([42, 53, 1, 1]);
  });

  test('teaches on ordinary weekdays and not in week 42, at weekends, at Christmas or in July', () => {
    expect(['2026-11-16', '2026-10-09', '2026-08-10', '2027-01-04'].map(isSchoolDay)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    for (const date of [
      '2026-10-14',
      '2026-11-21',
      '2026-12-23',
      '2027-01-01',
      '2026-07-15',
      '2026-05-14',
      '2026-05-15',
    ]) {
      expect(`${date} ${isSchoolDay(date)}`).toBe(`${date} false`);
    }
  });

  test('knows the days of 23 and 25 hours and keeps lessons on the clock of the wall', () => {
    const spring = toCalendarDay('2026-03-29', ZONE);
    const autumn = toCalendarDay('2026-10-25', ZONE);
    expect([spring.minutes, autumn.minutes]).toEqual([1380, 1500]);
    // eight o'clock by the wall
    expect(toWallMinute(420, spring)).toBe(480);
    expect(toWallMinute(540, autumn)).toBe(480);
    expect(toWallMinute(1379, spring)).toBe(1439);
    expect(toWallMinute(1499, autumn)).toBe(1439);
  });

  test('gives each moment to one day, also around midnight', () => {
    const calendar = createCalendar(ZONE);
    for (const date of ['2026-03-28', '2026-03-29', '2026-10-25', '2026-11-22']) {
      const day = calendar.day(toDayNumber(date));
      expect(calendar.dayAt(day.startMs)).toBe(day);
      expect(calendar.dayAt(day.endMs - 1)).toBe(day);
      expect(calendar.dayAt(day.endMs).number).toBe(day.number + 1);
    }
  });
});
