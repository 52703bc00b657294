/**
 * Stands before every route: who asks (request.actor), and whether this kind of caller may use this route at
 * all. Which rows somebody may see is decided by the queries (port.ts), not here.
 * A route without a declared `allow` stops the start: nobody can forget it.
 */
import { AppError } from '@torv/core/errors';
import type { FastifyRequest } from 'fastify';
import type { App } from '../http/server.ts';
import { type Actor, ANONYMOUS, organisationsOf, type Role, requireInstanceAdmin } from './port.ts';

/**
 * anyone: also without signing in; member: any signed-in user or key; a role: held in at least one organisation;
 * instance: the installation's administrator; source: the route checks a source's own key itself.
 */
export type Allow = 'anyone' | 'member' | Role | 'instance' | 'source';

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor;
  }
  interface FastifyContextConfig {
    allow?: Allow;
  }
}

export interface DeclaredRoute {
  readonly method: string;
  readonly url: string;
  readonly allow: Allow;
}

export function checkAllowed(allow: Allow, actor: Actor): void {
  if (allow === 'anyone' || allow === 'source') return;
  if (actor.kind === 'anonymous') throw new AppError('SIGNED_OUT', 'Sign in to see this.');
  if (allow === 'instance') {
    requireInstanceAdmin(actor);
    return;
  }
  if (allow === 'member') {
    if (actor.kind === 'link') throw new AppError('FORBIDDEN', 'This link opens one room only.');
    return;
  }
  if (organisationsOf(actor, allow)?.length === 0) {
    throw new AppError('FORBIDDEN', `This needs the role ${allow}.`);
  }
}

/** @returns the list of all routes with who may use them, for the role test and the OpenAPI document */
export function guardRoutes(
  app: App,
  authenticate: (request: FastifyRequest) => Promise<Actor>,
): readonly DeclaredRoute[] {
  const routes: DeclaredRoute[] = [];
  app.decorateRequest<Actor | null>('actor', null);
  app.addHook('onRoute', (route) => {
    const allow = (route.config as { allow?: Allow } | undefined)?.allow;
    if (allow === undefined)
      throw new Error(`The route ${String(route.method)} ${route.url} does not say who may use it`);
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, allow });
  });
  app.addHook('onRequest', async (request) => {
    request.actor = ANONYMOUS;
    const allow = request.routeOptions.config.allow;
    if (allow === undefined || allow === 'source') return;
    request.actor = await authenticate(request);
    checkAllowed(allow, request.actor);
  });
  return routes;
}
