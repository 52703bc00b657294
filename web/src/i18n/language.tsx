/**
 * The language of the page as React sees it: `useText('places')` for words, `useLanguage()` for the switch.
 * The catalogue is loaded before the first render of a language, so no page ever shows a key.
 */
import { createContext, type ReactNode, useContext, useLayoutEffect, useMemo, useState } from 'react';
import type { English, Namespace } from './catalogue.ts';
import { LANGUAGES, type Language, toLanguage } from './languages.ts';
import { loadCatalogue } from './load-catalogue.ts';
import type { Translate } from './texts.ts';
import { addCatalogue, toTranslate } from './translate.ts';

const STORED = 'torv.language';

interface LanguageChoice {
  readonly language: Language;
  readonly choose: (language: Language) => void;
}

const Context = createContext<LanguageChoice>({ language: 'en', choose: () => undefined });

export function wishedLanguage(): Language {
  return toLanguage({
    address: new URLSearchParams(window.location.search).get('lang'),
    stored: readStored(),
    browser: navigator.languages,
  });
}

export async function prepareLanguage(language: Language): Promise<void> {
  addCatalogue(language, await loadCatalogue(language));
}

function readStored(): string | null {
  try {
    return window.localStorage.getItem(STORED);
  } catch {
    return null; // storage is forbidden: the address and the browser still decide
  }
}

function writeStored(language: Language): void {
  try {
    window.localStorage.setItem(STORED, language);
  } catch {
    // nothing to keep it in; the choice lasts as long as the page
  }
}

export function LanguageProvider(props: { readonly initial: Language; readonly children: ReactNode }) {
  const [language, setLanguage] = useState(props.initial);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choice = useMemo<LanguageChoice>(
    () => ({
      language,
      choose: (next) => {
        writeStored(next);
        void prepareLanguage(next).then(() => setLanguage(next));
      },
    }),
    [language],
  );
  return <Context value={choice}>{props.children}</Context>;
}

export function useLanguage(): LanguageChoice {
  return useContext(Context);
}

export function useLocale(): string {
  return LANGUAGES[useLanguage().language].locale;
}

/** `const t = useText('places'); t('rooms', { count: 3 })` */
export function useText<N extends Namespace>(namespace: N): Translate<English[N]> {
  const { language } = useLanguage();
  return useMemo(() => toTranslate(language, namespace), [language, namespace]);
}
