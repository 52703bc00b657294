/** The options of `torv bench sta`. Secrets come out of files: an argument can be read by everybody on the machine. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AppError } from '@torv/core/errors';
import { benchSta, type StaServer } from './run.ts';

export const STA_HELP = `torv bench sta --url https://city.example/sta/v1.1 [--compare URL2]
    [--mqtt mqtt://...] [--authorization-file FILE] [--pid PID ...]          the first server
    [--compare-mqtt mqtt://...] [--compare-authorization-file FILE] [--compare-pid PID ...]   the second
    [--things 50] [--observations 200000] [--share 1]

Makes rooms with four Datastreams each through the standard's own interface, measures what clients ask for (and
Observations over MQTT), removes what it made and prints a table in Markdown; with --compare case by case on both in
turn, and their ratios. Works with any SensorThings 1.1 server that may be written. A file of authorization holds the
header's value ("Bearer ..." or "Basic ..."); over MQTT the text after "Bearer" is the password. --pid names the
processes on this machine whose processor time, and their children's, counts as the server's. --share 0.1 asks a tenth of the requests.`;

interface Given {
  readonly url: string;
  readonly mqtt: string | undefined;
  readonly authorizationFile: string | undefined;
  readonly pids: readonly string[];
}

function readAuthorization(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new AppError('BAD_REQUEST', `The file ${file} cannot be read.`, {
      at: '--authorization-file',
      cause: error,
    });
  }
}

/** Basic: name and password; Bearer: the token as the password, which is how Torv's broker takes a key. */
function toCredentials(authorization: string | undefined): { username?: string; password?: string } {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return { username: 'key', password: value };
  if (!/^basic$/i.test(scheme)) return {};
  const [username = '', password = ''] = Buffer.from(value, 'base64').toString('utf8').split(/:(.*)/s);
  return { username, password };
}

function toServer({ url, mqtt, authorizationFile, pids }: Given): StaServer {
  const authorization = readAuthorization(authorizationFile);
  return {
    url,
    authorization,
    mqtt: mqtt === undefined ? undefined : { url: mqtt, prefix: 'v1.1', ...toCredentials(authorization) },
    pids: pids.map(Number),
  };
}

function toNumber(text: string, at: string, least: number): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < least)
    throw new AppError('BAD_REQUEST', `${at} must be a number of at least ${least}.`, { at });
  return number;
}

export async function runStaBench(
  args: readonly string[],
  output: { line(text: string): void; error(text: string): void },
): Promise<number> {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: text,
      mqtt: text,
      'authorization-file': text,
      pid: list,
      compare: text,
      'compare-mqtt': text,
      'compare-authorization-file': text,
      'compare-pid': list,
      things: { ...text, default: '50' },
      observations: { ...text, default: '200000' },
      share: { ...text, default: '1' },
    },
  });
  if (values.url === undefined) {
    output.error(STA_HELP);
    return 2;
  }
  const servers = [
    toServer({
      url: values.url,
      mqtt: values.mqtt,
      authorizationFile: values['authorization-file'],
      pids: values.pid ?? [],
    }),
  ];
  if (values.compare !== undefined) {
    servers.push(
      toServer({
        url: values.compare,
        mqtt: values['compare-mqtt'],
        authorizationFile: values['compare-authorization-file'],
        pids: values['compare-pid'] ?? [],
      }),
    );
  }
  const lines = await benchSta({
    servers,
    size: {
      things: Math.floor(toNumber(values.things, '--things', 1)),
      observations: Math.floor(toNumber(values.observations, '--observations', 1)),
    },
    share: toNumber(values.share, '--share', 0.001),
    say: output.error,
  });
  for (const line of lines) output.line(line);
  return 0;
}
