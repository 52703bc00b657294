import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { findRecordedData } from '../../../test/recorded-data.ts';
import { type Parsed, SOURCE_FORMATS, type SourceFormat, Uplink } from '../source.ts';
import { findRecordedArrival } from './clock.ts';
import { ADAPTERS } from './table.ts';

const uplinkForm = Compile(Uplink);
const NOW = '2026-11-22T08:00:00Z';

function readLines(file: string): unknown[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

function parseAll(format: SourceFormat, messages: readonly unknown[]) {
  const parsed = messages.map((m) => ADAPTERS[format].parse(m, findRecordedArrival(m) ?? NOW));
  const uplinks = parsed.flatMap((p) => (p.kind === 'uplink' ? [p.uplink] : []));
  return { parsed, uplinks };
}

function count<T>(items: readonly T[], toKey: (item: T) => string | number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[toKey(item)] = (counts[toKey(item)] ?? 0) + 1;
  return counts;
}

const elsys = findRecordedData('lorawan-campusiot/elsys-ems-helium.ndjson.gz');
const wyres = findRecordedData('lorawan-campusiot/wyres-chirpstack-v3.ndjson.gz');
const samples = findRecordedData('lns-samples');

describe.skipIf(elsys === undefined)('the recorded Elsys file in the old Helium form', () => {
  it('is 12,614 uplinks of one device: 12,613 on port 5 and one on port 6', () => {
    const { uplinks } = parseAll('helium', readLines(elsys ?? ''));
    expect(uplinks).toHaveLength(12_614);
    expect(count(uplinks, (u) => u.fPort)).toEqual({ 5: 12_613, 6: 1 });
    expect(count(uplinks, (u) => u.devEui)).toEqual({ a81758fffe04b1c1: 12_614 });
    expect(count(uplinks, (u) => u.clock)).toEqual({ 'network-server': 12_614 });
    expect(uplinks.every((u) => uplinkForm.Check(u))).toBe(true);
    expect(uplinks.every((u) => u.receptions.length === 1 && u.frequencyMhz !== undefined)).toBe(true);
  });

  it('holds 10,632 frames on port 5 when copies are taken as one', () => {
    const { uplinks } = parseAll('helium', readLines(elsys ?? ''));
    const sorted = uplinks
      .filter((u) => u.fPort === 5)
      .sort((a, b) => Date.parse(a.networkTime) - Date.parse(b.networkTime));
    const last = new Map<string, number>();
    let frames = 0;
    for (const { devAddr, fCnt, payload, networkTime } of sorted) {
      const key = `${devAddr}/${fCnt}/${payload}`;
      const ms = Date.parse(networkTime);
      const before = last.get(key);
      if (before === undefined || ms - before > 24 * 3_600_000) {
        frames += 1;
        last.set(key, ms);
      }
    }
    expect(frames).toBe(10_632);
  });
});

describe.skipIf(wyres === undefined)('the recorded ChirpStack v3 file', () => {
  it('is 9,418 uplinks and 368 status events', () => {
    const { parsed, uplinks } = parseAll('chirpstack-v3', readLines(wyres ?? ''));
    expect(count(parsed, (p: Parsed) => p.kind)).toEqual({ uplink: 9_418, ignored: 368 });
    expect(
      count(parsed, (p) => (p.kind === 'ignored' ? p.reason : ''))[
        'A "status" event; only "up" events hold readings.'
      ],
    ).toBe(368);
    expect(uplinks.every((u) => uplinkForm.Check(u))).toBe(true);
  });

  it('keeps the hexadecimal payload as it stands and says which clock it had', () => {
    const messages = readLines(wyres ?? '');
    const { uplinks } = parseAll('chirpstack-v3', messages);
    const data = messages.flatMap((m) => ((m as { data?: string }).data ?? []) as string[]);
    expect(uplinks.map((u) => u.payload)).toEqual(data);
    expect(count(uplinks, (u) => u.clock)).toEqual({ arrival: 6_936, gateway: 2_482 });
    // Arrivals are the recorder's, so every frame lies in the recorded summer, not at the replay.
    expect(uplinks.every((u) => u.networkTime.startsWith('2023-0'))).toBe(true);
  });
});

describe.skipIf(samples === undefined)('the messages that other network servers sent', () => {
  const expected: Record<string, SourceFormat> = {
    'chirpstack-v4-up.json': 'chirpstack-v4',
    'helium-legacy-console.json': 'helium',
    'loriot-gw.json': 'loriot',
    'tts-v3-up.json': 'tts-v3',
  };

  it('are each read by their own adapter and refused with a reason by all others', () => {
    for (const file of readdirSync(samples ?? '')) {
      const message = JSON.parse(readFileSync(join(samples ?? '', file), 'utf8'));
      for (const format of SOURCE_FORMATS) {
        const parsed = ADAPTERS[format].parse(message, NOW);
        expect(parsed.kind, `${file} as ${format}`).toBe(expected[file] === format ? 'uplink' : 'rejected');
        if (parsed.kind === 'uplink') expect(uplinkForm.Errors(parsed.uplink)).toEqual([]);
      }
    }
  });
});
