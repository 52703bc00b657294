/** Receive updates by MQTT (OGC 18-088, A.8): every form of topic, who is told what, and in which order. */
import { spawn } from 'node:child_process';
import { V1_1 } from '@torv/core/sta/version';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS, SYSTEM } from '../../src/access/port.ts';
import { createUpdates } from '../../src/sensorthings/updates.ts';
import type { Change } from '../../src/sensorthings/writer-store.ts';
import { DATABASE_KINDS } from '../database.ts';
import { findProgram } from '../mosquitto.ts';
import { type Json, REQ, ROOT } from '../sensorthings.ts';
import { createMqttWrites, type MqttWrites } from '../sensorthings-mqtt.ts';
import { createTown, LOCATION } from '../sensorthings-writes.ts';

const UPDATES = `${REQ}/receive-updates-via-mqtt/receive-updates`;
const idOf = (entity: unknown) => Number((entity as Json)['@iot.id']);
const id = (value: number) => ({ '@iot.id': value });

describe.each(DATABASE_KINDS)('updates by MQTT on %s', (kind) => {
  let mqtt: MqttWrites;
  let town: Awaited<ReturnType<typeof createTown>>[number];
  let neighbour: typeof town;
  beforeAll(async () => {
    mqtt = await createMqttWrites(kind);
    const [first, second] = await createTown(mqtt, 2);
    if (first === undefined || second === undefined) throw new Error('The town was not made');
    [town, neighbour] = [first, second];
  });
  afterEach(() => mqtt.quiet());
  afterAll(() => mqtt?.close());

  const observe = (datastream: number, body: Json) =>
    mqtt.create(`/Datastreams(${datastream})/Observations`, body);
  const publicly = (table: string, row: number) =>
    mqtt.test.database
      .sql`UPDATE ${mqtt.test.database.sql(table)} SET visibility = 'public' WHERE id = ${row}`;
  const privately = (table: string, row: number) =>
    mqtt.test.database
      .sql`UPDATE ${mqtt.test.database.sql(table)} SET visibility = 'internal' WHERE id = ${row}`;
  const openDatastream = async ({ datastream, thing, sensor, observedProperty }: typeof town) => {
    await publicly('things', thing);
    await publicly('sensors', sensor);
    await publicly('observed_properties', observedProperty);
    await publicly('datastreams', datastream);
  };

  it(`${REQ}/receive-updates-via-mqtt/receive-updates`, async () => {
    const set = await mqtt.listen('v1.1/Observations', mqtt.key);
    const one = await mqtt.listen(`v1.1/Datastreams(${town.datastream})/Observations`, mqtt.key);
    const entity = await mqtt.listen(`v1.1/Datastreams(${town.datastream})`, mqtt.key);
    const property = await mqtt.listen(`v1.1/Datastreams(${town.datastream})/description`, mqtt.key);
    for (const { granted } of [set, one, entity, property]) expect(granted).toEqual([1]);
    const made = await observe(town.datastream, { result: 20.5 });
    const heard = await one.next();
    expect([heard.topic, heard.qos]).toEqual([`v1.1/Datastreams(${town.datastream})/Observations`, 1]);
    // to the letter what a GET answers
    expect(heard.text).toBe((await mqtt.send('GET', `/Observations(${made})`)).text);
    expect((await set.next()).text).toBe(heard.text);
    await mqtt.send('PATCH', `/Datastreams(${town.datastream})`, { description: 'Far inside' });
    expect(await property.next()).toMatchObject({ text: '{"description":"Far inside"}' });
    expect((await entity.next()).text).toBe(
      (await mqtt.send('GET', `/Datastreams(${town.datastream})`)).text,
    );
  });

  it(`${UPDATES}: every entity set tells what is new in it, also what the server makes by itself`, async () => {
    const sets = [
      'Things',
      'Locations',
      'HistoricalLocations',
      'Datastreams',
      'Sensors',
      'ObservedProperties',
      'Observations',
    ];
    const listeners = await Promise.all(sets.map((set) => mqtt.listen(`v1.1/${set}`, mqtt.key)));
    const [made] = await createTown(mqtt);
    await observe(made?.datastream ?? 0, { result: 1 });
    const heard = await Promise.all(
      listeners.map(async (listener) => String((await listener.next()).body['@iot.selfLink'])),
    );
    for (const [i, set] of sets.entries()) expect(heard[i]).toContain(`/${set}(`);
    expect(heard[0]).toContain(`(${made?.thing})`);
  });

  it(`${UPDATES}: paths of any depth tell only of what is at their end`, async () => {
    const topics = [
      `v1.1/Things(${town.thing})/Datastreams(${town.datastream})/Observations`,
      `v1.1/Things(${town.thing})/Datastreams`,
      `v1.1/Sensors(${town.sensor})/Datastreams(${town.datastream})/Thing`,
      `v1.1/Things(${town.thing})/Datastreams(${town.datastream})/Sensor/name`,
      // not related: nothing is ever there
      `v1.1/Things(${neighbour.thing})/Datastreams(${town.datastream})/Observations`,
    ];
    const listener = await mqtt.listen(topics, mqtt.key);
    expect(listener.granted).toEqual([1, 1, 1, 1, 1]);
    await observe(neighbour.datastream, { result: 1 });
    await mqtt.send('PATCH', `/Things(${neighbour.thing})`, { name: 'Other' });
    await mqtt.send('PATCH', `/Datastreams(${neighbour.datastream})`, { name: 'Other' });
    await mqtt.send('PATCH', `/Sensors(${neighbour.sensor})`, { name: 'Other' });
    await mqtt.test.runtime.updates.settle();
    await observe(town.datastream, { result: 2 });
    expect(await listener.next()).toMatchObject({ topic: topics[0], body: { result: 2 } });
    await mqtt.send('PATCH', `/Datastreams(${town.datastream})`, { name: 'Mine' });
    expect(await listener.next()).toMatchObject({ topic: topics[1], body: { name: 'Mine' } });
    await mqtt.send('PATCH', `/Things(${town.thing})`, { name: 'My oven' });
    expect(await listener.next()).toMatchObject({ topic: topics[2], body: { name: 'My oven' } });
    await mqtt.send('PATCH', `/Sensors(${town.sensor})`, { description: 'not the name' });
    await mqtt.send('PATCH', `/Sensors(${town.sensor})`, { name: 'PT100' });
    expect(await listener.next()).toMatchObject({ topic: topics[3], text: '{"name":"PT100"}' });
  });

  it(`${UPDATES}: a property is told only when it is changed, also within JSON and when it goes`, async () => {
    const [properties, shoe, description] = await Promise.all(
      ['properties', 'properties/shoe/sizes[1]', 'description'].map((path) =>
        mqtt.listen(`v1.1/Things(${town.thing})/${path}`, mqtt.key),
      ),
    );
    await mqtt.send('PATCH', `/Things(${town.thing})`, { name: 'Again' });
    await mqtt.send('PATCH', `/Things(${town.thing})`, '{"properties":{"shoe":{"sizes":[1, 42.0]}}}');
    expect((await properties?.next())?.text).toBe('{"properties":{"shoe":{"sizes":[1, 42.0]}}}');
    expect((await shoe?.next())?.text).toBe('{"sizes[1]":42.0}');
    await mqtt.send('PATCH', `/Things(${town.thing})`, { properties: null });
    expect((await properties?.next())?.text).toBe('{"properties":null}');
    await mqtt.send('PATCH', `/Things(${town.thing})`, { description: 'd' });
    expect((await description?.next())?.text).toBe('{"description":"d"}');
    expect(description?.heard()).toHaveLength(1);
    expect(shoe?.heard()).toHaveLength(1);
  });

  it(`${UPDATES}: what the server keeps of a Datastream is told when it became another`, async () => {
    const topic = `v1.1/Datastreams(${neighbour.datastream})/phenomenonTime`;
    const listener = await mqtt.listen([topic, `v1.1/Datastreams(${neighbour.datastream})`], mqtt.key);
    await observe(neighbour.datastream, { result: 1, phenomenonTime: '2020-01-02T00:00:00Z' });
    const first = await listener.next();
    expect(first).toMatchObject({
      topic,
      body: { phenomenonTime: expect.stringMatching(/^2020-01-02T00:00:00Z/) },
    });
    // within what it was before: no news
    await observe(neighbour.datastream, { result: 1, phenomenonTime: '2020-01-02T00:00:00Z' });
    await mqtt.test.runtime.updates.settle();
    await observe(neighbour.datastream, { result: 1, phenomenonTime: '2020-01-01T00:00:00Z' });
    expect((await listener.next()).body.phenomenonTime).toMatch(/^2020-01-01T00:00:00Z/);
    expect(listener.heard()).toHaveLength(2);
  });

  it(`${UPDATES}: $select, $filter and $expand are those of a GET`, async () => {
    const selected = await mqtt.listen('v1.1/Observations?$select=result,phenomenonTime', mqtt.key);
    const topic = `v1.1/Observations?$filter=result gt 30 and Datastream/id eq ${town.datastream}&$expand=Datastream($select=name;$expand=Thing($select=id))&$select=result`;
    const filtered = await mqtt.listen(topic, mqtt.key);
    expect([selected.granted, filtered.granted]).toEqual([[1], [1]]);
    await observe(town.datastream, { result: 29, phenomenonTime: '2026-05-01T00:00:00Z' });
    await observe(neighbour.datastream, { result: 31 });
    await observe(town.datastream, { result: 32 });
    expect((await selected.next()).text).toBe('{"phenomenonTime":"2026-05-01T00:00:00Z","result":29}');
    const heard = await filtered.next();
    expect(heard).toMatchObject({
      topic,
      text: `{"result":32,"Datastream":{"name":"Mine","Thing":{"@iot.id":${town.thing}}}}`,
    });
    const many = await mqtt.listen(
      'v1.1/Things?$expand=Datastreams($expand=Observations($top=1;$count=true))',
      mqtt.key,
    );
    await mqtt.send('PATCH', `/Things(${town.thing})`, { name: 'Expanded' });
    const [datastream] = (await many.next()).body.Datastreams as Json[];
    expect(datastream?.Observations).toHaveLength(1);
    expect(Number(datastream?.['Observations@iot.count'])).toBeGreaterThan(1);
    // an encoded topic is the same to the server, and answered under its own name
    const encoded = await mqtt.listen('v1.1/Observations?%24filter=result%20eq%2033%20add%200', mqtt.key);
    await observe(town.datastream, { result: 33 });
    expect(await encoded.next()).toMatchObject({
      topic: 'v1.1/Observations?%24filter=result%20eq%2033%20add%200',
    });
  });

  it(`${UPDATES}: changed Observations and moved Things are told, deleted ones are not`, async () => {
    const made = await observe(town.datastream, { result: 1, phenomenonTime: '2026-02-01T00:00:00Z' });
    const listener = await mqtt.listen(
      [
        `v1.1/Datastreams(${town.datastream})/Observations`,
        `v1.1/Things(${town.thing})/Locations`,
        `v1.1/Things(${town.thing})`,
      ],
      mqtt.key,
    );
    await mqtt.send('PATCH', `/Observations(${made})`, { result: 2, phenomenonTime: '2026-03-01T00:00:00Z' });
    expect((await listener.next()).body).toMatchObject({
      '@iot.id': made,
      result: 2,
      phenomenonTime: '2026-03-01T00:00:00Z',
    });
    await mqtt.send('DELETE', `/Observations(${made})`);
    const location = await mqtt.create(`/Things(${town.thing})/Locations`, { ...LOCATION, name: 'Hall' });
    expect((await listener.next()).body).toMatchObject({ '@iot.id': location, name: 'Hall' });
  });

  it(`${UPDATES}: bad topics are refused in the SUBACK, good ones beside them are not`, async () => {
    const bad = [
      'v1.1',
      'v1.1/',
      'Observations',
      'v2.0/Observations',
      '/v1.1/Observations',
      'v1.1/Nonsense',
      'v1.1/Things(1',
      'v1.1/Things(x)',
      'v1.1/Things(1)/nonsense',
      'v1.1/Observations?$filter=',
      'v1.1/Observations?$filter=result gt',
      'v1.1/Observations?$filter=colour eq 1',
      'v1.1/Observations?$top=1',
      'v1.1/Observations?$orderby=id',
      'v1.1/Observations?$skip=1',
      'v1.1/Observations?$count=true',
      'v1.1/Observations?$nonsense=1',
      'v1.1/Observations?$select=colour',
      'v1.1/Observations?$expand=Things',
      'v1.1/Observations?$resultFormat=dataArray',
      'v1.1/Things(1)/name?$select=name',
      'v1.1/Things(1)/name/$value',
      'v1.1/Things/$ref',
      'v1.1/Observations?$filter=%zz',
      `v1.1/Observations?$filter=${'('.repeat(500)}`,
      `v1.1/Observations?$filter=result eq '${'x'.repeat(3_000)}'`,
      'v1.1/+/x',
      'v1.1/#',
      '$SYS/uptime',
    ];
    const listener = await mqtt.listen([...bad, 'v1.1/Things'], mqtt.key);
    expect(listener.granted.map((granted, i) => [bad[i], granted])).toEqual([
      ...bad.map((topic) => [topic, 128]),
      [undefined, 1],
    ]);
    expect(mqtt.test.logged()).toContain('nobody can subscribe');
  });

  it(`${UPDATES}: each is told what he may see when it is told, no more`, async () => {
    const topic = 'v1.1/Observations';
    const nobody = await mqtt.listen(topic);
    const stranger = await mqtt.listen(topic, mqtt.strangersKey);
    const owner = await mqtt.listen(topic, mqtt.key);
    await observe(neighbour.datastream, { result: 100 });
    expect((await owner.next()).body.result).toBe(100);
    await openDatastream(neighbour);
    await observe(neighbour.datastream, { result: 101 });
    for (const each of [nobody, stranger, owner]) expect((await each.next()).body.result).toBe(101);
    await privately('datastreams', neighbour.datastream);
    await observe(neighbour.datastream, { result: 102 });
    expect((await owner.next()).body.result).toBe(102);
    await mqtt.test.runtime.updates.settle();
    await publicly('datastreams', neighbour.datastream);
    await observe(neighbour.datastream, { result: 103 });
    for (const each of [nobody, stranger, owner]) expect((await each.next()).body.result).toBe(103);
    expect([nobody.heard().length, stranger.heard().length, owner.heard().length]).toEqual([2, 2, 4]);
  });

  it(`${UPDATES}: what expands is under the subscriber's rights too`, async () => {
    await openDatastream(neighbour);
    await privately('datastreams', town.datastream);
    await publicly('things', town.thing);
    const topic = 'v1.1/Things?$expand=Datastreams';
    const nobody = await mqtt.listen(topic);
    const owner = await mqtt.listen(topic, mqtt.key);
    await mqtt.send('PATCH', `/Things(${town.thing})`, { name: 'Half open' });
    expect((await nobody.next()).body.Datastreams).toEqual([]);
    expect((await owner.next()).body.Datastreams).toHaveLength(1);
  });

  it(`${UPDATES}: a thousand readings a moment come complete and in their order, each once`, async () => {
    const topic = `v1.1/Datastreams(${town.datastream})/Observations?$select=result`;
    const listener = await mqtt.listen(topic, mqtt.key);
    const other = await mqtt.listen(topic, mqtt.key);
    const publisher = await mqtt.connect(mqtt.key);
    await publisher.publishAll(
      Array.from({ length: 5_000 }, (_, i) => ({
        topic: `v1.1/Datastreams(${town.datastream})/Observations`,
        payload: `{"result":${i}}`,
      })),
    );
    const rows = Array.from({ length: 2_000 }, (_, i) => ['2026-04-01T00:00:00Z', 5_000 + i]);
    const arrays = [
      { Datastream: id(town.datastream), components: ['phenomenonTime', 'result'], dataArray: rows },
    ];
    expect((await mqtt.send('POST', '/CreateObservations', arrays)).status).toBe(201);
    for (const each of [listener, other]) {
      const results: unknown[] = [];
      while (results.length < 7_000) results.push((await each.next()).body.result);
      expect(results).toEqual(Array.from({ length: 7_000 }, (_, i) => i));
    }
    expect(mqtt.test.runtime.updates.state.dropped).toBe(0);
  });

  it(`${UPDATES}: a subscriber that does not read is cut off, and holds up nobody`, async () => {
    const slow = await mqtt.listen('v1.1/Observations', mqtt.key);
    slow.client.socket.pause();
    const quick = await mqtt.listen('v1.1/Observations', mqtt.key);
    const publisher = await mqtt.connect(mqtt.key);
    const connections = mqtt.broker.state.connections;
    const filler = 'x'.repeat(20_000);
    let sent = 0;
    while (mqtt.broker.state.connections === connections) {
      await publisher.publishAll(
        Array.from({ length: 50 }, () => ({
          topic: `v1.1/Datastreams(${town.datastream})/Observations`,
          payload: JSON.stringify({ result: sent++, parameters: { filler } }),
        })),
      );
      if (sent > 20_000) throw new Error('It was never cut off');
    }
    for (let i = 0; i < sent; i++) expect((await quick.next()).body.result).toBe(i);
  });

  it(`${UPDATES}: after the last subscriber has gone nothing is asked for any more`, async () => {
    const { updates } = mqtt.test.runtime;
    const before = updates.state.topics;
    const listener = await mqtt.listen(['v1.1/Things?$select=name', 'v1.1/Things?$select=id'], mqtt.key);
    expect(updates.state.topics).toBe(before + 2);
    listener.client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['v1.1/Things?$select=id'] });
    await listener.client.next('unsuback');
    expect(updates.state.topics).toBe(before + 1);
    listener.client.end();
    while (updates.state.topics > before) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it(`${UPDATES}: serves mosquitto_sub`, async () => {
    const topic = `v1.1/Datastreams(${town.datastream})/Observations?$select=result&$filter=result eq 77`;
    const child = spawn(findProgram('mosquitto_sub'), [
      ...['-h', '127.0.0.1', '-p', String(mqtt.port), '-u', 'torv', '-P', mqtt.key],
      ...['-i', 'sub', '-q', '1', '-C', '1', '-W', '20', '-v', '-t', topic],
    ]);
    let said = '';
    child.stdout.on('data', (text) => (said += String(text)));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    while (!mqtt.broker.subscribedTopics().includes(topic))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await mqtt.publish(`v1.1/Datastreams(${town.datastream})/Observations`, { result: 76 });
    expect(await mqtt.publish(`v1.1/Datastreams(${town.datastream})/Observations`, { result: 77 })).toBe(0);
    expect(await ended, said).toBe(0);
    expect(said).toContain(`${topic} {"result":77}`);
  });

  it(`${UPDATES}: the landing page says where`, async () => {
    const root = (await mqtt.ok('')).serverSettings as Record<string, unknown>;
    expect(root.conformance).toContain(UPDATES);
    expect(root[UPDATES]).toEqual({
      endpoints: [`mqtt://torv.example.org:${mqtt.port}`, 'wss://torv.example.org/mqtt'],
    });
  });

  it(`${UPDATES}: what waits for a topic is bounded, and what was dropped is counted and logged`, async () => {
    const { database, runtime } = mqtt.test;
    const sent: string[] = [];
    const updates = createUpdates({
      sql: database.boundedSql,
      wire: { version: V1_1, root: ROOT },
      log: runtime.log,
      now: Date.now,
      limits: { waitingPerTopic: 10, topics: 3, messageBytes: 2_000 },
    });
    updates.serve({
      subscribers: () => [SYSTEM],
      publish: (topic, payload) => void sent.push(`${topic} ${payload}`),
    });
    const topic = `v1.1/Things(${town.thing})?$select=name`;
    const costly =
      "v1.1/Things?$filter=st_relate(Locations/location,geography'POLYGON ((0 0,1 1,0 1,1 0,0 0))','T********')";
    for (const each of [topic, costly, 'v1.1/Things']) {
      updates.check(each, SYSTEM);
      updates.listen(each, true);
    }
    expect(() => updates.check('v1.1/Sensors', SYSTEM)).toThrow('TOO_MANY');
    updates.check('v1.1/Things', SYSTEM);
    updates.listen('v1.1/Things', false);
    updates.check('v1.1/Sensors', SYSTEM);
    expect(() => updates.check('v1.1/Sensors', ANONYMOUS)).toThrow('TOO_MANY');
    const change: Change = { kind: 'updated', entity: 'thing', id: town.thing };
    updates.announce(Array.from({ length: 100 }, () => change));
    await updates.settle();
    expect(updates.state).toEqual({ topics: 2, waiting: 0, dropped: 180 });
    // the same entity many times at once is told once, as it is now
    expect(sent.filter((line) => line.startsWith(topic))).toHaveLength(1);
    expect(mqtt.test.logged()).toContain('more came than could be told');
    await mqtt.send('PATCH', `/Things(${town.thing})`, { description: 'x'.repeat(5_000) });
    updates.listen(costly, false);
    updates.listen('v1.1/Things', true);
    updates.announce([change]);
    await updates.settle();
    expect(sent.filter((line) => line.startsWith('v1.1/Things '))).toEqual([]);
    expect(mqtt.test.logged()).toContain('too large to be sent');
  });

  it(`${UPDATES}: what is changed in Torv's own pages is told as well`, async () => {
    const listener = await mqtt.listen('v1.1/Things?$select=name', mqtt.key);
    const headers = { authorization: `Bearer ${mqtt.key}` };
    const made = await mqtt.test.app.inject({
      method: 'POST',
      url: `/api/v1/places?organisation=${mqtt.organisation}`,
      headers,
      payload: { name: 'School', kind: 'site' },
    });
    expect([made.statusCode, made.body]).toEqual([201, expect.anything()]);
    expect((await listener.next()).text).toBe('{"name":"School"}');
    const changed = await mqtt.test.app.inject({
      method: 'PATCH',
      url: `/api/v1/places/${(made.json() as { id: number }).id}`,
      headers: { ...headers, 'if-match': String(made.headers.etag) },
      payload: { name: 'Old school' },
    });
    expect(changed.statusCode, changed.body).toBe(200);
    expect((await listener.next()).text).toBe('{"name":"Old school"}');
  });

  it(`${UPDATES}: what Torv's own ingest stores is told as well`, async () => {
    const listener = await mqtt.listen(`v1.1/Datastreams(${town.datastream})/Observations`, mqtt.key);
    const made = await observe(town.datastream, { result: 5 });
    await listener.next();
    const [row] = await mqtt.test.database.sql<{ start: string }[]>`
      SELECT phenomenon_start AS start FROM observations WHERE id = ${made}`;
    // the same door that ingest and imports use after their commit
    mqtt.test.runtime.ingest.announce([
      {
        id: made,
        datastreamId: town.datastream,
        phenomenonTime: row?.start ?? '',
        value: 5,
        quality: 0,
        uplinkId: null,
      },
    ]);
    expect(idOf((await listener.next()).body)).toBe(made);
  });
});
