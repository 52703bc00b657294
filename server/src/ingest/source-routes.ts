/** Sources over HTTP: list with their state, create, change, test, what was rejected. Administrators change, members look. */
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import { requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { type App, getIfMatch } from '../http/server.ts';
import type { Sealer } from '../operations/seal-port.ts';
import type { Inlet } from './inlet.ts';
import { parseBrokerUrl } from './mqtt/connection.ts';
import { checkTopics } from './mqtt/subscriptions.ts';
import { testConnection } from './mqtt/trial.ts';
import { SOURCE_FORMATS } from './source.ts';
import { toListenerOptions } from './source-manager.ts';
import {
  createSourceKey,
  deleteSource,
  findRejectedMessages,
  findSourceSecret,
  findSources,
  getSource,
  insertSource,
  type Source,
  updateSource,
} from './source-store.ts';
import { ADAPTERS } from './sources/table.ts';

export interface SourceDeps {
  readonly sql: Sql;
  readonly sealer: Sealer;
  readonly inlet: Inlet;
  readonly refreshSources: () => Promise<void>;
  readonly resolveHost: (host: string) => Promise<string>;
  readonly now: () => number;
  /** By which network servers reach this server, where that is known. */
  readonly publicUrl: string | undefined;
}

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const IdParams = Type.Object({ id: Id });
const OrganisationQuery = Type.Object({ organisation: Id });
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
const Format = Type.Enum(SOURCE_FORMATS);
const Settings = Type.Object(
  {
    url: Type.Optional(Type.String({ pattern: '^mqtts?://[^@/\\s]+$', maxLength: 300 })),
    username: Type.Optional(Type.String({ maxLength: 200 })),
    topics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { minItems: 1, maxItems: 20 }),
    ),
    sharedGroup: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,60}$' })),
    ca: Type.Optional(Type.String({ maxLength: 20_000 })),
  },
  { additionalProperties: false },
);
const Secret = Type.Union([Type.String({ minLength: 1, maxLength: 500 }), Type.Null()]);

function checkSettings(
  kind: string,
  settings: { url?: string; topics?: string[]; sharedGroup?: string },
): void {
  if (kind !== 'mqtt') return;
  if (settings.url === undefined || settings.topics === undefined) {
    throw new AppError('BAD_BODY', 'A broker needs its address and at least one topic.', {
      at: settings.url === undefined ? '/settings/url' : '/settings/topics',
    });
  }
  try {
    parseBrokerUrl({ url: settings.url });
    checkTopics(settings.topics, settings.sharedGroup);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('BAD_BODY', error.detail, {
      at: `/settings/${error.at ?? 'url'}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** A stored password is for the broker it was given for: it never goes to another address unasked. */
function checkPasswordStays(stored: Source, url: string | undefined): void {
  if (!stored.hasSecret || url === undefined || url === stored.settings.url) return;
  throw new AppError('BAD_BODY', 'The address is another one: enter the password again.', {
    at: '/password',
  });
}

export function registerSourceRoutes(app: App, deps: SourceDeps): void {
  const { sql } = deps;
  const tags = ['sources'];
  /** Here at once; other processes look at the sources every few seconds. */
  const announce = async () => {
    deps.inlet.forgetKeys();
    await deps.refreshSources();
  };
  const withRate = (source: Source) => ({ ...source, ratePerMinute: deps.inlet.ratePerMinute(source.id) });

  app.get(
    '/api/v1/sources',
    { config: { allow: 'viewer' }, schema: { tags, querystring: OrganisationQuery } },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      return {
        sources: (await findSources(sql, request.actor, request.query.organisation)).map(withRate),
        publicUrl: deps.publicUrl ?? null,
        formats: SOURCE_FORMATS.map((f) => ({
          format: f,
          title: ADAPTERS[f].title,
          topic: ADAPTERS[f].topic ?? null,
        })),
      };
    },
  );

  app.get(
    '/api/v1/sources/:id',
    { config: { allow: 'viewer' }, schema: { tags, params: IdParams } },
    async (request, reply) => {
      const source = await getSource(sql, request.actor, request.params.id);
      reply.header('etag', `"${source.version}"`);
      return { ...withRate(source), rejected: await findRejectedMessages(sql, source.id, 20) };
    },
  );

  app.post(
    '/api/v1/sources',
    {
      config: { allow: 'administrator' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object(
          {
            name: Name,
            kind: Type.Union([Type.Literal('webhook'), Type.Literal('mqtt')]),
            format: Format,
            settings: Type.Optional(Settings),
            password: Type.Optional(Secret),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { name, kind, format, settings = {}, password } = request.body;
      checkSettings(kind, settings);
      const key = kind === 'webhook' ? createSourceKey() : undefined;
      const source = await sql.begin(async (tx) => {
        const made = await insertSource(
          tx,
          request.actor,
          request.query.organisation,
          { name, kind, format, settings },
          key?.hash ?? null,
        );
        if (typeof password !== 'string') return made;
        return updateSource(tx, request.actor, made.id, made.version, {
          secret: deps.sealer.seal(password, `source:${made.id}`),
        });
      });
      await announce();
      // The key is shown this once; only its hash is kept.
      return reply
        .status(201)
        .header('location', `/api/v1/sources/${source.id}`)
        .send({ ...withRate(source), ...(key ? { key: key.key } : {}) });
    },
  );

  app.patch(
    '/api/v1/sources/:id',
    {
      config: { allow: 'administrator' },
      schema: {
        tags,
        params: IdParams,
        body: Type.Object(
          {
            name: Type.Optional(Name),
            enabled: Type.Optional(Type.Boolean()),
            settings: Type.Optional(Settings),
            password: Type.Optional(Secret),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const version = getIfMatch(request);
      const { name, enabled, settings, password } = request.body;
      const source = await sql.begin(async (tx) => {
        const before = await getSource(tx, request.actor, request.params.id);
        if (settings) checkSettings(before.kind, settings);
        if (password === undefined) checkPasswordStays(before, settings?.url);
        return updateSource(tx, request.actor, before.id, version, {
          ...(name === undefined ? {} : { name }),
          ...(enabled === undefined ? {} : { enabled }),
          ...(settings === undefined ? {} : { settings }),
          ...(password === undefined
            ? {}
            : { secret: password === null ? null : deps.sealer.seal(password, `source:${before.id}`) }),
        });
      });
      await announce();
      return reply.header('etag', `"${source.version}"`).send(withRate(source));
    },
  );

  app.post(
    '/api/v1/sources/:id/key',
    { config: { allow: 'administrator' }, schema: { tags, params: IdParams } },
    async (request) => {
      const version = getIfMatch(request);
      const { key, hash } = createSourceKey();
      const source = await sql.begin(async (tx) => {
        const before = await getSource(tx, request.actor, request.params.id);
        if (before.kind !== 'webhook')
          throw new AppError('BAD_REQUEST', 'Only a webhook has a key.', { at: 'source' });
        return updateSource(tx, request.actor, before.id, version, { keyHash: hash });
      });
      await announce();
      return { ...withRate(source), key };
    },
  );

  app.delete(
    '/api/v1/sources/:id',
    { config: { allow: 'administrator' }, schema: { tags, params: IdParams } },
    async (request, reply) => {
      const version = getIfMatch(request);
      await sql.begin((tx) => deleteSource(tx, request.actor, request.params.id, version));
      await announce();
      return reply.status(204).send();
    },
  );

  // Before it is saved: is the broker there, does it let us in, does anything come?
  app.post(
    '/api/v1/sources/test',
    {
      config: { allow: 'administrator' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object(
          { settings: Settings, password: Type.Optional(Secret), id: Type.Optional(Id) },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'administrator');
      const { settings, password, id } = request.body;
      checkSettings('mqtt', settings);
      let stored: { secret: Uint8Array | null } | undefined;
      if (id !== undefined) {
        const source = await getSource(sql, request.actor, id);
        requireRole(request.actor, source.organisationId, 'administrator');
        if (password === undefined) {
          checkPasswordStays(source, settings.url);
          stored = { secret: await findSourceSecret(sql, source.id) };
        }
      }
      const options = toListenerOptions(
        { id: id ?? 0, settings, secret: stored?.secret ?? null },
        deps.sealer,
        deps.resolveHost,
      );
      return testConnection({ ...options, ...(typeof password === 'string' ? { password } : {}) });
    },
  );

  // What would become of a message: read as the source reads it, stored nowhere.
  app.post(
    '/api/v1/sources/try',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        body: Type.Object(
          {
            format: Format,
            message: Type.Unknown(),
            event: Type.Optional(Type.String({ maxLength: 40 })),
            topic: Type.Optional(Type.String({ maxLength: 300 })),
          },
          { additionalProperties: false },
        ),
      },
    },
    (request) => {
      const { format, message, event, topic } = request.body;
      return ADAPTERS[format].parse(message, new Date(deps.now()).toISOString(), {
        ...(event === undefined ? {} : { event }),
        ...(topic === undefined ? {} : { topic }),
      });
    },
  );
}
