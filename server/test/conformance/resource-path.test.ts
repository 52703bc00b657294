/** Every form of address: sets, entities, properties, bare values, references, any depth of navigation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { createSensorThings, REQ, ROOT, type SensorThings } from '../sensorthings.ts';

const REQUIREMENT = `${REQ}/resource-path/resource-path-to-entities`;

describe.each(DATABASE_KINDS)('Resource paths on %s', (kind) => {
  let sta: SensorThings;
  let observation: number;
  beforeAll(async () => {
    sta = await createSensorThings(kind);
    observation = (await sta.ids('/Observations?$filter=result eq 2'))[0] ?? 0;
  }, 180_000);
  afterAll(() => sta?.test.close());

  it(`${REQUIREMENT}: the root lists the entity sets`, async () => {
    for (const path of ['', '/']) {
      const { value } = await sta.ok(path);
      expect(value).toContainEqual({ name: 'Things', url: `${ROOT}/Things` });
      expect((value as unknown[]).length).toBe(8);
    }
  });

  it(`${REQUIREMENT}: sets and entities`, async () => {
    expect(await sta.ids('/Things')).toEqual([1, 2, 3]);
    expect(await sta.ok('/Things(2)')).toMatchObject({ '@iot.id': 2, name: 'Room 2' });
    expect(await sta.list('/Things(3)/Datastreams')).toEqual([]);
  });

  it(`${REQUIREMENT}: properties and what is inside them`, async () => {
    expect(await sta.ok('/Things(1)/name')).toEqual({ name: 'Room 1' });
    expect(await sta.ok('/Things(1)/properties')).toEqual({
      properties: { floor: 1, uses: ['class', 'exam'], isNew: true, size: { m2: 60.5 } },
    });
    expect(await sta.ok('/Things(1)/properties/size/m2')).toEqual({ m2: 60.5 });
    expect(await sta.ok('/Things(1)/properties/uses%5B1%5D')).toEqual({ 'uses[1]': 'exam' });
    expect(await sta.ok('/Datastreams(2)/unitOfMeasurement/symbol')).toEqual({ symbol: '°C' });
    expect(await sta.ok(`/Observations(${observation})/result`)).toEqual({ result: 2 });
    expect(await sta.ok('/Things(1)/@iot.id')).toEqual({ '@iot.id': 1 });
    expect(await sta.ok('/Observations?$top=1')).toHaveProperty('value');
    const { phenomenonTime } = await sta.ok('/Datastreams(1)/phenomenonTime');
    expect(phenomenonTime).toMatch(/^2026-10-01T00:00:00Z\/2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  it(`${REQUIREMENT}: null is 204, what does not exist is 404`, async () => {
    const [withoutTime] = await sta.ids('/Observations?$filter=resultTime eq null');
    for (const [path, status] of [
      ['/Things(3)/properties', 204],
      ['/Things(3)/properties/$value', 204],
      [`/Observations(${withoutTime})/resultTime`, 204],
      ['/ObservedProperties(102)/properties/a', 204],
      ['/Things(1)/properties/nothing', 404],
      ['/Things(1)/nothing', 404],
      ['/Nothing', 404],
      ['/Things(99)', 404],
      ['/Things(99)/name', 404],
      ['/Things(99)/Datastreams', 404],
      ['/Things(9223372036854775807)', 404],
      ['/Observations(9223372036854775807)', 404],
      ['/Observations(1)', 404],
      ["/Things('x')", 400],
      ['/Things/Datastreams', 400],
    ] as const) {
      expect([path, (await sta.get(path)).status]).toEqual([path, status]);
    }
  });

  it(`${REQUIREMENT}: $value is the bare value`, async () => {
    const name = await sta.get('/Things(2)/description/$value');
    expect([name.text, name.type]).toEqual(["it's quiet", 'text/plain; charset=utf-8']);
    const time = await sta.get('/HistoricalLocations(2)/time/$value');
    expect(time.text).toBe('2026-05-01T12:30:00.25Z');
    const json = await sta.get('/Locations(1)/location/$value');
    expect([json.text, json.type]).toEqual([
      '{"type":"Point","coordinates":[10,55]}',
      'application/json; charset=utf-8',
    ]);
    expect((await sta.get(`/Observations(${observation})/result/$value`)).text).toBe('2');
  });

  it(`${REQUIREMENT}: $ref is links alone`, async () => {
    expect(await sta.ok('/Things(2)/Datastreams/$ref')).toEqual({
      value: [{ '@iot.selfLink': `${ROOT}/Datastreams(3)` }, { '@iot.selfLink': `${ROOT}/Datastreams(4)` }],
    });
    expect(await sta.ok('/Datastreams(3)/Thing/$ref')).toEqual({ '@iot.selfLink': `${ROOT}/Things(2)` });
  });

  it(`${REQUIREMENT}: navigation to any depth`, async () => {
    expect(await sta.ids('/Things(1)/Datastreams')).toEqual([1, 2]);
    expect(await sta.ok('/Things(1)/Datastreams(2)')).toMatchObject({ '@iot.id': 2 });
    expect(await sta.ok('/Things(1)/Datastreams(2)/Sensor')).toMatchObject({ name: 'ERS' });
    expect(await sta.ids('/Datastreams(2)/Thing/Locations(2)/Things')).toEqual([1, 2]);
    expect(await sta.ids('/Locations(1)/HistoricalLocations')).toEqual([1, 2]);
    expect(
      await sta.ok(`/Observations(${observation})/Datastream/Thing/Datastreams(1)/ObservedProperty/name`),
    ).toEqual({ name: 'CO2' });
    expect(
      await sta.ids(
        `/Things(1)/Datastreams(2)/Observations(${observation})/FeatureOfInterest/Observations?$filter=id eq ${observation}`,
      ),
    ).toEqual([observation]);
  });

  it(`${REQUIREMENT}: parts that exist but are not related are 404`, async () => {
    for (const path of [
      '/Things(1)/Datastreams(3)',
      '/Things(2)/Datastreams(2)/Sensor',
      '/Things(2)/Locations(1)/Things',
      `/Datastreams(1)/Observations(${observation})`,
      `/Things(2)/Datastreams(3)/Observations(${observation})/result`,
    ]) {
      expect([path, (await sta.get(path)).status]).toEqual([path, 404]);
    }
  });

  it('finds an Observation whose time was changed to another month by the id it always had', async () => {
    const { sql } = sta.test.database;
    const [moved] = await sta.ids('/Observations?$filter=result eq 5');
    await sql`UPDATE observations SET phenomenon_start = '2026-11-30T00:00:00Z' WHERE id = ${moved ?? 0}`;
    expect(await sta.ok(`/Observations(${moved})`)).toMatchObject({ phenomenonTime: '2026-11-30T00:00:00Z' });
    expect((await sta.get(`/Observations(${moved})/Datastream`)).status).toBe(200);
  });

  it('lets other sites read, without credentials', async () => {
    const answer = await sta.test.app.inject({
      url: '/sta/v1.1/Things',
      headers: { origin: 'https://elsewhere.example' },
    });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    const missing = await sta.test.app.inject({ url: '/sta/v1.1/Things(99)' });
    expect(missing.headers['access-control-allow-origin']).toBe('*');
    const before = await sta.test.app.inject({ method: 'OPTIONS', url: '/sta/v1.1/Things' });
    expect([before.statusCode, before.headers['access-control-allow-origin']]).toEqual([204, '*']);
  });
});
