/** A classroom's wall screen: opened by a link, one room and nothing else, honest without a line, closed at a word. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  expectNoBarriers,
  expectToFit,
  LAN_HOST,
  newVisitor,
  openBrowser,
  SIZES,
  show,
  takePicture,
  type Visitor,
  waitUntilDrawn,
} from './browser.ts';
import { openLine } from './line.ts';
import { ADMINISTRATOR, signIn, TOWN } from './people.ts';
import { findRooms, type Room } from './town.ts';

const origin = inject('origin');
let browser: Browser;
let staff: Visitor;
let room: Room;
let link: string;

beforeAll(async () => {
  browser = await openBrowser();
  staff = await newVisitor(browser);
  const found = (await findRooms(origin)).find((one) => one.kind === 'room' && one.property === 'co2');
  if (found === undefined) throw new Error('The demo town has no classroom with CO2');
  room = found;
});
afterAll(() => browser?.close());

/** A screen asks again by its own clock; a jump of that clock saves the wait, and what follows takes as long as it takes. */
async function passTimeUntil(page: Page, isSo: () => Promise<boolean>): Promise<void> {
  await expect
    .poll(
      async () => {
        await page.clock.fastForward(16_000);
        await waitUntilDrawn(page);
        return isSo();
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
}

describe('the screen of a room', () => {
  it('gets its link from staff on the place page, shown once', async () => {
    const { page } = staff;
    await signIn(page, origin, ADMINISTRATOR);
    await page.goto(`${origin}${room.path}?${TOWN}`);
    await page.getByText('Room screens').click();
    await page.getByRole('button', { name: 'Make a link' }).click();
    const shown = page.locator('input[readonly]');
    await shown.waitFor();
    link = await shown.inputValue();
    expect(link).toMatch(/\/screen\?place=\d+#[\w-]{43}$/);
    await expectNoBarriers(page, 'the page');
    await takePicture(page, 'screen-link-made');
    await page.getByRole('button', { name: 'I have kept it' }).click();
    expect(await shown.count()).toBe(0);
    expect(await page.getByRole('button', { name: /Withdraw/ }).count()).toBe(1);
  });

  it('opens without signing in: the name, one sentence, the number and the curve of today', async () => {
    const { page, faults, leave } = await newVisitor(browser, { viewport: SIZES.wall });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${link.replace('#', '&lang=en#')}`);
    await page.waitForSelector('.torv-screen .torv-chart-canvas');
    expect(await page.locator('h1').innerText()).toBe(room.name);
    expect(await page.locator('.torv-screen-sentence').innerText()).toMatch(/ppm CO2.*Guide value/);
    expect(await page.locator('.torv-screen-number').innerText()).toMatch(/^[\d,]+\sppm/);
    expect(await page.locator('header nav, footer').count()).toBe(0);
    await expectNoBarriers(page, 'the page');
    await takePicture(page, 'screen-wall');
    for (const size of ['tablet', 'phone'] as const) {
      // turned: it is drawn again for its new width
      await show(page, size);
      await expectToFit(page, `the screen on a ${size}`);
      await takePicture(page, 'screen-wall');
    }
    // the secret is never in an address that is sent
    const secret = link.split('#')[1] ?? 'none';
    expect(asked.filter((url) => url.split('#')[0]?.includes(secret))).toEqual([]);
    expect(faults()).toEqual([]);
    await leave();
  });

  it('speaks the language of the organisation unless the address asks for another', async () => {
    const { page, leave } = await newVisitor(browser);
    await page.goto(link);
    await page.waitForSelector('.torv-screen-sentence');
    expect(await page.locator('html').getAttribute('lang')).toBe('da');
    expect(await page.locator('.torv-screen-sentence').innerText()).toContain('Vejledende');
    await leave();
  });

  it('opens its own room and nothing else', async () => {
    const secret = link.split('#')[1] ?? '';
    const headers = { authorization: `Torv-Link ${secret}` };
    const ask = async (path: string) => (await fetch(`${origin}${path}`, { headers })).status;
    expect(await ask(`/api/v1${room.path}`)).toBe(200);
    expect(await ask(`/api/v1${room.path}/screens`)).toBe(403);
    expect(await ask('/api/v1/me')).toBe(403);
  });

  it('keeps the last values without a line, says since when, and comes back', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.clock.install();
    await page.goto(link.replace('#', '&lang=en#').replace(origin, line.origin));
    const number = page.locator('.torv-screen-number');
    await number.waitFor();
    await page.waitForSelector('.torv-chart-canvas svg path', { state: 'attached' });
    const before = await number.innerText();
    await line.cut();
    const notice = page.getByText('No connection since');
    await passTimeUntil(page, () => notice.isVisible());
    expect(await number.innerText()).toBe(before);
    await takePicture(page, 'screen-no-line');
    await line.mend();
    await passTimeUntil(page, () => notice.isHidden());
    await leave();
    await line.cut();
  });

  it('comes up again without a line: the last values, said to be old when they are', async () => {
    const line = await openLine(origin);
    const { page, leave } = await newVisitor(browser);
    await page.goto(link.replace('#', '&lang=en#').replace(origin, line.origin));
    const number = page.locator('.torv-screen-number');
    await number.waitFor();
    // the page has itself kept by its worker as soon as it has settled; a clock of ours would hide what it is made of
    const isKept = () => page.evaluate(async () => (await caches.match('/screen')) !== undefined);
    await expect.poll(isKept, { timeout: 60_000, interval: 200 }).toBe(true);
    const before = await number.innerText();
    await line.cut();
    await page.clock.install();
    await page.reload();
    await number.waitFor();
    expect(await number.innerText()).toBe(before);
    await page.getByText('No connection since').waitFor();
    await page.waitForSelector('.torv-chart-canvas svg path', { state: 'attached' });
    const sentence = page.locator('.torv-screen-sentence');
    await page.clock.fastForward('40:00');
    await passTimeUntil(page, async () => /Last heard .* ago/.test(await sentence.innerText()));
    expect(await number.innerText()).toMatch(/ppm[\s\S]*old$/);
    await takePicture(page, 'screen-reloaded-without-a-line');
    await leave();
  });

  it('works over plain http on the town’s own network, and complains of nothing', async () => {
    const { page, faults, leave } = await newVisitor(browser);
    await page.goto(link.replace('#', '&lang=en#').replace(/\/\/[^:/]+/, `//${LAN_HOST}`));
    await page.locator('.torv-screen-number').waitFor();
    await page.waitForSelector('.torv-chart-canvas svg path', { state: 'attached' });
    expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
    expect(await page.locator('.torv-screen-foot').innerText()).toBe('');
    // the browser tells developers that one header waits for https
    expect(faults().filter((text) => !text.includes('Cross-Origin-Opener-Policy'))).toEqual([]);
    await leave();
  });

  it('closes when staff withdraw its link', async () => {
    const { page, leave } = await newVisitor(browser);
    await page.clock.install();
    await page.goto(link.replace('#', '&lang=en#'));
    await page.waitForSelector('.torv-screen-number');
    await staff.page.getByRole('button', { name: /Withdraw/ }).click();
    await staff.page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    const closed = page.getByRole('heading', { name: 'This screen is closed' });
    await passTimeUntil(page, () => closed.isVisible());
    expect(await page.locator('.torv-screen-number').count()).toBe(0);
    await takePicture(page, 'screen-closed');
    await leave();
  });
});
