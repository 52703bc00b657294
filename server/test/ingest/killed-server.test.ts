/**
 * The real server is killed with SIGKILL again and again while webhooks come in. Whatever it had acknowledged is
 * there afterwards, each uplink once; what it had not acknowledged is sent again, as network servers do.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import { openDatabase } from '../../src/db/database.ts';
import { createSourceKey, ensureSource } from '../../src/ingest/source-store.ts';
import { claimDevice } from '../../src/registry/device-store.ts';
import { createOrganisation, syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { createPlace } from '../../src/registry/place-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { copyPreparedFolder, createTestDatabase, DATABASE_KINDS, SILENT } from '../database.ts';
import { findFreePort } from '../free-port.ts';
import { startServer } from '../server-process.ts';
import { CODECS, DEVICE, findWrongStatistics } from './town.ts';

const KILLS = 4;
const SENDERS = 6;

async function setUp(dataDir: string, url: string | undefined): Promise<string> {
  const database = await openDatabase({ dataDir, url, log: SILENT });
  const { sql } = database;
  try {
    await syncObservedProperties(sql);
    await syncShippedCodecs(sql, CODECS);
    const organisation = await sql.begin((tx) =>
      createOrganisation(tx, SYSTEM, {
        slug: 'town',
        name: 'Town',
        country: 'DK',
        timeZone: 'Europe/Copenhagen',
        locale: 'da',
      }),
    );
    await sql.begin(async (tx) => {
      const place = await createPlace(tx, SYSTEM, organisation.id, { name: 'Room', kind: 'point' });
      await claimDevice(tx, SYSTEM, {
        organisationId: organisation.id,
        devEui: DEVICE,
        codecKey: 'elsys/ers-co2',
        placeId: place.id,
        from: '2026-01-01T00:00:00Z',
        now: '2026-01-01T00:00:00Z',
      });
    });
    const source = await ensureSource(sql, {
      organisationId: organisation.id,
      name: 'Hook',
      kind: 'webhook',
      format: 'torv',
    });
    const { key, hash } = createSourceKey();
    await sql`UPDATE sources SET key_hash = ${hash} WHERE id = ${source.id}`;
    return key;
  } finally {
    await database.close();
  }
}

describe.each(DATABASE_KINDS)('a server on %s that is killed', (kind) => {
  it('has every acknowledged uplink exactly once after it starts again', async () => {
    // A copy of the prepared database (embedded: its data folder) that the server opens itself.
    const external = kind === 'postgresql' ? await createTestDatabase(kind) : undefined;
    const dataDir = await mkdtemp(join(tmpdir(), 'torv-killed-'));
    const url = external?.url;
    if (url === undefined) await copyPreparedFolder(dataDir);
    const key = await setUp(dataDir, url);
    const port = await findFreePort();
    let server = await startServer(dataDir, url, port);
    const acknowledged = new Set<number>();
    let next = 0;
    let isOver = false;
    let refused = 0;

    const send = async (n: number): Promise<boolean> => {
      const time = new Date(Date.UTC(2026, 2, 1) + n * 1_000).toISOString();
      const body = JSON.stringify({
        devEui: DEVICE,
        devAddr: '26011aaa',
        fCnt: n,
        fPort: 5,
        payload: '0100da0230',
        time,
      });
      try {
        const response = await fetch(`http://127.0.0.1:${port}/ingest/torv`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-torv-key': key },
          body,
        });
        await response.text();
        if (response.status >= 400 && response.status < 500) throw new TypeError(`status ${response.status}`);
        return response.ok;
      } catch (error) {
        if (error instanceof TypeError && error.message.startsWith('status')) throw error;
        return false;
      }
    };
    const sender = async (): Promise<void> => {
      while (!isOver) {
        const n = next++;
        // As a network server does: again until it is acknowledged.
        while (!(await send(n))) {
          refused++;
          if (isOver) return;
          await sleep(50);
        }
        acknowledged.add(n);
      }
    };
    const senders = Array.from({ length: SENDERS }, sender);
    try {
      for (let i = 0; i < KILLS; i++) {
        const before = acknowledged.size;
        while (acknowledged.size < before + 50) await sleep(20);
        await sleep(Math.floor(Math.random() * 300));
        const gone = new Promise((exit) => server.once('exit', exit));
        server.kill('SIGKILL');
        await gone;
        server = await startServer(dataDir, url, port);
      }
      const before = acknowledged.size;
      while (acknowledged.size < before + 50) await sleep(20);
      isOver = true;
      await Promise.all(senders);
      await sleep(1_500); // what was spooled is drained within a second
      const stopped = new Promise((exit) => server.once('exit', exit));
      server.kill('SIGTERM');
      await stopped;
    } finally {
      isOver = true;
      server.kill('SIGKILL');
      await Promise.allSettled(senders);
    }
    expect(refused).toBeGreaterThan(0);
    const database = await openDatabase({ dataDir, url, log: SILENT });
    try {
      const { sql } = database;
      const frames = await sql<{ n: number; times: number }[]>`
        SELECT f_cnt AS n, count(*)::int AS times FROM uplinks GROUP BY f_cnt`;
      expect(frames.filter((f) => f.times !== 1)).toEqual([]);
      const kept = new Set(frames.map((f) => f.n));
      expect([...acknowledged].filter((n) => !kept.has(n))).toEqual([]);
      const [readings] = await sql<{ n: number; distinct: number }[]>`
        SELECT count(*)::int AS n, count(DISTINCT (datastream_id, phenomenon_start))::int AS distinct FROM observations`;
      expect(readings).toEqual({ n: kept.size * 2, distinct: kept.size * 2 });
      const [organisation] = await sql<{ id: number }[]>`SELECT id FROM organisations WHERE slug = 'town'`;
      expect(await findWrongStatistics(sql, organisation?.id ?? 0)).toEqual([]);
    } finally {
      await database.close();
      await external?.drop();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 300_000);
});
