import { describe, expect, test } from 'vitest';
import { toCodecTitle } from './codec-words.ts';
import { models } from './i18n/en/models.ts';
import { EXAMPLES } from './i18n/examples.ts';
import { loadCatalogue } from './i18n/load-catalogue.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';

const FILES = import.meta.glob<{ readonly key?: string; readonly title?: string }>(
  ['../../codecs/*/*.json', '!**/*.vectors.json'],
  { eager: true, import: 'default' },
);

const VECTORS = import.meta.glob<readonly { readonly name: string }[]>('../../codecs/*/*.vectors.json', {
  eager: true,
  import: 'default',
});

test('each example beside a shipped codec has its name in every language, and no row is left over', () => {
  const names = new Set(Object.values(VECTORS).flatMap((list) => list.map(({ name }) => name)));
  expect([...names].sort()).toEqual(EXAMPLES.map(([name]) => name).sort());
  expect(
    EXAMPLES.filter(([en, da, sv, nl]) => [da, sv, nl].some((text) => text === '' || text === en)),
  ).toEqual([]);
});

describe('the title of a codec', () => {
  test('of each shipped codec is in the catalogue as it stands beside the codec', () => {
    const described = Object.values(FILES);
    expect(Object.fromEntries(described.map(({ key, title }) => [key, title]))).toEqual(models);
  });

  test('is told in the reader’s language, and left alone where an organisation wrote it', async () => {
    addCatalogue('da', await loadCatalogue('da'));
    const t = toTranslate('da', 'models');
    const key = 'milesight/em300-th';
    expect(toCodecTitle(t, { key, title: 'Temperature and humidity' })).toBe('Temperatur og fugtighed');
    expect(toCodecTitle(t, { key, title: 'Our cellars' })).toBe('Our cellars');
    expect(toCodecTitle(t, { key: 'own/cellar', title: 'Our cellars' })).toBe('Our cellars');
  });
});
