/**
 * Lets a room's screen come up again without a line: keeps the one page and the files it is made of, nothing else.
 * It never answers for the interface: what the room measured is asked of the server or not told at all, and the
 * page itself says how old the values are that it remembers. Registered for /screen only.
 */
const CACHE = 'torv-screen-1';
const PAGE = '/screen';
/** A line that hangs is no line. */
const PATIENCE_MS = 4000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  if (event.data?.kind === 'keep' && Array.isArray(event.data.files))
    event.waitUntil(keep(event.data.files).catch(() => undefined));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && url.pathname === PAGE) event.respondWith(openPage(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(openFile(request));
});

/** The server's page while it answers; the kept one when it does not. */
async function openPage(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status < 500) return answer;
  } catch {
    // no line: the kept page follows
  }
  return (await (await caches.open(CACHE)).match(PAGE)) ?? Response.error();
}

/** A file's name changes with its content, so a kept one is always the right one. */
async function openFile(request) {
  return (await (await caches.open(CACHE)).match(request.url)) ?? fetch(request);
}

/**
 * Page and files are kept together or not at all: a page of a newer version whose files are not here yet would
 * come up empty. What the page no longer uses is let go.
 */
async function keep(files) {
  const page = await fetch(PAGE, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!page.ok) return;
  const named = [...(await page.clone().text()).matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  const wanted = new Set(files.map((file) => new URL(file, self.location.origin).href));
  if (!named.every((path) => wanted.has(new URL(path, self.location.origin).href))) return;
  const cache = await caches.open(CACHE);
  for (const file of wanted) if (!(await cache.match(file))) await cache.add(file);
  await cache.put(PAGE, page);
  for (const kept of await cache.keys()) {
    if (new URL(kept.url).pathname !== PAGE && !wanted.has(kept.url)) await cache.delete(kept);
  }
}
