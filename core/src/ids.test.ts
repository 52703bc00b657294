import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { parseEui64, SEQUENCE_BITS, toMonthIndex, toMonthOfId, toMonthStartMs } from './ids.ts';

const LAST_MONTH = 2047;
const month = fc.integer({ min: 0, max: LAST_MONTH });

describe('month of an id', () => {
  it('comes back from every id of the month, and every id is a safe integer', () => {
    fc.assert(
      fc.property(month, fc.bigInt({ min: 0n, max: 2n ** BigInt(SEQUENCE_BITS) - 1n }), (m, n) => {
        const id = m * 2 ** SEQUENCE_BITS + Number(n);
        expect(Number.isSafeInteger(id)).toBe(true);
        expect(toMonthOfId(id)).toBe(m);
      }),
    );
    const last = LAST_MONTH * 2 ** SEQUENCE_BITS + (2 ** SEQUENCE_BITS - 1);
    expect(last).toBe(Number.MAX_SAFE_INTEGER);
    expect(toMonthOfId(last)).toBe(LAST_MONTH);
  });

  it('begins at its start and ends a millisecond before the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LAST_MONTH }), (m) => {
        expect(toMonthIndex(toMonthStartMs(m))).toBe(m);
        expect(toMonthIndex(toMonthStartMs(m) - 1)).toBe(m - 1);
      }),
    );
  });

  it('never goes back when time goes on', () => {
    const ms = fc.integer({ min: Date.UTC(1850, 0, 1), max: Date.UTC(2150, 0, 1) });
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        expect(toMonthIndex(Math.min(a, b))).toBeLessThanOrEqual(toMonthIndex(Math.max(a, b)));
      }),
    );
  });

  it('is clamped at both ends', () => {
    expect(toMonthIndex(Date.UTC(1800, 5, 1))).toBe(0);
    expect(toMonthIndex(Date.UTC(1900, 0, 1))).toBe(0);
    expect(toMonthIndex(Date.UTC(2026, 10, 22))).toBe(126 * 12 + 10);
    expect(toMonthIndex(Date.UTC(2070, 7, 31))).toBe(LAST_MONTH);
    expect(toMonthIndex(Date.UTC(3000, 0, 1))).toBe(LAST_MONTH);
  });
});

describe('a DevEUI', () => {
  it('is the same in every spelling', () => {
    const digits = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(digits, fc.constantFrom('', '-', ':', ' '), fc.boolean(), (hex, separator, upper) => {
        const pairs = hex.join('').match(/../g) ?? [];
        const spelt = pairs.join(separator);
        expect(parseEui64(upper ? spelt.toUpperCase() : spelt)).toBe(hex.join(''));
      }),
    );
  });

  it.each([undefined, null, 12, '', '24e124136c19196', '24e124136c1919677', '24e124136c19196g', { a: 1 }])(
    'is refused when it is %j',
    (input) => {
      expect(() => parseEui64(input)).toThrow(AppError);
      expect(() => parseEui64(input)).toThrow(/BAD_UPLINK/);
    },
  );
});
