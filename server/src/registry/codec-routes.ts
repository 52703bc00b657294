/**
 * Codecs over HTTP: the list, a codec with its versions, trying a script on the bench, installing a version.
 * Scripts run in the sandbox's own pool for trying; a codec whose examples fail is not installed unawares.
 */
import { parseCodecVectors } from '@torv/core/codec-vectors';
import { AppError } from '@torv/core/errors';
import { parseFieldMappings } from '@torv/core/mapping';
import { parseInstant } from '@torv/core/time';
import { Type } from 'typebox';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { type App, getIfMatch } from '../http/server.ts';
import type { Decoder } from '../ingest/decode/port.ts';
import { checkVectors } from './codec-check.ts';
import {
  findCodecs,
  findCodecVersions,
  getCodec,
  getCodecVersion,
  installCodec,
  lockOwnCodec,
  releaseCodec,
  toScriptHash,
} from './codec-store.ts';

export interface CodecDeps {
  readonly sql: Sql;
  /** A pool of its own: what people try disturbs no frame. */
  readonly tryDecoder: Decoder;
  /** The pool that decodes frames; only to lift a quarantine. */
  readonly decoder: Decoder;
  readonly now: () => number;
}

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const OrganisationQuery = Type.Object({ organisation: Id });
const Script = Type.String({ minLength: 1, maxLength: 256 * 1024 });
const Hex = Type.String({ pattern: '^([0-9A-Fa-f]{2}){0,242}$' });
const Port = Type.Integer({ minimum: 0, maximum: 255 });
const Word = Type.String({ minLength: 1, maxLength: 200 });

const CodecBody = Type.Object(
  {
    key: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$', maxLength: 100 }),
    vendor: Word,
    model: Word,
    title: Word,
    script: Script,
    mapping: Type.Array(Type.Unknown(), { maxItems: 300 }),
    vectors: Type.Array(Type.Unknown(), { maxItems: 500 }),
    power: Type.Optional(Type.Union([Type.Literal('battery'), Type.Literal('mains'), Type.Literal('solar')])),
    expectedIntervalS: Type.Optional(Type.Integer({ minimum: 1, maximum: 31 * 86_400 })),
    note: Type.Optional(Type.String({ maxLength: 1000 })),
    /** Install although examples fail: the one who does it has seen which. */
    acceptFailures: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Scripts of one organisation are never run in another one's instance; on the bench it is the person who tries. */
function toTenant(actor: Actor): string {
  return actor.kind === 'user'
    ? `try-user-${actor.userId}`
    : actor.kind === 'key'
      ? `try-key-${actor.keyId}`
      : 'try';
}

export function registerCodecRoutes(app: App, deps: CodecDeps): void {
  const { sql } = deps;
  const tags = ['codecs'];

  app.get(
    '/api/v1/codecs',
    { config: { allow: 'viewer' }, schema: { tags, querystring: OrganisationQuery } },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      return { codecs: await findCodecs(sql, request.actor, request.query.organisation) };
    },
  );

  app.get(
    '/api/v1/codecs/:id',
    { config: { allow: 'viewer' }, schema: { tags, params: Type.Object({ id: Id }) } },
    async (request, reply) => {
      const codec = await getCodec(sql, request.actor, request.params.id);
      const versions = await findCodecVersions(sql, codec.id);
      reply.header('etag', `"${codec.version}"`);
      return {
        ...codec,
        versions: versions.map(({ script: _script, vectors: _vectors, ...version }) => version),
      };
    },
  );

  app.get(
    '/api/v1/codecs/:id/versions/:number',
    {
      config: { allow: 'viewer' },
      schema: {
        tags,
        params: Type.Object({ id: Id, number: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }),
      },
    },
    async (request) => {
      const codec = await getCodec(sql, request.actor, request.params.id);
      return getCodecVersion(sql, codec.id, request.params.number);
    },
  );

  app.post(
    '/api/v1/codecs/try',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        body: Type.Object(
          {
            script: Script,
            fPort: Port,
            bytes: Hex,
            recvTime: Type.Optional(Type.String({ maxLength: 40 })),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { script, fPort, bytes, recvTime } = request.body;
      const [outcome] = await deps.tryDecoder.decode([
        {
          codec: { key: `${toTenant(request.actor)}:${toScriptHash(script)}`, script },
          fPort,
          bytes: bytes.toLowerCase(),
          recvTime:
            recvTime === undefined ? new Date(deps.now()).toISOString() : parseInstant(recvTime, 'recvTime'),
        },
      ]);
      if (!outcome) throw new AppError('UNAVAILABLE', 'The sandbox gave no answer.');
      if (outcome.kind === 'fault')
        return {
          data: null,
          errors: [outcome.reason],
          warnings: [],
          logs: [],
          ms: outcome.ms,
          fault: outcome.fault,
        };
      return {
        data: outcome.kind === 'decoded' ? outcome.data : null,
        errors: outcome.kind === 'failed' ? outcome.errors : [],
        warnings: outcome.warnings,
        logs: outcome.logs,
        ms: outcome.ms,
      };
    },
  );

  // The examples of a script that is being written, all at once.
  app.post(
    '/api/v1/codecs/check',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        body: Type.Object(
          {
            script: Script,
            mapping: Type.Array(Type.Unknown(), { maxItems: 300 }),
            vectors: Type.Array(Type.Unknown(), { maxItems: 500 }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const mapping = parseFieldMappings(request.body.mapping);
      const results = await checkVectors(
        deps.tryDecoder,
        toTenant(request.actor),
        request.body.script,
        parseCodecVectors(request.body.vectors),
        mapping,
      );
      return { results, failed: results.filter((r) => !r.passed).length };
    },
  );

  // A codec of one's own, or its next version: the same key again.
  app.post(
    '/api/v1/codecs',
    { config: { allow: 'editor' }, schema: { tags, querystring: OrganisationQuery, body: CodecBody } },
    async (request, reply) => {
      const organisationId = request.query.organisation;
      requireRole(request.actor, organisationId, 'editor');
      const {
        mapping: rows,
        vectors: examples,
        script,
        power,
        expectedIntervalS,
        acceptFailures,
        ...head
      } = request.body;
      const mapping = parseFieldMappings(rows);
      const vectors = parseCodecVectors(examples);
      const results = await checkVectors(deps.tryDecoder, toTenant(request.actor), script, vectors, mapping);
      const failed = results.filter((r) => !r.passed);
      if (failed.length > 0 && acceptFailures !== true) {
        throw new AppError(
          'BAD_CODEC',
          `${failed.length} of ${results.length} examples fail. Nothing was installed.`,
          {
            at: '/vectors',
            hint: 'Mend the script or the examples, or install it all the same.',
            extra: { results: failed },
          },
        );
      }
      const installed = await sql.begin(async (tx) => {
        // The next version is written upon the one that was read: nobody's meanwhile is covered up unseen.
        const current = await lockOwnCodec(tx, request.actor, organisationId, head.key);
        if (current && current.version !== getIfMatch(request)) {
          throw new AppError('VERSION_CONFLICT', 'Somebody else installed a version meanwhile.', {
            extra: { current },
          });
        }
        return installCodec(tx, request.actor, organisationId, current?.origin ?? 'written', {
          ...head,
          script,
          vectors,
          description: {
            mapping,
            ...(power === undefined ? {} : { power }),
            ...(expectedIntervalS === undefined ? {} : { expectedIntervalS }),
          },
        });
      });
      return reply
        .status(installed.added ? 201 : 200)
        .header('location', `/api/v1/codecs/${installed.codec.id}`)
        .send({ ...installed.codec, added: installed.added });
    },
  );

  // On again after it was switched off; it is counted anew.
  app.post(
    '/api/v1/codecs/:id/release',
    { config: { allow: 'editor' }, schema: { tags, params: Type.Object({ id: Id }) } },
    async (request) => {
      const codec = await getCodec(sql, request.actor, request.params.id);
      const current = await getCodecVersion(sql, codec.id, codec.currentVersion);
      const users = await sql.begin((tx) => releaseCodec(tx, request.actor, codec, getIfMatch(request)));
      for (const organisationId of users)
        deps.decoder.release(`${organisationId}:${toScriptHash(current.script)}`);
      return getCodec(sql, request.actor, codec.id);
    },
  );
}
