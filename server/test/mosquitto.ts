/**
 * A real Mosquitto for tests: its own folder, a free loopback port, user and password, TLS where asked.
 * A missing Mosquitto is a failure, never a skipped test.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';

export interface MosquittoOptions {
  /** user name -> password; none: anonymous is let in. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of an access list. */
  readonly acl?: readonly string[];
  readonly tls?: boolean;
  /** Further lines of the configuration. */
  readonly config?: readonly string[];
}

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** The certificate authority (PEM) of a broker with TLS. */
  readonly ca: string | undefined;
  readonly pid: number;
  /** Ends the broker with a signal and starts it again on the same port with what it had kept. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export function findProgram(name: string): string {
  for (const folder of ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']) {
    if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error(`${name} is not installed: apt-get install mosquitto mosquitto-clients`);
}

async function untilOpen(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Mosquitto ended: ${said()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A self-made authority and a certificate for localhost and 127.0.0.1. */
export function makeCertificate(folder: string): { readonly key: string; readonly cert: string } {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  execFileSync(
    findProgram('openssl'),
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  return { key, cert };
}

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const program = findProgram('mosquitto');
  const folder = mkdtempSync(join(tmpdir(), 'torv-mosquitto-'));
  const port = await findFreePort();
  const lines = [
    `listener ${port} 127.0.0.1`,
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 1',
    'max_queued_messages 0',
    'max_queued_bytes 0',
    'max_inflight_messages 0',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    `user ${process.getuid?.() === 0 ? 'root' : (process.env.USER ?? 'nobody')}`,
    ...(options.config ?? []),
  ];
  if (options.users === undefined) lines.push('allow_anonymous true');
  else {
    const file = join(folder, 'passwords');
    writeFileSync(
      file,
      Object.entries(options.users)
        .map(([user, password]) => `${user}:${password}\n`)
        .join(''),
    );
    chmodSync(file, 0o600);
    execFileSync(findProgram('mosquitto_passwd'), ['-U', file]);
    lines.push('allow_anonymous false', `password_file ${file}`);
  }
  if (options.acl !== undefined) {
    writeFileSync(join(folder, 'acl'), `${options.acl.join('\n')}\n`, { mode: 0o600 });
    lines.push(`acl_file ${join(folder, 'acl')}`);
  }
  let ca: string | undefined;
  if (options.tls === true) {
    const made = makeCertificate(folder);
    accessSync(made.key);
    lines.push(`certfile ${made.cert}`, `keyfile ${made.key}`);
    ca = readFileSync(made.cert, 'utf8');
  }
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);

  let child: ChildProcess;
  async function run(): Promise<void> {
    let output = '';
    const started = spawn(program, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    started.stderr?.on('data', (text: Buffer) => {
      output = (output + text.toString()).slice(-4_000);
    });
    child = started;
    await untilOpen(port, started, () => output);
  }
  async function halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
  await run();
  return {
    port,
    url: `${options.tls === true ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`,
    ca,
    get pid() {
      return child.pid ?? 0;
    },
    halt,
    resume: run,
    restart: async (signal) => {
      await halt(signal);
      await run();
    },
    stop: async () => {
      await halt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
