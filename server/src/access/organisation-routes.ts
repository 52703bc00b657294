/** Organisations, their contacts and their audit list. An organisation that one does not belong to is not there. */
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import { type App, getIfMatch } from '../http/server.ts';
import {
  createOrganisation,
  findOrganisations,
  type Organisation,
  updateOrganisation,
} from '../registry/organisation-store.ts';
import { findAudit } from './audit-store.ts';
import {
  createContactRole,
  deleteContactRole,
  findContactRoles,
  getContactRole,
  updateContactRole,
} from './contact-role-store.ts';
import {
  type AccessDeps,
  Email,
  getUserActor,
  Id,
  IdParams,
  Instant,
  Json,
  Locale,
  Nullable,
  OrganisationQuery,
  renderVersion,
  Title,
} from './context.ts';
import { toSlug } from './first-administrator.ts';
import { type Actor, organisationsOf, requireRole } from './port.ts';
import { insertMembership } from './user-store.ts';

export const Slug = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' });
export const CountryCode = Type.String({ pattern: '^[A-Z]{2}$' });
const TimeZone = Type.String({ minLength: 1, maxLength: 60 });

const OrganisationBody = Type.Object({
  id: Id,
  slug: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  country: Type.String(),
  timeZone: Type.String(),
  locale: Locale,
  version: Type.Integer(),
});
const ContactRole = Type.Object({
  id: Id,
  organisationId: Id,
  name: Type.String(),
  mailbox: Nullable(Type.String()),
  version: Type.Integer(),
});
const AuditRow = Type.Object({
  id: Id,
  at: Instant,
  actor: Type.Object({ kind: Type.String(), id: Nullable(Id), name: Nullable(Type.String()) }),
  action: Type.String(),
  entity: Type.String(),
  entityId: Nullable(Type.String()),
  before: Json,
  after: Json,
});

/** @throws AppError BAD_BODY for a name that the time zone database does not have */
export function checkTimeZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch (cause) {
    throw new AppError('BAD_BODY', `There is no time zone "${name}".`, {
      at: 'body/timeZone',
      hint: 'A name like Europe/Copenhagen.',
      cause,
    });
  }
}

function maySee(actor: Actor, organisation: Organisation): boolean {
  if (organisation.kind === 'demo' || (actor.kind === 'user' && actor.instanceAdmin)) return true;
  return organisationsOf(actor, 'viewer')?.includes(organisation.id) ?? true;
}

export function registerOrganisationRoutes(app: App, deps: AccessDeps): void {
  const { sql } = deps;

  async function getVisible(actor: Actor, id: number): Promise<Organisation> {
    const found = (await findOrganisations(sql)).find((one) => one.id === id);
    if (!found || !maySee(actor, found)) throw new AppError('NOT_FOUND', 'There is no such organisation.');
    return found;
  }

  app.get(
    '/api/v1/organisations',
    {
      config: { allow: 'member' },
      schema: { response: { 200: Type.Object({ organisations: Type.Array(OrganisationBody) }) } },
    },
    async (request) => ({
      organisations: (await findOrganisations(sql)).filter((one) => maySee(request.actor, one)),
    }),
  );

  app.get(
    '/api/v1/organisations/:id',
    { config: { allow: 'member' }, schema: { params: IdParams, response: { 200: OrganisationBody } } },
    async (request, reply) => {
      const found = await getVisible(request.actor, request.params.id);
      renderVersion(reply, found.version);
      return found;
    },
  );

  app.post(
    '/api/v1/organisations',
    {
      config: { allow: 'instance' },
      schema: {
        body: Type.Object(
          {
            name: Title,
            slug: Type.Optional(Slug),
            kind: Type.Optional(Type.Union([Type.Literal('municipality'), Type.Literal('partner')])),
            country: CountryCode,
            timeZone: TimeZone,
            locale: Locale,
          },
          { additionalProperties: false },
        ),
        response: { 201: OrganisationBody },
      },
    },
    async (request, reply) => {
      const actor = getUserActor(request);
      const { slug, kind = 'municipality', ...fields } = request.body;
      checkTimeZone(fields.timeZone);
      const made = await sql.begin(async (tx) => {
        const organisation = await createOrganisation(tx, actor, {
          ...fields,
          kind,
          slug: slug ?? toSlug(fields.name),
        });
        // its first administrator, who can invite the others and then leave
        await insertMembership(tx, actor, organisation.id, actor.userId, 'administrator');
        return organisation;
      });
      renderVersion(reply, made.version);
      return reply.status(201).send(made);
    },
  );

  app.patch(
    '/api/v1/organisations/:id',
    {
      config: { allow: 'administrator' },
      schema: {
        params: IdParams,
        body: Type.Object(
          {
            name: Type.Optional(Title),
            country: Type.Optional(CountryCode),
            timeZone: Type.Optional(TimeZone),
            locale: Type.Optional(Locale),
          },
          { additionalProperties: false },
        ),
        response: { 200: OrganisationBody },
      },
    },
    async (request, reply) => {
      requireRole(request.actor, request.params.id, 'administrator');
      const version = getIfMatch(request);
      if (request.body.timeZone !== undefined) checkTimeZone(request.body.timeZone);
      const after = await sql.begin((tx) =>
        updateOrganisation(tx, request.actor, request.params.id, version, request.body),
      );
      renderVersion(reply, after.version);
      return after;
    },
  );

  // Contacts -----------------------------------------------------------------------------------------------------

  app.get(
    '/api/v1/contact-roles',
    {
      config: { allow: 'viewer' },
      schema: {
        querystring: OrganisationQuery,
        response: { 200: Type.Object({ contactRoles: Type.Array(ContactRole) }) },
      },
    },
    async (request) => ({
      contactRoles: await findContactRoles(sql, request.actor, request.query.organisation),
    }),
  );

  app.get(
    '/api/v1/contact-roles/:id',
    { config: { allow: 'viewer' }, schema: { params: IdParams, response: { 200: ContactRole } } },
    async (request, reply) => {
      const found = await getContactRole(sql, request.actor, request.params.id);
      renderVersion(reply, found.version);
      return found;
    },
  );

  app.post(
    '/api/v1/contact-roles',
    {
      config: { allow: 'editor' },
      schema: {
        querystring: OrganisationQuery,
        body: Type.Object(
          { name: Title, mailbox: Type.Optional(Nullable(Email)) },
          { additionalProperties: false },
        ),
        response: { 201: ContactRole },
      },
    },
    async (request, reply) => {
      const { name, mailbox = null } = request.body;
      const made = await sql.begin((tx) =>
        createContactRole(tx, request.actor, request.query.organisation, { name, mailbox }),
      );
      renderVersion(reply, made.version);
      return reply.status(201).send(made);
    },
  );

  app.patch(
    '/api/v1/contact-roles/:id',
    {
      config: { allow: 'editor' },
      schema: {
        params: IdParams,
        body: Type.Object(
          { name: Type.Optional(Title), mailbox: Type.Optional(Nullable(Email)) },
          { additionalProperties: false },
        ),
        response: { 200: ContactRole },
      },
    },
    async (request, reply) => {
      const version = getIfMatch(request);
      const after = await sql.begin((tx) =>
        updateContactRole(tx, request.actor, request.params.id, version, request.body),
      );
      renderVersion(reply, after.version);
      return after;
    },
  );

  app.delete(
    '/api/v1/contact-roles/:id',
    { config: { allow: 'editor' }, schema: { params: IdParams } },
    async (request, reply) => {
      const version = getIfMatch(request);
      await sql.begin((tx) => deleteContactRole(tx, request.actor, request.params.id, version));
      return reply.status(204).send();
    },
  );

  // Audit --------------------------------------------------------------------------------------------------------

  app.get(
    '/api/v1/audit',
    {
      config: { allow: 'administrator' },
      schema: {
        querystring: Type.Object(
          {
            organisation: Id,
            before: Type.Optional(Id),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ entries: Type.Array(AuditRow), next: Nullable(Id) }) },
      },
    },
    async (request) => {
      const { organisation, before, limit = 100 } = request.query;
      const entries = await findAudit(sql, request.actor, organisation, { before, limit });
      return { entries, next: entries.length === limit ? (entries.at(-1)?.id ?? null) : null };
    },
  );
}
