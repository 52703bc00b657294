/** Claiming in bulk over HTTP: rules, what they would do, doing it, taking it back. */
import { Type } from 'typebox';
import { requireRole } from '../access/port.ts';
import { type App, getIfMatch } from '../http/server.ts';
import { applyClaims, findClaimBatches, planClaims, undoClaims } from './claim-batch-store.ts';
import { type ClaimRuleFields, PLACE_BY } from './claim-plan.ts';
import { createClaimRule, deleteClaimRule, findClaimRules, updateClaimRule } from './claim-rule-store.ts';
import type { RegistryDeps } from './place-routes.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const IdParams = Type.Object({ id: Id });
const OrganisationQuery = Type.Object({ organisation: Id });
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const Pattern = Type.String({ maxLength: 200 });

const RuleBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    position: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    profilePattern: Type.Optional(OrNull(Pattern)),
    namePattern: Type.Optional(OrNull(Pattern)),
    tagPatterns: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Pattern, { maxProperties: 10 }),
    ),
    codec: Type.Optional(OrNull(Type.String({ minLength: 1, maxLength: 100 }))),
    placeBy: Type.Optional(OrNull(Type.Union(PLACE_BY.map((by) => Type.Literal(by))))),
    placeTemplate: Type.Optional(OrNull(Pattern)),
    nameTemplate: Type.Optional(OrNull(Pattern)),
    automatic: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const DeviceIds = Type.Optional(Type.Array(Id, { maxItems: 10_000 }));

function toFields(body: Partial<ClaimRuleFields> & Pick<ClaimRuleFields, 'name'>): ClaimRuleFields {
  return {
    position: 100,
    profilePattern: null,
    namePattern: null,
    tagPatterns: {},
    codec: null,
    placeBy: null,
    placeTemplate: null,
    nameTemplate: null,
    automatic: false,
    ...body,
  };
}

export function registerClaimRuleRoutes(app: App, deps: RegistryDeps): void {
  const { sql } = deps;
  const tags = ['devices'];

  app.get(
    '/api/v1/claim-rules',
    { config: { allow: 'viewer' }, schema: { tags, querystring: OrganisationQuery } },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      return { rules: await findClaimRules(sql, request.actor, request.query.organisation) };
    },
  );

  app.post(
    '/api/v1/claim-rules',
    { config: { allow: 'editor' }, schema: { tags, querystring: OrganisationQuery, body: RuleBody } },
    async (request, reply) => {
      const rule = await sql.begin((tx) =>
        createClaimRule(tx, request.actor, request.query.organisation, toFields(request.body)),
      );
      return reply
        .status(201)
        .header('etag', `"${rule.version}"`)
        .header('location', `/api/v1/claim-rules/${rule.id}`)
        .send(rule);
    },
  );

  app.patch(
    '/api/v1/claim-rules/:id',
    {
      config: { allow: 'editor' },
      schema: { tags, params: IdParams, body: Type.Partial(RuleBody, { additionalProperties: false }) },
    },
    async (request, reply) => {
      const version = getIfMatch(request);
      const rule = await sql.begin((tx) =>
        updateClaimRule(tx, request.actor, request.params.id, version, request.body),
      );
      return reply.header('etag', `"${rule.version}"`).send(rule);
    },
  );

  app.delete(
    '/api/v1/claim-rules/:id',
    { config: { allow: 'editor' }, schema: { tags, params: IdParams } },
    async (request, reply) => {
      const version = getIfMatch(request);
      await sql.begin((tx) => deleteClaimRule(tx, request.actor, request.params.id, version));
      return reply.status(204).send();
    },
  );

  app.post(
    '/api/v1/claim-rules/preview',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object(
          {
            deviceIds: DeviceIds,
            draft: Type.Optional(
              Type.Object({ id: OrNull(Id), fields: RuleBody }, { additionalProperties: false }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { deviceIds, draft } = request.body;
      return {
        devices: await planClaims(sql, request.actor, {
          organisationId: request.query.organisation,
          ...(deviceIds === undefined ? {} : { deviceIds }),
          ...(draft === undefined ? {} : { draft: { id: draft.id, fields: toFields(draft.fields) } }),
        }),
      };
    },
  );

  app.post(
    '/api/v1/claim-rules/apply',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object({ deviceIds: DeviceIds }, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { deviceIds } = request.body;
      const applied = await sql.begin((tx) =>
        applyClaims(tx, request.actor, {
          organisationId: request.query.organisation,
          now: new Date(deps.now()).toISOString(),
          ...(deviceIds === undefined ? {} : { deviceIds }),
        }),
      );
      if (applied.pending > 0) deps.wakeSweep();
      return applied;
    },
  );

  app.get(
    '/api/v1/claim-batches',
    { config: { allow: 'viewer' }, schema: { tags, querystring: OrganisationQuery } },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      return { batches: await findClaimBatches(sql, request.actor, request.query.organisation) };
    },
  );

  app.post(
    '/api/v1/claim-batches/:id/undo',
    { config: { allow: 'editor' }, schema: { tags, params: IdParams } },
    (request) => sql.begin((tx) => undoClaims(tx, request.actor, request.params.id)),
  );
}
