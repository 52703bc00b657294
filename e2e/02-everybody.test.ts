/** Every public page for everybody: four languages, phone and desk, light and dark, with axe as the judge. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { catalogue as danish } from '../web/src/i18n/da/all.ts';
import { catalogue as english } from '../web/src/i18n/en/all.ts';
import { catalogue as dutch } from '../web/src/i18n/nl/all.ts';
import { catalogue as swedish } from '../web/src/i18n/sv/all.ts';
import {
  DESK,
  findBarriers,
  findOverflowPx,
  newVisitor,
  openBrowser,
  PHONE,
  takePicture,
} from './browser.ts';
import { findProperNames, findRooms } from './town.ts';

const origin = inject('origin');
const CATALOGUES = { da: danish, sv: swedish, nl: dutch, en: english } as const;
type Language = keyof typeof CATALOGUES;

let browser: Browser;
let pages: readonly { readonly name: string; readonly path: string; readonly ready: string }[];
let properNames: ReadonlySet<string>;

beforeAll(async () => {
  browser = await openBrowser();
  const rooms = await findRooms(origin);
  const classroom = rooms.find((room) => room.kind === 'room' && room.property === 'co2');
  properNames = new Set(await findProperNames(origin));
  pages = [
    { name: 'map', path: '/', ready: '.torv-mark' },
    { name: 'places', path: '/places', ready: '.torv-table tbody tr' },
    { name: 'classroom', path: classroom?.path ?? '', ready: '.torv-chart-canvas' },
    { name: 'sign-in', path: '/sign-in', ready: 'form.torv-form' },
    { name: 'password', path: '/password', ready: 'h1' },
    { name: 'missing', path: '/nowhere', ready: 'h1' },
  ];
});
afterAll(() => browser?.close());

/** Every text of a catalogue without the parts that data fill in. */
function textsOf(language: Language): ReadonlySet<string> {
  return new Set(
    Object.values(CATALOGUES[language]).flatMap((area) => Object.values(area as Record<string, string>)),
  );
}

const KEYS = new Set(
  Object.values(english).flatMap((area) => Object.keys(area).filter((key) => key.includes('_'))),
);

/** What stands on the page for eyes and for screen readers, text by text. */
async function readTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const texts: string[] = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (text !== '' && !['SCRIPT', 'STYLE'].includes(node.parentElement?.tagName ?? '')) texts.push(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      for (const name of ['aria-label', 'title', 'placeholder']) {
        const text = element.getAttribute(name);
        if (text) texts.push(text);
      }
    }
    return texts;
  });
}

describe.each(['da', 'sv', 'nl', 'en'] as const)('in the language %s', (language) => {
  it('every page speaks it, and no name of a text leaks', async () => {
    const { page, faults, leave } = await newVisitor(browser);
    const own = textsOf(language);
    const foreign = new Set(
      (Object.keys(CATALOGUES) as Language[])
        .filter((other) => other !== language)
        .flatMap((other) => [...textsOf(other)])
        .filter((text) => !own.has(text) && !properNames.has(text)),
    );
    // the languages' own names stand in the menu of languages, each in itself
    for (const name of ['Dansk', 'Svenska', 'Nederlands', 'English']) foreign.delete(name);
    for (const { name, path, ready } of pages) {
      await page.goto(`${origin}${path}?lang=${language}`);
      await page.waitForSelector(ready);
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      const texts = await readTexts(page);
      expect(texts.length, name).toBeGreaterThan(8);
      expect(
        texts.filter((text) => foreign.has(text)),
        `${name}: texts of another language`,
      ).toEqual([]);
      expect(
        texts.filter((text) => KEYS.has(text) || /\{\{|\}\}|undefined|NaN|\[object/.test(text)),
        `${name}: names of texts, and holes`,
      ).toEqual([]);
      await takePicture(page, `everybody-${name}-${language}`);
    }
    expect(faults()).toEqual([]);
    await leave();
  });
});

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it('axe finds no barrier on any page, on a desk or on a phone, and nothing is wider than the screen', async () => {
    const { page, leave } = await newVisitor(browser, { colorScheme });
    for (const { name, path, ready } of pages) {
      for (const [size, viewport] of [
        ['desk', DESK],
        ['phone', PHONE],
      ] as const) {
        await page.setViewportSize(viewport);
        // the longest words
        await page.goto(`${origin}${path}?lang=nl`);
        await page.waitForSelector(ready);
        // the colours are the same on a phone: once is enough there
        if (size === 'desk' || colorScheme === 'light')
          expect(await findBarriers(page), `${name} on a ${size}`).toEqual([]);
        expect(await findOverflowPx(page), `${name} on a ${size}`).toBeLessThanOrEqual(0);
        await takePicture(page, `everybody-${name}-${size}-${colorScheme}`);
      }
    }
    await leave();
  });
});

it('the language that is chosen in the menu stays for the next page and the next visit', async () => {
  const { page, leave } = await newVisitor(browser);
  await page.goto(`${origin}/`);
  await page.getByRole('button', { name: /Language/ }).click();
  await page.getByRole('button', { name: 'Svenska' }).click();
  await page.waitForFunction(() => document.documentElement.lang === 'sv');
  await page.locator('.torv-town-list a').first().click();
  await page.waitForURL(/places\/\d+.*lang=sv/);
  await page.goto(`${origin}/`);
  expect(await page.locator('html').getAttribute('lang')).toBe('sv');
  await leave();
});
