/** Signing in and out through the whole application, and what somebody hostile tries at this door. */
import { hash } from '@node-rs/argon2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { ask, expectStatus, type Founded, found, join, PASSWORD, toSession } from '../../test/people.ts';
import { sweepAccess } from './sweep.ts';

const DAY_MS = 86_400_000;

describe.each(DATABASE_KINDS)('signing in on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  beforeAll(async () => {
    test = await createTestApp(kind);
    founder = await found(test);
  });
  afterAll(() => test?.close());

  const signIn = (email: string, password: string, options: object = {}) =>
    ask(test, 'POST', '/api/v1/session', { body: { email, password }, ...options });
  const whoIs = async (session: string) =>
    ((await ask(test, 'GET', '/api/v1/session', { session })).body as { user: { email: string } | null }).user
      ?.email;

  it('opens a session that the cookie carries, in any spelling of the address', async () => {
    const answer = expectStatus(await signIn('First@Skaering.example', PASSWORD), 200);
    expect(answer.headers['set-cookie']).toMatch(
      /^torv_session=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await whoIs(String(toSession(answer)))).toBe(founder.email);
    const [row] = await test.database
      .sql`SELECT count(*)::int AS n FROM sessions WHERE encode(token_hash, 'escape') LIKE ${`%${toSession(answer)}%`}`;
    expect(row?.n).toBe(0);
  });

  it('answers a wrong password and an unknown address alike', async () => {
    const wrong = await signIn(founder.email, 'kobber lanterne otte bakker');
    const unknown = await signIn('nobody@skaering.example', PASSWORD);
    const stable = ({ body }: { body: Readonly<Record<string, unknown>> }) => ({
      ...body,
      instance: undefined,
    });
    expect(wrong.status).toBe(401);
    expect(stable(unknown)).toEqual(stable(wrong));
    expect(toSession(wrong)).toBeUndefined();
  });

  it('gives a new token each time and ends the one that the browser brought', async () => {
    const first = String(toSession(await signIn(founder.email, PASSWORD)));
    const second = String(toSession(await signIn(founder.email, PASSWORD, { session: first })));
    expect(second).not.toBe(first);
    expect(await whoIs(first)).toBeUndefined();
    expect(await whoIs(second)).toBe(founder.email);
  });

  it('takes no token that somebody else chose', async () => {
    const chosen = 'A'.repeat(43);
    const answer = await signIn(founder.email, PASSWORD, { session: chosen });
    expect(toSession(answer)).not.toBe(chosen);
    expect(await whoIs(chosen)).toBeUndefined();
  });

  it.each([
    ['one character changed', (token: string) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
    ['cut', (token: string) => token.slice(0, 20)],
    ['SQL', () => "' OR 1=1 --"],
    ['a hash of the wrong alphabet', () => '%00'.repeat(14)],
    ['ten thousand characters', () => 'a'.repeat(10_000)],
  ])('takes a cookie with %s for nobody', async (_, change) => {
    const session = String(toSession(await signIn(founder.email, PASSWORD)));
    const answer = await ask(test, 'GET', '/api/v1/session', { session: change(session) });
    expect(answer.status).toBe(200);
    expect(answer.body.user).toBeNull();
  });

  it('ends a session on signing out, and only that one', async () => {
    const one = String(toSession(await signIn(founder.email, PASSWORD)));
    const other = String(toSession(await signIn(founder.email, PASSWORD)));
    const gone = expectStatus(await ask(test, 'DELETE', '/api/v1/session', { session: one }), 204);
    expect(gone.headers['set-cookie']).toMatch(/^torv_session=;/);
    expect(await whoIs(one)).toBeUndefined();
    expect(await whoIs(other)).toBe(founder.email);
  });

  it("lists one's own sessions, ends one of them, and all", async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'sessions@skaering.example',
    );
    const second = String(
      toSession(await signIn(person.email, PASSWORD, { headers: { 'user-agent': 'A phone' } })),
    );
    const list = (await ask(test, 'GET', '/api/v1/sessions', { session: person.session })).body as {
      sessions: { id: number; userAgent: string; current: boolean }[];
    };
    expect(list.sessions.map((one) => [one.userAgent, one.current])).toEqual([
      ['A phone', false],
      [expect.any(String), true],
    ]);
    const phone = list.sessions.find((one) => !one.current);
    expectStatus(
      await ask(test, 'DELETE', `/api/v1/sessions/${phone?.id}`, { session: founder.session }),
      404,
    );
    expect(await whoIs(second)).toBe(person.email);
    expectStatus(
      await ask(test, 'DELETE', `/api/v1/sessions/${phone?.id}`, { session: person.session }),
      204,
    );
    expect(await whoIs(second)).toBeUndefined();
    expectStatus(await ask(test, 'DELETE', '/api/v1/sessions', { session: person.session }), 204);
    expect(await whoIs(person.session)).toBeUndefined();
  });

  it('changes a password only with the present one, and ends the other sessions', async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'password@skaering.example',
    );
    const other = String(toSession(await signIn(person.email, PASSWORD)));
    const me = await ask(test, 'GET', '/api/v1/me', { session: person.session });
    const version = me.body.version as number;
    expect(me.headers.etag).toBe(`"${version}"`);
    const change = (body: object) =>
      ask(test, 'PATCH', '/api/v1/me', { session: person.session, version, body });
    expect((await change({ password: 'stille vande under broen' })).status).toBe(403);
    expect(
      (await change({ password: 'stille vande under broen', currentPassword: 'wrong one' })).status,
    ).toBe(403);
    expect((await change({ password: 'short', currentPassword: PASSWORD })).body).toMatchObject({
      status: 400,
      at: 'body/password',
    });
    expectStatus(await change({ password: 'stille vande under broen', currentPassword: PASSWORD }), 200);
    expect(await whoIs(other)).toBeUndefined();
    expect(await whoIs(person.session)).toBe(person.email);
    expectStatus(await signIn(person.email, PASSWORD), 401);
    expectStatus(await signIn(person.email, 'stille vande under broen'), 200);
  });

  it("refuses a change without a version, or over somebody else's", async () => {
    expect(
      (await ask(test, 'PATCH', '/api/v1/me', { session: founder.session, body: { name: 'New' } })).status,
    ).toBe(428);
    const stale = await ask(test, 'PATCH', '/api/v1/me', {
      session: founder.session,
      version: 99,
      body: { name: 'New' },
    });
    expect(stale.body).toMatchObject({
      status: 412,
      code: 'VERSION_CONFLICT',
      current: { email: founder.email },
    });
  });

  it("hashes again with today's parameters when the stored ones are older", async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'older@skaering.example',
    );
    const old = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await test.database.sql`UPDATE users SET password_hash = ${old} WHERE id = ${person.id}`;
    expectStatus(await signIn(person.email, PASSWORD), 200);
    const [row] = await test.database.sql<
      { h: string }[]
    >`SELECT password_hash AS h FROM users WHERE id = ${person.id}`;
    expect(row?.h).toContain('m=19456,t=2,p=1');
    expectStatus(await signIn(person.email, PASSWORD), 200);
  });

  it('lets a closed account in by no door', async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'closed@skaering.example',
    );
    await test.database.sql`UPDATE users SET disabled_at = now() WHERE id = ${person.id}`;
    expect(await whoIs(person.session)).toBeUndefined();
    expectStatus(await signIn(person.email, PASSWORD), 401);
  });

  it('refuses writes that another site asks for, whatever they say', async () => {
    const cookie = { session: founder.session, version: 1, body: { name: 'Somebody else' } };
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      expect(
        (await ask(test, 'PATCH', '/api/v1/me', { ...cookie, headers: headers as Record<string, string> }))
          .body,
      ).toMatchObject({ status: 403, code: 'CROSS_SITE' });
    }
    const form = await test.app.inject({
      method: 'POST',
      url: `/api/v1/users?organisation=${founder.organisationId}`,
      headers: {
        cookie: `torv_session=${founder.session}`,
        'content-type': 'text/plain',
        'sec-fetch-site': 'same-origin',
      },
      payload: '{"email":"x@evil.example","role":"administrator"}',
    });
    expect(form.statusCode).toBe(400);
  });

  it.each([
    ['SQL in the address', { email: "a'--@skaering.example", password: PASSWORD }, 401],
    ['SQL in the password', { email: 'first@skaering.example', password: "' OR '1'='1" }, 401],
    ['a zero byte', { email: 'first@skaering.example', password: 'kobber\u0000lanterne' }, 401],
    ['half a surrogate pair', { email: 'first@skaering.example', password: 'kobber\ud800lanterne' }, 401],
    ['a very long password', { email: 'first@skaering.example', password: 'a'.repeat(100_000) }, 400],
    ['a list for a password', { email: 'first@skaering.example', password: ['a'] }, 400],
    ['an operator for an address', { email: { $ne: '' }, password: PASSWORD }, 400],
    ['a member too many', { email: 'first@skaering.example', password: PASSWORD, instanceAdmin: true }, 400],
  ])('answers %s with a sentence and not a fault', async (_, body, status) => {
    const answer = await ask(test, 'POST', '/api/v1/session', { body, address: '198.51.100.9' });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.text).not.toContain('aaaaaaaaaa');
    test.pass(3_600_000); // the next one is not slowed down by this one
  });

  it('slows guessing at one account down, from however many addresses, and says for how long', async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'guessed@skaering.example',
    );
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++)
      statuses.push((await signIn(person.email, `guess number ${i}`, { address: `203.0.113.${i}` })).status);
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    const refused = await signIn(person.email, PASSWORD, { address: '203.0.113.99' });
    expect(refused.body).toMatchObject({ status: 429, code: 'TOO_MANY' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    test.pass(121_000);
    expectStatus(await signIn(person.email, PASSWORD, { address: '203.0.113.99' }), 200);
  });

  it('slows guessing from one address down, at however many accounts, also in parallel', async () => {
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        signIn(`guess${i}@skaering.example`, PASSWORD, { address: '203.0.113.200' }),
      ),
    );
    expect(all.filter((one) => one.status === 401).length).toBeLessThanOrEqual(20);
    expect(all.some((one) => one.status === 429)).toBe(true);
    expectStatus(await signIn(founder.email, PASSWORD, { address: '203.0.113.201' }), 200);
  });

  it('ends a session after fourteen idle days, and after ninety in all, and sweeps it', async () => {
    const person = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'idle@skaering.example',
    );
    test.pass(13 * DAY_MS);
    expect(await whoIs(person.session)).toBe(person.email); // and counts as used
    test.pass(13 * DAY_MS);
    expect(await whoIs(person.session)).toBe(person.email);
    test.pass(15 * DAY_MS);
    expect(await whoIs(person.session)).toBeUndefined();
    const fresh = String(toSession(await signIn(person.email, PASSWORD)));
    for (let day = 0; day < 89; day += 10) {
      test.pass(10 * DAY_MS);
      expect([day, await whoIs(fresh)]).toEqual([day, day + 10 < 90 ? person.email : undefined]);
    }
    expect((await sweepAccess(test.database.sql, test.now())).sessions).toBeGreaterThan(0);
    const [left] = await test.database.sql<
      { n: number }[]
    >`SELECT count(*)::int AS n FROM sessions WHERE user_id = ${person.id}`;
    expect(left?.n).toBe(0);
  });

  it('has written no secret and no password to the log', () => {
    const text = test.logged();
    for (const secret of [PASSWORD, founder.session, 'stille vande', 'argon2id'])
      expect(text).not.toContain(secret);
  });
});
