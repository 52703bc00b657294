/**
 * Starts the product as a visitor's town meets it: `torv serve --demo` in an empty data folder on a free port,
 * once for all journeys. Gives the journeys its address, the first administrator's link and its process; what it says
 * goes to artifacts/server.log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { ARTIFACTS, PICTURES } from './artifacts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A cold, busy machine builds the web application first. */
const START_MS = 300_000;
const STOP_MS = 60_000;

declare module 'vitest' {
  interface ProvidedContext {
    readonly origin: string;
    readonly firstLink: string;
    readonly serverPid: number;
    readonly dataDir: string;
  }
}

/** Chosen here and not by the server: the links that it hands over carry its configured port. */
async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No port is free');
  return address.port;
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

/** The last journey stops the server; this is for a run that did not come so far. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = new Promise<true>((resolve) => server.once('exit', () => resolve(true)));
  server.kill('SIGTERM');
  if ((await Promise.race([ended, sleep(STOP_MS, false, { ref: false })])) === true) return;
  // ended, because the next run needs the memory; told, because a stop that hangs is a fault of the product
  server.kill('SIGKILL');
  await ended;
  throw new Error(`The server did not stop within ${STOP_MS / 1000} seconds of being asked to`);
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await rm(PICTURES, { recursive: true, force: true });
  const dataDir = await mkdtemp(join(tmpdir(), 'torv-journeys-'));
  const port = await findFreePort();
  await mkdir(ARTIFACTS, { recursive: true });
  // asked by SIGUSR2, a server that hangs writes down what it holds on to
  const reports = ['--report-on-signal', '--report-signal=SIGUSR2', `--report-directory=${ARTIFACTS}`];
  // eight weeks of the past would keep one processor busy all the while; of twelve days the silent sensor spoke in three
  const serve = [join(ROOT, 'server/bin/torv.js'), 'serve', '--demo', '--demo-days', '12'];
  const server = spawn(process.execPath, [...reports, ...serve], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TORV_DATA: dataDir, TORV_PORT: String(port), TORV_MQTT_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const log = createWriteStream(join(ARTIFACTS, 'server.log'));
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      log.write(chunk);
    });
  }
  const stop = async () => {
    try {
      await stopServer(server);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  };
  try {
    const giveUpMs = Date.now() + START_MS;
    while (!output.includes('first administrator')) {
      if (hasEnded(server) || Date.now() > giveUpMs) throw new Error(`No server:\n${output}`);
      await sleep(200);
    }
    const origin = /ready on (http:\/\/\S+)/.exec(output)?.[1];
    if (origin === undefined || server.pid === undefined)
      throw new Error(`The server did not say where it is:\n${output}`);
    const link = (await readFile(join(dataDir, 'first-administrator.txt'), 'utf8')).trim();
    project.provide('origin', origin);
    project.provide('firstLink', link);
    project.provide('serverPid', server.pid);
    project.provide('dataDir', dataDir);
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return stop;
}
