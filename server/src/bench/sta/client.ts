/**
 * A bare HTTP client of any SensorThings server: kept-alive connections, the whole answer read, no standard's
 * cleverness. It measures; it never repeats a request that failed.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AppError } from '@torv/core/errors';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
  readonly ms: number;
}

export interface StaClient {
  /** Without a slash at its end. */
  readonly root: string;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  remove(path: string): Promise<Answer>;
  close(): void;
}

const TIMEOUT_MS = 120_000;

/** @param root the address of the version's landing page */
export function createStaClient(root: string, authorization: string | undefined): StaClient {
  if (!URL.canParse(root)) throw new AppError('BAD_REQUEST', `${root} is not an address.`, { at: '--url' });
  const base = root.replace(/\/+$/, '');
  const isTls = base.startsWith('https:');
  const agent = isTls
    ? new HttpsAgent({ keepAlive: true, maxSockets: 64 })
    : new HttpAgent({ keepAlive: true, maxSockets: 64 });
  const send = isTls ? httpsRequest : httpRequest;

  /** @param path below the root, or a whole address (a next link) */
  function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    // The server's own links are encoded already.
    const url = /^https?:/.test(path) ? path : encodeURI(`${base}/${path.replace(/^\/+/, '')}`);
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const begunMs = performance.now();
      const asked = send(
        url,
        {
          method,
          agent,
          timeout: TIMEOUT_MS,
          headers: {
            accept: 'application/json',
            ...(authorization === undefined ? {} : { authorization }),
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              text: Buffer.concat(chunks).toString('utf8'),
              location: answer.headers.location,
              ms: performance.now() - begunMs,
            }),
          );
        },
      );
      asked.once('timeout', () => asked.destroy(new Error(`No answer after ${TIMEOUT_MS / 1000} s`)));
      asked.once('error', reject);
      asked.end(text);
    });
  }

  return {
    root: base,
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    remove: (path) => ask('DELETE', path),
    close: () => agent.destroy(),
  };
}

/** @throws AppError UNAVAILABLE with what the server said, where it did not do what was asked */
export function expectStatus(answer: Answer, what: string, ...wanted: readonly number[]): Answer {
  if (wanted.includes(answer.status)) return answer;
  throw new AppError(
    'UNAVAILABLE',
    `${what} was answered with ${answer.status}: ${answer.text.slice(0, 300)}`,
  );
}
