/**
 * Two servers with split roles on one PostgreSQL: what one takes, changes and stores is heard at the other's doors,
 * also after the connection that listens was cut.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../src/access/key-store.ts';
import { SYSTEM } from '../src/access/port.ts';
import { createSourceKey, ensureSource } from '../src/ingest/source-store.ts';
import { claimDevice } from '../src/registry/device-store.ts';
import { createOrganisation, syncObservedProperties } from '../src/registry/organisation-store.ts';
import { createPlace } from '../src/registry/place-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from './database.ts';
import { findFreePort } from './free-port.ts';
import { CODECS, DEVICE } from './ingest/town.ts';
import { type BareClient, openBareClient } from './mqtt-client.ts';
import { type ServerProcess, spawnServer, waitUntilReady } from './server-process.ts';
import { until } from './until.ts';

interface Town {
  readonly organisationId: number;
  readonly placeId: number;
  readonly hookKey: string;
  readonly key: string;
}

async function setUp({ sql }: TestDatabase): Promise<Town> {
  await syncObservedProperties(sql);
  await syncShippedCodecs(sql, CODECS);
  const town = await sql.begin(async (tx) => {
    const { id } = await createOrganisation(tx, SYSTEM, {
      slug: 'town',
      name: 'Town',
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
      kind: 'demo',
    });
    const place = await createPlace(tx, SYSTEM, id, { name: 'Room', kind: 'point', position: [10.1, 56.1] });
    await claimDevice(tx, SYSTEM, {
      organisationId: id,
      devEui: DEVICE,
      codecKey: 'elsys/ers-co2',
      placeId: place.id,
      from: '2026-01-01T00:00:00Z',
      now: '2026-01-01T00:00:00Z',
    });
    const made = await createKey(tx, SYSTEM, id, {
      name: 'test',
      scopes: ['read', 'write'],
      expiresAt: null,
    });
    return { organisationId: id, placeId: place.id, key: made.text };
  });
  const source = await ensureSource(sql, {
    organisationId: town.organisationId,
    name: 'Hook',
    kind: 'webhook',
    format: 'torv',
  });
  const { key: hookKey, hash } = createSourceKey();
  await sql`UPDATE sources SET key_hash = ${hash} WHERE id = ${source.id}`;
  return { ...town, hookKey };
}

describe.runIf(DATABASE_KINDS.includes('postgresql'))('two processes on one PostgreSQL', () => {
  let database: TestDatabase;
  let town: Town;
  let ingest: ServerProcess & { readonly port: number };
  let api: typeof ingest;
  let mqttPort: number;
  const folders: string[] = [];
  const clients: BareClient[] = [];
  const aborts: AbortController[] = [];

  async function start(roles: string, mqtt: number): Promise<typeof ingest> {
    const folder = await mkdtemp(join(tmpdir(), 'torv-two-'));
    folders.push(folder);
    const port = await findFreePort();
    const server = spawnServer(folder, database.url, port, {
      TORV_ROLES: roles,
      TORV_MQTT_PORT: String(mqtt),
    });
    await waitUntilReady(server);
    return { ...server, port };
  }

  beforeAll(async () => {
    database = await createTestDatabase('postgresql');
    town = await setUp(database);
    mqttPort = await findFreePort();
    ingest = await start('ingest', mqttPort);
    api = await start('api,worker', 0);
  });
  afterAll(async () => {
    for (const abort of aborts) abort.abort();
    for (const client of clients) client.end();
    for (const server of [ingest, api]) server?.child.kill('SIGTERM');
    expect(await Promise.all([ingest?.ended, api?.ended])).toEqual([0, 0]);
    await database?.drop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  let frames = 0;
  /** An uplink by webhook to the ingest process, measured now; 24 degrees and so many tenths. */
  async function hear(tenths: number): Promise<void> {
    frames++;
    const payload = `01${(240 + tenths).toString(16).padStart(4, '0')}0230`;
    const time = new Date().toISOString();
    const response = await fetch(`http://127.0.0.1:${ingest.port}/ingest/torv`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-torv-key': town.hookKey },
      body: JSON.stringify({ devEui: DEVICE, devAddr: '26011aaa', fCnt: frames, fPort: 5, payload, time }),
    });
    expect(response.status, await response.text()).toBeLessThan(300);
  }

  /** What a page at the api process is told; grows. */
  async function openPage(): Promise<{ readonly text: string }> {
    const abort = new AbortController();
    aborts.push(abort);
    const url = `http://127.0.0.1:${api.port}/api/v1/live?organisation=${town.organisationId}`;
    const response = await fetch(url, { signal: abort.signal });
    const page = { text: '' };
    const { body } = response;
    if (response.status !== 200 || body === null) throw new Error(`live answered ${response.status}`);
    (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of body) page.text += decoder.decode(chunk, { stream: true });
    })().catch(() => undefined);
    return page;
  }

  async function subscribe(topics: readonly string[]): Promise<BareClient> {
    const client = await openBareClient(mqttPort, { username: 'torv', password: Buffer.from(town.key) });
    clients.push(client);
    await client.next('connack');
    const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }));
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    const { granted } = await client.next('suback');
    expect(granted).toEqual(topics.map(() => 0));
    return client;
  }

  async function send(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${api.port}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${town.key}`, ...headers },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.clone().text()).toBeLessThan(300);
    return response;
  }

  async function findDatastream(): Promise<number> {
    const [row] = await database.sql<{ id: number }[]>`
      SELECT id FROM datastreams WHERE property_key = 'air_temperature' LIMIT 1`;
    if (row === undefined) throw new Error('There is no Datastream yet');
    return row.id;
  }

  async function nextText(client: BareClient): Promise<{ readonly topic: string; readonly text: string }> {
    const { topic, payload } = await client.next('publish');
    return { topic, text: payload.toString() };
  }

  it('shows a reading that the ingest process took on a page of the api process', async () => {
    const page = await openPage();
    await hear(1);
    await until(() => page.text.includes('"value":24.1'));
  });

  it('tells subscribers at the ingest process of Observations written at the api process, each once and in order', async () => {
    const datastream = await findDatastream();
    const client = await subscribe([`v1.1/Datastreams(${datastream})/Observations`]);
    const results = Array.from({ length: 300 }, (_, i) => i);
    await send('POST', '/sta/v1.1/CreateObservations', [
      {
        Datastream: { '@iot.id': datastream },
        components: ['phenomenonTime', 'result'],
        dataArray: results.map((result) => [
          new Date(Date.UTC(2026, 2, 1) + result * 1_000).toISOString(),
          result,
        ]),
      },
    ]);
    for (const last of [300, 301, 302])
      await send('POST', `/sta/v1.1/Datastreams(${datastream})/Observations`, { result: last });
    for (const expected of [...results, 300, 301, 302])
      expect(JSON.parse((await nextText(client)).text)).toMatchObject({ result: expected });
  });

  it('tells subscribers at the ingest process what is changed at the api process, on a page or by SensorThings', async () => {
    const client = await subscribe([`v1.1/Things(${town.placeId})/name`, 'v1.1/Locations']);
    const place = await fetch(`http://127.0.0.1:${api.port}/api/v1/places/${town.placeId}`);
    await send(
      'PATCH',
      `/api/v1/places/${town.placeId}`,
      { name: 'On a page' },
      { 'if-match': place.headers.get('etag') ?? '' },
    );
    expect(await nextText(client)).toMatchObject({ text: '{"name":"On a page"}' });
    await send('PATCH', `/sta/v1.1/Things(${town.placeId})`, { name: 'By SensorThings' });
    expect(await nextText(client)).toMatchObject({ text: '{"name":"By SensorThings"}' });
    await send('POST', `/sta/v1.1/Things(${town.placeId})/Locations`, {
      name: 'Yard',
      description: 'Outside',
      encodingType: 'application/geo+json',
      location: { type: 'Point', coordinates: [10.2, 56.1] },
    });
    const { topic, text } = await nextText(client);
    expect([topic, JSON.parse(text)]).toMatchObject(['v1.1/Locations', { name: 'Yard' }]);
  });

  it('goes on after the connections that listen were cut, and shows what came meanwhile', async () => {
    const page = await openPage();
    const datastream = await findDatastream();
    const client = await subscribe([`v1.1/Datastreams(${datastream})/Observations`]);
    const listening = () => database.sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'torv-listen' AND query LIKE 'LISTEN%' AND state = 'idle'`;
    const before = (await listening()).map(({ pid }) => pid);
    expect(before).toHaveLength(2);
    await database.sql`SELECT pg_terminate_backend(pid) FROM unnest(${before}::int[]) AS p(pid)`;
    await hear(2);
    await until(() => page.text.includes('"value":24.2'));
    await until(async () => (await listening()).length === 2);
    await hear(3);
    await until(() => page.text.includes('"value":24.3'));
    await send('POST', `/sta/v1.1/Datastreams(${datastream})/Observations`, { result: 77 });
    await until(() =>
      client.packets.some(
        (packet) => packet.cmd === 'publish' && packet.payload.toString().includes('"result":77'),
      ),
    );
  });
});
