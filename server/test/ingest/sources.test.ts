/** Sources over HTTP: who may change them, what is shown of them, and what a webhook is answered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { createTestApp, type TestApp } from '../app.ts';
import { DATABASE_KINDS } from '../database.ts';
import { type Answer, ask, expectStatus, type Founded, found, join, type Person } from '../people.ts';

const UPLINK = { devEui: 'a81758fffe0a0b0c', fPort: 5, payload: '0100d70228040234', fCnt: 1 };
const PASSWORD = 'hvalfangst-og-lakrids';
const BROKER = { url: 'mqtt://203.0.113.7', username: 'torv', topics: ['application/+/device/+/event/up'] };

describe.each(DATABASE_KINDS)('sources on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  let viewer: Person;
  let editor: Person;
  let outsider: Person;
  let n = 0;
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
    viewer = await join(test, founder.session, founder.organisationId, 'viewer', 'viewer@skaering.example');
    editor = await join(test, founder.session, founder.organisationId, 'editor', 'editor@skaering.example');
    const elsewhere = expectStatus(
      await ask(test, 'POST', '/api/v1/organisations', {
        session: founder.session,
        body: { name: 'Anden by', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
      }),
      201,
    );
    outsider = await join(
      test,
      founder.session,
      Number(elsewhere.body.id),
      'administrator',
      'outsider@anden.example',
    );
  });
  afterAll(() => test?.close());

  const url = () => `/api/v1/sources?organisation=${founder.organisationId}`;
  const create = async (body: object = {}): Promise<{ id: number; version: number; key: string }> => {
    const answer = expectStatus(
      await ask(test, 'POST', url(), {
        session: founder.session,
        body: { name: `Kilde ${++n}`, kind: 'webhook', format: 'torv', ...body },
      }),
      201,
    );
    return answer.body as { id: number; version: number; key: string };
  };
  const createBroker = () =>
    create({ kind: 'mqtt', format: 'chirpstack-v4', settings: BROKER, password: PASSWORD });
  const deliver = (key: string | undefined, body: unknown, format = 'torv'): Promise<Answer> =>
    ask(test, 'POST', `/ingest/${format}`, {
      body,
      headers: key === undefined ? {} : { 'x-torv-key': key },
    });
  const frames = async (): Promise<number> => {
    const [row] = await test.database.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM uplinks`;
    return row?.n ?? 0;
  };

  it('shows the key of a webhook once and stores only its hash', async () => {
    const made = await create();
    expect(made.key).toMatch(/^torvsrc_[\w-]{43}$/);
    const again = await ask(test, 'GET', `/api/v1/sources/${made.id}`, { session: founder.session });
    expect(again.text).not.toContain(made.key);
    const rows = await test.database.sql<
      { row: string }[]
    >`SELECT row_to_json(s)::text AS row FROM sources s`;
    for (const { row } of rows) expect(row).not.toContain(made.key.slice(8));
    const audit = await test.database.sql<{ row: string }[]>`SELECT row_to_json(a)::text AS row FROM audit a`;
    for (const { row } of audit) expect(row).not.toContain(made.key.slice(8));
    expect(test.logged()).not.toContain(made.key);
  });

  it('takes a message with the key the moment the source is there, and shows it in the list', async () => {
    const { id, key } = await create();
    const before = await frames();
    const answer = await deliver(key, { ...UPLINK, devEui: 'a81758fffe0a0001' });
    expect([answer.status, answer.body]).toEqual([200, { messages: 1, frames: 1, ignored: 0, rejected: [] }]);
    expect(await frames()).toBe(before + 1);
    const list = await ask(test, 'GET', url(), { session: viewer.session });
    const shown = (list.body.sources as { id: number; status: object; ratePerMinute: number }[]).find(
      (s) => s.id === id,
    );
    expect(shown).toMatchObject({ status: { messages: 1, faults: 0, ignored: 0 }, ratePerMinute: 0.2 });
    expect((list.body.formats as { format: string }[]).map((f) => f.format)).toContain('tts-v3');
  });

  it('takes the key as a bearer too, for servers that know no other header', async () => {
    const { key } = await create();
    const answer = await ask(test, 'POST', '/ingest/torv', {
      body: { ...UPLINK, devEui: 'a81758fffe0a0002' },
      headers: { authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(200);
  });

  it.each([
    ['no key', undefined],
    ['a key of nobody', `torvsrc_${'A'.repeat(43)}`],
    ['a key that is too short', 'torvsrc_'],
  ])('answers %s with 401 and keeps nothing', async (_name, key) => {
    const before = await frames();
    const answer = await deliver(key, UPLINK);
    expect([answer.status, answer.body.code, answer.body.at]).toEqual([401, 'BAD_KEY', 'X-Torv-Key']);
    expect(await frames()).toBe(before);
  });

  it('ends the old key with the new one, at once', async () => {
    const { id, version, key } = await create();
    expect((await deliver(key, { ...UPLINK, devEui: 'a81758fffe0a0003' })).status).toBe(200);
    const changed = expectStatus(
      await ask(test, 'POST', `/api/v1/sources/${id}/key`, { session: founder.session, version }),
      200,
    );
    expect((await deliver(key, UPLINK)).status).toBe(401);
    expect((await deliver(String(changed.body.key), UPLINK)).status).toBe(200);
  });

  it('takes nothing for a source that is switched off, and takes again when it is on', async () => {
    const { id, version, key } = await create();
    const off = expectStatus(
      await ask(test, 'PATCH', `/api/v1/sources/${id}`, {
        session: founder.session,
        version,
        body: { enabled: false },
      }),
      200,
    );
    expect((await deliver(key, UPLINK)).status).toBe(401);
    expectStatus(
      await ask(test, 'PATCH', `/api/v1/sources/${id}`, {
        session: founder.session,
        version: Number(off.body.version),
        body: { enabled: true },
      }),
      200,
    );
    expect((await deliver(key, UPLINK)).status).toBe(200);
  });

  it('says which format the source expects', async () => {
    const { key } = await create();
    const answer = await deliver(key, UPLINK, 'tts-v3');
    expect([answer.status, answer.body.detail, answer.body.hint]).toEqual([
      400,
      'This source expects torv.',
      'Send to /ingest/torv.',
    ]);
  });

  it('answers a wrong body with 400 and the field, and keeps it as rejected with its reason', async () => {
    const { id, key } = await create();
    const wrong = { ...UPLINK, gateways: [{ id: 'a' }, { id: 'b', rssi: 'loud' }] };
    const answer = await deliver(key, wrong);
    expect([answer.status, answer.body.code, answer.body.at]).toEqual([
      400,
      'BAD_UPLINK',
      '/gateways/1/rssi',
    ]);
    const shown = await ask(test, 'GET', `/api/v1/sources/${id}`, { session: viewer.session });
    expect(shown.body.rejected).toMatchObject([
      { reason: '"gateways[1].rssi" must be a number (dBm).', at: '/gateways/1/rssi' },
    ]);
    expect((shown.body.rejected as { body: string }[])[0]?.body).toBe(JSON.stringify(wrong));
    expect(shown.body.status).toMatchObject({ messages: 1, faults: 1, lastFault: expect.any(String) });
  });

  it('keeps the text of a rejected message readable, with letters beyond ASCII and line ends', async () => {
    const { id, key } = await create();
    const text = '{\n  "devEui": "1",\n  "name": "Skæring \\u0000 æøå"\n}';
    expect(
      (
        await ask(test, 'POST', '/ingest/torv', {
          body: text,
          headers: { 'x-torv-key': key, 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(400);
    const shown = await ask(test, 'GET', `/api/v1/sources/${id}`, { session: founder.session });
    expect((shown.body.rejected as { body: string }[])[0]?.body).toBe(text);
  });

  it('tells JSON that is none, and an empty body', async () => {
    const { key } = await create();
    const send = (body: string) =>
      ask(test, 'POST', '/ingest/torv', {
        body,
        headers: { 'x-torv-key': key, 'content-type': 'text/plain' },
      });
    expect((await send('{"devEui": ')).body).toMatchObject({
      code: 'BAD_UPLINK',
      detail: 'The message is not JSON.',
    });
    expect((await send('[{"devEui": ')).body).toMatchObject({ code: 'BAD_BODY' });
    expect((await send('')).status).toBe(400);
  });

  it('takes a list, names the wrong ones and keeps the right ones', async () => {
    const { key } = await create();
    const before = await frames();
    const list = [1, 2, 3, 4].map((i) => ({
      ...UPLINK,
      devEui: 'a81758fffe0a0010',
      fCnt: i,
      ...(i === 3 ? { fPort: 'five' } : {}),
    }));
    const answer = await deliver(key, list);
    expect(answer.body).toMatchObject({
      messages: 4,
      frames: 3,
      rejected: [{ index: 2, at: '/fPort', reason: expect.stringContaining('fPort') }],
    });
    expect(await frames()).toBe(before + 3);
    expect((await deliver(key, [])).body).toMatchObject({ messages: 0 });
    expect((await deliver(key, new Array(1001).fill(UPLINK))).status).toBe(413);
  });

  it('makes one frame of a message that comes twice', async () => {
    const { key } = await create();
    const body = { ...UPLINK, devEui: 'a81758fffe0a0011', time: '2026-03-02T10:30:00Z' };
    const before = await frames();
    await deliver(key, body);
    await deliver(key, body);
    expect(await frames()).toBe(before + 1);
  });

  it('keeps a change that was made meanwhile, and needs the version', async () => {
    const { id, version } = await create();
    const patch = (v: number | undefined, name: string) =>
      ask(test, 'PATCH', `/api/v1/sources/${id}`, {
        session: founder.session,
        body: { name },
        ...(v === undefined ? {} : { version: v }),
      });
    expect((await patch(undefined, 'x')).status).toBe(428);
    expect((await patch(version, 'Første')).status).toBe(200);
    const late = await patch(version, 'Anden');
    expect([late.status, (late.body.current as { name: string }).name]).toEqual([412, 'Første']);
  });

  it('notes who made, changed and deleted a source', async () => {
    const { id, version } = await create({ name: 'Havnen' });
    await ask(test, 'PATCH', `/api/v1/sources/${id}`, {
      session: founder.session,
      version,
      body: { name: 'Havnen 2' },
    });
    expectStatus(
      await ask(test, 'DELETE', `/api/v1/sources/${id}`, { session: founder.session, version: version + 1 }),
      204,
    );
    const rows = await test.database.sql<{ action: string; before: object; after: object }[]>`
      SELECT action, before, after FROM audit WHERE entity = 'source' AND entity_id = ${String(id)} ORDER BY id`;
    expect(rows).toMatchObject([
      { action: 'create', after: { name: 'Havnen' } },
      { action: 'update', before: { name: 'Havnen' }, after: { name: 'Havnen 2' } },
      { action: 'delete', before: { name: 'Havnen 2' } },
    ]);
    expect((await ask(test, 'GET', `/api/v1/sources/${id}`, { session: founder.session })).status).toBe(404);
  });

  it('keeps frames and readings of a source that is deleted', async () => {
    const { id, version, key } = await create();
    const before = await frames();
    await deliver(key, { ...UPLINK, devEui: 'a81758fffe0a0012' });
    expectStatus(
      await ask(test, 'DELETE', `/api/v1/sources/${id}`, { session: founder.session, version }),
      204,
    );
    expect(await frames()).toBe(before + 1);
    expect((await deliver(key, UPLINK)).status).toBe(401);
  });

  it('never lets the password of a broker out again', async () => {
    const { id, version } = await createBroker();
    const answers = [
      await ask(test, 'GET', `/api/v1/sources/${id}`, { session: founder.session }),
      await ask(test, 'GET', url(), { session: founder.session }),
      await ask(test, 'PATCH', `/api/v1/sources/${id}`, {
        session: founder.session,
        version,
        body: { name: 'Mægler', password: PASSWORD },
      }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(PASSWORD);
    }
    expect(answers[0]?.body).toMatchObject({ hasSecret: true, settings: BROKER });
    const kept = await test.database.sql<{ row: string }[]>`
      SELECT row_to_json(s)::text AS row FROM sources s UNION ALL SELECT row_to_json(a)::text FROM audit a`;
    for (const { row } of kept) expect(row).not.toContain(PASSWORD);
    expect(test.logged()).not.toContain(PASSWORD);
  });

  it('sends a stored password to no other address', async () => {
    const { id, version } = await createBroker();
    const settings = { ...BROKER, url: 'mqtt://203.0.113.99' };
    const moved = await ask(test, 'PATCH', `/api/v1/sources/${id}`, {
      session: founder.session,
      version,
      body: { settings },
    });
    expect([moved.status, moved.body.at]).toEqual([400, '/password']);
    const tried = await ask(test, 'POST', `/api/v1/sources/test?organisation=${founder.organisationId}`, {
      session: founder.session,
      body: { id, settings },
    });
    expect([tried.status, tried.body.at]).toEqual([400, '/password']);
  });

  it('refuses an address of this machine with the setting that would allow it', async () => {
    const answer = await ask(test, 'POST', `/api/v1/sources/test?organisation=${founder.organisationId}`, {
      session: founder.session,
      body: { settings: { url: 'mqtt://127.0.0.1:1', topics: ['a'] }, password: PASSWORD },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.ok).toBe(false);
    expect((answer.body.words as string[]).join(' ')).toMatch(
      /private network.*TORV_OUTBOUND_ALLOW=127\.0\.0\.1/,
    );
    expect(answer.text).not.toContain(PASSWORD);
  });

  it.each([
    ['a user in the address', { url: 'mqtt://a:b@broker.example', topics: ['a'] }, 'body/settings/url'],
    ['no address', { topics: ['a'] }, '/settings/url'],
    ['no topic', { url: 'mqtt://broker.example' }, '/settings/topics'],
    [
      'a setting that does not exist',
      { url: 'mqtt://broker.example', topics: ['a'], qos: 2 },
      'body/settings',
    ],
    ['a topic that is none', { url: 'mqtt://broker.example', topics: ['a/#/b'] }, '/settings/topics'],
    ['an address that is none', { url: 'mqtt://:99999', topics: ['a'] }, '/settings/url'],
  ])('refuses a broker with %s, naming where', async (_name, settings, at) => {
    const answer = await ask(test, 'POST', url(), {
      session: founder.session,
      body: { name: 'X', kind: 'mqtt', format: 'torv', settings },
    });
    expect([answer.status, answer.body.at]).toEqual([400, at]);
  });

  it('reads a message as a source would, and stores nothing', async () => {
    const before = await frames();
    const attempt = (message: unknown, format = 'torv') =>
      ask(test, 'POST', '/api/v1/sources/try', { session: editor.session, body: { format, message } });
    expect((await attempt(UPLINK)).body).toMatchObject({
      kind: 'uplink',
      uplink: { devEui: UPLINK.devEui, fPort: 5, payload: UPLINK.payload },
    });
    expect((await attempt({ ...UPLINK, fPort: 0 })).body.kind).toBe('ignored');
    expect((await attempt({ ...UPLINK, devEui: '12' })).body).toMatchObject({
      kind: 'rejected',
      at: '/devEui',
    });
    expect((await attempt(UPLINK, 'tts-v3')).body.kind).toBe('rejected');
    expect((await attempt(null)).body.kind).toBe('rejected');
    expect(await frames()).toBe(before);
  });

  it('lets viewers and editors look, and only administrators change', async () => {
    const { id, version } = await create();
    for (const person of [viewer, editor]) {
      const session = person.session;
      expect((await ask(test, 'GET', `/api/v1/sources/${id}`, { session })).status).toBe(200);
      const body = { name: 'X', kind: 'webhook', format: 'torv' };
      expect((await ask(test, 'POST', url(), { session, body })).status).toBe(403);
      expect(
        (await ask(test, 'PATCH', `/api/v1/sources/${id}`, { session, version, body: { name: 'X' } })).status,
      ).toBe(403);
      expect((await ask(test, 'DELETE', `/api/v1/sources/${id}`, { session, version })).status).toBe(403);
      expect((await ask(test, 'POST', `/api/v1/sources/${id}/key`, { session, version })).status).toBe(403);
    }
  });

  it('is not there for another organisation', async () => {
    const { id, version } = await createBroker();
    const session = outsider.session;
    expect((await ask(test, 'GET', `/api/v1/sources/${id}`, { session })).status).toBe(404);
    expect((await ask(test, 'GET', url(), { session })).status).toBe(404);
    expect(
      (await ask(test, 'PATCH', `/api/v1/sources/${id}`, { session, version, body: { name: 'X' } })).status,
    ).toBe(404);
    expect((await ask(test, 'DELETE', `/api/v1/sources/${id}`, { session, version })).status).toBe(404);
    expect((await ask(test, 'POST', `/api/v1/sources/${id}/key`, { session, version })).status).toBe(404);
  });
});
