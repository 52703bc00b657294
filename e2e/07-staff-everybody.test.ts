/**
 * Every staff page for everybody: three languages switched as people switch them, phone, tablet and desk, light and
 * dark, with axe as the judge. What stands on the pages was brought there by the journeys before.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  expectNoBarriers,
  expectToFit,
  LOOKS,
  newVisitor,
  openBrowser,
  show,
  takePicture,
  type Visitor,
} from './browser.ts';
import { ADMINISTRATOR, signIn, TOWN } from './people.ts';
import { askAsStaff, findDevices, findTownId } from './town.ts';
import { expectOwnWords, listenForNames, switchLanguage } from './words.ts';

const origin = inject('origin');
let browser: Browser;
let staff: Visitor;
let findNames: () => Promise<ReadonlySet<string>>;
/** Ids of the things that the pages show, by what they are. */
const ids: Record<'device' | 'waiting' | 'codec' | 'source' | 'place', number> = {
  device: 0,
  waiting: 0,
  codec: 0,
  source: 0,
  place: 0,
};

beforeAll(async () => {
  browser = await openBrowser();
  staff = await newVisitor(browser);
  findNames = listenForNames(staff.page);
  await signIn(staff.page, origin, ADMINISTRATOR);
  const ask = async <T>(area: string) =>
    askAsStaff<T>(staff.page, `${origin}/api/v1/${area}?organisation=${await findTownId(origin)}`);
  const device = (await findDevices(staff.page, origin)).find((one) => one.codec?.key === 'elsys/ers-co2');
  const inbox = await ask<{ readonly devices: readonly { readonly id: number }[] }>('inbox');
  const { sources } = await ask<{ readonly sources: readonly { readonly id: number; name: string }[] }>(
    'sources',
  );
  ids.device = device?.id ?? 0;
  ids.place = device?.place?.id ?? 0;
  ids.codec = device?.codec?.id ?? 0;
  ids.waiting = inbox.devices[0]?.id ?? 0;
  // it has rejected a message
  ids.source = sources.find((one) => one.name === 'Harbour network server')?.id ?? 0;
});
afterAll(() => browser?.close());

const TABLE = '.torv-table tbody tr';
const PAGES = [
  { name: 'devices', path: () => '/devices', ready: TABLE },
  { name: 'device', path: () => `/devices/${ids.device}`, ready: 'table tbody tr' },
  { name: 'device-edit', path: () => `/devices/${ids.device}/edit`, ready: 'form.torv-form' },
  { name: 'device-move', path: () => `/devices/${ids.device}/move`, ready: 'form.torv-form' },
  { name: 'place', path: () => `/places/${ids.place}`, ready: '.torv-chart-canvas svg path' },
  { name: 'place-edit', path: () => `/places/${ids.place}/edit`, ready: 'form.torv-form' },
  { name: 'inbox', path: () => '/inbox', ready: TABLE },
  { name: 'claim', path: () => `/inbox/${ids.waiting}`, ready: 'form.torv-form' },
  { name: 'claim-rules', path: () => '/inbox/rules', ready: 'main h1' },
  { name: 'sources', path: () => '/sources', ready: TABLE },
  { name: 'source', path: () => `/sources/${ids.source}`, ready: 'details' },
  { name: 'codecs', path: () => '/codecs', ready: TABLE },
  { name: 'codec-bench', path: () => `/codecs/${ids.codec}/bench`, ready: 'section[aria-live=polite]' },
  { name: 'files', path: () => '/files', ready: 'input[type=file]' },
  { name: 'settings', path: () => '/settings', ready: 'ul.torv-settings' },
  { name: 'users', path: () => '/settings/users', ready: TABLE },
  { name: 'keys', path: () => '/settings/keys', ready: TABLE },
  { name: 'contacts', path: () => '/settings/contacts', ready: TABLE },
  { name: 'changes', path: () => '/settings/audit', ready: TABLE },
  { name: 'account', path: () => '/account', ready: TABLE },
];

describe.each(PAGES)('the staff page $name', ({ name, path, ready }) => {
  it('speaks Swedish, Danish and Dutch, has no barrier, and fits every screen, light and dark', async () => {
    const { page, faults } = staff;
    await show(page, 'desk', 'light');
    await page.goto(`${origin}${path()}?${TOWN}&lang=sv`);
    await page.waitForSelector(ready, { state: 'attached' });
    // what is folded away must be right as well; of a long list the first few
    const folded = page.locator('main details:not([open]) > summary');
    const all = await folded.count();
    for (let left = all; left > Math.max(0, all - 4); left--) {
      await folded.first().click();
      await expect.poll(() => folded.count()).toBeLessThan(left);
    }
    for (const language of ['sv', 'da', 'nl'] as const) {
      await switchLanguage(page, language);
      await expectOwnWords(page, name, await findNames());
    }
    for (const [size, colours] of LOOKS) {
      await show(page, size, colours);
      await expectToFit(page, `${name} on a ${size}`);
      await expectNoBarriers(page, `${name} on a ${size}, ${colours}`);
      await takePicture(page, `staff-${name}`);
    }
    expect(faults()).toEqual([]);
  });
});
