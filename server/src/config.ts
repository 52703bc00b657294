/**
 * Everything the environment decides, read once and passed down; nothing else reads process.env.
 * `.env.example` is tested against this table. A wrong value stops the start with a sentence that names it.
 */
import { AppError } from '@torv/core/errors';

export type Role = 'api' | 'ingest' | 'worker';

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly trustProxy: boolean;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly mqttPort: number;
  /** A busy default port leaves the broker off; a configured one is fatal. */
  readonly mqttPortConfigured: boolean;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly roles: ReadonlySet<Role>;
  readonly secretKey: string | undefined;
  readonly outboundAllow: readonly string[];
  readonly metricsToken: string | undefined;
  readonly smtpUrl: string | undefined;
  /** Whether anybody may write SensorThings entities, in the open organisation. */
  readonly staOpen: boolean;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

interface Setting {
  readonly meaning: string;
  readonly example: string;
}

/** The one schema of the environment: name -> what it means and what `.env.example` shows. */
export const SETTINGS = {
  TORV_PORT: { meaning: 'Port of the web application and the interfaces.', example: '8080' },
  TORV_HOST: { meaning: 'Address to listen on; 0.0.0.0 for all.', example: '127.0.0.1' },
  TORV_PUBLIC_URL: {
    meaning: 'Address by which people reach this server.',
    example: 'https://torv.example.org',
  },
  TORV_TRUST_PROXY: { meaning: 'true behind a reverse proxy that sets X-Forwarded-*.', example: 'false' },
  TORV_DATA: { meaning: 'Folder of the embedded database, the spool and the lock.', example: './data' },
  TORV_DATABASE_URL: {
    meaning: 'PostgreSQL 15 or newer with PostGIS; unset: the embedded database.',
    example: 'postgres://torv@localhost/torv',
  },
  TORV_MQTT_PORT: { meaning: 'Port of the embedded MQTT broker; 0 switches it off.', example: '1883' },
  TORV_TLS_CERT: { meaning: 'Certificate file (PEM) for HTTPS and MQTT.', example: '/etc/torv/cert.pem' },
  TORV_TLS_KEY: { meaning: 'Private key file (PEM).', example: '/etc/torv/key.pem' },
  TORV_ROLES: { meaning: 'What this process does: all, or a list of api, ingest, worker.', example: 'all' },
  TORV_SECRET_KEY: {
    meaning: 'Seals stored broker, mail and webhook secrets; at least 32 characters; exports leave them out.',
    example: 'change-me-to-32-random-characters-or-more',
  },
  TORV_OUTBOUND_ALLOW: {
    meaning: 'Private addresses that webhooks and brokers may be on, comma separated.',
    example: '10.1.2.3,broker.internal',
  },
  TORV_METRICS_TOKEN: {
    meaning: 'Reserved: bearer token for /metrics, which is still to come.',
    example: '',
  },
  TORV_SMTP_URL: {
    meaning: 'Mail server for invitations and password resets.',
    example: 'smtps://user@mail.example.org',
  },
  TORV_STA_OPEN: {
    meaning:
      'true: anybody may write SensorThings entities, in an organisation of their own; public: also from other machines.',
    example: 'false',
  },
  TORV_LOG_LEVEL: { meaning: 'fatal, error, warn, info, debug, trace or silent.', example: 'info' },
} as const satisfies Record<string, Setting>;

type Name = keyof typeof SETTINGS;
type Environment = Readonly<Record<string, string | undefined>>;

const ALL_ROLES: readonly Role[] = ['api', 'ingest', 'worker'];
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

function wrong(name: Name, text: string, expected: string): AppError {
  return new AppError('BAD_CONFIG', `${name} is "${text.slice(0, 40)}", but must be ${expected}.`, {
    at: name,
  });
}

function parsePort(env: Environment, name: Name, fallback: number, lowest: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < lowest || port > 65_535) {
    throw wrong(name, text, `a port number from ${lowest} to 65535`);
  }
  return port;
}

function parseFlag(env: Environment, name: Name): boolean {
  const text = env[name];
  if (text === undefined || text === '' || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw wrong(name, text, 'true or false');
}

function parseText(env: Environment, name: Name): string | undefined {
  const text = env[name];
  return text === undefined || text === '' ? undefined : text;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/**
 * Everybody's writing is for test suites and workshops: beyond this machine it needs the word `public`.
 * @throws AppError BAD_CONFIG
 */
function parseOpen(env: Environment, host: string, publicUrl: string | undefined): boolean {
  if (parseText(env, 'TORV_STA_OPEN') === 'public') return true;
  const text = env.TORV_STA_OPEN;
  if (text !== undefined && !['', 'true', 'false', '0', '1'].includes(text))
    throw wrong('TORV_STA_OPEN', text, 'true, public or false');
  if (!parseFlag(env, 'TORV_STA_OPEN')) return false;
  const reach = publicUrl !== undefined && URL.canParse(publicUrl) ? new URL(publicUrl).hostname : host;
  if (LOOPBACK.test(host) && LOOPBACK.test(reach)) return true;
  throw new AppError(
    'BAD_CONFIG',
    `TORV_STA_OPEN is true, so that anybody may write, but this server is reached as ${LOOPBACK.test(host) ? reach : host}.`,
    {
      at: 'TORV_STA_OPEN',
      hint: 'Use TORV_HOST=127.0.0.1, or say TORV_STA_OPEN=public if the whole network may write.',
    },
  );
}

function parseRoles(env: Environment): ReadonlySet<Role> {
  const text = parseText(env, 'TORV_ROLES') ?? 'all';
  if (text === 'all') return new Set(ALL_ROLES);
  const roles = text.split(',').map((part) => part.trim());
  const bad = roles.find((role) => !(ALL_ROLES as readonly string[]).includes(role));
  if (bad !== undefined) throw wrong('TORV_ROLES', text, 'all, or a list of api, ingest and worker');
  return new Set(roles as Role[]);
}

/**
 * @throws AppError BAD_CONFIG naming the first setting that is wrong, or a TORV_ name that does not exist
 *   (a misspelt setting must not be silently without effect).
 */
export function parseConfig(env: Environment): Config {
  for (const name of Object.keys(env)) {
    if (name.startsWith('TORV_') && !name.startsWith('TORV_TEST_') && !Object.hasOwn(SETTINGS, name)) {
      throw new AppError('BAD_CONFIG', `There is no setting ${name}.`, {
        at: name,
        hint: `The settings are: ${Object.keys(SETTINGS).join(', ')}`,
      });
    }
  }
  const databaseUrl = parseText(env, 'TORV_DATABASE_URL');
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new AppError('BAD_CONFIG', 'TORV_DATABASE_URL must begin with postgres://.', {
      at: 'TORV_DATABASE_URL',
    });
  }
  const roles = parseRoles(env);
  if (databaseUrl === undefined && roles.size < ALL_ROLES.length) {
    throw new AppError('BAD_CONFIG', 'The embedded database needs all roles in one process.', {
      at: 'TORV_ROLES',
      hint: 'Leave TORV_ROLES out, or set TORV_DATABASE_URL to a PostgreSQL server.',
    });
  }
  const secretKey = parseText(env, 'TORV_SECRET_KEY');
  if (secretKey !== undefined && secretKey.length < 32) {
    throw new AppError('BAD_CONFIG', 'TORV_SECRET_KEY must have at least 32 characters.', {
      at: 'TORV_SECRET_KEY',
    });
  }
  const logLevel = parseText(env, 'TORV_LOG_LEVEL') ?? 'info';
  if (!(LOG_LEVELS as readonly string[]).includes(logLevel)) {
    throw wrong('TORV_LOG_LEVEL', logLevel, LOG_LEVELS.join(', '));
  }
  const host = parseText(env, 'TORV_HOST') ?? '127.0.0.1';
  const publicUrl = parseText(env, 'TORV_PUBLIC_URL')?.replace(/\/$/, '');
  return Object.freeze({
    port: parsePort(env, 'TORV_PORT', 8080, 0),
    host,
    publicUrl,
    trustProxy: parseFlag(env, 'TORV_TRUST_PROXY'),
    dataDir: parseText(env, 'TORV_DATA') ?? './data',
    databaseUrl,
    mqttPort: parsePort(env, 'TORV_MQTT_PORT', 1883, 0),
    mqttPortConfigured: parseText(env, 'TORV_MQTT_PORT') !== undefined,
    tlsCert: parseText(env, 'TORV_TLS_CERT'),
    tlsKey: parseText(env, 'TORV_TLS_KEY'),
    roles,
    secretKey,
    outboundAllow: (parseText(env, 'TORV_OUTBOUND_ALLOW') ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
    metricsToken: parseText(env, 'TORV_METRICS_TOKEN'),
    smtpUrl: parseText(env, 'TORV_SMTP_URL'),
    staOpen: parseOpen(env, host, publicUrl),
    logLevel: logLevel as Config['logLevel'],
  });
}
