/**
 * Sessions: who holds which cookie. Stored as SHA-256; fourteen idle days or ninety days in all end one.
 * Never hands a token out again.
 */
import type { Sql, Transaction } from '../db/database.ts';
import { toInstant } from './context.ts';
import type { Role } from './port.ts';
import { createSecret, hashSecret } from './secrets.ts';

export const IDLE_MS = 14 * 86_400_000;
export const ABSOLUTE_MS = 90 * 86_400_000;
/** So often at most a session in use is written to. */
const TOUCH_MS = 10 * 60_000;

export interface SessionUser {
  readonly userId: number;
  readonly instanceAdmin: boolean;
  readonly roles: ReadonlyMap<number, Role>;
}

/** @returns the token for the cookie, the only time it is known */
export async function createSession(
  tx: Sql | Transaction,
  userId: number,
  userAgent: string,
  nowMs: number,
): Promise<string> {
  const token = createSecret();
  await tx`
    INSERT INTO sessions (token_hash, user_id, user_agent, created_at, last_seen_at, expires_at)
    VALUES (${hashSecret(token)}, ${userId}, ${userAgent.slice(0, 300)}, ${toInstant(nowMs)}, ${toInstant(nowMs)},
      ${toInstant(nowMs + ABSOLUTE_MS)})`;
  return token;
}

/** The living session of a token, with the roles as they are now: a role taken away is gone at once. */
export async function findSessionUser(
  sql: Sql,
  token: string,
  nowMs: number,
): Promise<SessionUser | undefined> {
  const hash = hashSecret(token);
  const [row] = await sql<
    { userId: number; instanceAdmin: boolean; stale: boolean; roles: Readonly<Record<string, Role>> }[]
  >`
    SELECT u.id AS "userId", u.instance_admin AS "instanceAdmin", s.last_seen_at < ${toInstant(nowMs - TOUCH_MS)} AS stale,
           coalesce((SELECT jsonb_object_agg(m.organisation_id, m.role) FROM memberships m WHERE m.user_id = u.id), '{}') AS roles
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_hash = ${hash} AND s.expires_at > ${toInstant(nowMs)} AND s.last_seen_at > ${toInstant(nowMs - IDLE_MS)}
      AND u.disabled_at IS NULL`;
  if (!row) return undefined;
  if (row.stale) await sql`UPDATE sessions SET last_seen_at = ${toInstant(nowMs)} WHERE token_hash = ${hash}`;
  const roles = new Map(Object.entries(row.roles).map(([id, role]) => [Number(id), role]));
  return { userId: row.userId, instanceAdmin: row.instanceAdmin, roles };
}

export interface OwnSession {
  readonly id: number;
  readonly userAgent: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly current: boolean;
}

export async function findSessions(
  sql: Sql,
  userId: number,
  token: string,
  nowMs: number,
): Promise<OwnSession[]> {
  return sql<OwnSession[]>`
    SELECT id, user_agent AS "userAgent", created_at AS "createdAt", last_seen_at AS "lastSeenAt",
           token_hash = ${hashSecret(token)} AS current
    FROM sessions
    WHERE user_id = ${userId} AND expires_at > ${toInstant(nowMs)} AND last_seen_at > ${toInstant(nowMs - IDLE_MS)}
    ORDER BY last_seen_at DESC, id`;
}

/** @returns whose session it was */
export async function deleteSessionByToken(
  tx: Sql | Transaction,
  token: string,
): Promise<number | undefined> {
  const [row] = await tx<{ userId: number }[]>`
    DELETE FROM sessions WHERE token_hash = ${hashSecret(token)} RETURNING user_id AS "userId"`;
  return row?.userId;
}

export async function deleteSession(tx: Sql | Transaction, userId: number, id: number): Promise<boolean> {
  return (await tx`DELETE FROM sessions WHERE user_id = ${userId} AND id = ${id}`).count > 0;
}

/** All sessions of a person, but for one that goes on. */
export async function deleteSessions(
  tx: Sql | Transaction,
  userId: number,
  except?: string,
): Promise<number> {
  const keep = except === undefined ? tx`` : tx`AND token_hash <> ${hashSecret(except)}`;
  return (await tx`DELETE FROM sessions WHERE user_id = ${userId} ${keep}`).count;
}
