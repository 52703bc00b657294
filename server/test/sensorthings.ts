/** The SensorThings interface over the fixture's world, asked as a visitor would. */
import { expect } from 'vitest';
import { insertWorld } from '../src/sensorthings/world.fixture.ts';
import { createTestApp, type TestApp } from './app.ts';
import type { DatabaseKind } from './database.ts';

export const ROOT = 'https://torv.example.org/sta/v1.1';
export const REQ = 'http://www.opengis.net/spec/iot_sensing/1.1/req';

export type Json = Readonly<Record<string, unknown>>;

export interface SensorThings {
  readonly test: TestApp;
  /** @param path behind the version; spaces may stand as they are */
  get(
    path: string,
  ): Promise<{ readonly status: number; readonly text: string; readonly body: Json; readonly type: string }>;
  /** An answer with 200. */
  ok(path: string): Promise<Json>;
  /** The entities of a set. */
  list(path: string): Promise<readonly Json[]>;
  /** The ids of a set, in its order. */
  ids(path: string): Promise<readonly number[]>;
  /** Follows the links to next pages to the end. */
  walk(path: string): Promise<readonly Json[]>;
}

export async function createSensorThings(kind: DatabaseKind): Promise<SensorThings> {
  const test = await createTestApp(kind);
  await insertWorld(test.database.sql);
  const get: SensorThings['get'] = async (path) => {
    const url = path.startsWith('http') ? path.slice('https://torv.example.org'.length) : `/sta/v1.1${path}`;
    const response = await test.app.inject({ method: 'GET', url: url.replaceAll(' ', '%20') });
    const type = String(response.headers['content-type'] ?? '');
    return {
      status: response.statusCode,
      text: response.body,
      body: type.includes('json') && response.body !== '' ? (JSON.parse(response.body) as Json) : {},
      type,
    };
  };
  const ok: SensorThings['ok'] = async (path) => {
    const answer = await get(path);
    expect(answer.status, `${path}: ${answer.text}`).toBe(200);
    return answer.body;
  };
  const list: SensorThings['list'] = async (path) => (await ok(path)).value as Json[];
  return {
    test,
    get,
    ok,
    list,
    ids: async (path) => (await list(path)).map((entity) => Number(entity['@iot.id'])),
    async walk(path) {
      const all: Json[] = [];
      let next: string | undefined = path;
      for (let pages = 0; next !== undefined && pages < 200; pages++) {
        const page: Json = await ok(next);
        all.push(...(page.value as Json[]));
        next = page['@iot.nextLink'] as string | undefined;
      }
      return all;
    },
  };
}
