/** Groups through the whole application: a class that moves up each August and the rooms it sits in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { ask, expectStatus, type Founded, found, join } from '../../test/people.ts';

describe.each(DATABASE_KINDS)('groups on %s', (kind) => {
  let test: TestApp;
  let admin: Founded;
  let org: string;
  let site: number;
  let room: number;
  beforeAll(async () => {
    test = await createTestApp(kind);
    admin = await found(test);
    org = `organisation=${admin.organisationId}`;
    const place = async (body: object) =>
      Number(
        expectStatus(await ask(test, 'POST', `/api/v1/places?${org}`, { session: admin.session, body }), 201)
          .body.id,
      );
    site = await place({ name: 'Nordskolen', kind: 'site' });
    room = await place({ name: 'Lokale 1', kind: 'room', parentId: site });
  });
  afterAll(() => test?.close());

  const send = (method: 'POST' | 'PATCH', url: string, body: unknown, version?: number) =>
    ask(test, method, url, { session: admin.session, body, ...(version === undefined ? {} : { version }) });
  const year = (schoolYear: number, name: string, people: number | null = 24) => ({
    schoolYear,
    name,
    people,
  });
  const stay = { from: '2025-08-01T00:00:00+02:00', until: null };

  it('are made with their years and rooms, and found by room', async () => {
    const made = expectStatus(
      await send('POST', `/api/v1/groups?${org}`, {
        siteId: site,
        years: [year(2025, '7.B')],
        rooms: [{ placeId: room, ...stay }],
      }),
      201,
    );
    expect(made.body).toMatchObject({
      siteId: site,
      version: 1,
      years: [{ name: '7.B', people: 24 }],
      rooms: [{ placeId: room, from: '2025-07-31T22:00:00Z', until: null }],
    });
    const found = await ask(test, 'GET', `/api/v1/groups?${org}&place=${room}`, { session: admin.session });
    expect(found.body.groups).toHaveLength(1);
    const none = await ask(test, 'GET', `/api/v1/groups?${org}&place=${site}`, { session: admin.session });
    expect(none.body.groups).toEqual([]);
  });

  it('move up in August once, keeping a name that somebody has given already', async () => {
    expect((await send('POST', `/api/v1/groups/advance?${org}`, { schoolYear: 2026 })).body).toEqual({
      moved: 1,
    });
    expect((await send('POST', `/api/v1/groups/advance?${org}`, { schoolYear: 2026 })).body).toEqual({
      moved: 0,
    });
    const [group] = (await ask(test, 'GET', `/api/v1/groups?${org}`, { session: admin.session })).body
      .groups as { years: unknown[]; version: number }[];
    expect(group).toMatchObject({ version: 2, years: [{ name: '7.B' }, { schoolYear: 2026, name: '8.B' }] });
  });

  it('refuse an old version, a year twice, a period that ends before it begins and a foreign room', async () => {
    const [group] = (await ask(test, 'GET', `/api/v1/groups?${org}`, { session: admin.session })).body
      .groups as { id: number; version: number }[];
    const url = `/api/v1/groups/${group?.id}`;
    const late = await send('PATCH', url, { years: [year(2026, '8.B', 25)] }, 1);
    expect(late.status).toBe(412);
    expect(late.body.current).toMatchObject({ version: 2 });
    const v = group?.version ?? 0;
    expect((await send('PATCH', url, { years: [year(2026, 'a'), year(2026, 'b')] }, v)).status).toBe(409);
    const backwards = { placeId: room, from: stay.from, until: '2020-01-01T00:00:00Z' };
    expect((await send('PATCH', url, { rooms: [backwards] }, v)).status).toBe(400);
    expect((await send('PATCH', url, { rooms: [{ placeId: 999_999, ...stay }] }, v)).status).toBe(404);
    const kept = await ask(test, 'GET', url, { session: admin.session });
    expect(kept.body).toMatchObject({ version: 2, rooms: [{ placeId: room }] });
    expect((await send('PATCH', url, { years: [year(2026, '8.C', 25)] }, v)).body).toMatchObject({
      version: 3,
      years: [{ name: '8.C', people: 25 }],
      rooms: [{ placeId: room }],
    });
  });

  it('are changed by editors only', async () => {
    const viewer = await join(test, admin.session, admin.organisationId, 'viewer', 'viewer@skaering.example');
    const answer = await ask(test, 'POST', `/api/v1/groups/advance?${org}`, {
      session: viewer.session,
      body: { schoolYear: 2027 },
    });
    expect(answer.status).toBe(403);
  });
});
