/**
 * The page of files in a real browser, against a real server: a file is chosen, its columns are told, the preview
 * names its bad line, the rest is written, the same file again writes nothing, and the export has it. Fails on a
 * console error, an axe finding, or a page wider than its screen.
 *
 *   npm run build --workspace web && node e2e/files.mjs [--language nl] [--out artifacts/files]
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
    port: { type: 'string', default: '8193' },
    out: { type: 'string', default: 'artifacts/files' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const ORIGIN = `http://localhost:${options.port}`;
const OUT = join(ROOT, options.out);
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
await mkdir(OUT, { recursive: true });
try {
  await walk();
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((ended) => server.once('exit', ended));
  await rm(dataDir, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log('The page of files works.');

async function walk() {
  for (let tries = 0; !output.includes('first-administrator.txt'); tries++) {
    if (tries > 300) throw new Error(`The server does not start:\n${output}`);
    await sleep(1000);
  }
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    locale: options.language,
  });
  const { id, slug } = await settleIn(context);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  const file = join(dataDir, 'room.csv');
  await writeFile(
    file,
    'tid;co2;temp\n2026-10-25 02:30;600;20,5\n2026-10-25 02:40;610;20,6\n2026-10-25 02:10;620;x\n2026-10-25 03:00;630;20,8\n',
  );
  await page.goto(`${ORIGIN}/files?lang=${options.language}&organisation=${slug}`);
  await page.locator('input[type=file]').waitFor();
  await shoot(page, 'empty');
  for (const [round, expected] of [
    ['first', 7],
    ['again', 0],
  ]) {
    await page.locator('input[type=file]').setInputFiles(file);
    await page.locator('form select').nth(6).waitFor();
    await page.locator('form select').nth(6).selectOption({ label: 'Room 1' });
    await shoot(page, `mapping-${round}`);
    await page.locator('form button[type=submit]').click();
    await page.locator('input[value=leave-out]').waitFor();
    await shoot(page, `preview-${round}`);
    await page.locator('input[value=leave-out]').check();
    const answered = page.waitForResponse(
      (r) => /\/imports\/[0-9a-f]+$/.test(r.url()) && r.request().method() === 'GET',
    );
    await page.getByTestId('confirm').click();
    await answered;
    await page.locator('[role=status].ds-alert').waitFor();
    const report = await page.locator('[role=status].ds-alert').innerText();
    if (!report.includes(String(expected)))
      faults.push(`${round}: "${report}" does not tell ${expected} readings`);
    await shoot(page, `report-${round}`);
    await page.reload();
    await page.locator('input[type=file]').waitFor();
  }
  const csv = await (await context.request.get(`${ORIGIN}/api/v1/export/readings?organisation=${id}`)).text();
  if (csv.trim().split('\n').length !== 8) faults.push(`The export has other lines:\n${csv}`);
}

/** The first administrator with an organisation and a room, by the interfaces. */
async function settleIn(context) {
  const link = (await readFile(join(dataDir, 'first-administrator.txt'), 'utf8')).match(/#(\S+)/)?.[1];
  const made = await context.request.post(`${ORIGIN}/api/v1/links/first-administrator`, {
    data: {
      secret: link,
      email: 'first@skaering.example',
      name: 'First administrator',
      password: 'kobber lanterne syv bakker',
      organisation: { name: 'Skæring', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
    },
  });
  if (!made.ok()) throw new Error(await made.text());
  const organisation = (await made.json()).organisations.find((one) => one.role === 'administrator');
  const place = await context.request.post(`${ORIGIN}/api/v1/places?organisation=${organisation.id}`, {
    data: { name: 'Room 1', kind: 'point', externalRef: 'R1' },
  });
  if (!place.ok()) throw new Error(await place.text());
  return organisation;
}

async function shoot(page, name) {
  for (const [width, height] of [
    [390, 844],
    [1440, 1000],
  ]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 1) faults.push(`${name} at ${width} px is ${wide} px too wide`);
    await page.screenshot({ path: join(OUT, `${name}-${width}.png`), fullPage: true });
  }
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  for (const one of violations)
    faults.push(`${name}: axe ${one.id}: ${one.nodes.map((node) => node.target).join(' ')}`);
}
