/** A.2 Requesting data: which entities, in which order, with what of them, page by page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../database.ts';
import { createSensorThings, type Json, REQ, ROOT, type SensorThings } from '../sensorthings.ts';

const CLASS = `${REQ}/request-data`;

describe.each(DATABASE_KINDS)('Requesting data on %s', (kind) => {
  let sta: SensorThings;
  beforeAll(async () => {
    sta = await createSensorThings(kind);
  }, 180_000);
  afterAll(() => sta?.test.close());

  const ids = (path: string) => sta.ids(path);
  const status = async (path: string) => (await sta.get(path)).status;

  it(`${CLASS}/status-code`, async () => {
    expect(await status('/Things(99)')).toBe(404);
    expect(await status('/Datastreams(5)')).toBe(404);
  });

  it(`${CLASS}/query-status-code`, async () => {
    expect(await status('/Things?$search=x')).toBe(501);
    expect(await status('/Things?$unknown=1')).toBe(501);
    const bad = await sta.get("/Things?$filter=name eq 'x' and nme eq 1");
    expect(bad.body).toMatchObject({ status: 400, code: 'BAD_QUERY', at: '$filter:16' });
    expect(bad.type).toContain('application/problem+json');
    expect(String(bad.body.hint)).toContain('description');
    for (const path of [
      '/Things?$count=maybe',
      '/Things?$top=-1',
      '/Things?$skip=x',
      '/Things?$orderby=nothing',
      '/Things?$select=nothing',
      '/Things?$expand=Nothing',
      '/Things(1)?$top=1',
      '/Things(1)/name?$select=name',
      '/Datastreams?$expand=Thing($top=0)',
      '/Datastreams?$expand=Thing($orderby=name)',
    ]) {
      expect([path, await status(path)]).toEqual([path, 400]);
    }
  });

  it(`${CLASS}/order: filter, count, orderby, skip, top, then select and expand`, async () => {
    const page = await sta.ok(
      '/Datastreams?$top=1&$skip=1&$orderby=id desc&$count=true&$filter=id lt 4&$select=id&$expand=Thing($select=id)',
    );
    expect(page).toMatchObject({ '@iot.count': 3, value: [{ '@iot.id': 2, Thing: { '@iot.id': 1 } }] });
  });

  it(`${CLASS}/expand`, async () => {
    const [thing] = await sta.list(
      '/Things?$filter=id eq 1&$expand=Locations,Datastreams($select=name,id;$orderby=id desc;$top=1;$count=true;$expand=ObservedProperty($select=name),Observations($top=2;$orderby=phenomenonTime desc;$select=result))',
    );
    expect(((thing?.Locations ?? []) as Json[]).map((location) => location['@iot.id'])).toEqual([1, 2]);
    expect(thing).toMatchObject({
      'Datastreams@iot.count': 2,
      Datastreams: [{ '@iot.id': 2, name: 'Room 1: temperature', ObservedProperty: { name: 'temperature' } }],
    });
    expect(thing).not.toHaveProperty(['Datastreams@iot.navigationLink']);
    const datastream = ((thing?.Datastreams ?? []) as Json[])[0];
    expect(datastream?.Observations as Json[]).toHaveLength(2);
    const next = String(thing?.['Datastreams@iot.nextLink']);
    expect(next.startsWith(`${ROOT}/Things(1)/Datastreams?`)).toBe(true);
    expect(await sta.walk(next)).toMatchObject([{ '@iot.id': 1, ObservedProperty: { name: 'CO2' } }]);
    const inner = String(datastream?.['Observations@iot.nextLink']);
    const all = await sta.walk(`/Datastreams(2)/Observations?$orderby=phenomenonTime desc&$select=result`);
    expect([...((datastream?.Observations ?? []) as Json[]), ...(await sta.walk(inner))]).toEqual(all);
    expect(await sta.ok('/Datastreams(1)?$expand=Thing/Locations,Thing($select=name)')).toMatchObject({
      Thing: { name: 'Room 1', Locations: [{ '@iot.id': 1 }, { '@iot.id': 2 }] },
    });
    expect(await sta.ok('/Observations?$expand=Datastream/Thing&$top=1')).toMatchObject({
      value: [{ Datastream: { Thing: { '@iot.id': 1 } } }],
    });
    const empty = await sta.ok('/Things(3)?$expand=Datastreams($count=true)');
    expect(empty).toMatchObject({ Datastreams: [], 'Datastreams@iot.count': 0 });
  });

  it(`${CLASS}/select`, async () => {
    expect(await sta.ok('/Things(1)?$select=name')).toEqual({ name: 'Room 1' });
    expect(await sta.ok('/Things(1)?$select=id,description')).toEqual({
      '@iot.id': 1,
      description: 'facing south',
    });
    expect(await sta.ok('/Things(1)?$select=name,Datastreams')).toEqual({
      name: 'Room 1',
      'Datastreams@iot.navigationLink': `${ROOT}/Things(1)/Datastreams`,
    });
    expect(await sta.ok('/Things(1)?$select=name&$expand=Locations($select=id)')).toEqual({
      name: 'Room 1',
      Locations: [{ '@iot.id': 1 }, { '@iot.id': 2 }],
    });
  });

  it(`${CLASS}/orderby`, async () => {
    expect(await ids('/Things?$orderby=name desc')).toEqual([3, 2, 1]);
    expect(await ids('/Datastreams?$orderby=Thing/name desc,id')).toEqual([3, 4, 1, 2]);
    expect(await ids('/Datastreams?$orderby=length(name) desc,name asc')).toEqual([2, 4, 1, 3]);
    // nulls first when ascending, last when descending
    expect((await ids('/Datastreams?$orderby=phenomenonTime'))[0]).toBe(4);
    expect((await ids('/Datastreams?$orderby=phenomenonTime desc')).at(-1)).toBe(4);
    const results = (await sta.list('/Observations?$orderby=result&$filter=result gt -100')).map((o) =>
      Number(o.result),
    );
    expect(results).toEqual([...results].sort((a, b) => a - b));
    // JSON by its text
    expect(await ids('/Locations?$orderby=location desc')).toEqual([2, 1]);
    expect(await ids("/Locations?$orderby=geo.distance(location,geography'POINT (10.4 55.4)')")).toEqual([
      2, 1,
    ]);
    expect(await status('/Things?$orderby=Datastreams/id')).toBe(400);
  });

  it(`${CLASS}/skip`, async () => {
    expect(await ids('/Things?$skip=1')).toEqual([2, 3]);
    expect(await ids('/Things?$skip=99')).toEqual([]);
    expect(await ids('/Things?$skip=1&$top=1&$orderby=id desc')).toEqual([2]);
  });

  it(`${CLASS}/top`, async () => {
    expect(await ids('/Things?$top=2')).toEqual([1, 2]);
    expect(await sta.ok('/Things?$top=0')).toEqual({ value: [] });
    // more than the server gives is cut, not refused
    expect(await ids('/Things?$top=99999999999999999999')).toEqual([1, 2, 3]);
  });

  it(`${CLASS}/count`, async () => {
    expect((await sta.ok('/Things?$count=true&$top=1&$skip=1'))['@iot.count']).toBe(3);
    expect(await sta.ok('/Things?$count=false')).not.toHaveProperty(['@iot.count']);
    expect((await sta.ok("/Things?$count=true&$filter=startswith(name,'Room')"))['@iot.count']).toBe(2);
    const total = (await sta.walk('/Observations?$top=7')).length;
    expect((await sta.ok('/Observations?$count=true&$top=0'))['@iot.count']).toBe(total);
    const own = (await sta.walk('/Datastreams(1)/Observations?$top=2')).length;
    expect((await sta.ok('/Datastreams(1)/Observations?$count=true&$top=1'))['@iot.count']).toBe(own);
    const next = (await sta.ok('/Observations?$count=true&$top=3'))['@iot.nextLink'];
    expect((await sta.ok(String(next)))['@iot.count']).toBe(total);
  });

  it.each([
    ['/Observations', ''],
    ['/Observations', '&$orderby=result desc'],
    ['/Observations', '&$orderby=result'],
    ['/Observations', '&$orderby=phenomenonTime desc'],
    ['/Observations', '&$orderby=phenomenonTime,result&$filter=result gt 1'],
    ['/Observations', '&$orderby=resultTime'],
    ['/Observations', '&$orderby=resultTime desc,result'],
    ['/Observations', '&$orderby=Datastream/Thing/name desc,phenomenonTime desc'],
    ['/Observations', '&$orderby=month(phenomenonTime),length(parameters/text) desc'],
    ['/Observations', '&$orderby=date(resultTime) desc,time(phenomenonTime)'],
    ['/Observations', '&$orderby=result gt 3,validTime'],
    ['/Datastreams(1)/Observations', ''],
    ['/Datastreams(1)/Observations', '&$orderby=phenomenonTime desc'],
    ['/Things(1)/Datastreams', '&$orderby=properties/days,phenomenonTime'],
  ])(`${CLASS}/pagination: the pages of %s?%s are the whole, each once`, async (path, order) => {
    const whole = (await sta.list(`${path}?$top=1000${order}`)).map((entity) => entity['@iot.id']);
    const paged = (await sta.walk(`${path}?$top=2${order}`)).map((entity) => entity['@iot.id']);
    expect(paged).toEqual(whole);
    expect(new Set(paged).size).toBe(paged.length);
    const skipped = (await sta.walk(`${path}?$top=2&$skip=1${order}`)).map((entity) => entity['@iot.id']);
    expect(skipped).toEqual(whole.slice(1));
  });

  it(`${CLASS}/pagination: a link stands on every page but the last`, async () => {
    expect(await sta.ok('/Things?$top=3')).not.toHaveProperty(['@iot.nextLink']);
    expect(await sta.ok('/Things?$top=2')).toHaveProperty(['@iot.nextLink']);
    for (const token of ['x', 'WzFd', 'WyJhIl0', 'W10', 'WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ'])
      expect(await status(`/Things?$skiptoken=${token}`)).toBe(400);
  });

  it(`${CLASS}/filter`, async () => {
    expect(await ids("/Things?$filter=name eq 'Room 2'")).toEqual([2]);
    expect(await ids("/Things?$filter=description eq 'it''s quiet'")).toEqual([2]);
    expect(await ids('/Things?$filter=Datastreams/Observations/result eq 1000.25')).toEqual([2]);
    expect(await ids('/Things?$filter=Datastreams/id eq null')).toEqual([3]);
    expect(
      await ids("/Datastreams?$filter=Thing/name eq 'Room 1' and ObservedProperty/name eq 'CO2'"),
    ).toEqual([1]);
    expect(await ids('/Things?$filter=properties/floor eq 1')).toEqual([1]);
    expect(await ids("/Things?$filter=properties/floor eq '1'")).toEqual([1, 2]);
    expect(await ids('/Things?$filter=not properties/isNew')).toEqual([2]);
    expect(await ids('/Things?$filter=properties/size/m2 gt 50')).toEqual([1]);
    expect(await ids("/Things?$filter=properties/uses[1] eq 'exam'")).toEqual([1]);
    // a null is not different from a value
    const known = (await sta.list('/Observations?$filter=resultTime ne 2000-01-01T00:00:00Z')).map(
      (o) => o.resultTime,
    );
    expect(known.length).toBeGreaterThan(0);
    expect(known).not.toContain(null);
    expect(
      await ids(
        "/Things?$expand=Datastreams($filter=name eq 'Room 1: CO2')&$filter=Datastreams/name eq 'Room 1: CO2'",
      ),
    ).toEqual([1]);
  });

  it(`${CLASS}/built-in-filter-operations`, async () => {
    const count = async (filter: string) => (await ids(`/Datastreams?$filter=${filter}`)).length;
    for (const [filter, expected] of [
      ['id eq 1', 1], ['id ne 1', 3], ['id gt 1', 3], ['id ge 2', 3], ['id lt 2', 1], ['id le 2', 2],
      ['id gt 1 and id lt 4', 2], ['id eq 1 or id eq 3', 2], ['not id eq 1', 3], ['not id lt 3', 2],
      ['id add 1 eq 2', 1], ['id sub 1 eq 0', 1], ['id sub -1 eq 2', 1], ['id mul 2 eq 4', 1], ['id div 2 eq 0.5', 1],
      ['id mod 2 eq 0', 2], ['(id eq 1 or id eq 2) and id gt 1', 1], ['id eq 1 or id eq 2 and id gt 9', 1],
      ['id div 0 eq 1', 0], ['id eq 9223372036854775807', 0], ['id lt 99999999999999999999', 4], ['1 add 2 mul 3 eq 7', 4],
    ] as const) // biome-ignore format: a table
      expect([filter, await count(filter)]).toEqual([filter, expected]);
  });

  it.each([
    ["substringof('CO2',name)", [1, 3]],
    ["endswith(name,'empty')", [4]],
    ["startswith(name,'Room 1')", [1, 2]],
    ['length(name) eq 11', [1, 3]],
    ["indexof(name,'CO2') eq 8", [1, 3]],
    ["substring(name,8) eq 'CO2'", [1, 3]],
    ["substring(name,5,1) eq '1'", [1, 2]],
    ["tolower(name) eq 'room 1: co2'", [1]],
    ["toupper(name) eq 'ROOM 1: CO2'", [1]],
    ["trim(concat(' ',name)) eq 'Room 1: CO2'", [1]],
    ["concat(concat(unitOfMeasurement/symbol,'-'),description) eq 'ppm-d'", [1]],
    ['year(phenomenonTime) eq 2026 and month(phenomenonTime) eq 10 and id eq 1', [1]],
    ['day(2026-11-22T08:15:30.5Z) eq 22 and hour(2026-11-22T08:15:30.5Z) eq 8 and id eq 1', [1]],
    ['minute(2026-11-22T08:15:30.5Z) eq 15 and second(2026-11-22T08:15:30.5Z) eq 30 and id eq 1', [1]],
    ['fractionalseconds(2026-11-22T08:15:30.5Z) eq 0.5 and id eq 1', [1]],
    [
      'date(2026-11-22T08:15:30.5Z) eq 2026-11-22 and time(2026-11-22T08:15:30.5Z) eq 08:15:30.5 and id eq 1',
      [1],
    ],
    ['totaloffsetminutes(now()) eq 0 and id eq 1', [1]],
    ['phenomenonTime gt mindatetime() and phenomenonTime lt maxdatetime() and id eq 1', [1]],
    ['now() gt 2020-01-01T00:00:00Z and id eq 1', [1]],
    ['round(2.5) eq 3 and round(-2.5) eq -3 and floor(2.9) eq 2 and ceiling(2.1) eq 3 and id eq 1', [1]],
    ["2026-01-01T00:00:00Z add duration'P1DT1H' eq 2026-01-02T01:00:00Z and id eq 1", [1]],
    ["2026-01-02T00:00:00Z sub 2026-01-01T00:00:00Z eq duration'P1D' and id eq 1", [1]],
    ["2026-01-01T00:00:00Z add duration'P1D' mul properties/days eq 2026-01-03T00:00:00Z", [1]],
  ])(`${CLASS}/built-in-query-functions: %s`, async (filter, expected) => {
    expect(await ids(`/Datastreams?$filter=${filter}`)).toEqual(expected);
  });

  it.each([
    ["geo.distance(location,geography'POINT (10 55)') lt 0.1", [1]],
    ["geo.distance(location,geography'POINT (10 55)') gt 0.1", [2]],
    ["geo.length(geography'LINESTRING (0 0,0 3)') eq 3 and id eq 1", [1]],
    ["geo.intersects(location,geography'POLYGON ((9 54,10.2 54,10.2 56,9 56,9 54))')", [1]],
    ["st_within(location,geography'POLYGON ((9 54,10.2 54,10.2 56,9 56,9 54))')", [1]],
    ["st_contains(geography'POLYGON ((9 54,10.2 54,10.2 56,9 56,9 54))',location)", [1]],
    ["st_equals(location,geography'POINT (10 55)')", [1]],
    ["st_disjoint(location,geography'POINT (10 55)')", [2]],
    ["st_intersects(location,geography'POINT (10.5 55.5)')", [2]],
    ["st_touches(geography'POLYGON ((9 54,10 54,10 56,9 56,9 54))',location)", [1]],
    ["st_crosses(geography'LINESTRING (0 0,2 2)',geography'LINESTRING (0 2,2 0)') and id eq 1", [1]],
    ["st_overlaps(geography'LINESTRING (0 0,2 2)',geography'LINESTRING (1 1,3 3)') and id eq 1", [1]],
    ["st_relate(location,geography'POINT (10 55)','T********')", [1]],
  ])(`${CLASS}/built-in-query-functions: %s`, async (filter, expected) => {
    expect(await ids(`/Locations?$filter=${filter}`)).toEqual(expected);
  });

  it.each([
    ['before(time,2026-04-01T00:00:00Z)', [1]],
    ['after(time,2026-04-01T00:00:00Z)', [2, 3]],
    ['during(time,2026-01-01T00:00:00Z/2026-02-01T00:00:00Z)', [1]],
    ['overlaps(time,2026-01-01T00:00:00Z/2026-02-01T00:00:00Z)', [1]],
    ['starts(time,2026-01-01T00:00:00Z/2026-02-01T00:00:00Z)', [1]],
    ['finishes(time,2025-01-01T00:00:00Z/2026-01-01T00:00:00Z)', [1]],
    ['meets(time,2025-01-01T00:00:00Z/2026-01-01T00:00:00Z)', [1]],
  ])(`${CLASS}/built-in-query-functions: %s`, async (filter, expected) => {
    expect(await ids(`/HistoricalLocations?$filter=${filter}`)).toEqual(expected);
  });

  it('refuses a geometry that is none, and says why', async () => {
    for (const wkt of [
      'POINT',
      'POINT (1)',
      'POLYGON ((0 0,1 1,2 2,0 1))',
      'CIRCLE (1 1)',
      'POINT (a b)',
      'LINESTRING (1 1)',
    ]) {
      const answer = await sta.get(`/Locations?$filter=geo.intersects(location,geography'${wkt}')`);
      expect([wkt, answer.status, answer.body.code]).toEqual([wkt, 400, 'BAD_QUERY']);
    }
    // readable, but it crosses itself
    const bow = "geography'POLYGON ((0 0,2 2,2 0,0 2,0 0))'";
    expect(
      await status(`/Locations?$filter=st_overlaps(location,${bow}) or st_relate(${bow},${bow},'T********')`),
    ).toBeLessThan(500);
  });
});
