/**
 * MQTT over WebSocket at /mqtt (MQTT 3.1.1, section 6): the bytes of a WebSocket become a connection of the embedded
 * broker, under all of its rules. Pages of other sites are refused. Other requests that ask for an upgrade are
 * answered as if they had not.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@torv/core/errors';
import type { FastifyRequest } from 'fastify';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Config } from '../../config.ts';
import type { App } from '../../http/server.ts';
import type { MqttStream } from './gate.ts';

/** The embedded broker as others see it. */
export interface MqttDoor {
  readonly port: number;
  readonly isTls: boolean;
  accept(stream: MqttStream): void;
}

export interface WebSocketDeps {
  readonly findDoor: () => MqttDoor | undefined;
  readonly config: Pick<Config, 'publicUrl'>;
}

const PATH = '/mqtt';
const SUBPROTOCOL = 'mqtt';
/** A frame may hold several packets, or a part of one; the broker bounds packets. */
const FRAME_BYTES = 1024 * 1024;
const HOP_BY_HOP = new Set(['upgrade', 'connection', 'http2-settings']);

/** An upgrade that is not taken: the request again without it, as if it had just come on this connection. */
function returnToHttp(app: App, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) text += `${name}: ${rawHeaders[i + 1] ?? ''}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
  app.server.emit('connection', socket);
}

/** A page of another site could use what this machine may reach. Programs send no Origin. */
function refuseForeignPages(request: FastifyRequest, { publicUrl }: WebSocketDeps['config']): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  const own = [
    publicUrl === undefined ? undefined : new URL(publicUrl).origin,
    `${request.protocol}://${request.host}`,
  ];
  if (!own.includes(origin))
    throw new AppError('CROSS_SITE', 'Pages of other sites cannot connect.', { at: 'Origin' });
}

function offersMqtt(request: FastifyRequest): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((each) => each.trim() === SUBPROTOCOL);
}

export function registerMqttOverWebSocket(app: App, deps: WebSocketDeps): void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const upgrades = new WeakMap<IncomingMessage, { readonly socket: Duplex; readonly head: Buffer }>();

  app.server.on('upgrade', (request, socket, head) => {
    const isOurs =
      (request.url ?? '').split('?')[0] === PATH && /^websocket$/i.test(request.headers.upgrade ?? '');
    if (!isOurs) return returnToHttp(app, request, socket, head);
    socket.on('error', () => socket.destroy());
    upgrades.set(request, { socket, head });
    // through the router, so that address, host and errors are those of any request
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
    response.on('finish', () => socket.end());
    app.routing(request, response);
  });

  app.get(PATH, { config: { allow: 'anyone' }, schema: { hide: true } }, (request, reply) => {
    const upgrade = upgrades.get(request.raw);
    if (upgrade === undefined) {
      throw new AppError('BAD_REQUEST', 'Here is MQTT over WebSocket.', {
        hint: 'Connect with an MQTT client, with the subprotocol mqtt.',
      });
    }
    refuseForeignPages(request, deps.config);
    if (!offersMqtt(request))
      throw new AppError('BAD_REQUEST', 'The subprotocol must be mqtt.', { at: 'Sec-WebSocket-Protocol' });
    const door = deps.findDoor();
    if (door === undefined) throw new AppError('UNAVAILABLE', 'The embedded broker is off.');
    reply.hijack();
    const { socket, head } = upgrade;
    reply.raw.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0]);
    server.handleUpgrade(request.raw, socket, head, (webSocket) => {
      // MQTT 3.1.1, 6.0.0-1: a frame that is not binary ends the connection
      webSocket.on('message', (_data, isBinary) => {
        if (!isBinary) webSocket.terminate();
      });
      const stream = createWebSocketStream(webSocket);
      // what the peer leaves unanswered is not waited for
      const cut = () => webSocket.terminate();
      stream.on('close', cut);
      door.accept(Object.assign(stream, { remoteAddress: request.ip }));
    });
  });
  app.addHook('preClose', async () => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
}
