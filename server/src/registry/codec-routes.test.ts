/** Codecs over HTTP: trying, checking, installing, and what becomes of one that misbehaves on real frames. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { type Answer, ask, expectStatus, type Founded, found, join, type Person } from '../../test/people.ts';
import { until } from '../../test/until.ts';
import { syncObservedProperties } from './organisation-store.ts';

const GOOD = 'function decodeUplink(input) { return { data: { t: input.bytes[0] / 10 } }; }';
const MAPPING = [{ field: '/t', property: 'air_temperature', unit: 'Cel' }];
const VECTOR = {
  name: 'Twenty degrees',
  fPort: 1,
  bytes: 'c8',
  data: { t: 20 },
  measurements: [{ property: 'air_temperature', value: 20 }],
};
const LOOP = 'function decodeUplink(input) { for (;;) {} }';

describe.each(DATABASE_KINDS)('codecs on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  let editor: Person;
  let viewer: Person;
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
    editor = await join(test, founder.session, founder.organisationId, 'editor', 'editor@skaering.example');
    viewer = await join(test, founder.session, founder.organisationId, 'viewer', 'viewer@skaering.example');
  });
  afterAll(() => test?.close());

  const attempt = (script: string, bytes = 'c8', session = editor.session): Promise<Answer> =>
    ask(test, 'POST', '/api/v1/codecs/try', { session, body: { script, fPort: 1, bytes } });
  const install = (body: object, version?: number): Promise<Answer> =>
    ask(test, 'POST', `/api/v1/codecs?organisation=${founder.organisationId}`, {
      session: editor.session,
      ...(version === undefined ? {} : { version }),
      body: {
        vendor: 'Own',
        model: 'T',
        title: 'Own T',
        script: GOOD,
        mapping: MAPPING,
        vectors: [VECTOR],
        ...body,
      },
    });

  it('answers what a script makes of a frame, with its warnings and the time it took', async () => {
    const answer = await attempt(
      'function decodeUplink(i) { console.log("port", i.fPort); return { data: { n: i.bytes.length, at: i.recvTime.toISOString() }, warnings: ["low"] }; }',
    );
    expect(answer.body).toMatchObject({
      data: { n: 1, at: expect.stringMatching(/^\d{4}-/) },
      errors: [],
      warnings: ['low'],
      ms: expect.any(Number),
    });
    expect(answer.body.fault).toBeUndefined();
  });

  it.each([
    ['deadline', LOOP],
    ['memory', 'function decodeUplink() { return { data: new Uint8Array(500 * 1024 * 1024).length }; }'],
    // over the limit, and far from the deadline
    ['output', 'function decodeUplink() { return { data: { s: "x".repeat(100000) } }; }'],
    ['crash', 'function decodeUplink() { return decodeUplink(); }'],
  ])('names a fault of the sandbox: %s', async (fault, script) => {
    const answer = await attempt(script);
    expect([answer.status, answer.body.fault, answer.body.data]).toEqual([200, fault, null]);
    expect((answer.body.errors as string[])[0]).toBeTruthy();
  });

  it("tells a script's own error and a script that is none apart from faults", async () => {
    expect((await attempt('function decodeUplink() { throw new Error("no sensor"); }')).body).toMatchObject({
      data: null,
      errors: [expect.stringContaining('no sensor')],
    });
    const broken = await attempt('function decodeUplink( {');
    expect([broken.status, broken.body.data]).toEqual([200, null]);
    expect((broken.body.errors as string[]).join()).toMatch(/./);
  });

  it('lets no viewer run scripts', async () => {
    expect((await attempt(GOOD, 'c8', viewer.session)).status).toBe(403);
  });

  it('runs the examples and says in words where they differ', async () => {
    const answer = await ask(test, 'POST', '/api/v1/codecs/check', {
      session: editor.session,
      body: {
        script: GOOD,
        mapping: MAPPING,
        vectors: [
          VECTOR,
          { ...VECTOR, name: 'Wrong', data: { t: 21 } },
          { name: 'Must fail', fPort: 1, bytes: '00', errors: ['no'] },
        ],
      },
    });
    expect(answer.body).toMatchObject({
      failed: 2,
      results: [
        { name: 'Twenty degrees', passed: true, differences: [] },
        { name: 'Wrong', passed: false, differences: ['/t: expected 21, got 20'] },
        { name: 'Must fail', passed: false },
      ],
    });
  });

  it.each([
    ['/vectors/0/bytes', { vectors: [{ ...VECTOR, bytes: 'c' }] }],
    ['/vectors/0/fPort', { vectors: [{ ...VECTOR, fPort: 256 }] }],
    ['/vectors/0', { vectors: [{ name: 'a', fPort: 1, bytes: '' }] }],
  ])('names the example that is wrong: %s', async (at, body) => {
    const answer = await install({ key: 'own/wrong', ...body });
    expect([answer.status, answer.body.code, answer.body.at]).toEqual([400, 'BAD_CODEC', at]);
  });

  it('installs nothing whose examples fail, unless somebody has seen it and says so', async () => {
    const body = { key: 'own/failing', vectors: [{ ...VECTOR, data: { t: 99 } }] };
    const refused = await install(body);
    expect([refused.status, refused.body.code]).toEqual([400, 'BAD_CODEC']);
    expect(refused.body.results).toMatchObject([{ name: 'Twenty degrees', passed: false }]);
    const list = await ask(test, 'GET', `/api/v1/codecs?organisation=${founder.organisationId}`, {
      session: viewer.session,
    });
    expect(list.text).not.toContain('own/failing');
    expect((await install({ ...body, acceptFailures: true })).status).toBe(201);
  });

  it('adds the next version upon the one that was read, and changes nothing for the same text', async () => {
    const first = expectStatus(await install({ key: 'own/versions' }), 201).body as {
      id: number;
      version: number;
    };
    expect((await install({ key: 'own/versions', note: 'unread' })).status).toBe(428);
    expect((await install({ key: 'own/versions' }, first.version)).body).toMatchObject({ added: false });
    const script = `${GOOD}\n// second`;
    const second = expectStatus(await install({ key: 'own/versions', script }, first.version), 201);
    expect(second.body).toMatchObject({ id: first.id, currentVersion: 2, added: true });
    const late = await install({ key: 'own/versions', script: `${GOOD}\n// third` }, first.version);
    expect([late.status, (late.body.current as { currentVersion: number }).currentVersion]).toEqual([412, 2]);
    const shown = await ask(test, 'GET', `/api/v1/codecs/${first.id}`, { session: viewer.session });
    expect((shown.body.versions as { number: number }[]).map((v) => v.number)).toEqual([2, 1]);
    const old = await ask(test, 'GET', `/api/v1/codecs/${first.id}/versions/1`, { session: viewer.session });
    expect(old.body).toMatchObject({ script: GOOD, vectors: [VECTOR], description: { mapping: MAPPING } });
  });

  it('switches a codec off that hangs on real frames, says why, and lets it be tried again', async () => {
    const codec = expectStatus(
      await install({ key: 'own/hangs', script: LOOP, vectors: [], acceptFailures: true }),
      201,
    ).body as { id: number };
    const place = expectStatus(
      await ask(test, 'POST', `/api/v1/places?organisation=${founder.organisationId}`, {
        session: editor.session,
        body: { name: 'Rum', kind: 'site' },
      }),
      201,
    );
    const devEui = 'a81758fffe0d0001';
    expectStatus(
      await ask(test, 'POST', `/api/v1/devices/claim?organisation=${founder.organisationId}`, {
        session: editor.session,
        body: { devEui, codec: 'own/hangs', placeId: Number(place.body.id) },
      }),
      201,
    );
    const { key } = expectStatus(
      await ask(test, 'POST', `/api/v1/sources?organisation=${founder.organisationId}`, {
        session: founder.session,
        body: { name: 'Krog', kind: 'webhook', format: 'torv' },
      }),
      201,
    ).body as { key: string };
    let fCnt = 0;
    const deliver = async () => {
      expectStatus(
        await ask(test, 'POST', '/ingest/torv', {
          headers: { 'x-torv-key': key },
          body: { devEui, fPort: 1, payload: 'c8', fCnt: ++fCnt },
        }),
        200,
      );
    };
    const look = async () =>
      (await ask(test, 'GET', `/api/v1/codecs/${codec.id}`, { session: viewer.session })).body as {
        version: number;
        quarantinedAt: string | null;
        quarantineReason: string | null;
      };
    await until(async () => {
      await deliver();
      return (await look()).quarantinedAt !== null;
    });
    const off = await look();
    expect(off.quarantineReason).toMatch(/Switched off .*did not finish in time/);
    // every frame is kept with its reason, and the ones that come now cost no time any more
    await deliver();
    const rows = await test.database.sql<{ state: number; reason: string }[]>`
      SELECT u.state, u.reason FROM uplinks u JOIN devices d ON d.id = u.device_id WHERE d.dev_eui = ${devEui} ORDER BY u.f_cnt`;
    expect(rows.length).toBe(fCnt);
    expect(rows.every((row) => row.state === 2 && row.reason !== null)).toBe(true);

    const release = (session: string, version: number) =>
      ask(test, 'POST', `/api/v1/codecs/${codec.id}/release`, { session, version });
    expect((await release(viewer.session, off.version)).status).toBe(403);
    expect((await release(editor.session, off.version + 7)).status).toBe(412);
    const released = expectStatus(await release(editor.session, off.version), 200);
    expect(released.body).toMatchObject({ quarantinedAt: null, quarantineReason: null });
    await deliver();
    const [last] = await test.database.sql<{ reason: string }[]>`
      SELECT u.reason FROM uplinks u JOIN devices d ON d.id = u.device_id WHERE d.dev_eui = ${devEui} ORDER BY u.f_cnt DESC LIMIT 1`;
    expect(last?.reason, 'it was run again, not just refused').not.toMatch(/Switched off/);

    const mended = expectStatus(
      await install({ key: 'own/hangs', title: 'Mended' }, Number(released.body.version)),
      201,
    );
    await deliver();
    expect(mended.body).toMatchObject({ currentVersion: 2, quarantinedAt: null });
    const [good] = await test.database.sql<{ state: number }[]>`
      SELECT u.state FROM uplinks u JOIN devices d ON d.id = u.device_id WHERE d.dev_eui = ${devEui} ORDER BY u.f_cnt DESC LIMIT 1`;
    expect(good?.state).toBe(1);
  }, 60_000);
});
