import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { findFreePort } from '../../../test/free-port.ts';
import { findProgram, makeCertificate } from '../../../test/mosquitto.ts';
import { type BareClient, openBareClient } from '../../../test/mqtt-client.ts';
import type { Scope } from '../../access/port.ts';
import {
  type Broker,
  type BrokerOptions,
  type Credential,
  type DeviceMessage,
  startBroker,
} from './broker.ts';
import { createBucket, createLoginGuard, toAddressGroup } from './quotas.ts';

const KEY = 'torv_key_of_organisation_7';
const OTHER_KEY = 'torv_key_of_organisation_8';
const READ_KEY = 'torv_read_only';
const KEYS: Readonly<Record<string, Credential>> = {
  [KEY]: { organisationId: 7, keyId: 70, scopes: new Set<Scope>(['ingest', 'write']) },
  [OTHER_KEY]: { organisationId: 8, keyId: 80, scopes: new Set<Scope>(['ingest']) },
  [READ_KEY]: { organisationId: 7, keyId: 71, scopes: new Set<Scope>(['read']) },
};
const UP = 'devices/A81758FFFE03BC34/up';
const PUBLIC = 'v1.1/Datastreams(1)/Observations';
const INTERNAL = 'v1.1/Datastreams(2)/Observations';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Started {
  readonly broker: Broker;
  readonly kept: DeviceMessage[];
  readonly notices: string[];
}

async function start(options: Partial<BrokerOptions> = {}): Promise<Started> {
  const kept: DeviceMessage[] = [];
  const notices: string[] = [];
  const started = await startBroker({
    host: '127.0.0.1',
    port: 0,
    portConfigured: true,
    authenticate: async (_username, password) => KEYS[password],
    maySubscribe: async (credential, topic) =>
      topic === PUBLIC || (topic === INTERNAL && credential?.organisationId === 7),
    take: async (messages) => void kept.push(...messages),
    onNotice: (line) => notices.push(line),
    ...options,
  });
  if (started.kind === 'off') throw new Error(started.reason);
  closers.push(() => started.broker.stop());
  return { broker: started.broker, kept, notices };
}

async function client(port: number, key?: string, more: { clientId?: string } = {}): Promise<BareClient> {
  const opened = await openBareClient(
    port,
    key === undefined ? more : { username: 'torv', password: Buffer.from(key), ...more },
  );
  closers.push(() => opened.end());
  expect((await opened.next('connack')).returnCode).toBe(0);
  return opened;
}

function publish(
  to: BareClient,
  topic: string,
  payload: string,
  more: { qos?: 0 | 1 | 2; retain?: boolean; messageId?: number } = {},
): void {
  to.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, retain: false, dup: false, ...more });
}

async function granted(from: BareClient, topic: string): Promise<unknown> {
  from.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic, qos: 1 }] });
  return (await from.next('suback')).granted[0];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function eventually(test: () => boolean): Promise<void> {
  while (!test()) await sleep(5);
}

function run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(findProgram(program), args, { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` });
    });
  });
}

describe('publishing at the embedded broker', () => {
  it('acknowledges only when the message is committed', async () => {
    let commit: () => void = () => undefined;
    const { broker } = await start({ take: () => new Promise((resolve) => (commit = resolve)) });
    const sender = await client(broker.port, KEY);
    publish(sender, UP, '{}', { messageId: 33 });
    await eventually(() => broker.state.received === 1);
    await sleep(50);
    expect(sender.packets.filter((packet) => packet.cmd === 'puback')).toEqual([]);
    commit();
    expect((await sender.next('puback')).messageId).toBe(33);
  });

  it('closes the connection without acknowledging what could not be kept', async () => {
    const { broker } = await start({ take: async () => Promise.reject(new Error('the database is away')) });
    const sender = await client(broker.port, KEY);
    publish(sender, UP, '{}');
    await sender.untilClosed();
    expect(sender.packets.some((packet) => packet.cmd === 'puback')).toBe(false);
    expect(broker.state.refused).toBe(1);
  });

  it('takes the organisation from the key, whatever the topic and the DevEUI say', async () => {
    const { broker, kept } = await start();
    const sender = await client(broker.port, OTHER_KEY);
    publish(sender, UP, '{"a":1}');
    await sender.next('puback');
    expect(kept[0]).toMatchObject({ devEui: 'a81758fffe03bc34', credential: { organisationId: 8 } });
    expect(kept[0]?.payload.toString()).toBe('{"a":1}');
  });

  it('serves mosquitto_pub with every quality of service', async () => {
    const { broker, kept } = await start();
    for (const qos of ['0', '1', '2']) {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        String(broker.port),
        '-u',
        'x',
        '-P',
        KEY,
        '-t',
        UP,
        '-m',
        `q${qos}`,
        '-q',
        qos,
      ];
      expect(await run('mosquitto_pub', args)).toMatchObject({ code: 0 });
    }
    await eventually(() => kept.length === 3);
    expect(kept.map((message) => message.payload.toString())).toEqual(['q0', 'q1', 'q2']);
  });

  it('keeps thousands from several clients while each commit lasts 20 ms', async () => {
    const seen: string[] = [];
    const { broker } = await start({
      take: async (messages) => {
        await sleep(20);
        seen.push(...messages.map((message) => message.payload.toString()));
      },
    });
    await Promise.all(
      [0, 1, 2].map(async (each) => {
        const sender = await client(broker.port, KEY);
        await sender.publishAll(
          Array.from({ length: 1_000 }, (_, i) => ({ topic: UP, payload: `${each}-${i}` })),
        );
      }),
    );
    expect(new Set(seen).size).toBe(3_000);
    expect(broker.state.inFlightBytes).toBe(0);
  });

  it('refuses anonymous publishers, keys without the scope, foreign topics and bad DevEUIs by closing', async () => {
    const { broker, kept } = await start();
    const tries: [string | undefined, string][] = [
      [undefined, UP],
      [READ_KEY, UP],
      [KEY, 'anything/else'],
      [KEY, 'devices/12/up'],
      [KEY, 'v1.1/Observations'],
      [KEY, '$SYS/broker/x'],
      [KEY, 'devices/+/up'],
      [KEY, 'devices/#'],
    ];
    for (const [key, topic] of tries) {
      const sender = await client(broker.port, key);
      publish(sender, topic, '{}');
      await sender.untilClosed();
      expect(
        sender.packets.some((packet) => packet.cmd === 'puback'),
        topic,
      ).toBe(false);
    }
    expect(kept).toEqual([]);
    await eventually(() => broker.state.inFlightBytes === 0);
  });

  it('takes neither retained nor Will messages', async () => {
    const { broker, kept, notices } = await start();
    const sender = await client(broker.port, KEY);
    publish(sender, UP, '{}', { retain: true });
    await sender.untilClosed();
    const dying = await openBareClient(broker.port, {
      username: 'torv',
      password: Buffer.from(KEY),
      will: { topic: UP, payload: Buffer.from('{}'), qos: 1, retain: false },
    });
    expect((await dying.next('connack')).returnCode).toBe(5);
    await dying.untilClosed();
    await sleep(20);
    expect(kept).toEqual([]);
    expect(notices.join('\n')).toMatch(/Will/);
  });

  it('hands SensorThings messages to their handler with the credential', async () => {
    const got: string[] = [];
    const { broker } = await start({
      publishSensorThings: async ({ topic, payload, credential }) => {
        if (payload.toString() === 'bad') throw new Error('not an Observation');
        got.push(`${credential?.organisationId} ${topic} ${payload}`);
      },
    });
    const sender = await client(broker.port, KEY);
    publish(sender, 'v1.1/Observations', '{"result":1}');
    await sender.next('puback');
    expect(got).toEqual(['7 v1.1/Observations {"result":1}']);
    publish(sender, 'v1.1/Observations', 'bad');
    await sender.untilClosed();
  });

  it('forwards to nobody what a client publishes', async () => {
    const { broker } = await start({ publishSensorThings: async () => undefined });
    const listener = await client(broker.port);
    expect(await granted(listener, PUBLIC)).toBe(1);
    const sender = await client(broker.port, KEY);
    publish(sender, PUBLIC, 'forged');
    await sender.next('puback');
    broker.publish(PUBLIC, Buffer.from('true'));
    expect((await listener.next('publish')).payload.toString()).toBe('true');
  });
});

describe('keys at the embedded broker', () => {
  it('refuses a wrong key, and after many of them the address for a while', async () => {
    let asked = 0;
    const { broker, notices } = await start({
      limits: { failedLoginsPerMinute: 3 },
      authenticate: async (_username, password) => {
        asked++;
        return KEYS[password];
      },
    });
    const codes: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      const sender = await openBareClient(broker.port, { username: 'u', password: Buffer.from('guess-me') });
      codes.push((await sender.next('connack')).returnCode);
    }
    expect(codes).toEqual([4, 4, 4, 5, 5]);
    expect(asked).toBe(3);
    expect(notices.join('\n')).not.toContain('guess-me');
  });

  it('answers "not available" when keys cannot be checked', async () => {
    const { broker } = await start({ authenticate: async () => Promise.reject(new Error('database away')) });
    const sender = await openBareClient(broker.port, { username: 'u', password: Buffer.from(KEY) });
    expect((await sender.next('connack')).returnCode).toBe(3);
  });

  it('closes the connections of a revoked key and of no other', async () => {
    const { broker, kept } = await start();
    const one = await client(broker.port, KEY);
    const two = await client(broker.port, KEY);
    const other = await client(broker.port, OTHER_KEY);
    expect(broker.closeByKey(70)).toBe(2);
    await Promise.all([one.untilClosed(), two.untilClosed()]);
    publish(other, UP, '{}');
    await other.next('puback');
    expect(kept).toHaveLength(1);
  });

  it('lets nobody in whose key was revoked while it was checked', async () => {
    let answer: (credential: Credential | undefined) => void = () => undefined;
    const { broker } = await start({ authenticate: () => new Promise((resolve) => (answer = resolve)) });
    const sender = await openBareClient(broker.port, { username: 'u', password: Buffer.from(KEY) });
    await sleep(30);
    broker.closeByKey(70);
    answer(KEYS[KEY]);
    expect((await sender.next('connack')).returnCode).toBe(4);
  });

  it('keeps client ids apart by key, and gives one key its own client id back', async () => {
    const { broker } = await start();
    const mine = await client(broker.port, KEY, { clientId: 'gateway-1' });
    const foreign = await client(broker.port, OTHER_KEY, { clientId: 'gateway-1' });
    const anonymous = await client(broker.port, undefined, { clientId: 'gateway-1' });
    publish(mine, UP, '{}');
    await mine.next('puback');
    await client(broker.port, KEY, { clientId: 'gateway-1' });
    await mine.untilClosed();
    expect([foreign.closed, anonymous.closed]).toEqual([false, false]);
  });

  it('bounds connections of one key and anonymous ones', async () => {
    const { broker } = await start({ limits: { connectionsPerKey: 2, anonymousConnections: 1 } });
    await client(broker.port, KEY);
    await client(broker.port, KEY);
    const third = await openBareClient(broker.port, { username: 'u', password: Buffer.from(KEY) });
    expect((await third.next('connack')).returnCode).toBe(3);
    const first = await client(broker.port);
    const second = await openBareClient(broker.port);
    expect((await second.next('connack')).returnCode).toBe(3);
    first.end();
    await eventually(() => broker.state.anonymous === 0);
    await client(broker.port);
  });
});

describe('subscribing at the embedded broker', () => {
  it('grants public topics to anybody, internal ones to the organisation, and refuses the rest with 128', async () => {
    const { broker } = await start();
    const anonymous = await client(broker.port);
    const member = await client(broker.port, KEY);
    const foreign = await client(broker.port, OTHER_KEY);
    expect(await granted(anonymous, PUBLIC)).toBe(1);
    expect(await granted(member, INTERNAL)).toBe(1);
    for (const topic of ['#', '+', 'v1.1/#', 'v1.1/+/Observations', '$SYS/#', '$SYS/x', UP, INTERNAL]) {
      expect(await granted(anonymous, topic), topic).toBe(128);
    }
    expect(await granted(foreign, INTERNAL)).toBe(128);
    expect([...broker.subscribedTopics()].sort()).toEqual([PUBLIC, INTERNAL].sort());
  });

  it('asks again for each message who may have it', async () => {
    const { broker } = await start();
    const anonymous = await client(broker.port);
    const member = await client(broker.port, KEY);
    await granted(anonymous, PUBLIC);
    await granted(member, PUBLIC);
    expect(broker.publish(PUBLIC, Buffer.from('1'), (credential) => credential?.organisationId === 7)).toBe(
      1,
    );
    expect(broker.publish(PUBLIC, Buffer.from('2'))).toBe(2);
    expect((await member.next('publish')).payload.toString()).toBe('1');
    expect((await anonymous.next('publish')).payload.toString()).toBe('2');
  });

  it('forgets a subscriber that leaves', async () => {
    const { broker } = await start();
    const one = await client(broker.port);
    await granted(one, PUBLIC);
    one.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: [PUBLIC] });
    await one.next('unsuback');
    expect(broker.publish(PUBLIC, Buffer.from('x'))).toBe(0);
    await granted(one, PUBLIC);
    one.end();
    await eventually(() => broker.subscribedTopics().length === 0);
  });

  it('bounds the number of subscriptions, also when many come at once', async () => {
    const { broker } = await start({
      limits: { subscriptionsPerConnection: 5 },
      maySubscribe: async () => true,
    });
    const one = await client(broker.port);
    one.send({
      cmd: 'subscribe',
      messageId: 9,
      subscriptions: Array.from({ length: 50 }, (_, i) => ({ topic: `v1.1/T${i}`, qos: 0 as const })),
    });
    const codes = (await one.next('suback')).granted;
    expect(codes.filter((code) => code === 0)).toHaveLength(5);
    expect(broker.subscribedTopics()).toHaveLength(5);
  });

  it('serves mosquitto_sub', async () => {
    const { broker } = await start();
    const reading = spawn(findProgram('mosquitto_sub'), [
      '-h',
      '127.0.0.1',
      '-p',
      String(broker.port),
      '-t',
      PUBLIC,
      '-C',
      '2',
      '-q',
      '1',
    ]);
    let output = '';
    reading.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    await eventually(() => broker.subscribedTopics().length === 1);
    broker.publish(PUBLIC, Buffer.from('{"result":1}'));
    broker.publish(PUBLIC, Buffer.from('{"result":2}'));
    await new Promise((resolve) => reading.once('close', resolve));
    expect(output).toBe('{"result":1}\n{"result":2}\n');
  });

  it('disconnects a subscriber that does not read, and holds up nobody', async () => {
    const { broker } = await start({ limits: { unsentBytesPerConnection: 100_000 } });
    const slow = await client(broker.port);
    const quick = await client(broker.port);
    await granted(slow, PUBLIC);
    await granted(quick, PUBLIC);
    slow.socket.pause();
    const payload = Buffer.alloc(10_000, 'x');
    let sent = 0;
    while (broker.state.connections === 2 && sent < 5_000) {
      broker.publish(PUBLIC, payload);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(broker.state.connections).toBe(1);
    await eventually(() => quick.packets.filter((packet) => packet.cmd === 'publish').length === sent);
  });
});

describe('subscribers that do not keep up', () => {
  it('go when all together hold too much, and who reads stays', async () => {
    const { broker } = await start({ limits: { unsentBytesPerConnection: 1e9, unsentBytes: 1_000_000 } });
    const quick = await client(broker.port);
    await granted(quick, PUBLIC);
    for (let i = 0; i < 5; i++) {
      const slow = await client(broker.port);
      await granted(slow, PUBLIC);
      slow.socket.pause();
    }
    const payload = Buffer.alloc(10_000, 'x');
    let sent = 0;
    // one may stay: what it alone holds is permitted
    while (broker.state.connections > 2 && sent < 20_000) {
      broker.publish(PUBLIC, payload);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(broker.state.connections).toBeLessThanOrEqual(2);
    await eventually(() => quick.packets.filter((packet) => packet.cmd === 'publish').length === sent);
    expect(quick.closed).toBe(false);
  });
});

describe('publishing on SensorThings topics', () => {
  it('needs the scope "write", or an installation that is open for writing', async () => {
    const got: string[] = [];
    const publishSensorThings: BrokerOptions['publishSensorThings'] = async ({ credential }) => {
      got.push(String(credential?.keyId));
    };
    const closed = await start({ publishSensorThings });
    for (const key of [undefined, OTHER_KEY, READ_KEY]) {
      const sender = await client(closed.broker.port, key);
      publish(sender, 'v1.1/Observations', '{}');
      await sender.untilClosed();
    }
    expect(got).toEqual([]);
    const open = await start({ publishSensorThings, openForWriting: true });
    for (const key of [undefined, READ_KEY, KEY]) {
      const sender = await client(open.broker.port, key);
      publish(sender, 'v1.1/Observations', '{}');
      await sender.next('puback');
    }
    expect(got).toEqual(['undefined', '71', '70']);
    const sender = await client(open.broker.port);
    publish(sender, UP, '{}');
    await sender.untilClosed();
    expect(open.kept).toEqual([]);
  });
});

describe('hostile clients of the embedded broker', () => {
  it('bring nothing down with random bytes and mangled packets, and others notice nothing', async () => {
    const { broker, kept } = await start({ limits: { failedLoginsPerMinute: 1_000_000 } });
    const good = await client(broker.port, KEY);
    let seed = 20_240_229;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const connect = generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'h',
      clean: true,
      keepalive: 9,
      username: 'u',
      password: Buffer.from(KEY),
    });
    const packets = [
      connect,
      generate({ cmd: 'publish', topic: UP, payload: '{}', qos: 2, messageId: 5, dup: false, retain: false }),
      generate({ cmd: 'publish', topic: UP, payload: '{}', qos: 1, messageId: 5, dup: false, retain: false }),
      generate({ cmd: 'pubrel', messageId: 5 }),
      generate({ cmd: 'pubrec', messageId: 5 }),
      generate({ cmd: 'puback', messageId: 5 }),
      generate({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: `${'a/'.repeat(150)}b`, qos: 1 }],
      }),
      generate({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: '__proto__', qos: 1 },
          { topic: PUBLIC, qos: 2 },
        ],
      }),
      generate({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['constructor', PUBLIC] }),
      generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
      generate({ cmd: 'disconnect' }),
    ];
    for (let i = 0; i < 400; i++) {
      const bad = await openBareClient(broker.port, 'no-connect');
      const parts = random(4) === 0 ? [] : [connect];
      for (let n = random(6); n >= 0; n--) {
        const packet = Buffer.from(packets[random(packets.length)] ?? connect);
        for (let k = random(4); k > 0; k--) packet[random(packet.length)] = random(256);
        parts.push(random(5) === 0 ? Buffer.from(Array.from({ length: 20 }, () => random(256))) : packet);
      }
      bad.sendBytes(Buffer.concat(parts));
      bad.socket.end();
      await bad.untilClosed();
    }
    kept.length = 0;
    publish(good, UP, 'still here');
    await good.next('puback');
    expect(kept.map((message) => message.payload.toString())).toEqual(['still here']);
    await eventually(() => broker.state.connections === 1 && broker.state.inFlightBytes === 0);
  });

  it('may not send more than a packet of the permitted size, and less before they have logged in', async () => {
    const { broker } = await start({ limits: { payloadBytes: 2_000 } });
    const stranger = await openBareClient(broker.port, 'no-connect');
    stranger.sendBytes(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await stranger.untilClosed();
    const known = await client(broker.port, KEY);
    publish(known, UP, 'x'.repeat(2_000));
    await known.next('puback');
    publish(known, UP, 'x'.repeat(4_000), { messageId: 2 });
    await known.untilClosed();
  });

  it('are cut off when they say nothing', async () => {
    const { broker } = await start({ limits: { connectTimeoutMs: 50 } });
    const mute = await openBareClient(broker.port, 'no-connect');
    await mute.untilClosed();
  });

  it('cannot send more than is committed; what is over waits with them', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { broker } = await start({ take: () => gate, limits: { inFlightPerConnection: 10 } });
    const sender = await client(broker.port, KEY);
    const sending = sender.publishAll(
      Array.from({ length: 200 }, (_, i) => ({ topic: UP, payload: String(i) })),
    );
    await eventually(() => broker.state.received >= 10);
    await sleep(50);
    expect(broker.state.received).toBe(10);
    open();
    await sending;
    expect(broker.state.kept).toBe(200);
  });
});

describe('a key with a rate', () => {
  it('is held to it, over all its connections and without losing a message', async () => {
    const atMs: number[] = [];
    const { broker } = await start({
      limits: { messagesPerSecondPerKey: 20 },
      take: async (messages) => void atMs.push(...messages.map(() => performance.now())),
    });
    const messages = Array.from({ length: 15 }, (_, i) => ({ topic: UP, payload: String(i) }));
    const senders = [await client(broker.port, KEY), await client(broker.port, KEY)];
    await Promise.all(senders.map((sender) => sender.publishAll(messages)));
    expect(atMs).toHaveLength(30);
    // Twenty may come at once, the other ten take half a second: a lower bound that no slow machine can break.
    expect((atMs.at(-1) ?? 0) - (atMs[0] ?? 0)).toBeGreaterThan(400);
  });
});

describe('the rules of quotas', () => {
  it('let a second of messages through at once and then keep the rate', () => {
    const bucket = createBucket(10, 0);
    expect(Array.from({ length: 10 }, () => bucket.take(0))).toEqual(Array.from({ length: 10 }, () => 0));
    expect(bucket.take(0)).toBe(100);
    expect(bucket.take(100)).toBe(0);
    expect(bucket.take(100)).toBeGreaterThan(0);
  });

  it('forgive failed log-ins after a minute', () => {
    const guard = createLoginGuard(2);
    guard.fail('a', 0);
    expect(guard.mayTry('a', 1)).toBe(true);
    guard.fail('a', 1);
    expect([guard.mayTry('a', 2), guard.mayTry('b', 2), guard.mayTry('a', 60_001)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('count an IPv6 network of 64 bits as one address', () => {
    expect(toAddressGroup('2001:db8:1:2:aaaa::1')).toBe(toAddressGroup('2001:db8:1:2:bbbb:1:2:3'));
    expect(toAddressGroup('2001:db8:1:2::1')).not.toBe(toAddressGroup('2001:db8:1:3::1'));
    expect(toAddressGroup('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });
});

describe('the port of the embedded broker', () => {
  it('is left alone when it is the default and busy, and is fatal when it was configured', async () => {
    const port = await findFreePort();
    const other = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    closers.push(() => void other.close());
    const options: BrokerOptions = {
      host: '127.0.0.1',
      port,
      portConfigured: false,
      authenticate: async () => undefined,
      maySubscribe: async () => false,
      take: async () => undefined,
    };
    expect(await startBroker(options)).toMatchObject({
      kind: 'off',
      reason: expect.stringContaining(String(port)),
    });
    await expect(startBroker({ ...options, portConfigured: true })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      at: 'TORV_MQTT_PORT',
    });
  });

  it('speaks TLS with a certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'torv-broker-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const made = makeCertificate(folder);
    const { broker, kept } = await start({
      tls: { cert: readFileSync(made.cert, 'utf8'), key: readFileSync(made.key, 'utf8') },
    });
    const args = [
      '-h',
      'localhost',
      '-p',
      String(broker.port),
      '--cafile',
      made.cert,
      '-u',
      'x',
      '-P',
      KEY,
      '-t',
      UP,
      '-m',
      'sealed',
      '-q',
      '1',
    ];
    expect(await run('mosquitto_pub', args)).toMatchObject({ code: 0 });
    expect(kept.map((message) => message.payload.toString())).toEqual(['sealed']);
  });

  it('commits and acknowledges what it has before it stops', async () => {
    const seen: DeviceMessage[] = [];
    const { broker } = await start({
      take: async (messages) => {
        await sleep(80);
        seen.push(...messages);
      },
    });
    const sender = await client(broker.port, KEY);
    publish(sender, UP, 'last', { messageId: 77 });
    await eventually(() => broker.state.received === 1);
    await broker.stop();
    expect(seen).toHaveLength(1);
    expect((await sender.next('puback')).messageId).toBe(77);
  });
});
