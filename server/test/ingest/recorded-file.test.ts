/**
 * The recorded frames of a real sensor: 12,614 lines are 10,633 frames. One of them holds settings only, so that
 * 10,632 give readings; one of those has no temperature (the network server's own decoding says the same), which
 * leaves 10,631. However often and in whichever order they come.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptMessages, type Message, type SourceRef } from '../../src/ingest/accept.ts';
import { createBatcher } from '../../src/ingest/batcher.ts';
import type { SourceFormat } from '../../src/ingest/source.ts';
import { ensureSource } from '../../src/ingest/source-store.ts';
import { findRecordedArrival } from '../../src/ingest/sources/clock.ts';
import { ADAPTERS } from '../../src/ingest/sources/table.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import { findRecordedData } from '../recorded-data.ts';
import {
  addOrganisation,
  findWrongStatistics,
  openTown,
  type TestOrganisation,
  type TestTown,
} from './town.ts';

const NOW = '2026-11-22T08:00:00Z';

function readLines(path: string): Message[] {
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((body) => ({ body, arrivedAt: findRecordedArrival(JSON.parse(body)) ?? NOW }));
}

/** A fixed shuffle: the same order in every run. */
function shuffle<T>(list: readonly T[]): T[] {
  let seed = 12_345;
  const keyed = list.map((value) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return { value, key: seed };
  });
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

describe.each(DATABASE_KINDS)('recorded frames on %s', (kind) => {
  let town: TestTown;
  beforeAll(async () => {
    town = await openTown(kind);
  }, 180_000);
  afterAll(() => town?.close());

  async function replay(org: TestOrganisation, format: SourceFormat, messages: readonly Message[]) {
    const source: SourceRef = await ensureSource(town.sql, {
      organisationId: org.id,
      name: 'Replayed',
      kind: 'file',
      format,
    });
    const batcher = createBatcher(town.deps, { log: SILENT });
    const total = { frames: 0, copies: 0, readings: 0, waiting: 0 };
    for (let i = 0; i < messages.length; i += 1_000) {
      const report = await acceptMessages(
        { sql: town.sql, batcher },
        source,
        messages.slice(i, i + 1_000),
        false,
      );
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
    }
    await batcher.close();
    await org.sweep();
    return total;
  }

  async function claimAll(org: TestOrganisation, format: SourceFormat, messages: readonly Message[]) {
    const devices = new Set(
      messages.flatMap(({ body, arrivedAt }) => {
        const parsed = ADAPTERS[format].parse(JSON.parse(String(body)), arrivedAt);
        return parsed.kind === 'uplink' ? [parsed.uplink.devEui] : [];
      }),
    );
    for (const devEui of devices)
      await org.claim(devEui, { codec: 'elsys/ems', from: '2015-01-01T00:00:00Z' });
  }

  const count = async (org: TestOrganisation) => {
    const rows = await town.sql<{ property: string; n: number }[]>`
      SELECT d.property_key AS property, sum(s.observations)::int AS n FROM datastream_stats s
      JOIN datastreams d ON d.id = s.datastream_id
      WHERE d.organisation_id = ${org.id} AND d.property_key IN ('air_temperature', 'water_leak') GROUP BY 1`;
    return {
      frames: (await org.uplinks()).length,
      ...Object.fromEntries(rows.map((r) => [r.property, r.n])),
    };
  };
  const WHOLE = { frames: 10_633, water_leak: 10_632, air_temperature: 10_631 };

  it('of one Elsys sensor are 10,633 frames and 10,631 temperatures, also the second time and in any order', async (context) => {
    const path = findRecordedData('lorawan-campusiot/elsys-ems-helium.ndjson.gz');
    if (path === undefined) return context.skip('The recorded data is not here');
    const messages = readLines(path);
    const org = await addOrganisation(town);
    await claimAll(org, 'helium', messages);
    await replay(org, 'helium', messages);
    expect(await count(org)).toEqual(WHOLE);
    expect(await replay(org, 'helium', messages)).toMatchObject({ frames: 0, readings: 0 });
    expect(await count(org)).toEqual(WHOLE);
    const other = await addOrganisation(town);
    await claimAll(other, 'helium', messages);
    await replay(other, 'helium', shuffle(messages));
    expect(await count(other)).toEqual(WHOLE);
    expect(await other.observations()).toEqual(await org.observations());
    expect(await other.uplinks()).toEqual(await org.uplinks());
    expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
    expect(await findWrongStatistics(town.sql, other.id)).toEqual([]);
  }, 300_000);

  it('of devices without a codec wait in the inbox, each device at most a thousand', async (context) => {
    const path = findRecordedData('lorawan-campusiot/wyres-chirpstack-v3.ndjson.gz');
    if (path === undefined) return context.skip('The recorded data is not here');
    const org = await addOrganisation(town);
    const total = await replay(org, 'chirpstack-v3', readLines(path));
    expect(total.frames).toBeGreaterThan(5_000);
    expect(total.waiting).toBe(total.frames);
    expect(total.readings).toBe(0);
    const counts = await town.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM uplinks WHERE organisation_id = ${org.id} GROUP BY device_id`;
    for (const { n } of counts) expect(n).toBeLessThanOrEqual(1_000);
  }, 120_000);
});
