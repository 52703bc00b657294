import { ERRORS } from '@torv/core/errors';
import { PROPERTY_KEYS } from '@torv/core/properties';
import { describe, expect, test } from 'vitest';
import type { Catalogue } from './catalogue.ts';
import { LANGUAGE_KEYS, LANGUAGES, toLanguage } from './languages.ts';
import { loadCatalogue } from './load-catalogue.ts';
import { addCatalogue, toTranslate } from './translate.ts';

function variables(text: string): readonly string[] {
  return [...text.matchAll(/\{\{(\w+)/g)].map((match) => match[1] ?? '').sort();
}

function entries(catalogue: Catalogue): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(catalogue).flatMap(([namespace, texts]) =>
      Object.entries(texts).map(([key, text]): [string, string] => [`${namespace}.${key}`, text]),
    ),
  );
}

const english = entries(await loadCatalogue('en'));

describe.each(LANGUAGE_KEYS)('the catalogue in %s', (language) => {
  test('has a text for every English key and no other', async () => {
    const own = entries(await loadCatalogue(language));
    expect([...own.keys()].sort()).toEqual([...english.keys()].sort());
    expect([...own].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  test('uses exactly the variables of the English text', async () => {
    for (const [key, text] of entries(await loadCatalogue(language))) {
      expect([key, ...variables(text)]).toEqual([key, ...variables(english.get(key) ?? '')]);
    }
  });

  test('names every property and every error code', async () => {
    const { properties, errors } = await loadCatalogue(language);
    expect(Object.keys(properties).sort()).toEqual([...PROPERTY_KEYS].sort());
    const codes = Object.keys(errors).filter((key) => !key.startsWith('fault_'));
    expect(codes.sort()).toEqual(Object.keys(ERRORS).sort());
  });

  test('has a form for every plural category of the language', async () => {
    const { pluralCategories } = new Intl.PluralRules(LANGUAGES[language].locale).resolvedOptions();
    const own = entries(await loadCatalogue(language));
    const plurals = [...own.keys()].filter((key) => key.endsWith('_other')).map((key) => key.slice(0, -6));
    expect(plurals.length).toBeGreaterThan(5);
    for (const base of plurals) {
      for (const category of pluralCategories)
        expect(own.has(`${base}_${category}`), `${base} ${category}`).toBe(true);
    }
  });
});

describe('texts', () => {
  test('choose the plural form and write the number in the language', async () => {
    addCatalogue('da', await loadCatalogue('da'));
    const t = toTranslate('da', 'places');
    expect(t('map_unplaced', { count: 1 })).toBe('1 sted har ingen placering endnu');
    expect(t('map_unplaced', { count: 1200 })).toBe('1.200 steder har ingen placering endnu');
  });

  test('insert what people wrote unchanged, because React escapes it', async () => {
    addCatalogue('en', await loadCatalogue('en'));
    expect(toTranslate('en', 'places')('map_open', { name: 'A & <B>' })).toBe('Open A & <B>');
  });
});

describe('the language of a visitor', () => {
  test('is the one in the address, then the stored one, then the first one of the browser that we have', () => {
    expect(toLanguage({ address: 'da', stored: 'sv', browser: ['nl'] })).toBe('da');
    expect(toLanguage({ address: 'xx', stored: 'sv', browser: ['nl'] })).toBe('sv');
    expect(toLanguage({ address: null, stored: null, browser: ['fi-FI', 'nl-BE', 'en'] })).toBe('nl');
    expect(toLanguage({ address: null, stored: 'toString', browser: ['fi'] })).toBe('en');
  });
});
