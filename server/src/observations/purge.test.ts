/** A Datastream with more readings than one short transaction removes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../../test/database.ts';
import { createTown, createWrites, type Writes } from '../../test/sensorthings-writes.ts';
import { purgeReadings } from './purge.ts';

const READINGS = 25_000;

describe.each(DATABASE_KINDS)('a deleted Datastream with many readings on %s', (kind) => {
  let writes: Writes;
  beforeAll(async () => {
    writes = await createWrites(kind);
  }, 180_000);
  afterAll(() => writes?.test.close());

  /** Behind the interface: data arrays would take as long as the rest of the test. */
  async function fill(id: number): Promise<void> {
    const { sql } = writes.test.database;
    await sql`
      INSERT INTO observations (id, datastream_id, phenomenon_start, result_number)
      SELECT nextval('observation_sequence'), ${id}, timestamptz '2026-01-01' + n * interval '1 minute', n
      FROM generate_series(1, ${READINGS}) n`;
    await sql`
      INSERT INTO datastream_stats (datastream_id, observations) VALUES (${id}, ${READINGS})
      ON CONFLICT (datastream_id) DO UPDATE SET observations = excluded.observations`;
  }
  const countRows = async (id: number): Promise<number> => {
    const [row] = await writes.test.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM observations WHERE datastream_id = ${id}`;
    return row?.n ?? 0;
  };

  it('is gone at once for everybody, and its rows go afterwards without touching others', async () => {
    const { sql } = writes.test.database;
    const [town, other] = [(await createTown(writes))[0], (await createTown(writes))[0]];
    if (town === undefined || other === undefined) throw new Error('No town was made');
    await fill(town.datastream);
    await fill(other.datastream);
    const before = await writes.send('GET', '/Observations?$count=true&$top=1');
    expect((await writes.send('DELETE', `/Things(${town.thing})`)).status).toBe(200);
    // not yet removed, and shown to nobody
    expect(await countRows(town.datastream)).toBeGreaterThanOrEqual(READINGS);
    expect((await writes.send('GET', `/Datastreams(${town.datastream})/Observations`)).status).toBe(404);
    const [hidden] = await sql<{ id: number }[]>`
      SELECT id FROM observations WHERE datastream_id = ${town.datastream} LIMIT 1`;
    expect((await writes.send('GET', `/Observations(${hidden?.id})`)).status).toBe(404);
    const after = await writes.send('GET', '/Observations?$count=true&$top=1');
    const countOf = (reply: typeof before) => Number(reply.body['@iot.count']);
    expect(countOf(before) - countOf(after)).toBeGreaterThanOrEqual(READINGS);
    // stopped in the middle, it goes on the next time
    const stopped = new AbortController();
    stopped.abort();
    expect(await purgeReadings(sql, { signal: stopped.signal })).toBe(0);
    const kept = await countRows(other.datastream);
    expect(await purgeReadings(sql)).toBeGreaterThanOrEqual(READINGS);
    expect([await countRows(town.datastream), await countRows(other.datastream)]).toEqual([0, kept]);
    expect(await purgeReadings(sql)).toBe(0);
    const audits = await sql<{ n: number }[]>`
      SELECT (before->>'observations')::int AS n FROM audit WHERE entity = 'thing' AND entity_id = ${String(town.thing)} AND action = 'delete'`;
    expect(audits[0]?.n).toBeGreaterThanOrEqual(READINGS);
  }, 180_000);
});
