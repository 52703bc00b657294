/** Decoding again: preview, swap per device and day, corrections, ids kept, resumed after a kill, cancelled. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import {
  previewRedecode,
  REDECODE_JOB,
  type RedecodeRequest,
  runRedecode,
} from '../../src/ingest/redecode.ts';
import { findJob, insertJob, requestCancel } from '../../src/operations/job-store.ts';
import { createJobRunner } from '../../src/operations/jobs-port.ts';
import { getCodecByKey, installCodec } from '../../src/registry/codec-store.ts';
import { getDevice, moveDevice } from '../../src/registry/device-store.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import {
  addOrganisation,
  DEVICE,
  findWrongStatistics,
  openTown,
  type TestOrganisation,
  type TestTown,
  toHistoryPayload,
} from './town.ts';

const DAY = (day: number, hour = 8) => new Date(Date.UTC(2026, 2, day, hour)).toISOString();
const PERIOD = { from: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' };

describe.each(DATABASE_KINDS)('decoding again on %s', (kind) => {
  let town: TestTown;
  let org: TestOrganisation;
  beforeAll(async () => {
    town = await openTown(kind);
  }, 180_000);
  afterAll(() => town?.close());
  beforeEach(async () => {
    org = await addOrganisation(town);
  });

  /** The first version reads tenths as whole degrees; the second one is right and knows humidity too. */
  async function install(version: 1 | 2) {
    const script =
      version === 1
        ? 'function decodeUplink(i) { return { data: { t: i.bytes[0], on: i.bytes[1] === 1 } }; }'
        : `function decodeUplink(i) {
             if (i.bytes[0] === 99) return { errors: ['broken sensor'] };
             return { data: { t: i.bytes[0] / 10, h: 40 } };
           }`;
    const mapping = [
      { field: '/t', property: 'air_temperature', unit: 'Cel' },
      version === 1
        ? { field: '/on', property: 'occupied', unit: '1' }
        : { field: '/h', property: 'relative_humidity', unit: '%' },
    ];
    return town.sql.begin((tx) =>
      installCodec(tx, SYSTEM, org.id, 'written', {
        key: 'test/tenths',
        vendor: 'Test',
        model: 'Tenths',
        title: 'Tenths',
        script,
        description: { mapping },
        vectors: [],
      }),
    );
  }

  const hear = (day: number, payload: string, hour = 8) =>
    org.hear({ networkTime: DAY(day, hour), fCnt: day * 24 + hour, payload });

  async function toRequest(): Promise<RedecodeRequest> {
    const codec = await getCodecByKey(town.sql, org.id, 'test/tenths');
    return {
      organisationId: org.id,
      codecId: codec.id,
      deviceIds: undefined,
      version: codec.currentVersion,
      ...PERIOD,
    };
  }

  async function runJob(request: RedecodeRequest, run = runRedecode) {
    const id = await insertJob(town.sql, { organisationId: org.id, kind: REDECODE_JOB, payload: request });
    const runner = createJobRunner({ sql: town.sql, log: SILENT, isAlone: true, retryMs: 0 });
    runner.register(REDECODE_JOB, (context) => run(town.deps, context));
    await runner.settle();
    await runner.close();
    return { id, job: await findJob(town.sql, SYSTEM, id) };
  }

  const readIds = () =>
    town.sql<{ id: number; value: number }[]>`
      SELECT o.id, o.result_number AS value FROM observations o JOIN datastreams d ON d.id = o.datastream_id
      WHERE d.organisation_id = ${org.id} AND d.property_key = 'air_temperature' ORDER BY o.phenomenon_start`;

  it('shows what changes, then changes it: ids kept, old values logged, counts right', async () => {
    await install(1);
    await org.claim(DEVICE, { codec: 'test/tenths' });
    await org.feed(hear(2, 'd201'), hear(3, 'c800'), hear(3, '6300', 9), hear(4, '0001'));
    const before = await readIds();
    expect(before.map((r) => r.value)).toEqual([210, 200, 99, 0]);
    await install(2);
    const request = await toRequest();
    const preview = await previewRedecode(town.deps, request);
    expect(preview).toMatchObject({
      devices: 1,
      days: 3,
      frames: 4,
      sampledFrames: 4,
      // 0 stays 0; 99 is now rejected; occupancy goes, humidity comes
      unchanged: 1,
      changed: 2,
      added: 3,
      removed: 5,
      newlyRejected: 1,
    });
    expect(preview.examples).toContainEqual({
      deviceId: expect.any(Number),
      property: 'air_temperature',
      phenomenonTime: '2026-03-02T08:00:00Z',
      old: 210,
      new: 21,
    });
    expect(await readIds()).toEqual(before);
    const { id, job } = await runJob(request);
    expect(job).toMatchObject({
      state: 'done',
      progress: 1,
      result: { days: 3, frames: 4, changed: 2, added: 3, removed: 5, rejected: 1 },
    });
    const after = await readIds();
    expect(after.map((r) => r.value)).toEqual([21, 20, 0]);
    expect(after.map((r) => r.id)).toEqual([before[0]?.id, before[1]?.id, before[3]?.id]);
    expect((await org.observations()).map((o) => o.property)).toEqual([
      ...Array(3).fill('air_temperature'),
      ...Array(3).fill('relative_humidity'),
    ]);
    const corrections = await town.sql`
      SELECT change, old_number, old_json, new_number FROM corrections WHERE job_id = ${id} ORDER BY change, old_number, old_json, phenomenon_start`;
    expect(corrections).toEqual([
      { change: 'changed', old_number: 200, old_json: null, new_number: 20 },
      { change: 'changed', old_number: 210, old_json: null, new_number: 21 },
      { change: 'removed', old_number: 99, old_json: null, new_number: null },
      { change: 'removed', old_number: null, old_json: 'false', new_number: null },
      { change: 'removed', old_number: null, old_json: 'false', new_number: null },
      { change: 'removed', old_number: null, old_json: 'true', new_number: null },
      { change: 'removed', old_number: null, old_json: 'true', new_number: null },
    ]);
    expect((await org.uplinks()).map((u) => [u.state, u.reason])).toEqual([
      [1, null],
      [1, null],
      [2, 'broken sensor'],
      [1, null],
    ]);
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
    const [status] =
      await town.sql`SELECT s.rejected FROM device_status s JOIN devices d ON d.id = s.device_id WHERE d.organisation_id = ${org.id}`;
    expect(status).toEqual({ rejected: 1 });
    // once more changes nothing
    const { job: again } = await runJob(request);
    expect(again?.result).toMatchObject({ changed: 0, added: 0, removed: 0 });
  });

  it('gives each reading to the place where the device was at that time', async () => {
    await install(1);
    const deviceId = await org.claim(DEVICE, { codec: 'test/tenths' });
    await org.feed(...[2, 3, 4, 5].map((day) => hear(day, 'd200')));
    const other = await org.addPlace('Another room');
    const device = await getDevice(town.sql, SYSTEM, deviceId);
    await town.sql.begin((tx) =>
      moveDevice(tx, SYSTEM, { deviceId, version: device.version, placeId: other, from: DAY(4, 0) }),
    );
    await install(2);
    await runJob(await toRequest());
    const rows = (await org.observations()).filter((o) => o.property === 'relative_humidity');
    expect(rows.map((o) => [o.place, o.time.slice(0, 10)])).toEqual([
      ['Another room', '2026-03-04'],
      ['Another room', '2026-03-05'],
      ['Room', '2026-03-02'],
      ['Room', '2026-03-03'],
    ]);
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('that is killed in the middle goes on where it was, and no day is half old and half new', async () => {
    await install(1);
    await org.claim(DEVICE, { codec: 'test/tenths' });
    const days = [2, 3, 4, 5, 6, 7];
    await org.feed(...days.flatMap((day) => [hear(day, 'd200'), hear(day, 'c800', 9)]));
    await install(2);
    const request = await toRequest();
    let swaps = 0;
    const worked: string[] = [];
    const { id } = await runJob(request, (deps, context) =>
      runRedecode(deps, {
        ...context,
        async saveCheckpoint(tx, value, ...rest) {
          await context.saveCheckpoint(tx, value, ...rest);
          worked.push((value as { day: string }).day);
          // The process dies within the transaction of the third and of the fifth day.
          if (++swaps === 3 || swaps === 6) throw new Error('killed');
        },
      }),
    );
    // What a kill leaves behind: a lease that nobody renews.
    const values = (await readIds()).map((r) => r.value);
    for (let i = 0; i < values.length; i += 2)
      expect([
        [210, 200],
        [21, 20],
      ]).toContainEqual(values.slice(i, i + 2));
    const runner = createJobRunner({ sql: town.sql, log: SILENT, isAlone: true, retryMs: 0 });
    runner.register(REDECODE_JOB, (context) => runRedecode(town.deps, context));
    await runner.start();
    await runner.settle();
    await runner.close();
    expect(await findJob(town.sql, SYSTEM, id)).toMatchObject({
      state: 'done',
      result: { days: 6, frames: 12, changed: 12, added: 12, removed: 12 },
    });
    expect(new Set(worked).size).toBeGreaterThan(2);
    expect((await readIds()).map((r) => r.value)).toEqual(days.flatMap(() => [21, 20]));
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
    expect(await town.sql`SELECT FROM redecode_readings`).toHaveLength(0);
  });

  it('stops when asked, after a whole day', async () => {
    await install(1);
    await org.claim(DEVICE, { codec: 'test/tenths' });
    await org.feed(...[2, 3, 4].map((day) => hear(day, 'd200')));
    await install(2);
    const { job } = await runJob(await toRequest(), (deps, context) =>
      runRedecode(deps, {
        ...context,
        async saveCheckpoint(tx, value, ...rest) {
          // In the step's own transaction: the embedded database has one session for all.
          if ((value as { day: string }).day === '2026-03-03') await requestCancel(tx, context.id);
          return context.saveCheckpoint(tx, value, ...rest);
        },
      }),
    );
    expect(job).toMatchObject({ state: 'cancelled' });
    expect((await readIds()).map((r) => r.value)).toEqual([21, 210, 210]);
  });

  it('leaves a moment to the frame that was heard first, whatever the new version claims', async () => {
    await org.claim(DEVICE, { codec: 'test/history' });
    const atS = Date.UTC(2026, 2, 2, 8) / 1000;
    await org.feed(
      org.hear({ networkTime: DAY(2), fCnt: 1, payload: toHistoryPayload(20) }),
      org.hear({ networkTime: DAY(3), fCnt: 2, payload: toHistoryPayload(22, [{ atS, value: 9 }]) }),
    );
    const codec = await getCodecByKey(town.sql, org.id, 'test/history');
    const before = await org.observations();
    const { job } = await runJob({
      organisationId: org.id,
      codecId: codec.id,
      deviceIds: undefined,
      version: 1,
      from: '2026-03-03T00:00:00Z',
      until: '2026-03-04T00:00:00Z',
    });
    expect(job?.result).toMatchObject({ changed: 0, added: 0, removed: 0, frames: 1 });
    expect(await org.observations()).toEqual(before);
    expect(before.map((o) => o.value)).toEqual([20, 22]);
  });
});
