/** Create Observations by MQTT (OGC 18-088, A.7): a real client publishes, and what it sent is there after the PUBACK. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { type Json, REQ } from '../sensorthings.ts';
import { createMqttWrites, type MqttWrites } from '../sensorthings-mqtt.ts';
import { createTown, FEATURE, LOCATION, THING } from '../sensorthings-writes.ts';

const CREATION = `${REQ}/create-observations-via-mqtt/observations-creation`;
const id = (value: number) => ({ '@iot.id': value });

describe.each(DATABASE_KINDS)('observations by MQTT on %s', (kind) => {
  let mqtt: MqttWrites;
  let town: { readonly thing: number; readonly datastream: number };
  function toOwn(): string {
    return `/Datastreams(${town.datastream})/Observations`;
  }
  beforeAll(async () => {
    mqtt = await createMqttWrites(kind);
    const [first] = await createTown(mqtt);
    town = { thing: first?.thing ?? 0, datastream: first?.datastream ?? 0 };
  });
  afterAll(() => mqtt?.close());

  const results = async (path: string): Promise<unknown[]> =>
    (await mqtt.list(`${path}?$orderby=id&$top=10000`)).map(({ result }) => result);
  const countAll = () => mqtt.count('/Observations');
  const publishBare = async (topic: string, payload: string | Buffer, key: string | undefined = mqtt.key) => {
    const client = await mqtt.connect(key);
    client.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, retain: false, dup: false });
    await Promise.race([client.next('puback').catch(() => undefined), client.untilClosed()]);
    return client.packets.some(({ cmd }) => cmd === 'puback');
  };

  it(`${REQ}/create-observations-via-mqtt/observations-creation`, async () => {
    const feature = await mqtt.create('/FeaturesOfInterest', FEATURE);
    // no waiting anywhere: after the PUBACK it must be there
    expect(await mqtt.publish('v1.1/Observations', { result: 1, Datastream: id(town.datastream) })).toBe(0);
    expect(await mqtt.publish(`v1.1/Datastreams(${town.datastream})/Observations`, { result: 2 })).toBe(0);
    expect(
      await mqtt.publish(`v1.1/FeaturesOfInterest(${feature})/Observations`, {
        result: 3,
        Datastream: id(town.datastream),
      }),
    ).toBe(0);
    expect(await results(toOwn())).toEqual([1, 2, 3]);
    expect(await results(`/FeaturesOfInterest(${feature})/Observations`)).toEqual([3]);
  });

  it(`${CREATION}: the Observation is the same as one by HTTP, results to the letter`, async () => {
    const body = `{"phenomenonTime":"2026-03-01T10:00:00Z/2026-03-01T11:00:00Z","resultTime":"2026-03-01T11:00:01Z",
      "validTime":"2026-03-01T10:00:00Z/2026-04-01T00:00:00Z","parameters":{"depth":1.50},"resultQuality":"good","result":9223372036854775807}`;
    expect(await mqtt.publish(`v1.1${toOwn()}`, body)).toBe(0);
    expect((await mqtt.send('POST', toOwn(), body)).status).toBe(201);
    const { text } = await mqtt.send(
      'GET',
      `${toOwn()}?$filter=resultTime eq 2026-03-01T11:00:01Z&$select=phenomenonTime,resultTime,validTime,parameters,resultQuality,result`,
    );
    const [one, two] = text.slice(text.indexOf('[') + 1, -2).split('},{"phen');
    expect(one).toContain('"result":9223372036854775807');
    expect(one).toContain('"depth":1.50');
    expect(`{"phen${two}`).toBe(`${one}}`);
  });

  it(`${CREATION}: paths of any depth, deep inserts and other entities are taken too`, async () => {
    expect(
      await mqtt.publish(`v1.1/Things(${town.thing})/Datastreams(${town.datastream})/Observations`, {
        result: 40,
      }),
    ).toBe(0);
    expect(
      await mqtt.publish(`v1.1${toOwn()}`, { result: 41, FeatureOfInterest: { ...FEATURE, name: 'Bog' } }),
    ).toBe(0);
    expect((await results(toOwn())).slice(-2)).toEqual([40, 41]);
    expect(await mqtt.publish('v1.1/Things', { ...THING, name: 'Mill', Locations: [LOCATION] })).toBe(0);
    expect(await mqtt.count("/Things?$filter=name eq 'Mill'")).toBe(1);
  });

  it(`${CREATION}: the organisation and the scopes are the key's`, async () => {
    const before = await countAll();
    const body = JSON.stringify({ result: 5 });
    expect(await publishBare(`v1.1${toOwn()}`, body, mqtt.strangersKey)).toBe(false);
    expect(
      await publishBare(
        'v1.1/Observations',
        JSON.stringify({ result: 5, Datastream: id(town.datastream) }),
        mqtt.strangersKey,
      ),
    ).toBe(false);
    const client = await mqtt.connect();
    client.send({
      cmd: 'publish',
      topic: `v1.1${toOwn()}`,
      payload: body,
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    });
    await client.untilClosed();
    expect(await countAll()).toBe(before);
  });

  type Refused = readonly [what: string, path: () => string, payload: string | Buffer];
  const refused: readonly Refused[] = [
    ['malformed JSON', toOwn, '{"result":'],
    ['no object', toOwn, '[1]'],
    ['nothing', toOwn, ''],
    ['bytes that are no text', toOwn, Buffer.from([0xff, 0xfe, 0x00])],
    ['an unknown property', toOwn, '{"result":1,"colour":"red"}'],
    [
      'a Datastream that is not there',
      () => '/Datastreams(9223372036854775807)/Observations',
      '{"result":1}',
    ],
    ['an id that is none', () => '/Datastreams(x)/Observations', '{"result":1}'],
    ['no Datastream', () => '/Observations', '{"result":1}'],
    ['an entity instead of a set', () => `/Datastreams(${town.datastream})`, '{"result":1}'],
    ['an unknown set', () => '/Nonsense', '{"result":1}'],
    ['options', () => `${toOwn()}?$select=id`, '{"result":1}'],
    ['a time that is none', toOwn, '{"result":1,"phenomenonTime":"yesterday"}'],
    ['a contradicting parent', toOwn, '{"result":1,"Datastream":{"@iot.id":999999}}'],
    ['a broken %', () => '/Datastreams(%zz)/Observations', '{"result":1}'],
    ['a megabyte', toOwn, `{"result":"${'x'.repeat(1024 * 1024)}"}`],
    ['a deep nest', toOwn, `{"result":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ];
  it.each(refused)(
    `${CREATION}: %s is refused by closing, the reason is logged, nothing is kept`,
    async (_what, path, payload) => {
      const before = await countAll();
      expect(await publishBare(`v1.1${path()}`, payload)).toBe(false);
      expect(await countAll()).toBe(before);
      expect(mqtt.test.logged()).toMatch(/MQTT: (a message .* was not taken: |.*a packet of \d+ bytes came)/);
    },
  );

  it(`${CREATION}: thousands at once from several clients are all kept, in each one's order`, async () => {
    const [other] = await createTown(mqtt);
    const path = `v1.1/Datastreams(${other?.datastream})/Observations`;
    const clients = await Promise.all([1, 2, 3, 4].map(() => mqtt.connect(mqtt.key)));
    await Promise.all(
      clients.map((client, c) =>
        client.publishAll(
          Array.from({ length: 2_500 }, (_, i) => ({
            topic: i % 2 === 0 ? path : 'v1.1/Observations',
            payload: JSON.stringify({
              result: c * 10_000 + i,
              ...(i % 2 === 0 ? {} : { Datastream: id(other?.datastream ?? 0) }),
            }),
          })),
        ),
      ),
    );
    const all = (await results(`/Datastreams(${other?.datastream})/Observations`)) as number[];
    expect(all).toHaveLength(10_000);
    for (const c of [0, 1, 2, 3]) {
      expect(all.filter((value) => Math.floor(value / 10_000) === c)).toEqual(
        Array.from({ length: 2_500 }, (_, i) => c * 10_000 + i),
      );
    }
  });

  it(`${CREATION}: one that is refused takes none of its group along`, async () => {
    const before = await countAll();
    // no Location: the Observation has no feature, which only the database finds out
    const placeless = await mqtt.create('/Things', {
      ...THING,
      Datastreams: [
        {
          name: 'x',
          description: 'x',
          observationType: 'x',
          unitOfMeasurement: { name: null, symbol: null, definition: null },
          Sensor: { name: 's', description: 's', encodingType: 't', metadata: 'm' },
          ObservedProperty: { name: 'o', definition: 'd', description: 'o' },
        },
      ],
    });
    const [bad] = (await mqtt.list(`/Things(${placeless})/Datastreams`)) as [Json];
    const good = await mqtt.connect(mqtt.key);
    const bads = await Promise.all([1, 2, 3].map(() => mqtt.connect(mqtt.key)));
    for (const client of bads)
      client.send({
        cmd: 'publish',
        topic: `v1.1/Datastreams(${bad['@iot.id']})/Observations`,
        payload: '{"result":1}',
        qos: 1,
        messageId: 1,
        retain: false,
        dup: false,
      });
    await good.publishAll(
      Array.from({ length: 300 }, (_, i) => ({ topic: `v1.1${toOwn()}`, payload: `{"result":${i}}` })),
    );
    await Promise.all(bads.map((client) => client.untilClosed()));
    expect(await countAll()).toBe(before + 300);
  });

  it(`${CREATION}: the landing page says where`, async () => {
    const root = (await mqtt.ok('')).serverSettings as Record<string, unknown>;
    expect(root.conformance).toContain(CREATION);
    expect(root[CREATION]).toEqual({
      endpoints: [`mqtt://torv.example.org:${mqtt.port}`, 'wss://torv.example.org/mqtt'],
    });
  });
});

describe.each(DATABASE_KINDS)('an installation that is open for writing, on %s', (kind) => {
  let mqtt: MqttWrites;
  beforeAll(async () => {
    mqtt = await createMqttWrites(kind, { env: { TORV_STA_OPEN: 'public' } });
  });
  afterAll(() => mqtt?.close());

  it(`${CREATION}: anybody publishes, but into the organisation "open" alone`, async () => {
    const [closed] = await createTown(mqtt);
    const town = { ...THING, name: 'Open', Locations: [LOCATION] };
    expect(await mqtt.publish('v1.1/Things', town, undefined)).toBe(0);
    const [row] = await mqtt.test.database.sql`
      SELECT o.slug, t.visibility FROM things t JOIN organisations o ON o.id = t.organisation_id WHERE t.name = 'Open'`;
    expect(row).toEqual({ slug: 'open', visibility: 'public' });
    const before = await mqtt.count('/Observations');
    expect(
      await mqtt.publish(`v1.1/Datastreams(${closed?.datastream})/Observations`, { result: 1 }, undefined),
    ).not.toBe(0);
    expect(
      await mqtt.publish('devices/a81758fffe0b0001/up', { fPort: 5, payload: '00' }, undefined),
    ).not.toBe(0);
    expect(await mqtt.count('/Observations')).toBe(before);
    // who has a key writes as ever
    expect(await mqtt.publish(`v1.1/Datastreams(${closed?.datastream})/Observations`, { result: 1 })).toBe(0);
    expect(await mqtt.count('/Observations')).toBe(before + 1);
  });
});
