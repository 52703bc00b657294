/**
 * The visitor's browser: real Chromium, a fresh profile per visitor, and an ear for everything that must never
 * happen (a script error, a refused resource). Pictures of the key moments go to artifacts/screens, each named by
 * screen, size, language and colours. Nothing here waits for a time to pass.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { PICTURES } from './artifacts.ts';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Generous: a machine that does other work as well is slow, not wrong. */
const PATIENCE_MS = 60_000;

export const SIZES = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desk: { width: 1440, height: 900 },
  wall: { width: 1920, height: 1080 },
} as const;
export type Size = keyof typeof SIZES;
export type Colours = 'light' | 'dark';
/** How every page is judged: each size once, each colours at least once. */
export const LOOKS: readonly (readonly [Size, Colours])[] = [
  ['desk', 'light'],
  ['tablet', 'dark'],
  ['phone', 'light'],
];

/** A name of the town's own network: plain http there is no secure context, unlike on localhost. */
export const LAN_HOST = 'torv.lan';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      `--host-resolver-rules=MAP ${LAN_HOST} 127.0.0.1`,
      // only the map draws by (simulated) graphics hardware; to lay every page together by it costs half as much again
      '--disable-gpu-compositing',
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
    viewport: SIZES.desk,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // the browser also tells each refusal and each broken line that a journey asks for
    const provoked = /status of (400|401|403|404|412|503)|net::ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/;
    if (message.type() === 'error' && !provoked.test(message.text())) faults.push(message.text());
  });
  return { page, faults: () => faults.splice(0), leave: () => context.close() };
}

/** What was asked of the page is drawn: its frames are out and its transitions have ended. */
export async function waitUntilDrawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    // a spinner never ends, and nobody waits for it
    const ending = document
      .getAnimations()
      .filter((one) => Number.isFinite(Number(one.effect?.getComputedTiming().endTime)));
    await Promise.allSettled(ending.map((one) => one.finished));
  });
}

/** The same page on another screen, as when a tablet is turned or a window is dragged. */
export async function show(page: Page, size: Size, colours?: Colours): Promise<void> {
  await page.setViewportSize(SIZES[size]);
  if (colours !== undefined) await page.emulateMedia({ colorScheme: colours });
  await waitUntilDrawn(page);
}

/** artifacts/screens/<screen>-<size>-<language>-<colours>.png */
export async function takePicture(page: Page, screen: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  const { width, language, colours } = await page.evaluate(() => ({
    width: window.innerWidth,
    language: document.documentElement.lang,
    colours: window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
  }));
  const size = Object.entries(SIZES).find(([, one]) => one.width === width)?.[0] ?? `${width}px`;
  const path = join(PICTURES, `${screen}-${size}-${language}-${colours}.png`);
  await page.screenshot({ path, fullPage: true });
}

/** What axe finds on the page, one line each, in the colours that are on. */
async function findBarriers(page: Page): Promise<readonly string[]> {
  // in this page itself: there are no frames of strangers, and a page of its own for each finding costs seconds
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({
    resultTypes: ['violations'],
    runOnly: { type: 'tag', values: WCAG },
  });
  const { violations } = await axe.analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')} ${nodes[0]?.failureSummary ?? ''}`,
  );
}

/** Asked again until it is so: what has just got other colours or another size may not have been drawn throughout. */
export async function expectNoBarriers(page: Page, what: string): Promise<void> {
  await expect
    .poll(() => findBarriers(page), { message: `barriers of ${what}`, timeout: 20_000, interval: 500 })
    .toEqual([]);
}

/** Nothing stands outside the screen; asked until it is so, because a chart is drawn again for its new width. */
export async function expectToFit(page: Page, what: string): Promise<void> {
  const findOverflowPx = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await expect
    .poll(findOverflowPx, { message: `pixels that ${what} is too wide`, timeout: 10_000 })
    .toBeLessThanOrEqual(0);
}

/** What every page must be as well: without a barrier, inside the screen, and without a script error. */
export async function judge(visitor: Visitor, name: string): Promise<void> {
  const { page } = visitor;
  await expectNoBarriers(page, name);
  for (const size of ['phone', 'desk'] as const) {
    await show(page, size);
    await expectToFit(page, `${name} on a ${size}`);
    await takePicture(page, name);
  }
  expect(visitor.faults(), name).toEqual([]);
}
