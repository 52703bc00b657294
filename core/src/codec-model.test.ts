import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCodecModel } from './codec-model.ts';
import { AppError } from './errors.ts';

const model = {
  key: 'elsys/ers-co2',
  vendor: 'Elsys',
  model: 'ERS CO2',
  title: 'Room sensor',
  script: 'elsys.js',
  fPorts: [5],
  power: 'battery',
  expectedIntervalS: 600,
  battery: { fullV: 3.6, emptyV: 2.8 },
  reference: 'Elsys, Sensor payload',
  mapping: [{ field: '/co2', property: 'co2', unit: '[ppm]' }],
};

function refusal(input: unknown): unknown {
  try {
    parseCodecModel(input);
  } catch (error) {
    return error;
  }
  throw new Error('was accepted');
}

describe('a device model', () => {
  it('comes back as it was written, without members that are not known', () => {
    expect(parseCodecModel({ ...model, colour: 'white' })).toEqual(model);
  });

  it('may leave out ports, interval and battery', () => {
    const { fPorts: _p, expectedIntervalS: _i, battery: _b, ...rest } = model;
    expect(parseCodecModel(rest)).toEqual(rest);
  });

  it.each([
    ['/', []],
    ['/', 'elsys'],
    ['/key', { ...model, key: 'Elsys/ERS' }],
    ['/key', { ...model, key: '../../etc' }],
    ['/vendor', { ...model, vendor: ' ' }],
    ['/script', { ...model, script: '../elsys.js' }],
    ['/script', { ...model, script: undefined }],
    ['/fPorts', { ...model, fPorts: [] }],
    ['/fPorts', { ...model, fPorts: [0] }],
    ['/fPorts', { ...model, fPorts: [224] }],
    ['/power', { ...model, power: 'sun' }],
    ['/expectedIntervalS', { ...model, expectedIntervalS: 0.5 }],
    ['/battery', { ...model, battery: { fullV: 2.8, emptyV: 3.6 } }],
    ['/battery', { ...model, battery: 'AA' }],
    ['/reference', { ...model, reference: '' }],
    ['/mapping', { ...model, mapping: [] }],
    ['/mapping/0/unit', { ...model, mapping: [{ field: '/co2', property: 'co2', unit: 'ppm' }] }],
    ['/mapping/1/field', { ...model, mapping: [model.mapping[0], model.mapping[0]] }],
  ])('that is wrong at %s is refused there', (at, input) => {
    expect(refusal(input)).toMatchObject({ code: 'BAD_CODEC', at });
  });

  it('is accepted or refused with BAD_CODEC, whatever comes', () => {
    const patch = fc.dictionary(fc.constantFrom(...Object.keys(model)), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          patch.map((p) => ({ ...model, ...p })),
        ),
        (input) => {
          try {
            parseCodecModel(input);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect(error).toMatchObject({ code: 'BAD_CODEC' });
          }
        },
      ),
    );
  });
});
