import { connect, createServer, type Server, type Socket } from 'node:net';
import { generate, parser } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFreePort } from '../../../test/free-port.ts';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../../../test/mosquitto.ts';
import { type BareClient, openBareClient } from '../../../test/mqtt-client.ts';
import {
  createListener,
  type Listener,
  type ListenerOptions,
  type ListenerState,
  type MqttMessage,
} from './listener.ts';
import { forgetSession, testConnection } from './trial.ts';

const closers: (() => Promise<void> | void)[] = [];
let clientId: string;

beforeEach(() => {
  clientId = `torv-slot-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function mosquitto(options?: MosquittoOptions): Promise<Mosquitto> {
  const broker = await startMosquitto(options);
  closers.push(() => broker.stop());
  return broker;
}

async function publisher(port: number, username?: string, password?: string): Promise<BareClient> {
  const client = await openBareClient(port, {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  });
  expect((await client.next('connack')).returnCode).toBe(0);
  closers.push(() => client.end());
  return client;
}

interface Ear {
  readonly listener: Listener;
  readonly states: ListenerState[];
  until(test: (state: ListenerState) => boolean): Promise<ListenerState>;
}

function listen(
  options: Partial<ListenerOptions> & { url: string },
  take: (messages: readonly MqttMessage[]) => Promise<void>,
): Ear {
  const states: ListenerState[] = [];
  let wake: (() => void)[] = [];
  const listener = createListener(
    { clientId, topics: ['t/#'], retryFromMs: 50, retryToMs: 400, ...options },
    take,
    (state) => {
      states.push(state);
      const woken = wake;
      wake = [];
      for (const each of woken) each();
    },
  );
  closers.push(() => listener.stop());
  listener.start();
  return {
    listener,
    states,
    until: async (test) => {
      for (;;) {
        const found = states.findLast(test);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => wake.push(resolve));
      }
    },
  };
}

const isListening = (state: ListenerState) => state.phase === 'listening';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function eventually(test: () => boolean): Promise<void> {
  while (!test()) await sleep(10);
}

function numbered(from: number, count: number): { topic: string; payload: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: `t/${(from + i) % 50}`,
    payload: String(from + i),
  }));
}

/** A store that commits after a while: only then it counts. */
function createStore(commitMs: number) {
  const kept: number[] = [];
  const take = async (messages: readonly MqttMessage[]) => {
    await sleep(commitMs);
    for (const message of messages) kept.push(Number(message.payload.toString()));
  };
  return { kept, take };
}

const missing = (kept: readonly number[], count: number) => {
  const set = new Set(kept);
  return Array.from({ length: count }, (_, i) => i).filter((i) => !set.has(i));
};

describe('a listener at a real broker', () => {
  it('takes 10,000 messages once each while every commit lasts 20 ms', async () => {
    const broker = await mosquitto();
    const store = createStore(20);
    const ear = listen({ url: broker.url }, store.take);
    await ear.until(isListening);
    await (await publisher(broker.port)).publishAll(numbered(0, 10_000));
    await eventually(() => ear.listener.state.acknowledged >= 10_000);
    expect(store.kept).toHaveLength(10_000);
    expect(missing(store.kept, 10_000)).toEqual([]);
    await ear.listener.stop();
    // Acknowledged means gone: the next one under this client id is given nothing.
    const after = createStore(0);
    const second = listen({ url: broker.url }, after.take);
    const state = await second.until(isListening);
    expect(state.sessionPresent).toBe(true);
    await (await publisher(broker.port)).publishAll([{ topic: 't/end', payload: '77' }]);
    await eventually(() => after.kept.length > 0);
    expect(after.kept).toEqual([77]);
  });

  it('acknowledges nothing before it is kept, so that the next one with its client id is given all of it', async () => {
    const broker = await mosquitto();
    let seen = 0;
    const first = createListener(
      { url: broker.url, clientId, topics: ['t/#'], drainTimeoutMs: 10 },
      (messages) => {
        seen += messages.length;
        return new Promise<void>(() => undefined);
      },
      () => undefined,
    );
    first.start();
    await eventually(() => first.state.phase === 'listening');
    await (await publisher(broker.port)).publishAll(numbered(0, 500));
    await eventually(() => seen === 500);
    expect(first.state.acknowledged).toBe(0);
    await first.stop();
    const store = createStore(1);
    listen({ url: broker.url }, store.take);
    await eventually(() => store.kept.length >= 500);
    expect(missing(store.kept, 500)).toEqual([]);
    expect(store.kept).toHaveLength(500);
  });

  it('loses nothing when the broker is stopped and started again in mid-stream', async () => {
    const broker = await mosquitto();
    const store = createStore(5);
    const ear = listen({ url: broker.url }, store.take);
    await ear.until(isListening);
    await (await publisher(broker.port)).publishAll(numbered(0, 2_000));
    await broker.restart('SIGTERM');
    await (await publisher(broker.port)).publishAll(numbered(2_000, 2_000));
    await eventually(() => missing(store.kept, 4_000).length === 0);
    expect(ear.states.some((state) => state.phase === 'waiting' && state.reason !== '')).toBe(true);
  });

  it('loses nothing when its connection is cut in mid-stream, again and again', async () => {
    const broker = await mosquitto();
    const passing: Socket[] = [];
    const proxyPort = await findFreePort();
    const proxy = createServer((near) => {
      const far = connect(broker.port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
      passing.push(near, far);
    });
    await new Promise<void>((resolve) => proxy.listen(proxyPort, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of passing) socket.destroy();
      proxy.close();
    });
    const store = createStore(5);
    let takes = 0;
    let cuts = 0;
    const ear = listen({ url: `mqtt://127.0.0.1:${proxyPort}`, maxInFlight: 200 }, async (messages) => {
      // Cut while these are being committed: their acknowledgements can no longer be sent.
      takes++;
      if (cuts < 4 && takes >= 3 && ear.listener.state.attempts === cuts + 1) {
        cuts++;
        takes = 0;
        for (const socket of passing.splice(0)) socket.resetAndDestroy();
      }
      await store.take(messages);
    });
    await ear.until(isListening);
    // So large that one read of the socket (64 KiB) is a small part of all.
    const large = numbered(0, 4_000).map((message) => ({
      ...message,
      payload: message.payload.padEnd(1_000),
    }));
    await (await publisher(broker.port)).publishAll(large);
    await eventually(() => missing(store.kept, 4_000).length === 0);
    expect(cuts).toBe(4);
  });

  it('is given again what could not be kept', async () => {
    const broker = await mosquitto();
    const store = createStore(0);
    let refusals = 0;
    const ear = listen({ url: broker.url }, async (messages) => {
      if (refusals < 3) {
        refusals++;
        throw new Error('the database is away');
      }
      await store.take(messages);
    });
    await ear.until(isListening);
    await (await publisher(broker.port)).publishAll(numbered(0, 100));
    await eventually(() => missing(store.kept, 100).length === 0);
    expect(refusals).toBe(3);
    expect(ear.states.find((state) => state.phase === 'waiting')?.reason).toMatch(/could not be kept/);
  });

  it('shares the load of one group among two listeners', async () => {
    const broker = await mosquitto();
    const one = createStore(2);
    const two = createStore(2);
    const first = listen({ url: broker.url, clientId: `${clientId}-1`, sharedGroup: 'torv' }, one.take);
    const second = listen({ url: broker.url, clientId: `${clientId}-2`, sharedGroup: 'torv' }, two.take);
    await Promise.all([first.until(isListening), second.until(isListening)]);
    await (await publisher(broker.port)).publishAll(numbered(0, 2_000));
    await eventually(() => one.kept.length + two.kept.length >= 2_000);
    expect(missing([...one.kept, ...two.kept], 2_000)).toEqual([]);
    expect(one.kept.length + two.kept.length).toBe(2_000);
    expect(Math.min(one.kept.length, two.kept.length)).toBeGreaterThan(200);
  });

  it('says in words that the password is wrong, and goes on when it is right', async () => {
    const broker = await mosquitto({ users: { torv: 'right-password' } });
    const ear = listen(
      { url: broker.url, username: 'torv', password: 'wrong-password' },
      async () => undefined,
    );
    const state = await ear.until((each) => each.phase === 'waiting');
    expect(state.reason).toMatch(/password/);
    expect(JSON.stringify(ear.states)).not.toContain('wrong-password');
    const right = listen(
      { url: broker.url, username: 'torv', password: 'right-password' },
      async () => undefined,
    );
    expect((await right.until(isListening)).reason).toBe('');
  });

  it('listens over TLS to a broker whose authority it was given, and refuses one it cannot verify', async () => {
    const broker = await mosquitto({ tls: true });
    const blind = listen({ url: broker.url }, async () => undefined);
    expect((await blind.until((state) => state.phase === 'waiting')).reason).toMatch(/certificate/);
    const store = createStore(0);
    const ear = listen({ url: broker.url, clientId: `${clientId}-ca`, ca: broker.ca ?? '' }, store.take);
    await ear.until(isListening);
    const plain = listen({ url: broker.url.replace('mqtts', 'mqtt') }, async () => undefined);
    expect((await plain.until((state) => state.phase === 'waiting')).reason).not.toBe('');
  });

  it('passes on that a message was retained, and is not given it again on reconnection', async () => {
    const broker = await mosquitto();
    const client = await publisher(broker.port);
    client.send({
      cmd: 'publish',
      topic: 't/kept',
      payload: '5',
      qos: 1,
      messageId: 7,
      dup: false,
      retain: true,
    });
    await client.next('puback');
    const messages: MqttMessage[] = [];
    const ear = listen({ url: broker.url }, async (taken) => void messages.push(...taken));
    await eventually(() => messages.length === 1);
    expect(messages[0]).toMatchObject({ topic: 't/kept', retain: true, qos: 1 });
    await broker.restart();
    await eventually(() => ear.listener.state.attempts > 1 && ear.listener.state.phase === 'listening');
    await (await publisher(broker.port)).publishAll([{ topic: 't/new', payload: '6' }]);
    await eventually(() => messages.some((message) => message.topic === 't/new'));
    expect(messages.filter((message) => message.topic === 't/kept')).toHaveLength(1);
  });

  it('reads no more than it may hold while commits are slow', async () => {
    const broker = await mosquitto();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const kept: number[] = [];
    const ear = listen({ url: broker.url, maxInFlight: 100, protocolVersion: 4 }, async (messages) => {
      await gate;
      for (const message of messages) kept.push(Number(message.payload.toString()));
    });
    await ear.until(isListening);
    const padding = 'x'.repeat(2_000);
    const big = numbered(0, 5_000).map((m) => ({ ...m, payload: `${m.payload} ${padding}` }));
    await (await publisher(broker.port)).publishAll(big);
    await eventually(() => ear.listener.state.inFlight >= 100);
    await sleep(100);
    // One read of the socket (64 KiB) may overshoot the bound, no more.
    expect(ear.listener.state.inFlight).toBeLessThan(200);
    open();
    await eventually(() => ear.listener.state.acknowledged >= 5_000);
  });

  it('says of an address what a trial found', async () => {
    const broker = await mosquitto({ users: { torv: 'p' }, acl: ['user torv', 'topic read t/#'] });
    const options = { url: broker.url, username: 'torv', password: 'p', topics: ['t/#'] };
    const fine = await testConnection({ ...options, listenMs: 10 });
    expect(fine).toMatchObject({ ok: true });
    const bad = await testConnection({ ...options, password: 'q', listenMs: 10 });
    expect(bad.ok).toBe(false);
    expect(bad.words.join(' ')).toMatch(/password|permit/);
  });

  it('tries an address beside a running listener without taking its messages', async () => {
    const broker = await mosquitto();
    const store = createStore(0);
    const ear = listen({ url: broker.url, sharedGroup: 'torv' }, store.take);
    await ear.until(isListening);
    const trial = testConnection({ url: broker.url, topics: ['t/#'], sharedGroup: 'torv', listenMs: 5_000 });
    const client = await publisher(broker.port);
    let sent = 0;
    const beat = setInterval(() => void client.publishAll(numbered(sent++, 1)), 20);
    const result = await trial;
    clearInterval(beat);
    expect(result.ok).toBe(true);
    expect(result.firstTopic).toMatch(/^t\//);
    const count = sent;
    await eventually(() => missing(store.kept, count).length === 0);
  });

  it('leaves nothing behind at the broker when a source is removed', async () => {
    const broker = await mosquitto();
    const ear = listen({ url: broker.url }, async () => undefined);
    await ear.until(isListening);
    await ear.listener.stop();
    expect(await forgetSession({ url: broker.url, clientId, topics: ['t/#'] })).toBeUndefined();
    const again = listen({ url: broker.url }, async () => undefined);
    expect((await again.until(isListening)).sessionPresent).toBe(false);
  });
});

interface FakeBroker {
  readonly url: string;
  readonly sockets: Socket[];
}

/** The far side of a socket that behaves badly on purpose. */
async function misbehaving(onSocket: (socket: Socket, attempt: number) => void): Promise<FakeBroker> {
  const sockets: Socket[] = [];
  const port = await findFreePort();
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket, sockets.length);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${port}`, sockets };
}

/** Speaks MQTT 3.1.1 and refuses 5 as its section 3.2.2.3 says. */
function speakOnly311(socket: Socket): void {
  const reader = parser();
  reader.on('packet', (packet) => {
    if (packet.cmd === 'connect') {
      const returnCode = packet.protocolVersion === 4 ? 0 : 1;
      socket.write(generate({ cmd: 'connack', returnCode, sessionPresent: false }));
      if (returnCode !== 0) socket.end();
    }
    if (packet.cmd === 'subscribe') {
      expect(packet.subscriptions.every((each) => !each.topic.startsWith('$share'))).toBe(true);
      socket.write(
        generate({
          cmd: 'suback',
          messageId: packet.messageId ?? 0,
          granted: packet.subscriptions.map(() => 1),
        }),
      );
    }
    if (packet.cmd === 'pingreq') socket.write(generate({ cmd: 'pingresp' }));
  });
  socket.on('data', (chunk) => reader.parse(chunk));
}

describe('a listener at a broker that is not as hoped for', () => {
  it('falls back to MQTT 3.1.1 and says that messages cannot be shared', async () => {
    const broker = await misbehaving(speakOnly311);
    const ear = listen({ url: broker.url, sharedGroup: 'torv' }, async () => undefined);
    const state = await ear.until(isListening);
    expect(state.protocolVersion).toBe(4);
    expect(state.notices.join(' ')).toMatch(/3\.1\.1/);
    expect(state.notices.join(' ')).toMatch(/shared subscription/);
    expect((await testConnection({ url: broker.url, topics: ['t'], listenMs: 5 })).ok).toBe(true);
  });

  it('does not fall back when MQTT 5 was demanded', async () => {
    const broker = await misbehaving(speakOnly311);
    const ear = listen({ url: broker.url, protocolVersion: 5 }, async () => undefined);
    expect((await ear.until((state) => state.phase === 'waiting')).reason).toMatch(/version of MQTT/);
  });

  it('reports every refused subscription by its topic', async () => {
    const broker = await misbehaving((socket) => {
      const reader = parser();
      reader.on('packet', (packet) => {
        if (packet.cmd === 'connect')
          socket.write(
            generate({ cmd: 'connack', reasonCode: 0, sessionPresent: false }, { protocolVersion: 5 }),
          );
        if (packet.cmd === 'subscribe') {
          socket.write(
            generate(
              { cmd: 'suback', messageId: packet.messageId ?? 0, granted: [0x87] },
              { protocolVersion: 5 },
            ),
          );
        }
      });
      socket.on('data', (chunk) => reader.parse(chunk));
    });
    const ear = listen({ url: broker.url, topics: ['secret/up'] }, async () => undefined);
    const state = await ear.until((each) => each.phase === 'waiting');
    expect(state.reason).toContain('secret/up');
    expect(state.reason).toMatch(/does not permit/);
  });

  it('meets garbage with a reason and a new attempt, whatever the bytes', async () => {
    const broker = await misbehaving((socket, attempt) => {
      const first = Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]);
      const garbage = Array.from({ length: 300 }, (_, i) => (i * attempt * 7919 + attempt) % 256);
      socket.once('data', () =>
        socket.end(Buffer.concat([attempt % 2 === 0 ? first : Buffer.alloc(0), Buffer.from(garbage)])),
      );
    });
    const ear = listen({ url: broker.url, retryFromMs: 1, retryToMs: 5 }, async () => undefined);
    await ear.until((state) => state.attempts > 40);
    for (const state of ear.states.filter((each) => each.phase === 'waiting'))
      expect(state.reason).not.toBe('');
  });

  it('refuses a packet that is larger than permitted before it has arrived', async () => {
    const broker = await misbehaving((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]));
        socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
      });
    });
    const ear = listen({ url: broker.url, maxPacketBytes: 1_000 }, async () => undefined);
    expect((await ear.until((state) => state.phase === 'waiting')).reason).toMatch(/at most 1000/);
  });

  it('notices a broker that has gone silent', async () => {
    const broker = await misbehaving((socket) => {
      socket.once('data', () => socket.write(Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00])));
    });
    const ear = listen({ url: broker.url, keepaliveS: 1 }, async () => undefined);
    expect((await ear.until((state) => state.phase === 'waiting')).reason).toMatch(/silent/);
  });

  it('names an address where nothing listens, and never a password in it', async () => {
    const port = await findFreePort();
    const ear = listen({ url: `mqtt://user:hush-hush@127.0.0.1:${port}` }, async () => undefined);
    const state = await ear.until((each) => each.phase === 'waiting');
    expect(state.reason).toBe(`Nothing listens at 127.0.0.1:${port}.`);
    expect(JSON.stringify(ear.states)).not.toContain('hush-hush');
    expect(() =>
      createListener(
        { url: 'http://u:hush-hush@x', clientId, topics: ['t'] },
        async () => undefined,
        () => undefined,
      ),
    ).toThrow(/must begin with mqtt/);
    expect(() =>
      createListener(
        { url: 'mqtt://x', clientId, topics: ['a/#/b'] },
        async () => undefined,
        () => undefined,
      ),
    ).toThrow(/a\/#\/b/);
  });

  it('asks nobody whom the resolver refuses', async () => {
    const port = await findFreePort();
    const ear = listen(
      {
        url: `mqtt://127.0.0.1:${port}`,
        resolveHost: async () => Promise.reject(new Error('not permitted')),
      },
      async () => undefined,
    );
    expect((await ear.until((state) => state.phase === 'waiting')).reason).toMatch(/not permitted/);
  });
});
