/**
 * The disk is full: the stream waits and goes on when there is room, or says what it refuses. Nothing that was
 * acknowledged is lost, nothing is doubled, and the embedded database survives that its log has no room.
 */
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import { openDatabase, type Sql } from '../../src/db/database.ts';
import { type Batcher, createBatcher } from '../../src/ingest/batcher.ts';
import { createDecoder } from '../../src/ingest/decode/port.ts';
import { createSourceManager } from '../../src/ingest/source-manager.ts';
import { insertSource } from '../../src/ingest/source-store.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { createTestApp, type TestApp } from '../app.ts';
import {
  copyPreparedFolder,
  createTestDatabase,
  DATABASE_KINDS,
  SILENT,
  type TestDatabase,
} from '../database.ts';
import { type DatabaseGate, openDatabaseGate } from '../database-gate.ts';
import { startMosquitto } from '../mosquitto.ts';
import { openBareClient } from '../mqtt-client.ts';
import { ask, expectStatus, type Founded, found } from '../people.ts';
import { HAS_SMALL_DISKS, openSmallDisk, type SmallDisk } from '../small-disk.ts';
import { until } from '../until.ts';
import {
  addOrganisation,
  CODECS,
  DEVICE,
  findWrongStatistics,
  openTown,
  type TestOrganisation,
  toDeps,
} from './town.ts';

const describeOnSmallDisk = HAS_SMALL_DISKS ? describe : () => undefined;

interface Stream {
  readonly warnings: readonly { readonly code: unknown }[];
  readonly settled: number;
  /** Batches of ten frames each, a minute apart, under way at once. */
  send(batches: number): Promise<unknown>;
  /** Everything sent is there once, and nothing was rejected. */
  expectWhole(): Promise<void>;
  close(): Promise<void>;
}

function openStream(sql: Sql, org: TestOrganisation, deps: Parameters<typeof createBatcher>[0]): Stream {
  const warnings: { code: unknown }[] = [];
  const batcher: Batcher = createBatcher(deps, {
    log: { warn: (fields) => warnings.push({ code: (fields as { err: { code?: unknown } }).err.code }) },
    maxItems: 10,
  });
  let sent = 0;
  let settled = 0;
  const item = () =>
    org.hear({ networkTime: new Date(Date.UTC(2026, 2, 2) + sent * 60_000).toISOString(), fCnt: sent++ });
  return {
    warnings,
    get settled() {
      return settled;
    },
    send: (batches) =>
      Promise.all(
        Array.from({ length: batches }, () =>
          batcher.accept(Array.from({ length: 10 }, item)).then(() => settled++),
        ),
      ),
    async expectWhole() {
      expect((await org.uplinks()).map((u) => u.fCnt)).toEqual(Array.from({ length: sent }, (_, n) => n));
      expect(await org.observations()).toHaveLength(3 * sent);
      expect(await findWrongStatistics(sql, org.id)).toEqual([]);
      expect(await sql`SELECT FROM rejected_messages WHERE organisation_id = ${org.id}`).toHaveLength(0);
    },
    close: () => batcher.close(),
  };
}

describe.each(DATABASE_KINDS)('a database that says its disk is full, %s', (kind) => {
  it('makes the stream wait; nothing is acknowledged, and all of it is there once when there is room', async () => {
    const town = await openTown(kind);
    const { sql } = town;
    const org = await addOrganisation(town);
    await org.claim(DEVICE);
    const stream = openStream(sql, org, town.deps);
    try {
      await stream.send(1);
      await sql`
        CREATE FUNCTION refuse_for_want_of_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`;
      await sql`
        CREATE TRIGGER disk_full BEFORE INSERT ON observations FOR EACH ROW EXECUTE FUNCTION refuse_for_want_of_room()`;
      const sending = stream.send(20);
      await until(() => stream.warnings.length >= 4);
      expect(stream.settled).toBe(1);
      expect(await org.uplinks()).toHaveLength(10);
      await sql`DROP TRIGGER disk_full ON observations`;
      await sending;
      expect(new Set(stream.warnings.map(({ code }) => code))).toEqual(new Set(['53100']));
      await stream.expectWhole();
    } finally {
      await stream.close();
      await town.close();
    }
  }, 120_000);
});

describeOnSmallDisk('a disk that is really full', () => {
  let disk: SmallDisk | undefined;
  afterEach(() => {
    disk?.remove();
    disk = undefined;
  });

  const itWithPostgres = DATABASE_KINDS.includes('postgresql') ? it : () => undefined;
  itWithPostgres(
    'makes PostgreSQL and the stream wait until there is room',
    async () => {
      disk = openSmallDisk(12_000);
      const database = await createTestDatabase('postgresql');
      const { sql } = database;
      const decoder = createDecoder({ workers: 1 });
      const space = `small_${process.pid}`;
      try {
        const folder = join(disk.folder, 'space');
        mkdirSync(folder, { mode: 0o700 });
        const [row] = await sql<{ dir: string }[]>`SELECT current_setting('data_directory') AS dir`;
        const { uid, gid } = statSync(String(row?.dir));
        chownSync(folder, uid, gid);
        await sql.unsafe(`CREATE TABLESPACE ${space} LOCATION '${folder}'`);
        // Partitions that are made from here on lie on the small disk.
        await sql.unsafe(`ALTER TABLE observations SET TABLESPACE ${space}`);
        await sql.unsafe(`ALTER TABLE uplinks SET TABLESPACE ${space}`);
        await syncObservedProperties(sql);
        await syncShippedCodecs(sql, CODECS);
        const deps = toDeps(sql, decoder);
        const org = await addOrganisation({ database, sql, decoder, deps, close: async () => undefined });
        await org.claim(DEVICE);
        const stream = openStream(sql, org, deps);
        await stream.send(1);
        disk.fill();
        const sending = stream.send(100);
        await until(() => stream.warnings.length >= 4);
        expect(stream.settled).toBeLessThan(101);
        expect(stream.warnings[0]?.code).toBe('53100');
        disk.makeRoom();
        await sending;
        await stream.expectWhole();
        await stream.close();
      } finally {
        await decoder.close();
        await removeWithTablespace(database, space);
      }
    },
    120_000,
  );

  const itWithEmbedded = DATABASE_KINDS.includes('embedded') ? it : () => undefined;
  itWithEmbedded(
    'makes the embedded database and the stream wait, also when its own log has no room',
    async () => {
      disk = openSmallDisk(140_000);
      const dataDir = join(disk.folder, 'data');
      await copyPreparedFolder(dataDir);
      const told: string[] = [];
      const warned: string[] = [];
      const log = {
        ...SILENT,
        warn: (_fields: object, text: string) => void warned.push(text),
        error: (_fields: object, text: string) => void told.push(text),
      };
      const database = await openDatabase({ dataDir, log });
      const { sql } = database;
      const decoder = createDecoder({ workers: 1 });
      try {
        await syncObservedProperties(sql);
        await syncShippedCodecs(sql, CODECS);
        const deps = toDeps(sql, decoder);
        const org = await addOrganisation({
          database: database as TestDatabase,
          sql,
          decoder,
          deps,
          close: async () => undefined,
        });
        await org.claim(DEVICE);
        const stream = openStream(sql, org, deps);
        await stream.send(1);
        disk.fill();
        const sending = stream.send(40);
        await until(() => stream.warnings.length >= 4);
        expect(stream.warnings[0]?.code).toBe('53100');
        const isTold = () => told.some((text) => text.startsWith('The disk is full'));
        // Each attempt writes to the log; in the end it needs another segment, and there PostgreSQL gives up.
        const fillLog = async (): Promise<void> => {
          while (!isTold())
            await sql`SELECT pg_switch_wal(), pg_logical_emit_message(TRUE, 'x', 'y')`.catch(() => undefined);
        };
        const switching = fillLog();
        await until(isTold);
        expect(await database.ready()).toBe(false);
        expect(stream.settled).toBeLessThan(41);
        disk.makeRoom();
        await Promise.all([switching]);
        await sending;
        await stream.expectWhole();
        await stream.close();
        // Stopped while it waits for room, it has no thread that would answer, and asks none.
        told.length = 0;
        disk.fill();
        const again = fillLog();
        await until(isTold);
        warned.length = 0;
        await database.close();
        await again;
        expect(warned).not.toContain('The embedded database did not stop by itself');
      } finally {
        await decoder.close();
        await database.close();
      }
    },
    180_000,
  );

  itWithEmbedded('is named when the embedded database is to be opened there', async () => {
    disk = openSmallDisk(30_000);
    disk.fill();
    const failure = openDatabase({ dataDir: disk.folder, log: SILENT });
    await expect(failure).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('is full'),
    });
  });
});

/** The database first, then what it lay in. */
async function removeWithTablespace(database: TestDatabase, space: string): Promise<void> {
  const host = new URL(String(database.url)).searchParams.get('host') ?? '';
  const admin = postgres({ host, user: 'torv', database: 'postgres', max: 1 });
  await database.drop();
  await admin.unsafe(`DROP TABLESPACE IF EXISTS ${space}`);
  await admin.end();
}

const describeWithBoth =
  HAS_SMALL_DISKS && DATABASE_KINDS.includes('postgresql') ? describe : () => undefined;
describeWithBoth('the spool on a full disk', () => {
  let disk: SmallDisk;
  let test: TestApp;
  let gate: DatabaseGate;
  let founder: Founded;
  let key: string;
  beforeAll(async () => {
    disk = openSmallDisk(2_048);
    test = await createTestApp('postgresql', {
      env: { TORV_DATA: join(disk.folder, 'data'), TORV_SECRET_KEY: 'of-the-test-and-of-nobody-else-at-all' },
      reach: async ({ url, dataDir }) => {
        gate = await openDatabaseGate(String(url));
        return openDatabase({ log: SILENT, dataDir, url: gate.url });
      },
    });
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
    const made = await ask(test, 'POST', `/api/v1/sources?organisation=${founder.organisationId}`, {
      session: founder.session,
      body: { name: 'Hook', kind: 'webhook', format: 'torv' },
    });
    key = String(expectStatus(made, 201).body.key);
  });
  afterAll(async () => {
    disk?.makeRoom();
    await gate?.open();
    await test?.close();
    await gate?.remove();
    disk?.remove();
  });

  const deliver = (devEui: string, fCnt: number) =>
    ask(test, 'POST', '/ingest/torv', {
      // larger than what is left of the last block of the spool's file
      body: {
        ...{ devEui, fCnt, fPort: 5, payload: '0100d7', time: '2026-03-02T08:00:00Z' },
        tags: { note: 'x'.repeat(5_000) },
      },
      headers: { 'x-torv-key': key },
    });
  const countersOf = async (devEui: string): Promise<readonly number[]> => {
    const rows = await test.database.sql<{ n: number }[]>`
      SELECT u.f_cnt::int AS n FROM uplinks u JOIN devices d ON d.id = u.device_id WHERE d.dev_eui = ${devEui} ORDER BY 1`;
    return rows.map(({ n }) => n);
  };

  it('changes nothing for webhooks as long as the database answers', async () => {
    disk.fill();
    expect((await deliver('a81758fffe0f0001', 1)).status).toBe(200);
    disk.makeRoom();
  });

  it('lets what MQTT sends only once go straight to the database', async () => {
    const broker = await startMosquitto();
    const { sql } = test.database;
    const manager = createSourceManager({
      sql,
      inlet: test.runtime.inlet,
      sealer: test.runtime.sealer,
      log: SILENT,
      resolveHost: async (host) => host,
      mostSlots: 1,
      retryFromMs: 50,
    });
    try {
      const { id } = await sql.begin((tx) =>
        insertSource(
          tx,
          SYSTEM,
          founder.organisationId,
          {
            name: 'Plain',
            kind: 'mqtt',
            format: 'torv',
            settings: { url: broker.url, topics: ['devices/+/up'] },
          },
          null,
        ),
      );
      await manager.refresh();
      const isListening = async () =>
        (await sql`SELECT FROM source_status WHERE source_id = ${id} AND state = 'listening'`).length === 1;
      await until(isListening);
      disk.fill();
      const client = await openBareClient(broker.port);
      await client.next('connack');
      const devEui = 'a81758fffe0f0002';
      for (let fCnt = 0; fCnt < 30; fCnt++) {
        const payload = JSON.stringify({
          devEui,
          fCnt,
          fPort: 5,
          payload: '0100d7',
          time: '2026-03-02T08:00:00Z',
        });
        const qos = fCnt % 3 === 0 ? 1 : 0;
        const common = {
          cmd: 'publish',
          dup: false,
          retain: false,
          topic: `devices/${devEui}/up`,
          payload,
        } as const;
        client.send(qos === 0 ? { ...common, qos } : { ...common, qos, messageId: fCnt + 1 });
      }
      await until(async () => (await countersOf(devEui)).length === 30);
      expect(await isListening()).toBe(true);
      client.end();
    } finally {
      disk.makeRoom();
      await manager.close();
      await broker.stop();
    }
  }, 60_000);

  it('with the database away says what it refuses, and keeps what it acknowledged', async () => {
    const devEui = 'a81758fffe0f0003';
    expect((await deliver(devEui, 0)).status).toBe(200);
    await gate.shut();
    expect((await deliver(devEui, 1)).status).toBe(202);
    disk.fill();
    const refused = await Promise.all([2, 3, 4].map((fCnt) => deliver(devEui, fCnt)));
    expect(refused.map((answer) => [answer.status, answer.body.code, answer.body.detail])).toEqual(
      Array(3).fill([503, 'UNAVAILABLE', 'The spool is full: the disk has no space left.']),
    );
    disk.makeRoom();
    expect((await deliver(devEui, 5)).status).toBe(202);
    // What was refused comes again, as network servers do.
    expect((await deliver(devEui, 3)).status).toBe(202);
    await gate.open();
    await until(async () => {
      const there = await countersOf(devEui);
      return [0, 1, 3, 5].every((fCnt) => there.includes(fCnt));
    });
    const there = await countersOf(devEui);
    expect(there).toEqual([...new Set(there)]);
  }, 120_000);
});
