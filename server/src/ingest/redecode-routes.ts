/** POST /api/v1/codecs/:id/redecode: what another version of a codec would change, and doing it as a job. */
import { AppError } from '@torv/core/errors';
import { parseInstant } from '@torv/core/time';
import { type Static, Type } from 'typebox';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { insertJob } from '../operations/jobs-port.ts';
import { getCodec, getCodecVersion } from '../registry/codec-store.ts';
import type { Decoder } from './decode/port.ts';
import { previewRedecode, REDECODE_JOB, type RedecodeRequest } from './redecode.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Body = Type.Object(
  {
    organisation: Id,
    /** Absent: all devices of the codec. */
    devices: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
    /** Number of the codec's version; absent: the current one. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    from: Type.String({ maxLength: 40 }),
    until: Type.String({ maxLength: 40 }),
  },
  { additionalProperties: false },
);

export interface RedecodeDeps {
  readonly sql: Sql;
  readonly decoder: Decoder;
  readonly wakeJobs: () => void;
}

export function registerRedecodeRoutes(app: App, deps: RedecodeDeps): void {
  const { sql } = deps;
  const schema = { tags: ['codecs'], params: Type.Object({ id: Id }), body: Body };

  app.post('/api/v1/codecs/:id/redecode', { config: { allow: 'editor' }, schema }, async (request) => {
    const asked = await toRequest(sql, request.actor, request.params.id, request.body);
    return previewRedecode(deps, asked);
  });

  app.post(
    '/api/v1/codecs/:id/redecode/start',
    { config: { allow: 'editor' }, schema },
    async (request, reply) => {
      const { actor } = request;
      const asked = await toRequest(sql, actor, request.params.id, request.body);
      const job = await sql.begin(async (tx) => {
        const id = await insertJob(tx, {
          organisationId: asked.organisationId,
          kind: REDECODE_JOB,
          payload: asked,
          createdBy: actor.kind === 'user' ? actor.userId : null,
        });
        await insertAudit(tx, actor, {
          organisationId: asked.organisationId,
          action: 'decode-again',
          entity: 'codec',
          entityId: asked.codecId,
          after: { ...asked, job: id },
        });
        return id;
      });
      deps.wakeJobs();
      return reply.status(202).header('location', `/api/v1/jobs/${job}`).send({ job });
    },
  );
}

async function toRequest(
  sql: Sql,
  actor: Actor,
  codecId: number,
  body: Static<typeof Body>,
): Promise<RedecodeRequest> {
  requireRole(actor, body.organisation, 'editor');
  const codec = await getCodec(sql, actor, codecId);
  const version = body.version ?? codec.currentVersion;
  await getCodecVersion(sql, codecId, version);
  const from = parseInstant(body.from, 'from');
  const until = parseInstant(body.until, 'until');
  if (Date.parse(until) <= Date.parse(from))
    throw new AppError('BAD_BODY', 'The period ends before it begins.', { at: 'until' });
  return { organisationId: body.organisation, deviceIds: body.devices, codecId, version, from, until };
}
