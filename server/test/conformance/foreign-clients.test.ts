/**
 * Requests as other people's clients really send them, written down from reading those clients, and the fields that
 * they read in the answers: QGIS (its SensorThings provider), Grafana with the LinkSmart plugin, Grafana with the
 * FROST plugin, and Fraunhofer's Python client (frost-sta-client). None of their code is here. What one of them sends and Torv refuses is a test too, with the reason.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import type { Json } from '../sensorthings.ts';
import { createTown, createWrites, FEATURE, type Writes } from '../sensorthings-writes.ts';

describe.each(DATABASE_KINDS)('clients of others on %s', (kind) => {
  let writes: Writes;
  let town: Awaited<ReturnType<typeof createTown>>[number];
  /** More than one page of the smallest of them. */
  const READINGS = 25;
  const at = (minute: number) => `2026-03-02T08:${String(minute).padStart(2, '0')}:00.000Z`;

  beforeAll(async () => {
    writes = await createWrites(kind);
    const [made] = await createTown(writes, 3);
    if (made === undefined) throw new Error('The town was not made');
    town = made;
    for (let i = 0; i < READINGS; i++) {
      await writes.create(`/Datastreams(${town.datastream})/Observations`, {
        phenomenonTime: at(i),
        result: 20 + i / 2,
        FeatureOfInterest: i === 0 ? FEATURE : undefined,
      });
    }
  });
  afterAll(() => writes?.test.close());

  const value = async (path: string) => (await writes.ok(path)).value as readonly Json[];
  /** Goes on as both Grafana plugins do: what stands behind the ? of the next link, on the path asked first. */
  async function walkByQuery(path: string): Promise<readonly Json[]> {
    const rows: Json[] = [];
    for (let query: string | undefined = path.split('?')[1]; query !== undefined; ) {
      const page: Json = await writes.ok(`${path.split('?')[0]}?${query}`);
      rows.push(...(page.value as Json[]));
      query = (page['@iot.nextLink'] as string | undefined)?.split('?')[1];
    }
    return rows;
  }

  describe('QGIS', () => {
    // the geometry of each entity, as the provider names it
    const GEOMETRY = { Locations: 'location', FeaturesOfInterest: 'feature', Datastreams: 'observedArea' };
    const ofType = (field: string, type: string) =>
      `${field}/type eq '${type}' or ${field}/geometry/type eq '${type}'`;
    // QgsRectangle::asWktPolygon writes the keyword like this
    const extent = (field: string) =>
      `geo.intersects(${field}, geography'Polygon ((9 55, 12 55, 12 58, 9 58, 9 55))')`;

    it('finds out what the service is', async () => {
      const root = await writes.ok('');
      const { conformance } = root.serverSettings as { readonly conformance: readonly string[] };
      const model = conformance.find((uri) => /\/datamodel\b/.test(uri));
      expect(/\d+\.\d+/.exec(model ?? '')?.[0]).toBe('1.1');
      const names = (root.value as readonly { name: string; url: string }[]).map(({ name }) => name);
      for (const name of Object.keys(GEOMETRY)) expect(names).toContain(name);
    });

    it.each([
      ['Locations', 'Point', 3],
      ['Locations', 'LineString', 0],
      ['Locations', 'Polygon', 0],
      ['FeaturesOfInterest', 'Polygon', 1],
      ['Datastreams', 'Polygon', 1],
      ['Datastreams', 'Point', 0],
    ] as const)('counts the %s that are a %s', async (set, type, count) => {
      const page = await writes.ok(`/${set}?$top=0&$count=true&$filter=${ofType(GEOMETRY[set], type)}`);
      expect(page['@iot.count']).toBe(count);
    });

    it('draws the features of a map section, page by page', async () => {
      const filter = `(${ofType('location', 'Point')}) and (${extent('location')})`;
      const first = await writes.ok(`/Locations?$top=2&$count=false&$filter=${filter}`);
      expect((first.value as Json[]).length).toBe(2);
      expect(first['@iot.count']).toBeUndefined();
      const next = String(first['@iot.nextLink']);
      // it writes its own page size into the link of the next page
      expect(next).toMatch(/\$top=2(&|$)/);
      const second = await writes.ok(next.replace('$top=2', '$top=200'));
      expect((second.value as Json[]).length).toBe(1);
      for (const row of [...(first.value as Json[]), ...(second.value as Json[])]) {
        expect(Number.isInteger(row['@iot.id'])).toBe(true);
        expect(row).toMatchObject({
          '@iot.selfLink': expect.stringMatching(/^https:/),
          name: expect.any(String),
          description: expect.any(String),
          location: { type: 'Point', coordinates: [expect.any(Number), expect.any(Number)] },
        });
      }
    });

    it('draws the observed areas of series', async () => {
      const filter = `(${ofType('observedArea', 'Polygon')}) and (${extent('observedArea')})`;
      const [row, ...rest] = await value(`/Datastreams?$top=200&$count=false&$filter=${filter}`);
      expect(rest).toEqual([]);
      expect(row).toMatchObject({
        '@iot.id': town.datastream,
        unitOfMeasurement: { symbol: '°C' },
        observationType: expect.any(String),
        phenomenonTime: expect.stringMatching(/^2026-03-02T08:00:00\S*Z\/2026-03-02T08:24:00\S*Z$/),
        observedArea: { type: 'Polygon' },
      });
    });

    it.each([
      // the relations that it can follow from each kind, with its own defaults for order and number
      [
        'Locations',
        'Things($expand=Datastreams($top=10;$expand=Observations($orderby=phenomenonTime desc;$top=5)))',
      ],
      ['Locations', 'HistoricalLocations($expand=Thing)'],
      ['Things', 'HistoricalLocations'],
      ['Things', "Datastreams($top=10;$filter=name ne '';$expand=ObservedProperty($top=10))"],
      ['Datastreams', 'Thing'],
      ['Datastreams', 'Sensor'],
      ['Datastreams', 'ObservedProperty($top=10)'],
      ['Datastreams', 'Observations($orderby=phenomenonTime desc)'],
      ['Sensors', 'Datastreams($top=10)'],
      ['ObservedProperties', 'Datastreams($top=10)'],
      ['Observations', 'Datastream($top=10)'],
      ['FeaturesOfInterest', 'Observations($orderby=phenomenonTime desc)'],
      ['HistoricalLocations', 'Thing'],
    ])('joins %s with %s', async (set, expand) => {
      const rows = await value(`/${set}?$top=200&$count=false&$expand=${expand}`);
      const [name = ''] = expand.split('(');
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row).toHaveProperty(name);
    });
  });

  describe('Grafana with the LinkSmart plugin', () => {
    const between = (key: string) =>
      `${key} gt 2026-03-02T00:00:00.000Z and ${key} lt 2030-01-01T00:00:00.000Z`;
    // it sends this with every GET
    const headers = { 'content-type': 'application/json' };

    it('accepts the address of the service', async () => {
      expect((await writes.send('GET', '', undefined, { headers })).status).toBe(200);
    });

    it.each(['Things', 'Sensors', 'Locations'])('lists %s to choose from', async (set) => {
      const rows = await walkByQuery(`/${set}?$top=1000&$select=name,id`);
      expect(rows.length).toBe(3);
      for (const row of rows)
        expect(row).toEqual({ '@iot.id': expect.any(Number), name: expect.any(String) });
    });

    it('lists the series of a Thing and of a Sensor', async () => {
      for (const of of [`Things(${town.thing})`, `Sensors(${town.sensor})`]) {
        const rows = await walkByQuery(`/${of}/Datastreams?$top=1000&$select=name,id,observationType`);
        expect(rows).toMatchObject([{ '@iot.id': town.datastream, observationType: expect.any(String) }]);
      }
    });

    it('draws a series, newest first, over all pages', async () => {
      const rows = await walkByQuery(
        `/Datastreams(${town.datastream})/Observations?$filter=${between('phenomenonTime')}` +
          '&$select=phenomenonTime,result&$orderby=phenomenonTime desc&$top=10',
      );
      expect(rows.length).toBe(READINGS);
      expect(rows[0]).toEqual({ phenomenonTime: expect.stringMatching(/^2026-03-02T08:24:00/), result: 32 });
    });

    it('shows where a Thing was', async () => {
      const path = `/Things(${town.thing})/HistoricalLocations?$filter=${between('time')}`;
      expect(await value(`${path}&$expand=Locations($select=name)&$select=time&$top=1000`)).toEqual([
        { time: expect.any(String), Locations: [{ name: 'Kitchen' }] },
      ]);
      const [last] = await value(`${path}&$expand=Locations($select=name,location)&$select=time&$top=1`);
      expect(last).toMatchObject({ Locations: [{ location: { type: 'Point', coordinates: [10.2, 56.1] } }] });
    });

    it('shows what was at a Location, asking for "Things" where the standard has one Thing', async () => {
      const path = `/Locations(${town.location})/HistoricalLocations?$filter=${between('time')}`;
      const asked = await writes.send('GET', `${path}&$expand=Things($select=name)&$select=time&$top=1000`);
      // the standard's name is Thing: told so, not guessed
      expect([asked.status, asked.body.code, asked.body.hint]).toEqual([
        400,
        'BAD_QUERY',
        expect.stringContaining('Thing'),
      ]);
      expect(await value(`${path}&$expand=Thing($select=name)&$select=time&$top=1000`)).toEqual([
        { time: expect.any(String), Thing: { name: 'Oven' } },
      ]);
    });
  });

  describe('Grafana with the FROST plugin', () => {
    it('reads the sets from the landing page', async () => {
      for (const { name, url } of (await writes.ok('')).value as { name: string; url: string }[])
        expect(url.endsWith(`/${name}`)).toBe(true);
    });

    it('fills its tables, with a filter typed above a column', async () => {
      const all = await writes.ok('/Things?$count=true&$top=5');
      expect([all['@iot.count'], (all.value as Json[]).length]).toEqual([3, 3]);
      const found = await writes.ok(
        `/Things?$filter=startswith(name,'Ov') and startswith(@iot.id,'${town.thing}')&$count=true&$skip=0&$top=5`,
      );
      expect(Number(found['@iot.count'])).toBeGreaterThan(0);
      expect((await value('/Things?$count=true&$skip=2&$top=2')).length).toBe(1);
      const series = await writes.ok(
        `/Things(${town.thing})/Datastreams?$filter=startswith(unitOfMeasurement/symbol,'°')&$count=true&$top=5`,
      );
      expect(series['@iot.count']).toBe(1);
    });

    it('draws a series, with options glued on as it does', async () => {
      const range =
        'phenomenonTime ge 2026-03-02T00:00:00.000Z and phenomenonTime le 2026-03-03T00:00:00.000Z';
      const path = `/Datastreams(${town.datastream})/Observations`;
      const rows = await walkByQuery(`${path}?$orderby=phenomenonTime asc&$filter=${range}&$top=10`);
      expect(rows.map((row) => row.result)).toEqual(Array.from({ length: READINGS }, (_, i) => 20 + i / 2));
      // an address that ends with ? gets its options with & all the same
      expect((await value(`${path}?&$filter=${range}&$top=1000`)).length).toBe(READINGS);
    });
  });

  describe('frost-sta-client', () => {
    it('asks as a form does: + for a blank, %24 for a dollar', async () => {
      const things = await value(
        `/Things?%24filter=name+eq+%27Oven%27+and+id+eq+${town.thing}&%24expand=Locations%2CDatastreams%28%24expand%3DObservedProperty%2CSensor%29`,
      );
      expect(things).toMatchObject([
        {
          name: 'Oven',
          Locations: [{ location: { type: 'Point' } }],
          Datastreams: [
            {
              '@iot.id': town.datastream,
              ObservedProperty: { name: 'Dew point' },
              Sensor: { name: 'DS18B20' },
            },
          ],
        },
      ]);
    });

    it('counts and follows the links of its lists', async () => {
      const page = await writes.ok(
        `/Observations?%24filter=Datastream%2Fid+eq+${town.datastream}+and+result+gt+21&%24orderby=phenomenonTime+DESC&%24top=5&%24count=true`,
      );
      expect(page['@iot.count']).toBe(22);
      expect((page.value as Json[]).map(({ result }) => result)).toEqual([32, 31.5, 31, 30.5, 30]);
      expect((await value(String(page['@iot.nextLink']))).map(({ result }) => result)[0]).toBe(29.5);
    });

    it('writes with a time of its own zone, naming the series by its id', async () => {
      const made = await writes.create('/Observations', {
        result: 1,
        phenomenonTime: '2026-04-01T08:00:00+02:00',
        Datastream: { '@iot.id': town.datastream },
      });
      expect(await writes.ok(`/Observations(${made})`)).toMatchObject({
        phenomenonTime: '2026-04-01T06:00:00Z',
      });
    });
  });
});
