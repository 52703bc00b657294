import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { V1_1 } from '../sta/version.ts';
import { parsePath } from './path.ts';

const parse = (path: string) => parsePath(V1_1, path);

describe('a resource path', () => {
  it.each([
    ['', 'root'],
    ['/', 'root'],
    ['/Things', 'set'],
    ['/Things(1)', 'entity'],
    ['/Things(1)/Datastreams', 'set'],
    ['/Things(1)/Datastreams(2)', 'entity'],
    ['/Datastreams(2)/Thing', 'entity'],
    ['/Observations(1)/Datastream/Thing/Locations', 'set'],
    ['/Things(1)/name', 'property'],
    ['/Things(1)/name/$value', 'property'],
    ['/Things(1)/properties/a/b', 'property'],
    ['/Things(1)/properties/a%5B1%5D', 'property'],
    ['/Datastreams(1)/unitOfMeasurement/symbol', 'property'],
    ['/Things(1)/Datastreams/$ref', 'set'],
    ['/Datastreams(1)/Thing/$ref', 'entity'],
    ['/Things(1)/@iot.id', 'property'],
  ])('%s is a %s', (path, kind) => {
    expect(parse(path).kind).toBe(kind);
  });

  it('goes into JSON by names and indexes', () => {
    expect(parse('/Things(1)/properties/a[1][0]/b').property).toEqual({
      key: 'properties',
      json: ['a', '1', '0', 'b'],
      name: 'b',
    });
    expect(parse('/Observations(1)/result[2]').property).toEqual({
      key: 'result',
      json: ['2'],
      name: 'result[2]',
    });
  });

  it.each([
    ['/Thing', 'NOT_FOUND'],
    ['/things', 'NOT_FOUND'],
    ['/Things(1)/nothing', 'NOT_FOUND'],
    ['/Things(1)/name/x', 'NOT_FOUND'],
    ['/Things(1)/Sensor', 'NOT_FOUND'],
    ['/Things(9223372036854775808)', 'NOT_FOUND'],
    ['/Things(-1)', 'NOT_FOUND'],
    ["/Things('a')", 'BAD_PATH'],
    ['/Things()', 'BAD_PATH'],
    ['/Things(1', 'BAD_PATH'],
    ['/Things/Datastreams', 'BAD_PATH'],
    ['/Things/name', 'BAD_PATH'],
    ['/Datastreams(1)/Thing(1)', 'BAD_PATH'],
    ['/Things/$value', 'BAD_PATH'],
    ['/Things(1)/$value', 'BAD_PATH'],
    ['/Things(1)/name/$ref', 'BAD_PATH'],
    ['/$ref', 'BAD_PATH'],
    ['/Things(1)/$count', 'BAD_PATH'],
    ['/%E0%A4%A', 'BAD_PATH'],
    [`/Things(1)${'/Datastreams(1)/Thing'.repeat(50)}`, 'BAD_PATH'],
  ])('refuses %s with %s', (path, code) => {
    expect(() => parse(path)).toThrow(expect.objectContaining({ code }));
  });

  it('keeps an id of 64 bits to the last digit', () => {
    expect(parse('/Things(9223372036854775807)').steps[0]?.id).toBe('9223372036854775807');
  });

  it('refuses any text with nothing but an AppError', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'Things',
        'Things(1)',
        'Datastreams(1)',
        'name',
        'properties',
        '$value',
        '$ref',
        'a[1]',
        '[1]',
        '@iot.id',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        try {
          parse(`/${parts.join('/')}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
