import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_CODECS } from './hostile-codecs.ts';
import { createDecoder, type DecodeRequest, type Decoder } from './port.ts';

const INNOCENT = `function decodeUplink(input) {
  var parts = [];
  for (var i = 0; i < input.bytes.length; i++) parts.push(input.bytes[i]);
  return { data: { temperature: ((input.bytes[1] << 8) | input.bytes[2]) / 10, sum: parts.reduce(function (a, b) { return a + b; }, 0) } };
}`;
const INNOCENT_DATA = { temperature: 22.6, sum: 274 };
/** One codec may have 24 MB; the rest is the thread itself. A gigabyte asked for and given would show. */
const MEMORY_LIMIT_BYTES = 450 * 1024 * 1024;

function request(key: string, script: string): DecodeRequest {
  return { codec: { key, script }, fPort: 1, bytes: '0100e2022904', recvTime: '2026-03-29T01:30:00Z' };
}

const innocent = request('town:innocent', INNOCENT);

/** Everything that foreign data could have changed in this process. */
function fingerprint(): string {
  const targets = [Object, Array, Function, String, Number, Promise, Map, Date, RegExp, Error];
  const own = targets.map((target) => [
    Object.getOwnPropertyNames(target).join(),
    Object.getOwnPropertyNames(target.prototype).join(),
  ]);
  return JSON.stringify([
    own,
    Object.getOwnPropertyNames(JSON),
    String(JSON.stringify),
    Object.getOwnPropertyNames(globalThis),
  ]);
}

let decoder: Decoder;
let before = '';
let largestBytes = 0;
let firstBytes = 0;
beforeAll(async () => {
  decoder = createDecoder({ workers: 1 });
  await decoder.decode([innocent]);
  before = fingerprint();
  firstBytes = process.memoryUsage.rss();
});
afterAll(() => decoder.close());

describe('a hostile codec', () => {
  it('comes in at least 53 kinds, each with a name of its own', () => {
    expect(new Set(HOSTILE_CODECS.map((codec) => codec.name)).size).toBe(HOSTILE_CODECS.length);
    expect(HOSTILE_CODECS.length).toBeGreaterThanOrEqual(53);
  });

  it.each(HOSTILE_CODECS)('harms nobody: $name', async ({ name, script, ends, gives }) => {
    const [first, outcome, last] = await decoder.decode([
      innocent,
      request(`mean:${name}`, script),
      innocent,
    ]);
    expect(first).toMatchObject({ kind: 'decoded', data: INNOCENT_DATA });
    expect(last).toMatchObject({ kind: 'decoded', data: INNOCENT_DATA });
    if (outcome === undefined) throw new Error('no outcome');
    expect(ends).toContain(outcome.kind === 'fault' ? outcome.fault : outcome.kind);
    if (outcome.kind === 'fault') expect(outcome.reason).toMatch(/^[A-Z].{10,}/);
    if (outcome.kind === 'decoded' && gives !== undefined) expect(outcome.data).toEqual(gives);
    largestBytes = Math.max(largestBytes, process.memoryUsage.rss() - firstBytes);
  });

  it('leaves the memory of the process bounded', () => {
    expect(largestBytes).toBeLessThan(MEMORY_LIMIT_BYTES);
  });

  it('leaves the built-ins of the process untouched', () => {
    expect(fingerprint()).toBe(before);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a codec that offends again and again', () => {
  const loop = request('town:loop', 'function Decoder() { for (;;); }');
  const hang = request(
    'town:hang',
    'function Decoder() { var a = []; a.length = 4294967295; return a.indexOf(1); }',
  );

  it('is switched off with a reason, and its neighbours in the same batch are all decoded', async () => {
    const own = createDecoder({ workers: 1, deadlineMs: 20 });
    const heard: [string, string][] = [];
    own.onQuarantine((key, reason) => heard.push([key, reason]));
    const requests = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? loop : innocent));
    const outcomes = await own.decode(requests);
    const [after] = await own.decode([loop]);
    const faults = own.faults('town:loop');
    await own.close();

    expect(outcomes.filter((o) => o.kind === 'decoded')).toHaveLength(30);
    expect(outcomes.filter((o) => o.kind === 'fault' && o.fault === 'deadline')).toHaveLength(20);
    expect(outcomes.filter((o) => o.kind === 'fault' && o.fault === 'quarantined')).toHaveLength(10);
    expect(after).toMatchObject({
      kind: 'fault',
      fault: 'quarantined',
      reason: expect.stringContaining('20 faults'),
    });
    expect(faults).toMatchObject({
      faults: 20,
      quarantined: expect.stringContaining('did not finish in time'),
    });
    expect(heard).toEqual([['town:loop', faults.quarantined]]);
  });

  it('is switched off after three threads, and what shared its batches is run again', async () => {
    const own = createDecoder({ workers: 1, deadlineMs: 20, graceMs: 50 });
    const outcomes = await own.decode([
      innocent,
      hang,
      innocent,
      hang,
      innocent,
      hang,
      innocent,
      hang,
      innocent,
    ]);
    const faults = own.faults('town:hang');
    await own.close();
    expect(outcomes.map((o) => (o.kind === 'fault' ? o.fault : o.kind))).toEqual([
      'decoded',
      'deadline',
      'decoded',
      'deadline',
      'decoded',
      'deadline',
      'decoded',
      'quarantined',
      'decoded',
    ]);
    expect(faults).toMatchObject({ kills: 3, quarantined: expect.stringContaining('ended 3 times') });
  });

  it('may try again after it is released', async () => {
    const own = createDecoder({ workers: 1, deadlineMs: 20 });
    await own.decode(Array.from({ length: 25 }, () => loop));
    own.release('town:loop');
    const [outcome] = await own.decode([loop]);
    const faults = own.faults('town:loop');
    await own.close();
    expect(outcome).toMatchObject({ kind: 'fault', fault: 'deadline' });
    expect(faults).toEqual({ kills: 0, faults: 1 });
  });
});
