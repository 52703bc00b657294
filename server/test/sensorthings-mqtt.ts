/** SensorThings over HTTP and over the embedded broker side by side, and MQTT programs that are not ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { findDeadKeys, findKeyActor } from '../src/access/key-store.ts';
import { openEmbeddedBroker } from '../src/ingest/embedded-broker.ts';
import type { Broker } from '../src/ingest/mqtt/broker.ts';
import type { MqttDoor } from '../src/ingest/mqtt/websocket.ts';
import { createSensorThingsTopics } from '../src/sensorthings/topics.ts';
import type { TestAppOptions } from './app.ts';
import type { DatabaseKind } from './database.ts';
import { findFreePort } from './free-port.ts';
import { findProgram } from './mosquitto.ts';
import { type BareClient, openBareClient } from './mqtt-client.ts';
import type { Json } from './sensorthings.ts';
import { createWrites, type Writes } from './sensorthings-writes.ts';

/** A client that has subscribed. */
export interface Listener {
  readonly client: BareClient;
  /** Of each topic what was granted; 128: refused. */
  readonly granted: readonly number[];
  /** The next message. */
  next(): Promise<{
    readonly topic: string;
    readonly text: string;
    readonly body: Json;
    readonly qos: number;
  }>;
  /** What has come so far. */
  heard(): readonly string[];
}

export interface MqttWrites extends Writes {
  readonly port: number;
  readonly broker: Broker;
  /** Publishes with QoS 1 by mosquitto_pub; default: with the writer's own key. @returns its exit code: 0 after the PUBACK */
  publish(topic: string, body: unknown, key?: string | undefined): Promise<number>;
  /** @param key default: nobody's */
  connect(key?: string): Promise<BareClient>;
  listen(topics: string | readonly string[], key?: string): Promise<Listener>;
  /** Ends all clients, and waits until nobody is told anything any more. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export async function createMqttWrites(
  kind: DatabaseKind,
  options: TestAppOptions = {},
): Promise<MqttWrites> {
  let door: MqttDoor | undefined;
  const writes = await createWrites(kind, { ...options, mqtt: () => door });
  const { test } = writes;
  const { sql } = test.database;
  const port = await findFreePort();
  const opened = await openEmbeddedBroker({
    sql,
    inlet: test.runtime.inlet,
    log: test.runtime.log,
    host: '127.0.0.1',
    port,
    portConfigured: true,
    sensorThings: createSensorThingsTopics(test.runtime),
    openForWriting: test.config.staOpen,
    findKey: (text) => findKeyActor(sql, text, test.now()),
    findDeadKeys: (ids) => findDeadKeys(sql, ids, test.now()),
  });
  const { broker } = opened;
  if (broker === undefined) throw new Error(opened.reason);
  door = { port, isTls: false, accept: broker.accept };
  const clients: BareClient[] = [];
  const connect: MqttWrites['connect'] = async (key) => {
    const client = await openBareClient(
      port,
      key === undefined ? {} : { username: 'torv', password: Buffer.from(key) },
    );
    clients.push(client);
    const { returnCode } = await client.next('connack');
    if (returnCode !== 0) throw new Error(`The broker refused with ${returnCode}`);
    return client;
  };
  return {
    ...writes,
    port,
    broker,
    connect,
    publish(topic, body, ...rest) {
      const key = rest.length > 0 ? rest[0] : writes.key;
      return runToEnd(
        spawn(findProgram('mosquitto_pub'), [
          ...['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', topic],
          ...['-m', typeof body === 'string' ? body : JSON.stringify(body)],
          ...(key === undefined ? [] : ['-u', 'torv', '-P', key]),
        ]),
      );
    },
    async listen(topics, key) {
      // what was before is no news
      await test.runtime.updates.settle();
      const client = await connect(key);
      const list = typeof topics === 'string' ? [topics] : topics;
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: list.map((topic) => ({ topic, qos: 1 as const })),
      });
      const { granted } = await client.next('suback');
      return {
        client,
        granted: granted.map(Number),
        async next() {
          const { topic, payload, qos, messageId } = await client.next('publish');
          if (qos === 1 && messageId !== undefined) client.send({ cmd: 'puback', messageId });
          const text = payload.toString();
          return { topic, text, body: JSON.parse(text) as Json, qos };
        },
        heard: () =>
          client.packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : [])),
      };
    },
    async quiet() {
      for (const client of clients.splice(0)) client.end();
      while (broker.subscribedTopics().length > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      await test.runtime.updates.settle();
    },
    async close() {
      for (const client of clients) client.end();
      await opened.close();
      await test.close();
    },
  };
}

/** @returns the exit code; -1 where it was ended after ten seconds */
function runToEnd(child: ChildProcess): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? -1);
    });
  });
}
