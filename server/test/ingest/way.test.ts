/** The way of an uplink through the registry: inbox, claim, moves with late frames, rejects, poison, caps, company. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import { createBatcher } from '../../src/ingest/batcher.ts';
import { sweepRetention } from '../../src/ingest/retention-store.ts';
import { markPending } from '../../src/ingest/store.ts';
import { type IngestItem, ingestBatch } from '../../src/ingest/uplink.ts';
import {
  claimDevice,
  getDevice,
  moveDevice,
  replaceDevice,
  retireDevice,
} from '../../src/registry/device-store.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import {
  addOrganisation,
  DEVICE,
  findWrongStatistics,
  openTown,
  type TestOrganisation,
  type TestTown,
  toDeps,
} from './town.ts';

const at = (day: number, hour = 8) => new Date(Date.UTC(2026, 2, day, hour)).toISOString();

describe.each(DATABASE_KINDS)('the way of an uplink on %s', (kind) => {
  let town: TestTown;
  let org: TestOrganisation;
  beforeAll(async () => {
    town = await openTown(kind);
  }, 180_000);
  afterAll(() => town?.close());
  beforeEach(async () => {
    org = await addOrganisation(town);
  });

  /** One temperature a day, so that the place of each reading can be told. */
  const hear = (day: number, devEui = DEVICE) =>
    org.hear({ devEui, networkTime: at(day), fCnt: day, payload: `0100${(200 + day).toString(16)}` });
  const places = async () =>
    Object.fromEntries((await org.observations()).map((o) => [Number(o.time.slice(8, 10)), o.place]));

  it('keeps what an unknown device says, and reads it when the device is claimed', async () => {
    expect(await org.feed(hear(2), hear(3))).toMatchObject({ frames: 2, waiting: 2, readings: 0 });
    expect((await org.uplinks()).map((u) => u.state)).toEqual([3, 3]);
    await org.claim(DEVICE, { from: at(1) });
    expect(await org.sweep()).toMatchObject({ frames: 2, readings: 2 });
    expect((await org.observations()).map((o) => o.value)).toEqual([20.2, 20.3]);
    // known from now on
    expect(await org.feed(hear(4))).toMatchObject({ readings: 1 });
  });

  it('gives late frames to the place where the device was when it measured', async () => {
    const deviceId = await org.claim(DEVICE, { from: at(1) });
    const other = await org.addPlace('Other');
    await org.feed(hear(2), hear(6));
    const { version } = await getDevice(town.sql, SYSTEM, deviceId);
    await town.sql.begin((tx) =>
      moveDevice(tx, SYSTEM, { deviceId, version, placeId: other, from: at(5, 0) }),
    );
    await org.feed(hear(3), hear(7), hear(4));
    expect(await places()).toEqual({ 2: 'Room', 3: 'Room', 4: 'Room', 6: 'Other', 7: 'Other' });
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('takes the readings along when a move is back-dated, for the whole device and for one channel', async () => {
    const deviceId = await org.claim(DEVICE, { from: at(1) });
    const other = await org.addPlace('Other');
    await org.feed(...[2, 3, 4, 5].map((day) => hear(day)));
    const { version } = await getDevice(town.sql, SYSTEM, deviceId);
    await town.sql.begin((tx) =>
      moveDevice(tx, SYSTEM, { deviceId, version, placeId: other, from: at(4, 0) }),
    );
    expect(await places()).toEqual({ 2: 'Room', 3: 'Room', 4: 'Other', 5: 'Other' });
    const third = await org.addPlace('Third');
    await town.sql.begin(async (tx) => {
      const { assignDevice } = await import('../../src/registry/assignment-store.ts');
      await assignDevice(tx, org.id, {
        deviceId,
        placeId: third,
        from: at(3, 0),
        until: at(5, 0),
        propertyKey: 'air_temperature',
        channel: 0,
      });
    });
    await org.sweep();
    expect(await places()).toEqual({ 2: 'Room', 3: 'Third', 4: 'Third', 5: 'Other' });
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('gives frames from after a device was taken down to nobody, and late ones from before to its room', async () => {
    const deviceId = await org.claim(DEVICE, { from: at(1) });
    await org.feed(hear(2), hear(6));
    const { version } = await getDevice(town.sql, SYSTEM, deviceId);
    await town.sql.begin((tx) => retireDevice(tx, SYSTEM, deviceId, version, at(5, 0)));
    await org.feed(hear(7), hear(3));
    expect(await places()).toEqual({ 2: 'Room', 3: 'Room' });
    expect(await org.uplinks()).toHaveLength(4);
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('lets a room go on with the sensor that replaces another one', async () => {
    const deviceId = await org.claim(DEVICE, { from: at(1) });
    await org.feed(hear(2));
    const { version } = await getDevice(town.sql, SYSTEM, deviceId);
    const NEW = 'a81758fffe0000ff';
    await org.feed(hear(4, NEW));
    await town.sql.begin((tx) =>
      replaceDevice(tx, SYSTEM, {
        oldDeviceId: deviceId,
        version,
        devEui: NEW,
        codecKey: 'elsys/ers-co2',
        at: at(3, 0),
        now: at(5),
      }),
    );
    await org.sweep();
    await org.feed(hear(5, NEW), hear(6));
    expect(await places()).toEqual({ 2: 'Room', 4: 'Room', 5: 'Room' });
    const [marked] = await town.sql`
      SELECT count(*)::int AS n FROM assignments WHERE organisation_id = ${org.id} AND replaces_id IS NOT NULL`;
    expect(marked).toEqual({ n: 1 });
  });

  it('keeps a frame that the codec cannot read, with its reason, counts it once and reads it later', async () => {
    const deviceId = await org.claim(DEVICE, { codec: 'test/history', from: at(1) });
    await org.feed(org.hear({ networkTime: at(2), payload: 'ff' }));
    expect(await org.uplinks()).toMatchObject([{ state: 2, reason: 'no sensor' }]);
    const rejected = async () => {
      const [row] = await town.sql`SELECT rejected FROM device_status WHERE device_id = ${deviceId}`;
      return row?.rejected;
    };
    expect(await rejected()).toBe(1);
    for (let i = 0; i < 2; i++) {
      expect(await markPending(town.sql, deviceId, ['rejected'])).toBe(1);
      await org.sweep();
    }
    expect(await rejected()).toBe(1);
    expect(await org.uplinks()).toMatchObject([{ state: 2, reason: 'no sensor' }]);
  });

  it('keeps the frames that the database refuses as rejected and writes all others', async () => {
    await org.claim(DEVICE, { from: at(1) });
    const batcher = createBatcher(town.deps, { log: SILENT });
    const minute = (n: number) => new Date(Date.UTC(2026, 2, 2, 8, n)).toISOString();
    const poison = new Map<number, Partial<IngestItem['uplink']>>([
      [3, { receptions: [{ gatewayId: 'gw\u0000', rssi: -80 }] }],
      [7, { frequencyMhz: 1e300 }],
      [13, { devEui: 'a81758fffe0000aa', deviceName: 'na\u0000me' }],
    ]);
    const items = Array.from({ length: 20 }, (_, i) =>
      org.hear({ networkTime: minute(i), fCnt: i, ...poison.get(i) }),
    );
    const report = await batcher.accept(items);
    await batcher.close();
    expect(report).toMatchObject({ frames: 20, rejected: 3, readings: 51 });
    expect((await org.uplinks()).map((u) => u.fCnt)).toEqual(
      items.map((_, i) => i).filter((i) => !poison.has(i)),
    );
    const refused = await town.sql<{ reason: string; body: string }[]>`
      SELECT reason, convert_from(body, 'UTF8') AS body FROM rejected_messages WHERE organisation_id = ${org.id} ORDER BY id`;
    expect(refused.map((row) => (JSON.parse(row.body) as { fCnt: number }).fCnt)).toEqual([...poison.keys()]);
    for (const row of refused) expect(row.reason).toMatch(/cannot be stored/);
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('holds at most a thousand frames of a device that nobody claims, the newest, and forgets them after a month', async () => {
    const frames = Array.from({ length: 1_250 }, (_, i) =>
      org.hear({ networkTime: new Date(Date.UTC(2026, 2, 2) + i * 60_000).toISOString(), fCnt: i }),
    );
    for (let i = 0; i < frames.length; i += 250) await org.feed(...frames.slice(i, i + 250));
    const kept = await org.uplinks();
    expect(kept.length).toBeLessThanOrEqual(1_000);
    expect(kept.length).toBeGreaterThanOrEqual(900);
    expect(kept.at(-1)?.fCnt).toBe(1_249);
    expect((await sweepRetention(town.sql, Date.UTC(2026, 2, 10))).frames).toBe(0);
    const late = await sweepRetention(town.sql, Date.UTC(2026, 5, 10));
    expect(late.frames).toBeGreaterThanOrEqual(kept.length);
    expect(await org.uplinks()).toEqual([]);
  });

  it('makes Datastreams public in the demo alone, and only in a public place', async () => {
    const demo = await addOrganisation(town, 'demo');
    for (const one of [demo, org]) {
      await town.sql`UPDATE things SET visibility = ${one === demo ? 'public' : 'internal'} WHERE organisation_id = ${one.id}`;
      await one.claim(DEVICE, { from: at(1) });
      await one.feed(one.hear({ networkTime: at(2) }));
      const rows = await town.sql<{ visibility: string }[]>`
        SELECT DISTINCT visibility FROM datastreams WHERE organisation_id = ${one.id}`;
      expect(rows).toEqual([{ visibility: one === demo ? 'public' : 'internal' }]);
    }
  });

  it('tells each giver of its own frames, and holds the batch together under load', async () => {
    await org.claim(DEVICE, { from: at(1) });
    const batcher = createBatcher(town.deps, { log: SILENT, maxItems: 10 });
    const item = (n: number): IngestItem =>
      org.hear({ networkTime: new Date(Date.UTC(2026, 2, 2) + n * 60_000).toISOString(), fCnt: n });
    const reports = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        batcher.accept(
          i === 5 ? [item(4), item(3)] : [item(i * 3 + 200), item(i * 3 + 201), item(i * 3 + 202)],
        ),
      ),
    );
    expect(reports[5]).toMatchObject({ frames: 2, readings: 6 });
    expect(reports.every((r, i) => i === 5 || (r.frames === 3 && r.readings === 9))).toBe(true);
    await batcher.close();
    await expect(batcher.accept([item(1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is the same when two processes work on the same stream at once', async () => {
    for (const devEui of [DEVICE, 'a81758fffe0000bb']) await org.claim(devEui);
    const stream = Array.from({ length: 300 }, (_, i) =>
      org.hear({
        devEui: i % 2 === 0 ? DEVICE : 'a81758fffe0000bb',
        networkTime: new Date(Date.UTC(2026, 1, 27, 20) + i * 60_000).toISOString(),
        fCnt: i,
        receptions: [{ gatewayId: `gw-${i % 7}`, rssi: -80, snr: 5 }],
      }),
    );
    const processes = [toDeps(town.sql, town.decoder), toDeps(town.sql, town.decoder)];
    await Promise.all(
      processes.map(async (deps, p) => {
        const mine = p === 0 ? stream : stream.toReversed();
        for (let i = 0; i < mine.length; i += 30) await ingestBatch(deps, mine.slice(i, i + 30));
      }),
    );
    expect(await org.uplinks()).toHaveLength(300);
    expect(await org.observations()).toHaveLength(900);
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
    const [sum] =
      await town.sql`SELECT sum(frames)::int AS frames FROM gateways WHERE organisation_id = ${org.id}`;
    expect(sum).toEqual({ frames: 300 });
  });

  it('notices that a device was claimed while its frames were being decoded', async () => {
    await org.feed(hear(2));
    const claim = town.sql.begin((tx) =>
      claimDevice(tx, SYSTEM, {
        organisationId: org.id,
        devEui: DEVICE,
        codecKey: 'elsys/ers-co2',
        placeId: org.placeId,
        from: at(1),
        now: at(3),
      }),
    );
    await Promise.all([claim, org.feed(hear(3)), org.feed(hear(4))]);
    await org.sweep();
    expect(await places()).toEqual({ 2: 'Room', 3: 'Room', 4: 'Room' });
  });
});
