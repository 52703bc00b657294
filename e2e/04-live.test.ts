/** The page moves by itself while one looks, says when the line is broken, and goes on when it is back. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newVisitor, openBrowser, takePicture } from './browser.ts';
import { openLine } from './line.ts';
import { findRooms } from './town.ts';

const origin = inject('origin');
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

describe('a page that is left open', () => {
  it('shows the next reading of a classroom without being touched', async () => {
    const classrooms = (await findRooms(origin)).filter(
      (room) => room.property === 'co2' && room.kind === 'room',
    );
    // whose last word is longest ago speaks next
    const next = classrooms.reduce((oldest, room) => (room.heardMs < oldest.heardMs ? room : oldest));
    const { page, faults, leave } = await newVisitor(browser);
    await page.goto(`${origin}${next.path}`);
    const reading = page.locator('.torv-now > div', { hasText: 'CO2' });
    await reading.waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const when = reading.locator('[data-absolute]');
    const seen = {
      value: await reading.locator('.torv-number').innerText(),
      at: await when.getAttribute('data-absolute'),
    };
    await page.evaluate(() => Object.assign(window, { stillTheSamePage: true }));
    await page.waitForFunction(
      (old) =>
        [...document.querySelectorAll('.torv-now > div')]
          .find((one) => one.textContent?.includes('CO2'))
          ?.querySelector('[data-absolute]')
          ?.getAttribute('data-absolute') !== old,
      seen.at,
      { timeout: 240_000 },
    );
    expect(await page.evaluate(() => 'stillTheSamePage' in window)).toBe(true);
    const shown = await reading.locator('.torv-number').innerText();
    const place = (await (await fetch(`${origin}/api/v1${next.path}`)).json()) as {
      current: readonly { property: string; value: number }[];
    };
    const stored = place.current.find((one) => one.property === 'co2')?.value ?? Number.NaN;
    expect(Number(shown.replace(/\D/g, ''))).toBe(Math.round(stored));
    expect(faults()).toEqual([]);
    await leave();
  }, 300_000);

  it('says that it connects again when the server goes away, keeps what it knew, and recovers', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.goto(`${line.origin}/`);
    await page.getByText('Live', { exact: true }).waitFor();
    const sentence = await page.locator('.torv-answer').innerText();
    await line.cut();
    await page.getByText('Connecting again').waitFor();
    expect(await page.locator('.torv-answer').innerText()).toBe(sentence);
    expect(await page.locator('.torv-town-list li').count()).toBeGreaterThan(15);
    await takePicture(page, 'live-connecting-again');
    await line.mend();
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 });
    await leave();
    await line.cut();
  });

  it('says that the server does not answer when a page is opened meanwhile, and offers to try again', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.goto(`${line.origin}/`);
    await page.locator('.torv-town-list a').first().hover();
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await line.cut();
    await page.locator('.torv-town-list a').last().click();
    const problem = page.getByRole('alert');
    await problem.waitFor();
    expect(await problem.innerText()).toContain('The server does not answer');
    await takePicture(page, 'live-no-server');
    await line.mend();
    await problem.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.torv-chart-canvas', { timeout: 60_000 });
    await leave();
    await line.cut();
  });
});
