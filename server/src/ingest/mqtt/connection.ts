/**
 * One connection to somebody else's MQTT broker: socket or TLS, CONNECT, the keep-alive with its watch for a dead
 * peer, whole packets in, packets out. It knows nothing of subscriptions, acknowledgement or reconnecting, and it
 * is over for good at its first fault, which it reports once as a value.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AppError } from '@torv/core/errors';
import { sayReason } from '@torv/core/reasons';
import { parser as createParser, generate, type IConnackPacket, type Packet } from 'mqtt-packet';
import { createFramer, MalformedPacket } from './framer.ts';
import { toConnectReason, toNetworkReason, toReason } from './reasons.ts';

export interface BrokerAddress {
  /** mqtt:// or mqtts://, with port where it is not 1883 or 8883. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificate authority (PEM) where the broker's certificate is not from a public one. */
  readonly ca?: string;
  /** false only for a trial: anybody on the way could read along. */
  readonly rejectUnauthorized?: boolean;
  /** Gives the address to connect to, or throws where this host may not be reached (loopback, private networks). */
  readonly resolveHost?: (host: string) => Promise<string>;
}

export interface ConnectionOptions extends BrokerAddress {
  readonly clientId: string;
  readonly clean: boolean;
  readonly protocolVersion: 4 | 5;
  readonly keepaliveS: number;
  readonly receiveMaximum: number;
  readonly sessionExpiryS: number;
  readonly connectTimeoutMs: number;
  readonly maxPacketBytes: number;
}

/** Why a connection is over; `kind` decides how soon another is tried, `reason` is for people. */
export interface Failure {
  readonly kind: 'version' | 'refused' | 'network' | 'silent' | 'malformed' | 'taken-over' | 'closed';
  readonly reason: string;
}

export interface ConnectionEvents {
  readonly onConnack: (connack: IConnackPacket) => void;
  /** All packets of one read, in order. */
  readonly onPackets: (packets: readonly Packet[]) => void;
  /** Called exactly once. */
  readonly onClose: (failure: Failure) => void;
}

export interface Connection {
  send(packet: Packet): void;
  sendBytes(bytes: Buffer): void;
  pause(): void;
  resume(): void;
  /** Sends DISCONNECT and resolves when the socket is closed. */
  end(): Promise<void>;
  destroy(failure: Failure): void;
}

export interface Endpoint {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** host:port, fit for sentences. */
  readonly where: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** @throws AppError BAD_CONFIG; the text never repeats the address, which may hold a password. */
export function parseBrokerUrl(address: BrokerAddress): Endpoint {
  const wrong = (detail: string) =>
    new AppError('BAD_CONFIG', detail, { at: 'url', hint: 'mqtts://broker.example.org:8883' });
  if (!URL.canParse(address.url)) throw wrong('The address of the broker is not a URL.');
  const url = new URL(address.url);
  if (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:') {
    throw wrong('The address of the broker must begin with mqtt:// or mqtts://.');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw wrong('The address of the broker has no host.');
  const tls = url.protocol === 'mqtts:';
  const port = url.port === '' ? (tls ? 8883 : 1883) : Number(url.port);
  const username = address.username ?? (url.username === '' ? undefined : decodeURIComponent(url.username));
  const password = address.password ?? (url.password === '' ? undefined : decodeURIComponent(url.password));
  return { tls, host, port, where: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`, username, password };
}

const PINGREQ = Buffer.from([0xc0, 0x00]);
/** A peer that answers no ping for this share of the keep-alive is gone. */
const SILENCE_FACTOR = 1.5;

/** What to do about it belongs to what is wrong. */
function toWords({ detail, hint }: AppError): string {
  return hint === undefined ? detail : `${detail} ${hint}`;
}

/** Begins to connect at once; everything else is told through `events`. @throws AppError BAD_CONFIG */
export function openConnection(options: ConnectionOptions, events: ConnectionEvents): Connection {
  const endpoint = parseBrokerUrl(options);
  let socket: Socket | undefined;
  let over = false;
  let accepted = false;
  let paused = false;
  let lastHeardMs = performance.now();
  let keepaliveTimer: NodeJS.Timeout | undefined;
  let ended: (() => void) | undefined;
  const generateOptions = { protocolVersion: options.protocolVersion };

  const connectTimer = setTimeout(() => {
    destroy({ kind: 'network', reason: sayReason('net_no_broker', { where: endpoint.where }) });
  }, options.connectTimeoutMs);

  function destroy(failure: Failure): void {
    if (over) return;
    over = true;
    clearTimeout(connectTimer);
    clearInterval(keepaliveTimer);
    socket?.destroy();
    ended?.();
    events.onClose(failure);
  }

  const framer = createFramer(() => options.maxPacketBytes);
  const parser = createParser({ protocolVersion: options.protocolVersion });
  let parsed: Packet[] = [];
  parser.on('packet', (packet) => parsed.push(packet));
  parser.on('error', (error: unknown) => {
    throw new MalformedPacket(error instanceof Error ? error.message : 'a packet could not be read');
  });

  function hear(chunk: Buffer): void {
    if (over) return;
    lastHeardMs = performance.now();
    parsed = [];
    let fault: Failure | undefined;
    try {
      for (const packet of framer(chunk)) parser.parse(packet);
    } catch (error) {
      // The parser is somebody else's and is fed by somebody else: whatever it throws ends this connection only.
      const detail = error instanceof MalformedPacket ? error.message : 'a packet could not be read';
      fault = {
        kind: 'malformed',
        reason: sayReason('net_malformed', { where: endpoint.where, words: detail }),
      };
    }
    const packets = accepted ? parsed : accept(parsed);
    if (packets.length > 0 && !over) events.onPackets(packets);
    const bye = packets.find((packet) => packet.cmd === 'disconnect');
    if (bye?.cmd === 'disconnect') {
      const code = bye.reasonCode ?? 0;
      destroy({
        kind: code === 142 ? 'taken-over' : 'closed',
        reason: code === 0 ? sayReason('mqtt_closed') : toReason(code, 5, bye.properties?.reasonString),
      });
    }
    if (fault !== undefined) destroy(fault);
  }

  function accept(packets: readonly Packet[]): readonly Packet[] {
    const [first, ...rest] = packets;
    if (first === undefined) return [];
    if (first.cmd !== 'connack') {
      destroy({ kind: 'malformed', reason: sayReason('net_not_mqtt', { where: endpoint.where }) });
      return [];
    }
    const code = first.reasonCode ?? first.returnCode ?? 0;
    if (code !== 0) {
      const version = options.protocolVersion === 5 && (code === 1 || code === 132);
      destroy({
        kind: version ? 'version' : code === 3 || code === 136 || code === 137 ? 'network' : 'refused',
        reason: toConnectReason(code, options.protocolVersion, first.properties?.reasonString),
      });
      return [];
    }
    accepted = true;
    clearTimeout(connectTimer);
    keepAlive(first.properties?.serverKeepAlive ?? options.keepaliveS);
    events.onConnack(first);
    return rest;
  }

  function keepAlive(keepaliveS: number): void {
    if (keepaliveS <= 0) return;
    let pingedMs = performance.now();
    keepaliveTimer = setInterval(
      () => {
        const nowMs = performance.now();
        // While reading is paused nothing can be heard, so silence proves nothing then.
        if (!paused && nowMs - lastHeardMs > keepaliveS * 1000 * SILENCE_FACTOR) {
          destroy({
            kind: 'silent',
            reason: sayReason('net_quiet', {
              where: endpoint.where,
              n: Math.round(keepaliveS * SILENCE_FACTOR),
            }),
          });
        } else if (nowMs - pingedMs >= keepaliveS * 500) {
          pingedMs = nowMs;
          sendBytes(PINGREQ);
        }
      },
      Math.max(keepaliveS * 125, 20),
    );
  }

  function greet(): void {
    send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: options.protocolVersion,
      clientId: options.clientId,
      clean: options.clean,
      keepalive: options.keepaliveS,
      ...(endpoint.username === undefined ? {} : { username: endpoint.username }),
      ...(endpoint.password === undefined ? {} : { password: Buffer.from(endpoint.password) }),
      ...(options.protocolVersion === 4
        ? {}
        : {
            properties: {
              sessionExpiryInterval: options.sessionExpiryS,
              receiveMaximum: options.receiveMaximum,
              maximumPacketSize: options.maxPacketBytes,
            },
          }),
    });
  }

  async function dial(): Promise<void> {
    const address =
      options.resolveHost === undefined ? endpoint.host : await options.resolveHost(endpoint.host);
    if (over) return;
    const opened = endpoint.tls
      ? connectTls({
          host: address,
          port: endpoint.port,
          ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
          ...(options.ca === undefined ? {} : { ca: options.ca }),
          rejectUnauthorized: options.rejectUnauthorized ?? true,
        })
      : connectTcp({ host: address, port: endpoint.port });
    socket = opened;
    opened.setNoDelay(true);
    opened.on('data', hear);
    opened.on('error', (error) =>
      destroy({ kind: 'network', reason: toNetworkReason(error, endpoint.where) }),
    );
    opened.on('close', () => {
      destroy(
        accepted
          ? { kind: 'closed', reason: sayReason('net_closed', { where: endpoint.where }) }
          : { kind: 'version', reason: sayReason('net_closed_early', { where: endpoint.where }) },
      );
    });
    opened.once(endpoint.tls ? 'secureConnect' : 'connect', greet);
  }

  function send(packet: Packet): void {
    sendBytes(generate(packet, generateOptions));
  }

  function sendBytes(bytes: Buffer): void {
    if (!over && socket !== undefined && !socket.destroyed) socket.write(bytes);
  }

  dial().catch((error: unknown) => {
    const reason =
      error instanceof AppError ? toWords(error) : toNetworkReason(error as Error, endpoint.where);
    destroy({ kind: error instanceof AppError ? 'refused' : 'network', reason });
  });

  return {
    send,
    sendBytes,
    pause: () => {
      paused = true;
      socket?.pause();
    },
    resume: () => {
      paused = false;
      lastHeardMs = performance.now();
      socket?.resume();
    },
    end: () =>
      new Promise((resolve) => {
        if (over || socket === undefined || !accepted) {
          destroy({ kind: 'closed', reason: 'Stopped.' });
          resolve();
          return;
        }
        ended = resolve;
        // Data must flow, or the end of the other side is never seen.
        socket.resume();
        socket.end(generate({ cmd: 'disconnect', reasonCode: 0 }, generateOptions));
        setTimeout(() => destroy({ kind: 'closed', reason: 'Stopped.' }), 1_000).unref();
      }),
    destroy,
  };
}
