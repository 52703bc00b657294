/**
 * The doors in a real browser, against a real server with an empty data folder: the first administrator, an
 * invitation in another browser, sign-in with a wrong and the right password, keys, contacts, roles, the list of
 * changes, a new password. Takes screenshots, and fails on a console error, an axe finding, a secret that stays in
 * the address, or a page wider than its screen.
 *
 *   npm run build --workspace web && node e2e/access.mjs [--language nl] [--out artifacts/access]
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    language: { type: 'string', default: 'en' },
    port: { type: 'string', default: '8191' },
    out: { type: 'string', default: 'artifacts/access' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const PASSWORD = 'kobber lanterne syv bakker';
const OTHER_PASSWORD = 'stille vande under broen';
const ORIGIN = `http://localhost:${options.port}`;
const faults = [];

const dataDir = await mkdtemp(join(tmpdir(), 'torv-e2e-'));
const server = spawn(process.execPath, [join(ROOT, 'server/bin/torv.js'), 'serve'], {
  cwd: ROOT,
  env: { PATH: process.env.PATH, TORV_DATA: dataDir, TORV_PORT: options.port, TORV_MQTT_PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
server.stdout.on('data', (chunk) => {
  output += chunk;
});
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
await mkdir(join(ROOT, options.out), { recursive: true });
try {
  await walk();
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  await rm(dataDir, { recursive: true, force: true });
}
if (/[\w-]{43}/.test(output)) faults.push('a secret stands in the output of the server');
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'The doors open and close as they should' : `${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function walk() {
  const file = join(dataDir, 'first-administrator.txt');
  const firstLink = await waitFor(async () => (await readFile(file, 'utf8')).trim());

  const admin = await newPage();
  await admin.goto(withLanguage(firstLink));
  await admin.waitForSelector('form.torv-form');
  mustBeClean(admin);
  await shoot(admin, 'first');
  await admin.getByRole('textbox').nth(0).fill('Anna Example');
  await admin.locator('input[type=email]:visible').fill('first@skaering.example');
  await admin.locator('input[autocomplete=new-password]').fill('password1234');
  await admin.locator('input[autocomplete=organization]').fill('Skæring Kommune');
  await submit(admin);
  await admin.waitForSelector('[aria-invalid=true]');
  await shoot(admin, 'first-refused');
  await admin.locator('input[autocomplete=new-password]').fill(PASSWORD);
  await submit(admin);
  await admin.waitForURL(`${ORIGIN}/**`, { waitUntil: 'load' });
  await admin.waitForFunction(() => window.location.pathname === '/');

  await open(admin, '/settings', 'ul.torv-settings');
  await shoot(admin, 'settings');
  await open(admin, '/settings/users', '.torv-table');
  await admin.locator('form.torv-form input[type=email]').fill('editor@skaering.example');
  await admin.locator('form.torv-form input[type=radio]').nth(1).check();
  await submit(admin);
  await admin.waitForSelector('input[readonly]:visible');
  const invitation = await admin.locator('input[readonly]:visible').inputValue();
  await shoot(admin, 'users-invited');

  const editor = await newPage();
  await editor.goto(withLanguage(invitation.replace(/^http:\/\/[^/]+/, ORIGIN)));
  await editor.waitForSelector('form.torv-form');
  mustBeClean(editor);
  await editor.reload();
  await editor.waitForSelector('form.torv-form');
  await shoot(editor, 'invitation');
  await editor.locator('input[autocomplete=name]').fill('Bo Example');
  await editor.locator('input[autocomplete=new-password]').fill(PASSWORD);
  await submit(editor);
  await editor.waitForFunction(() => window.location.pathname === '/');
  await open(editor, '/settings', 'ul.torv-settings');
  if ((await editor.locator('ul.torv-settings li').count()) !== 1)
    faults.push('an editor is offered what he may not do');

  await open(editor, '/account', '.torv-table');
  await shoot(editor, 'account');

  await open(editor, '/settings/contacts', '.torv-empty');
  await editor.locator('.torv-empty button').click();
  await editor.locator('dialog[open] input').nth(0).fill('Caretaker, Skovskolen');
  await editor.locator('dialog[open] input').nth(1).fill('caretaker@skaering.example');
  await shoot(editor, 'contact-dialog');
  await editor.locator('dialog[open] button[type=submit]').click();
  await editor.waitForSelector('.torv-table');
  await shoot(editor, 'contacts');

  await open(admin, '/settings/users', '.torv-table');
  await shoot(admin, 'users');
  await open(admin, '/settings/keys', '.torv-empty');
  await shoot(admin, 'keys-empty');
  await admin.locator('form.torv-form input').nth(0).fill('Heating dashboard');
  await submit(admin);
  await admin.waitForSelector('input[readonly]:visible');
  const key = await admin.locator('input[readonly]:visible').inputValue();
  if (!/^torv_[a-z2-7]{8}_[\w-]{43}$/.test(key)) faults.push('the key that is shown is no key');
  await shoot(admin, 'key-shown');
  await admin.locator('.ds-alert .ds-button').last().click();
  await admin.waitForSelector('.torv-table');
  await shoot(admin, 'keys');
  await open(admin, '/settings/audit', '.torv-table');
  await shoot(admin, 'audit');

  const guest = await newPage();
  await open(guest, '/settings/users', 'form.torv-form, main h1');
  await open(guest, '/sign-in?return=%2Fsettings', 'form.torv-form');
  await shoot(guest, 'sign-in');
  await guest.locator('input[type=email]').fill('first@skaering.example');
  await guest.locator('input[autocomplete=current-password]').fill('not the password');
  await submit(guest);
  await guest.waitForSelector('[role=alert]');
  await shoot(guest, 'sign-in-wrong');
  await guest.locator('input[autocomplete=current-password]').fill(PASSWORD);
  await submit(guest);
  await guest.waitForSelector('ul.torv-settings');

  const members = await (await admin.request.get(`${ORIGIN}/api/v1/session`)).json();
  const organisation = members.organisations[0].id;
  const { users } = await (
    await admin.request.get(`${ORIGIN}/api/v1/users?organisation=${organisation}`)
  ).json();
  const member = users.find((one) => one.email === 'editor@skaering.example');
  const handed = await admin.request.post(
    `${ORIGIN}/api/v1/users/${member.id}/password-link?organisation=${organisation}`,
    { headers: { origin: ORIGIN } },
  );
  const { link } = await handed.json();
  const reset = await newPage();
  await open(reset, '/password', 'main h1');
  await shoot(reset, 'password-ask');
  await reset.goto(withLanguage(link));
  await reset.waitForSelector('form.torv-form');
  mustBeClean(reset);
  await shoot(reset, 'password-set');
  await reset.locator('input[autocomplete=new-password]').fill(OTHER_PASSWORD);
  await submit(reset);
  await reset.waitForFunction(() => window.location.pathname === '/');
  const dead = await newPage();
  await dead.goto(withLanguage(link));
  await dead.waitForSelector('h1');
  await shoot(dead, 'link-dead');
  const signedOut = await (await editor.request.get(`${ORIGIN}/api/v1/session`)).json();
  if (signedOut.user !== null) faults.push('a new password left an old session alive');
}

async function newPage() {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: options.language,
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    // a refusal that the walk provokes is told by the browser as well
    if (message.type() === 'error' && !/status of (400|401|403|404)/.test(message.text()))
      faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
  return page;
}

function withLanguage(link) {
  const url = new URL(link);
  url.searchParams.set('lang', options.language);
  return url.href;
}

async function open(page, path, ready) {
  const url = new URL(path, ORIGIN);
  url.searchParams.set('lang', options.language);
  await page.goto(url.href);
  await page.waitForSelector(ready);
}

async function submit(page) {
  await page.locator('form.torv-form button[type=submit]').last().click();
}

/** The secret of a link must not stay where the next person, or the history, can see it. */
function mustBeClean(page) {
  if (page.url().includes('#')) faults.push('the secret stayed in the address');
}

async function shoot(page, name) {
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme });
      await sleep(150);
      await page.screenshot({
        path: join(ROOT, options.out, `${name}-${options.language}-${width}-${scheme}.png`),
        fullPage: true,
      });
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) faults.push(`${name} at ${width}: ${wide} px too wide`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  const { violations } = await new AxeBuilder({ page }).analyze();
  for (const violation of violations)
    faults.push(
      `${name}: ${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    );
}

async function waitFor(read) {
  for (let tries = 0; tries < 900; tries++) {
    const value = await read().catch(() => '');
    if (value !== '') return value;
    await sleep(200);
  }
  throw new Error(`The server did not get ready: ${output}`);
}
