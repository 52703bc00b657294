/** Two organisations and everybody who may come: for the role test. Made by the real doors where there are some. */
import { SYSTEM } from '../../src/access/port.ts';
import { hashSecret } from '../../src/access/secrets.ts';
import { createSession } from '../../src/access/session-store.ts';
import { createPlace } from '../../src/registry/place-store.ts';
import type { TestApp } from '../app.ts';
import { ask, expectStatus, found, join, PASSWORD, toSecret, toSession } from '../people.ts';

export const CALLERS = [
  'anonymous',
  'viewer',
  'editor',
  'administrator',
  'outsider',
  'instance',
  'read key',
  'write key',
  'ingest key',
  'screen',
] as const;
export type Caller = (typeof CALLERS)[number];

/** Stands in every name of the organisation that the examples ask for. */
export const MARK = 'hemmelig';
/** Stands in the names that even its screen and its ingest key have no business with. */
export const FOREIGN_MARK = 'hemmelig nabo';

export interface World {
  readonly test: TestApp;
  readonly organisation: number;
  readonly site: number;
  readonly room: number;
  readonly neighbour: number;
  readonly device: number;
  readonly contactRole: number;
  readonly codec: number;
  readonly rule: number;
  readonly batch: number;
  readonly group: number;
  readonly source: number;
  readonly job: number;
  /** A member whom the examples may ask about. */
  readonly member: number;
  readonly sessions: Readonly<Partial<Record<Caller, string>>>;
  readonly headers: Readonly<Partial<Record<Caller, Readonly<Record<string, string>>>>>;
  readonly secrets: readonly string[];
}

const ORGANISATION = { country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' };

export async function createWorld(test: TestApp): Promise<World> {
  const { sql } = test.database;
  const founder = await found(test, `By ${MARK}`);
  const organisation = founder.organisationId;
  const administrator = await join(
    test,
    founder.session,
    organisation,
    'administrator',
    `administrator@${MARK}.example`,
  );
  const editor = await join(test, founder.session, organisation, 'editor', `editor@${MARK}.example`);
  const viewer = await join(test, founder.session, organisation, 'viewer', `viewer@${MARK}.example`);
  const member = await join(test, founder.session, organisation, 'viewer', `member@${MARK}.example`);
  const elsewhere = expectStatus(
    await ask(test, 'POST', '/api/v1/organisations', {
      session: founder.session,
      body: { ...ORGANISATION, name: 'Anden by' },
    }),
    201,
  );
  const outsider = await join(
    test,
    founder.session,
    Number(elsewhere.body.id),
    'administrator',
    'outsider@anden.example',
  );
  // who runs the installation belongs to no organisation from here on
  await sql`DELETE FROM memberships WHERE user_id = ${founder.id}`;

  const places = await sql.begin(async (tx) => {
    const site = await createPlace(tx, SYSTEM, organisation, {
      name: `Skole ${FOREIGN_MARK}`,
      kind: 'site',
      position: [10.2, 56.1],
    });
    const room = await createPlace(tx, SYSTEM, organisation, {
      name: `Rum ${MARK}`,
      kind: 'room',
      parentId: site.id,
    });
    const neighbour = await createPlace(tx, SYSTEM, organisation, {
      name: `Rum ${FOREIGN_MARK}`,
      kind: 'room',
      parentId: site.id,
    });
    return { site: site.id, room: room.id, neighbour: neighbour.id };
  });
  const contact = expectStatus(
    await ask(test, 'POST', `/api/v1/contact-roles?organisation=${organisation}`, {
      session: administrator.session,
      body: { name: `Pedel ${FOREIGN_MARK}`, mailbox: 'pedel@skole.example' },
    }),
    201,
  );
  const [device] = await sql<{ id: number }[]>`
    INSERT INTO devices (organisation_id, dev_eui, state, name, notes)
    VALUES (${organisation}, 'a81758fffe0000aa', 'claimed', ${`Føler ${FOREIGN_MARK}`}, ${FOREIGN_MARK}) RETURNING id`;

  const make = async (path: string, body: unknown): Promise<number> => {
    const url = `/api/v1/${path}?organisation=${organisation}`;
    const answer = await ask(test, 'POST', url, { session: administrator.session, body });
    if (answer.status !== 201) throw new Error(`${url} answered ${answer.status}: ${answer.text}`);
    return Number(answer.body.id);
  };
  const rule = await make('claim-rules', {
    name: `Regel ${FOREIGN_MARK}`,
    namePattern: 'nothing-*',
    nameTemplate: 'Ny',
  });
  const years = [{ schoolYear: 2026, name: `7A ${FOREIGN_MARK}`, people: 20 }];
  const group = await make('groups', { siteId: places.site, years, rooms: [] });
  const source = await make('sources', { name: `Kilde ${FOREIGN_MARK}`, kind: 'webhook', format: 'torv' });
  const [codec] = await sql<{ id: number }[]>`
    WITH made AS (
      INSERT INTO codecs (organisation_id, key, vendor, model, title, origin)
      VALUES (${organisation}, 'own/model', 'Own', 'Model', ${FOREIGN_MARK}, 'written') RETURNING id
    )
    INSERT INTO codec_versions (codec_id, number, script, script_hash, description)
    SELECT id, 1, ${`// ${FOREIGN_MARK}`}, 'none', '{"mapping":[]}' FROM made RETURNING codec_id AS id`;
  const [job] = await sql<{ id: number }[]>`
    INSERT INTO jobs (organisation_id, kind, state, message) VALUES (${organisation}, 'redecode', 'done', ${FOREIGN_MARK}) RETURNING id`;
  const [batch] = await sql<{ id: number }[]>`
    INSERT INTO claim_batches (organisation_id) VALUES (${organisation}) RETURNING id`;

  const key = async (scopes: string[]): Promise<string> =>
    String(
      expectStatus(
        await ask(test, 'POST', `/api/v1/keys?organisation=${organisation}`, {
          session: administrator.session,
          body: { name: `Nøgle ${FOREIGN_MARK}`, scopes },
        }),
        201,
      ).body.text,
    );
  const keys = { read: await key(['read']), write: await key(['write']), ingest: await key(['ingest']) };
  const screen = expectStatus(
    await ask(test, 'POST', `/api/v1/places/${places.room}/screens`, {
      session: administrator.session,
      body: {},
    }),
    201,
  );
  const screenSecret = toSecret(screen.body.link);

  const sessions = {
    viewer: viewer.session,
    editor: editor.session,
    administrator: administrator.session,
    outsider: outsider.session,
    instance: founder.session,
  };
  return {
    test,
    organisation,
    ...places,
    device: Number(device?.id),
    contactRole: Number(contact.body.id),
    codec: Number(codec?.id),
    rule,
    batch: Number(batch?.id),
    group,
    source,
    job: Number(job?.id),
    member: member.id,
    sessions,
    headers: {
      'read key': { authorization: `Bearer ${keys.read}` },
      'write key': { 'x-api-key': keys.write },
      'ingest key': { authorization: `Bearer ${keys.ingest}` },
      screen: { authorization: `Torv-Link ${screenSecret}` },
    },
    secrets: [...Object.values(sessions), ...Object.values(keys), screenSecret, PASSWORD],
  };
}

/** A session of a caller that a route may end, so that the walk goes on. Callers without an account have none. */
export async function freshSession(world: World, caller: Caller): Promise<string | undefined> {
  const session = world.sessions[caller];
  if (session === undefined) return undefined;
  const [row] = await world.test.database.sql<{ email: string }[]>`
    SELECT u.email FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ${hashSecret(session)}`;
  return toSession(
    await ask(world.test, 'POST', '/api/v1/session', {
      body: { email: String(row?.email), password: PASSWORD },
      address: '198.51.100.1',
    }),
  );
}

/** A row that a route may use up. */
export async function freshLink(world: World, kind: 'invitation' | 'room-screen'): Promise<number> {
  const [row] = await world.test.database.sql<{ id: number }[]>`
    INSERT INTO links (kind, secret_hash, organisation_id, place_id, email, role, expires_at)
    VALUES (${kind}, ${hashSecret(crypto.randomUUID())}, ${world.organisation}, ${kind === 'room-screen' ? world.room : null},
      ${kind === 'invitation' ? `invited@${FOREIGN_MARK.replace(' ', '-')}.example` : null}, ${kind === 'invitation' ? 'viewer' : null}, now() + interval '1 day')
    RETURNING id`;
  return Number(row?.id);
}

export async function freshKey(world: World): Promise<number> {
  const [row] = await world.test.database.sql<{ id: number }[]>`
    INSERT INTO api_keys (organisation_id, name, key_hash, hint, scopes)
    VALUES (${world.organisation}, ${FOREIGN_MARK}, ${hashSecret(crypto.randomUUID())}, 'torv_aaaaaaaa', '{read}') RETURNING id`;
  return Number(row?.id);
}

export async function findSessionId(world: World, session: string): Promise<number> {
  const [row] = await world.test.database.sql<
    { id: number }[]
  >`SELECT id FROM sessions WHERE token_hash = ${hashSecret(session)}`;
  return Number(row?.id);
}

export async function throwawaySession(world: World): Promise<string> {
  const { sql } = world.test.database;
  const [user] = await sql<
    { id: number }[]
  >`INSERT INTO users (email) VALUES (${`${crypto.randomUUID()}@anden.example`}) RETURNING id`;
  return createSession(sql, Number(user?.id), '', world.test.now());
}
