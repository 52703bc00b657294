/** Who walks through the staff's journeys; the first administrator's account is made by the first of them. */
import type { Page } from 'playwright-core';

export const ADMINISTRATOR = {
  email: 'administrator@demoby.example',
  password: 'kobber lanterne syv bakker',
};
export const EDITOR = { email: 'editor@demoby.example', password: 'stille vande under broen' };
/** The demo town's own organisation in an address. */
export const TOWN = 'organisation=demoby';

export async function signIn(
  page: Page,
  origin: string,
  person: { readonly email: string; readonly password: string },
): Promise<void> {
  await page.goto(`${origin}/sign-in?lang=en`);
  await page.getByLabel('E-mail address').fill(person.email);
  await page.locator('input[autocomplete=current-password]').fill(person.password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname === '/');
}
