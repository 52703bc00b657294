/** Observations in by PUBLISH and out by SUBSCRIBE, as any MQTT 3.1.1 client of the standard would do it. */

import { AppError } from '@torv/core/errors';
import type { Packet } from 'mqtt-packet';
import { type Connection, openConnection } from '../../ingest/mqtt/connection.ts';
import type { Timed } from './report.ts';
import { type Seeded, STEP_MS } from './seed.ts';

export interface MqttTarget {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** The standard's topics begin with the version. */
  readonly prefix: string;
}

interface MqttClient {
  send(packet: Packet): void;
  onPacket(listener: (packet: Packet) => void): void;
  /** Rejects when the connection ends before `close`. */
  readonly lost: Promise<never>;
  close(): Promise<void>;
}

const PUBLISHES = 2_000;
const WINDOW = 200;
const SUBSCRIBERS = 20;
const FANOUT_MESSAGES = 100;
const CONNECT_MS = 10_000;
const DELIVERY_MS = 60_000;

async function openClient(target: MqttTarget, clientId: string): Promise<MqttClient> {
  let connection: Connection | undefined;
  let listener: (packet: Packet) => void = () => undefined;
  let lose: (error: Error) => void = () => undefined;
  let closing = false;
  const lost = new Promise<never>((_, reject) => (lose = reject));
  lost.catch(() => undefined);
  const accepted = new Promise<void>((resolve) => {
    connection = openConnection(
      {
        url: target.url,
        ...(target.username === undefined ? {} : { username: target.username }),
        ...(target.password === undefined ? {} : { password: target.password }),
        clientId,
        clean: true,
        protocolVersion: 4,
        keepaliveS: 30,
        receiveMaximum: 1_000,
        sessionExpiryS: 0,
        connectTimeoutMs: CONNECT_MS,
        maxPacketBytes: 8 * 1024 * 1024,
      },
      {
        onConnack: () => resolve(),
        onPackets: (packets) => {
          for (const packet of packets) listener(packet);
        },
        onClose: ({ reason }) => {
          if (!closing) lose(new AppError('UNAVAILABLE', `The broker ended the connection: ${reason}`));
        },
      },
    );
  });
  await Promise.race([accepted, lost]);
  return {
    send: (packet) => connection?.send(packet),
    onPacket: (next) => {
      listener = next;
    },
    lost,
    async close() {
      closing = true;
      await connection?.end();
    },
  };
}

function toPublish(target: MqttTarget, datastream: string, n: number, atMs: number): Packet {
  return {
    cmd: 'publish',
    topic: `${target.prefix}/Datastreams(${datastream})/Observations`,
    payload: JSON.stringify({ phenomenonTime: new Date(atMs).toISOString(), result: n }),
    qos: 1,
    messageId: (n % 65_000) + 1,
    dup: false,
    retain: false,
  };
}

const yearsBefore = (seeded: Seeded, years: number, n: number): number =>
  seeded.firstMs - years * 365 * 86_400_000 - n * STEP_MS;

/** Until each PUBACK: the server says so when the Observation is kept. @throws AppError UNAVAILABLE */
export async function measurePublish(target: MqttTarget, seeded: Seeded): Promise<Timed> {
  const client = await openClient(target, `bench-publish-${process.pid}`);
  const sentMs = new Map<number, number>();
  const times: number[] = [];
  const begunMs = performance.now();
  let next = 0;
  const done = new Promise<void>((resolve) => {
    const fill = () => {
      while (next < PUBLISHES && sentMs.size < WINDOW) {
        sentMs.set((next % 65_000) + 1, performance.now());
        const datastream = seeded.datastreams[next % seeded.datastreams.length] as string;
        client.send(toPublish(target, datastream, next, yearsBefore(seeded, 2, next)));
        next++;
      }
    };
    client.onPacket((packet) => {
      if (packet.cmd !== 'puback' || packet.messageId === undefined) return;
      const begun = sentMs.get(packet.messageId);
      if (begun === undefined) return;
      sentMs.delete(packet.messageId);
      times.push(performance.now() - begun);
      if (times.length === PUBLISHES) resolve();
      else fill();
    });
    fill();
  });
  await Promise.race([done, client.lost]);
  const seconds = (performance.now() - begunMs) / 1000;
  await client.close();
  return { times, seconds };
}

/** From PUBLISH to the PUBLISH that each of twenty subscribers gets. @throws AppError UNAVAILABLE */
export async function measureFanOut(target: MqttTarget, seeded: Seeded): Promise<Timed> {
  const datastream = seeded.datastreams[0] as string;
  const sentMs = new Map<number, number>();
  const times: number[] = [];
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const clients: MqttClient[] = [];
  for (let i = 0; i < SUBSCRIBERS; i++) {
    const client = await openClient(target, `bench-subscribe-${process.pid}-${i}`);
    clients.push(client);
    const granted = new Promise<void>((resolve, reject) =>
      client.onPacket((packet) => {
        if (packet.cmd !== 'suback') return;
        if (packet.granted[0] === 128) reject(new AppError('UNAVAILABLE', 'The subscription was refused.'));
        else resolve();
      }),
    );
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: `${target.prefix}/Datastreams(${datastream})/Observations`, qos: 1 }],
    });
    await Promise.race([granted, client.lost]);
    client.onPacket((packet) => {
      if (packet.cmd !== 'publish') return;
      if (packet.qos > 0) client.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
      const { result } = JSON.parse(packet.payload.toString()) as { result: number };
      const begun = sentMs.get(result);
      if (begun !== undefined) times.push(performance.now() - begun);
      if (times.length === SUBSCRIBERS * FANOUT_MESSAGES) done();
    });
  }
  const publisher = await openClient(target, `bench-fan-${process.pid}`);
  const begunMs = performance.now();
  for (let n = 0; n < FANOUT_MESSAGES; n++) {
    sentMs.set(n, performance.now());
    publisher.send(toPublish(target, datastream, n, yearsBefore(seeded, 4, n)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const missing = SUBSCRIBERS * FANOUT_MESSAGES - times.length;
      reject(
        new AppError('UNAVAILABLE', `${missing} messages had not arrived after ${DELIVERY_MS / 1000} s.`),
      );
    }, DELIVERY_MS);
  });
  await Promise.race([all, late, publisher.lost, ...clients.map((client) => client.lost)]);
  clearTimeout(timer);
  const seconds = (performance.now() - begunMs) / 1000;
  for (const client of [publisher, ...clients]) await client.close();
  return { times, seconds };
}
