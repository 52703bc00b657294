/**
 * `torv bench ingest`: LoRaWAN messages through the whole way (foreign JSON, sandbox, one transaction per batch)
 * into a database of its own, beside a bare COPY of the same rows in the same run (embedded: a bare insert by
 * unnest). Machines differ and are shared: the ratio is what can be compared. Never touches an installation's data.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SYSTEM } from './access/port.ts';
import { type Database, openDatabase, type Sql } from './db/database.ts';
import type { Log } from './db/log.ts';
import { migrate } from './db/migrate.ts';
import { acceptMessages, type SourceRef } from './ingest/accept.ts';
import { createBatcher } from './ingest/batcher.ts';
import { createDecoder } from './ingest/decode/port.ts';
import { ensureSource } from './ingest/source-store.ts';
import { DeviceKnowledge } from './ingest/uplink.ts';
import { claimDevice } from './registry/device-store.ts';
import { createOrganisation, syncObservedProperties } from './registry/organisation-store.ts';
import { createPlace } from './registry/place-store.ts';
import { syncShippedCodecs } from './registry/shipped-codec-store.ts';

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const DEVICES = 200;
const MESSAGES_AT_ONCE = 500;
const IN_FLIGHT = 6;
const START_MS = Date.UTC(2026, 0, 5);
/** Of all devices together: 200 devices every ten minutes would be 3 s. */
const STEP_MS = 3_000;
const COPY_BYTES = 256 * 1024;

const HELP = `torv bench ingest [--uplinks 60000] [--database-url postgres://...]

Feeds messages as ChirpStack v4 sends them, of 200 room sensors with four readings each, and says how many are
decoded and committed a second. With --database-url it makes a database "torv_bench" there and drops it again;
without, it uses an embedded database in a temporary folder.`;

interface Context {
  readonly args: readonly string[];
  readonly root: string;
  readonly output: { line(text: string): void; error(text: string): void };
}

export const benchCommand = {
  name: 'bench',
  summary: 'Measure how fast this machine takes uplinks',
  help: HELP,
  async runAlone({ args, root, output }: Context): Promise<number> {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        uplinks: { type: 'string', default: '60000' },
        'database-url': { type: 'string' },
      },
    });
    if (positionals[0] !== 'ingest') {
      output.error(HELP);
      return 2;
    }
    const dataDir = await mkdtemp(join(tmpdir(), 'torv-bench-'));
    const url = values['database-url'];
    try {
      const own = url === undefined ? undefined : await createScratch(url, dataDir);
      const database = await openDatabase({ dataDir, log: SILENT, url: own });
      try {
        await migrate(database.sql, join(root, 'server/migrations'), SILENT);
        await syncObservedProperties(database.sql);
        await syncShippedCodecs(database.sql, join(root, 'codecs'));
        await measure({ ...database, url: own, dataDir }, Math.max(1_000, Number(values.uplinks)), output);
      } finally {
        await database.close();
        if (url !== undefined) await dropScratch(url, dataDir);
      }
      return 0;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
} as const;

const SCRATCH = 'torv_bench';

async function administer(url: string, dataDir: string, statements: readonly string[]): Promise<void> {
  const database = await openDatabase({ url, dataDir, log: SILENT, maxConnections: 1 });
  for (const statement of statements) await database.sql.unsafe(statement);
  await database.close();
}

async function createScratch(url: string, dataDir: string): Promise<string> {
  await administer(url, dataDir, [`DROP DATABASE IF EXISTS ${SCRATCH}`, `CREATE DATABASE ${SCRATCH}`]);
  const own = new URL(url);
  own.pathname = `/${SCRATCH}`;
  return own.href;
}

function dropScratch(url: string, dataDir: string): Promise<void> {
  return administer(url, dataDir, [`DROP DATABASE IF EXISTS ${SCRATCH} WITH (FORCE)`]);
}

const toEui = (device: number) => `a81758fffe${device.toString(16).padStart(6, '0')}`;

async function setUp(sql: Sql): Promise<SourceRef> {
  const organisation = await sql.begin((tx) =>
    createOrganisation(tx, SYSTEM, {
      slug: 'bench',
      name: 'Bench',
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
    }),
  );
  await sql.begin(async (tx) => {
    for (let i = 0; i < DEVICES; i++) {
      const place = await createPlace(tx, SYSTEM, organisation.id, { name: `Room ${i}`, kind: 'point' });
      const at = new Date(START_MS - 1000).toISOString();
      await claimDevice(tx, SYSTEM, {
        organisationId: organisation.id,
        devEui: toEui(i),
        codecKey: 'elsys/ers-co2',
        placeId: place.id,
        from: at,
        now: at,
      });
    }
  });
  return ensureSource(sql, {
    organisationId: organisation.id,
    name: 'Bench',
    kind: 'mqtt',
    format: 'chirpstack-v4',
  });
}

const toHex = (value: number) => value.toString(16).padStart(4, '0');

/** A message to the letter as ChirpStack v4 publishes it, two gateways, temperature, humidity, light and CO2. */
function toMessage(n: number): string {
  const device = n % DEVICES;
  const payload = `01${toHex(200 + (n % 50))}02${(30 + (n % 30)).toString(16)}04${toHex(n % 900)}06${toHex(400 + (n % 1200))}`;
  const time = `${new Date(START_MS + n * STEP_MS).toISOString().slice(0, -1)}123+00:00`;
  return (
    `{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-${n.toString(16).padStart(12, '0')}","time":"${time}","deviceInfo":{"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242",` +
    `"tenantName":"City","applicationId":"17c82e96-be03-4f38-aef3-f83d48582d97","applicationName":"air","deviceProfileId":"14855bf7-d10d-4aee-b618-ebfcb64dc7ad",` +
    `"deviceProfileName":"ERS CO2","deviceName":"room-${device}","devEui":"${toEui(device)}","deviceClassEnabled":"CLASS_A","tags":{}},"devAddr":"${(0x26010000 + device).toString(16)}",` +
    `"adr":true,"dr":5,"fCnt":${Math.floor(n / DEVICES) + 1},"fPort":5,"confirmed":false,"data":"${Buffer.from(payload, 'hex').toString('base64')}",` +
    `"rxInfo":[{"gatewayId":"0016c001f153a1${(10 + (device % 10)).toString(16)}","uplinkId":${n},"nsTime":"${time}","rssi":${-60 - (n % 50)},"snr":${(n % 20) - 8},"channel":6,` +
    `"location":{"latitude":52.1,"longitude":5.3},"context":"E3OWOQ==","metadata":{"region_common_name":"EU868"},"crcStatus":"CRC_OK"},` +
    `{"gatewayId":"0016c001f153a1${(30 + (device % 7)).toString(16)}","uplinkId":7,"rssi":-101,"snr":-9.5,"context":"AAAAAA==","crcStatus":"CRC_OK"}],` +
    `"txInfo":{"frequency":867100000,"modulation":{"lora":{"bandwidth":125000,"spreadingFactor":7,"codeRate":"CR_4_5"}}},"regionConfigId":"eu868"}`
  );
}

interface BenchDatabase extends Database {
  readonly url: string | undefined;
  readonly dataDir: string;
}

async function measure(database: BenchDatabase, uplinks: number, output: Context['output']): Promise<void> {
  const { sql } = database;
  const source = await setUp(sql);
  const decoder = createDecoder({ workers: 1 });
  const deps = { sql, decoder, devices: new DeviceKnowledge(), announce: () => undefined };
  const batcher = createBatcher(deps, { log: SILENT });
  let sent = 0;
  const feed = async (until: number): Promise<void> => {
    while (sent < until) {
      const from = sent;
      sent = Math.min(from + MESSAGES_AT_ONCE, until);
      const arrivedAt = new Date(START_MS + sent * STEP_MS).toISOString();
      const messages = Array.from({ length: sent - from }, (_, i) => ({
        body: toMessage(from + i),
        arrivedAt,
      }));
      await acceptMessages({ sql, batcher }, source, messages);
    }
  };
  const run = (until: number) => Promise.all(Array.from({ length: IN_FLIGHT }, () => feed(until)));
  const warm = Math.min(5_000, Math.floor(uplinks / 5));
  await run(warm);
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  await run(warm + uplinks);
  const seconds = (performance.now() - begunMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rssMb = process.memoryUsage.rss() / 1024 ** 2;
  await batcher.close();
  await decoder.close();
  const [kept] = await sql<{ frames: number; readings: number }[]>`
    SELECT (SELECT count(*) FROM uplinks) AS frames, (SELECT count(*) FROM observations) AS readings`;
  if (kept?.frames !== warm + uplinks || kept.readings !== (warm + uplinks) * 4)
    throw new Error(
      `Kept ${kept?.frames} frames and ${kept?.readings} readings of ${warm + uplinks} uplinks`,
    );
  const rate = (n: number, s: number) => Math.round(n / s).toLocaleString('en');
  output.line(`Database              ${database.kind} ${database.version}`);
  output.line(`Uplinks a second      ${rate(uplinks, seconds)}  (${uplinks} in ${seconds.toFixed(2)} s)`);
  output.line(`Readings a second     ${rate(uplinks * 4, seconds)}`);
  output.line(
    `Processor time        ${(((user + system) / 1e6 / uplinks) * 1e6).toFixed(0)} us an uplink in this process (${((user + system) / 1e6 / seconds).toFixed(2)} cores)`,
  );
  output.line(`Resident memory       ${rssMb.toFixed(0)} MB`);
  const bareSeconds = (await copyBare(database)) * (uplinks / (warm + uplinks));
  output.line(
    `Bare ${database.kind === 'embedded' ? 'unnest insert' : 'COPY'.padEnd(13)}    ${rate(uplinks, bareSeconds)} uplinks a second, their frames and readings only`,
  );
  output.line(`Ratio                 ${(bareSeconds / seconds).toFixed(2)} of the bare rate`);
}

/** The same frames and readings into empty tables of the same form with the same indexes. @returns seconds */
async function copyBare({ sql, kind, url, dataDir }: BenchDatabase): Promise<number> {
  let seconds = 0;
  for (const table of ['uplinks', 'observations'] as const) {
    await sql.unsafe(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
    if (kind === 'embedded') {
      seconds += await insertRows(sql, table);
      continue;
    }
    // The driver takes one COPY a connection: its stream, when it ends, disturbs the next one.
    const own = await openDatabase({ url, dataDir, log: SILENT, maxConnections: 1 });
    seconds += await copyRows(sql, own.sql, table);
    await own.close();
  }
  return seconds;
}

/** A row's own text form is cast back: the parsing is the database's, as in a COPY. */
async function insertRows(sql: Sql, table: 'uplinks' | 'observations'): Promise<number> {
  const rows = await sql.unsafe<{ line: string }[]>(`SELECT (t.*)::text AS line FROM ${table} t ORDER BY id`);
  const lines = rows.map((row) => row.line);
  const begunMs = performance.now();
  for (let i = 0; i < lines.length; i += 4_000) {
    await sql`INSERT INTO ${sql(`bare_${table}`)} SELECT (r::${sql(table)}).* FROM unnest(${lines.slice(i, i + 4_000)}::text[]) AS g(r)`;
  }
  return (performance.now() - begunMs) / 1000;
}

async function copyRows(sql: Sql, own: Sql, table: 'uplinks' | 'observations'): Promise<number> {
  const chunks: Buffer[] = [];
  const source = await sql`COPY (SELECT * FROM ${sql(table)} ORDER BY id) TO STDOUT`.readable();
  for await (const chunk of source) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  const begunMs = performance.now();
  const target = await own`COPY ${sql(`bare_${table}`)} FROM STDIN`.writable();
  for (let at = 0; at < text.length; at += COPY_BYTES) {
    await new Promise<void>((written, failed) =>
      target.write(text.subarray(at, at + COPY_BYTES), (error) => (error ? failed(error) : written())),
    );
  }
  await new Promise<void>((ended, failed) => {
    target.once('error', failed);
    target.end(ended);
  });
  return (performance.now() - begunMs) / 1000;
}
