import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import {
  compareInstants,
  fromLocal,
  parseInstant,
  toInstant,
  toLocalDate,
  toLocalDay,
  toSchoolYear,
} from './time.ts';

const ZONE = 'Europe/Copenhagen';
const ms = fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2100, 0, 1) });
const HOUR_MS = 3_600_000;

function hoursOf(day: { readonly start: string; readonly end: string }): number {
  return (Date.parse(day.end) - Date.parse(day.start)) / HOUR_MS;
}

describe('instants', () => {
  it.each([
    ['2026-07-18T09:34:15.775023242+00:00', '2026-07-18T09:34:15.775023Z'],
    ['2026-07-18T09:34:15.999999999Z', '2026-07-18T09:34:15.999999Z'],
    ['2026-07-18T11:34:15+02:00', '2026-07-18T09:34:15Z'],
    ['1969-12-31T23:59:59.9999999Z', '1969-12-31T23:59:59.999999Z'],
    ['1969-12-31T23:59:59.0000001Z', '1969-12-31T23:59:59Z'],
  ])('%s becomes %s: cut to microseconds, never rounded up', (text, wanted) => {
    expect(parseInstant(text)).toBe(wanted);
  });

  it('of milliseconds come back from their text, and parsing twice changes nothing', () => {
    fc.assert(
      fc.property(ms, (epochMs) => {
        const text = toInstant(epochMs);
        expect(Date.parse(text)).toBe(epochMs);
        expect(parseInstant(text)).toBe(text);
      }),
    );
  });

  it.each(['2026-07-18T09:34:15', '2026-07-18', 'yesterday', '', 12, null, '2026-13-01T00:00:00Z'])(
    '%j is refused: it is no moment',
    (text) => {
      expect(() => parseInstant(text)).toThrow(AppError);
    },
  );
});

describe('instants in the usual form', () => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
  const usual = fc
    .tuple(
      fc.constantFrom('1900', '1999', '2000', '2023', '2024', '2100', '0001', '9999'),
      two(14),
      two(33),
      two(26),
      two(63),
      two(63),
      fc.option(fc.stringMatching(/^[0-9]{0,12}$/), { nil: undefined }),
      fc.constantFrom('Z', '+00:00', '+01:00', '', 'z', '-00:00'),
    )
    .map(
      ([year, month, day, hour, minute, second, fraction, zone]) =>
        `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}${zone}`,
    );

  it('are what Temporal says, cut to microseconds, and refused where it refuses them', () => {
    fc.assert(
      fc.property(usual, (text) => {
        let wanted: string | undefined;
        try {
          // nine digits are all that Temporal reads
          const { epochNanoseconds } = Temporal.Instant.from(text);
          const micros = epochNanoseconds - (((epochNanoseconds % 1000n) + 1000n) % 1000n);
          wanted = new Temporal.Instant(micros).toString();
        } catch {
          wanted = undefined;
        }
        if (wanted === undefined) expect(() => parseInstant(text)).toThrow(AppError);
        else expect(parseInstant(text)).toBe(wanted);
      }),
      { numRuns: 3_000 },
    );
  });

  it('stand in the order of time, to the microsecond', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 99n }),
        fc.bigInt({ min: 0n, max: 99n }),
        fc.constantFrom(1n, 1_000n, 100_000n, 1_000_000n),
        (a, b, unit) => {
          const print = (micros: bigint) => new Temporal.Instant(micros * unit * 1000n).toString();
          expect(Math.sign(compareInstants(print(a), print(b)))).toBe(a === b ? 0 : a < b ? -1 : 1);
        },
      ),
    );
  });
});

describe('local days', () => {
  it('have 23 hours in spring, 25 in autumn and 24 else', () => {
    expect(hoursOf(toLocalDay('2026-03-29', ZONE))).toBe(23);
    expect(hoursOf(toLocalDay('2026-10-25', ZONE))).toBe(25);
    expect(hoursOf(toLocalDay('2026-11-22', ZONE))).toBe(24);
  });

  it('hold every instant whose local date they are, and follow without a gap', () => {
    fc.assert(
      fc.property(
        ms,
        fc.constantFrom(ZONE, 'Europe/Amsterdam', 'UTC', 'America/New_York'),
        (epochMs, zone) => {
          const date = toLocalDate(toInstant(epochMs), zone);
          const day = toLocalDay(date, zone);
          expect(Date.parse(day.start)).toBeLessThanOrEqual(epochMs);
          expect(Date.parse(day.end)).toBeGreaterThan(epochMs);
          expect(toLocalDay(toLocalDate(day.end, zone), zone).start).toBe(day.end);
        },
      ),
    );
  });
});

describe('a local date and time', () => {
  it('in the doubled hour is the one that is asked for', () => {
    expect(fromLocal('2026-10-25 02:30', ZONE, 'earlier')).toBe('2026-10-25T00:30:00Z');
    expect(fromLocal('2026-10-25T02:30:00', ZONE, 'later')).toBe('2026-10-25T01:30:00Z');
  });

  it('in the hour that the clocks jump over does not exist', () => {
    expect(() => fromLocal('2026-03-29 02:30', ZONE)).toThrow(AppError);
    expect(fromLocal('2026-03-29 03:00', ZONE)).toBe('2026-03-29T01:00:00Z');
  });

  it.each([
    '2026-11-22T09:15:00+05:00',
    '2026-11-22T09:15:00Z',
    '2026-11-22T09:15[Asia/Tokyo]',
    '2026-02-30 10:00',
    '22.11.2026',
    '',
  ])('%j is refused instead of losing its offset', (text) => {
    expect(() => fromLocal(text, ZONE)).toThrow(/BAD_REQUEST/);
  });

  it('comes back as the same date', () => {
    fc.assert(
      fc.property(ms, (epochMs) => {
        const date = toLocalDate(toInstant(epochMs), ZONE);
        expect(toLocalDate(fromLocal(`${date} 12:00`, ZONE), ZONE)).toBe(date);
      }),
    );
  });
});

it('a school year begins on 1 August', () => {
  expect(toSchoolYear('2026-07-31')).toBe(2025);
  expect(toSchoolYear('2026-08-01')).toBe(2026);
  expect(toSchoolYear('2027-01-01')).toBe(2026);
});
