/**
 * The whole application over a real database, for tests by `inject`: no port, no mock, a clock of its own, and a
 * log that can be read afterwards.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAuthenticator } from '../src/access/authenticate.ts';
import type { DeclaredRoute } from '../src/access/guard.ts';
import type { Mailer } from '../src/access/mail.ts';
import { createApp } from '../src/app.ts';
import { type Config, parseConfig } from '../src/config.ts';
import type { Database } from '../src/db/database.ts';
import type { App } from '../src/http/server.ts';
import type { MqttDoor } from '../src/ingest/mqtt/websocket.ts';
import { assembleRuntime, type Runtime } from '../src/runtime.ts';
import { createTestDatabase, type DatabaseKind, type TestDatabase } from './database.ts';

export interface TestApp {
  readonly app: App;
  readonly routes: readonly DeclaredRoute[];
  readonly database: TestDatabase;
  readonly config: Config;
  readonly runtime: Runtime;
  /** Everything that was logged, as text. */
  readonly logged: () => string;
  readonly now: () => number;
  /** Sets the clock forward. */
  readonly pass: (ms: number) => void;
  close(): Promise<void>;
}

export interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly mail?: Mailer;
  /** How the application itself reaches the database, where that is to be another way than the test's. */
  readonly reach?: (database: TestDatabase) => Promise<Database>;
  /** false: frames that wait are decoded when the test says so, not by themselves. */
  readonly sweeps?: boolean;
  /** The embedded broker, where a test opens one. */
  readonly mqtt?: () => MqttDoor | undefined;
}

export async function createTestApp(kind: DatabaseKind, options: TestAppOptions = {}): Promise<TestApp> {
  const database = await createTestDatabase(kind);
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const config = parseConfig({
    TORV_PUBLIC_URL: 'https://torv.example.org',
    TORV_DATA: mkdtempSync(join(tmpdir(), 'torv-app-')),
    ...options.env,
  });
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  const reached = (await options.reach?.(database)) ?? database;
  const assembled = await assembleRuntime({ config, log, database: reached, now });
  const runtime = options.sweeps === false ? { ...assembled, wakeSweep: () => undefined } : assembled;
  const { app, routes } = await createApp(runtime, {
    logger: log,
    authenticate: createAuthenticator({ sql: reached.sql, now }),
    mail: options.mail,
    mqtt: options.mqtt ?? (() => undefined),
  });
  await app.ready();
  return {
    app,
    routes,
    database,
    config,
    runtime,
    logged: () => lines.join(''),
    now,
    pass: (ms) => {
      offsetMs += ms;
    },
    async close() {
      await app.close();
      await runtime.close();
      await database.drop();
      rmSync(config.dataDir, { recursive: true, force: true });
    },
  };
}
