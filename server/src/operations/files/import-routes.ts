/**
 * Files in over HTTP: upload, look at what it is, preview, confirm, report. Nothing is written to the database
 * before it is confirmed. Uploads are seen only by editors of the organisation they were made for.
 */
import type { Readable } from 'node:stream';
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import { type Actor, requireRole } from '../../access/port.ts';
import type { Config } from '../../config.ts';
import type { Sql } from '../../db/database.ts';
import type { Log } from '../../db/log.ts';
import { renderProblem, toAppError } from '../../http/errors.ts';
import type { App } from '../../http/server.ts';
import type { StoredReading } from '../../observations/store.ts';
import { detectFile } from './detect.ts';
import { IMPORT_KINDS, type ImportTask, previewImport, runImport } from './run-import.ts';
import {
  findUploads,
  getUpload,
  keepUpload,
  MAX_UPLOAD_BYTES,
  removeOldUploads,
  removeUpload,
  toDataPath,
  toUploadFolder,
  type Upload,
  writeUpload,
} from './uploads.ts';

export interface ImportDeps {
  readonly sql: Sql;
  readonly config: Config;
  readonly log: Log;
  readonly now: () => number;
  readonly announce: (readings: readonly StoredReading[]) => void;
  readonly wakeSweep: () => void;
}

const SWEEP_MS = 3_600_000;
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const UploadParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{32}$' }) });
const Kind = Type.Union(IMPORT_KINDS.map((kind) => Type.Literal(kind)));
// What the columns mean is checked by its own parser, which names the place of a mistake.
const Mapping = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
const tags = ['files'];

export function registerImportRoutes(app: App, deps: ImportDeps): void {
  const { sql } = deps;
  const folder = toUploadFolder(deps.config.dataDir);
  const running = new Map<string, Promise<void>>();
  let stopping = false;

  async function getOwn(actor: Actor, id: string): Promise<Upload> {
    const wasRunning = running.has(id);
    const upload = await getUpload(folder, id);
    requireRole(actor, upload.organisationId, 'editor');
    // A server that stopped in the middle left the note as it was.
    return upload.state === 'running' && !wasRunning && !running.has(id)
      ? {
          ...upload,
          state: 'failed',
          report: { detail: 'The server was stopped meanwhile. Confirm again: nothing is written twice.' },
        }
      : upload;
  }

  function toTask(
    actor: Actor,
    upload: Upload,
    body: { kind: ImportTask['kind']; mapping?: unknown },
  ): ImportTask {
    return {
      sql,
      actor,
      organisationId: upload.organisationId,
      path: toDataPath(folder, upload.id),
      detected: upload.detected,
      kind: body.kind,
      mapping: body.mapping,
      now: new Date(deps.now()).toISOString(),
    };
  }

  /** Easily made a job's work: it takes a task and leaves its report in the upload's note. */
  async function run(upload: Upload, task: ImportTask, leaveOutBad: boolean): Promise<void> {
    let toldMs = 0;
    let telling = Promise.resolve();
    const progress = (done: number) => {
      if (stopping)
        throw new AppError(
          'UNAVAILABLE',
          'The server is stopping. Confirm again later: nothing is written twice.',
        );
      const nowMs = performance.now();
      if (nowMs - toldMs < 500) return;
      toldMs = nowMs;
      telling = telling
        .then(() => writeUpload(folder, { ...upload, state: 'running', progress: done }))
        .catch(() => undefined);
    };
    const end = async (state: 'done' | 'failed', report: unknown) => {
      await telling;
      await writeUpload(folder, { ...upload, state, progress: 1, report });
    };
    try {
      const { announce, wakeSweep } = deps;
      await end('done', await runImport(task, { leaveOutBad, progress, announce, wakeSweep }));
    } catch (error) {
      const known = toAppError(error);
      if (known.kind === 'bug') deps.log.error({ err: error }, 'An import failed');
      await end('failed', renderProblem(known));
    }
  }

  app.register(async (instance) => {
    const scope = instance as unknown as App;
    // The body is the file itself, whatever it is called; it goes to the disk as it comes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(
      '/api/v1/imports',
      {
        config: { allow: 'editor' },
        bodyLimit: MAX_UPLOAD_BYTES,
        schema: {
          tags,
          querystring: Type.Object({
            organisation: Id,
            name: Type.String({ maxLength: 200, default: 'file' }),
          }),
        },
      },
      async (request, reply) => {
        const { organisation, name } = request.query;
        requireRole(request.actor, organisation, 'editor');
        if (request.body === undefined || request.body === null)
          throw new AppError('BAD_BODY', 'The body is empty.');
        const upload = await keepUpload(
          folder,
          request.body as Readable,
          { organisationId: organisation, name, nowMs: deps.now() },
          detectFile,
        );
        return reply.status(201).header('location', `/api/v1/imports/${upload.id}`).send(upload);
      },
    );
  });

  app.get(
    '/api/v1/imports',
    { config: { allow: 'editor' }, schema: { tags, querystring: Type.Object({ organisation: Id }) } },
    async (request) => {
      const { organisation } = request.query;
      requireRole(request.actor, organisation, 'editor');
      return { imports: (await findUploads(folder)).filter((one) => one.organisationId === organisation) };
    },
  );

  app.get(
    '/api/v1/imports/:id',
    { config: { allow: 'editor' }, schema: { tags, params: UploadParams } },
    (request) => getOwn(request.actor, request.params.id),
  );

  app.delete(
    '/api/v1/imports/:id',
    { config: { allow: 'editor' }, schema: { tags, params: UploadParams } },
    async (request, reply) => {
      const upload = await getOwn(request.actor, request.params.id);
      if (upload.state === 'running') throw new AppError('IN_USE', 'This import is running.');
      await removeUpload(folder, upload.id);
      return reply.status(204).send();
    },
  );

  app.post(
    '/api/v1/imports/:id/preview',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: UploadParams,
        body: Type.Object({ kind: Kind, mapping: Mapping }, { additionalProperties: false }),
      },
    },
    async (request) =>
      previewImport(toTask(request.actor, await getOwn(request.actor, request.params.id), request.body)),
  );

  app.post(
    '/api/v1/imports/:id/confirm',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: UploadParams,
        body: Type.Object(
          { kind: Kind, mapping: Mapping, leaveOutBad: Type.Boolean({ default: false }) },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const upload = await getOwn(request.actor, id);
      if (running.has(id)) throw new AppError('IN_USE', 'This import is running already.');
      const task = toTask(request.actor, upload, request.body);
      const started: Upload = { ...upload, state: 'running', progress: 0, report: null };
      running.set(id, Promise.resolve());
      await writeUpload(folder, started);
      running.set(
        id,
        run(started, task, request.body.leaveOutBad)
          .catch((error: unknown) =>
            deps.log.error({ err: error }, 'The report of an import could not be kept'),
          )
          .finally(() => running.delete(id)),
      );
      return reply.status(202).header('location', `/api/v1/imports/${id}`).send(started);
    },
  );

  const sweep = setInterval(() => void removeOldUploads(folder, deps.now()).catch(() => undefined), SWEEP_MS);
  sweep.unref();
  app.addHook('onClose', async () => {
    clearInterval(sweep);
    stopping = true;
    await Promise.allSettled(running.values());
  });
}
