/**
 * Links that open one thing: the first administrator, an invitation, a new password, a room's screen. Stored as
 * SHA-256. One that is used once is consumed by a single UPDATE, so that of two uses at the same moment one wins.
 */
import { AppError } from '@torv/core/errors';
import type { Sql, Transaction } from '../db/database.ts';
import { getPlace } from '../registry/place-store.ts';
import { insertAudit } from './audit-store.ts';
import { toInstant } from './context.ts';
import { type Actor, type Role, requireRole } from './port.ts';
import { createSecret, hashSecret, isSecret } from './secrets.ts';

export type LinkKind = 'first-administrator' | 'invitation' | 'password-reset' | 'room-screen';

const HOUR_MS = 3_600_000;
export const LIFETIME_MS = {
  'first-administrator': HOUR_MS,
  'password-reset': HOUR_MS,
  invitation: 7 * 24 * HOUR_MS,
} as const;

export interface Link {
  readonly id: number;
  readonly kind: LinkKind;
  readonly organisationId: number | null;
  readonly userId: number | null;
  readonly email: string | null;
  readonly role: Role | null;
  readonly expiresAt: string;
}

const columns = (sql: Sql | Transaction) => sql`
  l.id, l.kind, l.organisation_id AS "organisationId", l.user_id AS "userId", l.email, l.role, l.expires_at AS "expiresAt"`;

interface NewLink {
  readonly kind: LinkKind;
  readonly organisationId?: number;
  readonly userId?: number;
  readonly placeId?: number;
  readonly email?: string;
  readonly role?: Role;
  readonly expiresAtMs: number;
}

export interface MadeLink {
  readonly id: number;
  readonly secret: string;
  readonly expiresAt: string;
}

export async function insertLink(tx: Transaction, actor: Actor, link: NewLink): Promise<MadeLink> {
  const secret = createSecret();
  const [row] = await tx<{ id: number; expiresAt: string }[]>`
    INSERT INTO links (kind, secret_hash, organisation_id, user_id, place_id, email, role, expires_at, created_by)
    VALUES (${link.kind}, ${hashSecret(secret)}, ${link.organisationId ?? null}, ${link.userId ?? null}, ${link.placeId ?? null},
      ${link.email ?? null}, ${link.role ?? null}, ${toInstant(link.expiresAtMs)}, ${actor.kind === 'user' ? actor.userId : null})
    RETURNING id, expires_at AS "expiresAt"`;
  if (!row) throw new AppError('BUG', 'The link was not stored.');
  await insertAudit(tx, actor, {
    organisationId: link.organisationId ?? null,
    action: 'create',
    entity: link.kind,
    entityId: row.id,
    // no e-mail address: the audit table is kept for good
    after: { role: link.role, userId: link.userId, placeId: link.placeId, expiresAt: row.expiresAt },
  });
  return { ...row, secret };
}

/** One sentence for every way in which a link can be dead: its holder learns nothing else. */
export function toLinkUsed(): AppError {
  return new AppError('LINK_USED', 'This link cannot be used: it is used, expired or revoked.', {
    hint: 'Ask for a new one.',
  });
}

/** Looks without using. @throws AppError LINK_USED */
export async function getLink(
  sql: Sql | Transaction,
  secret: string,
  kinds: readonly LinkKind[],
  nowMs: number,
): Promise<Link> {
  if (!isSecret(secret)) throw toLinkUsed();
  const [row] = await sql<Link[]>`
    SELECT ${columns(sql)} FROM links l
    WHERE l.secret_hash = ${hashSecret(secret)} AND l.kind = ANY(${kinds as LinkKind[]}::text[]) AND l.used_at IS NULL
      AND l.revoked_at IS NULL AND l.expires_at > ${toInstant(nowMs)}`;
  if (!row) throw toLinkUsed();
  return row;
}

/** @throws AppError LINK_USED, also for the slower one of two */
export async function consumeLink(
  tx: Transaction,
  secret: string,
  kind: LinkKind,
  nowMs: number,
): Promise<Link> {
  const [row] = await tx<Link[]>`
    UPDATE links l SET used_at = ${toInstant(nowMs)}
    WHERE l.secret_hash = ${hashSecret(secret)} AND l.kind = ${kind} AND l.used_at IS NULL AND l.revoked_at IS NULL
      AND l.expires_at > ${toInstant(nowMs)}
    RETURNING ${columns(tx)}`;
  if (!row) throw toLinkUsed();
  return row;
}

/** Earlier links to the same end stop working: only the newest mail opens anything. */
export async function revokeOpenLinks(
  tx: Transaction,
  kind: LinkKind,
  of: { readonly userId?: number; readonly organisationId?: number; readonly email?: string },
  nowMs: number,
): Promise<void> {
  await tx`
    UPDATE links SET revoked_at = ${toInstant(nowMs)}
    WHERE kind = ${kind} AND used_at IS NULL AND revoked_at IS NULL
      ${of.userId === undefined ? tx`` : tx`AND user_id = ${of.userId}`}
      ${of.organisationId === undefined ? tx`` : tx`AND organisation_id = ${of.organisationId}`}
      ${of.email === undefined ? tx`` : tx`AND email = ${of.email}`}`;
}

// Invitations --------------------------------------------------------------------------------------------------

export interface Invitation {
  readonly id: number;
  readonly email: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export async function findInvitations(
  sql: Sql,
  actor: Actor,
  organisationId: number,
  nowMs: number,
): Promise<Invitation[]> {
  requireRole(actor, organisationId, 'administrator');
  return sql<Invitation[]>`
    SELECT id, email, role, created_at AS "createdAt", expires_at AS "expiresAt" FROM links
    WHERE kind = 'invitation' AND organisation_id = ${organisationId} AND used_at IS NULL AND revoked_at IS NULL
      AND expires_at > ${toInstant(nowMs)}
    ORDER BY id DESC`;
}

/** @throws AppError EXISTS for somebody who is a member already */
export async function createInvitation(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  email: string,
  role: Role,
  nowMs: number,
): Promise<MadeLink> {
  requireRole(actor, organisationId, 'administrator');
  const members = await tx`
    SELECT FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organisation_id = ${organisationId} AND u.email = ${email}`;
  if (members.length > 0)
    throw new AppError('EXISTS', 'This person belongs to the organisation already.', { at: 'body/email' });
  await revokeOpenLinks(tx, 'invitation', { organisationId, email }, nowMs);
  return insertLink(tx, actor, {
    kind: 'invitation',
    organisationId,
    email,
    role,
    expiresAtMs: nowMs + LIFETIME_MS.invitation,
  });
}

/** @throws AppError NOT_FOUND */
export async function revokeLink(
  tx: Transaction,
  actor: Actor,
  kind: LinkKind,
  organisationId: number,
  id: number,
  nowMs: number,
): Promise<void> {
  const gone = await tx`
    UPDATE links SET revoked_at = ${toInstant(nowMs)}
    WHERE id = ${id} AND kind = ${kind} AND organisation_id = ${organisationId} AND used_at IS NULL AND revoked_at IS NULL`;
  if (gone.count === 0) throw new AppError('NOT_FOUND', 'There is no such open link.');
  await insertAudit(tx, actor, { organisationId, action: 'delete', entity: kind, entityId: id });
}

// A room's screen ----------------------------------------------------------------------------------------------

export interface Screen {
  readonly id: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export async function findScreens(sql: Sql, actor: Actor, placeId: number, nowMs: number): Promise<Screen[]> {
  const place = await getPlace(sql, actor, placeId);
  requireRole(actor, place.organisationId, 'editor');
  return sql<Screen[]>`
    SELECT id, created_at AS "createdAt", expires_at AS "expiresAt" FROM links
    WHERE kind = 'room-screen' AND place_id = ${placeId} AND revoked_at IS NULL AND expires_at > ${toInstant(nowMs)} ORDER BY id DESC`;
}

export async function createScreen(
  tx: Transaction,
  actor: Actor,
  placeId: number,
  days: number,
  nowMs: number,
): Promise<MadeLink> {
  const place = await getPlace(tx, actor, placeId);
  requireRole(actor, place.organisationId, 'editor');
  return insertLink(tx, actor, {
    kind: 'room-screen',
    organisationId: place.organisationId,
    placeId,
    expiresAtMs: nowMs + days * 24 * HOUR_MS,
  });
}

export async function revokeScreen(
  tx: Transaction,
  actor: Actor,
  placeId: number,
  id: number,
  nowMs: number,
): Promise<void> {
  const place = await getPlace(tx, actor, placeId);
  requireRole(actor, place.organisationId, 'editor');
  const mine =
    await tx`SELECT FROM links WHERE id = ${id} AND kind = 'room-screen' AND place_id = ${placeId}`;
  if (mine.length === 0) throw new AppError('NOT_FOUND', 'There is no such open link.');
  await revokeLink(tx, actor, 'room-screen', place.organisationId, id, nowMs);
}

/** Who presents a screen's secret; it works until it is revoked or expires. */
export async function findScreenActor(
  sql: Sql,
  secret: string,
  nowMs: number,
): Promise<Extract<Actor, { kind: 'link' }> | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await sql<{ id: number; organisationId: number; placeId: number }[]>`
    SELECT id, organisation_id AS "organisationId", place_id AS "placeId" FROM links
    WHERE secret_hash = ${hashSecret(secret)} AND kind = 'room-screen' AND revoked_at IS NULL AND expires_at > ${toInstant(nowMs)}
      AND place_id IS NOT NULL AND organisation_id IS NOT NULL`;
  return row && { kind: 'link', linkId: row.id, organisationId: row.organisationId, placeId: row.placeId };
}
