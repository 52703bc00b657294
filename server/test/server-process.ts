/** The real server as a process of its own, for tests that stop it, kill it or start a second one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 60_000;

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Everything it has written so far, on both streams. */
  said(): string;
  /** Resolves with its exit code (null: ended by a signal). */
  readonly ended: Promise<number | null>;
}

export function spawnServer(
  dataDir: string,
  url: string | undefined,
  port: number,
  env: Readonly<Record<string, string>> = {},
): ServerProcess {
  const child = spawn(process.execPath, [join(ROOT, 'server/bin/torv.js'), 'serve'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TORV_DATA: dataDir,
      TORV_PORT: String(port),
      TORV_MQTT_PORT: '0',
      TORV_LOG_LEVEL: 'error',
      ...(url === undefined ? {} : { TORV_DATABASE_URL: url }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, said: () => said, ended };
}

/** Resolves when it is ready. @throws Error with what it said when it ends or is not ready in a minute */
export async function waitUntilReady({ child, said }: ServerProcess): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 100) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}: ${said()}`);
    if (said().includes('Torv is ready')) return;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error(`The server was not ready after a minute: ${said()}`);
}

export async function startServer(
  dataDir: string,
  url: string | undefined,
  port: number,
): Promise<ChildProcess> {
  const server = spawnServer(dataDir, url, port);
  await waitUntilReady(server);
  return server.child;
}
