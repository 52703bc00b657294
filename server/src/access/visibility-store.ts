/** People first: until the privacy gate exists, nothing of a real organisation is made public below site level. */
import { AppError } from '@torv/core/errors';
import type { Sql, Transaction } from '../db/database.ts';

/**
 * Called before anything gets the visibility `public`. `placeKind` is that of the place it belongs to: a
 * Datastream, a Sensor or a Location of a room counts as the room.
 * @throws AppError NOT_PUBLIC with the reason, NOT_FOUND
 */
export async function requirePublishable(
  tx: Sql | Transaction,
  organisationId: number,
  placeKind: 'site' | 'building' | 'room' | 'point',
): Promise<void> {
  const [row] = await tx<{ kind: string }[]>`SELECT kind FROM organisations WHERE id = ${organisationId}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such organisation.');
  if (row.kind === 'demo' || row.kind === 'open' || row.kind === 'system' || placeKind === 'site') return;
  throw new AppError(
    'NOT_PUBLIC',
    'Readings of a room can tell about the people in it, so only a whole site can be public.',
    {
      at: 'body/visibility',
      hint: 'What is measured below site level is published through the privacy gate, which is not there yet.',
    },
  );
}
