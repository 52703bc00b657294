/**
 * The first way in. There is no default password: a link that lasts an hour, works only while no account
 * exists, and makes the account that may then invite the others.
 */
import { AppError } from '@torv/core/errors';
import type { Config } from '../config.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { createOrganisation, findOrganisations } from '../registry/organisation-store.ts';
import { toLink } from './context.ts';
import { consumeLink, insertLink, LIFETIME_MS, revokeOpenLinks, toLinkUsed } from './link-store.ts';
import { type Actor, SYSTEM } from './port.ts';
import { insertMembership, insertUser } from './user-store.ts';

/** Held until commit, so that of two first accounts at the same moment only one is the first. */
async function hasUsers(tx: Transaction): Promise<boolean> {
  await tx`LOCK TABLE users IN EXCLUSIVE MODE`;
  const [row] = await tx<{ some: boolean }[]>`SELECT EXISTS (SELECT FROM users) AS some`;
  return row?.some === true;
}

/**
 * undefined once somebody has an account. An earlier link stops working. The caller shows it on the terminal or
 * in a file of mode 0600, never in the log.
 */
export async function createFirstAdministratorLink(
  sql: Sql,
  config: Config,
  now: () => number,
): Promise<string | undefined> {
  return sql.begin(async (tx) => {
    if (await hasUsers(tx)) return undefined;
    await revokeOpenLinks(tx, 'first-administrator', {}, now());
    const link = await insertLink(tx, SYSTEM, {
      kind: 'first-administrator',
      expiresAtMs: now() + LIFETIME_MS['first-administrator'],
    });
    return toLink(config, 'welcome', link.secret);
  });
}

export interface FirstAdministrator {
  readonly secret: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly locale: string | null;
  readonly organisation?:
    | {
        readonly name: string;
        readonly slug?: string;
        readonly country: string;
        readonly timeZone: string;
        readonly locale: 'da' | 'sv' | 'nl' | 'en';
      }
    | undefined;
}

/** @throws AppError LINK_USED; BAD_BODY when there is no organisation to administer */
export async function createFirstAdministrator(
  tx: Transaction,
  input: FirstAdministrator,
  nowMs: number,
): Promise<number> {
  await consumeLink(tx, input.secret, 'first-administrator', nowMs);
  if (await hasUsers(tx)) throw toLinkUsed();
  const userId = await insertUser(tx, { ...input, instanceAdmin: true });
  const actor: Actor = { kind: 'user', userId, instanceAdmin: true, roles: new Map() };
  const existing = (await findOrganisations(tx)).filter((one) => one.kind !== 'open');
  const own = existing.filter((one) => one.kind !== 'demo');
  if (own.length === 0 && input.organisation) {
    const { organisation } = input;
    existing.push(
      await createOrganisation(tx, actor, {
        ...organisation,
        slug: organisation.slug ?? toSlug(organisation.name),
      }),
    );
  }
  if (existing.length === 0) {
    throw new AppError('BAD_BODY', 'Say which organisation this installation is for.', {
      at: 'body/organisation',
    });
  }
  // nobody else could let him in
  for (const one of existing) await insertMembership(tx, actor, one.id, userId, 'administrator');
  return userId;
}

const LETTERS: Readonly<Record<string, string>> = { æ: 'ae', ø: 'oe', å: 'aa', ä: 'a', ö: 'o', ß: 'ss' };

/** "Skæring Kommune" -> "skaering-kommune" */
export function toSlug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[æøåäöß]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return plain === '' ? 'organisation' : plain;
}
