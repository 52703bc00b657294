/**
 * Screenshots of the public pages out of the production build, under the server's content security policy, with
 * the answers of web/src/fixtures: three widths, light and dark, the languages given. Also fails on a console
 * error, a refused resource, a page wider than its screen or anything that axe finds (WCAG 2.2 AA).
 *
 *   npm run build --workspace web && node e2e/screens.mjs [--languages en,da] [--only name] [--widths 390] [--out artifacts/screens]
 */
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import AxeBuilder from '@axe-core/playwright';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    languages: { type: 'string', default: 'en,da' },
    only: { type: 'string', multiple: true },
    widths: { type: 'string', default: '390,820,1440' },
    out: { type: 'string', default: 'artifacts/screens' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});

const SCREENS = [
  { name: 'map', path: '/', ready: '.torv-mark' },
  { name: 'map-open', path: '/', ready: '.torv-mark', press: '.torv-mark[data-level="attention"]' },
  { name: 'map-empty', path: '/', ready: '.torv-empty', fixtures: 'empty' },
  { name: 'places', path: '/places', ready: '.torv-table' },
  { name: 'places-error', path: '/places', ready: '[role="alert"]', fixtures: 'error' },
  { name: 'place', path: '/places/21', ready: '.torv-chart-canvas svg path' },
  {
    name: 'place-table',
    path: '/places/21',
    ready: '.torv-chart-canvas svg path',
    press: '.torv-chart-foot button',
  },
  { name: 'site', path: '/places/10', ready: '.torv-table' },
  { name: 'not-found', path: '/nowhere', ready: 'h1' },
];
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = options.widths.split(',').map(Number);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; " +
  "img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const fixtures = await loadFixtures();
const server = createServer(serve).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    '--no-sandbox',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const faults = [];
await mkdir(join(ROOT, options.out), { recursive: true });
for (const screen of SCREENS.filter((one) => options.only?.includes(one.name) ?? true)) {
  for (const language of options.languages.split(',')) {
    for (const width of WIDTHS) {
      for (const scheme of ['light', 'dark']) await shoot(screen, language, width, scheme);
    }
  }
}
await browser.close();
server.close();
for (const fault of new Set(faults)) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

async function shoot(screen, language, width, scheme) {
  const name = `${screen.name}-${language}-${width}-${scheme}`;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  await page.route('**/api/**', (route) => answer(route, screen.fixtures));
  page.on('pageerror', (error) => faults.push(`${name}: ${error.message}`));
  page.on('console', (message) => {
    const expected = screen.fixtures === 'error' && message.text().includes('503');
    if (message.type() === 'error' && !expected) faults.push(`${name}: ${message.text()}`);
  });
  try {
    await page.goto(`${origin}${screen.path}?lang=${language}`);
    await page.waitForSelector(screen.ready, { state: 'attached', timeout: 15_000 });
    if (screen.press) await page.locator(screen.press).first().click();
    await page.waitForTimeout(700);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wider > 0) faults.push(`${name}: the page is ${wider} px wider than the screen`);
    const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
    for (const found of violations) {
      faults.push(`${name}: ${found.id}: ${found.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
    }
    await page.screenshot({ path: join(ROOT, options.out, `${name}.png`), fullPage: true });
  } catch (error) {
    faults.push(`${name}: ${error.message.split('\n')[0]}`);
  }
  await context.close();
}

/** The answers of the development fixtures; the live stream opens and says nothing. */
async function answer(route, kind) {
  const url = new URL(route.request().url());
  const place = url.pathname.match(/^\/api\/v1\/places\/([^/]+)(\/series)?$/);
  if (url.pathname === '/api/v1/session') return route.fulfill({ json: fixtures.session });
  if (url.pathname === '/api/v1/live') {
    return route.fulfill({ contentType: 'text/event-stream', body: 'retry: 600000\n\n' });
  }
  if (kind === 'error') {
    const json = {
      status: 503,
      code: 'DATABASE_DOWN',
      detail: 'The database did not answer within 5 seconds.',
    };
    return route.fulfill({ status: 503, contentType: 'application/problem+json', json });
  }
  if (url.pathname === '/api/v1/places') {
    return route.fulfill({ json: { places: kind === 'empty' ? [] : fixtures.places() } });
  }
  if (url.pathname === '/api/v1/ground') return route.fulfill({ json: fixtures.ground });
  if (place?.[2]) {
    const query = Object.fromEntries(url.searchParams);
    const json = fixtures.series(
      Number(place[1]),
      query.property,
      query.from,
      query.to,
      Number(query.points),
    );
    return route.fulfill({ json });
  }
  const found = place && fixtures.place(Number(place[1]));
  return found ? route.fulfill({ json: found }) : route.fulfill({ status: 404, json: { code: 'NOT_FOUND' } });
}

async function loadFixtures() {
  const result = await build({
    entryPoints: [join(ROOT, 'web/src/fixtures/town.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  return import(
    `data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`
  );
}

async function serve(request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
  const file = extname(path) === '' ? '/index.html' : path;
  try {
    const bytes = await readFile(join(ROOT, 'build/web', file));
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}
