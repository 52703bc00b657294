/**
 * A bare MQTT client for tests over `mqtt-packet`: sends exactly what it is told, right or wrong, and remembers
 * what came back. It is the far side of the socket; it never replaces the code under test.
 */
import { connect, type Socket } from 'node:net';
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet';

export interface BareClient {
  readonly socket: Socket;
  readonly packets: readonly Packet[];
  readonly closed: boolean;
  send(packet: Packet): void;
  sendBytes(bytes: Buffer): void;
  /** The first packet of this kind that was not asked for before. @throws when the connection closes first */
  next<C extends Packet['cmd']>(cmd: C): Promise<Extract<Packet, { cmd: C }>>;
  untilClosed(): Promise<void>;
  /** Publishes with QoS 1 and at most `window` unacknowledged; resolves when all are acknowledged. */
  publishAll(messages: readonly { topic: string; payload: string }[], window?: number): Promise<void>;
  end(): void;
}

export async function openBareClient(
  port: number,
  connectPacket?: Partial<IConnectPacket> | 'no-connect',
): Promise<BareClient> {
  const version = connectPacket === 'no-connect' ? 4 : (connectPacket?.protocolVersion ?? 4);
  const socket = connect(port, '127.0.0.1');
  const packets: Packet[] = [];
  const unread: Packet[] = [];
  let closed = false;
  let wake: (() => void)[] = [];
  const rouse = () => {
    const woken = wake;
    wake = [];
    for (const each of woken) each();
  };
  const reader = parser({ protocolVersion: version });
  reader.on('packet', (packet) => {
    packets.push(packet);
    unread.push(packet);
    rouse();
  });
  socket.on('data', (chunk) => reader.parse(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
    rouse();
  });
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  const sleep = () => new Promise<void>((resolve) => wake.push(resolve));

  const client: BareClient = {
    socket,
    packets,
    get closed() {
      return closed;
    },
    send: (packet) => client.sendBytes(generate(packet, { protocolVersion: version })),
    sendBytes: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    next: async <C extends Packet['cmd']>(cmd: C) => {
      for (;;) {
        const at = unread.findIndex((packet) => packet.cmd === cmd);
        const [found] = at === -1 ? [] : unread.splice(at, 1);
        if (found !== undefined) return found as Extract<Packet, { cmd: C }>;
        if (closed) throw new Error(`the connection closed before a ${cmd} came`);
        await sleep();
      }
    },
    untilClosed: async () => {
      while (!closed) await sleep();
    },
    publishAll: async (messages, window = 1_000) => {
      let sent = 0;
      let acknowledged = 0;
      while (acknowledged < messages.length) {
        const parts: Buffer[] = [];
        while (sent < messages.length && sent - acknowledged < window) {
          const message = messages[sent++];
          if (message === undefined) break;
          const messageId = ((sent - 1) % 60_000) + 1;
          parts.push(
            generate(
              { cmd: 'publish', qos: 1, dup: false, retain: false, messageId, ...message },
              { protocolVersion: version },
            ),
          );
        }
        if (parts.length > 0) client.sendBytes(Buffer.concat(parts));
        const before = unread.length;
        for (let i = unread.length - 1; i >= 0; i--) if (unread[i]?.cmd === 'puback') unread.splice(i, 1);
        acknowledged += before - unread.length;
        if (acknowledged < messages.length && before === unread.length) {
          if (closed) throw new Error('the connection closed while publishing');
          await sleep();
        }
      }
    },
    end: () => socket.destroy(),
  };
  if (connectPacket !== 'no-connect') {
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: `bare-${Math.random().toString(36).slice(2)}`,
      clean: true,
      keepalive: 60,
      ...connectPacket,
    });
  }
  return client;
}
