/**
 * The worker of a room's screen (web/public) as the browser runs it, against a real server; only the browser's own
 * shelves are ours. It stands here because web's own sources know nothing of Node.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SOURCE = readFileSync(new URL('../../../web/public/screen-worker.js', import.meta.url), 'utf8');
const PAGE = '<script src="/assets/index-1.js"></script>';

interface WorkerEvent {
  readonly data?: unknown;
  readonly request?: { readonly method: string; readonly mode: string; readonly url: string };
  readonly waitUntil?: (work: Promise<unknown>) => void;
  readonly respondWith?: (answer: Promise<Response>) => void;
}

let server: Server;
let origin: string;
let page: string;
let shelf: Map<string, Response>;
let worker: Map<string, (event: WorkerEvent) => void>;

beforeEach(async () => {
  page = PAGE;
  server = createServer((request, response) =>
    response.end(request.url?.startsWith('/screen') ? page : `file ${request.url}`),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  shelf = new Map();
  worker = new Map();
  const toUrl = (key: string | { readonly url: string }) =>
    new URL(typeof key === 'string' ? key : key.url, origin).href;
  const far = (key: string | { readonly url: string }, init?: RequestInit) => fetch(toUrl(key), init);
  const cache = {
    match: async (key: string) => shelf.get(toUrl(key))?.clone(),
    put: async (key: string, answer: Response) => void shelf.set(toUrl(key), answer),
    add: async (key: string) => void shelf.set(toUrl(key), await far(key)),
    keys: async () => [...shelf.keys()].map((url) => ({ url })),
    delete: async (key: { readonly url: string }) => shelf.delete(key.url),
  };
  runInNewContext(SOURCE, {
    self: {
      location: { origin },
      addEventListener: (name: string, listen: (event: WorkerEvent) => void) => worker.set(name, listen),
    },
    caches: { open: async () => cache },
    fetch: far,
    URL,
    Response,
    AbortSignal,
    Set,
  });
});
afterEach(() => server.close());

async function keep(...files: readonly string[]): Promise<void> {
  const work: Promise<unknown>[] = [];
  worker.get('message')?.({ data: { kind: 'keep', files }, waitUntil: (one) => work.push(one) });
  await Promise.all(work);
}

function ask(path: string, mode = 'navigate'): Promise<Response> | undefined {
  let answer: Promise<Response> | undefined;
  const request = { method: 'GET', mode, url: origin + path };
  worker.get('fetch')?.({
    request,
    respondWith: (given) => {
      answer = given;
    },
  });
  return answer;
}

async function cutLine(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

test('a kept page and its files come up without a line', async () => {
  await keep('/assets/index-1.js');
  await cutLine();
  expect(await (await ask('/screen?place=7'))?.text()).toBe(PAGE);
  expect(await (await ask('/assets/index-1.js', 'cors'))?.text()).toBe('file /assets/index-1.js');
});

test('the server’s page comes first while it answers', async () => {
  await keep('/assets/index-1.js');
  page = 'newer';
  expect(await (await ask('/screen?place=7'))?.text()).toBe('newer');
});

test('a page is not kept without the files that it names', async () => {
  await keep('/assets/other.js');
  expect(shelf.size).toBe(0);
});

test('files that a newer page no longer uses are let go', async () => {
  await keep('/assets/index-1.js');
  page = PAGE.replace('index-1', 'index-2');
  await keep('/assets/index-2.js');
  expect([...shelf.keys()].map((url) => new URL(url).pathname).sort()).toEqual([
    '/assets/index-2.js',
    '/screen',
  ]);
});

test('what was measured is never answered from the shelf, and no other page either', () => {
  expect(ask('/api/v1/places/7', 'cors')).toBeUndefined();
  expect(ask('/places/7')).toBeUndefined();
});
