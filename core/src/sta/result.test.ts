import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitResult } from './result.ts';

/** JSON numbers of all spellings. */
const spelt = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.stringMatching(/^(0|[1-9][0-9]{0,18})$/),
    fc.option(fc.stringMatching(/^[0-9]{1,18}$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/), { nil: undefined }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent ?? ''}`,
  );
const small = fc.stringMatching(/^-?0\.0{0,6}[0-9]{1,9}$/);
const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);

describe('a result that is a number', () => {
  it('is kept to the letter beside its double exactly where the double would be printed otherwise', () => {
    fc.assert(
      fc.property(fc.oneof(spelt, small, doubles, fc.integer().map(String)), (raw) => {
        const { number, json } = splitResult(raw);
        const value = Number(raw);
        expect(Object.is(Number(number), value) || (value === 0 && Number(number) === 0)).toBe(true);
        const size = Math.abs(value);
        // where neither JavaScript nor PostgreSQL prints an exponent
        const isPlain = (value === 0 || (size >= 1e-4 && size < 1e15)) && String(value) === raw;
        expect(json).toBe(isPlain ? null : raw);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['"8"', 'true', 'null', '{"a": 1.0}', '[1]'])('%s is no number', (raw) => {
    expect(splitResult(raw)).toEqual({ number: null, json: raw });
  });
});
