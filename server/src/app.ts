/** The web application and the interfaces as one Fastify instance. Features register their routes here, nowhere else. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { type DeclaredRoute, guardRoutes } from './access/guard.ts';
import type { Mailer } from './access/mail.ts';
import type { Actor } from './access/port.ts';
import { registerAccessRoutes } from './access/routes.ts';
import { resolveOutbound } from './http/outbound.ts';
import { type App, createHttp } from './http/server.ts';
import { type MqttDoor, registerMqttOverWebSocket } from './ingest/mqtt/websocket.ts';
import { registerRedecodeRoutes } from './ingest/redecode-routes.ts';
import { registerSourceRoutes } from './ingest/source-routes.ts';
import { registerWebhookRoutes } from './ingest/webhook-routes.ts';
import { registerLiveRoutes } from './observations/live-routes.ts';
import { registerExportRoutes } from './operations/files/export-routes.ts';
import { registerImportRoutes } from './operations/files/import-routes.ts';
import { registerHealthRoutes } from './operations/health-routes.ts';
import { registerJobRoutes } from './operations/job-routes.ts';
import { registerClaimRuleRoutes } from './registry/claim-rule-routes.ts';
import { registerCodecRoutes } from './registry/codec-routes.ts';
import { registerDeviceRoutes } from './registry/device-routes.ts';
import { registerGroupRoutes } from './registry/group-routes.ts';
import { registerInboxRoutes } from './registry/inbox-routes.ts';
import { registerPlaceRoutes } from './registry/place-routes.ts';
import type { Runtime } from './runtime.ts';
import { registerSensorThings } from './sensorthings/routes.ts';

export interface AppOptions {
  readonly logger: FastifyBaseLogger;
  readonly authenticate: (request: FastifyRequest) => Promise<Actor>;
  /** Absent without TORV_SMTP_URL: then links are handed over by people. */
  readonly mail?: Mailer | undefined;
  /** A source was changed: look at the sources now. */
  readonly refreshSources?: () => Promise<void>;
  /** The embedded broker, once it is on. */
  readonly mqtt?: () => MqttDoor | undefined;
  /** The built web application; absent in tests. */
  readonly webDir?: string;
}

export interface BuiltApp {
  readonly app: App;
  readonly routes: readonly DeclaredRoute[];
}

export async function createApp(runtime: Runtime, options: AppOptions): Promise<BuiltApp> {
  const app = await createHttp(runtime.config, options.logger);
  const routes = guardRoutes(app, options.authenticate);
  const { sql } = runtime.database;
  const deps = { sql, now: runtime.now, wakeSweep: runtime.wakeSweep };
  registerHealthRoutes(app, runtime);
  registerAccessRoutes(app, {
    sql,
    config: runtime.config,
    log: runtime.log,
    now: runtime.now,
    mail: options.mail,
  });
  registerPlaceRoutes(app, deps);
  registerCodecRoutes(app, {
    sql,
    now: runtime.now,
    decoder: runtime.decoder,
    tryDecoder: runtime.tryDecoder,
  });
  registerDeviceRoutes(app, deps);
  registerRedecodeRoutes(app, { sql, decoder: runtime.decoder, wakeJobs: runtime.jobs.wake });
  registerJobRoutes(app, { sql });
  registerInboxRoutes(app, { sql, tryDecoder: runtime.tryDecoder });
  registerClaimRuleRoutes(app, deps);
  registerGroupRoutes(app, deps);
  registerImportRoutes(app, {
    sql,
    config: runtime.config,
    log: runtime.log,
    now: runtime.now,
    announce: runtime.ingest.announce,
    wakeSweep: runtime.wakeSweep,
  });
  registerExportRoutes(app, { sql });
  registerLiveRoutes(app, { sql, live: runtime.live, authenticate: options.authenticate });
  registerSensorThings(app, {
    database: runtime.database,
    config: runtime.config,
    now: runtime.now,
    announce: runtime.announceChanges,
    mqtt: options.mqtt,
  });
  registerMqttOverWebSocket(app, { findDoor: options.mqtt ?? (() => undefined), config: runtime.config });
  registerWebhookRoutes(app, { inlet: runtime.inlet, now: runtime.now });
  registerSourceRoutes(app, {
    sql,
    sealer: runtime.sealer,
    inlet: runtime.inlet,
    refreshSources: options.refreshSources ?? (async () => undefined),
    resolveHost: (host) => resolveOutbound(host, runtime.config.outboundAllow),
    now: runtime.now,
    publicUrl: runtime.config.publicUrl,
  });
  app.get('/api/openapi.json', { config: { allow: 'anyone' }, schema: { hide: true } }, () => app.swagger());
  if (options.webDir !== undefined && existsSync(options.webDir)) await serveWeb(app, options.webDir);
  return { app, routes };
}

/** The single-page application: hashed files for ever, index.html for every page address, never for an interface's. */
async function serveWeb(app: App, webDir: string): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(fastifyStatic, { root: webDir, serve: false });
    scope.get('/assets/*', { config: { allow: 'anyone' }, schema: { hide: true } }, (request, reply) => {
      const file = (request.params as { '*': string })['*'];
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .sendFile(join('assets', file));
    });
    scope.get('/*', { config: { allow: 'anyone' }, schema: { hide: true } }, (request, reply) => {
      const path = (request.params as { '*': string })['*'];
      if (/^(api|sta|ingest|data|metrics|healthz|readyz)(\/|$)/.test(path)) return reply.callNotFound();
      if (path !== '' && !path.includes('..') && existsSync(join(webDir, path))) return reply.sendFile(path);
      return reply.header('cache-control', 'no-cache').sendFile('index.html');
    });
  });
}
