/**
 * OGC's own test suite for SensorThings (ets-sta10; there is none for 1.1) against a server of ours: npm run ogc.
 * Needs Java 17 and Maven, which is why `npm test` does not run it. It opens a server to everybody on this machine
 * (TORV_STA_OPEN), in a data folder of its own, and ends with `N passed, N failed`.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lib = join(root, 'build/ogc');
const SUITE = ['org.opengis.cite', 'ets-sta10', '1.5'];
/**
 * The suite reads the number it has sent as a text (`getString("result")`). This version of its JSON library allows
 * that; the newer one that it names refuses, so that no server that returns numbers as numbers could pass.
 */
const JSON_LIBRARY = ['org.json', 'json', '20090211'];
const PORT = 18_300 + (process.pid % 500);
const URL_ROOT = `http://127.0.0.1:${PORT}/sta/v1.1`;

/** What the suite wants to find at first, with every property that it reads. */
const TOWN = {
  name: 'Room',
  description: 'A room',
  properties: { floor: 1 },
  Locations: [
    {
      name: 'House',
      description: 'A house',
      encodingType: 'application/geo+json',
      location: { type: 'Point', coordinates: [10, 55] },
    },
  ],
  Datastreams: [
    {
      name: 'Temperature',
      description: 'Of the air',
      observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
      unitOfMeasurement: { name: 'degree Celsius', symbol: '°C', definition: 'ucum:Cel' },
      Sensor: { name: 'Sensor', description: 'A sensor', encodingType: 'application/pdf', metadata: 'none' },
      ObservedProperty: { name: 'Temperature', definition: 'urn:temperature', description: 'Of the air' },
      Observations: [
        { phenomenonTime: '2026-01-01T00:00:00Z', resultTime: '2026-01-01T00:00:00Z', result: 20 },
        { phenomenonTime: '2026-01-01T01:00:00Z', resultTime: '2026-01-01T01:00:00Z', result: 21 },
      ],
    },
  ],
};

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error) throw new Error(`${command} is needed: ${error.message}`);
  return { status, text: `${stdout}${stderr}` };
}

function fetchSuite() {
  if (existsSync(join(lib, 'ready'))) return;
  mkdirSync(lib, { recursive: true });
  const [group, name, version] = SUITE;
  writeFileSync(
    join(lib, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>torv</groupId>
<artifactId>ogc</artifactId><version>1</version><dependencies><dependency><groupId>${group}</groupId>
<artifactId>${name}</artifactId><version>${version}</version></dependency></dependencies></project>`,
  );
  for (const args of [
    ['dependency:copy-dependencies', `-DoutputDirectory=${join(lib, 'suite')}`],
    ['dependency:copy', `-Dartifact=${JSON_LIBRARY.join(':')}`, `-DoutputDirectory=${join(lib, 'json')}`],
  ]) {
    const { status, text } = run('mvn', ['-q', '-B', ...args], { cwd: lib });
    if (status !== 0) throw new Error(`Maven could not fetch the suite:\n${text}`);
  }
  writeFileSync(join(lib, 'ready'), '');
}

async function untilReady(server) {
  for (let waitedMs = 0; waitedMs < 120_000; waitedMs += 250) {
    const answer = await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (server.exitCode !== null) break;
    await sleep(250);
  }
  throw new Error('The server did not become ready');
}

function readResults(folder) {
  const [id] = readdirSync(join(folder, 'testng'));
  const xml = readFileSync(join(folder, 'testng', id, 'testng-results.xml'), 'utf8');
  const methods = [...xml.matchAll(/<test-method\b([^>]*?)(\/>|>(.*?)<\/test-method>)/gs)].map(
    ([, head, , body = '']) => ({
      name: /\bname="([^"]*)"/.exec(head)?.[1],
      status: /\bstatus="([^"]*)"/.exec(head)?.[1],
      isConfig: head.includes('is-config="true"'),
      message: /<message>\s*<!\[CDATA\[(.*?)\]\]>/s.exec(body)?.[1]?.trim() ?? '',
    }),
  );
  return methods.filter(({ isConfig, status }) => !isConfig || status !== 'PASS');
}

fetchSuite();
const folder = mkdtempSync(join(tmpdir(), 'torv-ogc-'));
const server = spawn(process.execPath, [join(root, 'server/bin/torv.js'), 'serve'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    TORV_PORT: String(PORT),
    TORV_MQTT_PORT: '0',
    TORV_DATA: join(folder, 'data'),
    TORV_STA_OPEN: 'true',
    TORV_LOG_LEVEL: 'error',
  },
});
try {
  await untilReady(server);
  const { status } = await fetch(`${URL_ROOT}/Things`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(TOWN),
  });
  if (status !== 201) throw new Error(`POST Things was answered with ${status}`);
  const properties = join(folder, 'run.xml');
  writeFileSync(
    properties,
    `<properties version="1.0"><entry key="iut">${URL_ROOT}</entry><entry key="ics">3</entry></properties>`,
  );
  const { text } = run('java', [
    `-Duser.home=${folder}`,
    '-cp',
    `${join(lib, 'json', '*')}:${join(lib, 'suite', '*')}`,
    'org.opengis.cite.sta10.TestNGController',
    properties,
  ]);
  if (!existsSync(join(folder, 'testng'))) throw new Error(`The suite did not run:\n${text}`);
  const results = readResults(folder);
  for (const { name, status: state, message } of results)
    console.log(`${state === 'PASS' ? 'ok    ' : 'FAILED'} ${name}${message === '' ? '' : `: ${message}`}`);
  const passed = results.filter(({ status: state }) => state === 'PASS').length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed > 0 && passed === results.length ? 0 : 1;
} finally {
  server.kill('SIGTERM');
  await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve()));
  rmSync(folder, { recursive: true, force: true });
}
