/**
 * Two people on one form: whoever comes second is refused and shown the text that stands there now, beside which his
 * own stands in his form; nothing is lost. The same for everything that is edited, as a table.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './app.ts';
import { DATABASE_KINDS } from './database.ts';
import { createWorld, type World } from './fitness/roles-world.ts';
import { ask } from './people.ts';
import { until } from './until.ts';

interface Editable {
  readonly table: string;
  readonly id: (world: World) => number;
  readonly url: (world: World) => string;
  /** What the first and the second of the two write. */
  readonly first: Readonly<Record<string, unknown>>;
  readonly second: Readonly<Record<string, unknown>>;
}

const within = (w: World) => `organisation=${w.organisation}`;

const EDITABLE: Readonly<Record<string, Editable>> = {
  place: {
    ...{ table: 'things', id: (w) => w.room, url: (w) => `places/${w.room}` },
    ...{ first: { description: 'Mod gården' }, second: { description: 'Mod vejen' } },
  },
  device: {
    ...{ table: 'devices', id: (w) => w.device, url: (w) => `devices/${w.device}` },
    ...{ first: { serial: 'A' }, second: { serial: 'B' } },
  },
  organisation: {
    ...{ table: 'organisations', id: (w) => w.organisation, url: (w) => `organisations/${w.organisation}` },
    ...{ first: { locale: 'en' }, second: { locale: 'sv' } },
  },
  'contact role': {
    ...{ table: 'contact_roles', id: (w) => w.contactRole, url: (w) => `contact-roles/${w.contactRole}` },
    ...{ first: { mailbox: 'a@skole.example' }, second: { mailbox: 'b@skole.example' } },
  },
  'claim rule': {
    ...{ table: 'claim_rules', id: (w) => w.rule, url: (w) => `claim-rules/${w.rule}` },
    ...{ first: { name: 'Rule A' }, second: { name: 'Rule B' } },
  },
  group: {
    ...{ table: 'groups', id: (w) => w.group, url: (w) => `groups/${w.group}` },
    ...{
      first: { years: [{ schoolYear: 2026, name: '7A', people: 21 }] },
      second: { years: [{ schoolYear: 2026, name: '7A', people: 22 }] },
    },
  },
  source: {
    ...{ table: 'sources', id: (w) => w.source, url: (w) => `sources/${w.source}` },
    ...{ first: { name: 'Source A' }, second: { name: 'Source B' } },
  },
  role: {
    ...{ table: 'memberships', id: (w) => w.member, url: (w) => `users/${w.member}?${within(w)}` },
    ...{ first: { role: 'editor' }, second: { role: 'administrator' } },
  },
};
const NAMES = Object.keys(EDITABLE);

describe.each(DATABASE_KINDS)('two people on one form, on %s', (kind) => {
  let test: TestApp;
  let world: World;
  beforeAll(async () => {
    test = await createTestApp(kind);
    world = await createWorld(test);
  });
  afterAll(() => test?.close());

  const toEditable = (name: string): Editable => {
    const editable = EDITABLE[name];
    if (editable === undefined) throw new Error(`There is no ${name} in the table`);
    return editable;
  };
  const patch = (name: string, body: object, version: number) =>
    ask(test, 'PATCH', `/api/v1/${toEditable(name).url(world)}`, {
      session: world.sessions.administrator,
      body,
      version,
    });
  const column = (name: string) => (toEditable(name).table === 'memberships' ? 'user_id' : 'id');
  async function findVersion(name: string): Promise<number> {
    const { table, id } = toEditable(name);
    const [row] = await test.database.sql<{ version: number }[]>`
      SELECT version FROM ${test.database.sql(table)} WHERE ${test.database.sql(column(name))} = ${id(world)}`;
    return Number(row?.version);
  }

  it.each(NAMES)('shows the other text of a %s, and keeps it', async (name) => {
    const { first, second } = toEditable(name);
    const version = await findVersion(name);
    expect((await patch(name, first, version)).status).toBe(200);
    const late = await patch(name, second, version);
    expect([late.status, late.body.code]).toEqual([412, 'VERSION_CONFLICT']);
    expect(late.body.current).toMatchObject({ ...first, version: version + 1 });
    expect(await findVersion(name)).toBe(version + 1);
    // Having read the other text he may write his own over it.
    const again = await patch(name, second, version + 1);
    expect([again.status, again.body]).toMatchObject([200, second]);
  });

  // The embedded database runs one transaction at a time: the second only begins when the first has ended. Roles of
  // an organisation are changed one after the other everywhere.
  const itAtOnce =
    kind === 'postgresql' ? it.each(NAMES.filter((name) => name !== 'role')) : () => () => undefined;
  itAtOnce('shows the text of a %s that was being saved while he saved his own', async (name) => {
    const { table, id, second } = toEditable(name);
    const { sql } = test.database;
    const version = await findVersion(name);
    let saving: ReturnType<typeof patch> | undefined;
    await sql.begin(async (tx) => {
      await tx`UPDATE ${tx(table)} SET version = version + 1 WHERE ${tx(column(name))} = ${id(world)}`;
      saving = patch(name, second, version);
      await until(async () => {
        const [row] = await sql<{ n: number }[]>`
          SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row?.n === 1;
      });
    });
    const late = await saving;
    expect([late?.status, late?.body.code]).toEqual([412, 'VERSION_CONFLICT']);
    expect(late?.body.current).toMatchObject({ version: version + 1 });
  });
});
