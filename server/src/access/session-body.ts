/** What a browser learns about itself: who is signed in, and whose data it may look at. */
import { type Static, Type } from 'typebox';
import type { Config } from '../config.ts';
import type { Sql } from '../db/database.ts';
import { findOrganisations } from '../registry/organisation-store.ts';
import { Id, Locale, Nullable, RoleSchema } from './context.ts';
import { type Actor, organisationsOf } from './port.ts';
import { getAccount } from './user-store.ts';

export const SessionBody = Type.Object({
  user: Nullable(
    Type.Object({
      id: Id,
      email: Type.String(),
      name: Type.String(),
      locale: Nullable(Locale),
      instanceAdmin: Type.Boolean(),
      version: Type.Integer(),
    }),
  ),
  organisations: Type.Array(
    Type.Object({
      id: Id,
      slug: Type.String(),
      name: Type.String(),
      kind: Type.String(),
      country: Type.String(),
      timeZone: Type.String(),
      locale: Locale,
      role: Nullable(RoleSchema),
    }),
  ),
  demo: Type.Boolean(),
  /** Whether this installation can send mail: a lost password is then a matter of minutes. */
  mail: Type.Boolean(),
});

/**
 * One's own organisations first, then the open demo town; the installation's administrator sees all.
 * @param actor whoever asks; a screen's link sees the organisation of its room
 */
export async function toSessionBody(
  sql: Sql,
  config: Config,
  actor: Actor,
): Promise<Static<typeof SessionBody>> {
  const organisations = await findOrganisations(sql);
  const own = new Set(actor.kind === 'link' ? [actor.organisationId] : organisationsOf(actor, 'viewer'));
  const seesAll = actor.kind === 'user' && actor.instanceAdmin;
  const visible = organisations.filter((one) => seesAll || own.has(one.id) || one.kind === 'demo');
  visible.sort((a, b) => Number(own.has(b.id)) - Number(own.has(a.id)) || a.id - b.id);
  return {
    user: actor.kind === 'user' ? await getAccount(sql, actor.userId) : null,
    organisations: visible.map((one) => ({
      ...one,
      role: (actor.kind === 'user' && actor.roles.get(one.id)) || null,
    })),
    demo: organisations.some((one) => one.kind === 'demo'),
    mail: config.smtpUrl !== undefined,
  };
}
