/**
 * From a request to an Actor. A secret in a header that is not good is refused; a cookie that is not good is
 * nobody (a page opened after two weeks shows what everybody may see). Nothing is ever read from the address.
 */
import { AppError } from '@torv/core/errors';
import type { FastifyRequest } from 'fastify';
import type { AccessDeps } from './context.ts';
import { findKeyActor } from './key-store.ts';
import { findScreenActor, toLinkUsed } from './link-store.ts';
import { type Actor, ANONYMOUS } from './port.ts';
import { isSecret } from './secrets.ts';
import { findSessionUser } from './session-store.ts';

export const SESSION_COOKIE = 'torv_session';

/** The session's token in the cookie, if it can be one. */
export function findSessionToken(request: FastifyRequest): string | undefined {
  const token = request.cookies[SESSION_COOKIE];
  return isSecret(token) ? token : undefined;
}

export function createAuthenticator(
  deps: Pick<AccessDeps, 'sql' | 'now'>,
): (request: FastifyRequest) => Promise<Actor> {
  const { sql, now } = deps;

  async function getKeyActor(text: string): Promise<Actor> {
    const actor = await findKeyActor(sql, text, now());
    if (!actor) throw new AppError('BAD_KEY', 'This key is not known, expired or revoked.');
    return actor;
  }

  return async (request) => {
    const { authorization } = request.headers;
    const apiKey = request.headers['x-api-key'];
    if (authorization !== undefined) {
      const [, scheme = '', secret = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
      if (/^bearer$/i.test(scheme)) return getKeyActor(secret);
      if (/^torv-link$/i.test(scheme)) {
        const actor = await findScreenActor(sql, secret, now());
        if (!actor) throw toLinkUsed();
        return actor;
      }
      throw new AppError(
        'BAD_KEY',
        'The Authorization header must be "Bearer <key>" or "Torv-Link <secret>".',
        { at: 'Authorization' },
      );
    }
    if (typeof apiKey === 'string') return getKeyActor(apiKey);
    const token = findSessionToken(request);
    if (token === undefined) return ANONYMOUS;
    const user = await findSessionUser(sql, token, now());
    return user ? { kind: 'user', ...user } : ANONYMOUS;
  };
}
