/**
 * Every public page for everybody: four languages, phone, tablet and desk, light and dark, with axe as the judge;
 * also where there is nothing to show yet, and where the database does not answer.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  expectNoBarriers,
  expectToFit,
  LOOKS,
  newVisitor,
  openBrowser,
  SIZES,
  show,
  takePicture,
} from './browser.ts';
import { findRooms } from './town.ts';
import { expectOwnWords, listenForNames, switchLanguage } from './words.ts';

const origin = inject('origin');
let browser: Browser;
let classroom = '';

beforeAll(async () => {
  browser = await openBrowser();
  const found = (await findRooms(origin)).find((room) => room.kind === 'room' && room.property === 'co2');
  if (found === undefined) throw new Error('The demo town has no classroom with CO2');
  classroom = found.path;
});
afterAll(() => browser?.close());

const PAGES = [
  { name: 'map', path: () => '/', ready: '.torv-mark' },
  { name: 'places', path: () => '/places', ready: '.torv-table tbody tr' },
  { name: 'classroom', path: () => classroom, ready: '.torv-chart-canvas svg path' },
  { name: 'sign-in', path: () => '/sign-in', ready: 'form.torv-form' },
  { name: 'developers', path: () => '/developers', ready: '.torv-requests textarea' },
  { name: 'password', path: () => '/password', ready: 'h1' },
  { name: 'missing', path: () => '/nowhere', ready: 'main h1' },
];

describe.each(PAGES)('the page $name', ({ name, path, ready }) => {
  it('speaks four languages, and no name of a text leaks', async () => {
    const { page, faults, leave } = await newVisitor(browser);
    const findNames = listenForNames(page);
    await page.goto(`${origin}${path()}?lang=da`);
    await page.waitForSelector(ready, { state: 'attached' });
    for (const language of ['da', 'sv', 'nl', 'en'] as const) {
      await switchLanguage(page, language);
      await expectOwnWords(page, name, await findNames());
      await takePicture(page, `public-${name}`);
    }
    expect(faults()).toEqual([]);
    await leave();
  });

  it('has no barrier and nothing outside the screen: phone, tablet and desk, light and dark', async () => {
    const { page, faults, leave } = await newVisitor(browser, { viewport: SIZES.phone });
    // the longest words
    await page.goto(`${origin}${path()}?lang=nl`);
    await page.waitForSelector(ready, { state: 'attached' });
    for (const [size, colours] of LOOKS) {
      await show(page, size, colours);
      await expectToFit(page, `${name} on a ${size}`);
      await expectNoBarriers(page, `${name} on a ${size}, ${colours}`);
      await takePicture(page, `public-${name}`);
    }
    expect(faults()).toEqual([]);
    await leave();
  });
});

describe('a page without its data', () => {
  it.each([
    { name: 'map-empty', path: '/', status: 200, json: { places: [] }, says: '.torv-empty' },
    {
      name: 'places-no-database',
      path: '/places',
      status: 503,
      json: { status: 503, code: 'DATABASE_DOWN', detail: 'The database did not answer within 5 seconds.' },
      says: '[role="alert"]',
    },
  ])('says so, and leaves no barrier: $name', async ({ name, path, status, json, says }) => {
    const { page, faults, leave } = await newVisitor(browser);
    const findNames = listenForNames(page);
    await page.route('**/api/v1/places?*', (route) => route.fulfill({ status, json }));
    await page.goto(`${origin}${path}?lang=nl`);
    await page.locator(says).first().waitFor();
    await expectOwnWords(page, name, await findNames());
    for (const size of ['desk', 'phone'] as const) {
      await show(page, size);
      await expectToFit(page, `${name} on a ${size}`);
      await expectNoBarriers(page, `${name}, ${size}`);
      await takePicture(page, `public-${name}`);
    }
    expect(faults()).toEqual([]);
    await leave();
  });
});

describe('a developer', () => {
  it('sends a request, follows a link, shares what is seen, and is told what is wrong with another', async () => {
    const { page, faults, leave } = await newVisitor(browser);
    await page.goto(`${origin}/?lang=en`);
    await page.getByRole('contentinfo').getByRole('link', { name: 'For developers' }).click();
    await page.getByText('Places with their latest reading').click();
    await page.getByRole('button', { name: 'Send' }).click();
    const answer = page.getByRole('region', { name: 'Answer' });
    await answer.getByText('200 OK').waitFor();
    await answer.getByText('"result": ').first().waitFor();
    expect(await page.getByText(/^curl '/).textContent()).toContain(`${origin}/sta/v1.1/Things?$filter=`);

    // a link of the answer is asked in the same page, and the keyboard goes along
    await answer
      .getByRole('link', { name: /\/Datastreams\(\d+\)$/ })
      .first()
      .click();
    await page.waitForURL((url) => /^\/Datastreams\(\d+\)$/.test(url.searchParams.get('url') ?? ''));
    await page.locator('h3:focus', { hasText: 'Answer' }).waitFor();
    await answer.getByText('"unitOfMeasurement"').waitFor();
    await takePicture(page, 'public-developers-answer');
    await expectNoBarriers(page, 'an answer');

    // whoever gets this address sees the same, also on a phone
    const shared = await newVisitor(browser, { viewport: SIZES.phone });
    await shared.page.goto(page.url());
    await shared.page.getByText('"unitOfMeasurement"').waitFor();
    await expectToFit(shared.page, 'an answer on a phone');
    await takePicture(shared.page, 'public-developers-answer');
    await shared.leave();

    await page.goBack();
    await answer.getByText('"result": ').first().waitFor();

    const address = page.getByRole('textbox', { name: 'Path and query' });
    await address.fill("/Things?$filter=nme eq 'a'");
    await address.press('Enter');
    await page.getByRole('alert').getByText('The query is not valid').waitFor();
    expect(await page.locator('mark').textContent()).toBe('nme');
    await takePicture(page, 'public-developers-fault');
    await expectNoBarriers(page, 'a refused request');

    // nothing leaves the service from here
    await address.fill('https://example.org/sta/v1.1/Things');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Only addresses of this service can be tried here.').waitFor();
    expect(faults()).toEqual([]);
    await leave();
  });
});

describe('the language', () => {
  it('that is chosen in the menu stays for the next page and the next visit, from the first moment on', async () => {
    const { page, leave } = await newVisitor(browser);
    await page.goto(`${origin}/`);
    await switchLanguage(page, 'sv');
    await page.locator('.torv-town-list a').first().click();
    await page.waitForURL(/places\/\d+.*lang=sv/);
    // the address asks for nothing: what was chosen earlier counts, before a word is on the page
    await page.goto(`${origin}/`, { waitUntil: 'domcontentloaded' });
    expect(await page.locator('html').getAttribute('lang')).toBe('sv');
    await page.getByRole('heading', { level: 1, name: 'Staden just nu' }).waitFor();
    await leave();
  });

  it('is the browser’s own where nothing was chosen, and English where Torv does not speak it', async () => {
    for (const [locale, language] of [
      ['da-DK', 'da'],
      ['nl-BE', 'nl'],
      ['fi-FI', 'en'],
    ] as const) {
      const { page, leave } = await newVisitor(browser, { locale });
      await page.goto(`${origin}/sign-in`, { waitUntil: 'domcontentloaded' });
      expect(await page.locator('html').getAttribute('lang'), locale).toBe(language);
      await leave();
    }
  });
});
