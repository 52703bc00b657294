/**
 * The people who run a town's Torv, from the one link that opens an empty door to a technician's day. In order:
 * each journey stands on the one before. How the pages look in each language and size is judged in 07.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { judge, newVisitor, openBrowser, takePicture, type Visitor } from './browser.ts';
import { ADMINISTRATOR, TOWN } from './people.ts';
import { askAsStaff, findRooms, findTownId } from './town.ts';

const origin = inject('origin');
const firstLink = inject('firstLink');
let browser: Browser;
let administrator: Visitor;

beforeAll(async () => {
  browser = await openBrowser();
  administrator = await newVisitor(browser);
});
afterAll(() => browser?.close());

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
    // refused beside the field, and nothing that was written is lost
    await page.locator('input[autocomplete=new-password]').fill('password1234');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.locator('input[autocomplete=new-password][aria-invalid=true]').waitFor();
    expect(await page.locator('input[type=email]').inputValue()).toBe(ADMINISTRATOR.email);
    await judge(administrator, 'staff-first-administrator');
    await page.locator('input[autocomplete=new-password]').fill(ADMINISTRATOR.password);
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
    const device = page.locator('.torv-table tbody a').first();
    const name = await device.innerText();
    await device.click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.locator('table tbody tr').first().waitFor();
    expect(await page.locator('.torv-answer').innerText()).toMatch(/\.$/);
  });

  it('claims the device that waits, sees what it would say first, and finds its readings in the room', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/inbox?${TOWN}`);
    await page.locator('.torv-table tbody a').first().waitFor();
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
    await judge(administrator, 'staff-claim');
    await page.getByRole('button', { name: 'Claim the device' }).click();
    await page.waitForURL(/devices\/\d+/);
    await page.getByText('is claimed').waitFor();
    await page.goto(`${origin}/places/${library}?${TOWN}`);
    await page.waitForSelector('.torv-now dt');
    await page.waitForSelector('.torv-chart-canvas svg path', { state: 'attached' });
    await takePicture(page, 'staff-claimed-room');
  });

  it('gives a network server a key that is shown once, and its first frame waits in the inbox', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/sources/new?${TOWN}`);
    await page.getByLabel('Name', { exact: true }).fill('Harbour network server');
    await page.getByLabel('Network server', { exact: true }).selectOption('torv');
    await page.locator('input[type=radio][value=webhook]').check();
    await judge(administrator, 'staff-source-new');
    await page.locator('main form button[type=submit]').click();
    const shown = page.getByLabel('Key of Harbour network server');
    await shown.waitFor();
    const key = await shown.inputValue();
    await judge(administrator, 'staff-source-key');
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
  });

  it('opens a codec on the bench: its examples pass, and a changed payload is decoded at once', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/codecs?${TOWN}`);
    await page
      .getByRole('link', { name: /ERS CO2/ })
      .first()
      .click();
    await page.getByText(/examples? pass|and it passes/).waitFor();
    await page.getByLabel('fPort').fill('5');
    await page.getByLabel('Payload (hexadecimal)').fill('0100fa');
    // 0x00fa is 250 tenths of a degree
    await page.waitForFunction(() =>
      /\b25(\.0)?\b/.test(document.querySelector('section[aria-live=polite]')?.textContent ?? ''),
    );
    await takePicture(page, 'staff-codec-bench-changed');
  });

  it('decodes the past of a device again: what would change, the question, the work, and the right readings', async () => {
    const { page } = administrator;
    const town = await findTownId(origin);
    const ask = <T>(path: string, body: object, version?: number) =>
      askAsStaff<T>(page, `${origin}/api/v1/${path}?organisation=${town}`, body, version);
    // a codec that took tenths for whole degrees, a frame that it decoded, and the version that is right
    const model = {
      key: 'journey/thermometer',
      vendor: 'Journey',
      model: 'Thermometer',
      title: 'Temperature',
    };
    const mapping = [{ field: '/t', property: 'air_temperature', unit: 'Cel' }];
    const install = (script: string, version?: number) =>
      ask<{ version: number }>('codecs', { ...model, script, mapping, vectors: [] }, version);
    const { version } = await install('function decodeUplink(i) { return { data: { t: i.bytes[0] } }; }');
    const { key } = await ask<{ key: string }>('sources', {
      name: 'Source of the thermometer',
      kind: 'webhook',
      format: 'torv',
    });
    const place = (await findRooms(origin)).find((one) => one.kind === 'room');
    const devEui = '70B3D57ED0000E3A';
    const { device } = await ask<{ device: { id: number } }>('devices/claim', {
      devEui,
      codec: model.key,
      placeId: place?.id,
      from: '2026-01-01T00:00:00Z',
    });
    // 0x2d is 45 tenths of a degree
    const sent = await fetch(`${origin}/ingest/torv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-torv-key': key },
      body: JSON.stringify({ devEui, fPort: 1, payload: '2d' }),
    });
    expect(sent.status).toBe(200);
    await page.goto(`${origin}/devices/${device.id}?${TOWN}`);
    await page.getByText('45.0 °C').first().waitFor();
    await install('function decodeUplink(i) { return { data: { t: i.bytes[0] / 10 } }; }', version);
    await page.reload();
    await page.getByText('Decode earlier frames again').or(page.getByText('Decode again')).first().click();
    // the period ends now, to the minute; the frame may be of this very minute
    const until = page.getByLabel('Until', { exact: true });
    await until.fill((await until.inputValue()).replace(/T.*$/, 'T23:59'));
    await page.getByRole('button', { name: 'See what would change' }).click();
    await page.getByText('This would change:').waitFor();
    const figure = (name: string) =>
      page.locator('.torv-redecode-figures > div', { hasText: name }).locator('dd').innerText();
    expect(await figure('Readings with another value')).toBe('1');
    await takePicture(page, 'staff-decode-again');
    await page.getByRole('button', { name: 'Decode again now' }).click();
    const question = page.getByRole('dialog');
    await question.getByText('The old values stay in a log.').waitFor();
    await question.getByRole('button', { name: 'Decode again now' }).click();
    await page.getByText('Finished.').waitFor();
    expect(await figure('Readings with another value')).toBe('1');
    await page.getByText('4.5 °C').first().waitFor();
    await takePicture(page, 'staff-decoded-again');
  });
});
