/** The inbox, claiming by rule and taking it back, through the whole application on both kinds of database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS, SILENT } from '../../test/database.ts';
import { type Ears, openEars } from '../../test/heard.ts';
import { ask, expectStatus, type Founded, found, join, type Person } from '../../test/people.ts';
import { claimAutomatically } from './automatic-claims.ts';

const TIMES = ['2026-03-02T08:00:00Z', '2026-03-02T08:10:00Z', '2026-03-02T08:20:00Z'];
const eui = (n: number) => n.toString(16).padStart(16, '0');

describe.each(DATABASE_KINDS)('claiming on %s', (kind) => {
  let test: TestApp;
  let ears: Ears;
  let admin: Founded;
  let viewer: Person;
  let stranger: Founded['session'];
  let org: string;
  const rooms = new Map<string, number>();

  beforeAll(async () => {
    test = await createTestApp(kind, { sweeps: false });
    ears = await openEars(test.database);
    admin = await found(test);
    viewer = await join(test, admin.session, admin.organisationId, 'viewer', 'viewer@skaering.example');
    org = `organisation=${admin.organisationId}`;
    const other = expectStatus(
      await ask(test, 'POST', '/api/v1/organisations', {
        session: admin.session,
        body: { name: 'Another', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
      }),
      201,
    );
    stranger = (await join(test, admin.session, Number(other.body.id), 'editor', 'stranger@another.example'))
      .session;
    for (const school of ['Nordskolen', 'Sydskolen']) {
      const site = await post(`/api/v1/places?${org}`, { name: school, kind: 'site' });
      for (const room of [1, 2, 3]) {
        const made = await post(`/api/v1/places?${org}`, {
          name: `Lokale ${room}`,
          kind: 'room',
          parentId: site.id,
        });
        rooms.set(`${school}/${room}`, Number(made.id));
      }
    }
    await ears.hear(
      admin.organisationId,
      ['nord', 'syd'].flatMap((school, s) =>
        [1, 2, 3, 4].map((room) => ({
          devEui: eui(s * 16 + room),
          name: `skole-${school}-lokale-${room}`,
          profile: 'ELSYS ERS CO2',
          tags: { skole: school },
          times: TIMES,
        })),
      ),
    );
    await ears.hear(admin.organisationId, [
      { devEui: eui(99), name: 'bin', profile: 'Unknown maker', times: TIMES },
    ]);
  }, 180_000);
  afterAll(async () => {
    await ears?.close();
    await test?.close();
  });

  const send = (method: 'POST' | 'PATCH' | 'DELETE', url: string, body: unknown, version?: number) =>
    ask(test, method, url, {
      session: admin.session,
      ...(body === undefined ? {} : { body }),
      ...(version === undefined ? {} : { version }),
    });
  async function post(url: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    const answer = await send('POST', url, body);
    if (answer.status >= 300) throw new Error(`${url}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
  const get = async (url: string) =>
    expectStatus(await ask(test, 'GET', url, { session: admin.session }), 200).body;
  const inbox = async () =>
    (await get(`/api/v1/inbox?${org}`)).devices as {
      id: number;
      devEui: string;
      frames: number;
      lastPayload: string;
      suggestedCodec: string | null;
      heard: { name: string };
    }[];

  it('shows what waits with what the network server calls it and a codec by its profile', async () => {
    const devices = await inbox();
    expect(devices).toHaveLength(9);
    expect(devices.find((d) => d.devEui === eui(1))).toMatchObject({
      frames: 3,
      suggestedCodec: 'elsys/ers-co2',
      lastPayload: '0100da0230040110050d0605dc070e4c',
      heard: { name: 'skole-nord-lokale-1', profile: 'ELSYS ERS CO2', tags: { skole: 'nord' } },
    });
    expect(devices.find((d) => d.devEui === eui(99))?.suggestedCodec).toBeNull();
  });

  it('previews the readings of a codec and writes nothing', async () => {
    const device = (await inbox()).find((d) => d.devEui === eui(1));
    const preview = (await post('/api/v1/inbox/preview', {
      deviceId: device?.id,
      codec: 'elsys/ers-co2',
    })) as { frames: { reason: string | null; readings: { property: string; value: number }[] }[] };
    expect(preview.frames).toHaveLength(3);
    expect(preview.frames[0]?.readings).toContainEqual(
      expect.objectContaining({ property: 'co2', value: 1500, unit: '[ppm]' }),
    );
    const [count] = await test.database.sql`SELECT count(*)::int AS n FROM observations`;
    expect(count?.n).toBe(0);
    expect(
      (await send('POST', '/api/v1/inbox/preview', { deviceId: device?.id, codec: 'no/such' })).status,
    ).toBe(404);
  });

  it('shows viewers the inbox but lets them change nothing, and strangers see nothing at all', async () => {
    expect((await ask(test, 'GET', `/api/v1/inbox?${org}`, { session: viewer.session })).status).toBe(200);
    for (const url of [
      `/api/v1/claim-rules?${org}`,
      `/api/v1/claim-rules/apply?${org}`,
      `/api/v1/claim-rules/preview?${org}`,
    ]) {
      const body = url.includes('?') && !url.includes('/apply') ? { name: 'x', codec: 'a/b' } : {};
      expect((await ask(test, 'POST', url, { session: viewer.session, body })).status).toBe(403);
    }
    for (const url of [
      `/api/v1/inbox?${org}`,
      `/api/v1/claim-rules?${org}`,
      `/api/v1/claim-batches?${org}`,
      `/api/v1/groups?${org}`,
    ]) {
      expect((await ask(test, 'GET', url, { session: stranger })).status).toBe(404);
      expect((await ask(test, 'GET', url)).status).toBe(401);
    }
    const apply = await ask(test, 'POST', `/api/v1/claim-rules/apply?${org}`, {
      session: stranger,
      body: {},
    });
    expect(apply.status).toBe(404);
  });

  it('says where a pattern is wrong and keeps nothing of it', async () => {
    const answer = await send('POST', `/api/v1/claim-rules?${org}`, {
      name: 'Wrong',
      codec: 'elsys/ers-co2',
      namePattern: 'skole-{school',
    });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'BAD_BODY', at: 'body/namePattern' });
    expect((await get(`/api/v1/claim-rules?${org}`)).rules).toEqual([]);
  });

  it('previews, claims a selection, and leaves the rest with its reasons', async () => {
    const codecRule = await post(`/api/v1/claim-rules?${org}`, {
      name: 'Air sensors',
      profilePattern: '*ERS CO2*',
      codec: 'elsys/ers-co2',
    });
    await post(`/api/v1/claim-rules?${org}`, {
      name: 'Rooms',
      namePattern: 'skole-{school}-lokale-{room:number}',
      placeBy: 'path',
      placeTemplate: '{school}skolen/Lokale {room}',
      nameTemplate: 'Luft {room}',
    });
    const changed = await send('PATCH', `/api/v1/claim-rules/${codecRule.id}`, { name: 'Air' }, 1);
    expect(changed.body).toMatchObject({ name: 'Air', version: 2, codec: 'elsys/ers-co2' });
    const late = await send('PATCH', `/api/v1/claim-rules/${codecRule.id}`, { name: 'Late' }, 1);
    expect(late.status).toBe(412);

    const { devices } = (await post(`/api/v1/claim-rules/preview?${org}`, {})) as {
      devices: { deviceId: number; devEui: string; obstacles: { why: string; text: string }[] }[];
    };
    expect(devices.filter((d) => d.obstacles.length === 0)).toHaveLength(6);
    expect(devices.find((d) => d.devEui === eui(4))?.obstacles).toEqual([
      { why: 'no-place', text: 'nordskolen/Lokale 4' },
    ]);
    const nord = devices.filter((d) => d.devEui <= eui(4)).map((d) => d.deviceId);
    const applied = await post(`/api/v1/claim-rules/apply?${org}`, { deviceIds: nord });
    expect(applied).toMatchObject({ claimed: 3, left: 1, pending: 9 });
    expect(await ears.sweep()).toBe(3 * 3 * 5);

    const mounted = (await get(`/api/v1/devices?${org}&place=${rooms.get('Nordskolen/2')}`)).devices as {
      id: number;
      name: string;
      state: string;
      codec: { key: string; battery: unknown };
      place: { from: string };
      expectedIntervalS: number;
    }[];
    expect(mounted).toMatchObject([
      {
        name: 'Luft 2',
        state: 'claimed',
        codec: { key: 'elsys/ers-co2', battery: { fullV: 3.6, emptyV: 2.8 } },
        expectedIntervalS: 600,
        place: { from: '2026-03-02T08:00:00Z' },
      },
    ]);
    expect(await inbox()).toHaveLength(6);
  });

  it('takes a batch back except what somebody has changed since, and decodes it the same the next time', async () => {
    const batches = (await get(`/api/v1/claim-batches?${org}`)).batches as { id: number; devices: number }[];
    expect(batches).toMatchObject([{ devices: 3, undone: 0, automatic: false }]);
    const [mounted] = (await get(`/api/v1/devices?${org}&place=${rooms.get('Nordskolen/1')}`)).devices as {
      id: number;
      version: number;
    }[];
    expectStatus(
      await send('PATCH', `/api/v1/devices/${mounted?.id}`, { notes: 'Above the door' }, mounted?.version),
      200,
    );
    const undone = await post(`/api/v1/claim-batches/${batches[0]?.id}/undo`, undefined);
    expect(undone).toEqual({
      undone: 2,
      readings: 2 * 3 * 5,
      refused: [{ deviceId: mounted?.id, name: 'Luft 1', why: 'changed' }],
    });
    expect(await inbox()).toHaveLength(8);
    const { sql } = test.database;
    const [left] = await sql`SELECT (SELECT count(*)::int FROM observations) AS observations,
      (SELECT count(*)::int FROM sensors) AS sensors, (SELECT count(*)::int FROM assignments) AS assignments,
      (SELECT count(*)::int FROM uplinks WHERE state = 3) AS waiting`;
    expect(left).toEqual({ observations: 15, sensors: 1, assignments: 1, waiting: 24 });
    const again = await post(`/api/v1/claim-rules/apply?${org}`, {});
    expect(again).toMatchObject({ claimed: 5, left: 3 });
    expect(await ears.sweep()).toBe(5 * 3 * 5);
    const [audit] =
      await sql`SELECT count(*)::int AS n FROM audit WHERE entity = 'device' AND action = 'claim'`;
    expect(audit?.n).toBe(3 + 5);
  });

  it('applies by itself only rules that say so, and never to what a person took back', async () => {
    const deps = { sql: test.database.sql, now: test.now, wakeSweep: () => undefined, log: SILENT };
    await ears.hear(admin.organisationId, [
      { devEui: eui(200), name: 'auto-1', profile: 'X', times: [TIMES[0] ?? ''] },
    ]);
    expect(await claimAutomatically(deps)).toBe(0);
    await post(`/api/v1/claim-rules?${org}`, {
      name: 'By itself',
      namePattern: 'auto-{room}',
      codec: 'elsys/ers-co2',
      placeBy: 'path',
      placeTemplate: 'Sydskolen/Lokale {room}',
      automatic: true,
    });
    expect(await claimAutomatically(deps)).toBe(1);
    const [batch] = (await get(`/api/v1/claim-batches?${org}`)).batches as { id: number }[];
    expect(batch).toMatchObject({ automatic: true, devices: 1 });
    expect(await post(`/api/v1/claim-batches/${batch?.id}/undo`, undefined)).toMatchObject({ undone: 1 });
    expect(await claimAutomatically(deps)).toBe(0);
  });

  it('claims two thousand devices of forty schools in one transaction and takes them back', async () => {
    const { sql } = test.database;
    await sql`
      WITH t AS (
        INSERT INTO things (organisation_id, name) SELECT ${admin.organisationId}, 'Skole ' || n FROM generate_series(1, 40) n RETURNING id, name
      ) INSERT INTO places (thing_id, organisation_id, kind) SELECT id, ${admin.organisationId}, 'site' FROM t`;
    await sql`
      WITH s AS (SELECT t.id, t.name FROM things t WHERE t.name LIKE 'Skole %'), t AS (
        INSERT INTO things (organisation_id, name, description)
        SELECT ${admin.organisationId}, 'R' || n, s.id::text FROM s, generate_series(1, 50) n RETURNING id, description
      ) INSERT INTO places (thing_id, organisation_id, kind, parent_id) SELECT id, ${admin.organisationId}, 'room', description::bigint FROM t`;
    await sql`
      INSERT INTO devices (organisation_id, dev_eui, heard_name, heard_profile)
      SELECT ${admin.organisationId}, lpad(to_hex(100000 + s * 100 + n), 16, '0'), 'big-' || s || '-' || n, 'ERS CO2'
      FROM generate_series(1, 40) s, generate_series(1, 50) n`;
    await post(`/api/v1/claim-rules?${org}`, {
      name: 'Big',
      position: 1,
      namePattern: 'big-{s:number}-{r:number}',
      codec: 'elsys/ers-co2',
      placeBy: 'path',
      placeTemplate: 'Skole {s}/R{r}',
    });
    const { devices } = (await post(`/api/v1/claim-rules/preview?${org}`, {})) as {
      devices: { obstacles: unknown[] }[];
    };
    expect(devices.filter((d) => d.obstacles.length === 0)).toHaveLength(2001); // and the one taken back above
    const applied = await post(`/api/v1/claim-rules/apply?${org}`, {});
    expect(applied.claimed).toBe(2001);
    expect(await post(`/api/v1/claim-batches/${applied.batchId}/undo`, undefined)).toMatchObject({
      undone: 2001,
      refused: [],
    });
  });
});
