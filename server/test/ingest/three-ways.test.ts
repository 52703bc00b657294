/**
 * The same frames by webhook, by MQTT (a real Mosquitto) and out of files, all at once and each in an order of its
 * own, in two forms and with three different times: exactly one observation per measurement.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../src/access/port.ts';
import { replayCommand } from '../../src/ingest/replay-port.ts';
import { createSourceManager, type SourceManager } from '../../src/ingest/source-manager.ts';
import { createSourceKey, ensureSource, insertSource } from '../../src/ingest/source-store.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { createTestApp, type TestApp } from '../app.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import { type Mosquitto, startMosquitto } from '../mosquitto.ts';
import { openBareClient } from '../mqtt-client.ts';
import { ask } from '../people.ts';
import { until } from '../until.ts';
import {
  addOrganisation,
  CODECS,
  findWrongStatistics,
  type TestOrganisation,
  toHistoryPayload,
} from './town.ts';

const FRAMES_EACH = 40;
const EVERY_S = 600;
/** The month ends while they measure. */
const START_S = Date.UTC(2026, 1, 28, 20) / 1000;
const CLASSROOMS = ['a81758fffe00d001', 'a81758fffe00d002', 'a81758fffe00d003'];
const REPEATER = 'a81758fffe00d004';

interface Sent {
  readonly devEui: string;
  readonly fCnt: number;
  readonly payload: string;
  /** When the network heard it first, in seconds since 1970. */
  readonly atS: number;
}

const toTime = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
const toDegrees = (fCnt: number) => 15 + (fCnt % 7);

/** Of each classroom its air; of the repeater its value now and the two before, with the times they had. */
function makeFrames(): Sent[] {
  const counters = Array.from({ length: FRAMES_EACH }, (_, fCnt) => fCnt);
  const rooms = CLASSROOMS.flatMap((devEui, n) =>
    counters.map((fCnt) => {
      const bytes = Buffer.from('0100000230060000', 'hex');
      bytes.writeInt16BE(toDegrees(fCnt) * 10, 1);
      bytes.writeUInt16BE(400 + 10 * fCnt + n, 6);
      return { devEui, fCnt, payload: bytes.toString('hex'), atS: START_S + fCnt * EVERY_S + n };
    }),
  );
  const repeats = counters.map((fCnt) => {
    const before = [fCnt - 1, fCnt - 2].filter((n) => n >= 0);
    const history = before.map((n) => ({ atS: START_S + n * EVERY_S, value: toDegrees(n) }));
    return {
      devEui: REPEATER,
      fCnt,
      payload: toHistoryPayload(toDegrees(fCnt), history),
      atS: START_S + fCnt * EVERY_S,
    };
  });
  return [...rooms, ...repeats];
}

/** The same in every run; another one for each seed. */
function shuffle<T>(list: readonly T[], seed: number): T[] {
  let state = seed;
  return list
    .map((value) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return { value, key: state };
    })
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** Every third of them once more, and all in an order of its own. */
const toStream = (frames: readonly Sent[], seed: number) =>
  shuffle([...frames, ...frames.filter((_, i) => i % 3 === seed % 3)], seed);

const toChirpStack = (frame: Sent, lateS: number, gatewayId: string): string =>
  JSON.stringify({
    deduplicationId: crypto.randomUUID(),
    time: toTime(frame.atS + lateS),
    deviceInfo: { deviceName: 'sensor', devEui: frame.devEui, tags: {} },
    devAddr: '01ab23cd',
    fCnt: frame.fCnt,
    fPort: 5,
    data: Buffer.from(frame.payload, 'hex').toString('base64'),
    rxInfo: [{ gatewayId, rssi: -57, snr: 10 }],
  });

const toPlain = (frame: Sent, lateS: number) => ({
  devEui: frame.devEui.toUpperCase(),
  devAddr: '01AB23CD',
  fCnt: frame.fCnt,
  fPort: 5,
  payload: frame.payload,
  time: toTime(frame.atS + lateS),
  gateways: [{ id: 'gw-webhook', rssi: -90, snr: 2 }],
});

describe.each(DATABASE_KINDS)('the same frames by webhook, MQTT and file on %s', (kind) => {
  let broker: Mosquitto;
  let test: TestApp;
  let manager: SourceManager;
  let org: TestOrganisation;
  beforeAll(async () => {
    broker = await startMosquitto();
    test = await createTestApp(kind, { env: { TORV_SECRET_KEY: 'of-the-test-and-of-nobody-else-at-all' } });
    const { database, runtime } = test;
    const { sql } = database;
    await syncObservedProperties(sql);
    await syncShippedCodecs(sql, CODECS);
    org = await addOrganisation({
      database,
      sql,
      decoder: runtime.decoder,
      deps: runtime.ingest,
      close: async () => undefined,
    });
    for (const devEui of CLASSROOMS)
      await org.claim(devEui, { placeId: await org.addPlace(`Room ${devEui}`) });
    await org.claim(REPEATER, { codec: 'test/history', placeId: await org.addPlace('Roof') });
    manager = createSourceManager({
      sql,
      inlet: runtime.inlet,
      sealer: runtime.sealer,
      log: SILENT,
      resolveHost: async (host) => host,
      mostSlots: 1,
      retryFromMs: 50,
    });
  });
  afterAll(async () => {
    await manager?.close();
    await test?.close();
    await broker?.stop();
  });

  async function addWebhook(): Promise<{ readonly id: number; readonly key: string }> {
    const { sql } = test.database;
    const source = await ensureSource(sql, {
      organisationId: org.id,
      name: 'Hook',
      kind: 'webhook',
      format: 'torv',
    });
    const { key, hash } = createSourceKey();
    await sql`UPDATE sources SET key_hash = ${hash} WHERE id = ${source.id}`;
    test.runtime.inlet.forgetKeys();
    return { id: source.id, key };
  }

  async function addBroker(): Promise<number> {
    const { sql } = test.database;
    const { id } = await sql.begin((tx) =>
      insertSource(
        tx,
        SYSTEM,
        org.id,
        {
          name: 'ChirpStack',
          kind: 'mqtt',
          format: 'chirpstack-v4',
          settings: { url: broker.url, topics: ['application/+/device/+/event/up'] },
        },
        null,
      ),
    );
    await manager.refresh();
    await until(
      async () =>
        (await sql`SELECT FROM source_status WHERE source_id = ${id} AND state = 'listening'`).length === 1,
    );
    return id;
  }

  async function sendWebhooks(key: string, stream: readonly Sent[]): Promise<void> {
    // single messages and lists of them, several under way at once
    const bodies: unknown[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = 1 + (at % 4);
      const list = stream.slice(at, at + size).map((frame) => toPlain(frame, 2));
      bodies.push(size === 1 ? list[0] : list);
      at += size;
    }
    const senders = Array.from({ length: 4 }, async () => {
      for (let body = bodies.shift(); body !== undefined; body = bodies.shift()) {
        const answer = await ask(test, 'POST', '/ingest/torv', { body, headers: { 'x-torv-key': key } });
        expect([200, 202]).toContain(answer.status);
      }
    });
    await Promise.all(senders);
  }

  async function publish(stream: readonly Sent[]): Promise<void> {
    const client = await openBareClient(broker.port);
    await client.next('connack');
    await client.publishAll(
      stream.map((frame) => ({
        topic: `application/7/device/${frame.devEui}/event/up`,
        payload: toChirpStack(frame, 0, 'gw-mqtt'),
      })),
      25,
    );
    client.end();
  }

  /** Many small files: a file of this size is one batch. */
  async function replay(stream: readonly Sent[]): Promise<void> {
    const output = { line: () => undefined, error: () => undefined };
    for (let at = 0; at < stream.length; at += 30) {
      const file = join(test.config.dataDir, `frames-${at}.ndjson`);
      const lines = stream.slice(at, at + 30).map((frame) => toChirpStack(frame, 29 * 60, 'gw-file'));
      writeFileSync(file, `${lines.join('\n')}\n`);
      const args = [file, '--format', 'chirpstack-v4', '--organisation', String(org.id)];
      expect(await replayCommand.run({ runtime: test.runtime, args, cwd: test.config.dataDir, output })).toBe(
        0,
      );
    }
  }

  const findMessages = async (sourceId: number) =>
    (
      await test.database.sql<{ messages: number; faults: number }[]>`
        SELECT messages::int AS messages, faults::int AS faults FROM source_status WHERE source_id = ${sourceId}`
    )[0];

  it('give exactly one observation per measurement, at the earliest time that anybody said', async () => {
    const { sql } = test.database;
    const frames = makeFrames();
    const [byHook, byMqtt, byFile] = [toStream(frames, 11), toStream(frames, 22), toStream(frames, 33)];
    const hook = await addWebhook();
    const brokerSourceId = await addBroker();
    await Promise.all([sendWebhooks(hook.key, byHook), publish(byMqtt), replay(byFile)]);
    await until(async () => (await findMessages(brokerSourceId))?.messages === byMqtt.length);
    await until(async () => (await findMessages(hook.id))?.messages === byHook.length);
    await test.runtime.sweepNow();

    const key = (frame: { devEui: string; fCnt: number | null }) => `${frame.devEui} ${frame.fCnt}`;
    const uplinks = await org.uplinks();
    expect(uplinks.map((u) => `${key(u)} ${u.first} ${u.last} ${u.copies} ${u.state}`).sort()).toEqual(
      frames.map((f) => `${key(f)} ${toTime(f.atS)} ${toTime(f.atS + 29 * 60)} 2 1`).sort(),
    );
    expect(uplinks.every((u) => u.gateways.length === 3)).toBe(true);

    const toLine = (place: string, property: string, atS: number, value: number) =>
      `${place} ${property} ${toTime(atS)} ${value}`;
    const expected = frames.flatMap(({ devEui, fCnt, atS }) => {
      if (devEui === REPEATER) return [toLine('Roof', 'air_temperature', atS, toDegrees(fCnt))];
      const place = `Room ${devEui}`;
      return [
        toLine(place, 'air_temperature', atS, toDegrees(fCnt)),
        toLine(place, 'relative_humidity', atS, 48),
        toLine(place, 'co2', atS, 400 + 10 * fCnt + CLASSROOMS.indexOf(devEui)),
      ];
    });
    const observations = await org.observations();
    expect(observations.map((o) => `${o.place} ${o.property} ${o.time} ${o.value}`).sort()).toEqual(
      expected.sort(),
    );

    expect(await findWrongStatistics(sql, org.id)).toEqual([]);
    const counts = await sql`
      SELECT s.frames::int AS frames, s.copies::int AS copies, s.rejected::int AS rejected FROM device_status s
      JOIN devices d ON d.id = s.device_id WHERE d.organisation_id = ${org.id}`;
    expect(counts).toEqual(Array(4).fill({ frames: FRAMES_EACH, copies: 2 * FRAMES_EACH, rejected: 0 }));
    expect(await sql`SELECT FROM rejected_messages`).toHaveLength(0);
    const [files] = await sql<{ id: number }[]>`
      SELECT id FROM sources WHERE organisation_id = ${org.id} AND name = 'Replayed files'`;
    expect(await findMessages(Number(files?.id))).toEqual({ messages: byFile.length, faults: 0 });
  }, 180_000);
});
