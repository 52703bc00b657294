/** MQTT over WebSocket on the port of HTTP: the same broker under the same rules, and no page of another site. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMqttWrites, type MqttWrites } from '../sensorthings-mqtt.ts';
import { createTown } from '../sensorthings-writes.ts';

/** The far side of a WebSocket: packets in the order they come. */
interface Peer {
  readonly socket: WebSocket;
  send(packet: Packet): void;
  next(cmd: Packet['cmd']): Promise<Packet>;
  readonly closed: Promise<number>;
}

describe('MQTT over WebSocket', () => {
  let mqtt: MqttWrites;
  let port: number;
  let topic: string;
  let datastream: number;
  beforeAll(async () => {
    mqtt = await createMqttWrites('embedded');
    await mqtt.test.app.listen({ port: 0, host: '127.0.0.1' });
    const address = mqtt.test.app.server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    const [town] = await createTown(mqtt);
    datastream = town?.datastream ?? 0;
    topic = `v1.1/Datastreams(${datastream})/Observations`;
  });
  afterAll(() => mqtt?.close());

  function open(protocols: string | string[], headers: Record<string, string> = {}): Promise<Peer | number> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, protocols, { headers });
    const unread: Packet[] = [];
    let wake: () => void = () => undefined;
    const reader = parser({ protocolVersion: 4 });
    reader.on('packet', (packet) => {
      unread.push(packet);
      wake();
    });
    socket.on('message', (data) => reader.parse(data as Buffer));
    const closed = new Promise<number>((resolve) =>
      socket.on('close', (code) => {
        resolve(code);
        wake();
      }),
    );
    const peer: Peer = {
      socket,
      send: (packet) => socket.send(generate(packet)),
      closed,
      async next(cmd) {
        for (;;) {
          const at = unread.findIndex((packet) => packet.cmd === cmd);
          const [found] = at === -1 ? [] : unread.splice(at, 1);
          if (found !== undefined) return found;
          if (socket.readyState === WebSocket.CLOSED) throw new Error(`closed before a ${cmd}`);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    };
    return new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.on('open', () => resolve(peer));
    });
  }
  async function enter(key?: string): Promise<Peer> {
    const peer = await open('mqtt');
    if (typeof peer === 'number') throw new Error(`refused with ${peer}`);
    peer.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: `ws-${Math.random()}`,
      clean: true,
      keepalive: 60,
      ...(key === undefined ? {} : { username: 'torv', password: Buffer.from(key) }),
    });
    return peer;
  }

  it('publishes and is told, with the key in the CONNECT', async () => {
    const peer = await enter(mqtt.key);
    expect(await peer.next('connack')).toMatchObject({ returnCode: 0 });
    expect(peer.socket.protocol).toBe('mqtt');
    peer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    expect(await peer.next('suback')).toMatchObject({ granted: [1] });
    const message = { topic, qos: 1 as const, dup: false, retain: false };
    peer.send({ ...message, cmd: 'publish', messageId: 2, payload: '{"result":7}' });
    await peer.next('puback');
    const told = await peer.next('publish');
    expect(told.cmd === 'publish' && JSON.parse(told.payload.toString())).toMatchObject({ result: 7 });
    peer.socket.close();
    await peer.closed;
    while (mqtt.broker.state.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('takes packets that are cut anywhere, and several in a frame', async () => {
    const peer = await enter(mqtt.key);
    await peer.next('connack');
    const bytes = Buffer.concat(
      [1, 2, 3].map((messageId) =>
        generate({
          cmd: 'publish',
          topic,
          qos: 1,
          dup: false,
          retain: false,
          messageId,
          payload: `{"result":${messageId}}`,
        }),
      ),
    );
    const before = await mqtt.count('/Observations');
    for (let at = 0; at < bytes.length; at += 7) peer.socket.send(bytes.subarray(at, at + 7));
    peer.socket.send(bytes);
    for (let i = 0; i < 6; i++) await peer.next('puback');
    expect(await mqtt.count('/Observations')).toBe(before + 6);
    peer.socket.close();
  });

  it('refuses pages of other sites, other subprotocols and wrong keys', async () => {
    expect(await open('mqtt', { origin: 'https://evil.example' })).toBe(403);
    expect(await open('mqtt', { origin: 'null' })).toBe(403);
    expect(await open('chat')).toBe(400);
    const own = await open(['mqttv5', 'mqtt'], { origin: 'https://torv.example.org' });
    expect(typeof own).toBe('object');
    if (typeof own === 'object') own.socket.terminate();
    const wrong = await enter('torv_wrong');
    expect(await wrong.next('connack')).toMatchObject({ returnCode: 4 });
    await wrong.closed;
  });

  it('ends a connection that sends text, rubbish or a frame that is too large', async () => {
    for (const bytes of ['text', Buffer.from([0, 0, 0, 0]), Buffer.alloc(2 * 1024 * 1024)]) {
      const peer = await enter();
      await peer.next('connack');
      peer.socket.send(bytes);
      await peer.closed;
    }
    while (mqtt.broker.state.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('cuts off a subscriber that does not read', async () => {
    const peer = await enter(mqtt.key);
    await peer.next('connack');
    peer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${topic}?$select=id`, qos: 1 }] });
    await peer.next('suback');
    peer.socket.pause();
    const payload = Buffer.alloc(100_000, 'x');
    for (let sent = 0; mqtt.broker.state.connections > 0; sent++) {
      mqtt.broker.publish(`${topic}?$select=id`, payload);
      await new Promise((resolve) => setImmediate(resolve));
      if (sent > 5_000) throw new Error('It was never cut off');
    }
    peer.socket.terminate();
  });

  it('answers a plain GET, and any other request that asks for an upgrade, as if it had not asked', async () => {
    const plain = await mqtt.test.app.inject({ method: 'GET', url: '/mqtt' });
    expect(plain.statusCode).toBe(400);
    const ask = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const upgrading = {
          connection: 'Upgrade, HTTP2-Settings',
          upgrade: 'h2c',
          'http2-settings': 'AAMAAABkAAQAAP__',
        };
        const asked = httpRequest(
          { port, host: '127.0.0.1', method, path, headers: { ...upgrading, ...headers } },
          (response) => {
            let text = '';
            response.on('data', (chunk) => (text += String(chunk)));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          },
        );
        asked.on('error', reject);
        asked.end(body);
      });
    expect((await ask('GET', '/healthz')).status).toBe(200);
    const made = await ask('POST', `/sta/v1.1/Datastreams(${datastream})/Observations`, '{"result":8.0}', {
      'content-type': 'application/json',
      authorization: `Bearer ${mqtt.key}`,
    });
    expect([made.status, made.text]).toEqual([201, expect.stringContaining('"result":8.0')]);
  });

  it('survives connections that break off or send nonsense in the handshake', async () => {
    const broken = [
      'GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99\r\n\r\n',
      'POST /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'GET /mqtt?x=%zz HTTP/1.1\r\nHost: \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ];
    for (const text of broken) {
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        let said = '';
        socket.on('data', (chunk) => (said += String(chunk)));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(said));
      });
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      const silent = connect(port, '127.0.0.1', () => silent.end(text.slice(0, 60)));
    }
    expect((await mqtt.test.app.inject({ method: 'GET', url: '/healthz' })).statusCode).toBe(200);
  });
});
