/** A.6 data-array: Observations as rows of values, out and in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { type Json, REQ, ROOT } from '../sensorthings.ts';
import { createTown, createWrites, FEATURE, type Writes } from '../sensorthings-writes.ts';

const idOf = (json: unknown): number => Number((json as Json)['@iot.id']);

describe.each(DATABASE_KINDS)('data-array on %s', (kind) => {
  let writes: Writes;
  beforeAll(async () => {
    writes = await createWrites(kind);
  }, 180_000);
  afterAll(() => writes?.test.close());

  const post = (body: unknown) => writes.send('POST', '/CreateObservations', body);
  const part = (datastream: unknown, components: unknown, dataArray: unknown) => ({
    Datastream: { '@iot.id': datastream },
    components,
    dataArray,
  });

  it(`${REQ}/data-array/data-array`, async () => {
    const [one, two] = await createTown(writes, 2);
    const feature = await writes.create('/FeaturesOfInterest', FEATURE);
    const { status, text } = await post([
      {
        ...part(
          one?.datastream,
          ['phenomenonTime', 'result', 'FeatureOfInterest/id'],
          [
            ['2010-12-23T10:20:00-0700', 20, feature],
            ['2010-12-23T10:21:00-0700', 30, 'probablyNotAValidId'],
          ],
        ),
        'dataArray@iot.count': 2,
      },
      part(
        two?.datastream,
        ['phenomenonTime', 'result'],
        [
          ['2010-12-23T10:20:00-0700', 65],
          ['2010-12-23T10:21:00-0700', 60],
        ],
      ),
    ]);
    expect(status).toBe(201);
    const links = JSON.parse(text) as string[];
    expect(links).toHaveLength(4);
    expect(links[1]).toMatch(/^error/);
    const kept = links.filter((_, i) => i !== 1);
    for (const link of kept) expect(link).toMatch(new RegExp(`^${ROOT}/Observations\\(\\d+\\)$`));
    const entities = await Promise.all(
      kept.map((link) => writes.ok(`${link}?$expand=FeatureOfInterest,Datastream`)),
    );
    expect(entities.map(({ result }) => result)).toEqual([20, 65, 60]);
    expect(entities.map((entity) => idOf(entity.Datastream))).toEqual([
      one?.datastream,
      two?.datastream,
      two?.datastream,
    ]);
    expect(idOf(entities[0]?.FeatureOfInterest)).toBe(feature);
    // the generated one is made once
    expect(idOf(entities[1]?.FeatureOfInterest)).toBe(idOf(entities[2]?.FeatureOfInterest));
    expect(await writes.ok(`/Datastreams(${two?.datastream})`)).toMatchObject({
      phenomenonTime: '2010-12-23T17:20:00Z/2010-12-23T17:21:00Z',
    });
    expect(await writes.count(`/Datastreams(${one?.datastream})/Observations`)).toBe(1);
  });

  it(`${REQ}/data-array/data-array: a page of Observations as rows, by Datastream`, async () => {
    const [one, two] = await createTown(writes, 2);
    const rows = [0, 1, 2].map((n) => [`2026-05-0${n + 1}T00:00:00Z`, n]);
    await post([
      part(one?.datastream, ['phenomenonTime', 'result'], rows),
      part(two?.datastream, ['phenomenonTime', 'result'], rows),
    ]);
    const both = `Datastream/id eq ${one?.datastream} or Datastream/id eq ${two?.datastream}`;
    const page = await writes.ok(
      `/Observations?$resultFormat=dataArray&$count=true&$top=4&$orderby=phenomenonTime desc,Datastream/id&$filter=${both}`,
    );
    expect(page['@iot.count']).toBe(6);
    const groups = page.value as Json[];
    expect(groups.map((group) => group['Datastream@iot.navigationLink'])).toEqual([
      `${ROOT}/Datastreams(${one?.datastream})`,
      `${ROOT}/Datastreams(${two?.datastream})`,
    ]);
    for (const group of groups) {
      expect(group.components).toEqual([
        'id',
        'phenomenonTime',
        'resultTime',
        'result',
        'resultQuality',
        'validTime',
        'parameters',
      ]);
      expect(group['dataArray@iot.count']).toBe((group.dataArray as unknown[]).length);
      for (const row of group.dataArray as unknown[][]) expect(row).toHaveLength(7);
    }
    // the next page is rows too
    const next = await writes.ok(String(page['@iot.nextLink']));
    expect((next.value as Json[]).flatMap((group) => group.dataArray as unknown[])).toHaveLength(2);
    expect(next['@iot.nextLink']).toBeUndefined();
    const selected = await writes.ok(
      `/Datastreams(${one?.datastream})/Observations?$resultFormat=dataArray&$select=result,phenomenonTime&$orderby=result`,
    );
    const [group] = selected.value as Json[];
    expect(group).toMatchObject({ components: ['phenomenonTime', 'result'], dataArray: rows });
    expect(await writes.ok('/Observations?$resultFormat=dataArray&$filter=result eq 12345')).toEqual({
      value: [],
    });
  });

  it.each([
    ['/Observations?$resultFormat=dataArray&$expand=Datastream', 400],
    ['/Things?$resultFormat=dataArray', 400],
    ['/Things?$expand=Datastreams/Observations($resultFormat=dataArray)', 400],
    ['/Observations?$resultFormat=CSV', 501],
  ])(`${REQ}/data-array/data-array: %s is refused`, async (path, status) => {
    expect((await writes.send('GET', path)).status).toBe(status);
  });

  it(`${REQ}/data-array/data-array: results, times and the other components are kept as they are`, async () => {
    const [town] = await createTown(writes);
    const { status, text } = await writes.send(
      'POST',
      '/CreateObservations',
      `[{"dataArray":[["2010-12-23T10:20:00Z/2010-12-23T10:30:00Z",1.0,null,"a",null,{"x": 1e2}],
        ["2010-12-24T10:20:00Z",[1, 2],"2010-12-25T00:00:00Z",null,"2011-01-01T00:00:00Z/2012-01-01T00:00:00Z",null],
        [null,"\\u00c6 \\"","2010-12-25T00:00:00Z",null,null,null],
        ["2010-12-23T10:20:00Z",9223372036854775807,null,{"q":1},null,null]],
       "components":["phenomenonTime","result","resultTime","resultQuality","validTime","parameters"],
       "Datastream":{"@iot.id":"${town?.datastream}"}}]`,
    );
    expect([status, text]).toEqual([201, expect.not.stringContaining('error')]);
    const all = (await writes.send('GET', `/Datastreams(${town?.datastream})/Observations?$orderby=id`)).text;
    for (const part of [
      '"phenomenonTime":"2010-12-23T10:20:00Z/2010-12-23T10:30:00Z","resultTime":null,"result":1.0,"resultQuality":"a","parameters":{"x": 1e2}',
      '"result":[1, 2],"validTime":"2011-01-01T00:00:00Z/2012-01-01T00:00:00Z"',
      '"result":"\\u00c6 \\""',
      '"result":9223372036854775807,"resultQuality":{"q":1}',
    ])
      expect(all).toContain(part);
  });

  it(`${REQ}/data-array/data-array: a wrong row leaves the others, and says why in its place`, async () => {
    const [town, other] = await createTown(writes, 2);
    const strangersKey = { key: writes.strangersKey };
    const rows = [
      ['2026-01-01T00:00:00Z', 1],
      ['yesterday', 2],
      ['2026-01-01T00:00:00Z'],
      ['2026-01-01T00:00:00Z', 3, 4],
      'row',
      [5, 5],
      ['2026-01-02T00:00:00Z/2026-01-01T00:00:00Z', 1],
      ['2026-01-03T00:00:00Z', null],
    ];
    const { status, text } = await post([
      part(town?.datastream, ['phenomenonTime', 'result'], rows),
      part(999_999, ['phenomenonTime', 'result'], [rows[0]]),
      part('9223372036854775807', ['phenomenonTime', 'result'], [rows[0]]),
      part('99999999999999999999', ['phenomenonTime', 'result'], [rows[0]]),
      part(
        other?.datastream,
        ['phenomenonTime', 'result', 'FeatureOfInterest/id'],
        [
          ['2026-01-01T00:00:00Z', 1, '9223372036854775807'],
          ['2026-01-01T00:00:00Z', 1, 99_999_999_999_999],
          ['2026-01-01T00:00:00Z', 1, null],
        ],
      ),
    ]);
    expect(status).toBe(201);
    const fine = (JSON.parse(text) as string[]).map((one) => !one.startsWith('error: '));
    expect(fine).toEqual([
      true, false, false, false, false, false, false, true, false, false, false, false, false, true,
    ]); // biome-ignore format: a list
    expect(await writes.count(`/Datastreams(${town?.datastream})/Observations`)).toBe(2);
    // somebody else's Datastream is not there
    const foreign = await writes.send(
      'POST',
      '/CreateObservations',
      [part(town?.datastream, ['phenomenonTime', 'result'], [rows[0]])],
      strangersKey,
    );
    expect(foreign.status).toBe(201);
    expect(JSON.parse(foreign.text)).toEqual([expect.stringMatching(/^error: There is no such Datastream/)]);
  });

  it.each([
    ['no list', {}, 'body'],
    ['a part that is no object', [1], 'body/0'],
    ['no Datastream', [{ components: ['phenomenonTime', 'result'], dataArray: [] }], 'body/0/Datastream'],
    ['no components', [{ Datastream: { '@iot.id': 1 }, dataArray: [] }], 'body/0/components'],
    [
      'no dataArray',
      [{ Datastream: { '@iot.id': 1 }, components: ['phenomenonTime', 'result'] }],
      'body/0/dataArray',
    ],
    [
      'an unknown component',
      [{ Datastream: { '@iot.id': 1 }, components: ['phenomenonTime', 'result', 'colour'], dataArray: [] }],
      'body/0/components/2',
    ],
    [
      'a component twice',
      [{ Datastream: { '@iot.id': 1 }, components: ['phenomenonTime', 'result', 'result'], dataArray: [] }],
      'body/0/components/2',
    ],
    [
      'no result',
      [{ Datastream: { '@iot.id': 1 }, components: ['phenomenonTime'], dataArray: [] }],
      'body/0/components',
    ],
    [
      'a MultiDatastream',
      [{ MultiDatastream: { '@iot.id': 1 }, components: ['phenomenonTime', 'result'], dataArray: [] }],
      'body/0/MultiDatastream',
    ],
  ])(`${REQ}/data-array/data-array: a body with %s is refused as a whole`, async (_what, body, at) => {
    // biome-ignore format: a table
    const { status, body: problem } = await post(body);
    expect([status, problem.at]).toEqual([400, at]);
  });

  it(`${REQ}/data-array/data-array: a body that breaks off keeps nothing, with many rows as with few`, async () => {
    const [town] = await createTown(writes);
    const start = Date.parse('2024-01-01T00:00:00Z');
    const rows = Array.from({ length: 12_345 }, (_, i) => [new Date(start + i * 3_600_000).toISOString(), i]);
    const body = JSON.stringify([part(town?.datastream, ['phenomenonTime', 'result'], rows)]);
    const broken = await writes.send('POST', '/CreateObservations', body.slice(0, -20));
    expect(broken.status).toBe(400);
    expect(await writes.count(`/Datastreams(${town?.datastream})/Observations`)).toBe(0);
    const whole = await writes.send('POST', '/CreateObservations', body);
    const links = JSON.parse(whole.text) as string[];
    expect(links).toHaveLength(rows.length);
    expect(new Set(links).size).toBe(rows.length);
    expect(await writes.ok(String(links[9_999]))).toMatchObject({ result: 9_999 });
    expect(await writes.count(`/Datastreams(${town?.datastream})/Observations`)).toBe(rows.length);
    const large = `[${' '.repeat(33 * 1024 * 1024)}]`;
    expect((await writes.send('POST', '/CreateObservations', large)).status).toBe(413);
  });
});
