/**
 * Starts the product as a visitor's town meets it: `torv serve --demo` in an empty data folder on a free port,
 * once for all journeys. Gives the journeys its address and the first administrator's link.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A cold, busy machine builds the web application first. */
const START_MS = 300_000;
const STOP_MS = 30_000;

declare module 'vitest' {
  interface ProvidedContext {
    readonly origin: string;
    readonly firstLink: string;
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

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'torv-journeys-'));
  const port = await findFreePort();
  const server = spawn(process.execPath, [join(ROOT, 'server/bin/torv.js'), 'serve', '--demo'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TORV_DATA: dataDir, TORV_PORT: String(port), TORV_MQTT_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const stop = async () => {
    if (server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      const stopped = await Promise.race([ended.then(() => true), sleep(STOP_MS).then(() => false)]);
      if (!stopped) {
        // told, because a stop that hangs is a fault of the product; ended, because the next run needs the memory
        console.error(`The server did not stop within ${STOP_MS / 1000} seconds of being asked to`);
        server.kill('SIGKILL');
        await ended;
        process.exitCode = 1;
      }
    }
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const giveUpMs = Date.now() + START_MS;
    while (!output.includes('first administrator')) {
      if (server.exitCode !== null || Date.now() > giveUpMs) throw new Error(`No server:\n${output}`);
      await sleep(200);
    }
    const origin = /ready on (http:\/\/\S+)/.exec(output)?.[1];
    if (origin === undefined) throw new Error(`The server did not say where it is:\n${output}`);
    const link = (await readFile(join(dataDir, 'first-administrator.txt'), 'utf8')).trim();
    project.provide('origin', origin);
    project.provide('firstLink', link);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
