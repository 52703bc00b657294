/** Words in a language for tests of sentences; tests only. */
import { toFormat } from './i18n/bound-format.ts';
import type { Language } from './i18n/languages.ts';
import { loadCatalogue } from './i18n/load-catalogue.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';
import type { Words } from './sentences.ts';

export async function loadWords(language: Language): Promise<Words> {
  addCatalogue(language, await loadCatalogue(language));
  const shell = toTranslate(language, 'shell');
  const format = toFormat(language, 'Europe/Copenhagen', shell, toTranslate(language, 'properties'));
  return { places: toTranslate(language, 'places'), shell, format };
}
