/** Fetches one language's catalogue: a chunk of its own, loaded when it is wanted. */
import type { Catalogue } from './catalogue.ts';
import type { Language } from './languages.ts';

const LOAD: { readonly [L in Language]: () => Promise<Catalogue> } = {
  en: async () => (await import('./en/all.ts')).catalogue,
  da: async () => (await import('./da/all.ts')).catalogue,
  sv: async () => (await import('./sv/all.ts')).catalogue,
  nl: async () => (await import('./nl/all.ts')).catalogue,
};

export function loadCatalogue(language: Language): Promise<Catalogue> {
  return LOAD[language]();
}
