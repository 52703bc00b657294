/**
 * The visitor's browser: real Chromium, a fresh profile per visitor, and an ear for everything that must never
 * happen (a script error, a refused resource). Pictures of the key moments go to artifacts/screens.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PICTURES = fileURLToPath(new URL('../artifacts/screens', import.meta.url));
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
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
}

export interface Visitor {
  readonly page: Page;
  /** Script errors and refused resources since the last look; what the journey provokes is left out. */
  readonly faults: () => readonly string[];
  readonly leave: () => Promise<void>;
}

export async function newVisitor(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: DESK,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // the browser also tells each refusal and each broken line that a journey asks for
    const provoked = /status of (400|401|403|404|412)|net::ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/;
    if (message.type() === 'error' && !provoked.test(message.text())) faults.push(message.text());
  });
  return { page, faults: () => faults.splice(0), leave: () => context.close() };
}

export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** What axe finds on the page, one line each, in the colours that are on. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')} ${nodes[0]?.failureSummary ?? ''}`,
  );
}

/** How many pixels the page is wider than its screen. */
export function findOverflowPx(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
