/**
 * The 0600 socket in the data folder by which commands reach the running server: one JSON line asks, JSON lines
 * answer. Whoever may open the folder may do everything: it is the operator's own door, never one for the network.
 */
import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '@torv/core/errors';
import { findCommand } from './commands.ts';
import { type Output, renderFault } from './output.ts';
import type { Runtime } from './runtime.ts';

interface Ask {
  readonly command: string;
  readonly args: readonly string[];
  /** Where the asker stands, for relative file names. */
  readonly cwd: string;
}

type Answer = { readonly line: string } | { readonly error: string } | { readonly exit: number };

export function toSocketPath(dataDir: string): string {
  return join(resolve(dataDir), 'torv.sock');
}

export async function openControl(runtime: Runtime, root: string): Promise<{ close(): Promise<void> }> {
  const path = toSocketPath(runtime.config.dataDir);
  // The folder's lock is ours: a socket that is there was left by a process that died.
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void answer(runtime, root, socket);
  });
  await new Promise<void>((ready, reject) => {
    server.once('error', reject);
    server.listen(path, ready);
  });
  await chmod(path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function answer(runtime: Runtime, root: string, socket: Socket): Promise<void> {
  const send = (message: Answer) => socket.writable && socket.write(`${JSON.stringify(message)}\n`);
  const output: Output = { line: (line) => send({ line }), error: (error) => send({ error }) };
  for await (const text of createInterface({ input: socket })) {
    try {
      const ask = JSON.parse(text) as Ask;
      const command = findCommand(ask.command);
      if (!command) throw new AppError('BAD_REQUEST', `There is no command ${ask.command}.`);
      send({ exit: await command.run({ runtime, args: ask.args, cwd: ask.cwd, output, root }) });
    } catch (error) {
      output.error(renderFault(error));
      send({ exit: 1 });
    }
    socket.end();
    return;
  }
}

/** Asks the running server. @returns its exit code, or undefined where none runs on this folder */
export async function askServer(dataDir: string, ask: Ask, output: Output): Promise<number | undefined> {
  const path = toSocketPath(dataDir);
  if (!existsSync(path)) return undefined;
  return new Promise((done, reject) => {
    const socket = createConnection(path);
    let exit: number | undefined;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') done(undefined);
      else reject(error);
    });
    socket.once('connect', () => socket.write(`${JSON.stringify(ask)}\n`));
    createInterface({ input: socket })
      .on('line', (text) => {
        const message = JSON.parse(text) as Answer;
        if ('line' in message) output.line(message.line);
        else if ('error' in message) output.error(message.error);
        else exit = message.exit;
      })
      .on('close', () => {
        if (exit === undefined) output.error('The server went away before the command was done.');
        done(exit ?? 1);
      });
  });
}
