/**
 * The way to an external PostgreSQL as one stream: TCP or a socket file, with TLS where the address asks for it.
 * It exists because the driver loses a connection for good, or ends the process, when a reset reaches it as an
 * error before the close: here a connection that was up only ever closes, and it does so in the same tick.
 */
import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { AppError } from '@torv/core/errors';
import { renderError, renderReady } from './protocol.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Folder of the socket file, libpq's ?host=/run/postgresql. */
  readonly socketFolder: string | undefined;
  readonly tls: 'off' | 'unverified' | 'verified';
  readonly caFile: string | undefined;
  /** What the driver reads itself: user, password, name and settings. */
  readonly driverUrl: string;
}

const SSL_MODES = {
  disable: 'off',
  allow: 'off',
  prefer: 'off',
  require: 'unverified',
  'verify-ca': 'verified',
  'verify-full': 'verified',
} as const;
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const KEEP_ALIVE_MS = 60_000;

/** @throws AppError BAD_CONFIG; the sentence never holds the address, which has the password. */
export function parseServerAddress(url: string): ServerAddress {
  if (!URL.canParse(url) || !/^postgres(ql)?:/.test(url)) {
    throw toBadAddress('TORV_DATABASE_URL is not an address of a PostgreSQL database.');
  }
  const address = new URL(url);
  const take = (name: string): string | undefined => {
    const value = address.searchParams.get(name) ?? undefined;
    address.searchParams.delete(name);
    return value;
  };
  const [host, mode, caFile] = [take('host'), take('sslmode') ?? 'disable', take('sslrootcert')];
  if (!Object.hasOwn(SSL_MODES, mode))
    throw toBadAddress(`TORV_DATABASE_URL has an unknown sslmode: ${mode}.`);
  return {
    host: host ?? (address.hostname.replace(/^\[|\]$/g, '') || 'localhost'),
    port: Number(address.port || 5432),
    socketFolder: host?.startsWith('/') ? host : undefined,
    tls: SSL_MODES[mode as keyof typeof SSL_MODES],
    caFile,
    driverUrl: address.href,
  };
}

function toBadAddress(detail: string): AppError {
  return new AppError('BAD_CONFIG', detail, {
    at: 'TORV_DATABASE_URL',
    hint: 'Write it as postgres://user:password@host:5432/name?sslmode=verify-full',
  });
}

export function openServerStream(address: ServerAddress): Duplex {
  const { host, port, socketFolder, tls } = address;
  let socket: Socket =
    socketFolder === undefined ? connect({ host, port }) : connect(`${socketFolder}/.s.PGSQL.${port}`);
  let isUp = false;
  /** The driver writes at once; what it says before the way is open waits here. */
  let held: (() => void) | undefined;

  const stream = new Duplex({
    read: () => void (isUp && socket.resume()),
    write(chunk: Buffer, _encoding, done) {
      const send = (): void => void socket.write(chunk, done);
      if (isUp) send();
      else held = send;
    },
    final(done) {
      socket.end(done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  Object.defineProperty(stream, 'readyState', { get: () => (stream.destroyed ? 'closed' : 'open') });

  const onError = (error: Error): void => {
    if (isUp) hangUp(stream);
    else stream.destroy(error);
  };
  const onUp = (): void => {
    isUp = true;
    socket.on('data', (chunk) => void (stream.push(chunk) || socket.pause()));
    held?.();
  };
  const watch = (): void => {
    socket.on('error', onError);
    socket.on('close', () => (isUp ? hangUp(stream) : stream.destroy(toClosed(host, port))));
  };

  watch();
  socket.once('connect', () => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (tls === 'off') return onUp();
    socket.write(SSL_REQUEST);
    socket.once('data', (answer) => {
      if (answer[0] !== 0x53)
        return void stream.destroy(new Error('The server has no TLS, and sslmode asks for it'));
      socket.removeAllListeners('close');
      socket = connectTls({
        socket,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(address.caFile === undefined ? {} : { ca: readFileSync(address.caFile) }),
        rejectUnauthorized: tls === 'verified',
      });
      watch();
      socket.once('secureConnect', onUp);
    });
  });
  return stream;
}

/**
 * Tells the driver in this very tick, so that nothing can be written in between. The error is for a statement that
 * is under way: without an end of its own the driver would keep a server's last words for the next connection.
 */
export function hangUp(stream: Duplex): void {
  if (stream.destroyed) return;
  stream.push(
    Buffer.concat([renderError('08006', 'The connection to the database was cut'), renderReady('E')]),
  );
  stream.emit('close');
  stream.destroy();
}

function toClosed(host: string, port: number): Error {
  return Object.assign(new Error(`The server at ${host}:${port} closed the connection`), {
    code: 'ECONNRESET',
  });
}
