import { describe, expect, test } from 'vitest';
import { toCodecTitle } from './codec-words.ts';
import { models } from './i18n/en/models.ts';
import { loadCatalogue } from './i18n/load-catalogue.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';

const FILES = import.meta.glob<{ readonly key?: string; readonly title?: string }>(
  ['../../codecs/*/*.json', '!**/*.vectors.json'],
  { eager: true, import: 'default' },
);

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
