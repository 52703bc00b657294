/** `torv serve`: opens the runtime, the demo town where asked for, and the doors; stops cleanly on a signal. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@torv/core/errors';
import { pino } from 'pino';
import { createAuthenticator } from './access/authenticate.ts';
import { handOverFirstLink } from './access/first-administrator-file.ts';
import { findDeadKeys, findKeyActor } from './access/key-store.ts';
import { createMailer } from './access/mail.ts';
import { sweepAccess } from './access/sweep.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { openControl } from './control.ts';
import type { Log } from './db/log.ts';
import { type Demo, startDemo } from './demo/feed.ts';
import { resolveOutbound } from './http/outbound.ts';
import { type EmbeddedBroker, openEmbeddedBroker } from './ingest/embedded-broker.ts';
import { createSourceManager } from './ingest/source-manager.ts';
import type { Output } from './output.ts';
import { openRuntime } from './runtime.ts';

const ACCESS_SWEEP_MS = 6 * 3_600_000;

export interface ServeOptions {
  readonly demo: boolean;
  readonly root: string;
}

/** Resolves when the server has stopped. */
export async function serve(config: Config, options: ServeOptions, output: Output): Promise<number> {
  const begunMs = performance.now();
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const log = pino({
    level: config.logLevel === 'info' ? 'warn' : config.logLevel,
    redact: ['req.headers.authorization', 'req.headers.cookie'],
  });
  const runtime = await openRuntime(config, log, {
    migrationsDir: join(options.root, 'server/migrations'),
    codecsDir: join(options.root, 'codecs'),
    progress: output.line,
  });
  const { sql } = runtime.database;
  const isIngest = config.roles.has('ingest');
  const manager = isIngest
    ? createSourceManager({
        sql,
        inlet: runtime.inlet,
        sealer: runtime.sealer,
        log,
        resolveHost: (host) => resolveOutbound(host, config.outboundAllow),
        mostSlots: runtime.database.kind === 'embedded' ? 1 : 16,
      })
    : undefined;
  const { app } = await createApp(runtime, {
    logger: log,
    authenticate: createAuthenticator({ sql: runtime.database.sql, now: runtime.now }),
    mail: createMailer(config),
    refreshSources: async () => manager?.refresh(),
    webDir: join(options.root, 'build/web'),
  });
  if (config.staOpen) warnOpen(config, log, output);
  let demo: Demo | undefined;
  let broker: EmbeddedBroker | undefined;
  const control = await openControl(runtime, options.root);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      clearInterval(accessSweep);
      output.line('Stopping');
      await control.close();
      app.server.closeAllConnections();
      await app.close();
      await demo?.close();
      await manager?.close();
      await broker?.close();
      await runtime.close();
    })());
  const accessSweep = setInterval(() => {
    sweepAccess(runtime.database.sql).catch((error: unknown) =>
      log.warn({ err: error }, 'Ended sessions were not removed'),
    );
  }, ACCESS_SWEEP_MS);
  accessSweep.unref();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void stop().then(resolve));
  });
  try {
    runtime.wakeSweep();
    await runtime.jobs.start();
    if (options.demo) {
      demo = await startDemo({
        sql: runtime.database.sql,
        batcher: runtime.batcher,
        log,
        now: runtime.now,
        progress: output.line,
      });
      runtime.background.set('demo', demo);
      await demo.ready;
    }
    if (isIngest) {
      broker = await openEmbeddedBroker({
        sql,
        inlet: runtime.inlet,
        log,
        host: config.host,
        port: config.mqttPort,
        portConfigured: config.mqttPortConfigured,
        ...toTls(config),
        findKey: (text) => findKeyActor(sql, text, runtime.now()),
        findDeadKeys: (ids) => findDeadKeys(sql, ids, runtime.now()),
      });
      if (broker.reason !== undefined) output.line(broker.reason);
    }
    await listen(app, config);
  } catch (error) {
    await stop();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  output.line(
    `Torv is ready on ${config.publicUrl ?? `http://${config.host === '127.0.0.1' ? 'localhost' : config.host}:${port}`} (${((performance.now() - begunMs) / 1000).toFixed(1)} s)`,
  );
  const firstLink = await handOverFirstLink(runtime.database.sql, { ...config, port }, runtime.now);
  if (firstLink !== undefined) output.line(firstLink);
  if (options.demo) output.line('Older weeks of the demo town are fed in the background. Stop with Ctrl+C.');
  await stopped;
  return 0;
}

function warnOpen(config: Config, log: Log, output: Output): void {
  const text = `ANYBODY who reaches ${config.host} may write SensorThings entities without a key (TORV_STA_OPEN). They are public and belong to the organisation "open". This is for test suites and workshops.`;
  log.warn({ setting: 'TORV_STA_OPEN' }, text);
  output.line(`WARNING: ${text}`);
}

/** Certificate and key as files (PEM). @throws AppError BAD_CONFIG naming the file that cannot be read */
function toTls(config: Config): { tls?: { cert: string; key: string } } {
  if (config.tlsCert === undefined || config.tlsKey === undefined) return {};
  const read = (file: string, at: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new AppError('BAD_CONFIG', `The file ${file} cannot be read.`, { at, cause: error });
    }
  };
  return { tls: { cert: read(config.tlsCert, 'TORV_TLS_CERT'), key: read(config.tlsKey, 'TORV_TLS_KEY') } };
}

async function listen(app: Awaited<ReturnType<typeof createApp>>['app'], config: Config): Promise<void> {
  try {
    await app.listen({ port: config.port, host: config.host });
  } catch (error) {
    if ((error as { code?: string }).code === 'EADDRINUSE') {
      throw new AppError('BAD_CONFIG', `Port ${config.port} is in use by another program.`, {
        at: 'TORV_PORT',
        hint: 'Stop the other program, or start Torv with TORV_PORT=8081.',
      });
    }
    throw error;
  }
}
