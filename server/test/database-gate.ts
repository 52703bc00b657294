/**
 * A way to a PostgreSQL that can be shut: connections break off and new ones find nobody, as when the server is
 * stopped. The database behind it goes on, so that a test can look into it meanwhile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface DatabaseGate {
  /** The database's address by way of the gate. */
  readonly url: string;
  shut(): Promise<void>;
  open(): Promise<void>;
  remove(): Promise<void>;
}

export async function openDatabaseGate(url: string): Promise<DatabaseGate> {
  const folder = mkdtempSync(join(tmpdir(), 'torv-gate-'));
  const behind = new URL(url).searchParams.get('host');
  if (behind === null) throw new Error(`The gate needs a socket's folder in ${url}`);
  const name = '.s.PGSQL.5432';
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  async function open(): Promise<void> {
    if (server?.listening) return;
    const made = createServer((near) => {
      const far = connect(join(String(behind), name));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => made.listen(join(folder, name), resolve));
    server = made;
  }
  async function shut(): Promise<void> {
    const closing = new Promise((resolve) => server?.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closing;
  }
  await open();
  return {
    url: url.replace(encodeURIComponent(behind), encodeURIComponent(folder)),
    open,
    shut,
    async remove() {
      if (server?.listening) await shut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
