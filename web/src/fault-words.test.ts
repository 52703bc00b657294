import { beforeAll, describe, expect, test } from 'vitest';
import { toFaultWords } from './fault-words.ts';
import { loadCatalogue } from './i18n/load-catalogue.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';

beforeAll(async () => {
  for (const language of ['en', 'da'] as const) addCatalogue(language, await loadCatalogue(language));
});

describe('what a validator found', () => {
  const da = (fault: unknown) => toFaultWords(toTranslate('da', 'errors'), fault);
  const en = (fault: unknown) => toFaultWords(toTranslate('en', 'errors'), fault);

  test('is told in the reader’s language with its limit', () => {
    expect(da({ rule: 'maxLength', limit: 200 })).toBe('Skriv højst 200 tegn.');
    expect(en({ rule: 'minLength', limit: 1 })).toBe('Write at least 1 character.');
    expect(da({ rule: 'exclusiveMinimum', limit: 0 })).toBe('Skriv et tal over 0.');
    expect(da({ rule: 'required' })).toBe('Her mangler noget.');
  });

  test('is told in general words where the rule is not known', () => {
    expect(en({ rule: 'dependentRequired' })).toBe('What stands here is not valid.');
    expect(en({ rule: 'minLength' })).toBe('What stands here is not valid.');
  });

  test('is nothing where no validator spoke', () => {
    expect([undefined, null, 'minLength', {}, { rule: 7 }].map(en)).toEqual(Array(5).fill(undefined));
  });
});
