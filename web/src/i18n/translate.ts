/**
 * i18next behind our own typed door: plural forms by Intl rules, variables inserted as they are (React escapes).
 * Without React, so that tests and the sentence templates use the same function as the pages.
 */
import { createInstance, type i18n } from 'i18next';
import type { Catalogue, English, Namespace } from './catalogue.ts';
import type { Language } from './languages.ts';
import type { Translate } from './texts.ts';

const engine: i18n = createInstance();
void engine.init({
  initAsync: false,
  lng: 'en',
  fallbackLng: false,
  keySeparator: false,
  nsSeparator: false,
  resources: {},
  interpolation: { escapeValue: false },
});

export function addCatalogue(language: Language, catalogue: Catalogue): void {
  for (const [namespace, texts] of Object.entries(catalogue)) {
    engine.addResourceBundle(language, namespace, texts, true, true);
  }
}

export function toTranslate<N extends Namespace>(language: Language, namespace: N): Translate<English[N]> {
  const fixed = engine.getFixedT(language, namespace) as unknown as (key: string, values?: object) => string;
  return ((key: string, values?: object) => {
    const text = fixed(key, values);
    return values === undefined ? text : withOneStop(text);
  }) as Translate<English[N]>;
}

/** A date such as "22. nov." brings its own full stop: at the end of a sentence one is enough. Dots of an ellipsis stay. */
export function withOneStop(text: string): string {
  return text.replace(/(?<!\.)\.\.(?=[\s)]|$)/g, '.');
}
