/** A.1 Sensing core: every entity has its properties, its relations and the common control information. */
import { MODEL } from '@torv/core/sta/model';
import { V1_1 } from '@torv/core/sta/version';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { createSensorThings, REQ, ROOT, type SensorThings } from '../sensorthings.ts';

/** Written by hand from the standard, apart from the table that the code uses. */
const ENTITIES = [
  ['thing', 'Things', ['name', 'description'], ['properties'], ['Locations', 'HistoricalLocations', 'Datastreams']],
  ['location', 'Locations', ['name', 'description', 'encodingType', 'location'], ['properties'], ['Things', 'HistoricalLocations']],
  ['historical-location', 'HistoricalLocations', ['time'], [], ['Thing', 'Locations']],
  ['datastream', 'Datastreams', ['name', 'description', 'unitOfMeasurement', 'observationType'], ['properties', 'observedArea', 'phenomenonTime', 'resultTime'], ['Thing', 'Sensor', 'ObservedProperty', 'Observations']],
  ['sensor', 'Sensors', ['name', 'description', 'encodingType', 'metadata'], ['properties'], ['Datastreams']],
  ['observed-property', 'ObservedProperties', ['name', 'definition', 'description'], ['properties'], ['Datastreams']],
  ['observation', 'Observations', ['phenomenonTime', 'result', 'resultTime'], ['resultQuality', 'validTime', 'parameters'], ['Datastream', 'FeatureOfInterest']],
  ['feature-of-interest', 'FeaturesOfInterest', ['name', 'description', 'encodingType', 'feature'], ['properties'], ['Observations']],
] as const; // biome-ignore format: a table

describe.each(DATABASE_KINDS)('Sensing core on %s', (kind) => {
  let sta: SensorThings;
  beforeAll(async () => {
    sta = await createSensorThings(kind);
  }, 180_000);
  afterAll(() => sta?.test.close());

  it.each(ENTITIES)(`${REQ}/datamodel/%s/properties`, async (_name, set, mandatory, optional) => {
    const entities = await sta.list(`/${set}`);
    expect(entities.length).toBeGreaterThan(0);
    for (const entity of entities) {
      for (const property of mandatory)
        expect(entity, `${set} without ${property}`).toHaveProperty([property]);
      const own = Object.keys(entity).filter((key) => !key.includes('@iot.'));
      expect(own.filter((key) => !([...mandatory, ...optional] as string[]).includes(key))).toEqual([]);
    }
    for (const property of optional) {
      if (property === 'observedArea') continue; // the fixture has none
      const shown = entities.some((entity) => entity[property] !== undefined);
      expect([property, shown || property === 'properties']).toEqual([property, true]);
    }
  });

  it.each(ENTITIES)(`${REQ}/datamodel/%s/relations`, async (_name, set, _mandatory, _optional, links) => {
    for (const entity of await sta.list(`/${set}`)) {
      for (const link of links) {
        const address = String(entity[`${link}@iot.navigationLink`]);
        const { status } = await sta.get(address);
        // an Observation of a place without a Location has no feature
        const mayMiss = link === 'FeatureOfInterest' || link === 'Sensor';
        expect([address, status === 200 || (mayMiss && status === 404)]).toEqual([address, true]);
      }
    }
  });

  it(`${REQ}/datamodel/entity-control-information/common-control-information`, async () => {
    for (const [, set, , , links] of ENTITIES) {
      for (const entity of await sta.list(`/${set}`)) {
        const id = Number(entity['@iot.id']);
        expect(Number.isSafeInteger(id)).toBe(true);
        expect(entity['@iot.selfLink']).toBe(`${ROOT}/${set}(${id})`);
        expect(await sta.ok(String(entity['@iot.selfLink']))).toEqual(entity);
        for (const link of links) expect(entity).toHaveProperty([`${link}@iot.navigationLink`]);
      }
    }
  });

  it('has in the model table what the standard has, and nothing else', () => {
    const ofTable = Object.keys(MODEL).map((key) => {
      const names = V1_1.entities[key as keyof typeof MODEL];
      return [
        names.set,
        [...names.properties.values()].filter((name) => name !== 'id').sort(),
        [...names.links.values()].sort(),
      ];
    });
    const ofStandard = ENTITIES.map(([, set, mandatory, optional, links]) => [
      set,
      [...mandatory, ...optional].sort(),
      [...links].sort(),
    ]);
    expect(ofTable.sort()).toEqual(ofStandard.sort());
  });

  it('returns JSON and results as they were sent', async () => {
    const { text } = await sta.get('/Observations?$top=100');
    for (const result of [
      '1.0',
      '9007199254740993',
      '{"a":1,"b":{"c":"x"}}',
      '[1,2,[3]]',
      'null',
      'true',
      '"12"',
      '8',
    ])
      expect(text).toContain(`"result":${result}`);
    expect((await sta.get('/Things(1)')).text).toContain(
      '"properties":{"floor":1,"uses":["class","exam"],"isNew":true,"size":{"m2":60.5}}',
    );
    expect((await sta.get('/Locations(1)')).text).toContain('{"type":"Point","coordinates":[10,55]}');
  });

  it('gives an Observation without a feature of its own the feature of its Datastream', async () => {
    const [observation] = await sta.list('/Observations?$filter=result eq 2&$expand=FeatureOfInterest');
    expect(observation?.FeatureOfInterest).toMatchObject({ name: 'Room 1' });
  });
});
