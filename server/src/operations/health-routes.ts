/** /healthz: the process runs. /readyz: it can do its work. Neither tells anything about the installation. */
import { AppError } from '@torv/core/errors';
import type { Database } from '../db/database.ts';
import type { App } from '../http/server.ts';

export function registerHealthRoutes(app: App, deps: { readonly database: Database }): void {
  app.get('/healthz', { config: { allow: 'anyone' }, schema: { tags: ['operations'] } }, () => ({
    status: 'ok',
  }));
  app.get('/readyz', { config: { allow: 'anyone' }, schema: { tags: ['operations'] } }, async () => {
    if (!(await deps.database.ready()))
      throw new AppError('DATABASE_DOWN', 'The database does not answer right now.');
    return { status: 'ok' };
  });
}
