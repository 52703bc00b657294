/**
 * The languages of the interface, as one table, and which of them a visitor gets: the address first,
 * then the choice made earlier, then what the browser asks for. English is what remains.
 */
export const LANGUAGES = {
  en: { name: 'English', locale: 'en-GB' },
  da: { name: 'Dansk', locale: 'da-DK' },
  sv: { name: 'Svenska', locale: 'sv-SE' },
  nl: { name: 'Nederlands', locale: 'nl-NL' },
} as const;

export type Language = keyof typeof LANGUAGES;
export const LANGUAGE_KEYS = Object.keys(LANGUAGES) as readonly Language[];

export function isLanguage(text: unknown): text is Language {
  return typeof text === 'string' && Object.hasOwn(LANGUAGES, text);
}

export interface LanguageWishes {
  /** `?lang=` of the address. */
  readonly address: string | null;
  /** What was chosen earlier on this device. */
  readonly stored: string | null;
  /** navigator.languages, best first. */
  readonly browser: readonly string[];
}

export function toLanguage(wishes: LanguageWishes): Language {
  if (isLanguage(wishes.address)) return wishes.address;
  if (isLanguage(wishes.stored)) return wishes.stored;
  for (const wish of wishes.browser) {
    const short = wish.slice(0, 2).toLowerCase();
    if (isLanguage(short)) return short;
  }
  return 'en';
}
