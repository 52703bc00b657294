/** Links through the whole application: the first administrator, invitations, new passwords; each opens once. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { type MailServer, startMailServer, toMailText } from '../../test/mail-server.ts';
import {
  ask,
  expectStatus,
  type Founded,
  found,
  join,
  PASSWORD,
  toSecret,
  toSession,
} from '../../test/people.ts';
import { createFirstAdministratorLink } from './first-administrator.ts';
import { handOverFirstLink } from './first-administrator-file.ts';
import { createMailer } from './mail.ts';
import { sweepAccess } from './sweep.ts';

const HOUR_MS = 3_600_000;
const ORGANISATION = { name: 'Ærø By', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' } as const;

describe.each(DATABASE_KINDS)('the first administrator on %s', (kind) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await createTestApp(kind);
  });
  afterAll(() => test?.close());

  const newLink = () => createFirstAdministratorLink(test.database.sql, test.config, test.now);
  const use = (secret: string, change: object = {}) =>
    ask(test, 'POST', '/api/v1/links/first-administrator', {
      body: {
        secret,
        email: 'first@aeroe.example',
        name: 'Karl',
        password: PASSWORD,
        organisation: ORGANISATION,
        ...change,
      },
    });

  it('gets a link whose secret stands in the fragment and is stored hashed', async () => {
    const link = await newLink();
    expect(link).toMatch(/^https:\/\/torv\.example\.org\/welcome#[\w-]{43}$/);
    const rows = await test.database.sql`SELECT l::text AS text FROM links l`;
    expect(JSON.stringify(rows)).not.toContain(toSecret(link));
    const facts = await ask(test, 'POST', '/api/v1/links/look', { body: { secret: toSecret(link) } });
    expect(facts.body).toMatchObject({ kind: 'first-administrator', email: null, needsOrganisation: true });
  });

  it('finds the link on a terminal, or in a file that only the server may read', async () => {
    const config = { ...test.config, dataDir: test.database.dataDir };
    const file = joinPath(config.dataDir, 'first-administrator.txt');
    expect(await handOverFirstLink(test.database.sql, config, test.now, true)).toMatch(/welcome#[\w-]{43}$/);
    expect(existsSync(file)).toBe(false);
    const said = await handOverFirstLink(test.database.sql, config, test.now, false);
    expect(said).not.toContain('#');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/welcome#[\w-]{43}\n$/);
  });

  it('cannot use an earlier link, an expired one, or one with a poor password', async () => {
    const earlier = toSecret(await newLink());
    const link = toSecret(await newLink());
    expect((await use(earlier)).body).toMatchObject({ status: 403, code: 'LINK_USED' });
    expect((await use(link, { password: 'first@aeroe.example' })).body).toMatchObject({
      status: 400,
      at: 'body/password',
    });
    expect(
      (await use(link, { organisation: { ...ORGANISATION, timeZone: 'Europe/Atlantis' } })).body,
    ).toMatchObject({ status: 400, at: 'body/timeZone' });
    expect((await use(link, { organisation: undefined })).body).toMatchObject({
      status: 400,
      at: 'body/organisation',
    });
    test.pass(HOUR_MS + 1);
    expect((await use(link)).body).toMatchObject({ status: 403, code: 'LINK_USED' });
    expect(await test.database.sql`SELECT FROM users`).toHaveLength(0);
  });

  it('is one even when two come at the same moment; then no link is made any more', async () => {
    const link = toSecret(await newLink());
    const both = await Promise.all([use(link), use(link, { email: 'second@aeroe.example' })]);
    expect(both.map((one) => one.status).sort()).toEqual([201, 403]);
    const won = both.find((one) => one.status === 201);
    expect(won?.body).toMatchObject({
      user: { instanceAdmin: true },
      organisations: [{ slug: 'aeroe-by', role: 'administrator' }],
    });
    expect(await test.database.sql`SELECT FROM users`).toHaveLength(1);
    expect(await newLink()).toBeUndefined();
    expect((await use(link)).status).toBe(403);
  });
});

describe.each(DATABASE_KINDS)('invitations and new passwords on %s', (kind) => {
  let mailServer: MailServer;
  let test: TestApp;
  let founder: Founded;
  beforeAll(async () => {
    test = await createTestApp(kind);
    founder = await found(test);
  });
  afterAll(() => test?.close());

  const invite = async (email: string, role = 'editor') =>
    expectStatus(
      await ask(test, 'POST', `/api/v1/users?organisation=${founder.organisationId}`, {
        session: founder.session,
        body: { email, role },
      }),
      201,
    );
  const accept = (secret: string, change: object = {}) =>
    ask(test, 'POST', '/api/v1/links/invitation', {
      body: { secret, name: 'Somebody', password: PASSWORD, ...change },
    });

  it('brings somebody in with the role he was invited to, once', async () => {
    const { link, mailed } = (await invite('maja@skaering.example')).body;
    expect(mailed).toBe(false);
    expect(link).toMatch(/^https:\/\/torv\.example\.org\/welcome\?lang=da#[\w-]{43}$/);
    const secret = toSecret(link);
    expect((await ask(test, 'POST', '/api/v1/links/look', { body: { secret } })).body).toMatchObject({
      kind: 'invitation',
      email: 'maja@skaering.example',
      organisation: 'Skæring Kommune',
      role: 'editor',
      hasAccount: false,
    });
    const both = await Promise.all([accept(secret), accept(secret)]);
    expect(both.map((one) => one.status).sort()).toEqual([201, 403]);
    const won = both.find((one) => one.status === 201);
    expect(won?.body).toMatchObject({
      user: { email: 'maja@skaering.example', instanceAdmin: false },
      organisations: [{ role: 'editor' }],
    });
    expect((await accept(secret)).body).toMatchObject({ code: 'LINK_USED' });
  });

  it('ends with a newer invitation, by revoking, and after seven days', async () => {
    const first = toSecret((await invite('late@skaering.example')).body.link);
    const second = (await invite('late@skaering.example', 'viewer')).body;
    expect((await accept(first)).status).toBe(403);
    const list = await ask(test, 'GET', `/api/v1/users?organisation=${founder.organisationId}`, {
      session: founder.session,
    });
    expect(
      (list.body.invitations as { email: string; role: string }[]).filter(
        (one) => one.email === 'late@skaering.example',
      ),
    ).toMatchObject([{ role: 'viewer' }]);
    expectStatus(
      await ask(
        test,
        'DELETE',
        `/api/v1/users/invitations/${second.id}?organisation=${founder.organisationId}`,
        { session: founder.session },
      ),
      204,
    );
    expect((await accept(toSecret(second.link))).status).toBe(403);
    const third = toSecret((await invite('late@skaering.example')).body.link);
    test.pass(7 * 24 * HOUR_MS + 1);
    expect((await accept(third)).status).toBe(403);
  });

  it('does not hand an existing account to whoever holds the link', async () => {
    const made = expectStatus(
      await ask(test, 'POST', '/api/v1/organisations', {
        session: founder.session,
        body: { ...ORGANISATION, name: 'Ny By' },
      }),
      201,
    );
    const other = Number(made.body.id);
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'both@skaering.example',
    );
    const invited = await ask(test, 'POST', `/api/v1/users?organisation=${other}`, {
      session: founder.session,
      body: { email: person.email, role: 'administrator' },
    });
    const secret = toSecret(invited.body.link);
    expect((await ask(test, 'POST', '/api/v1/links/look', { body: { secret } })).body.hasAccount).toBe(true);
    expect((await accept(secret, { password: 'a password of my own choice' })).body).toMatchObject({
      status: 401,
      code: 'BAD_CREDENTIALS',
    });
    const accepted = expectStatus(await accept(secret), 201);
    expect(accepted.body).toMatchObject({ user: { id: person.id } });
    expect(
      (accepted.body.organisations as { id: number; role: string }[]).map((one) => [one.id, one.role]).sort(),
    ).toEqual(
      [
        [founder.organisationId, 'viewer'],
        [other, 'administrator'],
      ].sort(),
    );
  });

  it('is for one purpose: no kind of link opens the door of another', async () => {
    const secret = toSecret((await invite('purpose@skaering.example')).body.link);
    expect(
      (await ask(test, 'POST', '/api/v1/links/password', { body: { secret, password: PASSWORD } })).status,
    ).toBe(403);
    expect(
      (
        await ask(test, 'POST', '/api/v1/links/first-administrator', {
          body: { secret, email: 'x@x.example', name: 'X', password: PASSWORD },
        })
      ).status,
    ).toBe(403);
    expect(
      (await ask(test, 'GET', '/api/v1/session', { headers: { authorization: `Torv-Link ${secret}` } }))
        .status,
    ).toBe(403);
  });

  it('lets an administrator make a link for a new password, which ends all sessions and works once', async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'forgot@skaering.example',
    );
    const url = `/api/v1/users/${person.id}/password-link?organisation=${founder.organisationId}`;
    const first = expectStatus(await ask(test, 'POST', url, { session: founder.session }), 201);
    const made = expectStatus(await ask(test, 'POST', url, { session: founder.session }), 201);
    const set = (link: unknown, password = 'stille vande under broen') =>
      ask(test, 'POST', '/api/v1/links/password', { body: { secret: toSecret(link), password } });
    expect((await set(first.body.link)).status).toBe(403);
    expect((await set(made.body.link, 'short')).status).toBe(400);
    const both = await Promise.all([set(made.body.link), set(made.body.link)]);
    expect(both.map((one) => one.status).sort()).toEqual([200, 403]);
    expect((await ask(test, 'GET', '/api/v1/session', { session: person.session })).body.user).toBeNull();
    expect(
      (await ask(test, 'POST', '/api/v1/session', { body: { email: person.email, password: PASSWORD } }))
        .status,
    ).toBe(401);
    expect(
      toSession(
        await ask(test, 'POST', '/api/v1/session', {
          body: { email: person.email, password: 'stille vande under broen' },
        }),
      ),
    ).toBeDefined();
    const late = expectStatus(await ask(test, 'POST', url, { session: founder.session }), 201);
    test.pass(HOUR_MS + 1);
    expect((await set(late.body.link)).status).toBe(403);
  });

  it('lets no administrator take over an account that reaches beyond his organisation', async () => {
    const deputy = await join(
      test,
      founder.session,
      founder.organisationId,
      'administrator',
      'deputy@skaering.example',
    );
    const link = (id: number) =>
      ask(test, 'POST', `/api/v1/users/${id}/password-link?organisation=${founder.organisationId}`, {
        session: deputy.session,
      });
    expect((await link(founder.id)).body).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    const [both] = await test.database.sql<
      { id: number }[]
    >`SELECT id FROM users WHERE email = 'both@skaering.example'`;
    expect((await link(Number(both?.id))).status).toBe(403);
    expect((await link(deputy.id)).status).toBe(201);
  });

  it('answers a wish for a new password alike for everybody, and makes no link without a mail server', async () => {
    const before = await test.database.sql`SELECT FROM links WHERE kind = 'password-reset'`;
    for (const email of [founder.email, 'nobody@skaering.example']) {
      const answer = await ask(test, 'POST', '/api/v1/links/password-reset', { body: { email } });
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
    expect(await test.database.sql`SELECT FROM links WHERE kind = 'password-reset'`).toHaveLength(
      before.length,
    );
  });

  it('removes links a month after their end', async () => {
    test.pass(40 * 24 * HOUR_MS);
    expect((await sweepAccess(test.database.sql, test.now())).links).toBeGreaterThan(3);
  });

  describe('with a mail server', () => {
    let mailed: TestApp;
    let first: Founded;
    beforeAll(async () => {
      mailServer = await startMailServer();
      // Its address comes from the outside: only the public address may begin a link.
      const env = { TORV_SMTP_URL: mailServer.url };
      const mailer = createMailer({ ...test.config, smtpUrl: mailServer.url });
      mailed = await createTestApp(kind, { env, ...(mailer ? { mail: mailer } : {}) });
      first = await found(mailed);
    });
    afterAll(async () => {
      await mailed?.close();
      await mailServer?.close();
    });

    it('mails an invitation in the language of the organisation and shows the link to nobody else', async () => {
      const answer = await ask(mailed, 'POST', `/api/v1/users?organisation=${first.organisationId}`, {
        session: first.session,
        headers: { host: 'evil.example' },
        body: { email: 'post@skaering.example', role: 'viewer' },
      });
      expect(answer.body).toMatchObject({ mailed: true, link: null });
      const mail = await mailServer.next();
      const text = toMailText(mail);
      expect(mail).toContain('From: torv@skaering.example');
      expect(mail).toContain('To: post@skaering.example');
      expect(text).toContain('Linket virker');
      const secret = /https:\/\/torv\.example\.org\/welcome\?lang=da#([\w-]{43})/.exec(text)?.[1];
      expectStatus(
        await ask(mailed, 'POST', '/api/v1/links/invitation', {
          body: { secret, name: 'Post', password: PASSWORD },
        }),
        201,
      );
      expect(mailed.logged()).not.toContain(secret);
    });

    it('mails a link for a new password to who has an account, and its secret stands in no log', async () => {
      expectStatus(
        await ask(mailed, 'POST', '/api/v1/links/password-reset', {
          body: { email: 'nobody@skaering.example' },
        }),
        204,
      );
      expectStatus(
        await ask(mailed, 'POST', '/api/v1/links/password-reset', { body: { email: first.email } }),
        204,
      );
      const text = toMailText(await mailServer.next());
      expect(text).toContain(`To: ${first.email}`);
      const secret = /https:\/\/torv\.example\.org\/password(?:\?lang=\w\w)?#([\w-]{43})/.exec(text)?.[1];
      expectStatus(
        await ask(mailed, 'POST', '/api/v1/links/password', {
          body: { secret, password: 'stille vande under broen' },
        }),
        200,
      );
      expect(mailed.logged()).not.toContain(secret);
    });
  });
});
