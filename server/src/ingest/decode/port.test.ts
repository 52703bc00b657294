import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecoder, type DecodeRequest, type Decoder } from './port.ts';

let decoder: Decoder;
beforeAll(() => {
  decoder = createDecoder({ workers: 1 });
});
afterAll(() => decoder.close());

const RECEIVED = '2026-01-15T12:30:00.000Z';

function request(script: string, more: Partial<DecodeRequest> = {}): DecodeRequest {
  return {
    codec: { key: `town:${script}`, script },
    fPort: 5,
    bytes: '0100e2022904',
    recvTime: RECEIVED,
    devEui: 'a81758fffe030201',
    ...more,
  };
}

async function decode(script: string, more?: Partial<DecodeRequest>) {
  const [outcome] = await decoder.decode([request(script, more)]);
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

async function dataOf(script: string, more?: Partial<DecodeRequest>): Promise<unknown> {
  const outcome = await decode(script, more);
  if (outcome.kind !== 'decoded') throw new Error(JSON.stringify(outcome));
  return outcome.data;
}

describe('the entry points of a codec', () => {
  it('calls decodeUplink with bytes, port, time and variables', async () => {
    const data = await dataOf(`function decodeUplink(input) {
      return { data: { bytes: input.bytes, plain: Array.isArray(input.bytes), fPort: input.fPort,
        time: input.recvTime instanceof Date && input.recvTime.toISOString(), variables: input.variables } };
    }`);
    expect(data).toEqual({
      bytes: [1, 0, 226, 2, 41, 4],
      plain: true,
      fPort: 5,
      time: RECEIVED,
      variables: {},
    });
  });

  it('calls Decoder(bytes, port) and takes what it returns as the data', async () => {
    expect(await dataOf('function Decoder(bytes, port) { return { n: bytes.length, port: port }; }')).toEqual(
      {
        n: 6,
        port: 5,
      },
    );
  });

  it('calls Decode(port, bytes, variables)', async () => {
    expect(
      await dataOf('function Decode(port, bytes, v) { return { n: bytes.length, port: port, v: v }; }'),
    ).toEqual({ n: 6, port: 5, v: {} });
  });

  it('calls decode(payload, metadata) with the message and the device as OS2iot hands them over', async () => {
    const data = await dataOf(`
      function decode(payload, metadata) {
        var raw = atob(payload.data), bytes = [];
        for (var i = 0; i < raw.length; i++) bytes.push(raw.charCodeAt(i));
        return { bytes: bytes, fPort: payload.fPort, devEui: payload.deviceInfo.devEui, name: metadata.name,
          at: new Date(payload.rxInfo[0].nsTime).toISOString(), x: metadata.location.coordinates[0] };
      }`);
    expect(data).toEqual({
      bytes: [1, 0, 226, 2, 41, 4],
      fPort: 5,
      devEui: 'a81758fffe030201',
      name: 'a81758fffe030201',
      at: RECEIVED,
    });
  });

  it('prefers decodeUplink where a script has several', async () => {
    const script =
      'function Decoder() { return { old: 1 }; } const decodeUplink = (i) => ({ data: { n: i.fPort } });';
    expect(await dataOf(script)).toEqual({ n: 5 });
  });

  it.each([
    ['export function', 'export function decodeUplink(i) { return { data: { n: i.fPort } }; }'],
    [
      'export default function',
      'export default function decodeUplink(i) { return { data: { n: i.fPort } }; }',
    ],
    ['export default object', 'export default { decodeUplink(i) { return { data: { n: i.fPort } }; } };'],
    [
      'export list',
      'function decodeUplink(i) { return { data: { n: i.fPort } }; }\nexport { decodeUplink };',
    ],
    [
      'guarded module.exports',
      'function decodeUplink(i) { return { data: { n: i.fPort } }; }\nif (typeof module !== "undefined") module.exports = { decodeUplink };',
    ],
    ['exports only', 'exports.decodeUplink = function (i) { return { data: { n: i.fPort } }; };'],
    [
      'redeclared module',
      'const module = 1, exports = 2; function decodeUplink(i) { return { data: { n: i.fPort } }; }',
    ],
  ])('runs a script in the form "%s"', async (_form, script) => {
    expect(await dataOf(script)).toEqual({ n: 5 });
  });

  it('runs sloppy scripts: implicit globals and old octal numbers', async () => {
    expect(
      await dataOf(
        'function Decoder(b) { total = 0; for (i = 0; i < 3; i++) total += b[i]; return { total, o: 010 }; }',
      ),
    ).toEqual({ total: 227, o: 8 });
  });

  it('names the fault when a script has no entry point', async () => {
    expect(await decode('var a = 1;')).toMatchObject({ kind: 'fault', fault: 'no-function' });
  });

  it('names the line of a script that does not compile', async () => {
    const outcome = await decode('var a = 1;\nvar b = ;');
    expect(outcome).toMatchObject({
      kind: 'fault',
      fault: 'syntax',
      reason: expect.stringContaining('line 2'),
    });
  });

  it('names the error of a script that throws while it loads', async () => {
    const outcome = await decode('var x = require("fs");');
    expect(outcome).toMatchObject({
      kind: 'fault',
      fault: 'syntax',
      reason: expect.stringContaining("'require'"),
    });
  });
});

describe('what a codec answers', () => {
  it('is failed with the errors of the codec', async () => {
    const outcome = await decode(
      'function decodeUplink() { return { errors: ["unknown port"], warnings: ["w"] }; }',
    );
    expect(outcome).toMatchObject({ kind: 'failed', errors: ['unknown port'], warnings: ['w'] });
  });

  it('is failed with the message of what it threw', async () => {
    const outcome = await decode('function decodeUplink(i) { return { data: i.nothing.there }; }');
    expect(outcome).toMatchObject({ kind: 'failed', errors: [expect.stringMatching(/^TypeError: /)] });
  });

  it.each(['', 'return null;', 'return {};', 'return { data: null };', 'return { data: function () {} };'])(
    'is failed when it gives no data: "%s"',
    async (body) => {
      expect(await decode(`function decodeUplink() { ${body} }`)).toMatchObject({ kind: 'failed' });
    },
  );

  it('is failed when it is asynchronous', async () => {
    const outcome = await decode('async function decodeUplink() { return { data: { a: 1 } }; }');
    expect(outcome).toMatchObject({ kind: 'failed', errors: [expect.stringContaining('asynchronous')] });
  });

  it('carries warnings and what was written to the console, in bounds', async () => {
    const outcome = await decode(`function decodeUplink() {
      for (var i = 0; i < 1000; i++) console.log('line', i, { deep: true }, 'x'.repeat(10000));
      return { data: { a: 1 }, warnings: ['battery low'] };
    }`);
    if (outcome.kind !== 'decoded') throw new Error(JSON.stringify(outcome));
    expect(outcome.warnings).toEqual(['battery low']);
    expect(outcome.logs.length).toBe(40);
    expect(outcome.logs[1]).toMatch(/^line 1 \{"deep":true\} x+$/);
  });

  it('loses a __proto__ that it was given', async () => {
    const data = await dataOf(
      `function decodeUplink() { return { data: JSON.parse('{"a":1,"b":[{"__proto__":{"polluted":1}}],"__proto__":{"polluted":1}}') }; }`,
    );
    expect(JSON.stringify(data)).toBe('{"a":1,"b":[{}]}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('what surrounds a codec', () => {
  it('has the time of reception as its clock, in UTC', async () => {
    const data = await dataOf(
      `function decodeUplink() {
        var d = new Date();
        return { data: { now: Date.now(), iso: d.toISOString(), hour: d.getHours(), offset: d.getTimezoneOffset(),
          text: String(new Date(2026, 6, 1, 12)), is: d instanceof Date, utc: Date.UTC(2020, 0, 1), copy: new d.constructor().getTime() } };
      }`,
      { recvTime: '2026-07-01T23:59:59.123Z' },
    );
    expect(data).toEqual({
      now: Date.UTC(2026, 6, 1, 23, 59, 59, 123),
      iso: '2026-07-01T23:59:59.123Z',
      hour: 23,
      offset: 0,
      text: expect.stringMatching(/^Wed Jul 01 2026 12:00:00 GMT\+0000/),
      is: true,
      utc: 1577836800000,
      copy: Date.UTC(2026, 6, 1, 23, 59, 59, 123),
    });
  });

  it('does not know the time zone that the server stands in', async () => {
    const before = process.env.TZ;
    process.env.TZ = 'Asia/Kathmandu';
    const abroad = createDecoder({ workers: 1 });
    const script =
      'function Decoder() { return { hour: new Date().getHours(), text: String(new Date(2026, 0, 1)) }; }';
    const [outcome] = await abroad.decode([request(script)]);
    await abroad.close();
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
    expect(outcome).toMatchObject({ data: { hour: 12, text: 'Thu Jan 01 2026 00:00:00 GMT+0000' } });
  });

  it('gives the same again for the same frame, chance included', async () => {
    const script = 'function Decoder() { return { r: [Math.random(), Math.random()], t: new Date() }; }';
    expect(await dataOf(script)).toEqual(await dataOf(script));
  });

  it('has a small Buffer, atob and btoa', async () => {
    const data = await dataOf(`function Decoder() {
      var b = Buffer.from('fffe0102c3a6', 'hex');
      return { i16: b.readInt16BE(0), u16: b.readUInt16LE(2), u24: b.readUIntBE(1, 3), hex: b.slice(2, 4).toString('hex'),
        text: b.slice(4).toString(), base64: b.toString('base64'), back: Buffer.from('//4B', 'base64').toString('hex'),
        f: Buffer.from([0x41, 0xb8, 0, 0]).readFloatBE(0), a: atob('aGVq'), b: btoa('hej'), is: Buffer.isBuffer(b) };
    }`);
    expect(data).toEqual({
      i16: -2,
      u16: 513,
      u24: 0xfe0102,
      hex: '0102',
      text: 'æ',
      base64: '//4BAsOm',
      back: 'fffe01',
      f: 23,
      a: 'hej',
      b: 'aGVq',
      is: true,
    });
  });

  it('keeps nothing from one decode to the next', async () => {
    const script = `var seen = 0; const list = []; Array.prototype.extra = 0;
      function Decoder() { seen++; list.push(1); Array.prototype.extra++; globalThis.more = (globalThis.more || 0) + 1;
        return { seen: seen, list: list.length, extra: [].extra, more: more }; }`;
    for (let i = 0; i < 3; i++) expect(await dataOf(script)).toEqual({ seen: 1, list: 1, extra: 1, more: 1 });
  });

  it('is not shared between organisations with the same script', async () => {
    const script = 'function Decoder() { return { a: 1 }; }';
    const outcomes = await decoder.decode([
      request(script, { codec: { key: 'north:1', script } }),
      request('', { codec: { key: 'south:1', script: 'function Decoder() { return { a: 2 }; }' } }),
    ]);
    expect(outcomes.map((o) => o.kind === 'decoded' && o.data)).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe('many frames', () => {
  it('come back in the order they went in, over threads, batches and more codecs than a thread holds', async () => {
    const small = createDecoder({ workers: 2, maxCodecs: 5, batchSize: 4 });
    const requests = Array.from({ length: 300 }, (_, i) => {
      const codec = (i * 7) % 23;
      return request(`function Decoder(b) { return { codec: ${codec}, first: b[0] * 256 + b[1] }; }`, {
        bytes: i.toString(16).padStart(4, '0'),
      });
    });
    const outcomes = await small.decode(requests);
    await small.close();
    expect(outcomes.map((o) => o.kind === 'decoded' && o.data)).toEqual(
      requests.map((_, i) => ({ codec: (i * 7) % 23, first: i })),
    );
  });

  it('are refused with a reason when too many calls wait, and served when they do not', async () => {
    const narrow = createDecoder({ workers: 1, maxQueued: 2, maxWaiting: 1 });
    const one = request('function Decoder() { return { a: 1 }; }');
    const calls = [narrow.decode([one, one]), narrow.decode([one, one]), narrow.decode([one])];
    const results = await Promise.allSettled(calls);
    await narrow.close();
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
  });

  it('are refused by name when the request itself is wrong', async () => {
    const script = 'function Decoder() { return {}; }';
    await expect(decoder.decode([request(script, { bytes: 'xyz' })])).rejects.toMatchObject({
      at: '/0/bytes',
    });
    await expect(decoder.decode([request(script, { recvTime: 'noon' })])).rejects.toMatchObject({
      at: '/0/recvTime',
    });
  });

  it('end with UNAVAILABLE when the decoder closes', async () => {
    const brief = createDecoder({ workers: 1 });
    const call = brief.decode([request('function Decoder() { while (true); }')]);
    const result = Promise.allSettled([call]);
    await brief.close();
    expect((await result)[0]).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    await expect(brief.decode([request('1')])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
