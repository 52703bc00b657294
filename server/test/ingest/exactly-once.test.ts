/** Exactly one observation per measurement, whatever comes twice and in which order. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import {
  addOrganisation,
  DEVICE,
  findWrongStatistics,
  GATEWAY,
  openTown,
  type TestOrganisation,
  type TestTown,
} from './town.ts';

describe.each(DATABASE_KINDS)('an uplink on %s', (kind) => {
  let town: TestTown;
  let org: TestOrganisation;
  beforeAll(async () => {
    town = await openTown(kind);
  }, 180_000);
  afterAll(() => town?.close());
  beforeEach(async () => {
    org = await addOrganisation(town);
  });

  it('gives one reading of each property of the room, and the battery to the device', async () => {
    await org.claim(DEVICE);
    const report = await org.feed(
      org.hear({ networkTime: '2026-03-02T08:10:00.123456Z', payload: '0100da0230040110050d0605dc070e4c' }),
    );
    expect(report).toEqual({ frames: 1, copies: 0, rejected: 0, waiting: 0, readings: 5, refused: 0 });
    expect(await org.observations()).toEqual(
      [
        ['air_temperature', 21.8],
        ['co2', 1500],
        ['illuminance', 272],
        ['motion', 13],
        ['relative_humidity', 48],
      ].map(([property, value]) => ({
        place: 'Room',
        property,
        channel: 0,
        time: '2026-03-02T08:10:00.123456Z',
        value,
        quality: 0,
        resultTime: null,
      })),
    );
    const [status] =
      await town.sql`SELECT battery_v, frames, copies, rejected, last_f_cnt, rssi, snr FROM device_status
      WHERE device_id = (SELECT id FROM devices WHERE organisation_id = ${org.id})`;
    expect(status).toEqual({
      battery_v: 3.66,
      frames: 1,
      copies: 0,
      rejected: 0,
      last_f_cnt: 1,
      rssi: -80,
      snr: 7.5,
    });
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('that several gateways heard is one frame with its best three receptions', async () => {
    await org.claim(DEVICE);
    const receptions = [1, 2, 3, 4].map((n) => ({ gatewayId: `gw-${n}`, rssi: -100 + n, snr: n }));
    await org.feed(
      ...receptions.map((r) => org.hear({ networkTime: '2026-03-02T08:10:00Z', receptions: [r] })),
    );
    const [frame] = await org.uplinks();
    expect(frame).toMatchObject({ gateways: ['gw-4', 'gw-3', 'gw-2'], snr: [4, 3, 2], copies: 0 });
    expect(await org.observations()).toHaveLength(3);
  });

  it('that the network sends again within a day is a copy, and the earliest time counts', async () => {
    await org.claim(DEVICE);
    for (const networkTime of [
      '2026-03-02T08:29:00.000001Z',
      '2026-03-02T08:00:00.000002Z',
      '2026-03-02T08:00:00.000001Z',
      '2026-03-03T08:00:00.000001Z',
      '2026-03-02T08:29:00.000001Z',
    ]) {
      await org.feed(org.hear({ networkTime }));
    }
    expect(await org.uplinks()).toMatchObject([
      { first: '2026-03-02T08:00:00.000001Z', last: '2026-03-03T08:00:00.000001Z', copies: 3 },
    ]);
    const observations = await org.observations();
    expect(observations.map((o) => o.time)).toEqual(Array(3).fill('2026-03-02T08:00:00.000001Z'));
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  });

  it('that a chain of copies carries over days stays one frame', async () => {
    await org.claim(DEVICE);
    const times = [0, 20, 40, 60, 80, 100].map((h) =>
      new Date(Date.UTC(2026, 2, 2) + h * 3_600_000).toISOString(),
    );
    for (const networkTime of times) await org.feed(org.hear({ networkTime }));
    expect(await org.uplinks()).toMatchObject([{ copies: 5, first: '2026-03-02T00:00:00Z' }]);
    // two ends of a chain first, the link between them last
    const other = await addOrganisation(town);
    await other.claim(DEVICE);
    for (const i of [0, 5, 1, 4, 2, 3]) await other.feed(other.hear({ networkTime: times[i] as string }));
    expect(await other.uplinks()).toEqual(await org.uplinks());
    expect(await other.observations()).toEqual(await org.observations());
    const counts =
      await town.sql`SELECT s.frames, s.copies FROM device_status s JOIN devices d ON d.id = s.device_id
      WHERE d.organisation_id = ANY(${[org.id, other.id]}::bigint[])`;
    expect(counts).toEqual([
      { frames: 1, copies: 5 },
      { frames: 1, copies: 5 },
    ]);
  });

  it('with the same counter more than a day later is another frame', async () => {
    await org.claim(DEVICE);
    await org.feed(org.hear({ networkTime: '2026-03-02T08:00:00Z' }));
    await org.feed(org.hear({ networkTime: '2026-03-03T08:00:01Z' }));
    expect(await org.uplinks()).toHaveLength(2);
    expect(await org.observations()).toHaveLength(6);
  });

  it('after a restart of the device, or a rollover of a 16-bit counter, is no copy', async () => {
    await org.claim(DEVICE);
    await org.feed(
      org.hear({ networkTime: '2026-03-02T08:00:00Z', fCnt: 65_535 }),
      org.hear({ networkTime: '2026-03-02T08:10:00Z', fCnt: 0 }),
      org.hear({ networkTime: '2026-03-02T08:20:00Z', fCnt: 0, devAddr: '26011bbb' }),
      org.hear({ networkTime: '2026-03-02T08:30:00Z', fCnt: 1 }),
    );
    expect(await org.uplinks()).toHaveLength(4);
    expect(await org.observations()).toHaveLength(12);
  });

  it('without a counter is a copy only of one heard at the same moment', async () => {
    await org.claim(DEVICE);
    const { fCnt: _none, ...bare } = org.hear({ networkTime: '2026-03-02T08:00:00Z' }).uplink;
    const hear = (networkTime: string) => ({
      ...org.hear({ networkTime }),
      uplink: { ...bare, networkTime },
    });
    await org.feed(hear('2026-03-02T08:00:00Z'));
    await org.feed(hear('2026-03-02T08:00:00.000Z'), hear('2026-03-02T08:10:00Z'));
    expect(await org.uplinks()).toHaveLength(2);
  });

  it('that comes late finds its place in time, and the latest value stays the latest', async () => {
    await org.claim(DEVICE);
    await org.feed(org.hear({ networkTime: '2026-03-02T08:20:00Z', fCnt: 3, payload: '0100dc' }));
    await org.feed(
      org.hear(
        { networkTime: '2026-01-31T23:59:59.999999Z', fCnt: 1, payload: '0100c8' },
        '2026-03-02T08:21:00Z',
      ),
    );
    expect((await org.observations()).map((o) => [o.time, o.value])).toEqual([
      ['2026-01-31T23:59:59.999999Z', 20],
      ['2026-03-02T08:20:00Z', 22],
    ]);
    const [stats] =
      await town.sql`SELECT last_number, observations FROM datastream_stats s JOIN datastreams d ON d.id = s.datastream_id
      WHERE d.organisation_id = ${org.id}`;
    expect(stats).toEqual({ last_number: 22, observations: 2 });
  });

  it('gives the same whatever the clock of Torv says when it arrives', async () => {
    await org.claim(DEVICE);
    for (const arrivedAt of ['1970-01-01T00:00:05Z', '2026-03-02T08:00:01Z', '2069-12-31T23:59:59Z']) {
      await org.feed(org.hear({ networkTime: '2026-03-02T08:00:00Z' }, arrivedAt));
    }
    expect(await org.uplinks()).toHaveLength(1);
    expect((await org.observations()).map((o) => o.time)).toEqual(Array(3).fill('2026-03-02T08:00:00Z'));
  });

  it('stores an implausible value and flags it', async () => {
    await org.claim(DEVICE);
    // 300.0 degrees, 200 % humidity
    await org.feed(org.hear({ networkTime: '2026-03-02T08:00:00Z', payload: '010bb802c8' }));
    const observations = await org.observations();
    expect(observations.map((o) => [o.property, o.value, o.quality > 0])).toEqual([
      ['air_temperature', 300, true],
      ['relative_humidity', 200, true],
    ]);
  });

  it('teaches signal, counts and last seen once, however often it is replayed', async () => {
    await org.claim(DEVICE);
    const items = [0, 10, 20].map((minute) =>
      org.hear({
        networkTime: `2026-03-02T08:${String(minute).padStart(2, '0')}:00Z`,
        fCnt: minute === 20 ? 1 : minute,
        payload: minute === 20 ? '0100d0' : '0100c8',
        receptions: [GATEWAY, { gatewayId: 'gw-2', rssi: -110, snr: -3 }],
      }),
    );
    const read = async () => ({
      status:
        await town.sql`SELECT frames, copies, rejected, first_seen, last_seen FROM device_status s JOIN devices d ON d.id = s.device_id WHERE d.organisation_id = ${org.id}`,
      signal:
        await town.sql`SELECT s.frames, rssi_sum, snr_count FROM gateway_signal s JOIN gateways g ON g.id = s.gateway_id WHERE g.organisation_id = ${org.id} ORDER BY g.gateway_id`,
      gateways:
        await town.sql`SELECT gateway_id, frames, first_seen, last_seen FROM gateways WHERE organisation_id = ${org.id} ORDER BY gateway_id`,
      observations: await org.observations(),
    });
    await org.feed(...items);
    const once = await read();
    for (const item of items.toReversed()) await org.feed(item);
    await org.feed(...items, ...items);
    expect(await read()).toEqual(once);
    expect(once.status).toEqual([
      {
        frames: 3,
        copies: 0,
        rejected: 0,
        first_seen: '2026-03-02T08:00:00Z',
        last_seen: '2026-03-02T08:20:00Z',
      },
    ]);
  });
});
