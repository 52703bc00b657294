/** `torv serve`: opens the runtime, the demo town where asked for, and the doors; stops cleanly on a signal. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@torv/core/errors';
import type { FastifyBaseLogger } from 'fastify';
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
import { startDemo } from './demo/feed.ts';
import { resolveOutbound } from './http/outbound.ts';
import type { App } from './http/server.ts';
import { openEmbeddedBroker } from './ingest/embedded-broker.ts';
import type { Broker } from './ingest/mqtt/broker.ts';
import type { MqttDoor } from './ingest/mqtt/websocket.ts';
import { createSourceManager } from './ingest/source-manager.ts';
import type { Output } from './output.ts';
import { openRuntime, type Runtime } from './runtime.ts';
import { createSensorThingsTopics } from './sensorthings/topics.ts';

const ACCESS_SWEEP_MS = 6 * 3_600_000;
const CLOSE_REQUESTS_MS = 3_000;

export interface ServeOptions {
  readonly demo: boolean;
  /** So many days of the past the demo town gets. */
  readonly demoDays?: number;
  readonly root: string;
}

/** Resolves when the server has stopped. @throws what kept it from starting, with everything closed again */
export async function serve(config: Config, options: ServeOptions, output: Output): Promise<number> {
  const begunMs = performance.now();
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const log = pino({
    level: config.logLevel === 'info' ? 'warn' : config.logLevel,
    redact: ['req.headers.authorization', 'req.headers.cookie'],
  });
  const opened = createOpened(log);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= opened.close();
    return stopping;
  };
  try {
    const runtime = await openRuntime(config, log, {
      migrationsDir: join(options.root, 'server/migrations'),
      codecsDir: join(options.root, 'codecs'),
      progress: output.line,
    });
    opened.push(() => runtime.close());
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => {
          output.line('Stopping');
          void stop().then(resolve);
        });
      }
    });
    const door = await openDoors(runtime, config, options, {
      output,
      log,
      opened,
      isStopping: () => stopping !== undefined,
    });
    if (door !== undefined) {
      const { address, port } = door;
      output.line(`Torv is ready on ${address} (${((performance.now() - begunMs) / 1000).toFixed(1)} s)`);
      const firstLink = await handOverFirstLink(runtime.database.sql, { ...config, port }, runtime.now);
      if (firstLink !== undefined) output.line(firstLink);
      if (options.demo)
        output.line('Older weeks of the demo town are fed in the background. Stop with Ctrl+C.');
    }
    await stopped;
    // What was opened while it was being stopped.
    await opened.close();
    return 0;
  } catch (error) {
    // What fails because Torv is being stopped meanwhile is no fault.
    const wasStopping = stopping !== undefined;
    await stop();
    await opened.close();
    if (wasStopping) return 0;
    throw error;
  }
}

interface Opened {
  push(close: () => Promise<void>): void;
  /** In reverse order; what cannot be closed is told and does not keep the rest from being closed. */
  close(): Promise<void>;
}

function createOpened(log: Log): Opened {
  const closes: (() => Promise<void>)[] = [];
  return {
    push: (close) => void closes.push(close),
    async close() {
      for (let close = closes.pop(); close !== undefined; close = closes.pop()) {
        try {
          await close();
        } catch (error) {
          log.error({ err: error }, 'A part of Torv could not be closed');
        }
      }
    },
  };
}

interface Startup {
  readonly output: Output;
  readonly log: FastifyBaseLogger;
  readonly opened: Opened;
  readonly isStopping: () => boolean;
}

/** @returns where it listens, or undefined where Torv was told to stop meanwhile */
async function openDoors(
  runtime: Runtime,
  config: Config,
  options: ServeOptions,
  { output, log, opened, isStopping }: Startup,
): Promise<{ readonly address: string; readonly port: number } | undefined> {
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
  if (manager !== undefined) opened.push(() => manager.close());
  let mqtt: MqttDoor | undefined;
  const { app } = await createApp(runtime, {
    logger: log,
    authenticate: createAuthenticator({ sql, now: runtime.now }),
    mail: createMailer(config),
    refreshSources: async () => manager?.refresh(),
    webDir: join(options.root, 'build/web'),
    mqtt: () => mqtt,
  });
  opened.push(() => closeApp(app));
  if (config.staOpen) warnOpen(config, log, output);
  const control = await openControl(runtime, options.root);
  opened.push(() => control.close());
  const accessSweep = setInterval(() => {
    sweepAccess(sql).catch((error: unknown) => log.warn({ err: error }, 'Ended sessions were not removed'));
  }, ACCESS_SWEEP_MS);
  opened.push(async () => clearInterval(accessSweep));
  runtime.wakeSweep();
  await runtime.jobs.start();
  if (options.demo && !isStopping()) {
    const demo = await startDemo({
      sql,
      batcher: runtime.batcher,
      log,
      now: runtime.now,
      progress: output.line,
      ...(options.demoDays === undefined ? {} : { historyDays: options.demoDays }),
    });
    opened.push(() => demo.close());
    runtime.background.set('demo', demo);
    await demo.ready;
  }
  if (isIngest && !isStopping()) {
    const broker = await openEmbeddedBroker({
      sql,
      inlet: runtime.inlet,
      log,
      host: config.host,
      port: config.mqttPort,
      portConfigured: config.mqttPortConfigured,
      ...toTls(config),
      sensorThings: createSensorThingsTopics(runtime),
      openForWriting: config.staOpen,
      findKey: (text) => findKeyActor(sql, text, runtime.now()),
      findDeadKeys: (ids) => findDeadKeys(sql, ids, runtime.now()),
    });
    opened.push(() => broker.close());
    if (broker.broker !== undefined) mqtt = toDoor(broker.broker, config);
    if (broker.reason !== undefined) output.line(broker.reason);
  }
  if (isStopping()) return undefined;
  await listen(app, config);
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const host = config.host === '127.0.0.1' ? 'localhost' : config.host;
  return { address: config.publicUrl ?? `http://${host}:${port}`, port };
}

/** Requests under way are answered; one that lasts longer is cut. */
async function closeApp(app: App): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_REQUESTS_MS);
  await app.close();
  clearTimeout(cut);
}

function toDoor(broker: Broker, config: Config): MqttDoor {
  return { port: broker.port, isTls: config.tlsCert !== undefined, accept: broker.accept };
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

async function listen(app: App, config: Config): Promise<void> {
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
