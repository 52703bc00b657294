#!/usr/bin/env node
/**
 * How many frames a second one decode worker decodes: node bench/decode.mjs [seconds]
 * 100 different codecs (five ways of writing one, as makers do, about 4 kB each) in random order, through the same
 * door as the server uses, one thread. The answers are checked. Bar: 15,000/s per core (DESIGN section 6);
 * reference: 31,800/s, measured elsewhere with the same engine and batches of 32.
 */
import { mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const CODECS = 100;
/** What one commit of the ingest carries at full speed, and a small one. */
const CALL_SIZES = [2_000, 64];
const seconds = Number(process.argv[2] ?? 5);

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}build/bench`;
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: {
    decode: `${root}server/src/ingest/decode/port.ts`,
    'decode-worker': `${root}server/src/ingest/decode/decode-worker.ts`,
  },
  outdir: folder,
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['@jitl/*', 'quickjs-emscripten-core'],
  logLevel: 'warning',
});
const { createDecoder } = await import(pathToFileURL(`${folder}/decode.js`).href);

/** What a maker's file carries besides the branch that a frame takes: tables, other message types. */
function ballast(seed) {
  const rows = Array.from(
    { length: 24 },
    (_, i) => `  ${i + seed}: { name: 'channel_${i}', unit: 'u${seed}', scale: ${i + 1} },`,
  );
  const branches = Array.from(
    { length: 14 },
    (_, i) =>
      `function message${i}(bytes) { /* type ${i} of model ${seed} */ var out = {}; out.value${i} = (bytes[0] << 8 | bytes[1]) / ${i + 1}; return out; }`,
  );
  return `var CHANNELS = {\n${rows.join('\n')}\n};\n${branches.join('\n')}\n`;
}

const STYLES = [
  (seed) => `
const TEMPERATURE = 0x01, HUMIDITY = 0x02, LIGHT = 0x04, MOTION = 0x05, CO2 = 0x06, BATTERY = 0x07;
function signed16(n) { return n & 0x8000 ? n - 0x10000 : n; }
function decodeUplink(input) {
  var data = { model: ${seed} }, b = input.bytes;
  for (i = 0; i < b.length; i++) {
    switch (b[i]) {
      case TEMPERATURE: data.temperature = signed16((b[i + 1] << 8) | b[i + 2]) / 10; i += 2; break;
      case HUMIDITY: data.humidity = b[i + 1]; i += 1; break;
      case LIGHT: data.light = (b[i + 1] << 8) | b[i + 2]; i += 2; break;
      case MOTION: data.motion = b[i + 1]; i += 1; break;
      case CO2: data.co2 = (b[i + 1] << 8) | b[i + 2]; i += 2; break;
      case BATTERY: data.battery = (b[i + 1] << 8) | b[i + 2]; i += 2; break;
      default: i = b.length;
    }
  }
  return { data: data, warnings: [], errors: [] };
}`,
  (seed) => `
if (!Object.assign2) Object.defineProperty(Object, 'assign2', { value: function (a, b) { for (var k in b) a[k] = b[k]; return a; } });
function Decoder(bytes, port) { return channels(bytes); }
function le16(b) { var v = (b[1] << 8) + b[0]; return v > 0x7fff ? v - 0x10000 : v; }
function channels(bytes) {
  var out = {};
  for (var i = 0; i < bytes.length; ) {
    var id = bytes[i++], type = bytes[i++];
    if (id === 0x01 && type === 0x75) { out.battery = bytes[i]; i += 1; }
    else if (id === 0x03 && type === 0x67) { out.temperature = le16(bytes.slice(i, i + 2)) / 10; i += 2; }
    else if (id === 0x04 && type === 0x68) { out.humidity = bytes[i] / 2; i += 1; }
    else if (id === 0x07 && type === 0x7d) { out.co2 = le16(bytes.slice(i, i + 2)); i += 2; }
    else break;
  }
  return Object.assign2(out, { model: ${seed} });
}`,
  (seed) => `
function Decode(fPort, bytes, variables) {
  var value = (bytes[0] << 8 | bytes[1]) & 0x3fff;
  var battery = value / 1000, status = bytes[0] >> 6;
  value = bytes[2] << 8 | bytes[3]; if (bytes[2] & 0x80) value |= 0xffff0000;
  var temperature = (value / 100).toFixed(2);
  value = bytes[4] << 8 | bytes[5];
  return { batteryV: battery, status: status, temperature: parseFloat(temperature), humidity: parseFloat((value / 10).toFixed(1)), model: ${seed} };
}`,
  (seed) => `
var device = {
  SENSORS: [
    { length: 2, values: [{ name: 'temperature', convert: function (x) { return 175 * x[0] / 65536 - 45; } },
                          { name: 'humidity', convert: function (x) { return 100 * x[1] / 65536; } }] },
    { length: 1, values: [{ name: 'battery_voltage', convert: function (x) { return x[0] / 1000; } }] }
  ],
  read: function (bytes, pos) { return (bytes[pos] << 8) + bytes[pos + 1]; },
  decode: function (bytes) {
    var flags = this.read(bytes, 0), pos = 2, result = { model: ${seed} };
    for (var i = 0; i < this.SENSORS.length; i++, flags >>= 1) {
      if ((flags & 1) !== 1) continue;
      var sensor = this.SENSORS[i], x = [];
      for (var j = 0; j < sensor.length; j++) { x.push(this.read(bytes, pos)); pos += 2; }
      for (var k = 0; k < sensor.values.length; k++) result[sensor.values[k].name] = { value: sensor.values[k].convert.bind(this)(x) };
    }
    return result;
  }
};
function decodeUplink(input) { return { data: device.decode(input.bytes) }; }`,
  (seed) => `
function decodeUplink(input) {
  const view = input.bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
  const at = (start, length) => parseInt(view.slice(start * 2, (start + length) * 2), 16);
  const data = { model: ${seed}, pulses: at(0, 4), volts: at(4, 1) / 10 + 1, time: new Date(input.recvTime.getTime() - at(5, 2) * 1000).toISOString() };
  if (data.volts < 2.4) return { data, warnings: ['battery low'] };
  return { data };
}`,
];
const FRAMES = [
  '0100e202290400a105000602bc070e10',
  '01756403671001046847077d5203',
  'cbf60b0d0376017fff7fff',
  '00036a8a7b2a0c60',
  '0000a1b41903e8',
];

const codecs = Array.from({ length: CODECS }, (_, seed) => ({
  key: `bench:${seed}`,
  script: `${ballast(seed)}${STYLES[seed % STYLES.length](seed)}`,
}));
const sizes = codecs.map((codec) => codec.script.length).sort((a, b) => a - b);

function frame(codec) {
  return {
    codec: codecs[codec],
    fPort: 1 + (codec % 5),
    bytes: FRAMES[codec % STYLES.length],
    recvTime: '2026-01-15T12:30:00Z',
    devEui: 'a81758fffe030201',
  };
}

// A repeatable order that follows no pattern: xorshift.
let state = 2463534242;
function randomFrames(count) {
  return Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return frame((state >>> 0) % CODECS);
  });
}

function check(requests, outcomes) {
  outcomes.forEach((outcome, index) => {
    const model = Number(requests[index].codec.key.slice(6));
    if (outcome.kind !== 'decoded' || outcome.data.model !== model) {
      throw new Error(`frame ${index}, codec ${model}: ${JSON.stringify(outcome)}`);
    }
  });
}

const decoder = createDecoder({ workers: 1 });
const rssBefore = process.memoryUsage.rss();
const loadBegan = performance.now();
const first = codecs.map((_, index) => frame(index));
check(first, await decoder.decode(first));
const loadMs = performance.now() - loadBegan;

async function measure(framesPerCall) {
  const warm = randomFrames(10_000);
  for (let at = 0; at < warm.length; at += framesPerCall)
    await decoder.decode(warm.slice(at, at + framesPerCall));
  let done = 0;
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    // Two calls at once, as the ingest does: the next batch is gathered while one is decoded.
    const calls = [randomFrames(framesPerCall), randomFrames(framesPerCall)];
    const outcomes = await Promise.all(calls.map((requests) => decoder.decode(requests)));
    for (const [index, requests] of calls.entries()) check(requests, outcomes[index]);
    done += 2 * framesPerCall;
  }
  const tookS = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return { framesPerCall, done, perSecond: done / tookS, cpuUs: (cpu.user + cpu.system) / done };
}

const results = [];
for (const size of CALL_SIZES) results.push(await measure(size));
const rssMb = (process.memoryUsage.rss() - rssBefore) / 1e6;
await decoder.close();

const whole = (n) => new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(n);
console.log(
  `codecs           ${CODECS}, median ${sizes[CODECS / 2]} characters; thread and first use of all: ${whole(loadMs)} ms`,
);
for (const { framesPerCall, done, perSecond, cpuUs } of results) {
  console.log(
    `calls of ${whole(framesPerCall).padEnd(7)} ${whole(perSecond)} decodes/s on one worker (${whole(done)}, every answer checked); processor time ${cpuUs.toFixed(1)} us a frame in both threads`,
  );
}
console.log(`resident memory  ${whole(rssMb)} MB more than before`);
const [full] = results;
const held = full.perSecond >= 15_000;
console.log(
  `bar 15,000/s: ${held ? 'held' : 'MISSED'} (reference 31,800/s); Node ${process.version}, ${cpus()[0]?.model ?? ''}, load ${loadavg()[0].toFixed(1)}`,
);
if (!held) process.exitCode = 1;
