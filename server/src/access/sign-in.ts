/** What signing in and out does to the browser: the cookie. One place decides how it is written. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Transaction } from '../db/database.ts';
import { insertAudit } from './audit-store.ts';
import { findSessionToken, SESSION_COOKIE } from './authenticate.ts';
import { ABSOLUTE_MS, createSession, deleteSessionByToken } from './session-store.ts';

/** Strict: pages of Torv ask for everything by themselves, so that a link from a mail works all the same. */
function toCookieOptions(request: FastifyRequest, config: Config) {
  const isSecure =
    config.tlsCert !== undefined ||
    config.publicUrl?.startsWith('https://') === true ||
    request.protocol === 'https';
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure } as const;
}

/** A new token each time; the one that the browser brought along dies (no session can be fixed beforehand). */
export async function openSession(
  tx: Transaction,
  request: FastifyRequest,
  userId: number,
  nowMs: number,
): Promise<string> {
  const old = findSessionToken(request);
  if (old !== undefined) await deleteSessionByToken(tx, old);
  const token = await createSession(tx, userId, request.headers['user-agent'] ?? '', nowMs);
  await insertAudit(
    tx,
    { kind: 'user', userId, instanceAdmin: false, roles: new Map() },
    { organisationId: null, action: 'sign-in', entity: 'session', entityId: null },
  );
  return token;
}

/** After the transaction: a cookie for a session that was rolled back would be a lie. */
export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  token: string,
): void {
  void reply.setCookie(SESSION_COOKIE, token, {
    ...toCookieOptions(request, config),
    maxAge: ABSOLUTE_MS / 1000,
  });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply, config: Config): void {
  void reply.clearCookie(SESSION_COOKIE, toCookieOptions(request, config));
}
