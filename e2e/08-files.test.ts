/** A file of readings on its way in: its columns are told, its bad line is named, the rest is written, and only once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { judge, newVisitor, openBrowser, type Visitor } from './browser.ts';
import { ADMINISTRATOR, signIn, TOWN } from './people.ts';
import { findTownId } from './town.ts';

const origin = inject('origin');
/** In the hour that the clocks show twice; the third line has no temperature. */
const CSV = `tid;co2;temp
2025-10-26 02:30;600;20,5
2025-10-26 02:40;610;20,6
2025-10-26 02:10;620;x
2025-10-26 03:00;630;20,8
`;
let browser: Browser;
let staff: Visitor;
let folder: string;

beforeAll(async () => {
  browser = await openBrowser();
  staff = await newVisitor(browser);
  folder = await mkdtemp(join(tmpdir(), 'torv-file-'));
  await writeFile(join(folder, 'old-logger.csv'), CSV);
  await signIn(staff.page, origin, ADMINISTRATOR);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a file of readings', () => {
  it.each([
    { round: 'first', written: 7 },
    { round: 'again', written: 0 },
  ])('writes $written readings the $round time', async ({ round, written }) => {
    const { page } = staff;
    await page.goto(`${origin}/files?${TOWN}`);
    await page.locator('input[type=file]').setInputFiles(join(folder, 'old-logger.csv'));
    // the export below asks for a place as well
    const columns = page.locator('main form');
    await columns.getByLabel('Place of the readings').selectOption({ label: 'Teknikrummet' });
    if (round === 'first') await judge(staff, 'files-columns');
    await page.getByRole('button', { name: 'Show the preview' }).click();
    const leaveOut = page.getByLabel('Leave out what has faults and write the rest');
    await leaveOut.waitFor();
    expect(await page.getByRole('button', { name: 'Write it' }).isDisabled()).toBe(true);
    if (round === 'first') await judge(staff, 'files-preview');
    await leaveOut.check();
    await page.getByRole('button', { name: 'Write it' }).click();
    const report = page.getByRole('status').filter({ hasText: 'readings were written' });
    await report.waitFor();
    expect(await report.innerText()).toContain(`${written} readings were written`);
  });

  it('comes out again as it went in', async () => {
    const query = new URLSearchParams({
      organisation: String(await findTownId(origin)),
      from: '2025-10-25T00:00:00Z',
      to: '2025-10-27T00:00:00Z',
    });
    const answer = await staff.page.request.get(`${origin}/api/v1/export/readings?${query}`);
    expect(answer.status()).toBe(200);
    const lines = (await answer.text()).trim().split('\n');
    expect(lines.length).toBe(1 + 7);
  });
});
