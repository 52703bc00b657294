import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { createLocalClock, isTimeZone } from './local-clock.ts';
import { createTimeReader, renderCellTime } from './time-cell.ts';

describe('a local clock', () => {
  it('agrees with the calendar at every moment, in zones with whole and half hours', () => {
    for (const zone of [
      'Europe/Copenhagen',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'UTC',
      'America/St_Johns',
    ]) {
      const clock = createLocalClock(zone);
      fc.assert(
        fc.property(fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2040, 0, 1) }), (ms) => {
          const local = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDateTime();
          const moment = clock(local.toZonedDateTime('UTC').epochMilliseconds);
          if (moment.kind === 'once') expect(moment.ms).toBe(ms);
          else if (moment.kind === 'twice') expect([moment.earlierMs, moment.laterMs]).toContain(ms);
          else throw new Error(`${local.toString()} exists in ${zone}`);
        }),
      );
    }
  });

  it('says twice in autumn and never in spring', () => {
    const clock = createLocalClock('Europe/Copenhagen');
    expect(clock(Date.UTC(2026, 9, 25, 2, 30))).toEqual({
      kind: 'twice',
      earlierMs: Date.UTC(2026, 9, 25, 0, 30),
      laterMs: Date.UTC(2026, 9, 25, 1, 30),
    });
    expect(clock(Date.UTC(2026, 2, 29, 2, 30))).toEqual({ kind: 'never' });
    expect(clock(Date.UTC(2026, 2, 29, 3, 0))).toEqual({ kind: 'once', ms: Date.UTC(2026, 2, 29, 1) });
  });

  it('takes no offset and no nonsense for a time zone', () => {
    expect(['Europe/Amsterdam', 'UTC'].map(isTimeZone)).toEqual([true, true]);
    expect(['+01:00', 'Mars/Base', '', 7].map(isTimeZone)).toEqual([false, false, false, false]);
    expect(() => createLocalClock('Nowhere')).toThrow(/time zone/);
  });
});

describe('the time of a line', () => {
  it.each([
    ['iso', '2022-10-18T13:21:00+0200', '2022-10-18T11:21:00Z'],
    ['iso', '2026-11-22 09:15:00.1234567Z', '2026-11-22T09:15:00.123456Z'],
    ['iso', '2026-07-01 24:00', '2026-07-01T22:00:00Z'],
    ['iso', '2026-07-01', '2026-06-30T22:00:00Z'],
    ['dmy', '22.11.2026 09.15', '2026-11-22T08:15:00Z'],
    ['dmy', '1/2/2026, 9:05:07', '2026-02-01T08:05:07Z'],
    ['mdy', '1/2/2026 9:05', '2026-01-02T08:05:00Z'],
    ['unix-s', '1700000000.5', '2023-11-14T22:13:20.500Z'],
    ['unix-ms', '1700000000500', '2023-11-14T22:13:20.500Z'],
  ] as const)('in the form %s reads %s', (form, text, expected) => {
    const read = createTimeReader({ columns: ['t'], form, timeZone: 'Europe/Copenhagen' })(
      text,
      Number.NEGATIVE_INFINITY,
    );
    expect('ms' in read ? renderCellTime(read) : read).toBe(expected);
  });

  it.each([
    ['iso', '2026-02-30', 'time-unreadable'],
    ['iso', '2026-03-29 02:30', 'time-skipped'],
    ['iso', '0001-01-01', 'time-unreadable'],
    ['iso', '1850-01-01', 'time-range'],
    ['iso', '', 'time-missing'],
    ['dmy', '13/13/2026', 'time-unreadable'],
    ['unix-s', '1e9', 'time-unreadable'],
  ] as const)('in the form %s refuses "%s"', (form, text, code) => {
    const read = createTimeReader({ columns: ['t'], form, timeZone: 'Europe/Copenhagen' })(
      text,
      Number.NEGATIVE_INFINITY,
    );
    expect(read).toMatchObject({ code });
  });

  it('without an offset and without a time zone is a fault, not a guess', () => {
    expect(createTimeReader({ columns: ['t'], form: 'iso' })('2026-01-01 10:00', 0)).toMatchObject({
      code: 'time-no-zone',
    });
  });
});
