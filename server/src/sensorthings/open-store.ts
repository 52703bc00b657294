/**
 * Writing by everybody, where the operator switched it on (TORV_STA_OPEN): in one organisation of its own, whose rows
 * are public. Whoever may write somewhere else writes there.
 */
import { AppError } from '@torv/core/errors';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql } from '../db/database.ts';

/** The open organisation; made when it is first needed. */
export async function ensureOpenOrganisation(sql: Sql): Promise<number> {
  const find = () =>
    sql<{ id: number }[]>`SELECT id FROM organisations WHERE kind = 'open' ORDER BY id LIMIT 1`;
  const [there] = await find();
  if (there !== undefined) return there.id;
  for (const slug of ['open', 'open-sensorthings']) {
    await sql`
      INSERT INTO organisations (slug, name, kind, country, locale, time_zone)
      VALUES (${slug}, 'Open', 'open', 'DK', 'en', 'UTC') ON CONFLICT (slug) DO NOTHING`;
    const [made] = await find();
    if (made !== undefined) return made.id;
  }
  throw new AppError('EXISTS', 'Another organisation is called open.', { at: 'TORV_STA_OPEN' });
}

/** Who asks, as one who may write: everybody else is the open visitor. */
export function createOpenDoor(sql: Sql): (actor: Actor) => Promise<Actor> {
  let organisation: Promise<number> | undefined;
  return async (actor) => {
    if (organisationsOf(actor, 'editor')?.length !== 0) return actor;
    organisation ??= ensureOpenOrganisation(sql);
    try {
      return { kind: 'open', organisationId: await organisation };
    } catch (error) {
      organisation = undefined;
      throw error;
    }
  };
}
