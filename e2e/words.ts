/**
 * What a page says, judged against the catalogues: no text of another language, no name of a text, no hole where
 * a value belongs. What data call themselves (a town, a school, a device) is the same in every language: those
 * names are taken from the server's answers to the page. Parts that say which language they are in (`lang`) and
 * code are left out.
 */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { catalogue as danish } from '../web/src/i18n/da/all.ts';
import { catalogue as english } from '../web/src/i18n/en/all.ts';
import { LANGUAGES, type Language } from '../web/src/i18n/languages.ts';
import { catalogue as dutch } from '../web/src/i18n/nl/all.ts';
import { catalogue as swedish } from '../web/src/i18n/sv/all.ts';

const CATALOGUES = { da: danish, sv: swedish, nl: dutch, en: english } as const;
const LANGUAGE_KEYS = ['da', 'sv', 'nl', 'en'] as const satisfies readonly Language[];

/** Names of texts that no person would write: `nav_map`, not `places`. */
const KEYS: ReadonlySet<string> = new Set(
  Object.values(english).flatMap((area) => Object.keys(area).filter((key) => key.includes('_'))),
);
const HOLE = /\{\{|\}\}|\bundefined\b|\bNaN\b|\[object|Invalid Date/;

function textsOf(language: Language): readonly string[] {
  return Object.values(CATALOGUES[language]).flatMap((area) =>
    Object.values(area as Readonly<Record<string, string>>),
  );
}

/** A text with its values filled in; undefined where little more than values is left. */
function toPattern(text: string): RegExp | undefined {
  const fixed = text.split(/\{\{[^}]*\}\}/);
  if (fixed.length === 1 || fixed.join('').replace(/\P{Letter}/gu, '').length < 6) return undefined;
  return new RegExp(`^${fixed.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`, 'u');
}

interface Words {
  readonly whole: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
}

function toWords(language: Language): Words {
  const texts = textsOf(language);
  return {
    whole: new Set(texts),
    patterns: texts.map(toPattern).filter((pattern) => pattern !== undefined),
  };
}

const TEXTS: Readonly<Record<Language, Words>> = {
  da: toWords('da'),
  sv: toWords('sv'),
  nl: toWords('nl'),
  en: toWords('en'),
};

function isOf(language: Language, text: string): boolean {
  return TEXTS[language].whole.has(text) || TEXTS[language].patterns.some((one) => one.test(text));
}

/** What stands on the page for eyes and for screen readers, text by text. */
async function readTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const texts = new Set<string>();
    const own = document.documentElement.lang;
    const isLeftOut = (element: Element | null) => {
      if (element === null || element.closest('pre, code, textarea, script, style') !== null) return true;
      return element.closest('[lang]')?.getAttribute('lang') !== own;
    };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (text !== '' && !isLeftOut(node.parentElement)) texts.add(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      for (const name of ['aria-label', 'title', 'placeholder']) {
        const text = element.getAttribute(name);
        if (text && !isLeftOut(element)) texts.add(text);
      }
    }
    return [...texts, document.title];
  });
}

function collectNames(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collectNames(one, names);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      if (typeof one === 'string' && /name|title/i.test(key)) names.add(one);
      else collectNames(one, names);
    }
  }
}

/** Hears, from now on, what the server's answers call things. */
export function listenForNames(page: Page): () => Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const open = new Set<Promise<void>>();
  page.on('response', (response) => {
    if (!/\/api\/v1\/.*/.test(response.url()) || response.url().includes('/live')) return;
    const read: Promise<void> = response
      .json()
      .then((body) => collectNames(body, names))
      // an answer without a body, or of a page that has been left
      .catch(() => undefined)
      .finally(() => open.delete(read));
    open.add(read);
  });
  return async () => {
    await Promise.all(open);
    return names;
  };
}

/** As a visitor does it: by the menu, without loading the page again. */
export async function switchLanguage(page: Page, language: Language): Promise<void> {
  const root = page.locator('html');
  if ((await root.getAttribute('lang')) === language) return;
  const trigger = page.locator('.torv-header-tools button[lang]').first();
  await trigger.click();
  await page.getByRole('button', { name: LANGUAGES[language].name, exact: true }).click();
  await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
  await page.locator(`.torv-header-tools button[lang=${language}]`).first().waitFor();
}

export async function expectOwnWords(page: Page, what: string, names: ReadonlySet<string>): Promise<void> {
  const language = await readLanguage(page);
  const texts = await readTexts(page);
  expect(texts.length, `texts of ${what}`).toBeGreaterThan(8);
  const foreign = texts.filter(
    (text) =>
      !names.has(text) &&
      !isOf(language, text) &&
      LANGUAGE_KEYS.some((other) => other !== language && isOf(other, text)),
  );
  expect(foreign, `${what} in ${language}: texts of another language`).toEqual([]);
  const faulty = texts.filter((text) => KEYS.has(text) || HOLE.test(text));
  expect(faulty, `${what} in ${language}: names of texts, and holes`).toEqual([]);
}

async function readLanguage(page: Page): Promise<Language> {
  const said = await page.locator('html').getAttribute('lang');
  const language = LANGUAGE_KEYS.find((one) => one === said);
  if (language === undefined) throw new Error(`The page says that its language is ${said}`);
  return language;
}
