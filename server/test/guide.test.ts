/**
 * The guide to SensorThings (docs/sensorthings.md) does what it says: its commands are read out of the text and
 * asked one by one, the reading ones by nobody in particular. A guide that becomes wrong fails here.
 */
import { readFileSync } from 'node:fs';
import { PROPERTIES } from '@torv/core/properties';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from './database.ts';
import type { Json } from './sensorthings.ts';
import { createMqttWrites, type MqttWrites } from './sensorthings-mqtt.ts';
import { DATASTREAM, LOCATION, SENSOR, THING } from './sensorthings-writes.ts';

const GUIDE = readFileSync(new URL('../../docs/sensorthings.md', import.meta.url), 'utf8');
/** As a shell passes them on. */
const READS = [...GUIDE.matchAll(/^ *curl "\$S(.*)"$/gm)].map(([, path = '']) => path.replaceAll('\\$', '$'));
const WRITES = [...GUIDE.matchAll(/curl -X POST "\$S([^"]+)"[^']*-d '([^']+)'/g)];
const [, LISTENS = ''] = /mosquitto_sub .*-t "([^"]+)"/.exec(GUIDE) ?? [];
const [, PUBLISHES = '', MESSAGE = ''] = /mosquitto_pub .*-t "([^"]+)" -m '([^']+)'/.exec(GUIDE) ?? [];

describe.each(DATABASE_KINDS)('the guide to SensorThings on %s', (kind) => {
  let mqtt: MqttWrites;
  let datastream = 0;
  /** The guide speaks of series 1; here it may be another. */
  const toOwn = (text: string) =>
    text
      .replaceAll('Datastreams(1)', `Datastreams(${datastream})`)
      .replaceAll('"@iot.id":1}', `"@iot.id":${datastream}}`);

  beforeAll(async () => {
    mqtt = await createMqttWrites(kind);
    const { name, definition } = PROPERTIES.co2;
    // a room as the demo town has them
    const thing = await mqtt.create('/Things', {
      ...THING,
      Locations: [{ ...LOCATION, location: { type: 'Point', coordinates: [9.79, 57.23] } }],
      Datastreams: [
        { ...DATASTREAM, Sensor: SENSOR, ObservedProperty: { name, definition, description: '' } },
      ],
    });
    const [made] = await mqtt.list(`/Things(${thing})/Datastreams`);
    datastream = Number(made?.['@iot.id']);
    const recent = new Date(mqtt.test.now() - 3_600_000).toISOString();
    for (const phenomenonTime of ['2026-03-03T09:00:00Z', recent])
      await mqtt.create(`/Datastreams(${datastream})/Observations`, { phenomenonTime, result: 640 });
    const { sql } = mqtt.test.database;
    for (const table of ['things', 'locations', 'sensors', 'observed_properties', 'datastreams'])
      await sql`UPDATE ${sql(table)} SET visibility = 'public'`;
  });
  afterAll(() => mqtt?.close());

  it('has ten requests, nine of them by HTTP', () => {
    expect([READS.length, WRITES.length]).toEqual([9, 2]);
    expect([LISTENS, PUBLISHES]).toEqual(Array(2).fill('v1.1/Datastreams(1)/Observations'));
  });

  it.each(READS)('answers GET %s with something', async (path) => {
    const reply = await mqtt.send('GET', toOwn(path), undefined, { key: undefined });
    expect([reply.status, reply.text]).toEqual([200, reply.text]);
    const rows = reply.body.value as readonly Json[];
    if (path.includes('$top=0')) expect(reply.body['@iot.count']).toBe(2);
    else expect(rows.length).toBeGreaterThan(0);
    if (path.startsWith('/Things'))
      expect(rows).toMatchObject([{ Locations: [{}], Datastreams: [{ Observations: [{ result: 640 }] }] }]);
    if (path.includes('dataArray')) expect(rows).toMatchObject([{ 'dataArray@iot.count': 2 }]);
  });

  it.each(WRITES.map(([, path = '', body = '']) => [path, body]))('takes POST %s', async (path, body) => {
    const before = await mqtt.count(`/Datastreams(${datastream})/Observations`);
    const reply = await mqtt.send('POST', toOwn(path), toOwn(body));
    expect([reply.status, reply.text]).toEqual([201, reply.text]);
    const { dataArray = [[]] } = ([JSON.parse(body)].flat() as { readonly dataArray?: unknown[] }[])[0] ?? {};
    expect(await mqtt.count(`/Datastreams(${datastream})/Observations`)).toBe(before + dataArray.length);
  });

  it('is told by MQTT what is published there', async () => {
    const listener = await mqtt.listen(toOwn(LISTENS));
    expect(listener.granted.every((qos) => qos <= 1)).toBe(true);
    expect(await mqtt.publish(toOwn(PUBLISHES), MESSAGE)).toBe(0);
    expect((await listener.next()).body).toMatchObject(JSON.parse(MESSAGE) as Json);
  });
});
