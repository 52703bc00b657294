import { describe, expect, it } from 'vitest';
import { suggestCodec } from './codec-suggestion.ts';

const CODECS = [
  { key: 'elsys/ers', vendor: 'Elsys', model: 'ERS' },
  { key: 'elsys/ers-co2', vendor: 'Elsys', model: 'ERS CO2' },
  { key: 'milesight/em300-th', vendor: 'Milesight', model: 'EM300-TH' },
  { key: 'milesight/em500-co2', vendor: 'Milesight', model: 'EM500-CO2' },
  { key: 'one/x', vendor: 'One', model: 'Twin' },
  { key: 'two/x', vendor: 'Two', model: 'Twin' },
];

describe('the suggested codec', () => {
  it.each([
    ['ELSYS ERS CO2 (EU868)', 'elsys/ers-co2'],
    ['elsys-ers-co2', 'elsys/ers-co2'],
    ['ERSCO2', 'elsys/ers-co2'],
    ['Elsys ERS', 'elsys/ers'],
    ['Milesight EM300TH', 'milesight/em300-th'],
    ['Two Twin', 'two/x'],
  ])('of "%s" is %s', (name, key) => {
    expect(suggestCodec(name, CODECS)).toBe(key);
  });
  it('is none where nothing or two things fit', () => {
    expect(suggestCodec('Waste container', CODECS)).toBeUndefined();
    expect(suggestCodec('Twin', CODECS)).toBeUndefined();
    expect(suggestCodec('others', CODECS)).toBeUndefined();
    expect(suggestCodec('', CODECS)).toBeUndefined();
  });
});
