/** Pages of a Datastream that is looked into month by month are the pages of the whole, however its moments lie. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE_KINDS } from '../../test/database.ts';
import type { Json } from '../../test/sensorthings.ts';
import { createTown, createWrites, type Writes } from '../../test/sensorthings-writes.ts';

/** Of a crowd in one month, single ones years apart, two at one moment, and far ends. */
const MOMENTS: readonly string[] = [
  '0500-01-01T00:00:00Z',
  '1850-06-01T12:00:00.123456Z',
  ...Array.from({ length: 60 }, (_, n) => new Date(Date.UTC(2019, 2, 1) + n * 60_000).toISOString()),
  '2019-03-31T23:59:59.999999Z',
  '2019-04-01T00:00:00Z',
  '2021-12-31T23:59:59.9999Z',
  '2022-01-01T00:00:00Z',
  '2022-01-01T00:00:00Z',
  '2024-02-29T12:00:00Z/2024-03-02T12:00:00Z',
  '2024-02-29T12:00:00Z',
  '2026-05-05T05:05:05.000001Z',
  '9500-12-31T23:59:59Z',
];

const startOf = (time: unknown): string => String(time).split('/')[0] ?? '';

describe.each(DATABASE_KINDS)('a Datastream in the order of time on %s', (kind) => {
  let writes: Writes;
  const datastreams: { readonly path: string; readonly moments: readonly string[] }[] = [];
  beforeAll(async () => {
    writes = await createWrites(kind);
    const towns = await createTown(writes, 5);
    const parts = [MOMENTS, MOMENTS.slice(2, -1), MOMENTS.slice(1, 63), MOMENTS.slice(66, 67), []];
    for (const [i, moments] of parts.entries()) {
      const path = `/Datastreams(${towns[i]?.datastream})/Observations`;
      // the last first: ids do not follow time
      for (const phenomenonTime of [...moments].reverse())
        await writes.create(path, { phenomenonTime, result: i });
      datastreams.push({ path, moments });
    }
  }, 180_000);
  afterAll(() => writes?.test.close());

  async function walk(path: string): Promise<readonly Json[]> {
    const all: Json[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply = await writes.send('GET', next);
      expect(reply.status, `${next}: ${reply.text}`).toBe(200);
      all.push(...(reply.body.value as Json[]));
      next = reply.body['@iot.nextLink'] as string | undefined;
    }
    return all;
  }

  it.each([
    '',
    '&$orderby=phenomenonTime',
    '&$orderby=phenomenonTime desc',
    '&$orderby=phenomenonTime desc,id',
  ])('has every Observation once, page by page with %j', async (order) => {
    for (const { path, moments } of datastreams) {
      for (const top of [1, 7, 64]) {
        const all = await walk(`${path}?$top=${top}${order}`);
        expect(new Set(all.map((one) => one['@iot.id'])).size).toBe(moments.length);
        // the same as with a filter that everything meets, which is not looked for by month
        const whole = await walk(`${path}?$filter=id gt 0&$top=1000${order}`);
        expect(all).toEqual(whole);
        const starts = all.map((one) => startOf(one.phenomenonTime));
        expect(starts.length).toBe(moments.length);
      }
    }
  });

  it('has the same pages with $skip, none beyond the end, and its count', async () => {
    for (const { path, moments } of datastreams) {
      for (const skip of [3, 61, 100]) {
        const order = '$orderby=phenomenonTime desc&$count=true&$top=5';
        const page = await writes.ok(`${path}?${order}&$skip=${skip}`);
        const whole = await writes.ok(`${path}?${order}&$skip=${skip}&$filter=id gt 0`);
        expect(page.value).toEqual(whole.value);
        expect(page['@iot.count']).toBe(moments.length);
        expect(page['@iot.nextLink'] === undefined).toBe(whole['@iot.nextLink'] === undefined);
      }
      expect((await writes.ok(`${path}?$top=0&$count=true`))['@iot.count']).toBe(moments.length);
    }
  });

  it('tells its latest one when expanded, and whether there are more', async () => {
    for (const { path, moments } of datastreams) {
      const own = path.replace('/Observations', '');
      for (const order of ['phenomenonTime desc', 'phenomenonTime desc,id desc']) {
        const latest = await writes.ok(`${own}?$expand=Observations($top=1;$orderby=${order})`);
        const page = await writes.ok(`${path}?$top=1&$orderby=${order}`);
        expect(latest.Observations).toEqual(page.value);
        const next = latest['Observations@iot.nextLink'];
        expect(next === undefined).toBe(moments.length < 2);
        if (next !== undefined) expect((await walk(String(next))).length).toBe(moments.length - 1);
      }
    }
  });

  it('refuses places that are none, and has nothing where nothing is', async () => {
    const path = datastreams[0]?.path ?? '';
    for (const token of ['x', Buffer.from('["yesterday","1"]').toString('base64url')])
      expect((await writes.send('GET', `${path}?$skiptoken=${token}`)).status).toBe(400);
    expect((await writes.send('GET', '/Datastreams(999999)/Observations')).status).toBe(404);
    expect((await writes.send('GET', path, undefined, { key: writes.strangersKey })).status).toBe(404);
  });
});
