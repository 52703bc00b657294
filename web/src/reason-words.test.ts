import { REASONS } from '@torv/core/reasons';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogue } from './i18n/load-catalogue.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';
import { toReasonText, toReasonWords } from './reason-words.ts';

beforeAll(async () => {
  for (const language of ['en', 'da', 'sv', 'nl'] as const)
    addCatalogue(language, await loadCatalogue(language));
});
const danish = () => toTranslate('da', 'reasons');

describe('a reason of the server', () => {
  test('is told in the reader’s language, with what it names', () => {
    expect(toReasonText(danish(), 'Nothing listens at broker.example.org:1883.')).toBe(
      'Der er ingen, der lytter på broker.example.org:1883.',
    );
    expect(toReasonText(toTranslate('nl', 'reasons'), 'The message is not JSON.')).toBe(
      'Het bericht is geen JSON.',
    );
  });

  test('is told with the reason within it', () => {
    expect(
      toReasonText(
        danish(),
        'The codec is switched off: Switched off after 20 faults: the codec did not finish in time.',
      ),
    ).toBe('Codecen er slået fra: Slået fra efter 20 fejl: codecen blev ikke færdig i tide.');
    expect(toReasonText(danish(), '"fPort" must be a whole number from 0 to 255.')).toBe(
      '“fPort” skal være et helt tal fra 0 til 255.',
    );
  });

  test('is told for each field that gave no reading', () => {
    expect(toReasonText(danish(), '/a: "off" is not a number; /b: 2 is neither 0 nor 1')).toBe(
      '/a: "off" er ikke et tal; /b: 2 er hverken 0 eller 1',
    );
  });

  test('in a codec’s own words stays English and is marked so', () => {
    expect(toReasonWords(danish(), 'Unknown frame type 9')).toEqual([
      { text: 'Unknown frame type 9', isForeign: true },
    ]);
  });

  test.each(['da', 'sv', 'nl'] as const)('has a sentence of its own in %s', async (language) => {
    const { reasons } = await loadCatalogue(language);
    const same = Object.entries(REASONS).filter(
      ([key, text]) =>
        key !== 'map_field' && key !== 'want_text' && reasons[key as keyof typeof REASONS] === text,
    );
    expect(same).toEqual([]);
  });
});
