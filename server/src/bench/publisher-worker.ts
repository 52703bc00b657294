/**
 * The network server of the benchmark: publishes its messages to a broker at QoS 1, as fast as the broker
 * acknowledges them. A thread of its own, so that making messages does not count as taking them.
 */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { generate, parser } from 'mqtt-packet';
import { toEui, toMessage } from './messages.ts';

export interface PublisherOrder {
  readonly host: string;
  readonly port: number;
  readonly devices: number;
}

/** Numbers of the messages to publish: [from, until). The answer is the same once all are acknowledged. */
export interface PublishSpan {
  readonly from: number;
  readonly until: number;
}

const WINDOW = 2_000;
const PIECE = 100;
const APPLICATION = 'application/17c82e96-be03-4f38-aef3-f83d48582d97';

if (parentPort === null) throw new Error('publisher-worker.ts runs only as a worker thread');
const port = parentPort;
const { host, port: brokerPort, devices } = workerData as PublisherOrder;
const socket = connect(brokerPort, host);
const reader = parser({ protocolVersion: 4 });
let span: PublishSpan = { from: 0, until: 0 };
let next = 0;
let acknowledged = 0;

function publish(): void {
  while (next < span.until && next - acknowledged < WINDOW) {
    const parts: Buffer[] = [];
    for (const end = Math.min(next + PIECE, span.until); next < end; next++) {
      parts.push(
        generate({
          cmd: 'publish',
          topic: `${APPLICATION}/device/${toEui(next % devices)}/event/up`,
          payload: toMessage(next, devices),
          qos: 1,
          messageId: (next % 65_000) + 1,
          dup: false,
          retain: false,
        }),
      );
    }
    socket.write(Buffer.concat(parts));
  }
}

reader.on('packet', (packet) => {
  if (packet.cmd === 'connack') port.postMessage('connected');
  if (packet.cmd !== 'puback') return;
  acknowledged++;
  if (acknowledged === span.until) port.postMessage(span);
});
socket.on('data', (chunk) => {
  reader.parse(chunk);
  publish();
});
socket.on('connect', () =>
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: `torv-bench-${process.pid}`,
      clean: true,
      keepalive: 0,
    }),
  ),
);
port.on('message', (order: PublishSpan) => {
  span = order;
  publish();
});
