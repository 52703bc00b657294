/** Devices and places over HTTP as staff change them: moved, replaced, taken down, read again, deleted; two at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncObservedProperties } from '../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import { createTestApp, type TestApp } from './app.ts';
import { DATABASE_KINDS } from './database.ts';
import { CODECS } from './ingest/town.ts';
import { type Answer, ask, expectStatus, type Founded, found } from './people.ts';
import { until } from './until.ts';

const at = (day: number, hour = 8) =>
  new Date(Date.UTC(2026, 2, day, hour)).toISOString().replace('.000Z', 'Z');
const NO_SENSOR = 'ff';
let devices = 0;

describe.each(DATABASE_KINDS)('the registry over HTTP on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    await syncShippedCodecs(test.database.sql, CODECS);
    founder = await found(test);
  });
  afterAll(() => test?.close());

  const call = (method: Parameters<typeof ask>[1], path: string, body?: unknown, version?: number) =>
    ask(test, method, `/api/v1/${path}`, {
      session: founder.session,
      ...(body === undefined ? {} : { body }),
      ...(version === undefined ? {} : { version }),
    });
  const query = () => `organisation=${founder.organisationId}`;
  async function addPlace(name: string, more: object = {}): Promise<{ id: number; version: number }> {
    const answer = await call('POST', `places?${query()}`, { name, kind: 'point', ...more });
    return expectStatus(answer, 201).body as { id: number; version: number };
  }
  const toDevEui = () => `a81758fffe12${String(++devices).padStart(4, '0')}`;
  async function claim(placeId: number, devEui = toDevEui(), codec = 'elsys/ers'): Promise<Device> {
    const body = { devEui, codec, placeId, from: at(1, 0) };
    const answer = await call('POST', `devices/claim?${query()}`, body);
    return (expectStatus(answer, 201).body as { device: Device }).device;
  }
  interface Device {
    readonly id: number;
    readonly devEui: string;
    readonly version: number;
  }
  const getDevice = async (id: number) =>
    expectStatus(await call('GET', `devices/${id}`), 200).body as unknown as Device & Record<string, unknown>;

  /** 21.5 degrees at each of these times. */
  async function hear(devEui: string, times: readonly string[], payload = '0100d7'): Promise<void> {
    await test.runtime.batcher.accept(
      times.map((networkTime) => ({
        organisationId: founder.organisationId,
        sourceId: null,
        arrivedAt: networkTime,
        uplink: {
          devEui,
          fCnt: Date.parse(networkTime) / 3_600_000 - 490_000,
          fPort: 5,
          payload,
          networkTime,
          clock: 'network-server' as const,
          receptions: [],
        },
      })),
    );
  }
  const timesIn = async (placeId: number): Promise<string[]> => {
    const path = `places/${placeId}/series?property=air_temperature&from=${at(1, 0)}&to=2026-04-01T00:00:00Z&points=2000`;
    const { body } = expectStatus(await call('GET', path), 200);
    const series = body.series as { points: [string, ...unknown[]][] }[];
    return series.flatMap(({ points }) => points.map(([t]) => t.replace('.000Z', 'Z'))).sort();
  };
  const expectConflict = (answer: Answer, current: object) => {
    expect([answer.status, answer.body.code]).toEqual([412, 'VERSION_CONFLICT']);
    expect(answer.body.current).toMatchObject(current);
  };

  describe('a device', () => {
    it('that is moved back in time takes its readings along, and leaves what was before', async () => {
      const [old, next] = [await addPlace('A'), await addPlace('B')];
      const device = await claim(old.id);
      await hear(device.devEui, [at(2), at(3), at(4), at(5)]);
      const { version } = await getDevice(device.id);
      const moved = await call(
        'POST',
        `devices/${device.id}/move`,
        { placeId: next.id, from: at(4, 0) },
        version,
      );
      expectStatus(moved, 200);
      expect(await timesIn(old.id)).toEqual([at(2), at(3)]);
      expect(await timesIn(next.id)).toEqual([at(4), at(5)]);
      await hear(device.devEui, [at(3, 12), at(6)]);
      expect(await timesIn(old.id)).toEqual([at(2), at(3), at(3, 12)]);
      expect(await timesIn(next.id)).toEqual([at(4), at(5), at(6)]);
      const there = await getDevice(device.id);
      expect(there).toMatchObject({ state: 'claimed', place: { id: next.id } });
      expect(there.assignments).toMatchObject([
        { placeId: next.id, from: at(4, 0), until: null },
        { placeId: old.id, from: at(1, 0), until: at(4, 0) },
      ]);
    });

    it('is moved to no place that is not there, and at no time that is none', async () => {
      const device = await claim((await addPlace('C')).id);
      const move = (body: object) => call('POST', `devices/${device.id}/move`, body, device.version);
      expect((await move({ placeId: 999_999, from: at(4) })).status).toBe(404);
      const wrong = await move({ placeId: 1, from: 'yesterday' });
      expect([wrong.status, wrong.body.at]).toEqual([400, 'from']);
      expect((await call('POST', `devices/${device.id}/move`, { placeId: 1, from: at(4) })).status).toBe(428);
    });

    it('that two people move at the same moment goes where one of them said, and the other learns it', async () => {
      const [home, left, right] = [await addPlace('Home'), await addPlace('Left'), await addPlace('Right')];
      const device = await claim(home.id);
      await hear(device.devEui, [at(2), at(5)]);
      const { version } = await getDevice(device.id);
      const answers = await Promise.all(
        [left, right].map(({ id }) =>
          call('POST', `devices/${device.id}/move`, { placeId: id, from: at(4, 0) }, version),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
      const place = answers[0]?.status === 200 ? left : right;
      expect(await getDevice(device.id)).toMatchObject({ place: { id: place.id } });
      for (const answer of answers)
        if (answer.status === 412) expectConflict(answer, { place: { id: place.id } });
      expect(await timesIn(place.id)).toEqual([at(5)]);
    });

    it('that is replaced hands the room over, and the change is marked in its series', async () => {
      const room = await addPlace('D');
      const old = await claim(room.id);
      await hear(old.devEui, [at(2), at(3)]);
      const next = toDevEui();
      // it measured on the table already, and goes on there for a while
      await hear(next, [at(3, 12), at(5)]);
      const { version } = await getDevice(old.id);
      const body = { devEui: next, codec: 'elsys/ers', serial: 'S-2', at: at(4, 0) };
      const replaced = expectStatus(await call('POST', `devices/${old.id}/replace`, body, version), 200);
      expect(replaced.body).toMatchObject({
        device: { devEui: next, serial: 'S-2', place: { id: room.id } },
      });
      await test.runtime.sweepNow();
      await hear(old.devEui, [at(4, 12)]);
      expect(await timesIn(room.id)).toEqual([at(2), at(3), at(5)]);
      expect(await getDevice(old.id)).toMatchObject({ state: 'retired', place: null });
      const path = `places/${room.id}/series?property=air_temperature&from=${at(1, 0)}&to=${at(9)}`;
      const { body: series } = await call('GET', path);
      expect(series.markers).toMatchObject([{ t: at(4, 0), kind: 'sensor-replaced' }]);
    });

    it('is not replaced by itself, nor by one that hangs elsewhere', async () => {
      const [here, there] = [await addPlace('E'), await addPlace('F')];
      const [device, other] = [await claim(here.id), await claim(there.id)];
      const replace = (devEui: string) =>
        call(
          'POST',
          `devices/${device.id}/replace`,
          { devEui, codec: 'elsys/ers', at: at(4) },
          device.version,
        );
      expect((await replace(other.devEui)).body).toMatchObject({ status: 409, code: 'EXISTS', at: 'devEui' });
      expect((await replace(device.devEui)).body).toMatchObject({ status: 400, at: 'devEui' });
      expect(await getDevice(device.id)).toMatchObject({ state: 'claimed', version: device.version });
    });

    it('that is taken down measures nowhere from then on, and can be mounted again', async () => {
      const [old, next] = [await addPlace('G'), await addPlace('H')];
      const device = await claim(old.id);
      await hear(device.devEui, [at(2), at(3), at(5)]);
      const { version } = await getDevice(device.id);
      const retired = expectStatus(
        await call('POST', `devices/${device.id}/retire`, { at: at(4) }, version),
        200,
      );
      expect(retired.body).toMatchObject({ state: 'retired', place: null });
      await hear(device.devEui, [at(6)]);
      expect(await timesIn(old.id)).toEqual([at(2), at(3)]);
      expectConflict(await call('POST', `devices/${device.id}/retire`, { at: at(2) }, version), {
        state: 'retired',
      });
      const again = (await getDevice(device.id)).version;
      expectStatus(
        await call('POST', `devices/${device.id}/move`, { placeId: next.id, from: at(5, 0) }, again),
        200,
      );
      await test.runtime.sweepNow();
      expect(await timesIn(next.id)).toEqual([at(5), at(6)]);
      expect(await timesIn(old.id)).toEqual([at(2), at(3)]);
    });

    it('has its rejected frames read again with the codec that it has now', async () => {
      const room = await addPlace('I');
      const own = {
        ...{ key: 'own/one', vendor: 'Own', model: 'One', title: 'One', vectors: [] },
        mapping: [{ field: '/t', property: 'air_temperature', unit: 'Cel' }],
      };
      const script = (data: string) => `function decodeUplink(input) { ${data} }`;
      const first = await call('POST', `codecs?${query()}`, {
        ...own,
        script: script(
          `if (input.bytes[0] === 255) return { errors: ['no sensor'] }; return { data: { t: 20 } };`,
        ),
      });
      expectStatus(first, 201);
      const device = await claim(room.id, toDevEui(), 'own/one');
      await hear(device.devEui, [at(2)], '01');
      await hear(device.devEui, [at(3), at(4)], NO_SENSOR);
      const frames = async () =>
        (
          (await call('GET', `devices/${device.id}/frames`)).body.frames as {
            state: string;
            reason: string;
          }[]
        ).map(({ state, reason }) => [state, reason]);
      expect(await frames()).toEqual([
        ['rejected', 'no sensor'],
        ['rejected', 'no sensor'],
        ['decoded', null],
      ]);
      const replay = async () => expectStatus(await call('POST', `devices/${device.id}/replay`), 200).body;
      expect(await replay()).toEqual({ pending: 2 });
      await test.runtime.sweepNow();
      expect((await frames()).map(([state]) => state)).toEqual(['rejected', 'rejected', 'decoded']);

      const { body } = await call('GET', `codecs?${query()}`);
      const { version } = (body.codecs as { key: string; version: number }[]).find(
        (c) => c.key === 'own/one',
      ) ?? { version: 0 };
      const mended = await call(
        'POST',
        `codecs?${query()}`,
        { ...own, script: script('return { data: { t: 21 } };') },
        version,
      );
      expectStatus(mended, 201);
      expect(await replay()).toEqual({ pending: 2 });
      await until(async () => (await timesIn(room.id)).length === 3);
      expect(await frames()).toEqual(Array(3).fill(['decoded', null]));
      expect((await getDevice(device.id)).status).toMatchObject({ frames: 3, rejected: 0 });
      expect(await replay()).toEqual({ pending: 0 });
      const waiting = toDevEui();
      await hear(waiting, [at(2)]);
      const inbox = (await call('GET', `devices?${query()}&state=waiting`)).body.devices as Device[];
      const id = inbox.find((one) => one.devEui === waiting)?.id;
      expect((await call('POST', `devices/${id}/replay`)).status).toBe(400);
    });

    it('that somebody changed meanwhile is shown as it is now, and stays', async () => {
      const device = await claim((await addPlace('J')).id);
      const url = `devices/${device.id}`;
      expectStatus(await call('PATCH', url, { notes: 'Batteriet er nyt' }, device.version), 200);
      expectConflict(await call('PATCH', url, { notes: 'Hænger skævt' }, device.version), {
        notes: 'Batteriet er nyt',
        version: device.version + 1,
      });
      expectConflict(await call('POST', `${url}/codec`, { codec: 'elsys/ems' }, device.version), {
        codec: { key: 'elsys/ers' },
      });
      expect(await getDevice(device.id)).toMatchObject({
        notes: 'Batteriet er nyt',
        codec: { key: 'elsys/ers' },
      });
      const changed = await call('POST', `${url}/codec`, { codec: 'elsys/ems' }, device.version + 1);
      expect(changed.body).toMatchObject({ codec: { key: 'elsys/ems' }, version: device.version + 2 });
    });
  });

  describe('a place', () => {
    it('with nothing in it is deleted, with its position, and only once', async () => {
      const place = await addPlace('Gone', { position: [10.2, 56.1] });
      const url = `places/${place.id}`;
      expect((await call('DELETE', url)).status).toBe(428);
      expectStatus(await call('DELETE', url, undefined, place.version), 204);
      expect((await call('GET', url)).status).toBe(404);
      expect((await call('DELETE', url, undefined, place.version)).status).toBe(404);
      const left = await test.database.sql`
        SELECT FROM locations WHERE organisation_id = ${founder.organisationId} AND name = 'Gone'`;
      expect(left).toHaveLength(0);
      const [audit] = await test.database.sql`
        SELECT action, before->>'name' AS name FROM audit WHERE entity = 'place' AND entity_id = ${String(place.id)} ORDER BY id DESC LIMIT 1`;
      expect(audit).toEqual({ action: 'delete', name: 'Gone' });
    });

    it('keeps what it inherited from above when a place below is deleted', async () => {
      const site = await addPlace('Skole', { kind: 'site', position: [10.3, 56.2] });
      const room = await addPlace('Rum', { kind: 'room', parentId: site.id });
      expectStatus(await call('DELETE', `places/${room.id}`, undefined, room.version), 204);
      expect((await call('GET', `places/${site.id}`)).body).toMatchObject({
        position: [10.3, 56.2],
        children: [],
      });
    });

    it('with places, devices, readings or groups is not deleted, and the answer says what stands in the way', async () => {
      const site = await addPlace('Skolen', { kind: 'site' });
      const room = await addPlace('Lokale', { kind: 'room', parentId: site.id });
      const group = { siteId: site.id, years: [{ schoolYear: 2026, name: '7A', people: 20 }], rooms: [] };
      expectStatus(await call('POST', `groups?${query()}`, group), 201);
      const device = await claim(room.id);
      await hear(device.devEui, [at(2)]);
      const refuse = async (place: { id: number; version: number }) => {
        const { status, body } = await call('DELETE', `places/${place.id}`, undefined, place.version);
        expect([status, body.code]).toEqual([409, 'IN_USE']);
        return String(body.detail);
      };
      expect(await refuse(site)).toBe('Skolen cannot be deleted: it has 1 places inside it, 1 groups.');
      expect(await refuse(room)).toBe(
        'Lokale cannot be deleted: it has 1 devices that measure or measured here.',
      );
      // Taken down it measured there all the same; with no assignment left its readings still stand in the way.
      const { version } = await getDevice(device.id);
      expectStatus(await call('POST', `devices/${device.id}/retire`, { at: at(3) }, version), 200);
      expect(await refuse(room)).toContain('1 devices that measure or measured here');
      await test.database.sql`DELETE FROM assignments WHERE device_id = ${device.id}`;
      expect(await refuse(room)).toContain('Datastreams');
      expect(await timesIn(room.id)).toEqual([at(2)]);
    });

    it('that somebody changed meanwhile is neither changed nor deleted, and the answer shows it as it is now', async () => {
      const place = await addPlace('Sal', { floor: '1' });
      const url = `places/${place.id}`;
      expectStatus(await call('PATCH', url, { floor: '2' }, place.version), 200);
      const now = { floor: '2', name: 'Sal', version: place.version + 1 };
      expectConflict(await call('PATCH', url, { name: 'Festsal' }, place.version), now);
      expectConflict(await call('DELETE', url, undefined, place.version), now);
      expect((await call('GET', url)).body).toMatchObject(now);
    });

    it('that two people change at the same moment keeps one text, and shows it to the other', async () => {
      const place = await addPlace('Begge');
      const names = ['Første', 'Anden', 'Tredje'];
      const answers = await Promise.all(
        names.map((name) => call('PATCH', `places/${place.id}`, { name }, place.version)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
      const name = names[answers.findIndex(({ status }) => status === 200)];
      for (const answer of answers) if (answer.status === 412) expectConflict(answer, { name });
    });
  });
});
