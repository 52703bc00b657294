/** The benchmark of the way in counts what arrived before it says how fast: here a short one, for its counting. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchIngest } from '../src/bench/ingest.ts';
import { syncObservedProperties } from '../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';

const CODECS = fileURLToPath(new URL('../../codecs', import.meta.url));

describe('torv bench ingest', () => {
  let database: TestDatabase;
  let mosquitto: Mosquitto;
  beforeAll(async () => {
    database = await createTestDatabase('postgresql');
    await syncObservedProperties(database.sql);
    await syncShippedCodecs(database.sql, CODECS);
    mosquitto = await startMosquitto();
  });
  afterAll(async () => {
    await mosquitto?.stop();
    await database?.drop();
  });

  it('finds every uplink that it published to a broker, once, with its four readings', async () => {
    const lines = await benchIngest(database, {
      uplinks: 2_000,
      devices: 20,
      broker: mosquitto.url,
      isHeard: true,
    });
    expect(lines.join('\n')).toMatch(/Uplinks a second +[\d,]+ {2}\(2000 in [\d.]+ s\)/);
  });
});
