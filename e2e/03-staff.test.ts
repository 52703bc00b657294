/**
 * The people who run a town's Torv, from the one link that opens an empty door to the second person at work.
 * In order: each journey stands on the one before.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  findBarriers,
  findOverflowPx,
  newVisitor,
  openBrowser,
  PHONE,
  takePicture,
  type Visitor,
} from './browser.ts';
import { ADMINISTRATOR, EDITOR, signIn, TOWN } from './people.ts';

const origin = inject('origin');
const firstLink = inject('firstLink');
let browser: Browser;
let administrator: Visitor;

beforeAll(async () => {
  browser = await openBrowser();
  administrator = await newVisitor(browser);
});
afterAll(() => browser?.close());

/** What every staff page must be as well: reachable, inside the screen, and without a script error. */
async function judge(visitor: Visitor, name: string): Promise<void> {
  const { page } = visitor;
  const desk = page.viewportSize();
  await takePicture(page, `staff-${name}`);
  expect(await findBarriers(page), name).toEqual([]);
  await page.setViewportSize(PHONE);
  expect(await findOverflowPx(page), `${name} on a phone`).toBeLessThanOrEqual(0);
  await takePicture(page, `staff-${name}-phone`);
  if (desk) await page.setViewportSize(desk);
  expect(visitor.faults(), name).toEqual([]);
}

describe('the first administrator', () => {
  it('comes in by the link, which leaves the address at once, and makes an account', async () => {
    const { page } = administrator;
    await page.goto(firstLink);
    await page.waitForSelector('form.torv-form');
    expect(page.url()).not.toContain('#');
    await page.locator('input[autocomplete=name]').fill('The administrator');
    await page.locator('input[type=email]').fill(ADMINISTRATOR.email);
    await page.locator('input[autocomplete=new-password]').fill(ADMINISTRATOR.password);
    const organisation = page.locator('input[autocomplete=organization]');
    if (await organisation.isVisible()) await organisation.fill('Storby Kommune');
    await judge(administrator, 'first-administrator');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.waitForURL((url) => url.pathname === '/');
    await page.getByRole('button', { name: /The administrator/ }).waitFor();
  });

  it('finds the link dead when it is opened again', async () => {
    const stranger = await newVisitor(browser);
    await stranger.page.goto(firstLink);
    await stranger.page.waitForSelector('h1');
    expect(await stranger.page.locator('form.torv-form').count()).toBe(0);
    await takePicture(stranger.page, 'staff-dead-link');
    await stranger.leave();
  });
});

describe('the technician', () => {
  it('sees every device with its condition, and opens one with its frames beside its readings', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/devices?${TOWN}`);
    await page.waitForSelector('.torv-table tbody tr');
    expect(await page.locator('.torv-table tbody tr').count()).toBeGreaterThan(15);
    expect(await page.locator('.torv-answer').innerText()).toMatch(/\d+ .*device/);
    await judge(administrator, 'devices');
    const device = page.locator('.torv-table tbody a').first();
    const name = await device.innerText();
    await device.click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.locator('table tbody tr').first().waitFor();
    expect(await page.locator('.torv-answer').innerText()).toMatch(/\.$/);
    await judge(administrator, 'device');
  });

  it('claims the device that waits, sees what it would say first, and finds its readings in the room', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/inbox?${TOWN}`);
    await page.locator('.torv-table tbody a').first().waitFor();
    await judge(administrator, 'inbox');
    await page.locator('.torv-table tbody a').first().click();
    await page.waitForURL(/inbox\/\d+/);
    const codec = page.locator('main select').first();
    // the suggestion stands first, after the empty choice
    if ((await codec.inputValue()) === '') await codec.selectOption({ index: 1 });
    await page
      .locator('#preview ~ * table tbody tr, section[aria-labelledby=preview] table tbody tr')
      .first()
      .waitFor();
    const place = page.getByLabel('Place', { exact: true });
    const library = await place.locator('option', { hasText: 'Biblioteket' }).getAttribute('value');
    await place.selectOption(library ?? '');
    await judge(administrator, 'claim');
    await page.getByRole('button', { name: 'Claim the device' }).click();
    await page.waitForURL(/devices\/\d+/);
    await page.getByText('is claimed').waitFor();
    await page.goto(`${origin}/places/${library}?${TOWN}`);
    await page.waitForSelector('.torv-now dt');
    await takePicture(page, 'staff-claimed-room');
  });

  it('gives a network server a key that is shown once, and its first frame waits in the inbox', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/sources/new?${TOWN}`);
    await page.getByLabel('Name', { exact: true }).fill('Harbour network server');
    await page.getByLabel('Network server', { exact: true }).selectOption('torv');
    await page.locator('input[type=radio][value=webhook]').check();
    await judge(administrator, 'source-new');
    await page.locator('main form button[type=submit]').click();
    const shown = page.getByLabel('Key of Harbour network server');
    await shown.waitFor();
    const key = await shown.inputValue();
    await judge(administrator, 'source-key');
    const frame = {
      devEui: '70B3D57ED0000E2E',
      fPort: 5,
      payload: '0100e202290400270506060308070d62',
      name: 'Harbour 1',
    };
    const post = (key: string, body: unknown) =>
      fetch(`${origin}/ingest/torv`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-torv-key': key },
        body: JSON.stringify(body),
      });
    expect((await post('a-key-that-nobody-ever-gave-away', frame)).status).toBe(401);
    const wrong = await post(key, { ...frame, fPort: 'five' });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('fPort');
    expect((await post(key, frame)).status).toBe(200);
    await page.goto(`${origin}/inbox?${TOWN}`);
    await page.getByText('70B3D57ED0000E2E').waitFor();
    await takePicture(page, 'staff-inbox-after-webhook');
    await page.goto(`${origin}/sources?${TOWN}`);
    await page.getByText('Harbour network server').first().waitFor();
    expect(await page.locator('body').innerText()).not.toContain(key);
    await judge(administrator, 'sources');
  });

  it('opens a codec on the bench: its examples pass, and a changed payload is decoded at once', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/codecs?${TOWN}`);
    await page
      .getByRole('link', { name: /ERS CO2/ })
      .first()
      .click();
    await page.getByText(/examples? pass|and it passes/).waitFor();
    await judge(administrator, 'codec-bench');
    await page.getByLabel('fPort').fill('5');
    await page.getByLabel('Payload (hexadecimal)').fill('0100fa');
    // 0x00fa is 250 tenths of a degree
    await page.waitForFunction(() =>
      /\b25(\.0)?\b/.test(document.querySelector('section[aria-live=polite]')?.textContent ?? ''),
    );
    await takePicture(page, 'staff-codec-bench-changed');
  });
});

describe('a second person', () => {
  it('is invited by a link, accepts it in a browser of his own, and sees no more than his role', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/settings/users?${TOWN}`);
    await page.locator('form.torv-form input[type=email]').fill(EDITOR.email);
    await page.getByRole('radio', { name: 'Editor' }).check();
    await page.getByRole('button', { name: 'Make the link' }).click();
    const handed = page.locator('input[readonly]');
    await handed.waitFor();
    const link = await handed.inputValue();
    await judge(administrator, 'invite');

    const second = await newVisitor(browser);
    const opened = new URL(link);
    opened.searchParams.set('lang', 'en');
    await second.page.goto(opened.href);
    await second.page.waitForSelector('form.torv-form');
    expect(second.page.url()).not.toContain('#');
    await second.page.locator('input[autocomplete=name]').fill('The editor');
    await second.page.locator('input[autocomplete=new-password]').fill(EDITOR.password);
    await judge(second, 'invitation');
    await second.page.getByRole('button', { name: 'Accept the invitation' }).click();
    await second.page.waitForURL((url) => url.pathname === '/');
    await second.page.goto(`${origin}/settings/users?${TOWN}`);
    await second.page.waitForSelector('h1');
    expect(await second.page.locator('form.torv-form input[type=email]').count()).toBe(0);
    await second.leave();
  });

  it('is told that the password is wrong without losing what he wrote, and comes in with the right one', async () => {
    const visitor = await newVisitor(browser);
    const { page } = visitor;
    await page.goto(`${origin}/sign-in`);
    await page.getByLabel('E-mail address').fill(EDITOR.email);
    await page.locator('input[autocomplete=current-password]').fill('not the password at all');
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain('password is wrong');
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(EDITOR.email);
    await judge(visitor, 'wrong-password');
    await signIn(page, origin, EDITOR);
    await page.getByRole('button', { name: /The editor/ }).waitFor();
    await visitor.leave();
  });

  it('signs out, and what is for staff is closed again', async () => {
    const { page, leave } = await newVisitor(browser);
    await signIn(page, origin, EDITOR);
    await page.getByRole('button', { name: /The editor/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    const answer = await page.request.get(`${origin}/api/v1/me`);
    expect(answer.status()).toBe(401);
    expect(await page.getByRole('link', { name: 'Devices' }).count()).toBe(0);
    await leave();
  });
});
