/** The page moves by itself while one looks, says when the line is broken, and goes on when it is back. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newVisitor, openBrowser, takePicture } from './browser.ts';
import { openLine } from './line.ts';
import { ADMINISTRATOR, signIn } from './people.ts';
import { askAsStaff, findDevices, findTownId, toFrame } from './town.ts';

const origin = inject('origin');
const CO2_PPM = 1830;
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

/** A door for frames, as a network server has it. */
async function makeWebhook(page: Page): Promise<string> {
  const path = `${origin}/api/v1/sources?organisation=${await findTownId(origin)}`;
  const source = { name: 'Second network server', kind: 'webhook', format: 'torv' };
  return (await askAsStaff<{ readonly key: string }>(page, path, source)).key;
}

describe('a page that is left open', () => {
  it('shows the next reading of a classroom, in the room and in the town, without being touched', async () => {
    const staff = await newVisitor(browser);
    await signIn(staff.page, origin, ADMINISTRATOR);
    const key = await makeWebhook(staff.page);
    // who has just spoken is silent for the next two minutes: nothing of its own comes between
    const sensor = (await findDevices(staff.page, origin))
      .filter((one) => one.codec?.key === 'elsys/ers-co2' && one.place !== null)
      .reduce((latest, one) =>
        (one.status?.lastSeen ?? '') > (latest.status?.lastSeen ?? '') ? one : latest,
      );
    const room = await newVisitor(browser);
    const town = await newVisitor(browser);
    const reading = room.page.locator('.torv-now > div', { hasText: 'CO2' });
    const row = town.page.locator(`.torv-table tbody tr`, {
      has: town.page.locator(`a[href^="/places/${sensor.place?.id}"]`),
    });
    await room.page.goto(`${origin}/places/${sensor.place?.id}`);
    await town.page.goto(`${origin}/places`);
    await reading.waitFor();
    await row.waitFor();
    for (const { page } of [room, town]) {
      await page.getByText('Live', { exact: true }).waitFor();
      await page.evaluate(() => Object.assign(window, { stillTheSamePage: true }));
    }
    const sent = await fetch(`${origin}/ingest/torv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-torv-key': key },
      body: JSON.stringify(toFrame(sensor.devEui, CO2_PPM)),
    });
    expect(sent.status).toBe(200);
    await reading.locator('.torv-number', { hasText: '1,830' }).waitFor();
    await room.page.locator('.torv-answer', { hasText: '1,830' }).waitFor();
    await row.getByText('1,830').waitFor();
    await takePicture(room.page, 'live-next-reading');
    for (const { page, faults } of [room, town]) {
      expect(await page.evaluate(() => 'stillTheSamePage' in window)).toBe(true);
      expect(faults()).toEqual([]);
    }
    for (const { leave } of [staff, room, town]) await leave();
  });

  it('says that it connects again when the server goes away, keeps what it knew, and recovers', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.goto(`${line.origin}/`);
    await page.getByText('Live', { exact: true }).waitFor();
    // the map is a part that is loaded later; without it there is nothing to keep
    await page.locator('.torv-mark').first().waitFor();
    const sentence = await page.locator('.torv-answer').innerText();
    await line.cut();
    await page.getByText('Connecting again').waitFor();
    expect(await page.locator('.torv-answer').innerText()).toBe(sentence);
    expect(await page.locator('.torv-town-list li').count()).toBeGreaterThan(15);
    await takePicture(page, 'live-connecting-again');
    await line.mend();
    await page.getByText('Live', { exact: true }).waitFor();
    await leave();
    await line.cut();
  });

  it('says that the server does not answer when a page is opened meanwhile, and offers to try again', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.goto(`${line.origin}/`);
    // pointing at a place fetches the part of the application that shows places; a busy machine is late with it
    const part = page.waitForResponse((answer) => /\/assets\/place-page.*[.]js$/.test(answer.url()));
    await page.locator('.torv-town-list a').first().hover();
    await part;
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await line.cut();
    await page.locator('.torv-town-list a').last().click();
    const problem = page.getByRole('alert');
    await problem.waitFor();
    expect(await problem.innerText()).toContain('The server does not answer');
    await takePicture(page, 'live-no-server');
    await line.mend();
    await problem.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.torv-chart-canvas');
    await leave();
    await line.cut();
  });
});
