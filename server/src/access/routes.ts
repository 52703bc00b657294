/** All routes of the access floor. What they answer is nobody's to keep: no cache stores it. */
import type { App } from '../http/server.ts';
import type { AccessDeps } from './context.ts';
import { registerKeyRoutes } from './key-routes.ts';
import { createLimiters } from './limiters.ts';
import { registerLinkRoutes } from './link-routes.ts';
import { registerOrganisationRoutes } from './organisation-routes.ts';
import { registerSessionRoutes } from './session-routes.ts';
import { registerUserRoutes } from './user-routes.ts';

/** After guardRoutes, which has to see each route. */
export function registerAccessRoutes(app: App, deps: AccessDeps): void {
  const limiters = createLimiters(deps.now);
  void app.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply) => {
      void reply.header('cache-control', 'no-store');
    });
    scope.addHook('onRoute', (route) => {
      route.schema = { tags: ['access'], ...route.schema };
    });
    const inner = scope as unknown as App;
    registerSessionRoutes(inner, deps, limiters);
    registerLinkRoutes(inner, deps, limiters);
    registerUserRoutes(inner, deps);
    registerKeyRoutes(inner, deps);
    registerOrganisationRoutes(inner, deps);
  });
}
