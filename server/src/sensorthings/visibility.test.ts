/** Who may see a row: in sets, paths, filters, orders, counts and expands alike. */
import { ENTITY_KEYS, MODEL } from '@torv/core/sta/model';
import { getLinkName, V1_1 } from '@torv/core/sta/version';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { type Actor, ANONYMOUS, type Role, SYSTEM } from '../access/port.ts';
import { read } from './read.ts';
import { insertWorld, NOW, WORLD } from './world.fixture.ts';

const ROOT = 'https://torv.example.org/sta/v1.1';
/** In every name of what the world hides. */
const HIDDEN = /Secret|Hidden/;

describe.each(DATABASE_KINDS)('what somebody may see on %s', (kind) => {
  let database: TestDatabase;
  let organisation: number;
  beforeAll(async () => {
    database = await createTestDatabase(kind);
    organisation = await insertWorld(database.sql);
  }, 180_000);
  afterAll(() => database?.drop());

  async function ask(actor: Actor, address: string): Promise<string> {
    const [path = '', search = ''] = address.split('?');
    const answer = await read({
      sql: database.boundedSql,
      actor,
      wire: { version: V1_1, root: ROOT },
      path,
      search: encodeURI(search),
      now: NOW,
    });
    return answer.kind === 'json' ? [...answer.chunks].join('') : '';
  }
  const idsOf = async (actor: Actor, address: string): Promise<number[]> =>
    (JSON.parse(await ask(actor, address)) as { value: { '@iot.id': number }[] }).value.map(
      (e) => e['@iot.id'],
    );

  const user = (id: number, role: Role = 'viewer'): Actor => ({
    kind: 'user',
    userId: 1,
    instanceAdmin: false,
    roles: new Map([[id, role]]),
  });
  const screen = (placeId: number): Actor => ({
    kind: 'link',
    linkId: 1,
    organisationId: organisation,
    placeId,
  });

  it('shows strangers what is public alone, however they ask', async () => {
    const strangers: Actor[] = [
      ANONYMOUS,
      user(organisation + 1000, 'administrator'),
      { kind: 'key', keyId: 1, organisationId: organisation, scopes: new Set(['ingest']) },
    ];
    for (const actor of strangers) {
      for (const entity of ENTITY_KEYS) {
        const { set } = V1_1.entities[entity];
        const links = Object.keys(MODEL[entity].links).map((key) => getLinkName(V1_1, entity, key));
        const text = await ask(actor, `/${set}?$expand=${links.join(',')}&$count=true&$top=1000`);
        expect(text).not.toMatch(HIDDEN);
        const { '@iot.count': count, value } = JSON.parse(text) as { '@iot.count': number; value: unknown[] };
        expect([set, count]).toEqual([set, value.length]);
        for (const row of WORLD[entity].filter((one) => !one.isPublic && entity !== 'observation')) {
          await expect(ask(actor, `/${set}(${row.id})`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
          for (const link of links)
            await expect(ask(actor, `/${set}(${row.id})/${link}`)).rejects.toMatchObject({
              code: 'NOT_FOUND',
            });
        }
      }
    }
  });

  it('tells nothing about hidden rows through filters and orders', async () => {
    const [hidden] = WORLD.observation.filter((row) => row.links.datastream?.includes(5));
    await expect(ask(ANONYMOUS, `/Observations(${hidden?.id})`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ask(ANONYMOUS, `/Observations(${hidden?.id})/result`)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    for (const [address, expected] of [
      ["/Things?$filter=Datastreams/name eq 'Secret'", []],
      ['/Things?$filter=Datastreams/Observations/result eq 8 and Datastreams/id eq 5', []],
      [`/Things?$filter=Datastreams/Observations/id eq ${hidden?.id}`, []],
      ["/Sensors?$filter=name eq 'Hidden'", []],
      ["/ObservedProperties?$filter=Datastreams/Sensor/name eq 'Hidden'", []],
      ["/Datastreams?$filter=Thing/Datastreams/name eq 'Secret'", []],
      ['/Locations?$orderby=name desc', [2, 1]],
    ] as const)
      expect([address, await idsOf(ANONYMOUS, address)]).toEqual([address, expected]);
    // a hidden sensor is as if there were none
    expect(await idsOf(ANONYMOUS, '/Datastreams?$filter=Sensor/id eq null')).toEqual([]);
  });

  it('shows members everything of their organisation', async () => {
    for (const actor of [user(organisation), SYSTEM]) {
      for (const entity of ENTITY_KEYS) {
        const { set } = V1_1.entities[entity];
        const ids = await idsOf(actor, `/${set}?$top=1000`);
        expect([...ids].sort((a, b) => a - b)).toEqual(
          WORLD[entity].map((row) => row.id).sort((a, b) => a - b),
        );
      }
    }
  });

  it("shows a room's screen its own room, and of the rest only what is public", async () => {
    expect(await idsOf(screen(4), '/Things')).toEqual([1, 2, 3, 4]);
    expect(await idsOf(screen(4), '/Things(4)/Locations')).toEqual([3]);
    expect(await idsOf(screen(4), '/Things(4)/HistoricalLocations')).toEqual([4]);
    expect(await idsOf(screen(4), '/Datastreams')).toEqual([1, 2, 3, 4]);
    expect(await idsOf(screen(1), '/Things')).toEqual([1, 2, 3]);
    expect(await idsOf(screen(1), '/Datastreams')).toEqual([1, 2, 3, 4, 5]);
    expect(await idsOf(screen(1), '/Sensors')).toEqual([1, 2, 3]);
    expect((await idsOf(screen(1), '/Datastreams(5)/Observations')).length).toBeGreaterThan(0);
    expect(await idsOf(screen(2), '/Datastreams')).toEqual([1, 2, 3, 4]);
  });

  it('shows strangers of what Torv knows to measure only what is measured where they may look', async () => {
    const { sql } = database;
    const [made] = await sql<{ id: number }[]>`
      INSERT INTO observed_properties (organisation_id, key, name, definition, visibility)
      VALUES (${organisation}, 'known', 'Known', 'urn:known', 'public') RETURNING id`;
    const id = made?.id ?? 0;
    const sees = async (actor: Actor) => (await idsOf(actor, '/ObservedProperties')).includes(id);
    expect([await sees(ANONYMOUS), await sees(user(organisation))]).toEqual([false, true]);
    await expect(ask(ANONYMOUS, `/ObservedProperties(${id})`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const observe = (datastream: number) =>
      sql`UPDATE datastreams SET observed_property_id = ${id} WHERE id = ${datastream}`;
    // internal
    await observe(5);
    expect(await sees(ANONYMOUS)).toBe(false);
    await observe(1);
    expect(await sees(ANONYMOUS)).toBe(true);
    expect(await idsOf(ANONYMOUS, `/Datastreams?$filter=ObservedProperty/id eq ${id}`)).toEqual([1]);
  });
});
