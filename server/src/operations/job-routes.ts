/** Background work over HTTP: what runs, how far it is, stopping it. Members of the organisation only. */
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { findJob, findJobs, type Job, requestCancel } from './job-store.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const IdParams = Type.Object({ id: Id });

export function registerJobRoutes(app: App, deps: { readonly sql: Sql }): void {
  const tags = ['operations'];
  const getJob = async (actor: Actor, id: number): Promise<Job> => {
    const job = await findJob(deps.sql, actor, id);
    if (!job) throw new AppError('NOT_FOUND', 'There is no such job.', { at: 'job' });
    return job;
  };

  app.get(
    '/api/v1/jobs',
    { config: { allow: 'viewer' }, schema: { tags, querystring: Type.Object({ organisation: Id }) } },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      return { jobs: await findJobs(deps.sql, request.actor, request.query.organisation) };
    },
  );

  app.get(
    '/api/v1/jobs/:id',
    { config: { allow: 'viewer' }, schema: { tags, params: IdParams } },
    (request) => getJob(request.actor, request.params.id),
  );

  app.post(
    '/api/v1/jobs/:id/cancel',
    { config: { allow: 'editor' }, schema: { tags, params: IdParams } },
    async (request) => {
      const job = await getJob(request.actor, request.params.id);
      if (job.organisationId !== null) requireRole(request.actor, job.organisationId, 'editor');
      if (!(await requestCancel(deps.sql, job.id)))
        throw new AppError('IN_USE', 'This job has ended already.', { at: 'job' });
      return getJob(request.actor, job.id);
    },
  );
}
