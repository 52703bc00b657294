import { describe, expect, it } from 'vitest';
import { findDifferences, parseCodecVectors, toVectorResult } from './codec-vectors.ts';

const VECTOR = { name: 'One', fPort: 1, bytes: '01', data: { a: 1 } };

describe('the examples of a codec', () => {
  it.each([
    ['/vectors', {}],
    ['/vectors/0', [1]],
    ['/vectors/0/name', [{ ...VECTOR, name: '' }]],
    ['/vectors/0/fPort', [{ ...VECTOR, fPort: 1.5 }]],
    ['/vectors/0/bytes', [{ ...VECTOR, bytes: 'abc' }]],
    ['/vectors/0/recvTime', [{ ...VECTOR, recvTime: 'yesterday' }]],
    ['/vectors/1', [VECTOR, { ...VECTOR, data: undefined }]],
  ])('are refused naming %s', (at, input) => {
    expect(() => parseCodecVectors(input)).toThrow(expect.objectContaining({ code: 'BAD_CODEC', at }));
  });

  it('differ where a value differs, is missing or is too much, each named by its pointer', () => {
    expect(findDifferences({ a: 1, b: [1, 2], c: 'x' }, { a: 2, b: [1], d: true })).toEqual([
      '/a: expected 1, got 2',
      '/b/1: expected 2, got nothing',
      '/c: expected "x", got nothing',
      '/d: expected nothing, got true',
    ]);
    expect(findDifferences(1, 'x')).toEqual(['the whole: expected 1, got "x"']);
  });

  it('do not differ by the last digit of a floating number', () => {
    expect(findDifferences({ a: 0.3 }, { a: 0.1 + 0.2 })).toEqual([]);
    expect(findDifferences({ a: 0.3 }, { a: 0.301 })).toHaveLength(1);
  });

  it('name ten places at most', () => {
    expect(findDifferences(new Array(50).fill(0), new Array(50).fill(1))).toHaveLength(10);
  });

  it('compare the measurements too, where they are given', () => {
    const mapping = [{ field: '/a', property: 'air_temperature', unit: 'Cel' }] as const;
    const vector = { ...VECTOR, measurements: [{ property: 'air_temperature', value: 2 }] };
    expect(toVectorResult(vector, { data: { a: 1 } }, mapping).differences).toEqual([
      'the measurement air_temperature = 2 is missing',
      'the measurement air_temperature = 1 was not expected',
    ]);
  });

  it('that must be refused fail when data come, and the other way round', () => {
    expect(toVectorResult({ ...VECTOR, data: undefined, errors: ['x'] }, { data: {} }, []).passed).toBe(
      false,
    );
    expect(toVectorResult(VECTOR, { errors: ['broken'] }, []).differences[0]).toContain('broken');
    expect(toVectorResult({ ...VECTOR, data: undefined, errors: ['x'] }, { errors: ['y'] }, []).passed).toBe(
      true,
    );
  });
});
