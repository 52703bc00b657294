/** The whole way over a real Mosquitto: what is published becomes readings, once, whatever goes away meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import { parseConfig } from '../../src/config.ts';
import { resolveOutbound } from '../../src/http/outbound.ts';
import {
  type BrokerSettings,
  createSourceManager,
  type SourceManager,
} from '../../src/ingest/source-manager.ts';
import {
  deleteSource,
  insertSource,
  type Source,
  type SourceChange,
  updateSource,
} from '../../src/ingest/source-store.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { assembleRuntime, type Runtime } from '../../src/runtime.ts';
import { createTestDatabase, DATABASE_KINDS, SILENT, type TestDatabase } from '../database.ts';
import { type Mosquitto, startMosquitto } from '../mosquitto.ts';
import { type BareClient, openBareClient } from '../mqtt-client.ts';
import { until } from '../until.ts';
import { addOrganisation, CODECS, DEVICE, type TestOrganisation } from './town.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SECRET_KEY = 'of-the-test-and-of-nobody-else-at-all';
const LEASE_MS = 1_500;
const TOPIC = `application/7/device/${DEVICE}/event/up`;
const START_MS = Date.parse('2026-03-02T08:00:00Z');

/** As ChirpStack v4 writes it; one minute apart. */
function toChirpStack(fCnt: number): string {
  return JSON.stringify({
    deduplicationId: crypto.randomUUID(),
    time: new Date(START_MS + fCnt * 60_000).toISOString(),
    deviceInfo: {
      tenantId: crypto.randomUUID(),
      applicationId: crypto.randomUUID(),
      deviceProfileName: 'ERS CO2',
      deviceName: 'room-2b',
      devEui: DEVICE,
      tags: {},
    },
    devAddr: '01ab23cd',
    dr: 5,
    fCnt,
    fPort: 5,
    confirmed: false,
    data: Buffer.from('0100da02300605dc', 'hex').toString('base64'),
    rxInfo: [{ gatewayId: '0016c001f153a14c', uplinkId: 1, rssi: -57, snr: 10 }],
    txInfo: {
      frequency: 868100000,
      modulation: { lora: { bandwidth: 125000, spreadingFactor: 7, codeRate: 'CR_4_5' } },
    },
  });
}

describe.each(DATABASE_KINDS)('a broker source on %s', { timeout: 90_000 }, (kind) => {
  let broker: Mosquitto;
  let database: TestDatabase;
  let runtime: Runtime;
  let manager: SourceManager;
  let org: TestOrganisation;
  let dataDir: string;
  const clients: BareClient[] = [];

  beforeAll(async () => {
    broker = await startMosquitto({ users: { torv: 'right', sender: 'sends' } });
    database = await createTestDatabase(kind);
    await syncObservedProperties(database.sql);
    await syncShippedCodecs(database.sql, CODECS);
    dataDir = mkdtempSync(join(tmpdir(), 'torv-brokers-'));
    const config = parseConfig({
      TORV_DATA: dataDir,
      TORV_SECRET_KEY: SECRET_KEY,
      TORV_OUTBOUND_ALLOW: '127.0.0.1',
    });
    runtime = await assembleRuntime({ config, log: SILENT, database, now: Date.now });
    manager = createSourceManager({
      sql: database.sql,
      inlet: runtime.inlet,
      sealer: runtime.sealer,
      log: SILENT,
      resolveHost: (host) => resolveOutbound(host, config.outboundAllow),
      mostSlots: kind === 'embedded' ? 1 : 4,
      leaseMs: LEASE_MS,
      retryFromMs: 50,
    });
  });
  afterAll(async () => {
    for (const client of clients) client.end();
    await manager?.close();
    await runtime?.close();
    await database?.drop();
    await broker?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    // the source of the test before must not hear what this one sends
    await database.sql`UPDATE sources SET enabled = false WHERE enabled AND kind = 'mqtt'`;
    await manager.refresh();
    org = await addOrganisation({
      database,
      sql: database.sql,
      decoder: runtime.decoder,
      deps: runtime.ingest,
      close: async () => undefined,
    });
    await org.claim(DEVICE);
  });

  async function add(settings: Partial<BrokerSettings> = {}, password = 'right'): Promise<Source> {
    const source = await database.sql.begin(async (tx) => {
      const made = await insertSource(
        tx,
        SYSTEM,
        org.id,
        {
          name: 'ChirpStack',
          kind: 'mqtt',
          format: 'chirpstack-v4',
          settings: {
            url: broker.url,
            username: 'torv',
            topics: ['application/+/device/+/event/up'],
            ...settings,
          },
        },
        null,
      );
      return updateSource(tx, SYSTEM, made.id, made.version, {
        secret: runtime.sealer.seal(password, `source:${made.id}`),
      });
    });
    await manager.refresh();
    return source;
  }
  async function change(source: Source, to: SourceChange): Promise<Source> {
    const changed = await database.sql.begin((tx) => updateSource(tx, SYSTEM, source.id, source.version, to));
    await manager.refresh();
    return changed;
  }
  const stateOf = async (source: Source): Promise<{ state: string; reason: string | null }> => {
    const [row] = await database.sql<{ state: string; reason: string | null }[]>`
      SELECT state, state_reason AS reason FROM source_status WHERE source_id = ${source.id}`;
    return row ?? { state: 'none', reason: null };
  };
  const untilListening = (source: Source) => until(async () => (await stateOf(source)).state === 'listening');
  async function openSender(): Promise<BareClient> {
    const client = await openBareClient(broker.port, {
      username: 'sender',
      password: Buffer.from('sends'),
    });
    await client.next('connack');
    clients.push(client);
    return client;
  }
  const publish = async (counts: readonly number[], topic = TOPIC): Promise<void> => {
    const sender = await openSender();
    await sender.publishAll(counts.map((fCnt) => ({ topic, payload: toChirpStack(fCnt) })));
    sender.end();
  };
  const counters = async (): Promise<readonly number[]> => {
    const rows = await database.sql<{ n: number }[]>`
      SELECT f_cnt::int AS n FROM uplinks WHERE organisation_id = ${org.id} AND state <> 4 ORDER BY 1`;
    return rows.map(({ n }) => n);
  };
  const untilCame = (n: number) => until(async () => new Set(await counters()).size >= n);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('makes readings in the room of what ChirpStack publishes at QoS 1', async () => {
    const source = await add();
    await untilListening(source);
    await publish([1, 2, 3]);
    await until(async () => (await org.observations()).length === 9);
    const co2 = (await org.observations()).filter((row) => row.property === 'co2');
    expect(co2.map(({ time, value }) => [time, value])).toEqual([
      ['2026-03-02T08:01:00Z', 1500],
      ['2026-03-02T08:02:00Z', 1500],
      ['2026-03-02T08:03:00Z', 1500],
    ]);
    const [status] =
      await database.sql`SELECT messages, faults FROM source_status WHERE source_id = ${source.id}`;
    expect(status).toEqual({ messages: 3, faults: 0 });
    expect(runtime.inlet.ratePerMinute(source.id)).toBeCloseTo(0.6);
  });

  it('takes what comes at QoS 0 by way of the spool', async () => {
    const source = await add();
    await untilListening(source);
    const sender = await openSender();
    for (const fCnt of [1, 2]) {
      sender.send({
        cmd: 'publish',
        qos: 0,
        dup: false,
        retain: false,
        topic: TOPIC,
        payload: toChirpStack(fCnt),
      });
    }
    await untilCame(2);
    expect(await counters()).toEqual([1, 2]);
  });

  it('keeps what cannot be read as rejected, and goes on', async () => {
    const source = await add();
    await untilListening(source);
    const sender = await openSender();
    await sender.publishAll([
      { topic: TOPIC, payload: 'no json' },
      { topic: TOPIC, payload: '{"deviceInfo":{}}' },
      { topic: TOPIC, payload: toChirpStack(1) },
    ]);
    await untilCame(1);
    await until(async () => {
      const [row] = await database.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM rejected_messages WHERE source_id = ${source.id}`;
      return row?.n === 2;
    });
  });

  it('loses nothing and doubles nothing when the broker is started anew in the middle of a stream', async () => {
    const source = await add();
    await untilListening(source);
    await publish(range(1, 300));
    await broker.restart();
    await publish(range(301, 400));
    await untilCame(400);
    expect(await counters()).toEqual(range(1, 400));
    await untilListening(source);
  });

  it('gets what was published while it was away', async () => {
    const source = await add();
    await untilListening(source);
    await manager.close();
    await publish(range(1, 50));
    manager = createSourceManager({
      sql: database.sql,
      inlet: runtime.inlet,
      sealer: runtime.sealer,
      log: SILENT,
      resolveHost: async (host) => host,
      mostSlots: 1,
      leaseMs: LEASE_MS,
      retryFromMs: 50,
    });
    await untilCame(50);
    expect(await counters()).toEqual(range(1, 50));
  });

  it('hears nothing more on topics that were taken away', async () => {
    const source = await add({ topics: ['application/7/#'] });
    await untilListening(source);
    const changed = await change(source, {
      settings: { ...source.settings, topics: ['application/8/#'] },
    });
    await untilListening(changed);
    await publish([1], TOPIC);
    await publish([2], TOPIC.replace('/7/', '/8/'));
    await untilCame(1);
    expect(await counters()).toEqual([2]);
  });

  it('lets the broker forget it when it is switched off, so that nothing piles up there', async () => {
    const source = await add();
    await untilListening(source);
    const off = await change(source, { enabled: false });
    await publish([1]);
    const on = await change(off, { enabled: true });
    await untilListening(on);
    await publish([2]);
    await untilCame(1);
    expect(await counters()).toEqual([2]);
    expect((await stateOf(on)).state).toBe('listening');
  });

  it('says in words that the password is wrong, and listens when it is mended', async () => {
    const source = await add({}, 'wrong');
    await until(async () => /password/.test((await stateOf(source)).reason ?? ''));
    const mended = await change(source, {
      secret: runtime.sealer.seal('right', `source:${source.id}`),
    });
    await untilListening(mended);
    expect((await stateOf(mended)).reason).toBeNull();
  });

  it('says that a password cannot be opened, and lets the other sources run', async () => {
    const locked = await add();
    await change(locked, { secret: Buffer.from('sealed with another key entirely') });
    await until(async () => /cannot be opened/.test((await stateOf(locked)).reason ?? ''));
    const other = await add();
    await untilListening(other);
  });

  it('stops listening for a source that is deleted', async () => {
    const source = await add();
    await untilListening(source);
    await database.sql.begin((tx) => deleteSource(tx, SYSTEM, source.id, source.version));
    await manager.refresh();
    await publish([1]);
    const next = await add();
    await untilListening(next);
    await publish([2]);
    await untilCame(1);
    expect(await counters()).toEqual([2]);
  });

  // The embedded database belongs to one process: there is nobody to share with.
  const itShared = kind === 'postgresql' ? it : () => undefined;
  itShared(
    'shares a source with another process, and takes over its slot when that is killed',
    async () => {
      const source = await add({ sharedGroup: 'torv' });
      await untilListening(source);
      const folder = mkdtempSync(join(tmpdir(), 'torv-second-'));
      const second = await startProcess(String(database.url), folder);
      const owners = async () =>
        database.sql<{ slot: number; owner: string }[]>`
          SELECT slot, lease_owner AS owner FROM ingest_slots WHERE source_id = ${source.id} AND lease_until > now() ORDER BY slot`;
      await until(async () => (await owners()).length === 2);
      const [mine, theirs] = await owners();
      expect(mine?.owner).not.toBe(theirs?.owner);
      await publish(range(1, 200));
      await untilCame(200);

      const streaming = publish(range(201, 600));
      second.kill('SIGKILL');
      await streaming;
      await publish(range(601, 700));
      await until(async () => {
        const held = await owners();
        return held.length === 2 && held.every(({ owner }) => owner === mine?.owner);
      });
      await untilCame(700);
      expect(await counters()).toEqual(range(1, 700));
      rmSync(folder, { recursive: true, force: true });
    },
    90_000,
  );
});

async function startProcess(url: string, folder: string): Promise<ChildProcess> {
  const outdir = join(ROOT, 'build/test/ingest-process');
  await build({
    entryPoints: [
      join(ROOT, 'server/test/ingest-process.ts'),
      join(ROOT, 'server/src/ingest/decode/decode-worker.ts'),
    ],
    outdir,
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        name: 'core',
        setup: (bundle) =>
          bundle.onResolve({ filter: /^@torv\/core\// }, ({ path }) => ({
            path: join(ROOT, 'core/src', `${path.slice('@torv/core/'.length)}.ts`),
          })),
      },
    ],
  });
  const child = spawn(process.execPath, [join(outdir, 'ingest-process.js'), url, folder, String(LEASE_MS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`The second process ended with ${code}`)));
  });
  return child;
}
