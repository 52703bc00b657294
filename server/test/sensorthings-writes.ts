/** The SensorThings interface as somebody who may write sees it: a key of one organisation, and a stranger's beside it. */
import { expect } from 'vitest';
import { createKey } from '../src/access/key-store.ts';
import { SYSTEM } from '../src/access/port.ts';
import { createOrganisation } from '../src/registry/organisation-store.ts';
import { createTestApp, type TestApp, type TestAppOptions } from './app.ts';
import type { DatabaseKind } from './database.ts';
import type { Json } from './sensorthings.ts';

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface SendOptions {
  /** Default: the writer's own key; undefined: nobody. */
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Writes {
  readonly test: TestApp;
  readonly organisation: number;
  readonly strangers: number;
  /** Keys with the scopes read and write. */
  readonly key: string;
  readonly strangersKey: string;
  /** @param body text as it is, anything else as JSON */
  send(method: Method, path: string, body?: unknown, options?: SendOptions): Promise<Reply>;
  /** An answer with 201. @returns the id in its Location */
  create(path: string, body: unknown): Promise<number>;
  /** An answer with 200. */
  ok(path: string): Promise<Json>;
  list(path: string): Promise<readonly Json[]>;
  count(path: string): Promise<number>;
}

async function makeOrganisation(test: TestApp, slug: string): Promise<{ id: number; key: string }> {
  return test.database.sql.begin(async (tx) => {
    const { id } = await createOrganisation(tx, SYSTEM, {
      slug,
      name: slug,
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
    });
    const { text } = await createKey(tx, SYSTEM, id, {
      name: 'test',
      scopes: ['read', 'write'],
      expiresAt: null,
    });
    return { id, key: text };
  });
}

export async function createWrites(kind: DatabaseKind, options: TestAppOptions = {}): Promise<Writes> {
  const test = await createTestApp(kind, options);
  const own = await makeOrganisation(test, 'own');
  const stranger = await makeOrganisation(test, 'stranger');
  const send: Writes['send'] = async (method, path, body, { headers = {}, ...rest } = {}) => {
    const key = 'key' in rest ? rest.key : own.key;
    const url = path.startsWith('http') ? path.slice('https://torv.example.org'.length) : `/sta/v1.1${path}`;
    const response = await test.app.inject({
      method,
      url: url.replaceAll(' ', '%20'),
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const isJson = String(response.headers['content-type'] ?? '').includes('json') && response.body !== '';
    return {
      status: response.statusCode,
      text: response.body,
      body: isJson ? (JSON.parse(response.body) as Json) : {},
      headers: response.headers,
    };
  };
  const ok: Writes['ok'] = async (path) => {
    const reply = await send('GET', path);
    expect(reply.status, `${path}: ${reply.text}`).toBe(200);
    return reply.body;
  };
  const list: Writes['list'] = async (path) => (await ok(path)).value as Json[];
  return {
    test,
    organisation: own.id,
    strangers: stranger.id,
    key: own.key,
    strangersKey: stranger.key,
    send,
    ok,
    list,
    async create(path, body) {
      const reply = await send('POST', path, body);
      expect(reply.status, `${path}: ${reply.text}`).toBe(201);
      return Number(/\((\d+)\)$/.exec(String(reply.headers.location))?.[1]);
    },
    count: async (path) =>
      Number((await ok(`${path}${path.includes('?') ? '&' : '?'}$count=true&$top=0`))['@iot.count']),
  };
}

// Bodies -----------------------------------------------------------------------------------------------------

export const THING = { name: 'Oven', description: 'It bakes.' };
export const LOCATION = {
  name: 'Kitchen',
  description: 'Where it stands',
  encodingType: 'application/geo+json',
  location: { type: 'Point', coordinates: [10.2, 56.1] },
};
export const SENSOR = {
  name: 'DS18B20',
  description: 'A thermometer',
  encodingType: 'application/pdf',
  metadata: 'https://example.org/ds18b20.pdf',
};
export const OBSERVED_PROPERTY = {
  name: 'Dew point',
  definition: 'https://example.org/dew-point',
  description: 'Where dew forms',
};
export const FEATURE = {
  name: 'Field',
  description: 'A field',
  encodingType: 'application/vnd.geo+json',
  feature: {
    type: 'Feature',
    properties: {},
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [10, 56],
          [11, 56],
          [11, 57],
          [10, 56],
        ],
      ],
    },
  },
};
export const DATASTREAM = {
  name: 'Oven temperature',
  description: 'Inside',
  observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
  unitOfMeasurement: { name: 'degree Celsius', symbol: '°C', definition: 'ucum:Cel' },
};

/** A Thing in a place with one Datastream of its own. */
export async function createTown(
  writes: Writes,
  things = 1,
): Promise<
  readonly {
    readonly thing: number;
    readonly location: number;
    readonly datastream: number;
    readonly sensor: number;
    readonly observedProperty: number;
  }[]
> {
  const town = [];
  for (let i = 0; i < things; i++) {
    const thing = await writes.create('/Things', {
      ...THING,
      Locations: [LOCATION],
      Datastreams: [{ ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY }],
    });
    const [datastream] = await writes.list(`/Things(${thing})/Datastreams?$expand=Sensor,ObservedProperty`);
    const [location] = await writes.list(`/Things(${thing})/Locations`);
    const idOf = (json: unknown) => Number((json as Json | undefined)?.['@iot.id']);
    town.push({
      thing,
      location: idOf(location),
      datastream: idOf(datastream),
      sensor: idOf(datastream?.Sensor),
      observedProperty: idOf(datastream?.ObservedProperty),
    });
  }
  return town;
}
