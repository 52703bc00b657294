/** API keys of an organisation and the screens of its rooms: secrets that are shown once and can be taken back. */
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import type { App } from '../http/server.ts';
import {
  type AccessDeps,
  Id,
  IdParams,
  Instant,
  Nullable,
  OrganisationQuery,
  Title,
  toLink,
} from './context.ts';
import { createKey, findKeys, revokeKey } from './key-store.ts';
import { createScreen, findScreens, revokeScreen } from './link-store.ts';

const ScopeSchema = Type.Union([Type.Literal('ingest'), Type.Literal('read'), Type.Literal('write')]);
const Key = Type.Object({
  id: Id,
  name: Type.String(),
  hint: Type.String(),
  scopes: Type.Array(ScopeSchema),
  createdAt: Instant,
  expiresAt: Nullable(Instant),
  revokedAt: Nullable(Instant),
  lastUsedAt: Nullable(Instant),
});
const Screen = Type.Object({ id: Id, createdAt: Instant, expiresAt: Instant });

const DAYS_DEFAULT = 365;
const ScreenParams = Type.Object({ id: Id, screen: Id });

export function registerKeyRoutes(app: App, deps: AccessDeps): void {
  const { sql, config, now } = deps;

  app.get(
    '/api/v1/keys',
    {
      config: { allow: 'administrator' },
      schema: { querystring: OrganisationQuery, response: { 200: Type.Object({ keys: Type.Array(Key) }) } },
    },
    async (request) => ({ keys: await findKeys(sql, request.actor, request.query.organisation) }),
  );

  app.post(
    '/api/v1/keys',
    {
      config: { allow: 'administrator' },
      schema: {
        querystring: OrganisationQuery,
        body: Type.Object(
          {
            name: Title,
            scopes: Type.Array(ScopeSchema, { minItems: 1, maxItems: 3 }),
            expiresAt: Type.Optional(Nullable(Instant)),
          },
          { additionalProperties: false },
        ),
        response: { 201: Type.Object({ key: Key, text: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { name, scopes, expiresAt = null } = request.body;
      if (expiresAt !== null && Date.parse(expiresAt) <= now()) {
        throw new AppError('BAD_BODY', 'The end of the key lies in the past.', { at: 'body/expiresAt' });
      }
      const made = await sql.begin((tx) =>
        createKey(tx, request.actor, request.query.organisation, { name, scopes, expiresAt }),
      );
      return reply.status(201).send(made);
    },
  );

  app.delete(
    '/api/v1/keys/:id',
    { config: { allow: 'administrator' }, schema: { params: IdParams } },
    async (request, reply) => {
      await sql.begin((tx) => revokeKey(tx, request.actor, request.params.id, now()));
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/v1/places/:id/screens',
    {
      config: { allow: 'editor' },
      schema: { params: IdParams, response: { 200: Type.Object({ screens: Type.Array(Screen) }) } },
    },
    async (request) => ({ screens: await findScreens(sql, request.actor, request.params.id, now()) }),
  );

  app.post(
    '/api/v1/places/:id/screens',
    {
      config: { allow: 'editor' },
      schema: {
        params: IdParams,
        body: Type.Object(
          { days: Type.Optional(Type.Integer({ minimum: 1, maximum: 730 })) },
          { additionalProperties: false },
        ),
        response: { 201: Type.Object({ id: Id, expiresAt: Instant, link: Type.String() }) },
      },
    },
    async (request, reply) => {
      const made = await sql.begin((tx) =>
        createScreen(tx, request.actor, request.params.id, request.body.days ?? DAYS_DEFAULT, now()),
      );
      return reply.status(201).send({
        id: made.id,
        expiresAt: made.expiresAt,
        link: toLink(config, `screen?place=${request.params.id}`, made.secret),
      });
    },
  );

  app.delete(
    '/api/v1/places/:id/screens/:screen',
    { config: { allow: 'editor' }, schema: { params: ScreenParams } },
    async (request, reply) => {
      await sql.begin((tx) =>
        revokeScreen(tx, request.actor, request.params.id, request.params.screen, now()),
      );
      return reply.status(204).send();
    },
  );
}
