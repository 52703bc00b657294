/** Who may write what through SensorThings, and that nothing anybody sends is a fault of the server. */
import { ENTITY_KEYS, MODEL } from '@torv/core/sta/model';
import { getLinkName, V1_1 } from '@torv/core/sta/version';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../../test/database.ts';
import { found, join } from '../../test/people.ts';
import type { Json } from '../../test/sensorthings.ts';
import {
  createTown,
  createWrites,
  DATASTREAM,
  LOCATION,
  OBSERVED_PROPERTY,
  SENSOR,
  THING,
  type Writes,
} from '../../test/sensorthings-writes.ts';
import type { Actor } from '../access/port.ts';
import { parseConfig } from '../config.ts';
import { syncObservedProperties } from '../registry/organisation-store.ts';
import { createEntity, deleteEntity, updateEntity } from './write.ts';

const RUNS = Number(process.env.TORV_TEST_RUNS ?? 150);
const id = (n: unknown) => ({ '@iot.id': n });
const idOf = (json: unknown): number => Number((json as Json)['@iot.id']);

describe.each(DATABASE_KINDS)('writing through SensorThings on %s', (kind) => {
  let writes: Writes;
  beforeAll(async () => {
    writes = await createWrites(kind);
    await syncObservedProperties(writes.test.database.sql);
  }, 180_000);
  afterAll(() => writes?.test.close());

  it('needs somebody who may write', async () => {
    const { sql } = writes.test.database;
    const nobody = await writes.send('POST', '/Things', THING, { key: undefined });
    expect(nobody.status).toBe(401);
    await sql`UPDATE api_keys SET scopes = '{read}' WHERE organisation_id = ${writes.organisation}`;
    expect((await writes.send('POST', '/Things', THING)).status).toBe(403);
    expect((await writes.send('POST', '/CreateObservations', [])).status).toBe(403);
    await sql`UPDATE api_keys SET scopes = '{read,write}' WHERE organisation_id = ${writes.organisation}`;
    expect((await writes.send('POST', '/Things', THING)).status).toBe(201);
  });

  it('means the entity that is there where a client nests what it has read, and makes a new one else', async () => {
    const [town] = await createTown(writes);
    const read = async (path: string) => (await writes.send('GET', path)).body;
    const datastream = await read(`/Datastreams(${town?.datastream})`);
    const thing = await read(`/Things(${town?.thing})`);
    const count = async (set: string) => Number((await read(`/${set}?$count=true&$top=0`))['@iot.count']);
    const before = [await count('Datastreams'), await count('Things')];
    // as frost-sta-client does
    for (const path of ['/Observations', `/Datastreams(${town?.datastream})/Observations`]) {
      const reply = await writes.send('POST', path, { result: 1, Datastream: datastream });
      expect([path, reply.status]).toEqual([path, 201]);
      const own = await read(`/Observations(${idOf(reply.body)})/Datastream`);
      expect(idOf(own)).toBe(town?.datastream);
    }
    expect([await count('Datastreams'), await count('Things')]).toEqual(before);
    // an id of another server, which is somebody else's name here; a stranger's entity; one that is not there
    const nest = async (nested: Json, options = {}) => {
      const body = { ...DATASTREAM, Thing: nested, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY };
      const reply = await writes.send('POST', '/Datastreams', body, options);
      expect(reply.status).toBe(201);
      const own = await writes.send('GET', `/Datastreams(${idOf(reply.body)})/Thing`, undefined, options);
      return idOf(own.body);
    };
    expect(await nest(thing)).toBe(town?.thing);
    expect(await nest({ ...thing, name: 'Elsewhere' })).not.toBe(town?.thing);
    expect(await nest({ ...thing, '@iot.id': 123_456_789 })).not.toBe(town?.thing);
    expect(await nest(thing, { key: writes.strangersKey })).not.toBe(town?.thing);
    const other = { ...datastream, '@iot.id': 1 + Number(town?.datastream) };
    const elsewhere = await writes.send('POST', `/Datastreams(${town?.datastream})/Observations`, {
      result: 1,
      Datastream: other,
    });
    expect(elsewhere.status).toBe(400);
  });

  it('makes what is internal, seen by its own organisation alone', async () => {
    const [town] = await createTown(writes);
    for (const path of [
      `/Things(${town?.thing})`,
      `/Datastreams(${town?.datastream})`,
      `/Sensors(${town?.sensor})`,
      `/ObservedProperties(${town?.observedProperty})`,
      `/Locations(${town?.location})`,
    ]) {
      for (const key of [undefined, writes.strangersKey])
        expect([path, (await writes.send('GET', path, undefined, { key })).status]).toEqual([path, 404]);
      for (const [method, body] of [
        ['PATCH', { description: 'Mine' }],
        ['PUT', {}],
        ['DELETE', undefined],
      ] as const) {
        const reply = await writes.send(method, path, body, { key: writes.strangersKey });
        expect([path, method, reply.status]).toEqual([path, method, 404]);
      }
    }
    for (const link of [{ Thing: id(town?.thing) }, { Sensor: id(town?.sensor) }]) {
      const body = {
        ...DATASTREAM,
        Thing: THING,
        Sensor: SENSOR,
        ObservedProperty: OBSERVED_PROPERTY,
        ...link,
      };
      const reply = await writes.send('POST', '/Datastreams', body, { key: writes.strangersKey });
      expect(reply.status).toBe(404);
    }
    const into = `/Things(${town?.thing})/Locations`;
    expect((await writes.send('POST', into, LOCATION, { key: writes.strangersKey })).status).toBe(404);
  });

  it('lets nobody change what is public and of another organisation', async () => {
    const [town] = await createTown(writes);
    await writes.test.database.sql`UPDATE things SET visibility = 'public' WHERE id = ${town?.thing ?? 0}`;
    const path = `/Things(${town?.thing})`;
    const stranger = { key: writes.strangersKey };
    expect((await writes.send('GET', path, undefined, stranger)).status).toBe(200);
    expect((await writes.send('PATCH', path, { description: 'Mine' }, stranger)).status).toBe(404);
    expect((await writes.send('DELETE', path, undefined, stranger)).status).toBe(404);
    expect((await writes.send('POST', `${path}/Locations`, LOCATION, stranger)).status).toBe(404);
  });

  it("shares the system's ObservedProperties, and keeps an organisation's own to itself", async () => {
    const [shared] = await writes.list("/ObservedProperties?$filter=name eq 'CO2'");
    const thing = await writes.create('/Things', {
      ...THING,
      Datastreams: [{ ...DATASTREAM, Sensor: SENSOR, ObservedProperty: id(idOf(shared)) }],
    });
    expect(await writes.ok(`/Things(${thing})?$expand=Datastreams/ObservedProperty`)).toMatchObject({
      Datastreams: [{ ObservedProperty: { name: 'CO2' } }],
    });
    const path = `/ObservedProperties(${idOf(shared)})`;
    expect((await writes.send('PATCH', path, { name: 'Mine' })).status).toBe(404);
    expect((await writes.send('DELETE', path)).status).toBe(404);
  });

  it('keeps a public Datastream off internal parents', async () => {
    const { sql } = writes.test.database;
    const [one, two] = await createTown(writes, 2);
    await sql`UPDATE things SET visibility = 'public' WHERE id = ${one?.thing ?? 0}`;
    await sql`UPDATE sensors SET visibility = 'public' WHERE id = ${one?.sensor ?? 0}`;
    await sql`UPDATE observed_properties SET visibility = 'public' WHERE id = ${one?.observedProperty ?? 0}`;
    await sql`UPDATE datastreams SET visibility = 'public' WHERE id = ${one?.datastream ?? 0}`;
    const path = `/Datastreams(${one?.datastream})`;
    expect((await writes.send('PATCH', path, { description: 'Still public' })).status).toBe(200);
    const moved = await writes.send('PATCH', path, { Thing: id(two?.thing) });
    expect([moved.status, moved.body.code]).toEqual([403, 'NOT_PUBLIC']);
    const taken = await writes.send('PATCH', `/Things(${two?.thing})`, {
      Datastreams: [id(one?.datastream)],
    });
    expect(taken.status).toBe(403);
    expect(idOf(await writes.ok(`${path}/Thing`))).toBe(one?.thing);
  });

  it('changes only the version that is named, where one is', async () => {
    const thing = await writes.create('/Things', THING);
    const path = `/Things(${thing})`;
    const named = (version: string) => ({ headers: { 'if-match': version } });
    expect((await writes.send('PATCH', path, { description: 'a' }, named('"1"'))).status).toBe(200);
    expect((await writes.send('PATCH', path, { description: 'b' }, named('"1"'))).status).toBe(412);
    expect((await writes.send('DELETE', path, undefined, named('1'))).status).toBe(412);
    expect((await writes.send('PATCH', path, { description: 'c' }, named('*'))).status).toBe(200);
    expect((await writes.send('PATCH', path, { description: 'd' }, named('x'))).status).toBe(400);
    expect(await writes.ok(path)).toMatchObject({ description: 'c' });
  });

  it('takes a person by session, from our own pages and with a JSON body alone', async () => {
    const founder = await found(writes.test);
    const editor = await join(
      writes.test,
      founder.session,
      founder.organisationId,
      'editor',
      'editor@skaering.example',
    );
    const viewer = await join(
      writes.test,
      founder.session,
      founder.organisationId,
      'viewer',
      'viewer@skaering.example',
    );
    const by = (session: string, more: Record<string, string> = {}) => ({
      key: undefined,
      headers: { cookie: `torv_session=${session}`, ...more },
    });
    expect((await writes.send('POST', '/Things', THING, by(editor.session))).status).toBe(201);
    expect((await writes.send('POST', '/Things', THING, by(viewer.session))).status).toBe(403);
    const elsewhere = by(editor.session, { 'sec-fetch-site': 'cross-site' });
    expect((await writes.send('POST', '/Things', THING, elsewhere)).status).toBe(403);
    expect((await writes.send('DELETE', '/Things(1)', undefined, elsewhere)).status).toBe(403);
    const form = by(editor.session, { 'content-type': 'text/plain' });
    expect((await writes.send('POST', '/Things', THING, form)).status).toBe(400);
    // who belongs to several says whose it is, or names something of it
    const { sql } = writes.test.database;
    await sql`INSERT INTO memberships (user_id, organisation_id, role) VALUES (${editor.id}, ${writes.strangers}, 'editor')`;
    const unclear = await writes.send('POST', '/Things', THING, by(editor.session));
    expect([unclear.status, unclear.body.at]).toEqual([400, 'organisation']);
    const stranger = { key: writes.strangersKey };
    const query = `/Things?organisation=${writes.strangers}`;
    const said = await writes.send('POST', query, THING, by(editor.session));
    expect(said.status).toBe(201);
    const seen = async (entity: Json) =>
      (await writes.send('GET', `/Things(${idOf(entity)})`, undefined, stranger)).status;
    expect(await seen(said.body)).toBe(200);
    const { body: location } = await writes.send('POST', '/Locations', LOCATION, stranger);
    const named = { ...THING, Locations: [id(idOf(location))] };
    expect(await seen((await writes.send('POST', '/Things', named, by(editor.session))).body)).toBe(200);
    const foreign = await writes.send('POST', '/Things?organisation=1', THING, by(editor.session));
    expect(foreign.status).toBe(404);
  });

  it('moves a place with its Thing, and what stands inside it', async () => {
    const { sql } = writes.test.database;
    const [building, room] = [await writes.create('/Things', THING), await writes.create('/Things', THING)];
    await sql`INSERT INTO places (thing_id, organisation_id, kind) VALUES (${building}, ${writes.organisation}, 'building')`;
    await sql`INSERT INTO places (thing_id, organisation_id, kind, parent_id) VALUES (${room}, ${writes.organisation}, 'room', ${building})`;
    const first = await writes.create(`/Things(${building})/Locations`, LOCATION);
    const where = async (thing: number) => (await writes.list(`/Things(${thing})/Locations`)).map(idOf);
    expect([await where(building), await where(room)]).toEqual([[first], [first]]);
    const second = await writes.create(`/Things(${room})/Locations`, LOCATION);
    expect([await where(building), await where(room)]).toEqual([[first], [second]]);
    await writes.send('DELETE', `/Locations(${second})`);
    expect([await where(building), await where(room)]).toEqual([[first], [first]]);
    const held = await writes.send('DELETE', `/Things(${building})`);
    expect(held.status).toBe(409);
  });

  it('keeps statistics right whatever is written, changed and removed', async () => {
    const { sql } = writes.test.database;
    const towns = await createTown(writes, 2);
    const ids: number[] = [];
    const pick = (n: number) => towns[n % 2]?.datastream ?? 0;
    const time = (n: number) => new Date(Date.UTC(2025, n % 7, 1 + (n % 3))).toISOString();
    const step = fc.tuple(fc.constantFrom('post', 'many', 'patch', 'move', 'delete'), fc.nat(1000));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        for (const [what, n] of steps) {
          const one = ids[n % Math.max(ids.length, 1)];
          const body = {
            result: n,
            phenomenonTime: n % 5 === 0 ? `${time(n)}/2026-02-01T00:00:00Z` : time(n),
            ...(n % 2 === 0 ? { resultTime: time(n + 1) } : {}),
          };
          if (what === 'post') ids.push(await writes.create(`/Datastreams(${pick(n)})/Observations`, body));
          if (what === 'many') {
            const dataArray = [0, 1, 2].map((i) => [time(n + i), i]);
            const part = { Datastream: id(pick(n)), components: ['phenomenonTime', 'result'], dataArray };
            const { text } = await writes.send('POST', '/CreateObservations', [part]);
            for (const link of JSON.parse(text) as string[]) ids.push(Number(/\((\d+)\)$/.exec(link)?.[1]));
          }
          if (one === undefined) continue;
          if (what === 'patch') await writes.send('PATCH', `/Observations(${one})`, body);
          if (what === 'move')
            await writes.send('PATCH', `/Observations(${one})`, { Datastream: id(pick(n)) });
          if (what === 'delete') {
            await writes.send('DELETE', `/Observations(${one})`);
            ids.splice(ids.indexOf(one), 1);
          }
        }
        const wrong = await sql`
          SELECT s.*, r.* FROM datastream_stats s
          CROSS JOIN LATERAL (
            SELECT count(*) AS n, min(phenomenon_start) AS a, max(coalesce(phenomenon_end, phenomenon_start)) AS b, min(result_time) AS c,
              max(result_time) AS d, (array_agg(id ORDER BY phenomenon_start DESC, id DESC))[1] AS last,
              (array_agg(result_number ORDER BY phenomenon_start DESC, id DESC))[1] AS number
            FROM observations o WHERE o.datastream_id = s.datastream_id
          ) r
          WHERE (s.observations, s.phenomenon_start, s.phenomenon_end, s.result_start, s.result_end, s.last_id, s.last_number)
            IS DISTINCT FROM (r.n, r.a, r.b, r.c, r.d, r.last, r.number)`;
        expect(wrong).toEqual([]);
      }),
      { numRuns: 15 },
    );
  }, 180_000);

  it('says what a write did, what it made by itself among it', async () => {
    const { sql } = writes.test.database;
    const actor: Actor = {
      kind: 'key',
      keyId: 1,
      organisationId: writes.organisation,
      scopes: new Set(['write']),
    };
    const base = { sql, actor, version: V1_1, now: '2026-05-05T05:05:05Z' };
    const stream = { ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY };
    const body = {
      ...THING,
      Locations: [LOCATION],
      Datastreams: [{ ...stream, Observations: [{ result: 1 }] }],
    };
    const { changes, id: thing } = await createEntity({
      ...base,
      path: '/Things',
      body: JSON.stringify(body),
    });
    expect(changes.map(({ kind, entity }) => `${kind} ${entity}`).sort()).toEqual([
      'created datastream',
      'created feature',
      'created historicalLocation',
      'created location',
      'created observation',
      'created observedProperty',
      'created sensor',
      'created thing',
    ]);
    expect(changes.find(({ entity }) => entity === 'observation')?.reading).toMatchObject({
      phenomenonTime: '2026-05-05T05:05:05Z',
    });
    const path = `/Things(${thing})`;
    const updated = await updateEntity({ ...base, path, body: '{"description":"x"}' }, 'merge');
    expect(updated.changes).toEqual([{ kind: 'updated', entity: 'thing', id: thing, keys: ['description'] }]);
    const gone = await deleteEntity({ ...base, path });
    expect(gone.changes.map(({ kind, entity }) => `${kind} ${entity}`)).toEqual([
      'deleted datastream',
      'deleted thing',
    ]);
  });

  it('keeps many writers apart, and a Datastream whole that is deleted meanwhile', async () => {
    const { sql } = writes.test.database;
    const towns = await createTown(writes, 3);
    const rows = [0, 1, 2].map((n) => [`2026-03-0${n + 1}T00:00:00Z`, n]);
    const part = (n: number) => ({
      Datastream: id(towns[n % 3]?.datastream),
      components: ['phenomenonTime', 'result'],
      dataArray: rows,
    });
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) => {
        if (n === 20) return writes.send('DELETE', `/Things(${towns[0]?.thing})`);
        // Datastreams in different orders, so that two writers could wait for each other in a ring
        if (n % 3 === 0)
          return writes.send('POST', '/CreateObservations', [part(n), part(n + 1), part(n + 2)]);
        if (n % 3 === 1) return writes.send('POST', '/CreateObservations', [part(n + 2), part(n)]);
        return writes.send('PATCH', `/Things(${towns[1]?.thing})`, {
          Locations: [id(towns[n % 2]?.location)],
        });
      }),
    );
    for (const { status, text } of replies) expect([status < 500, text]).toEqual([true, text]);
    const [left] = await sql<{ orphans: number; wrong: number }[]>`
      SELECT (SELECT count(*)::int FROM observations o WHERE NOT EXISTS (SELECT FROM datastreams d WHERE d.id = o.datastream_id)) AS orphans,
             (SELECT count(*)::int FROM datastream_stats s
              WHERE s.observations <> (SELECT count(*) FROM observations o WHERE o.datastream_id = s.datastream_id)) AS wrong`;
    expect(left).toEqual({ orphans: 0, wrong: 0 });
  });

  // Whatever is sent ------------------------------------------------------------------------------------------

  const json = fc.oneof(
    fc.constantFrom(
      'null', 'true', '1', '-0', '1e308', '1e400', '1E-400', '99999999999999999999', '""', '"x"', '"\\u0000"', '"\\ud800"', '[]', '{}', '[[[]]]',
      '"2026-01-01T00:00:00Z"', '"2026-02-31T00:00:00Z"', '"0000-01-01T00:00:00Z"', '"2026-01-01T00:00:00Z/2025-01-01T00:00:00Z"', '"+275760-01-01T00:00:00Z"',
      '{"@iot.id":1}', '{"@iot.id":"9223372036854775807"}', '{"@iot.id":-1}', '{"@iot.id":1.5}', '[{"@iot.id":1}]', '[null]', '{"__proto__":1}',
      '{"type":"Point","coordinates":[1,2]}', '{"type":"Point","coordinates":[1e308,-1e308]}', '{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}',
      '{"type":"MultiPoint","coordinates":[]}', '{"type":"GeometryCollection","geometries":[]}', '{"type":"Feature","geometry":null}', '{"type":"Point"}',
      '{"name":1}', '{"name":null,"symbol":null}', '[]]', '{"a":', 'NaN', "'x'", '\u00001', `${'['.repeat(200)}`,
    ), // biome-ignore format: a list
    fc.json(),
  );
  const whole: Readonly<Record<string, unknown>> = {
    thing: { ...THING, Locations: [LOCATION], Datastreams: [{ ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY, Observations: [{ result: 1 }] }] },
    location: { ...LOCATION, Things: [id(1)] },
    historicalLocation: { time: '2026-01-01T00:00:00Z', Thing: id(1), Locations: [id(1)] },
    datastream: { ...DATASTREAM, Thing: id(1), Sensor: id(1), ObservedProperty: id(1), Observations: [{ result: 1 }] },
    sensor: SENSOR,
    observedProperty: OBSERVED_PROPERTY,
    observation: { result: 1, phenomenonTime: '2026-01-01T00:00:00Z', validTime: '2026-01-01T00:00:00Z/2026-01-02T00:00:00Z', resultTime: null, parameters: {}, resultQuality: 'x', Datastream: id(1), FeatureOfInterest: id(1) },
    feature: { name: 'a', description: '', encodingType: 'application/geo+json', feature: LOCATION.location },
  }; // biome-ignore format: a table
  /** Bodies that mostly make sense, with a member changed, or characters of it. */
  const body = (entity: (typeof ENTITY_KEYS)[number]) => {
    const names = [
      ...V1_1.entities[entity].properties.values(),
      ...V1_1.entities[entity].links.values(),
      'colour',
      '__proto__',
      'constructor',
    ];
    const member = fc.tuple(fc.constantFrom(...names), json);
    const damage = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('"', '{', '}', '[', ',', '\\', '\u0001', 'é', '')),
      {
        maxLength: 2,
      },
    );
    return fc.tuple(fc.array(member, { maxLength: 2 }), damage).map(([members, marks]) => {
      const base = JSON.stringify(whole[entity]);
      const with_ = members.reduce(
        (text, [name, value]) => `${text.slice(0, -1)},${JSON.stringify(name)}:${value}}`,
        base,
      );
      return marks.reduce((text, [at, mark]) => {
        const i = at % text.length;
        return text.slice(0, i) + mark + text.slice(i + 1);
      }, with_);
    });
  };
  const wild = fc
    .constantFrom(...ENTITY_KEYS)
    .chain((entity) =>
      fc.tuple(
        fc.constantFrom('POST', 'POST', 'PATCH', 'PUT', 'DELETE') as fc.Arbitrary<'POST'>,
        fc.constantFrom('', '', '(1)', '(2)', '(9223372036854775807)', '(x)'),
        fc.constant(entity),
        fc.option(fc.constantFrom(...Object.keys(MODEL[entity].links), 'name', '$ref'), { nil: undefined }),
        body(entity),
      ),
    );

  it('answers random and damaged writes with a reason, and never with a fault', async () => {
    await createTown(writes, 3);
    await fc.assert(
      fc.asyncProperty(wild, async ([method, number, entity, link, text]) => {
        const step = link === undefined || number === '' ? '' : `/${getLinkName(V1_1, entity, link)}`;
        const path = `/${V1_1.entities[entity].set}${number}${step}`;
        const reply = await writes.send(method, path, text);
        expect([method, path, text, reply.status < 500 || reply.status === 501, reply.text]).toEqual([
          method,
          path,
          text,
          true,
          reply.text,
        ]);
        if (reply.status >= 400) expect(reply.body).toHaveProperty('code');
      }),
      { numRuns: RUNS * 2 },
    );
    expect(writes.test.logged()).not.toContain('A request failed');
  }, 300_000);

  it('answers random and damaged rows with a reason, and never with a fault', async () => {
    const [town] = await createTown(writes);
    const rows = fc.array(fc.array(json, { maxLength: 4 }), { maxLength: 4 });
    const components = fc.subarray([
      'phenomenonTime',
      'result',
      'parameters',
      'validTime',
      'FeatureOfInterest/id',
    ]);
    await fc.assert(
      fc.asyncProperty(rows, components, fc.nat(400), async (cells, names, cut) => {
        const text = `[{"Datastream":{"@iot.id":${town?.datastream}},"components":${JSON.stringify(names)},"dataArray":[${cells
          .map((row) => `[${row.join(',')}]`)
          .join(',')}]}]`;
        const sent = cut % 3 === 0 ? text.slice(0, cut) : text;
        const reply = await writes.send('POST', '/CreateObservations', sent);
        expect([sent, reply.status < 500, reply.text]).toEqual([sent, true, reply.text]);
      }),
      { numRuns: RUNS },
    );
  }, 300_000);

  it.each([
    ['POST', '/', THING],
    ['POST', '/Things(1)', THING],
    ['POST', '/Things/$ref', THING],
    ['POST', '/$batch', {}],
    ['POST', '/Nothing', {}],
    ['PATCH', '/Things', {}],
    ['PATCH', '/Things(1)/name', '"x"'],
    ['PATCH', '/Observations(9223372036854775807)', {}],
    ['DELETE', '/Things(99999999999999999999)', undefined],
    ['DELETE', '/', undefined],
    ['POST', '/Things', ''],
    ['POST', '/Things', '\u0000'],
    ['POST', '/Things', '[]'],
    ['POST', '/Things', '"x"'],
    ['POST', '/Things?$select=name', THING],
    ['POST', '/Things?organisation=x', THING],
    ['POST', '/Things', `{"name":"a","description":"${'x'.repeat(17 * 1024 * 1024)}"}`],
  ] as const)('%s %s is refused', async (method, path, body) => {
    const { status, body: problem } = await writes.send(method, path, body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status < 500 || status === 501).toBe(true);
    expect(problem).toHaveProperty('code');
  });
});

describe.each(DATABASE_KINDS)('an installation that everybody may write to, on %s', (kind) => {
  let writes: Writes;
  beforeAll(async () => {
    writes = await createWrites(kind, { env: { TORV_STA_OPEN: 'public' } });
  }, 180_000);
  afterAll(() => writes?.test.close());
  const anybody = { key: undefined };

  it('keeps what strangers make in the open organisation, for all to see and to change', async () => {
    const body = {
      ...THING,
      Locations: [LOCATION],
      Datastreams: [
        { ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY, Observations: [{ result: 1 }] },
      ],
    };
    const made = await writes.send('POST', '/Things', body, anybody);
    expect(made.status).toBe(201);
    const path = `/Things(${idOf(made.body)})`;
    const seen = await writes.send(
      'GET',
      `${path}?$expand=Locations,Datastreams($expand=Sensor,ObservedProperty,Observations($expand=FeatureOfInterest))`,
      undefined,
      anybody,
    );
    expect(seen.body).toMatchObject({
      Locations: [LOCATION],
      Datastreams: [{ Sensor: SENSOR, Observations: [{ result: 1, FeatureOfInterest: {} }] }],
    });
    const [stream] = seen.body.Datastreams as Json[];
    const rows = [
      {
        Datastream: id(idOf(stream)),
        components: ['phenomenonTime', 'result'],
        dataArray: [['2026-01-01T00:00:00Z', 1]],
      },
    ];
    const array = await writes.send('POST', '/CreateObservations', rows, anybody);
    expect(JSON.parse(array.text)).toEqual([expect.stringContaining('/Observations(')]);
    expect((await writes.send('PATCH', path, { name: 'Ours' }, anybody)).status).toBe(200);
    expect((await writes.send('DELETE', path, undefined, anybody)).status).toBe(200);
    const audit = await writes.test.database.sql<{ after: Json | null; before: Json | null }[]>`
      SELECT before, after FROM audit WHERE entity = 'thing' AND entity_id = ${String(idOf(made.body))} ORDER BY id`;
    expect(audit.map(({ before, after }) => (before ?? after)?.by)).toEqual(
      Array(3).fill('anybody, through SensorThings'),
    );
    const [organisation] = await writes.test.database.sql<{ kind: string; n: number }[]>`
      SELECT min(kind) AS kind, count(*)::int AS n FROM organisations WHERE slug = 'open'`;
    expect(organisation).toEqual({ kind: 'open', n: 1 });
  });

  it('keeps the other organisations closed', async () => {
    const [town] = await createTown(writes);
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { name: 'Ours' }],
      ['DELETE', undefined],
    ] as const)
      expect((await writes.send(method, `/Things(${town?.thing})`, body, anybody)).status).toBe(404);
    const stream = { ...DATASTREAM, Sensor: SENSOR, ObservedProperty: OBSERVED_PROPERTY };
    const link = await writes.send('POST', '/Datastreams', { ...stream, Thing: id(town?.thing) }, anybody);
    expect(link.status).toBe(404);
    const row = [
      {
        Datastream: id(town?.datastream),
        components: ['phenomenonTime', 'result'],
        dataArray: [['2026-01-01T00:00:00Z', 1]],
      },
    ];
    const array = await writes.send('POST', '/CreateObservations', row, anybody);
    expect(JSON.parse(array.text)).toEqual([expect.stringMatching(/^error/)]);
    // a key still writes in its own organisation
    expect((await writes.send('GET', `/Things(${town?.thing})`)).status).toBe(200);
  });
});

describe('the setting TORV_STA_OPEN', () => {
  it.each([
    [{ TORV_STA_OPEN: 'true' }, true],
    [{ TORV_STA_OPEN: 'true', TORV_HOST: '::1' }, true],
    [{ TORV_STA_OPEN: 'true', TORV_PUBLIC_URL: 'http://localhost:8080' }, true],
    [{ TORV_STA_OPEN: 'false', TORV_HOST: '0.0.0.0' }, false],
    [{ TORV_HOST: '0.0.0.0' }, false],
    [{ TORV_STA_OPEN: 'public', TORV_HOST: '0.0.0.0' }, true],
  ])('%o is %s', (env, open) => {
    expect(parseConfig(env).staOpen).toBe(open);
  });

  it.each([
    [{ TORV_STA_OPEN: 'true', TORV_HOST: '0.0.0.0' }, '0.0.0.0'],
    [{ TORV_STA_OPEN: '1', TORV_HOST: '10.0.0.5' }, '10.0.0.5'],
    [{ TORV_STA_OPEN: 'true', TORV_PUBLIC_URL: 'https://town.example' }, 'town.example'],
    [{ TORV_STA_OPEN: 'yes' }, 'true, public or false'],
  ])('refuses %o', (env, reason) => {
    expect(() => parseConfig(env)).toThrow(reason);
  });
});
