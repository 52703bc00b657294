/** Roles, keys, screens, contacts, organisations and the audit list, as members and strangers meet them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { type Answer, ask, expectStatus, type Founded, found, join, type Person } from '../../test/people.ts';
import { createPlace } from '../registry/place-store.ts';
import { findDeadKeys, findKeyActor } from './key-store.ts';
import { SYSTEM } from './port.ts';
import { requirePublishable } from './visibility-store.ts';

const DAY_MS = 86_400_000;

describe.each(DATABASE_KINDS)('an organisation on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  let deputy: Person;
  let viewer: Person;
  let organisation: number;
  beforeAll(async () => {
    test = await createTestApp(kind);
    founder = await found(test);
    organisation = founder.organisationId;
    deputy = await join(test, founder.session, organisation, 'administrator', 'deputy@skaering.example');
    viewer = await join(test, founder.session, organisation, 'viewer', 'viewer@skaering.example');
  });
  afterAll(() => test?.close());

  const member = async (id: number) =>
    (await ask(test, 'GET', `/api/v1/users/${id}?organisation=${organisation}`, { session: founder.session }))
      .body as { role: string; version: number };
  const setRole = (by: Person, id: number, role: string, version: number) =>
    ask(test, 'PATCH', `/api/v1/users/${id}?organisation=${organisation}`, {
      session: by.session,
      version,
      body: { role },
    });

  describe('roles', () => {
    it('are changed by an administrator, with the version that he read', async () => {
      const { version } = await member(viewer.id);
      expect((await setRole(deputy, viewer.id, 'editor', version + 5)).body).toMatchObject({
        status: 412,
        current: { role: 'viewer', version },
      });
      const changed = expectStatus(await setRole(deputy, viewer.id, 'editor', version), 200);
      expect(changed.headers.etag).toBe(`"${version + 1}"`);
      expectStatus(await setRole(deputy, viewer.id, 'viewer', version + 1), 200);
    });

    it('count from the next request on', async () => {
      const url = `/api/v1/contact-roles?organisation=${organisation}`;
      expectStatus(
        await ask(test, 'POST', url, { session: viewer.session, body: { name: 'Caretaker, north' } }),
        403,
      );
      expectStatus(await setRole(founder, viewer.id, 'editor', (await member(viewer.id)).version), 200);
      expectStatus(
        await ask(test, 'POST', url, { session: viewer.session, body: { name: 'Caretaker, north' } }),
        201,
      );
      expectStatus(await setRole(founder, viewer.id, 'viewer', (await member(viewer.id)).version), 200);
      expectStatus(
        await ask(test, 'POST', url, { session: viewer.session, body: { name: 'Caretaker, south' } }),
        403,
      );
    });

    it('cannot be raised by their holder, nor into the installation', async () => {
      const { version } = await member(viewer.id);
      expectStatus(await setRole(viewer, viewer.id, 'administrator', version), 403);
      expect(
        (
          await ask(test, 'PATCH', '/api/v1/me', {
            session: deputy.session,
            version: 1,
            body: { instanceAdmin: true },
          })
        ).status,
      ).toBe(400);
      expect(
        (
          await ask(test, 'POST', '/api/v1/organisations', {
            session: deputy.session,
            body: { name: 'Mine', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
          })
        ).status,
      ).toBe(403);
    });

    it('always leave one administrator, also when two demote each other at the same moment', async () => {
      const [first, second] = [await member(founder.id), await member(deputy.id)];
      const both = await Promise.all([
        setRole(deputy, founder.id, 'viewer', first.version),
        setRole(founder, deputy.id, 'viewer', second.version),
      ]);
      expect(both.map((one: Answer) => one.status).sort()).not.toEqual([200, 200]);
      const [row] = await test.database.sql<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM memberships WHERE organisation_id = ${organisation} AND role = 'administrator'`;
      expect(row?.n).toBe(1);
      const left = both[0]?.status === 200 ? deputy : founder;
      const refused = await setRole(
        left,
        left.id,
        'viewer',
        (
          await ask(test, 'GET', `/api/v1/users/${left.id}?organisation=${organisation}`, {
            session: left.session,
          })
        ).body.version as number,
      );
      expect(refused.body).toMatchObject({ status: 409, code: 'IN_USE' });
      await test.database
        .sql`UPDATE memberships SET role = 'administrator', version = version + 1 WHERE user_id IN (${founder.id}, ${deputy.id})`;
    });

    it('end with the membership, and an account that nothing needs any more goes too', async () => {
      const guest = await join(test, founder.session, organisation, 'viewer', 'guest@skaering.example');
      expectStatus(
        await ask(test, 'DELETE', `/api/v1/users/${guest.id}?organisation=${organisation}`, {
          session: founder.session,
        }),
        428,
      );
      expectStatus(
        await ask(test, 'DELETE', `/api/v1/users/${guest.id}?organisation=${organisation}`, {
          session: founder.session,
          version: 1,
        }),
        204,
      );
      expect((await ask(test, 'GET', '/api/v1/session', { session: guest.session })).body.user).toBeNull();
      expect(await test.database.sql`SELECT FROM users WHERE id = ${guest.id}`).toHaveLength(0);
    });
  });

  describe('keys', () => {
    const create = async (body: object) =>
      ask(test, 'POST', `/api/v1/keys?organisation=${organisation}`, { session: founder.session, body });
    const tryKey = (text: string, headers: Record<string, string> = { authorization: `Bearer ${text}` }) =>
      ask(test, 'GET', `/api/v1/contact-roles?organisation=${organisation}`, { headers });

    it('are shown once, kept hashed, and open by either header but never from the address', async () => {
      const made = expectStatus(await create({ name: 'Dashboard', scopes: ['read'] }), 201);
      const text = String(made.body.text);
      expect(text).toMatch(/^torv_[a-z2-7]{8}_[\w-]{43}$/);
      expect((made.body.key as { hint: string }).hint).toBe(text.slice(0, 13));
      expect((await tryKey(text)).status).toBe(200);
      expect((await tryKey(text, { 'x-api-key': text })).status).toBe(200);
      expect(
        (await ask(test, 'GET', `/api/v1/contact-roles?organisation=${organisation}&api_key=${text}`)).status,
      ).not.toBe(200);
      const list = await ask(test, 'GET', `/api/v1/keys?organisation=${organisation}`, {
        session: founder.session,
      });
      expect(list.text).not.toContain(text.slice(14));
      expect((list.body.keys as { lastUsedAt: string }[])[0]?.lastUsedAt).not.toBeNull();
      const rows = await test.database
        .sql`SELECT k::text || (SELECT string_agg(a::text, '') FROM audit a) AS text FROM api_keys k`;
      expect(JSON.stringify(rows)).not.toContain(text.slice(14));
    });

    it('note their use at most once a minute', async () => {
      const text = String((await create({ name: 'Busy', scopes: ['read'] })).body.text);
      const used = async () => {
        await tryKey(text);
        const [row] = await test.database.sql<
          { at: string }[]
        >`SELECT last_used_at AS at FROM api_keys WHERE hint = ${text.slice(0, 13)}`;
        return row?.at;
      };
      const first = await used();
      expect(await used()).toBe(first);
      test.pass(61_000);
      expect(await used()).not.toBe(first);
    });

    it('do what their scopes say and are never administrators', async () => {
      const read = String((await create({ name: 'Read', scopes: ['read'] })).body.text);
      const write = String((await create({ name: 'Write', scopes: ['write'] })).body.text);
      const ingest = String((await create({ name: 'Ingest', scopes: ['ingest'] })).body.text);
      const post = (text: string, name: string) =>
        ask(test, 'POST', `/api/v1/contact-roles?organisation=${organisation}`, {
          headers: { 'x-api-key': text },
          body: { name },
        });
      expect((await post(read, 'By key 1')).status).toBe(403);
      expect((await post(write, 'By key 2')).status).toBe(201);
      expect((await tryKey(ingest)).status).toBe(403);
      expect(
        (
          await ask(test, 'GET', `/api/v1/keys?organisation=${organisation}`, {
            headers: { 'x-api-key': write },
          })
        ).status,
      ).toBe(403);
      expect(
        (
          await ask(test, 'PATCH', '/api/v1/me', {
            headers: { 'x-api-key': write },
            version: 1,
            body: { name: 'Key' },
          })
        ).status,
      ).toBe(403);
    });

    it('end when they are revoked or expire, also for a connection that is open', async () => {
      const made = (
        await create({
          name: 'Short',
          scopes: ['ingest', 'read'],
          expiresAt: new Date(test.now() + DAY_MS).toISOString(),
        })
      ).body;
      const text = String(made.text);
      const actor = await findKeyActor(test.database.sql, text, test.now());
      expect(actor).toMatchObject({
        kind: 'key',
        organisationId: organisation,
        scopes: new Set(['ingest', 'read']),
      });
      const id = Number(actor?.keyId);
      expect(await findDeadKeys(test.database.sql, [id], test.now())).toEqual([]);
      expect(await findDeadKeys(test.database.sql, [id, 4711], test.now() + 2 * DAY_MS)).toEqual([id, 4711]);
      expect(await findKeyActor(test.database.sql, text, test.now() + 2 * DAY_MS)).toBeUndefined();
      expectStatus(await ask(test, 'DELETE', `/api/v1/keys/${id}`, { session: founder.session }), 204);
      expectStatus(await ask(test, 'DELETE', `/api/v1/keys/${id}`, { session: founder.session }), 204);
      expect((await tryKey(text)).body).toMatchObject({ status: 401, code: 'BAD_KEY' });
      expect(await findDeadKeys(test.database.sql, [id], test.now())).toEqual([id]);
      expect(
        (await create({ name: 'Past', scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' })).body,
      ).toMatchObject({ status: 400, at: 'body/expiresAt' });
    });

    it.each([
      'Bearer',
      'Bearer x',
      'Basic dXNlcjpwdw==',
      `Bearer torv_aaaaaaaa_${'A'.repeat(43)}`,
      `Torv-Link ${'A'.repeat(43)}`,
    ])('are not taken for "%s"', async (authorization) => {
      const answer = await ask(test, 'GET', '/api/v1/session', { headers: { authorization } });
      expect([401, 403]).toContain(answer.status);
      expect(answer.text).not.toContain('AAAAA');
    });
  });

  describe('the screen of a room', () => {
    it('opens its room and nothing else, until it is revoked or expires', async () => {
      const room = await test.database.sql.begin(async (tx) => {
        const site = await createPlace(tx, SYSTEM, organisation, { name: 'Skovskolen', kind: 'site' });
        return createPlace(tx, SYSTEM, organisation, { name: '7A', kind: 'room', parentId: site.id });
      });
      const url = `/api/v1/places/${room.id}/screens`;
      expectStatus(await ask(test, 'POST', url, { session: viewer.session, body: {} }), 403);
      const make = async () =>
        expectStatus(await ask(test, 'POST', url, { session: founder.session, body: { days: 30 } }), 201);
      const made = (await make()).body;
      const secret = String(made.link).split('#')[1];
      const open = (path: string) =>
        ask(test, 'GET', path, { headers: { authorization: `Torv-Link ${secret}` } });
      expectStatus(await open(`/api/v1/places/${room.id}`), 200);
      expectStatus(await open(`/api/v1/places/${room.parentId}`), 404);
      expectStatus(await open(`/api/v1/contact-roles?organisation=${organisation}`), 403);
      expectStatus(await open('/api/v1/me'), 403);
      expectStatus(await open(url), 403);
      const list = (await ask(test, 'GET', url, { session: founder.session })).body.screens as {
        id: number;
      }[];
      expect(list.map((one) => one.id)).toEqual([made.id]);
      expectStatus(await ask(test, 'DELETE', `${url}/${made.id}`, { session: founder.session }), 204);
      expect((await open(`/api/v1/places/${room.id}`)).body).toMatchObject({
        status: 403,
        code: 'LINK_USED',
      });
      const second = (await make()).body;
      test.pass(30 * DAY_MS + 1);
      const late = await ask(test, 'GET', `/api/v1/places/${room.id}`, {
        headers: { authorization: `Torv-Link ${String(second.link).split('#')[1]}` },
      });
      expect(late.status).toBe(403);
      test.pass(-30 * DAY_MS - 1);
    });
  });

  describe('contacts', () => {
    it('are named once, changed by version, and kept while a device names them', async () => {
      const url = '/api/v1/contact-roles';
      const made = expectStatus(
        await ask(test, 'POST', `${url}?organisation=${organisation}`, {
          session: founder.session,
          body: { name: 'Energy', mailbox: 'energy@skaering.example' },
        }),
        201,
      );
      const id = Number(made.body.id);
      expectStatus(
        await ask(test, 'POST', `${url}?organisation=${organisation}`, {
          session: founder.session,
          body: { name: 'Energy' },
        }),
        409,
      );
      expectStatus(
        await ask(test, 'PATCH', `${url}/${id}`, {
          session: founder.session,
          version: 1,
          body: { name: 'Energy and water' },
        }),
        200,
      );
      expect(
        (
          await ask(test, 'PATCH', `${url}/${id}`, {
            session: deputy.session,
            version: 1,
            body: { name: 'Other' },
          })
        ).body,
      ).toMatchObject({ status: 412, current: { name: 'Energy and water' } });
      await test.database
        .sql`INSERT INTO devices (organisation_id, dev_eui, responsible_role_id) VALUES (${organisation}, 'a81758fffe000001', ${id})`;
      expect(
        (await ask(test, 'DELETE', `${url}/${id}`, { session: founder.session, version: 2 })).body,
      ).toMatchObject({ status: 409, code: 'IN_USE' });
      await test.database.sql`UPDATE devices SET responsible_role_id = NULL`;
      expectStatus(await ask(test, 'DELETE', `${url}/${id}`, { session: founder.session, version: 2 }), 204);
      expectStatus(await ask(test, 'GET', `${url}/${id}`, { session: founder.session }), 404);
    });
  });

  describe('the audit list', () => {
    it('has every change, newest first, in pages, without addresses or secrets', async () => {
      const page = async (before?: number) =>
        (
          await ask(
            test,
            'GET',
            `/api/v1/audit?organisation=${organisation}&limit=5${before ? `&before=${before}` : ''}`,
            { session: founder.session },
          )
        ).body as { entries: { id: number; entity: string; action: string }[]; next: number | null };
      const all: { id: number; entity: string; action: string }[] = [];
      for (let next: number | null | undefined; next !== null; ) {
        const one = await page(next);
        all.push(...one.entries);
        next = one.next;
      }
      expect(all.map((one) => one.id)).toEqual([...all.map((one) => one.id)].sort((a, b) => b - a));
      const seen = new Set(all.map((one) => `${one.action} ${one.entity}`));
      for (const what of [
        'create organisation',
        'create membership',
        'update membership',
        'delete membership',
        'create invitation',
        'create key',
        'delete key',
        'create room-screen',
        'delete room-screen',
        'create contact-role',
        'update contact-role',
        'delete contact-role',
      ]) {
        expect([...seen]).toContain(what);
      }
      const rows = await test.database.sql<
        { text: string }[]
      >`SELECT a::text AS text FROM audit a WHERE entity <> 'contact-role'`;
      expect(rows.map((row) => row.text).join()).not.toMatch(/@skaering|argon2|torv_[a-z2-7]{8}_/);
      await expect(test.database.sql`DELETE FROM audit`).rejects.toThrow(/append only/);
    });
  });

  describe('the visibility public', () => {
    it('is refused for a room of a real organisation, with the reason', async () => {
      await expect(requirePublishable(test.database.sql, organisation, 'room')).rejects.toMatchObject({
        code: 'NOT_PUBLIC',
        detail: expect.stringContaining('whole site'),
      });
      await expect(requirePublishable(test.database.sql, organisation, 'point')).rejects.toMatchObject({
        code: 'NOT_PUBLIC',
      });
      await expect(requirePublishable(test.database.sql, organisation, 'site')).resolves.toBeUndefined();
      const [demo] = await test.database.sql<
        { id: number }[]
      >`INSERT INTO organisations (slug, name, kind) VALUES ('demo', 'Demo', 'demo') RETURNING id`;
      await expect(requirePublishable(test.database.sql, Number(demo?.id), 'room')).resolves.toBeUndefined();
    });
  });
});
