/** Observations that are sent one by one and kept many at a time: nobody can tell, but for the speed. */
import { AppError } from '@torv/core/errors';
import { V1_1 } from '@torv/core/sta/version';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../../test/database.ts';
import type { Json } from '../../test/sensorthings.ts';
import {
  createTown,
  createWrites,
  FEATURE,
  type Reply,
  THING,
  type Writes,
} from '../../test/sensorthings-writes.ts';
import type { Actor } from '../access/port.ts';
import { createTogether } from './together.ts';
import type { Change } from './writer-store.ts';

const id = (n: unknown) => ({ '@iot.id': n });
const idOf = (reply: Reply): number => Number(/\((\d+)\)$/.exec(String(reply.headers.location))?.[1]);
const at = (n: number): string => new Date(Date.UTC(2026, 4, 1) + n * 1_000).toISOString();
const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe.each(DATABASE_KINDS)('Observations that are sent at once on %s', (kind) => {
  let writes: Writes;
  let town: Awaited<ReturnType<typeof createTown>>;
  let homeless: number;
  beforeAll(async () => {
    writes = await createWrites(kind);
    town = await createTown(writes, 4);
    const thing = await writes.create('/Things', { ...THING, name: 'Without a place' });
    const { sensor, observedProperty } = town[0] ?? {};
    homeless = await writes.create('/Datastreams', {
      name: 'Nowhere',
      description: 'Its Thing has no Location',
      observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
      unitOfMeasurement: {},
      Thing: id(thing),
      Sensor: id(sensor),
      ObservedProperty: id(observedProperty),
    });
  }, 180_000);
  afterAll(() => writes?.test.close());
  afterEach(async () => {
    const { sql } = writes.test.database;
    await sql`ALTER TABLE observations DROP CONSTRAINT IF EXISTS no_thirteen`;
    await sql`DROP TRIGGER IF EXISTS refuse ON datastream_stats`;
  });

  const streamOf = (n: number): number => town[n % town.length]?.datastream ?? 0;
  const pathOf = (n: number): string => `/Datastreams(${streamOf(n)})/Observations`;
  const postAll = (bodies: readonly (readonly [path: string, body: unknown])[]): Promise<Reply[]> =>
    Promise.all(bodies.map(([path, body]) => writes.send('POST', path, body)));
  /** Without what differs from request to request. */
  const toProblem = ({ status, body }: Reply) => ({ ...body, status, instance: undefined });

  async function expectKept(replies: readonly Reply[], results: readonly number[]): Promise<void> {
    expect(replies.map(({ status, body }) => [status, body.result])).toEqual(results.map((n) => [201, n]));
    const ids = replies.map(idOf);
    expect(new Set(ids).size).toBe(replies.length);
    const rows = await writes.test.database.sql<{ id: number; n: string }[]>`
      SELECT id, result_number::text AS n FROM observations WHERE id = ANY(${ids}::bigint[])`;
    expect(new Map(rows.map((row) => [row.id, Number(row.n)]))).toEqual(
      new Map(ids.map((one, i) => [one, results[i]])),
    );
  }

  it('are each there once, each with its own Location and the answer that a GET gives, in few transactions', async () => {
    const feature = await writes.create('/FeaturesOfInterest', FEATURE);
    const { sql } = writes.test.database;
    const [before] = await sql<
      { n: number }[]
    >`SELECT coalesce(sum(observations), 0)::int AS n FROM datastream_stats`;
    const features = await writes.count('/FeaturesOfInterest');
    const replies = await postAll(
      range(400).map((n) => {
        const body = { phenomenonTime: at(n), result: n, parameters: { n } };
        switch (n % 4) {
          case 0:
            return [pathOf(n), body];
          case 1:
            return ['/Observations', { ...body, Datastream: id(streamOf(n)) }];
          case 2:
            return [`/FeaturesOfInterest(${feature})/Observations`, { ...body, Datastream: id(streamOf(n)) }];
          default:
            return [pathOf(n), { ...body, resultTime: at(n + 1), FeatureOfInterest: id(feature) }];
        }
      }),
    );
    await expectKept(replies, range(400));
    for (const n of [0, 1, 2, 3, 398, 399]) {
      const reply = replies[n];
      const read = await writes.send('GET', String(reply?.headers.location));
      expect(reply?.text).toBe(read.text);
    }
    const ids = replies.map(idOf);
    const [made] = await sql<{ n: number; own: number }[]>`
      SELECT count(DISTINCT xmin::text)::int AS n, count(*) FILTER (WHERE feature_id = ${feature})::int AS own
      FROM observations WHERE id = ANY(${ids}::bigint[])`;
    expect(made?.own).toBe(200);
    expect(made?.n).toBeLessThan(40);
    const [after] = await sql<
      { n: number }[]
    >`SELECT coalesce(sum(observations), 0)::int AS n FROM datastream_stats`;
    expect((after?.n ?? 0) - (before?.n ?? 0)).toBe(400);
    // the two Things whose Observations named no feature have one each, made once
    expect((await writes.count('/FeaturesOfInterest')) - features).toBe(2);
    const newest = (await writes.ok(`/Datastreams(${streamOf(3)})`)) as Json;
    expect(newest.phenomenonTime).toBe(`${at(3).replace('.000', '')}/${at(399).replace('.000', '')}`);
  });

  it('harm no other when one is wrong, which is told what it is told alone', async () => {
    const [stranger] = await createTown({
      ...writes,
      create: async (path, body) => {
        const reply = await writes.send('POST', path, body, { key: writes.strangersKey });
        return idOf(reply);
      },
      list: async (path) =>
        (await writes.send('GET', path, undefined, { key: writes.strangersKey })).body.value as Json[],
    });
    const bad: (readonly [string, unknown])[] = [
      [pathOf(0), '{"result": 1'],
      [pathOf(0), { result: 1, colour: 'red' }],
      [pathOf(0), { result: 1, phenomenonTime: 'yesterday' }],
      [pathOf(0), { result: 1, Datastream: id(streamOf(1)) }],
      [pathOf(0), { result: 1, FeatureOfInterest: id(999_999) }],
      [pathOf(0), { result: 1, FeatureOfInterest: id('9223372036854775807') }],
      [pathOf(0), '{"result": 1, "parameters": 7}'],
      ['/Datastreams(999999)/Observations', { result: 1 }],
      ['/Datastreams(999999)/Observations', '{'],
      ['/Datastreams(9223372036854775807)/Observations', { result: 1 }],
      [`/Datastreams(${stranger?.datastream})/Observations`, { result: 1 }],
      ['/Observations', { result: 1, Datastream: id(stranger?.datastream) }],
      ['/Observations', { result: 1 }],
      [`/Datastreams(${homeless})/Observations`, { result: 1 }],
      ['/Observations', { result: 1, Datastream: id(homeless) }],
    ];
    const alone: Reply[] = [];
    for (const [path, body] of bad) alone.push(await writes.send('POST', path, body));
    expect(alone.map(({ status }) => status)).toEqual([400, 400, 400, 400, 404, 404, 400, 404, 404, 404, 404, 404, 400, 400, 400]); // biome-ignore format: a list
    const count = await writes.count('/Observations');
    const good = range(150);
    const replies = await postAll(
      good.flatMap((n): (readonly [string, unknown])[] => {
        const one = [pathOf(n), { phenomenonTime: at(n), result: n }] as const;
        const other = n % 10 === 5 ? bad[(n - 5) / 10] : undefined;
        return other === undefined ? [one] : [other, one];
      }),
    );
    const refused = replies.filter(({ status }) => status !== 201);
    expect(refused.map(toProblem)).toEqual(alone.map(toProblem));
    await expectKept(
      replies.filter(({ status }) => status === 201),
      good,
    );
    expect((await writes.count('/Observations')) - count).toBe(good.length);
  });

  it('harm no other when the database itself refuses one', async () => {
    const { sql } = writes.test.database;
    await sql`ALTER TABLE observations ADD CONSTRAINT no_thirteen CHECK (result_number <> 13.5) NOT VALID`;
    const unlucky = { phenomenonTime: at(0), result: 13.5 };
    const alone = await writes.send('POST', pathOf(0), unlucky);
    expect([alone.status, alone.body.code]).toEqual([400, 'BAD_BODY']);
    const replies = await postAll(
      range(100).map((n) => [pathOf(n), n === 42 ? unlucky : { phenomenonTime: at(n), result: n }]),
    );
    expect(toProblem(replies[42] as Reply)).toEqual(toProblem(alone));
    await expectKept(
      replies.filter((_, n) => n !== 42),
      range(100).filter((n) => n !== 42),
    );
  });

  it('are each told when their transaction is lost, and none of them is kept', async () => {
    const { sql } = writes.test.database;
    const count = await writes.count('/Observations');
    await sql.unsafe(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$`);
    await sql`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON datastream_stats FOR EACH ROW EXECUTE FUNCTION refuse()`;
    const lost = await postAll(range(60).map((n) => [pathOf(n), { phenomenonTime: at(n), result: n }]));
    expect(lost.map(({ status, body }) => [status, body.code])).toEqual(
      range(60).map(() => [503, 'DATABASE_DOWN']),
    );
    await sql`DROP TRIGGER refuse ON datastream_stats`;
    expect(await writes.count('/Observations')).toBe(count);
    const again = await postAll(range(60).map((n) => [pathOf(n), { phenomenonTime: at(n), result: n }]));
    await expectKept(again, range(60));
  });

  const itWithPostgres = kind === 'postgresql' ? it : () => undefined;
  itWithPostgres('are each told when the connection of their transaction ends', async () => {
    const { sql } = writes.test.database;
    const count = await writes.count('/Observations');
    let replies: Promise<Reply[]> | undefined;
    await sql.begin(async (tx) => {
      // whoever writes statistics waits here
      await tx`LOCK TABLE datastream_stats IN SHARE MODE`;
      replies = postAll(range(50).map((n) => [pathOf(n), { phenomenonTime: at(n), result: n }]));
      for (let ended = 0; ended === 0; ) {
        const rows = await sql`
          SELECT pg_terminate_backend(l.pid) FROM pg_locks l
          WHERE l.relation = 'datastream_stats'::regclass AND NOT l.granted`;
        ended = rows.length;
      }
    });
    const settled = (await replies) ?? [];
    const lost = settled.filter(({ status }) => status === 503);
    const kept = settled.filter(({ status }) => status === 201);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length + kept.length).toBe(50);
    expect((await writes.count('/Observations')) - count).toBe(kept.length);
  });

  describe('without HTTP', () => {
    const told: Change[] = [];
    const toWriter = (limits = {}) => {
      const actor: Actor = {
        kind: 'key',
        keyId: 1,
        organisationId: writes.organisation,
        scopes: new Set(['read', 'write']),
      };
      const { sql } = writes.test.database;
      told.length = 0;
      const write = createTogether({ sql, announce: (changes) => told.push(...changes), limits });
      return (n: number) =>
        write({
          sql,
          actor,
          version: V1_1,
          path: pathOf(n),
          body: JSON.stringify({ phenomenonTime: at(n), result: n }),
          now: at(n),
        });
    };

    it('keep the order in which they came, over many groups, and are told of once', async () => {
      const write = toWriter({ group: 30 });
      const written = await Promise.all(range(200).map(write));
      const numbers = written.map((one) => one.id);
      expect(told.map((change) => [change.id, change.reading?.datastreamId])).toEqual(
        numbers.map((one, n) => [one, streamOf(n)]),
      );
    });

    it('are refused when too many wait, while those that wait are kept', async () => {
      const write = toWriter({ waiting: 5 });
      const settled = await Promise.allSettled(range(20).map(write));
      const kept = settled.filter(({ status }) => status === 'fulfilled');
      const codes = settled.flatMap((one) =>
        one.status === 'rejected' ? [one.reason instanceof AppError ? one.reason.code : one.reason] : [],
      );
      expect([kept.length, codes.length]).toEqual([5, 15]);
      expect(new Set(codes)).toEqual(new Set(['UNAVAILABLE']));
      // there is room again
      expect((await write(1)).id).toBeGreaterThan(0);
    });
  });
});
