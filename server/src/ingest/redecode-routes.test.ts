/** Decoding again as an editor does it over HTTP: the preview, the job with its progress and result, and stopping it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { ask, expectStatus, type Founded, found, join, type Person } from '../../test/people.ts';
import { until } from '../../test/until.ts';
import { insertJob } from '../operations/jobs-port.ts';
import { syncObservedProperties } from '../registry/organisation-store.ts';

const PERIOD = { from: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' };
let rounds = 0;

describe.each(DATABASE_KINDS)('decoding again over HTTP on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  let viewer: Person;
  let codecId: number;
  let deviceId: number;
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
    viewer = await join(test, founder.session, founder.organisationId, 'viewer', 'viewer@skaering.example');
  });
  afterAll(() => test?.close());

  const call = (
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    more: { session?: string; version?: number } = {},
  ) =>
    ask(test, method, `/api/v1/${path}`, {
      session: founder.session,
      ...more,
      ...(body === undefined ? {} : { body }),
    });
  const query = () => `organisation=${founder.organisationId}`;

  /** Three days of frames, decoded by a codec that was wrong by a factor of ten and knew no humidity. */
  beforeEach(async () => {
    const n = ++rounds;
    const key = `own/model-${n}`;
    const install = async (script: string, mapping: readonly object[], version?: number) => {
      const body = { key, vendor: 'Own', model: 'Model', title: 'Model', script, mapping, vectors: [] };
      const answer = await call('POST', `codecs?${query()}`, body, version === undefined ? {} : { version });
      return expectStatus(answer, 201).body as { id: number; version: number };
    };
    const temperature = { field: '/t', property: 'air_temperature', unit: 'Cel' };
    const first = await install('function decodeUplink(i) { return { data: { t: i.bytes[0] } }; }', [
      temperature,
    ]);
    const place = await call('POST', `places?${query()}`, { name: `Room ${n}`, kind: 'point' });
    const devEui = `a81758fffe13${String(n).padStart(4, '0')}`;
    const body = { devEui, codec: key, placeId: place.body.id, from: '2026-01-01T00:00:00Z' };
    const claimed = await call('POST', `devices/claim?${query()}`, body);
    deviceId = (expectStatus(claimed, 201).body as { device: { id: number } }).device.id;
    codecId = first.id;
    await test.runtime.batcher.accept(
      [2, 3, 4].map((day) => ({
        organisationId: founder.organisationId,
        sourceId: null,
        arrivedAt: `2026-03-0${day}T08:00:00Z`,
        uplink: {
          ...{ devEui, fCnt: day, fPort: 5, payload: 'd2', clock: 'network-server' as const, receptions: [] },
          networkTime: `2026-03-0${day}T08:00:00Z`,
        },
      })),
    );
    await install(
      'function decodeUplink(i) { return { data: { t: i.bytes[0] / 10, h: 40 } }; }',
      [temperature, { field: '/h', property: 'relative_humidity', unit: '%' }],
      first.version,
    );
  });

  const redecode = (more: object = {}, path = '', who: { session?: string } = {}) =>
    call(
      'POST',
      `codecs/${codecId}/redecode${path}`,
      { organisation: founder.organisationId, ...PERIOD, ...more },
      who,
    );
  const findJob = async (id: unknown) => expectStatus(await call('GET', `jobs/${id}`), 200).body;
  const readings = async () =>
    test.database.sql<{ property: string; value: number }[]>`
      SELECT d.property_key AS property, o.result_number AS value FROM observations o
      JOIN datastreams d ON d.id = o.datastream_id JOIN devices v ON v.sensor_id = d.sensor_id
      WHERE v.id = ${deviceId} ORDER BY 1, o.phenomenon_start`;
  const BEFORE = Array(3).fill({ property: 'air_temperature', value: 210 });
  const AFTER = [
    ...Array(3).fill({ property: 'air_temperature', value: 21 }),
    ...Array(3).fill({ property: 'relative_humidity', value: 40 }),
  ];

  it('shows what would change and changes nothing', async () => {
    const { body } = expectStatus(await redecode(), 200);
    expect(body).toMatchObject({ devices: 1, days: 3, frames: 3, changed: 3, added: 3, removed: 0 });
    expect(body.examples).toContainEqual({
      ...{ deviceId, property: 'air_temperature', phenomenonTime: '2026-03-02T08:00:00Z', old: 210, new: 21 },
    });
    expect(await readings()).toEqual(BEFORE);
    // the version that is in force already changes nothing; another period holds nothing
    expect((await redecode({ version: 1 })).body).toMatchObject({ unchanged: 3, changed: 0, added: 0 });
    expect((await redecode({ from: '2026-03-03T00:00:00Z' })).body).toMatchObject({ days: 2, changed: 2 });
    expect((await redecode({ devices: [deviceId + 1_000] })).body).toMatchObject({ days: 0, frames: 0 });
  });

  it('names what is wrong with the request', async () => {
    const failures = [
      [{ until: PERIOD.from }, '', 400, 'until'],
      [{ from: 'last March' }, '', 400, 'from'],
      [{ version: 9 }, '', 404, expect.anything()],
      [{ from: '2026-03-09T00:00:00Z', until: '2026-03-02T00:00:00Z' }, '/start', 400, 'until'],
    ] as const;
    for (const [more, path, status, at] of failures) {
      const answer = await redecode(more, path);
      expect([answer.status, answer.body.at]).toEqual([status, at]);
    }
    expect((await redecode({}, '/start', viewer)).status).toBe(403);
    expect(await readings()).toEqual(BEFORE);
  });

  it('does it as a job that says how far it is and what it did; old values are logged, new ones counted', async () => {
    const started = expectStatus(await redecode({}, '/start'), 202);
    expect(started.headers.location).toBe(`/api/v1/jobs/${started.body.job}`);
    await until(async () => (await findJob(started.body.job)).state === 'done');
    expect(await findJob(started.body.job)).toMatchObject({
      kind: 'redecode',
      organisationId: founder.organisationId,
      progress: 1,
      message: '3 of 3 days',
      result: { days: 3, frames: 3, changed: 3, added: 3, removed: 0, rejected: 0 },
    });
    expect(await readings()).toEqual(AFTER);
    const { body } = await call('GET', `jobs?${query()}`);
    expect((body.jobs as { id: number }[])[0]?.id).toBe(started.body.job);
    // A reading that was not there before has no old value: the log of corrections holds the changed ones alone.
    const log = await test.database.sql`
      SELECT change, old_number, new_number FROM corrections WHERE job_id = ${Number(started.body.job)}`;
    expect(log).toEqual(Array(3).fill({ change: 'changed', old_number: 210, new_number: 21 }));
    const [audit] = await test.database.sql`
      SELECT entity_id, after->>'job' AS job FROM audit WHERE action = 'decode-again' ORDER BY id DESC LIMIT 1`;
    expect(audit).toEqual({ entity_id: String(codecId), job: String(started.body.job) });
    const ended = await call('POST', `jobs/${started.body.job}/cancel`);
    expect([ended.status, ended.body.code]).toEqual([409, 'IN_USE']);
  });

  it('takes back what it added when the former version is applied again, and logs that', async () => {
    const done = async (more: object) => {
      const { job } = expectStatus(await redecode(more, '/start'), 202).body;
      await until(async () => (await findJob(job)).state === 'done');
      return findJob(job);
    };
    await done({});
    const back = await done({ version: 1 });
    expect(back.result).toMatchObject({ changed: 3, added: 0, removed: 3 });
    expect(await readings()).toEqual(BEFORE);
    const log = await test.database.sql`
      SELECT change, old_number AS old, new_number AS new FROM corrections WHERE job_id = ${Number(back.id)} ORDER BY 1, phenomenon_start`;
    expect(log).toEqual([
      ...Array(3).fill({ change: 'changed', old: 21, new: 210 }),
      ...Array(3).fill({ change: 'removed', old: 40, new: null }),
    ]);
  });

  it('that waits is stopped at once, by an editor', async () => {
    const job = await insertJob(test.database.sql, {
      organisationId: founder.organisationId,
      kind: 'of no runner here',
      payload: {},
    });
    expect((await call('POST', `jobs/${job}/cancel`, undefined, viewer)).status).toBe(403);
    expect((await findJob(job)).state).toBe('waiting');
    const stopped = expectStatus(await call('POST', `jobs/${job}/cancel`), 200);
    expect(stopped.body).toMatchObject({ state: 'cancelled', cancelRequested: true });
    expect((await call('POST', `jobs/${job}/cancel`)).status).toBe(409);
    expect((await call('POST', 'jobs/999999/cancel')).status).toBe(404);
  });

  // The embedded database runs one transaction at a time: nothing could be asked while the device is held.
  const itBeside = kind === 'postgresql' ? it : () => undefined;
  itBeside('that runs is stopped before its next day, and leaves whole days behind', async () => {
    let job: unknown;
    await test.database.sql.begin(async (tx) => {
      // The work stands at the first day for as long as the device is held.
      await tx`SELECT FROM devices WHERE id = ${deviceId} FOR UPDATE`;
      job = expectStatus(await redecode({}, '/start'), 202).body.job;
      await until(async () => (await findJob(job)).state === 'running');
      const asked = expectStatus(await call('POST', `jobs/${job}/cancel`), 200);
      expect(asked.body).toMatchObject({ state: 'running', cancelRequested: true });
    });
    await until(async () => (await findJob(job)).state === 'cancelled');
    expect(await findJob(job)).toMatchObject({ message: 'Stopped on request.', result: null });
    expect(await readings()).toEqual(BEFORE);
    expect(await test.database.sql`SELECT FROM corrections WHERE job_id = ${Number(job)}`).toHaveLength(0);
    expect(await test.database.sql`SELECT FROM redecode_readings`).toHaveLength(0);
  });
});
