import { parseFieldMappings } from '@torv/core/mapping';
import { describe, expect, test } from 'vitest';
import { HEX, readList, toBareHex, toBench } from './bench.ts';

describe('a list on the bench', () => {
  test('is read when it is one', () => {
    expect(readList('[1, 2]', (list) => list)).toEqual({ list: [1, 2], fault: undefined });
  });

  test.each([
    ['[1,', 'no_json'],
    ['{}', 'no_list'],
    ['[{"field": "temperature"}]', 'no_mapping'],
  ])('%s is told as %s', (text, what) => {
    const read = readList(text, parseFieldMappings);
    expect(read.list).toBeUndefined();
    expect(read.fault?.what).toBe(what);
  });

  test('names the row of the mapping that is wrong', () => {
    expect(readList('[{"field": "temperature"}]', parseFieldMappings).fault?.exact).toContain(
      '/mapping/0/field',
    );
  });
});

describe('a payload on the bench', () => {
  test('may be pasted with anything usual between its bytes', () => {
    expect(toBareHex('01:67 00-10')).toBe('01670010');
    expect(HEX.test(toBareHex('01:67 00-10'))).toBe(true);
    expect(HEX.test('016')).toBe(false);
  });

  test('of a new codec decodes with the template at once', () => {
    expect(toBench(undefined, undefined)).toMatchObject({ bytes: '00c8', fPort: '1', mapping: '[]' });
  });
});
