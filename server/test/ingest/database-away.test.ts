/** PostgreSQL is stopped while uplinks come in, and started again: the stream waits and goes on, nothing is lost. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createBatcher } from '../../src/ingest/batcher.ts';
import { createDecoder } from '../../src/ingest/decode/port.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { DATABASE_KINDS, SILENT, type TestDatabase } from '../database.ts';
import { addOrganisation, CODECS, DEVICE, findWrongStatistics, toDeps } from './town.ts';

const BINARIES = [
  ...(process.env.PATH ?? '').split(':'),
  ...[18, 17, 16, 15].map((v) => `/usr/lib/postgresql/${v}/bin`),
].find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));

/** A server of its own, because it is stopped; durable, because that is what is tested. */
async function openServer() {
  const folder = await mkdtemp(join(tmpdir(), 'torv-away-'));
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const user = userInfo().uid === 0 ? { uid: id('-u'), gid: id('-g') } : undefined;
  if (user) chownSync(folder, user.uid, user.gid);
  const as = { ...user, cwd: folder, env: { PATH: `${BINARIES}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8' } };
  const binary = (name: string) => join(BINARIES ?? '', name);
  execFileSync(binary('initdb'), ['-D', 'data', '-U', 'torv', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    ...as,
    stdio: 'pipe',
  });
  const start = () =>
    spawn(
      binary('postgres'),
      ['-D', 'data', '-c', 'listen_addresses=', '-c', `unix_socket_directories=${folder}`],
      {
        ...as,
        stdio: 'ignore',
      },
    );
  let server = start();
  return {
    url: `postgres://torv@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      const gone = new Promise((exit) => server.once('exit', exit));
      server.kill('SIGQUIT'); // immediate: connections are cut, recovery follows at the next start
      await gone;
    },
    start() {
      server = start();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

describe.runIf(DATABASE_KINDS.includes('postgresql'))('a database that goes away', () => {
  it('makes the stream wait, and everything is there once when it is back', async () => {
    const server = await openServer();
    const open = async () => {
      for (let tries = 0; ; tries++) {
        try {
          return await openDatabase({ dataDir: tmpdir(), url: server.url, log: SILENT });
        } catch (error) {
          if (tries > 100) throw error;
          await sleep(200);
        }
      }
    };
    const database = await open();
    const decoder = createDecoder({ workers: 1 });
    try {
      const { sql } = database;
      await migrate(sql, join(CODECS, '../server/migrations'), SILENT);
      await syncObservedProperties(sql);
      await syncShippedCodecs(sql, CODECS);
      const deps = toDeps(sql, decoder);
      const town = { database: database as TestDatabase, sql, decoder, deps, close: async () => undefined };
      const org = await addOrganisation(town);
      await org.claim(DEVICE);
      const warnings: string[] = [];
      const batcher = createBatcher(deps, {
        log: { warn: (_fields, text) => warnings.push(text) },
        maxItems: 10,
        maxQueued: 200,
      });
      const item = (n: number) =>
        org.hear({ networkTime: new Date(Date.UTC(2026, 2, 2) + n * 60_000).toISOString(), fCnt: n });
      await batcher.accept([item(0)]);
      await server.stop();
      let settled = 0;
      const waiting = Array.from({ length: 30 }, (_, i) =>
        batcher.accept([item(2 * i + 1), item(2 * i + 2)]).then((report) => {
          settled++;
          return report;
        }),
      );
      while (warnings.length < 3) await sleep(50);
      expect(settled).toBe(0);
      // What is more than Torv holds is refused, not acknowledged.
      await expect(
        batcher.accept(Array.from({ length: 190 }, (_, i) => item(500 + i))),
      ).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
      server.start();
      const reports = await Promise.all(waiting);
      expect(reports.every((r) => r.frames === 2 && r.readings === 6 && r.rejected === 0)).toBe(true);
      await batcher.close();
      expect((await org.uplinks()).map((u) => u.fCnt)).toEqual(Array.from({ length: 61 }, (_, n) => n));
      expect(await org.observations()).toHaveLength(183);
      expect(await findWrongStatistics(sql, org.id)).toEqual([]);
      expect(await sql`SELECT FROM rejected_messages`).toHaveLength(0);
    } finally {
      await decoder.close();
      await database.close();
      await server.stop();
      await server.remove();
    }
  }, 120_000);
});
