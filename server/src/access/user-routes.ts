/** The people of an organisation: who belongs to it with which role, and who is invited. For its administrators. */
import { type Static, Type } from 'typebox';
import { type App, getIfMatch } from '../http/server.ts';
import { getOrganisation } from '../registry/organisation-store.ts';
import {
  type AccessDeps,
  Email,
  Id,
  IdParams,
  Instant,
  Nullable,
  OrganisationQuery,
  RoleSchema,
  renderVersion,
  toEmail,
  toLink,
} from './context.ts';
import {
  createInvitation,
  findInvitations,
  insertLink,
  LIFETIME_MS,
  revokeLink,
  revokeOpenLinks,
} from './link-store.ts';
import { renderInvitation } from './mail-text.ts';
import { requireRole } from './port.ts';
import {
  deleteMember,
  findMembers,
  getAccount,
  getMember,
  requireMayResetPassword,
  updateMember,
} from './user-store.ts';

const Member = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  role: RoleSchema,
  version: Type.Integer(),
  since: Instant,
  lastSeenAt: Nullable(Instant),
});
const Invitation = Type.Object({
  id: Id,
  email: Type.String(),
  role: RoleSchema,
  createdAt: Instant,
  expiresAt: Instant,
});
/** `link` is told once, and only when no mail could bring it. */
const Handed = Type.Object({
  id: Id,
  mailed: Type.Boolean(),
  link: Nullable(Type.String()),
  expiresAt: Instant,
});

const InvitationParams = Type.Object({ invitation: Id });

export function registerUserRoutes(app: App, deps: AccessDeps): void {
  const { sql, config, log, now, mail } = deps;
  const ADMINISTRATOR = { allow: 'administrator' } as const;

  app.get(
    '/api/v1/users',
    {
      config: ADMINISTRATOR,
      schema: {
        querystring: OrganisationQuery,
        response: { 200: Type.Object({ users: Type.Array(Member), invitations: Type.Array(Invitation) }) },
      },
    },
    async (request) => {
      const { organisation } = request.query;
      return {
        users: await findMembers(sql, request.actor, organisation),
        invitations: await findInvitations(sql, request.actor, organisation, now()),
      };
    },
  );

  app.get(
    '/api/v1/users/:id',
    {
      config: ADMINISTRATOR,
      schema: { params: IdParams, querystring: OrganisationQuery, response: { 200: Member } },
    },
    async (request, reply) => {
      const member = await getMember(sql, request.actor, request.query.organisation, request.params.id);
      renderVersion(reply, member.version);
      return member;
    },
  );

  app.post(
    '/api/v1/users',
    {
      config: ADMINISTRATOR,
      schema: {
        querystring: OrganisationQuery,
        body: Type.Object({ email: Email, role: RoleSchema }, { additionalProperties: false }),
        response: { 201: Handed },
      },
    },
    async (request, reply) => {
      const { actor } = request;
      const email = toEmail(request.body.email);
      const { organisation, link } = await sql.begin(async (tx) => {
        const made = await createInvitation(
          tx,
          actor,
          request.query.organisation,
          email,
          request.body.role,
          now(),
        );
        return { link: made, organisation: await getOrganisation(tx, request.query.organisation) };
      });
      const address = toLink(config, 'welcome', link.secret, organisation.locale);
      const handed = await hand(link, address, async () =>
        mail?.send(renderInvitation(email, organisation.locale, organisation.name, address)),
      );
      return reply.status(201).send(handed);
    },
  );

  /** By mail when there is a mail server and it takes the mail; else the administrator sees the link, once. */
  async function hand(
    link: { readonly id: number; readonly expiresAt: string },
    address: string,
    send: () => Promise<void>,
  ): Promise<Static<typeof Handed>> {
    const { id, expiresAt } = link;
    if (mail === undefined) return { id, mailed: false, link: address, expiresAt };
    try {
      await send();
      return { id, mailed: true, link: null, expiresAt };
    } catch (error) {
      log.warn(
        { code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' },
        'An invitation could not be mailed',
      );
      return { id, mailed: false, link: address, expiresAt };
    }
  }

  app.patch(
    '/api/v1/users/:id',
    {
      config: ADMINISTRATOR,
      schema: {
        params: IdParams,
        querystring: OrganisationQuery,
        body: Type.Object({ role: RoleSchema }, { additionalProperties: false }),
        response: { 200: Member },
      },
    },
    async (request, reply) => {
      requireRole(request.actor, request.query.organisation, 'administrator');
      const version = getIfMatch(request);
      const member = await sql.begin((tx) =>
        updateMember(
          tx,
          request.actor,
          request.query.organisation,
          request.params.id,
          version,
          request.body.role,
        ),
      );
      renderVersion(reply, member.version);
      return member;
    },
  );

  app.delete(
    '/api/v1/users/:id',
    { config: ADMINISTRATOR, schema: { params: IdParams, querystring: OrganisationQuery } },
    async (request, reply) => {
      requireRole(request.actor, request.query.organisation, 'administrator');
      const version = getIfMatch(request);
      await sql.begin((tx) =>
        deleteMember(tx, request.actor, request.query.organisation, request.params.id, version),
      );
      return reply.status(204).send();
    },
  );

  app.delete(
    '/api/v1/users/invitations/:invitation',
    { config: ADMINISTRATOR, schema: { params: InvitationParams, querystring: OrganisationQuery } },
    async (request, reply) => {
      const { organisation } = request.query;
      requireRole(request.actor, organisation, 'administrator');
      await sql.begin((tx) =>
        revokeLink(tx, request.actor, 'invitation', organisation, request.params.invitation, now()),
      );
      return reply.status(204).send();
    },
  );

  /** For an installation without mail: the link for a new password, told once. */
  app.post(
    '/api/v1/users/:id/password-link',
    {
      config: ADMINISTRATOR,
      schema: { params: IdParams, querystring: OrganisationQuery, response: { 201: Handed } },
    },
    async (request, reply) => {
      const { id: userId } = request.params;
      const made = await sql.begin(async (tx) => {
        await requireMayResetPassword(tx, request.actor, request.query.organisation, userId);
        await revokeOpenLinks(tx, 'password-reset', { userId }, now());
        const link = await insertLink(tx, request.actor, {
          kind: 'password-reset',
          organisationId: request.query.organisation,
          userId,
          expiresAtMs: now() + LIFETIME_MS['password-reset'],
        });
        return { link, account: await getAccount(tx, userId) };
      });
      const link = toLink(config, 'password', made.link.secret, made.account.locale);
      return reply
        .status(201)
        .send({ id: made.link.id, mailed: false, link, expiresAt: made.link.expiresAt });
    },
  );
}
