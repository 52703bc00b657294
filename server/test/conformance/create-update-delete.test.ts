/** A.3 create-update-delete: what is made, changed and removed, and that a wrong request leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { type Json, REQ, ROOT } from '../sensorthings.ts';
import {
  createTown,
  createWrites,
  DATASTREAM,
  FEATURE,
  LOCATION,
  OBSERVED_PROPERTY,
  SENSOR,
  THING,
  type Writes,
} from '../sensorthings-writes.ts';

const SETS = ['Things', 'Locations', 'HistoricalLocations', 'Datastreams', 'Sensors', 'ObservedProperties', 'Observations', 'FeaturesOfInterest']; // biome-ignore format: a table
const id = (n: number) => ({ '@iot.id': n });
const idOf = (json: unknown): number => Number((json as Json)['@iot.id']);

describe.each(DATABASE_KINDS)('create-update-delete on %s', (kind) => {
  let writes: Writes;
  beforeAll(async () => {
    writes = await createWrites(kind);
  }, 180_000);
  afterAll(() => writes?.test.close());

  const countAll = async () => Promise.all(SETS.map((set) => writes.count(`/${set}`)));

  describe('making', () => {
    it(`${REQ}/create-update-delete/create-entity`, async () => {
      for (const [set, body] of [
        ['Things', { ...THING, properties: { a: 1.0, b: [null] } }],
        ['Locations', LOCATION],
        ['Sensors', SENSOR],
        ['ObservedProperties', OBSERVED_PROPERTY],
        ['FeaturesOfInterest', FEATURE],
      ] as const) {
        const { status, headers, body: made } = await writes.send('POST', `/${set}`, body);
        expect(status).toBe(201);
        expect(headers.location).toBe(`${ROOT}/${set}(${idOf(made)})`);
        expect(made).toMatchObject(body);
        expect(await writes.ok(String(headers.location))).toEqual(made);
      }
    });

    it(`${REQ}/create-update-delete/create-entity: a set of another entity links the new one to it`, async () => {
      const [town] = await createTown(writes);
      const things = `/Things(${town?.thing})`;
      const datastream = await writes.create(`${things}/Datastreams`, {
        ...DATASTREAM,
        Sensor: id(town?.sensor ?? 0),
        ObservedProperty: id(town?.observedProperty ?? 0),
      });
      expect(idOf(await writes.ok(`/Datastreams(${datastream})/Thing`))).toBe(town?.thing);
      const observation = await writes.create(`${things}/Datastreams(${datastream})/Observations`, {
        result: 1,
      });
      expect(idOf(await writes.ok(`/Observations(${observation})/Datastream`))).toBe(datastream);
      const feature = await writes.create('/FeaturesOfInterest', FEATURE);
      const second = await writes.create(`/FeaturesOfInterest(${feature})/Observations`, {
        result: 2,
        Datastream: id(datastream),
      });
      expect(idOf(await writes.ok(`/Observations(${second})/FeatureOfInterest`))).toBe(feature);
      const location = await writes.create(`${things}/Locations`, { ...LOCATION, name: 'Hall' });
      expect((await writes.list(`${things}/Locations`)).map(idOf)).toEqual([location]);
    });

    it(`${REQ}/create-update-delete/create-entity: paths that are not related, and parents that contradict, are refused`, async () => {
      const [one, two] = await createTown(writes, 2);
      const before = await countAll();
      const crooked = `/Things(${one?.thing})/Datastreams(${two?.datastream})/Observations`;
      expect((await writes.send('POST', crooked, { result: 1 })).status).toBe(404);
      expect((await writes.send('POST', crooked, { nonsense: 1 })).status).toBe(404);
      const into = `/Datastreams(${one?.datastream})/Observations`;
      const other = { result: 1, Datastream: id(two?.datastream ?? 0) };
      expect((await writes.send('POST', into, other)).status).toBe(400);
      expect(await countAll()).toEqual(before);
      await writes.create(into, { result: 1, Datastream: id(one?.datastream ?? 0) });
    });

    it(`${REQ}/create-update-delete/create-entity: an Observation without a feature gets one from its Thing's Location`, async () => {
      const [town] = await createTown(writes);
      const into = `/Datastreams(${town?.datastream})/Observations`;
      const featureOf = async (observation: number) =>
        writes.ok(`/Observations(${observation})/FeatureOfInterest`);
      const first = await featureOf(await writes.create(into, { result: 1 }));
      expect(first).toMatchObject({ name: LOCATION.name, feature: LOCATION.location });
      expect(idOf(await featureOf(await writes.create(into, { result: 2 })))).toBe(idOf(first));
      // another Thing in the same place has the same one
      const other = await writes.create('/Things', {
        ...THING,
        Locations: [id(town?.location ?? 0)],
        Datastreams: [
          {
            ...DATASTREAM,
            Sensor: SENSOR,
            ObservedProperty: OBSERVED_PROPERTY,
            Observations: [{ result: 3 }],
          },
        ],
      });
      const [stream] = await writes.list(
        `/Things(${other})/Datastreams?$expand=Observations($expand=FeatureOfInterest)`,
      );
      const [third] = (stream?.Observations ?? []) as Json[];
      expect(idOf(third?.FeatureOfInterest)).toBe(idOf(first));
      // a deleted one is made again, a moved Thing gets a new one
      expect((await writes.send('DELETE', `/FeaturesOfInterest(${idOf(first)})`)).status).toBe(200);
      const again = await featureOf(await writes.create(into, { result: 4 }));
      expect(idOf(again)).not.toBe(idOf(first));
      const moved = { ...LOCATION, location: { type: 'Point', coordinates: [11, 55] } };
      await writes.create(`/Things(${town?.thing})/Locations`, moved);
      expect(await featureOf(await writes.create(into, { result: 5 }))).toMatchObject({
        feature: moved.location,
      });
      // and so does one whose Location itself was changed
      const [present] = await writes.list(`/Things(${town?.thing})/Locations`);
      const corrected = { type: 'Point', coordinates: [11.5, 55.5] };
      await writes.send('PATCH', `/Locations(${idOf(present)})`, { location: corrected });
      expect(await featureOf(await writes.create(into, { result: 6 }))).toMatchObject({ feature: corrected });
    });

    it(`${REQ}/create-update-delete/create-entity: of several Locations the one in GeoJSON becomes the feature`, async () => {
      const address = { name: 'Address', description: '-', encodingType: 'text/plain', location: 'Torvet 1' };
      const thing = await writes.create('/Things', {
        ...THING,
        Locations: [address, LOCATION, { ...address, location: 'Third rock from the sun' }],
        Datastreams: [
          {
            ...DATASTREAM,
            Sensor: SENSOR,
            ObservedProperty: OBSERVED_PROPERTY,
            Observations: [{ result: 1 }],
          },
        ],
      });
      expect(await writes.count(`/Things(${thing})/Locations`)).toBe(3);
      const [stream] = await writes.list(`/Things(${thing})/Datastreams`);
      const [observation] = await writes.list(
        `/Datastreams(${idOf(stream)})/Observations?$expand=FeatureOfInterest`,
      );
      expect(observation?.FeatureOfInterest).toMatchObject({ feature: LOCATION.location });
    });

    it(`${REQ}/create-update-delete/create-entity: times that are left out are now and null`, async () => {
      const [town] = await createTown(writes);
      const { body } = await writes.send('POST', `/Datastreams(${town?.datastream})/Observations`, {
        result: 1,
      });
      expect(body.resultTime).toBeNull();
      expect(Math.abs(Date.parse(String(body.phenomenonTime)) - Date.now())).toBeLessThan(60_000);
    });

    it(`${REQ}/create-update-delete/create-entity: results, JSON and times stay what they were`, async () => {
      const [town] = await createTown(writes);
      const into = `/Datastreams(${town?.datastream})/Observations`;
      for (const result of [
        '8',
        '1.0',
        '-0',
        '1e3',
        '1E-7',
        '9223372036854775807',
        '0.00001',
        '0.0001',
        '-999999999999999.9',
        '0.1',
        '1000000000000000',
        '123456789.123456789',
        'null',
        'true',
        '"8"',
        '"Æ \\"x\\" \\n"',
        '[1.0, 2,\n 3]',
        '{"b":1.0,"a":{"c":[]}}',
      ]) {
        // biome-ignore format: a table
        const { text, status } = await writes.send('POST', into, `{"result":${result}}`);
        expect([result, status]).toEqual([result, 201]);
        expect(text).toContain(`"result":${result},`);
      }
      const body = `{"phenomenonTime":"2010-12-23T10:20:00-0700/2010-12-23T18:00:00Z","resultTime":"2010-12-24T00:00:00.123456Z",
        "validTime":"2011-01-01T00:00:00+01:00/2012-01-01T00:00:00Z","result":1,"resultQuality":"High","parameters":{"x": 1.0}}`;
      const { body: made, text } = await writes.send('POST', into, body);
      expect(made).toMatchObject({
        phenomenonTime: '2010-12-23T17:20:00Z/2010-12-23T18:00:00Z',
        resultTime: '2010-12-24T00:00:00.123456Z',
        validTime: '2010-12-31T23:00:00Z/2012-01-01T00:00:00Z',
        resultQuality: 'High',
      });
      expect(text).toContain('"parameters":{"x": 1.0}');
      expect(await writes.ok(`/Datastreams(${town?.datastream})`)).toMatchObject({
        resultTime: '2010-12-24T00:00:00.123456Z/2010-12-24T00:00:00.123456Z',
      });
    });

    it(`${REQ}/create-update-delete/link-to-existing-entities`, async () => {
      const [town] = await createTown(writes);
      const feature = await writes.create('/FeaturesOfInterest', FEATURE);
      const datastream = await writes.create('/Datastreams', {
        ...DATASTREAM,
        Thing: id(town?.thing ?? 0),
        Sensor: id(town?.sensor ?? 0),
        ObservedProperty: id(town?.observedProperty ?? 0),
      });
      const observation = await writes.create('/Observations', {
        phenomenonTime: '2013-04-18T16:15:00-07:00',
        result: 124,
        Datastream: id(datastream),
        FeatureOfInterest: id(feature),
      });
      expect(
        await writes.ok(
          `/Observations(${observation})?$expand=FeatureOfInterest,Datastream($expand=Thing,Sensor,ObservedProperty)`,
        ),
      ).toMatchObject({
        phenomenonTime: '2013-04-18T23:15:00Z',
        FeatureOfInterest: id(feature),
        Datastream: {
          Thing: id(town?.thing ?? 0),
          Sensor: id(town?.sensor ?? 0),
          ObservedProperty: id(town?.observedProperty ?? 0),
        },
      });
      // what hangs on another entity is taken over by the new one
      const thing = await writes.create('/Things', { ...THING, Datastreams: [id(datastream)] });
      expect(idOf(await writes.ok(`/Datastreams(${datastream})/Thing`))).toBe(thing);
      const taking = await writes.create(`/Things(${thing})/Datastreams`, {
        ...DATASTREAM,
        Sensor: id(town?.sensor ?? 0),
        ObservedProperty: id(town?.observedProperty ?? 0),
        Observations: [id(observation)],
      });
      expect(await writes.count(`/Datastreams(${taking})/Observations`)).toBe(1);
      expect(await writes.count(`/Datastreams(${datastream})/Observations`)).toBe(0);
    });

    it.each([
      ['Datastream', { Thing: id(1e15) }],
      ['Datastream', { Thing: { '@iot.id': '9223372036854775807' } }],
    ])(
      `${REQ}/create-update-delete/link-to-existing-entities: what is not there cannot be named (%s)`,
      async (_entity, link) => {
        const [town] = await createTown(writes);
        const before = await countAll();
        const body = {
          ...DATASTREAM,
          Sensor: id(town?.sensor ?? 0),
          ObservedProperty: OBSERVED_PROPERTY,
          ...link,
        };
        const reply = await writes.send('POST', '/Datastreams', body);
        expect(reply.status).toBe(404);
        expect(reply.body.at).toBe('body/Thing/@iot.id');
        expect(await countAll()).toEqual(before);
      },
    );

    it(`${REQ}/create-update-delete/deep-insert`, async () => {
      const thing = await writes.create('/Things', {
        ...THING,
        Locations: [{ ...LOCATION, '@iot.id': 4711 }],
        Datastreams: [
          {
            ...DATASTREAM,
            '@iot.id': 4712,
            observedArea: { type: 'Polygon', coordinates: [] },
            phenomenonTime: '2009-01-11T16:22:25Z/2011-08-21T08:32:10Z',
            Sensor: SENSOR,
            ObservedProperty: OBSERVED_PROPERTY,
            Observations: [
              { phenomenonTime: '2012-06-26T03:42:02-0600', result: 70.4, FeatureOfInterest: FEATURE },
              { phenomenonTime: '2012-06-27T03:42:02-0600', result: 71 },
            ],
          },
        ],
      });
      const all = await writes.ok(
        `/Things(${thing})?$expand=Locations,HistoricalLocations($expand=Locations),Datastreams($expand=Sensor,ObservedProperty,Observations($expand=FeatureOfInterest))`,
      );
      expect(all).toMatchObject({
        Locations: [LOCATION],
        HistoricalLocations: [{ Locations: [LOCATION] }],
        Datastreams: [
          {
            ...DATASTREAM,
            phenomenonTime: '2012-06-26T09:42:02Z/2012-06-27T09:42:02Z',
            Sensor: SENSOR,
            ObservedProperty: OBSERVED_PROPERTY,
            Observations: [
              { result: 70.4, FeatureOfInterest: FEATURE },
              { result: 71, FeatureOfInterest: { feature: LOCATION.location } },
            ],
          },
        ],
      });
      // the box around both features
      expect(JSON.stringify((all.Datastreams as Json[])[0]?.observedArea)).toContain('[[10,56],[10,57]');
      // the ids in the body are the client's, not the server's
      expect((all.Locations as Json[]).map(idOf)).not.toContain(4711);
      // from below: an Observation with all that it needs
      const observation = await writes.create('/Observations', {
        result: 1,
        FeatureOfInterest: FEATURE,
        Datastream: { ...DATASTREAM, Thing: THING, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY },
      });
      expect(await writes.ok(`/Observations(${observation})/Datastream/Thing`)).toMatchObject(THING);
    });

    it.each([
      [
        'a Datastream without a Sensor',
        'Things',
        {
          ...THING,
          Locations: [LOCATION],
          Datastreams: [{ ...DATASTREAM, ObservedProperty: OBSERVED_PROPERTY }],
        },
        'body/Datastreams/0/Sensor',
      ],
      [
        'a Datastream without an ObservedProperty',
        'Things',
        { ...THING, Datastreams: [{ ...DATASTREAM, Sensor: SENSOR }] },
        'body/Datastreams/0/ObservedProperty',
      ],
      [
        'a Datastream without a Thing',
        'Datastreams',
        { ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY },
        'body/Thing',
      ],
      [
        'an Observation without a Datastream',
        'Observations',
        { result: 1, FeatureOfInterest: FEATURE },
        'body/Datastream',
      ],
      [
        'an Observation without a place',
        'Observations',
        {
          result: 1,
          Datastream: { ...DATASTREAM, Thing: THING, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY },
        },
        'body/FeatureOfInterest',
      ],
      [
        'a Location without an encodingType',
        'Things',
        { ...THING, Locations: [{ ...LOCATION, encodingType: undefined }] },
        'body/Locations/0/encodingType',
      ],
      [
        'a nested feature that lacks its encodingType',
        'Observations',
        { result: 1, FeatureOfInterest: { ...FEATURE, encodingType: undefined }, Datastream: id(1) },
        'body/FeatureOfInterest/encodingType',
      ],
      [
        'a HistoricalLocation without a Thing',
        'HistoricalLocations',
        { time: '2020-01-01T00:00:00Z', Locations: [LOCATION] },
        'body/Thing',
      ],
      ['an Observation without a result', 'Observations', { Datastream: id(1) }, 'body/result'],
      ['a name that is null', 'Things', { ...THING, name: null }, 'body/name'],
      ['a name that is a number', 'Things', { ...THING, name: 1 }, 'body/name'],
      ['a property that there is not', 'Things', { ...THING, colour: 'red' }, 'body/colour'],
      ['properties that are a list', 'Things', { ...THING, properties: [] }, 'body/properties'],
      [
        'an unclosed ring',
        'Locations',
        {
          ...LOCATION,
          location: {
            type: 'Polygon',
            coordinates: [
              [
                [0, 0],
                [1, 0],
                [1, 1],
                [0, 1],
              ],
            ],
          },
        },
        'body/location/coordinates/0',
      ],
      [
        'coordinates that are texts',
        'Locations',
        { ...LOCATION, location: { type: 'Point', coordinates: ['1', '2'] } },
        'body/location/coordinates/0',
      ],
      [
        'a time without a zone',
        'Observations',
        { result: 1, phenomenonTime: '2020-01-01T00:00:00', Datastream: id(1) },
        'body/phenomenonTime',
      ],
      [
        'an interval that ends before it begins',
        'Observations',
        { result: 1, phenomenonTime: '2020-01-02T00:00:00Z/2020-01-01T00:00:00Z', Datastream: id(1) },
        'body/phenomenonTime',
      ],
      ['a Locations that is no list', 'Things', { ...THING, Locations: LOCATION }, 'body/Locations'],
      [
        'an id that is a text',
        'Things',
        { ...THING, Locations: [{ '@iot.id': 'x' }] },
        'body/Locations/0/@iot.id',
      ],
    ])(
      // biome-ignore format: a table
      `${REQ}/create-update-delete/deep-insert: nothing is made of %s`,
      async (_what, set, body, at) => {
        const before = await countAll();
        const reply = await writes.send('POST', `/${set}`, body);
        expect([reply.status, reply.body.at]).toEqual([400, at]);
        expect(await countAll()).toEqual(before);
      },
    );

    it(`${REQ}/create-update-delete/deep-insert-status-code`, async () => {
      const { status, headers } = await writes.send('POST', '/Things', { ...THING, Locations: [LOCATION] });
      expect(status).toBe(201);
      expect(await writes.ok(String(headers.location))).toMatchObject(THING);
    });
  });

  describe('where Things are', () => {
    it(`${REQ}/create-update-delete/historical-location-auto-creation`, async () => {
      const thing = await writes.create('/Things', THING);
      const history = () =>
        writes.list(`/Things(${thing})/HistoricalLocations?$expand=Locations&$orderby=id`);
      expect(await history()).toEqual([]);
      const one = await writes.create(`/Things(${thing})/Locations`, LOCATION);
      const two = await writes.create('/Locations', { ...LOCATION, Things: [id(thing)] });
      const three = await writes.create('/Locations', LOCATION);
      await writes.send('PATCH', `/Things(${thing})`, { Locations: [id(three)] });
      expect((await writes.list(`/Things(${thing})/Locations`)).map(idOf)).toEqual([three]);
      expect((await history()).map((entry) => (entry.Locations as Json[]).map(idOf))).toEqual([
        [one],
        [two],
        [three],
      ]);
      // where it is already it has not moved to
      await writes.send('PATCH', `/Things(${thing})`, { Locations: [id(three)] });
      expect(await history()).toHaveLength(3);
      await writes.send('PATCH', `/Locations(${one})`, { Things: [id(thing)] });
      expect((await writes.list(`/Things(${thing})/Locations`)).map(idOf)).toEqual([one]);
      expect(await history()).toHaveLength(4);
    });

    it(`${REQ}/create-update-delete/historical-location-manual-creation`, async () => {
      const thing = await writes.create('/Things', { ...THING, Locations: [LOCATION] });
      const [first] = await writes.list(`/Things(${thing})/HistoricalLocations`);
      await writes.send('PATCH', `/HistoricalLocations(${idOf(first)})`, { time: '2016-01-01T06:00:00Z' });
      const later = await writes.create('/Locations', LOCATION);
      const earlier = await writes.create('/Locations', LOCATION);
      const present = async () => (await writes.list(`/Things(${thing})/Locations`)).map(idOf);
      await writes.create('/HistoricalLocations', {
        time: '2016-01-01T07:00:00Z',
        Thing: id(thing),
        Locations: [id(later)],
      });
      expect(await present()).toEqual([later]);
      await writes.create(`/Things(${thing})/HistoricalLocations`, {
        time: '2016-01-01T05:00:00Z',
        Locations: [id(earlier)],
      });
      expect(await present()).toEqual([later]);
      expect(await writes.count(`/Things(${thing})/HistoricalLocations`)).toBe(3);
    });
  });

  describe('changing', () => {
    it(`${REQ}/create-update-delete/update-entity`, async () => {
      const [town] = await createTown(writes);
      const observation = await writes.create(`/Datastreams(${town?.datastream})/Observations`, {
        result: 1,
        resultQuality: 'High',
      });
      const feature = await writes.create('/FeaturesOfInterest', FEATURE);
      const [history] = await writes.list(`/Things(${town?.thing})/HistoricalLocations`);
      for (const [path, change] of [
        [`/Things(${town?.thing})`, { description: 'Changed', properties: { only: 'this' } }],
        [`/Locations(${town?.location})`, { location: { type: 'Point', coordinates: [114.05, -50] } }],
        [`/HistoricalLocations(${idOf(history)})`, { time: '2015-07-01T00:00:00Z' }],
        [`/Sensors(${town?.sensor})`, { metadata: { changed: true } }],
        [`/ObservedProperties(${town?.observedProperty})`, { description: 'Changed' }],
        [`/FeaturesOfInterest(${feature})`, { feature: { type: 'Point', coordinates: [1, 2] } }],
        [
          `/Datastreams(${town?.datastream})`,
          { unitOfMeasurement: { name: 'K', symbol: 'K', definition: null } },
        ],
        [`/Observations(${observation})`, { result: '2', parameters: { a: 1 } }],
      ] as const) {
        const before = await writes.ok(path);
        const { status, body } = await writes.send('PATCH', path, { ...change, '@iot.id': 12345 });
        expect([path, status]).toEqual([path, 200]);
        expect(body).toEqual({ ...before, ...change });
        expect(await writes.ok(path)).toEqual(body);
      }
      const near = `geo.distance(location,geography'POINT (114.05 -50)') lt 0.1`;
      expect(await writes.count(`/Locations?$filter=${near} and id eq ${town?.location}`)).toBe(1);
      expect((await writes.send('PATCH', '/Things(9223372036854775807)', { name: 'x' })).status).toBe(404);
    });

    it(`${REQ}/create-update-delete/update-entity: links are replaced or added to, entities are not made`, async () => {
      const [one, two] = await createTown(writes, 2);
      const path = `/Datastreams(${one?.datastream})`;
      const links = { Thing: id(two?.thing ?? 0), Sensor: id(two?.sensor ?? 0) };
      expect((await writes.send('PATCH', path, links)).status).toBe(200);
      expect(await writes.ok(`${path}?$expand=Thing,Sensor`)).toMatchObject(links);
      expect(await writes.count(`/Things(${two?.thing})/Datastreams`)).toBe(2);
      await writes.send('PATCH', `/Things(${one?.thing})`, { Datastreams: [id(one?.datastream ?? 0)] });
      expect(await writes.count(`/Things(${one?.thing})/Datastreams`)).toBe(1);
      for (const [target, body] of [
        [`/Things(${one?.thing})`, { Locations: [LOCATION] }],
        [`/Things(${one?.thing})`, { Datastreams: [DATASTREAM] }],
        [`/Sensors(${one?.sensor})`, { Datastreams: [{ ...DATASTREAM, Thing: id(one?.thing ?? 0) }] }],
        [path, { ObservedProperty: { ...OBSERVED_PROPERTY, '@iot.id': one?.observedProperty } }],
        [path, { Sensor: SENSOR }],
        [path, { Thing: {} }],
        [path, { Thing: null }],
        [path, { Observations: [{ result: 1 }] }],
        [path, { name: null }],
      ] as const) {
        expect([target, body, (await writes.send('PATCH', target, body)).status]).toEqual([
          target,
          body,
          400,
        ]);
      }
      const missing = await writes.send('PATCH', path, { name: 'Never', Thing: id(1e15) });
      expect(missing.status).toBe(404);
      expect(await writes.ok(path)).toMatchObject({ name: DATASTREAM.name });
    });

    it(`${REQ}/create-update-delete/update-entity: an Observation that moves to another month keeps its id`, async () => {
      const [town] = await createTown(writes);
      const into = `/Datastreams(${town?.datastream})/Observations`;
      const ids = [];
      for (const day of ['2020-01-10', '2020-01-20', '2020-01-30'])
        ids.push(await writes.create(into, { result: 1, phenomenonTime: `${day}T00:00:00Z` }));
      const moved = `/Observations(${ids[2]})`;
      const span = async () => (await writes.ok(`/Datastreams(${town?.datastream})`)).phenomenonTime;
      expect(await span()).toBe('2020-01-10T00:00:00Z/2020-01-30T00:00:00Z');
      await writes.send('PATCH', moved, { phenomenonTime: '2018-05-05T00:00:00Z' });
      expect(await writes.ok(moved)).toMatchObject({ phenomenonTime: '2018-05-05T00:00:00Z' });
      expect(await span()).toBe('2018-05-05T00:00:00Z/2020-01-20T00:00:00Z');
      expect(await writes.count(into)).toBe(3);
      // and is still changed and removed by it, also through its Datastream
      expect(
        (
          await writes.send('PUT', `${into}(${ids[2]})`, {
            result: 2,
            phenomenonTime: '2021-01-01T00:00:00Z',
          })
        ).status,
      ).toBe(200);
      expect(await span()).toBe('2020-01-10T00:00:00Z/2021-01-01T00:00:00Z');
      expect((await writes.send('DELETE', `${into}(${ids[2]})`)).status).toBe(200);
      expect((await writes.send('GET', moved)).status).toBe(404);
      expect(await span()).toBe('2020-01-10T00:00:00Z/2020-01-20T00:00:00Z');
      expect(await writes.count(into)).toBe(2);
    });

    it(`${REQ}/create-update-delete/update-entity-put`, async () => {
      const [town] = await createTown(writes);
      const observation = await writes.create(`/Datastreams(${town?.datastream})/Observations`, {
        result: 1,
        resultTime: '2020-01-01T00:00:00Z',
        parameters: { a: 1 },
      });
      const [history] = await writes.list(`/Things(${town?.thing})/HistoricalLocations`);
      await writes.send('PATCH', `/Things(${town?.thing})`, { properties: { a: 1 } });
      for (const [path, body] of [
        [`/Things(${town?.thing})`, { name: 'New', description: 'New' }],
        [`/Locations(${town?.location})`, { ...LOCATION, name: 'New' }],
        [`/HistoricalLocations(${idOf(history)})`, { time: '2015-07-01T00:00:00Z' }],
        [`/Sensors(${town?.sensor})`, { ...SENSOR, metadata: 'New' }],
        [`/ObservedProperties(${town?.observedProperty})`, { ...OBSERVED_PROPERTY, name: 'New' }],
        [`/Datastreams(${town?.datastream})`, { ...DATASTREAM, name: 'New' }],
        [`/Observations(${observation})`, { result: '99', phenomenonTime: '2015-08-01T00:40:00Z' }],
      ] as const) {
        const { status, body: changed } = await writes.send('PUT', path, body);
        expect([path, status]).toEqual([path, 200]);
        expect(changed).toMatchObject(body);
        expect(await writes.ok(path)).toEqual(changed);
        expect([path, changed.properties, changed.parameters]).toEqual([path, undefined, undefined]);
      }
      expect((await writes.ok(`/Observations(${observation})`)).resultTime).toBeNull();
      // links stay where they are not named
      expect(idOf(await writes.ok(`/Datastreams(${town?.datastream})/Thing`))).toBe(town?.thing);
      for (const [path, body] of [
        [`/Things(${town?.thing})`, { name: 'New' }],
        [`/Sensors(${town?.sensor})`, { name: 'New', description: '', encodingType: '' }],
        [`/Observations(${observation})`, { phenomenonTime: '2015-08-01T00:40:00Z' }],
      ] as const) {
        expect([path, (await writes.send('PUT', path, body)).status]).toEqual([path, 400]);
      }
      // of a name that is there twice the last counts
      const twice = await writes.send(
        'PUT',
        `/Things(${town?.thing})`,
        '{"name":"a","description":"x","name":"b"}',
      );
      expect([twice.status, twice.body.name]).toEqual([200, 'b']);
      expect((await writes.send('PUT', '/Things(1000000)', THING)).status).toBe(404);
    });

    it(`${REQ}/create-update-delete/update-entity-jsonpatch: is optional, and refused in words`, async () => {
      const thing = await writes.create('/Things', THING);
      const reply = await writes.send('PATCH', `/Things(${thing})`, [{ op: 'remove', path: '/properties' }], {
        headers: { 'content-type': 'application/json-patch+json' },
      });
      expect(reply.status).toBe(501);
      expect(reply.body.hint).toContain('application/json');
    });
  });

  describe('removing', () => {
    /** What is left of each set that hangs together with one Thing. */
    async function createFull() {
      const [town] = await createTown(writes);
      const observation = await writes.create(`/Datastreams(${town?.datastream})/Observations`, {
        result: 1,
      });
      const feature = idOf(await writes.ok(`/Observations(${observation})/FeatureOfInterest`));
      const [history] = await writes.list(`/Things(${town?.thing})/HistoricalLocations`);
      return {
        Things: town?.thing,
        Locations: town?.location,
        HistoricalLocations: idOf(history),
        Datastreams: town?.datastream,
        Sensors: town?.sensor,
        ObservedProperties: town?.observedProperty,
        Observations: observation,
        FeaturesOfInterest: feature,
      };
    }

    it.each([
      ['Things', ['HistoricalLocations', 'Datastreams', 'Observations']],
      ['Locations', ['HistoricalLocations']],
      ['HistoricalLocations', []],
      ['Datastreams', ['Observations']],
      ['Sensors', ['Datastreams', 'Observations']],
      ['ObservedProperties', ['Datastreams', 'Observations']],
      ['Observations', []],
      ['FeaturesOfInterest', ['Observations']],
    ] as const)(`${REQ}/create-update-delete/delete-entity: of %s go %j along`, async (set, along) => {
      const all = await createFull();
      const { status, text } = await writes.send('DELETE', `/${set}(${all[set]})`, undefined, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect([status, text]).toEqual([200, '']);
      const left = await Promise.all(
        Object.entries(all).map(async ([name, one]) => [
          name,
          (await writes.send('GET', `/${name}(${one})`)).status,
        ]),
      );
      expect(left).toEqual(
        Object.keys(all).map((name) => [
          name,
          name === set || (along as readonly string[]).includes(name) ? 404 : 200,
        ]),
      );
      const counts = await writes.test.database.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM audit WHERE action = 'delete' AND entity_id = ${String(all[set])}
          AND organisation_id = ${writes.organisation}`;
      expect(counts[0]?.n).toBeGreaterThan(0);
    });

    it(`${REQ}/create-update-delete/delete-entity`, async () => {
      for (const set of SETS) {
        for (const nobody of ['1000000000', '9223372036854775807'])
          expect((await writes.send('DELETE', `/${set}(${nobody})`)).status).toBe(404);
      }
      expect((await writes.send('DELETE', '/Things')).status).toBe(400);
      expect((await writes.send('DELETE', '/Things(1)/name')).status).toBe(400);
      const [one, two] = await createTown(writes, 2);
      const crooked = `/Things(${one?.thing})/Datastreams(${two?.datastream})`;
      expect((await writes.send('DELETE', crooked)).status).toBe(404);
      expect(
        (await writes.send('DELETE', `/Things(${one?.thing})/Datastreams(${one?.datastream})`)).status,
      ).toBe(200);
    });

    it(`${REQ}/create-update-delete/delete-entity: what a device measures into is held, and the device named`, async () => {
      const { sql } = writes.test.database;
      const all = await createFull();
      await sql`INSERT INTO places (thing_id, organisation_id, kind) VALUES (${all.Things ?? 0}, ${writes.organisation}, 'room')`;
      await sql`
        WITH d AS (
          INSERT INTO devices (organisation_id, dev_eui, state, name, sensor_id)
          VALUES (${writes.organisation}, 'a81758fffe0000cc', 'claimed', 'Probe 7', ${all.Sensors ?? 0}) RETURNING id
        ), a AS (
          INSERT INTO assignments (organisation_id, device_id, place_id, valid_from)
          SELECT ${writes.organisation}, id, ${all.Things ?? 0}, '2026-01-01' FROM d RETURNING id
        )
        INSERT INTO assignment_datastreams (assignment_id, property_key, channel, datastream_id)
        SELECT id, 'temperature', 0, ${all.Datastreams ?? 0} FROM a`;
      await sql`UPDATE datastreams SET feature_id = ${all.FeaturesOfInterest} WHERE id = ${all.Datastreams ?? 0}`;
      for (const set of [
        'Things',
        'Datastreams',
        'Sensors',
        'ObservedProperties',
        'FeaturesOfInterest',
      ] as const) {
        const reply = await writes.send('DELETE', `/${set}(${all[set]})`);
        expect([set, reply.status, reply.body.code]).toEqual([set, 409, 'IN_USE']);
        expect(reply.body.detail).toContain('Probe 7');
      }
      expect((await writes.send('GET', `/Observations(${all.Observations})`)).status).toBe(200);
    });
  });
});
