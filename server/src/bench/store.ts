/**
 * Readings into the store, as many batches under way as in the batcher, beside a bare COPY of the same rows into the same
 * table in the same run (embedded: a bare insert by unnest). The store also keeps each Datastream's statistics.
 */
import { ensurePartitions } from '../observations/partition-store.ts';
import { insertReadings, type Reading, takeReadingNumbers } from '../observations/store.ts';
import { type BenchDatabase, copyReadingsBack } from './bare-copy.ts';
import { START_MS } from './messages.ts';
import { setUpTown } from './town.ts';

const READINGS_AT_ONCE = 4_000;
const EVERY_MS = 600_000;
/** As the batcher does: one batch is written out while another is being stored. */
const LANES = { embedded: 2, postgresql: 3 } as const;

export interface StoreBench {
  readonly readings: number;
  readonly devices: number;
}

/** Four Datastreams a device, each with a reading every ten minutes. */
function toReadings(from: number, until: number, datastreams: readonly number[]): Reading[] {
  return Array.from({ length: until - from }, (_, i) => {
    const n = from + i;
    const round = Math.floor(n / datastreams.length);
    return {
      datastreamId: datastreams[n % datastreams.length] as number,
      phenomenonTime: new Date(START_MS + round * EVERY_MS + (n % datastreams.length)).toISOString(),
      channel: 0,
      value: 400 + (n % 1_200) / 10,
      quality: 0,
      uplinkId: n + 1,
    };
  });
}

/** @returns the lines of the result. @throws Error when not every reading is there once */
export async function benchStore(database: BenchDatabase, bench: StoreBench): Promise<readonly string[]> {
  const { sql } = database;
  await setUpTown(sql, bench.devices);
  const made = await sql<{ id: number }[]>`
    INSERT INTO datastreams (organisation_id, thing_id, sensor_id, observed_property_id, name, description,
      observation_type, unit_name, unit_symbol, unit_definition)
    SELECT a.organisation_id, a.place_id, d.sensor_id, p.id, 'Bench', '',
      'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement', '', '', ''
    FROM assignments a JOIN devices d ON d.id = a.device_id
    CROSS JOIN (SELECT id FROM observed_properties ORDER BY id LIMIT 4) p
    RETURNING id`;
  const datastreams = made.map((row) => row.id);
  const batch = async (from: number): Promise<void> => {
    const readings = toReadings(from, Math.min(from + READINGS_AT_ONCE, bench.readings), datastreams);
    await ensurePartitions(
      sql,
      'observations',
      readings.map((r) => r.phenomenonTime),
    );
    const numbers = await takeReadingNumbers(sql, readings.length);
    await sql.begin((tx) => insertReadings(tx, readings, numbers));
  };
  const begunMs = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < bench.readings) {
      const from = next;
      next += READINGS_AT_ONCE;
      await batch(from);
    }
  };
  await Promise.all(Array.from({ length: LANES[database.kind] }, lane));
  const seconds = (performance.now() - begunMs) / 1000;
  const [kept] = await sql<{ n: number }[]>`SELECT count(*) AS n FROM observations`;
  if (kept?.n !== bench.readings) throw new Error(`Kept ${kept?.n} of ${bench.readings} readings`);
  const bareSeconds = await copyReadingsBack(database);
  const rate = (s: number) => Math.round(bench.readings / s).toLocaleString('en');
  return [
    `Database              ${database.kind} ${database.version}; ${datastreams.length} Datastreams`,
    `Readings a second     ${rate(seconds)}  (${bench.readings} in ${seconds.toFixed(2)} s, ${READINGS_AT_ONCE} at once)`,
    `Bare ${database.kind === 'embedded' ? 'unnest insert' : 'COPY'.padEnd(13)}    ${rate(bareSeconds)} a second into the same table`,
    `Ratio                 ${(bareSeconds / seconds).toFixed(2)} of the bare rate`,
  ];
}
