/**
 * Messages a second through a real Mosquitto into the listener while every commit lasts 20 ms: acknowledgements
 * held back in numbers, beside one message at a time, in one run on one machine.
 *   node bench/mqtt.mjs [--messages 60000] [--commit-ms 20]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '60000' },
    'commit-ms': { type: 'string', default: '20' },
  },
});
const count = Number(values.messages);
const commitMs = Number(values['commit-ms']);
const ONE_AT_A_TIME = 150;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'torv-bench-'));
const outfile = join(folder, 'parts.mjs');
await build({
  stdin: {
    contents: `export { createListener } from './server/src/ingest/mqtt/listener.ts';
      export { startMosquitto } from './server/test/mosquitto.ts';
      export { openBareClient } from './server/test/mqtt-client.ts';`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile,
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
const { createListener, startMosquitto, openBareClient } = await import(pathToFileURL(outfile).href);

/** About the size of a network server's uplink. */
const filler = 'x'.repeat(560);
const toPayload = (i) => JSON.stringify({ i, filler });

const broker = await startMosquitto();

async function publishAll(messages) {
  const client = await openBareClient(broker.port);
  await client.next('connack');
  await client.publishAll(messages, 2_000);
  client.end();
}

/** @param live published while the listener listens; otherwise all waits at the broker before it begins */
async function measure(title, messages, live, options) {
  const clientId = `bench-${Math.random().toString(36).slice(2)}`;
  const address = { url: broker.url, clientId, topics: ['bench/#'], ...options };
  const seen = new Set();
  let doubled = 0;
  const take = async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, commitMs));
    for (const message of batch) {
      const { i } = JSON.parse(message.payload.toString());
      if (seen.has(i)) doubled++;
      seen.add(i);
    }
  };
  const list = Array.from({ length: messages }, (_, i) => ({
    topic: `bench/${i % 1_000}`,
    payload: toPayload(i),
  }));
  const until = async (test) => {
    while (!test()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  let listener = createListener(address, take, () => undefined);
  listener.start();
  await until(() => listener.state.phase === 'listening');
  if (!live) {
    await listener.stop();
    await publishAll(list);
    listener = createListener(address, take, () => undefined);
  }
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  if (live) await publishAll(list);
  else listener.start();
  await until(() => listener.state.acknowledged >= messages);
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await listener.stop();
  const rate = messages / seconds;
  console.log(
    `${title.padEnd(46)} ${String(Math.round(rate)).padStart(7)} messages/s   ${messages} in ${seconds.toFixed(2)} s, ` +
      `${((user + system) / 1e6).toFixed(2)} s processor, ${messages - seen.size} missing, ${doubled} doubled`,
  );
  return rate;
}

try {
  console.log(
    `Mosquitto on this machine, payload ${toPayload(1).length} bytes, QoS 1, commit ${commitMs} ms`,
  );
  const single = await measure('one at a time', ONE_AT_A_TIME, false, { maxInFlight: 1 });
  const waiting = await measure('held acknowledgements, messages waiting', count, false, {});
  const live = await measure('held acknowledgements, published meanwhile', count, true, {});
  console.log(
    `held : one at a time = ${Math.round(waiting / single)} : 1 (waiting), ${Math.round(live / single)} : 1 (meanwhile)`,
  );
} finally {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
}
