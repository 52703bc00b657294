/** Signing in and out, one's own sessions and account. Every failed sign-in looks and takes the same. */
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import { type App, getIfMatch } from '../http/server.ts';
import { insertAudit } from './audit-store.ts';
import { findSessionToken } from './authenticate.ts';
import {
  type AccessDeps,
  Email,
  getUserActor,
  Id,
  IdParams,
  Instant,
  Locale,
  Nullable,
  Password,
  PersonName,
  renderVersion,
  takeAttempt,
  toEmail,
} from './context.ts';
import type { Limiters } from './limiters.ts';
import { checkPassword, hashPassword, verifyPassword } from './passwords.ts';
import { ANONYMOUS } from './port.ts';
import { toAddressKey } from './rate-limit.ts';
import { SessionBody, toSessionBody } from './session-body.ts';
import {
  deleteSession,
  deleteSessionByToken,
  deleteSessions,
  findSessions,
  findSessionUser,
} from './session-store.ts';
import { clearSessionCookie, openSession, setSessionCookie } from './sign-in.ts';
import { findAccountSecret, getAccount, replacePasswordHash, updateAccount } from './user-store.ts';

const Account = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  locale: Nullable(Locale),
  instanceAdmin: Type.Boolean(),
  version: Type.Integer(),
});

const OwnSession = Type.Object({
  id: Id,
  userAgent: Type.String(),
  createdAt: Instant,
  lastSeenAt: Instant,
  current: Type.Boolean(),
});

export function registerSessionRoutes(app: App, deps: AccessDeps, limiters: Limiters): void {
  const { sql, config, now } = deps;

  app.get(
    '/api/v1/session',
    { config: { allow: 'anyone' }, schema: { response: { 200: SessionBody } } },
    async (request) => toSessionBody(sql, config, request.actor),
  );

  app.post(
    '/api/v1/session',
    {
      config: { allow: 'anyone' },
      schema: {
        body: Type.Object({ email: Email, password: Password }, { additionalProperties: false }),
        response: { 200: SessionBody },
      },
    },
    async (request, reply) => {
      const email = toEmail(request.body.email);
      const address = toAddressKey(request.ip);
      takeAttempt(limiters.address, address, reply);
      takeAttempt(limiters.account, email, reply);
      const account = await findAccountSecret(sql, { email });
      const verdict = await verifyPassword(
        account?.disabled ? null : account?.passwordHash,
        request.body.password,
      );
      if (!account || !verdict.right)
        throw new AppError('BAD_CREDENTIALS', 'The e-mail address or the password is not right.');
      limiters.address.giveBack(address);
      limiters.account.forget(email);
      if (verdict.outdated && account.passwordHash !== null) {
        await replacePasswordHash(
          sql,
          account.id,
          account.passwordHash,
          await hashPassword(request.body.password),
        );
      }
      const token = await sql.begin((tx) => openSession(tx, request, account.id, now()));
      setSessionCookie(request, reply, config, token);
      const user = await findSessionUser(sql, token, now());
      return toSessionBody(sql, config, user ? { kind: 'user', ...user } : ANONYMOUS);
    },
  );

  app.delete('/api/v1/session', { config: { allow: 'anyone' } }, async (request, reply) => {
    const token = findSessionToken(request);
    if (token !== undefined) {
      await sql.begin(async (tx) => {
        const userId = await deleteSessionByToken(tx, token);
        if (userId === undefined) return;
        await insertAudit(
          tx,
          { kind: 'user', userId, instanceAdmin: false, roles: new Map() },
          { organisationId: null, action: 'sign-out', entity: 'session', entityId: null },
        );
      });
    }
    clearSessionCookie(request, reply, config);
    return reply.status(204).send();
  });

  app.get(
    '/api/v1/sessions',
    {
      config: { allow: 'member' },
      schema: { response: { 200: Type.Object({ sessions: Type.Array(OwnSession) }) } },
    },
    async (request) => {
      const actor = getUserActor(request);
      return { sessions: await findSessions(sql, actor.userId, findSessionToken(request) ?? '', now()) };
    },
  );

  /** Everywhere, here too. */
  app.delete('/api/v1/sessions', { config: { allow: 'member' } }, async (request, reply) => {
    const actor = getUserActor(request);
    await sql.begin(async (tx) => {
      const ended = await deleteSessions(tx, actor.userId);
      await insertAudit(tx, actor, {
        organisationId: null,
        action: 'sign-out',
        entity: 'session',
        entityId: null,
        after: { ended },
      });
    });
    clearSessionCookie(request, reply, config);
    return reply.status(204).send();
  });

  app.delete(
    '/api/v1/sessions/:id',
    { config: { allow: 'member' }, schema: { params: IdParams } },
    async (request, reply) => {
      const actor = getUserActor(request);
      await sql.begin(async (tx) => {
        if (!(await deleteSession(tx, actor.userId, request.params.id)))
          throw new AppError('NOT_FOUND', 'There is no such session.');
        await insertAudit(tx, actor, {
          organisationId: null,
          action: 'sign-out',
          entity: 'session',
          entityId: request.params.id,
        });
      });
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/v1/me',
    { config: { allow: 'member' }, schema: { response: { 200: Account } } },
    async (request, reply) => {
      const account = await getAccount(sql, getUserActor(request).userId);
      renderVersion(reply, account.version);
      return account;
    },
  );

  app.patch(
    '/api/v1/me',
    {
      config: { allow: 'member' },
      schema: {
        body: Type.Object(
          {
            name: Type.Optional(PersonName),
            locale: Type.Optional(Nullable(Locale)),
            password: Type.Optional(Password),
            currentPassword: Type.Optional(Password),
          },
          { additionalProperties: false },
        ),
        response: { 200: Account },
      },
    },
    async (request, reply) => {
      const actor = getUserActor(request);
      const version = getIfMatch(request);
      const { password, currentPassword, ...fields } = request.body;
      let passwordHash: string | undefined;
      if (password !== undefined) {
        const account = await findAccountSecret(sql, { id: actor.userId });
        const email = account?.email ?? '';
        // somebody at an unlocked screen must not guess the password here
        takeAttempt(limiters.account, email, reply);
        const { right } = await verifyPassword(account?.passwordHash, currentPassword ?? '');
        // 403 and not 401: the person is signed in, the page must not send him to sign in again
        if (!right)
          throw new AppError('FORBIDDEN', 'The present password is not right.', {
            at: 'body/currentPassword',
          });
        limiters.account.forget(email);
        checkPassword(password, email);
        passwordHash = await hashPassword(password);
      }
      const after = await sql.begin(async (tx) => {
        const changed = await updateAccount(tx, actor, actor.userId, version, {
          ...fields,
          ...(passwordHash === undefined ? {} : { passwordHash }),
        });
        if (passwordHash !== undefined) await deleteSessions(tx, actor.userId, findSessionToken(request));
        return changed;
      });
      renderVersion(reply, after.version);
      return after;
    },
  );
}
