/**
 * What links open: the first administrator, an invitation, a new password. The secret comes in the body, never in
 * the address. Passwords are hashed before a transaction begins, after the link was looked at.
 */
import { AppError } from '@torv/core/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Transaction } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { findOrganisations, getOrganisation } from '../registry/organisation-store.ts';
import {
  type AccessDeps,
  Email,
  Instant,
  Locale,
  Nullable,
  Password,
  PersonName,
  RoleSchema,
  Secret,
  Title,
  takeAttempt,
  toEmail,
  toLink,
} from './context.ts';
import { createFirstAdministrator } from './first-administrator.ts';
import type { Limiters } from './limiters.ts';
import { consumeLink, getLink, insertLink, LIFETIME_MS, revokeOpenLinks, toLinkUsed } from './link-store.ts';
import { renderPasswordReset } from './mail-text.ts';
import { CountryCode, checkTimeZone, Slug } from './organisation-routes.ts';
import { checkPassword, hashPassword, verifyPassword } from './passwords.ts';
import { ANONYMOUS, SYSTEM } from './port.ts';
import { toAddressKey } from './rate-limit.ts';
import { SessionBody, toSessionBody } from './session-body.ts';
import { deleteSessions, findSessionUser } from './session-store.ts';
import { openSession, setSessionCookie } from './sign-in.ts';
import { findAccountSecret, insertMembership, insertUser, setPassword } from './user-store.ts';

const LinkFacts = Type.Object({
  kind: Type.Union([
    Type.Literal('first-administrator'),
    Type.Literal('invitation'),
    Type.Literal('password-reset'),
  ]),
  email: Nullable(Type.String()),
  organisation: Nullable(Type.String()),
  role: Nullable(RoleSchema),
  expiresAt: Instant,
  /** An invitation of somebody who has an account: he gives its password instead of choosing one. */
  hasAccount: Type.Boolean(),
  /** For the first administrator: an organisation is still to be named. */
  needsOrganisation: Type.Boolean(),
});

export function registerLinkRoutes(app: App, deps: AccessDeps, limiters: Limiters): void {
  const { sql, config, log, now, mail } = deps;

  /** The transaction that uses a link also opens the session of the one who used it. */
  async function signInBy(
    request: FastifyRequest,
    reply: FastifyReply,
    use: (tx: Transaction) => Promise<number>,
  ): Promise<Static<typeof SessionBody>> {
    const token = await sql.begin(async (tx) => openSession(tx, request, await use(tx), now()));
    setSessionCookie(request, reply, config, token);
    const user = await findSessionUser(sql, token, now());
    return toSessionBody(sql, config, user ? { kind: 'user', ...user } : ANONYMOUS);
  }

  /** A page asks this first, to show the right form. Uses nothing up. */
  app.post(
    '/api/v1/links/look',
    {
      config: { allow: 'anyone' },
      schema: {
        body: Type.Object({ secret: Secret }, { additionalProperties: false }),
        response: { 200: LinkFacts },
      },
    },
    async (request, reply) => {
      takeAttempt(limiters.link, toAddressKey(request.ip), reply);
      const link = await getLink(
        sql,
        request.body.secret,
        ['first-administrator', 'invitation', 'password-reset'],
        now(),
      );
      const organisation =
        link.organisationId === null ? undefined : await getOrganisation(sql, link.organisationId);
      const account =
        link.userId !== null
          ? await findAccountSecret(sql, { id: link.userId })
          : link.email !== null
            ? await findAccountSecret(sql, { email: link.email })
            : undefined;
      const own =
        link.kind === 'first-administrator'
          ? (await findOrganisations(sql)).filter((one) => one.kind !== 'demo' && one.kind !== 'open')
          : [];
      limiters.link.giveBack(toAddressKey(request.ip));
      return {
        kind: link.kind as 'invitation',
        email: account?.email ?? link.email,
        organisation: organisation?.name ?? null,
        role: link.role,
        expiresAt: link.expiresAt,
        hasAccount: account !== undefined,
        needsOrganisation: link.kind === 'first-administrator' && own.length === 0,
      };
    },
  );

  app.post(
    '/api/v1/links/first-administrator',
    {
      config: { allow: 'anyone' },
      schema: {
        body: Type.Object(
          {
            secret: Secret,
            email: Email,
            name: PersonName,
            password: Password,
            locale: Type.Optional(Locale),
            organisation: Type.Optional(
              Type.Object(
                {
                  name: Title,
                  slug: Type.Optional(Slug),
                  country: CountryCode,
                  timeZone: Type.String({ maxLength: 60 }),
                  locale: Locale,
                },
                { additionalProperties: false },
              ),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 201: SessionBody },
      },
    },
    async (request, reply) => {
      takeAttempt(limiters.link, toAddressKey(request.ip), reply);
      const { secret, name, password, organisation } = request.body;
      const email = toEmail(request.body.email);
      await getLink(sql, secret, ['first-administrator'], now());
      checkPassword(password, email);
      if (organisation) checkTimeZone(organisation.timeZone);
      const passwordHash = await hashPassword(password);
      const locale = request.body.locale ?? organisation?.locale ?? null;
      const body = await signInBy(request, reply, (tx) =>
        createFirstAdministrator(tx, { secret, email, name, passwordHash, locale, organisation }, now()),
      );
      return reply.status(201).send(body);
    },
  );

  app.post(
    '/api/v1/links/invitation',
    {
      config: { allow: 'anyone' },
      schema: {
        body: Type.Object(
          {
            secret: Secret,
            name: Type.Optional(PersonName),
            password: Password,
            locale: Type.Optional(Locale),
          },
          { additionalProperties: false },
        ),
        response: { 201: SessionBody },
      },
    },
    async (request, reply) => {
      takeAttempt(limiters.link, toAddressKey(request.ip), reply);
      const { secret, name, password, locale } = request.body;
      const link = await getLink(sql, secret, ['invitation'], now());
      const { email, organisationId, role } = link;
      if (email === null || organisationId === null || role === null) throw toLinkUsed();
      const account = await findAccountSecret(sql, { email });
      let passwordHash = '';
      if (account) {
        // The link proves the mailbox, or that an administrator made it; the account itself wants its password.
        takeAttempt(limiters.account, email, reply);
        const { right } = await verifyPassword(account.disabled ? null : account.passwordHash, password);
        if (!right)
          throw new AppError('BAD_CREDENTIALS', 'This is not the password of your account.', {
            at: 'body/password',
          });
        limiters.account.forget(email);
      } else {
        if (name === undefined) throw new AppError('BAD_BODY', 'Say your name.', { at: 'body/name' });
        checkPassword(password, email);
        passwordHash = await hashPassword(password);
      }
      const body = await signInBy(request, reply, async (tx) => {
        await consumeLink(tx, secret, 'invitation', now());
        const userId =
          account?.id ??
          (await insertUser(tx, {
            email,
            name: name ?? '',
            passwordHash,
            locale: locale ?? null,
            instanceAdmin: false,
          }));
        await insertMembership(
          tx,
          { kind: 'user', userId, instanceAdmin: false, roles: new Map() },
          organisationId,
          userId,
          role,
        );
        return userId;
      });
      return reply.status(201).send(body);
    },
  );

  /** The same answer at once for every address: who has an account here is nobody's business. */
  app.post(
    '/api/v1/links/password-reset',
    {
      config: { allow: 'anyone' },
      schema: { body: Type.Object({ email: Email }, { additionalProperties: false }) },
    },
    async (request, reply) => {
      takeAttempt(limiters.link, toAddressKey(request.ip), reply);
      const email = toEmail(request.body.email);
      if (mail !== undefined && limiters.mail.take(email) === undefined) {
        setImmediate(() => {
          sendReset(email).catch((error: unknown) =>
            log.error({ err: toSafe(error) }, 'The mail for a new password could not be sent'),
          );
        });
      }
      return reply.status(204).send();
    },
  );

  async function sendReset(email: string): Promise<void> {
    const account = await findAccountSecret(sql, { email });
    if (!account || account.disabled || account.passwordHash === null) return;
    const link = await sql.begin(async (tx) => {
      await revokeOpenLinks(tx, 'password-reset', { userId: account.id }, now());
      return insertLink(tx, SYSTEM, {
        kind: 'password-reset',
        userId: account.id,
        expiresAtMs: now() + LIFETIME_MS['password-reset'],
      });
    });
    await mail?.send(
      renderPasswordReset(email, account.locale, toLink(config, 'password', link.secret, account.locale)),
    );
  }

  app.post(
    '/api/v1/links/password',
    {
      config: { allow: 'anyone' },
      schema: {
        body: Type.Object({ secret: Secret, password: Password }, { additionalProperties: false }),
        response: { 200: SessionBody },
      },
    },
    async (request, reply) => {
      takeAttempt(limiters.link, toAddressKey(request.ip), reply);
      const { secret, password } = request.body;
      const link = await getLink(sql, secret, ['password-reset'], now());
      const account = link.userId === null ? undefined : await findAccountSecret(sql, { id: link.userId });
      if (!account || account.disabled) throw toLinkUsed();
      checkPassword(password, account.email);
      const passwordHash = await hashPassword(password);
      const body = await signInBy(request, reply, async (tx) => {
        await consumeLink(tx, secret, 'password-reset', now());
        await revokeOpenLinks(tx, 'password-reset', { userId: account.id }, now());
        await setPassword(
          tx,
          { kind: 'user', userId: account.id, instanceAdmin: false, roles: new Map() },
          account.id,
          passwordHash,
        );
        await deleteSessions(tx, account.id);
        return account.id;
      });
      limiters.account.forget(account.email);
      return body;
    },
  );
}

/** An SMTP server's complaint names the recipient: the log learns its code alone. */
function toSafe(error: unknown): { readonly code: string } {
  return { code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' };
}
