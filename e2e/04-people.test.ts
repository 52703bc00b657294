/**
 * The people at work and their doors: invitation, wrong and right password, a key for a program, a new password,
 * and the list of changes that names it all. The first administrator's account is made in 03.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { judge, newVisitor, openBrowser, type Visitor } from './browser.ts';
import { ADMINISTRATOR, EDITOR, signIn, TOWN } from './people.ts';

const origin = inject('origin');
const NEW_PASSWORD = 'tre gule spande ved kajen';
let browser: Browser;
let administrator: Visitor;

beforeAll(async () => {
  browser = await openBrowser();
  administrator = await newVisitor(browser);
  await signIn(administrator.page, origin, ADMINISTRATOR);
});
afterAll(() => browser?.close());

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
    await judge(administrator, 'people-invite');

    const second = await newVisitor(browser);
    const opened = new URL(link);
    opened.searchParams.set('lang', 'en');
    await second.page.goto(opened.href);
    await second.page.waitForSelector('form.torv-form');
    expect(second.page.url()).not.toContain('#');
    await second.page.locator('input[autocomplete=name]').fill('The editor');
    await second.page.locator('input[autocomplete=new-password]').fill(EDITOR.password);
    await judge(second, 'people-invitation');
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
    await judge(visitor, 'people-wrong-password');
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

describe('a program', () => {
  it('gets a key that is shown once, reads with it, and is refused once it is withdrawn', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/settings/keys?${TOWN}`);
    await page.getByLabel('What is it for?').fill('Heating dashboard');
    await page.getByRole('button', { name: 'Create the key' }).click();
    const shown = page.getByLabel('Key “Heating dashboard”');
    await shown.waitFor();
    const key = await shown.inputValue();
    expect(key).toMatch(/^torv_[a-z2-7]{8}_[\w-]{43}$/);
    await judge(administrator, 'people-key-shown');
    const ask = async () => {
      const headers = { authorization: `Bearer ${key}` };
      return (await fetch(`${origin}/api/v1/session`, { headers })).status;
    };
    expect(await ask()).toBe(200);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    const row = page.getByRole('row', { name: /Heating dashboard/ });
    await row.waitFor();
    expect(await page.locator('body').innerText()).not.toContain(key);
    await row.getByRole('button', { name: /Withdraw/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click();
    await row.getByText('withdrawn').waitFor();
    expect(await ask()).toBe(401);
  });
});

describe('a forgotten password', () => {
  it('is replaced by a link from an administrator, which ends every old session and works once', async () => {
    const before = await newVisitor(browser);
    await signIn(before.page, origin, EDITOR);
    const { page } = administrator;
    await page.goto(`${origin}/settings/users?${TOWN}`);
    await page.getByRole('button', { name: /^Link for a new password\W+The editor/ }).click();
    const shown = page.getByLabel('Link for The editor');
    await shown.waitFor();
    const link = new URL(await shown.inputValue());
    link.searchParams.set('lang', 'en');

    const after = await newVisitor(browser);
    await after.page.goto(link.href);
    await after.page.waitForSelector('form.torv-form');
    expect(after.page.url()).not.toContain('#');
    await after.page.locator('input[autocomplete=new-password]').fill(NEW_PASSWORD);
    await judge(after, 'people-new-password');
    await after.page.locator('form.torv-form button[type=submit]').click();
    await after.page.getByRole('button', { name: /The editor/ }).waitFor();
    expect((await before.page.request.get(`${origin}/api/v1/me`)).status()).toBe(401);

    const late = await newVisitor(browser);
    await late.page.goto(link.href);
    await late.page.getByRole('heading', { name: 'This link no longer works' }).waitFor();
    await judge(late, 'people-dead-link');
    for (const visitor of [before, after, late]) await visitor.leave();
  });
});

describe('the list of changes', () => {
  it('tells who did what, and holds no secret', async () => {
    const { page } = administrator;
    await page.goto(`${origin}/settings/audit?${TOWN}`);
    await page.waitForSelector('.torv-table tbody tr');
    const text = await page.locator('.torv-table').innerText();
    for (const change of ['Key created', 'Device claimed', 'Invitation created', 'Source created'])
      expect(text).toContain(change);
    expect(text).not.toMatch(/torv_[a-z2-7]{8}_[\w-]{43}/);
    expect(text).not.toContain(NEW_PASSWORD);
  });
});
