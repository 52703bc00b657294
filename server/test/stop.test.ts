/** A server that is told to stop ends by itself, whatever it was doing; one that cannot start leaves nothing behind. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../src/access/port.ts';
import { openDatabase } from '../src/db/database.ts';
import { createOrganisation } from '../src/registry/organisation-store.ts';
import {
  copyPreparedFolder,
  createTestDatabase,
  DATABASE_KINDS,
  SILENT,
  type TestDatabase,
} from './database.ts';
import { findFreePort } from './free-port.ts';
import { type ServerProcess, spawnServer, waitUntilReady } from './server-process.ts';

const LIVE = '/api/v1/live?organisation=';

/** A browser's connection, cut after some time; undefined: it stays until the server ends it. */
async function listen(port: number, path: string, cutAfterMs?: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  if (cutAfterMs !== undefined) {
    await sleep(cutAfterMs);
    socket.destroy();
  }
  return closed;
}

async function stopAndExpectAnEnd(server: ServerProcess): Promise<void> {
  server.child.kill('SIGTERM');
  expect({ code: await server.ended, said: server.said() }).toEqual({
    code: 0,
    said: expect.stringContaining('Stopping\n'),
  });
  expect(server.said()).not.toContain('did not end by itself');
}

describe.each(DATABASE_KINDS)('a server on %s', (kind) => {
  let external: TestDatabase | undefined;
  let dataDir: string;
  let organisationId: number;

  beforeAll(async () => {
    external = kind === 'postgresql' ? await createTestDatabase(kind) : undefined;
    dataDir = await mkdtemp(join(tmpdir(), 'torv-stop-'));
    if (external === undefined) await copyPreparedFolder(dataDir);
    const database = await openDatabase({ dataDir, url: external?.url, log: SILENT });
    const { id } = await database.sql.begin((tx) =>
      createOrganisation(tx, SYSTEM, {
        slug: 'town',
        name: 'Town',
        country: 'DK',
        timeZone: 'Europe/Copenhagen',
        locale: 'da',
        kind: 'demo',
      }),
    );
    organisationId = id;
    await database.close();
  });
  afterAll(async () => {
    await external?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('stops with listeners that stay, and after many that left while they were looked at', async () => {
    const port = await findFreePort();
    const server = spawnServer(dataDir, external?.url, port);
    await waitUntilReady(server);
    const path = `${LIVE}${organisationId}`;
    const staying = Array.from({ length: 5 }, () => listen(port, path));
    await Promise.all(Array.from({ length: 400 }, (_, i) => listen(port, path, 2 + (i % 40) * 2)));
    await stopAndExpectAnEnd(server);
    await Promise.all(staying);
  });

  it('stops when it is told so at any moment of its start', async () => {
    for (let waitMs = 400; waitMs <= 3_600; waitMs += 800) {
      const server = spawnServer(dataDir, external?.url, await findFreePort());
      await sleep(waitMs);
      server.child.kill('SIGTERM');
      const code = await server.ended;
      // before it listens for the signal the system ends it
      expect([0, null], server.said()).toContain(code);
      expect(server.said()).not.toContain('did not end by itself');
    }
  });

  it('ends, says why and frees its folder when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready));
    const taken = (other.address() as { port: number }).port;
    const refused = spawnServer(dataDir, external?.url, taken);
    expect(await refused.ended).toBe(1);
    expect(refused.said()).toMatch(new RegExp(`Port ${taken} is in use by another program`));
    expect(refused.said()).not.toContain('did not end by itself');
    await new Promise((closed) => other.close(closed));
    const server = spawnServer(dataDir, external?.url, taken);
    await waitUntilReady(server);
    await stopAndExpectAnEnd(server);
  });
});
