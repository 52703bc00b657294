/** Somebody who has never seen Torv opens the town: what the first minute must give, by mouse, keyboard and address. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newVisitor, openBrowser, takePicture, type Visitor } from './browser.ts';
import { findRooms, type Room } from './town.ts';

const origin = inject('origin');
let browser: Browser;
let visitor: Visitor;
let rooms: readonly Room[];

beforeAll(async () => {
  browser = await openBrowser();
  rooms = await findRooms(origin);
});
afterAll(() => browser?.close());
beforeEach(async () => {
  visitor = await newVisitor(browser);
});
afterEach(async () => {
  const faults = visitor.faults();
  await visitor.leave();
  expect(faults).toEqual([]);
});

/** The classroom that the journeys look at. */
function aClassroom(): Room {
  const room = rooms.find((one) => one.property === 'co2' && one.kind === 'room');
  if (room === undefined) throw new Error('The demo town has no classroom with CO2');
  return room;
}

describe('a newcomer', () => {
  it('sees the town in a sentence, on the map, and as a list of the same places', async () => {
    const { page } = visitor;
    await page.goto(`${origin}/`);
    await page.waitForSelector('.torv-mark');
    expect(await page.title()).toContain('Torv');
    expect(await page.locator('h1').allInnerTexts()).toEqual(['The town right now']);
    expect(await page.locator('.torv-answer').innerText()).toMatch(/^\d+ (rooms|places): .*\d+ \w+.*\.$/);
    const listed = await page.locator('.torv-town-list li').count();
    const onMap = await page
      .locator('.torv-mark')
      .evaluateAll((marks) =>
        marks.reduce((sum, mark) => sum + Number(mark.textContent === '' ? 1 : mark.textContent), 0),
      );
    expect(listed).toBeGreaterThan(15);
    expect(onMap).toBe(listed);
    expect(await page.locator('.torv-map canvas').count()).toBe(1);
    await takePicture(page, 'newcomer-map');
  });

  it('opens a place from the map and reads its sentence there', async () => {
    const { page } = visitor;
    await page.goto(`${origin}/`);
    const mark = page.locator('.torv-mark', { hasNot: page.locator('span') }).first();
    await mark.click();
    const card = page.locator('.torv-map-card');
    expect(await card.locator('p').first().innerText()).toMatch(/\w.*\.$/);
    await takePicture(page, 'newcomer-map-card');
    await card.locator('a').first().click();
    await page.waitForURL('**/places/*');
  });

  it('opens a classroom with the keyboard alone and reads the answer, the finding and the table', async () => {
    const { page } = visitor;
    const room = aClassroom();
    await page.goto(`${origin}/`);
    await page.waitForSelector('.torv-town-list a');
    await page.waitForSelector('.torv-mark');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter'); // the skip link
    const isRoom = () =>
      page.evaluate(
        (path) => document.activeElement?.getAttribute('href')?.startsWith(path) ?? false,
        room.path,
      );
    for (let steps = 0; steps < 80 && !(await isRoom()); steps++) await page.keyboard.press('Tab');
    expect(await isRoom()).toBe(true);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${room.path}*`);
    await page.waitForSelector('.torv-chart-canvas svg path', { state: 'attached' });
    expect(await page.locator('h1').innerText()).toBe(room.name);
    expect(await page.locator('.torv-answer').innerText()).toMatch(
      /: [\d,]+\sppm CO2.*Guide value 1,000\sppm/,
    );
    expect(await page.locator('figure h3').first().innerText()).toMatch(/^CO2 .*\w/);
    const table = page.getByRole('button', { name: 'Show as table' }).first();
    await table.focus();
    await page.keyboard.press('Enter');
    const rows = page.locator('figure table tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBeGreaterThan(10);
    await takePicture(page, 'newcomer-classroom-table');
  });

  it('walks through the readings of a chart with the arrow keys', async () => {
    const { page } = visitor;
    await page.goto(`${origin}${aClassroom().path}`);
    // today's stands first, but the week's may be drawn before it
    const charts = page.getByRole('slider');
    await charts.nth(1).waitFor();
    const chart = charts.first();
    const read = () => chart.getAttribute('aria-valuetext');
    await chart.focus();
    await expect.poll(read).toMatch(/CO2 [\d,]+\sppm/);
    const last = await read();
    await page.keyboard.press('Home');
    await expect.poll(read).not.toBe(last);
    const first = await read();
    await page.keyboard.press('ArrowRight');
    await expect.poll(read).not.toBe(first);
    expect(await read()).not.toBe(last);
  });

  it('leads a classroom with its CO2 and leaves the light level for last', async () => {
    const { page } = visitor;
    await page.goto(`${origin}${aClassroom().path}`);
    await page.waitForSelector('.torv-chart-canvas');
    const names = await page.locator('.torv-now dt').allInnerTexts();
    expect(names.length).toBeGreaterThan(2);
    expect(names[0]).toBe('CO2');
    expect(names.at(-1)).toMatch(/Illuminance|Light/);
    expect(await page.locator('.torv-chart-canvas').first().getAttribute('aria-label')).toContain('CO2');
  });

  it('finds a place by typing part of its name', async () => {
    const { page } = visitor;
    const room = aClassroom();
    await page.goto(`${origin}/places`);
    await page.waitForSelector('.torv-table tbody tr');
    await page.getByRole('searchbox').fill(room.site);
    await page.waitForURL('**q=*');
    const names = await page.locator('.torv-table tbody tr').allInnerTexts();
    expect(names.length).toBeGreaterThan(1);
    expect(names.every((text) => text.includes(room.site))).toBe(true);
    await takePicture(page, 'newcomer-places');
  });
});

describe('the address of a page', () => {
  it('is its state: a deep link opens it, and a reload keeps it', async () => {
    const { page } = visitor;
    await page.goto(`${origin}${aClassroom().path}?range=month&property=air_temperature&lang=en`);
    const choice = page.getByRole('radio', { name: 'Month', exact: true });
    await choice.waitFor();
    const look = async () => {
      await page.waitForSelector('figure h3');
      return [
        await page.getByRole('radio', { name: 'Month', exact: true }).isChecked(),
        await page.getByRole('radio', { name: 'Temperature' }).isChecked(),
        new URL(page.url()).search,
      ];
    };
    const before = await look();
    expect(before.slice(0, 2)).toEqual([true, true]);
    await page.reload();
    expect(await look()).toEqual(before);
  });

  it('goes back to where the visitor came from, with the search still in place', async () => {
    const { page } = visitor;
    await page.goto(`${origin}/places?q=${encodeURIComponent(aClassroom().site)}`);
    await page.locator('.torv-table tbody a').first().click();
    await page.waitForURL(/places\/\d+/);
    await page.goBack();
    await page.waitForSelector('.torv-table tbody tr');
    expect(await page.getByRole('searchbox').inputValue()).toBe(aClassroom().site);
  });

  it.each(['/places/999999', '/nowhere/at/all'])('says helpfully that %s is not there', async (path) => {
    const { page } = visitor;
    await page.goto(`${origin}${path}`);
    const way = page.getByRole('main').getByRole('link', { name: 'Go to the map' });
    await way.waitFor();
    expect(await page.locator('h1').count()).toBe(1);
    await takePicture(page, `newcomer-missing-${path.split('/')[1]}`);
    await way.click();
    await page.waitForSelector('.torv-town-list li');
  });
});
