/** What people change on pages and in files is told to MQTT subscribers of SensorThings, after the commit, to those who may see it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../src/access/port.ts';
import { createSourceKey, ensureSource } from '../src/ingest/source-store.ts';
import { openTableFile } from '../src/operations/files/table-file.ts';
import { importRegistry } from '../src/registry/import-port.ts';
import { syncObservedProperties } from '../src/registry/organisation-store.ts';
import { createPlace } from '../src/registry/place-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import { DATABASE_KINDS } from './database.ts';
import { CODECS } from './ingest/town.ts';
import { type Answer, type Ask, ask } from './people.ts';
import { createMqttWrites, type Listener, type MqttWrites } from './sensorthings-mqtt.ts';
import { THING } from './sensorthings-writes.ts';

describe.each(DATABASE_KINDS)('changes made by pages on %s', (kind) => {
  let mqtt: MqttWrites;
  let hookKey: string;
  let frames = 0;
  beforeAll(async () => {
    mqtt = await createMqttWrites(kind);
    const { sql } = mqtt.test.database;
    await syncObservedProperties(sql);
    await syncShippedCodecs(sql, CODECS);
    const source = await ensureSource(sql, {
      organisationId: mqtt.organisation,
      name: 'Hook',
      kind: 'webhook',
      format: 'torv',
    });
    const { key, hash } = createSourceKey();
    hookKey = key;
    await sql`UPDATE sources SET key_hash = ${hash} WHERE id = ${source.id}`;
  });
  afterEach(() => mqtt.quiet());
  afterAll(() => mqtt?.close());

  /** By the writer's own key. @throws where it is refused */
  async function page(method: 'POST' | 'PATCH' | 'DELETE', path: string, options: Ask = {}): Promise<Answer> {
    const url = `/api/v1${path}`;
    const answer = await ask(mqtt.test, method, url, {
      ...options,
      headers: { authorization: `Bearer ${mqtt.key}`, ...options.headers },
    });
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.text}`);
    return answer;
  }
  async function makePlace(
    body: Readonly<Record<string, unknown>>,
  ): Promise<{ id: number; version: number }> {
    const made = await page('POST', `/places?organisation=${mqtt.organisation}`, { body });
    return { id: Number(made.body.id), version: Number(made.body.version) };
  }
  async function hear(devEui: string, time: string): Promise<void> {
    frames++;
    const answer = await ask(mqtt.test, 'POST', '/ingest/torv', {
      headers: { 'x-torv-key': hookKey, 'content-type': 'application/json' },
      body: { devEui, devAddr: '26011aaa', fCnt: frames, fPort: 5, payload: '0100da', time },
    });
    expect(answer.status, answer.text).toBeLessThan(300);
    await mqtt.test.runtime.sweepNow();
  }
  /** Nothing was told before what is told now. */
  async function expectNextIs(listener: Listener, name: string): Promise<void> {
    expect((await listener.next()).body).toMatchObject({ name });
  }

  it('tells of a new place, and of a renamed one only what was renamed', async () => {
    const things = await mqtt.listen('v1.1/Things', mqtt.key);
    const { id, version } = await makePlace({ name: 'School', kind: 'site' });
    expect((await things.next()).body).toMatchObject({ '@iot.id': id, name: 'School' });
    const name = await mqtt.listen(`v1.1/Things(${id})/name`, mqtt.key);
    const description = await mqtt.listen(`v1.1/Things(${id})/description`, mqtt.key);
    // nothing of this is part of the Thing
    await page('PATCH', `/places/${id}`, { version, body: { areaM2: 70 } });
    await page('PATCH', `/places/${id}`, {
      version: version + 1,
      body: { name: 'Old school', description: '' },
    });
    expect(await name.next()).toMatchObject({ text: '{"name":"Old school"}' });
    expect((await things.next()).text).toBe((await mqtt.send('GET', `/Things(${id})`)).text);
    await page('PATCH', `/places/${id}`, { version: version + 2, body: { description: 'Closed' } });
    expect(await description.next()).toMatchObject({ text: '{"description":"Closed"}' });
    expect([name.heard().length, description.heard().length]).toEqual([1, 1]);
  });

  it('tells nothing of what was refused', async () => {
    const { id, version } = await makePlace({ name: 'Hall', kind: 'site' });
    const things = await mqtt.listen('v1.1/Things', mqtt.key);
    const late = page('PATCH', `/places/${id}`, { version: version + 7, body: { name: 'Too late' } });
    await expect(late).rejects.toThrow('412');
    const { sql } = mqtt.test.database;
    const undone = sql.begin(async (tx) => {
      await createPlace(tx, SYSTEM, mqtt.organisation, { name: 'Never', kind: 'site' });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await makePlace({ name: 'After all that', kind: 'site' });
    await expectNextIs(things, 'After all that');
  });

  it('tells of a new position, and of everything that stands there with it', async () => {
    const site = await makePlace({ name: 'Site', kind: 'site' });
    const room = await makePlace({ name: 'Room', kind: 'room', parentId: site.id });
    const [locations, histories, ofRoom, room1] = await Promise.all(
      [
        'Locations',
        'HistoricalLocations',
        `Things(${room.id})/HistoricalLocations`,
        `Things(${room.id})`,
      ].map((path) => mqtt.listen(`v1.1/${path}`, mqtt.key)),
    );
    await page('PATCH', `/places/${site.id}`, { version: site.version, body: { position: [10.2, 56.1] } });
    expect((await locations?.next())?.body).toMatchObject({
      name: 'Site',
      location: { type: 'Point', coordinates: [10.2, 56.1] },
    });
    const heard = [await histories?.next(), await histories?.next()].map((message) => message?.text);
    expect(heard).toContain((await ofRoom?.next())?.text);
    expect((await room1?.next())?.body).toMatchObject({ '@iot.id': room.id });
    await mqtt.test.runtime.updates.settle();
    expect([locations?.heard().length, histories?.heard().length]).toEqual([1, 2]);
  });

  it('tells of a claimed device, its series, its move and its replacement', async () => {
    const here = await makePlace({ name: 'Here', kind: 'point', position: [10, 56] });
    const there = await makePlace({ name: 'There', kind: 'point' });
    const [sensors, datastreams, ofThere, features] = await Promise.all(
      ['Sensors', 'Datastreams', `Things(${there.id})/Datastreams`, 'FeaturesOfInterest'].map((path) =>
        mqtt.listen(`v1.1/${path}`, mqtt.key),
      ),
    );
    const claimed = await page('POST', `/devices/claim?organisation=${mqtt.organisation}`, {
      body: {
        devEui: 'a81758fffe0000c1',
        codec: 'elsys/ers-co2',
        placeId: here.id,
        serial: 'S-1',
        from: '2026-03-01T00:00:00Z',
      },
    });
    const device = Number((claimed.body.device as { id: number }).id);
    expect((await sensors?.next())?.body).toMatchObject({ metadata: { serial: 'S-1' } });
    await hear('a81758fffe0000c1', '2026-03-01T08:00:00Z');
    await hear('a81758fffe0000c1', '2026-03-02T08:00:00Z');
    const made = (await datastreams?.next())?.body;
    expect(made).toMatchObject({ name: expect.stringMatching(/^Here: /) });
    expect((await features?.next())?.body).toMatchObject({ name: 'Here' });
    const time = await mqtt.listen(`v1.1/Datastreams(${made?.['@iot.id']})/phenomenonTime`, mqtt.key);

    // the second day was measured elsewhere
    const version = async () => {
      const [row] = await mqtt.test.database.sql<
        { version: number }[]
      >`SELECT version FROM devices WHERE id = ${device}`;
      return row?.version ?? 0;
    };
    await page('POST', `/devices/${device}/move`, {
      version: await version(),
      body: { placeId: there.id, from: '2026-03-02T00:00:00Z' },
    });
    expect((await ofThere?.next())?.body).toMatchObject({ name: expect.stringMatching(/^There: /) });
    expect((await datastreams?.next())?.body).toMatchObject({ name: expect.stringMatching(/^There: /) });
    expect(await time.next()).toMatchObject({
      text: '{"phenomenonTime":"2026-03-01T08:00:00Z/2026-03-01T08:00:00Z"}',
    });

    await page('POST', `/devices/${device}/replace`, {
      version: await version(),
      body: { devEui: 'a81758fffe0000c2', codec: 'elsys/ers-co2', serial: 'S-2', at: '2026-03-03T00:00:00Z' },
    });
    expect((await sensors?.next())?.body).toMatchObject({ metadata: { serial: 'S-2' } });
    // what only the Observations have changed is told to those who ask for it
    await mqtt.test.runtime.updates.settle();
    expect(datastreams?.heard()).toHaveLength(2);
  });

  it('tells of places that came in a file', async () => {
    const things = await mqtt.listen('v1.1/Things', mqtt.key);
    const folder = mkdtempSync(join(tmpdir(), 'torv-pages-'));
    const path = join(folder, 'places.csv');
    writeFileSync(path, 'reference;name;kind\nN;North;site\nS;South;site\n');
    const file = await openTableFile(path, { format: 'csv', encoding: 'utf-8', delimiter: ';' });
    const { sql } = mqtt.test.database;
    const input = { sql, actor: SYSTEM, organisationId: mqtt.organisation, kind: 'places', file } as const;
    const report = await importRegistry({ ...input, now: new Date().toISOString() }, false);
    rmSync(folder, { recursive: true });
    expect(report.added).toBe(2);
    await expectNextIs(things, 'North');
    await expectNextIs(things, 'South');
  });

  it('tells nobody of what he may not see, and of what he may see from now on', async () => {
    const { id, version } = await makePlace({ name: 'Before', kind: 'site' });
    const stranger = await mqtt.listen(['v1.1/Things', `v1.1/Things(${id})/name`], mqtt.strangersKey);
    const anybody = await mqtt.listen(['v1.1/Things', `v1.1/Things(${id})/name`]);
    await page('PATCH', `/places/${id}`, { version, body: { name: 'Internal' } });
    // a message is made when it is told, with the rights of that moment
    await mqtt.test.runtime.updates.settle();
    await page('PATCH', `/places/${id}`, { version: version + 1, body: { visibility: 'public' } });
    for (const listener of [stranger, anybody]) {
      const heard = [await listener.next(), await listener.next()].map(({ text }) => text);
      expect(heard).toContain('{"name":"Internal"}');
    }
    await page('PATCH', `/places/${id}`, { version: version + 2, body: { name: 'Open' } });
    for (const listener of [stranger, anybody]) {
      const heard = [await listener.next(), await listener.next()].map(({ text }) => text);
      expect(heard).toContain('{"name":"Open"}');
    }
    await page('PATCH', `/places/${id}`, { version: version + 3, body: { visibility: 'internal' } });
    await page('PATCH', `/places/${id}`, { version: version + 4, body: { name: 'Hidden' } });
    await mqtt.test.runtime.updates.settle();
    await mqtt.send('POST', '/Things', { ...THING, name: 'Mine' }, { key: mqtt.strangersKey });
    await expectNextIs(stranger, 'Mine');
    expect([stranger.heard().length, anybody.heard().length]).toEqual([5, 4]);
  });
});
