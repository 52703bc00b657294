/** Nothing that anybody can ask is a fault of the server: random, damaged and costly requests. */
import { printExpression } from '@torv/core/odata/print';
import { ENTITY_KEYS, MODEL } from '@torv/core/sta/model';
import { getLinkName, V1_1 } from '@torv/core/sta/version';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../../test/database.ts';
import { createSensorThings, type SensorThings } from '../../test/sensorthings.ts';
import { toFilters } from './filters.fixture.ts';
import { WORLD } from './world.fixture.ts';

const RUNS = Number(process.env.TORV_TEST_RUNS ?? 150);

const id = fc.oneof(
  fc.constantFrom(
    '1',
    '2',
    '3',
    '5',
    '0',
    '-1',
    '9223372036854775807',
    '99999999999999999999',
    "'a'",
    '',
    '1.5',
  ),
  fc.constantFrom(...WORLD.observation.map((row) => String(row.id))),
);

/** Addresses that mostly make sense. */
const path = fc
  .tuple(
    fc.constantFrom(...ENTITY_KEYS),
    fc.array(fc.tuple(id, fc.nat()), { maxLength: 3 }),
    fc.nat(),
    fc.boolean(),
  )
  .map(([start, steps, last, withProperty]) => {
    let entity = start;
    let text = `/${V1_1.entities[start].set}`;
    for (const [number, choice] of steps) {
      const links = Object.entries(MODEL[entity].links);
      const [key, link] = links[choice % links.length] ?? [];
      if (key === undefined || link === undefined) break;
      text += `${text.endsWith(')') || /\/(Thing|Sensor|Datastream|ObservedProperty|FeatureOfInterest)$/.test(text) ? '' : `(${number})`}/${getLinkName(V1_1, entity, key)}`;
      entity = link.to;
    }
    const names = [
      ...V1_1.entities[entity].properties.values(),
      '$ref',
      '$value',
      'properties/a[0]/b',
      'result[1]',
    ];
    return { entity, text: withProperty ? `${text}(${last % 4})/${names[last % names.length]}` : text };
  });

const option = (entity: (typeof ENTITY_KEYS)[number]) => {
  const filter = toFilters(entity).map(printExpression);
  const names = fc.constantFrom(
    ...V1_1.entities[entity].properties.values(),
    ...V1_1.entities[entity].links.values(),
  );
  const token = fc
    .array(
      fc.constantFrom('1', '2026-11-22 08:00:00+00', 'x', null, '1e400', 'true', '12:00:00', '2026-02-31'),
      { maxLength: 4 },
    )
    .map((keys) => Buffer.from(JSON.stringify(keys)).toString('base64url'));
  return fc.oneof(
    filter.map((text) => `$filter=${text}`),
    filter.map((text) => `$orderby=${text} desc`),
    names.map((name) => `$orderby=${name}`),
    names.map((name) => `$select=${name}`),
    names.map((name) => `$expand=${name}($count=true;$top=1;$orderby=id desc)`),
    fc.tuple(names, filter).map(([name, text]) => `$expand=${name}($filter=${text})`),
    fc.constantFrom(
      '$top=0',
      '$top=3',
      '$skip=2',
      '$count=true',
      '$skip=9007199254740993',
      '$top=99999999999',
    ),
    token.map((text) => `$skiptoken=${text}`),
  );
};

const damage = fc.array(
  fc.tuple(
    fc.nat(),
    fc.constantFrom('(', ')', "'", '$', '/', ' ', ',', '%', '\0', '1e309', ' eq ', '-', 'ø', ''),
  ),
  {
    maxLength: 3,
  },
);

const request = path
  .chain(({ entity, text }) =>
    fc.tuple(fc.constant(text), fc.array(option(entity), { maxLength: 3 }), damage),
  )
  .map(([text, options, changes]) => {
    const address = `${text}?${options.map(encodeURI).join('&')}`;
    return changes.reduce((value, [at, mark]) => {
      const i = at % (value.length + 1);
      return value.slice(0, i) + encodeURIComponent(mark) + value.slice(i + 1);
    }, address);
  });

describe.each(DATABASE_KINDS)('requests that nobody should send, on %s', (kind) => {
  let sta: SensorThings;
  beforeAll(async () => {
    sta = await createSensorThings(kind);
  }, 180_000);
  afterAll(() => sta?.test.close());

  it('are answered or refused, never a fault', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (address) => {
        const answer = await sta.get(address);
        expect([address, answer.status < 500 || answer.status === 501, answer.text.slice(0, 300)]).toEqual([
          address,
          true,
          answer.text.slice(0, 300),
        ]);
        if (answer.status >= 400) expect(answer.body).toHaveProperty('code');
      }),
      { numRuns: RUNS },
    );
  }, 180_000);

  it.each([
    '/Things?$filter=id eq 1e308 mul 10',
    '/Things?$filter=id eq 1e999',
    '/Things?$filter=id eq 1e-999',
    '/Observations?$filter=result mul 1e308 gt 1',
    "/Observations?$filter=phenomenonTime add duration'P9999999D' gt now()",
    "/Observations?$filter=resultTime sub duration'P9999999D' mul 1e9 gt now()",
    '/Observations?$filter=phenomenonTime gt 0000-01-01T00:00:00Z',
    '/Observations?$filter=phenomenonTime gt 2026-02-31T00:00:00Z',
    '/Observations?$filter=phenomenonTime gt 2026-01-01T00:00:00+99:99',
    "/Things?$filter=substring(name,1e300,-1e300) eq ''",
    "/Things?$filter=substring(name,0 div 0) eq ''",
    `/Things?$filter=${'('.repeat(30)}id eq 1${')'.repeat(30)}`,
    `/Things?$filter=${Array.from({ length: 99 }, () => 'Datastreams/Observations/result gt 1').join(' or ')}`,
    '/Things?$expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing($expand=Datastreams($expand=Thing($expand=Datastreams))))))',
    '/Things(1)/properties/%00',
    '/Things(1)/properties/__proto__/constructor',
    '/Things(1)/constructor',
    '/constructor',
    '/Things?$filter=constructor eq 1',
    '/Things?$filter=toString() eq 1',
    '/Things?$expand=__proto__',
    '/Things?$__proto__=1',
    '/Things?$constructor=1',
    '/Things?$filter=%00',
    `/Things?$skiptoken=${Buffer.from('["\\u0000"]').toString('base64url')}`,
    "/Things?$filter=name eq '%ED%A0%80'",
  ])('%s', async (address) => {
    const { status, body } = await sta.get(encodeURI(address).replaceAll('%25', '%'));
    expect(status < 500 || status === 501).toBe(true);
    if (status >= 400) expect(body).toHaveProperty('code');
  });

  it('ends a query that costs too much with a sentence', async () => {
    const { sql } = sta.test.database;
    const [row] = await sql<{ id: number }[]>`SELECT id FROM things WHERE id = 1`;
    expect(row?.id).toBe(1);
    const many = Array.from(
      { length: 40 },
      (_, i) => `Observations/Datastream/Thing/Datastreams/Observations/result add ${i} gt ${i}`,
    );
    const answer = await sta.get(`/FeaturesOfInterest?$filter=${many.join(' or ')}`);
    expect([200, 400]).toContain(answer.status);
  });
});
