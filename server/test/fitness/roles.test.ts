/**
 * Every route as every kind of caller: the least role is enforced, a foreign organisation is not there and none of
 * its names come through, and nothing that anybody sends is a fault of ours. The expectations are written here by
 * hand, apart from the code that decides. A route without an example fails: add it to roles-examples.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Allow, DeclaredRoute } from '../../src/access/guard.ts';
import { createTestApp, type TestApp } from '../app.ts';
import { DATABASE_KINDS } from '../database.ts';
import { type Answer, ask } from '../people.ts';
import { EXAMPLES, FOREIGN_MARK, MARK } from './roles-examples.ts';
import { CALLERS, type Caller, createWorld, type World } from './roles-world.ts';

/** Who gets past which declared door. `outsider` is administrator too, but elsewhere. */
const PASSES: Readonly<Record<Exclude<Allow, 'source'>, readonly Caller[]>> = {
  anyone: CALLERS,
  member: CALLERS.filter((caller) => caller !== 'anonymous' && caller !== 'screen'),
  viewer: ['viewer', 'editor', 'administrator', 'outsider', 'read key', 'write key'],
  editor: ['editor', 'administrator', 'outsider', 'write key'],
  administrator: ['administrator', 'outsider'],
  instance: ['instance'],
};
/** Who belongs to the organisation whose rows the examples name. */
const INSIDE: readonly Caller[] = ['viewer', 'editor', 'administrator', 'read key', 'write key'];
const KEYS: readonly Caller[] = ['read key', 'write key', 'ingest key'];
/** The installation's administrator sees which organisations there are; what is in them, he does not. */
const TOLD_THE_NAME: readonly string[] = [
  'GET /api/v1/session',
  'POST /api/v1/session',
  'GET /api/v1/organisations',
  'GET /api/v1/organisations/:id',
];

const toName = (route: DeclaredRoute): string => `${route.method} ${route.url}`;

describe.each(DATABASE_KINDS)('every route as every caller on %s', (kind) => {
  let test: TestApp;
  let world: World;
  beforeAll(async () => {
    test = await createTestApp(kind);
    world = await createWorld(test);
  });
  afterAll(() => test?.close());

  const routes = (): readonly DeclaredRoute[] => test.routes.filter((route) => route.method !== 'HEAD');

  it('has an example for each route, and no example without a route', () => {
    const declared = routes().map(toName);
    const missing = declared.filter((name) => EXAMPLES[name] === undefined);
    expect(
      missing,
      `Add an example to server/test/fitness/roles-examples.ts for: ${missing.join(', ')}`,
    ).toEqual([]);
    const gone = Object.keys(EXAMPLES).filter((name) => !declared.includes(name));
    expect(gone, `These examples have no route any more: ${gone.join(', ')}`).toEqual([]);
  });

  it('declares for each HEAD what its GET declares', () => {
    for (const head of test.routes.filter((route) => route.method === 'HEAD')) {
      expect([head.url, head.allow]).toEqual([
        head.url,
        test.routes.find((one) => one.url === head.url && one.method === 'GET')?.allow,
      ]);
    }
  });

  it.each(CALLERS)(
    'serves or refuses the %s as declared, without a fault and without a foreign name',
    async (caller) => {
      const wrong: string[] = [];
      for (const route of routes()) {
        const example = EXAMPLES[toName(route)];
        if (example === undefined || route.allow === 'source') continue;
        const passes =
          PASSES[route.allow].includes(caller) &&
          !(example.peopleOnly && (KEYS.includes(caller) || caller === 'screen'));
        const isInside = INSIDE.includes(caller);
        if (example.streams && passes && (isInside || caller === 'screen')) continue; // an answer that never ends
        const parameters = await example.make(world, caller);
        const answer = await ask(test, route.method as 'GET', parameters.url, {
          ...(parameters.body === undefined ? {} : { body: parameters.body }),
          ...(parameters.version === undefined ? {} : { version: parameters.version }),
          session: parameters.session ?? world.sessions[caller],
          headers: world.headers[caller] ?? {},
          address: `198.51.100.${10 + CALLERS.indexOf(caller)}`,
        });
        const complain = (text: string) =>
          wrong.push(`${toName(route)}: ${answer.status}, ${text} (${answer.text.slice(0, 160)})`);
        if (answer.status >= 500) complain('a fault');
        if (
          answer.status >= 400 &&
          !String(answer.headers['content-type']).includes('application/problem+json')
        )
          complain('no problem document');
        if (leaks(answer, caller, toName(route))) complain('tells a foreign name');
        if (!passes) {
          const refusal = caller === 'anonymous' ? 401 : 403;
          if (answer.status !== refusal) complain(`expected ${refusal}`);
        } else if (example.foreign === 'none' || isInside) {
          if (answer.status >= 400 && !(example.statuses ?? []).includes(answer.status))
            complain('expected to be served');
        } else if (caller === 'instance' && TOLD_THE_NAME.includes(toName(route))) {
          if (answer.status !== 200) complain('sees which organisations there are');
        } else if (example.foreign === 'missing' && caller !== 'screen' && answer.status !== 404) {
          complain('a row of another organisation must not be there');
        } else if (caller === 'screen' && ![200, 404, 403].includes(answer.status)) {
          complain('a screen reads its room or nothing');
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  function leaks(answer: Answer, caller: Caller, name: string): boolean {
    if (caller === 'instance' && TOLD_THE_NAME.includes(name)) return answer.text.includes(FOREIGN_MARK);
    if (INSIDE.includes(caller)) return false;
    if (caller === 'screen' || caller === 'ingest key') return answer.text.includes(FOREIGN_MARK);
    return answer.text.includes(MARK);
  }

  it('lists, counts and filters no Thing of a foreign organisation through SensorThings', async () => {
    const paths = [
      '/sta/v1.1/Things?$count=true',
      '/sta/v1.1/Locations?$count=true',
      `/sta/v1.1/Things?$filter=id eq ${world.neighbour}&$count=true`,
    ];
    for (const caller of ['anonymous', 'outsider', 'instance', 'ingest key'] as const) {
      for (const path of paths) {
        const { status, body } = await ask(test, 'GET', encodeURI(path), {
          session: world.sessions[caller],
          headers: world.headers[caller] ?? {},
        });
        expect([caller, path, status, body['@iot.count'], body.value]).toEqual([caller, path, 200, 0, []]);
      }
    }
    const own = await ask(test, 'GET', '/sta/v1.1/Things?$count=true', { session: world.sessions.viewer });
    expect(own.body['@iot.count']).toBeGreaterThan(2);
  });

  it("refuses a webhook without a source's key, and with anybody else's", async () => {
    for (const headers of [{}, world.headers['write key'] ?? {}, world.headers['ingest key'] ?? {}]) {
      const answer = await ask(test, 'POST', '/ingest/torv', {
        body: { devEui: 'a81758fffe000001' },
        headers,
      });
      expect(answer.status).toBe(401);
    }
  });

  it('answers an id that is no id, or one out of all bounds, with a sentence', async () => {
    for (const route of routes().filter((one) => /:\w+/.test(one.url) && one.allow !== 'source')) {
      for (const id of [
        '0',
        '-1',
        '1e99',
        "1'--",
        '9223372036854775808',
        '9007199254740993',
        '%00',
        '..%2f..%2fetc',
      ]) {
        const url = route.url.replace(/:\w+/g, id);
        const answer = await ask(test, route.method as 'GET', `${url}?organisation=${world.organisation}`, {
          session: world.sessions.administrator,
          version: 1,
          ...(route.method === 'GET' ? {} : { body: {} }),
        });
        expect([route.url, id, answer.status >= 400 && answer.status < 500]).toEqual([route.url, id, true]);
      }
    }
  });

  it('writes no session, key, link or password to the log', () => {
    const text = test.logged();
    for (const secret of world.secrets) expect(text).not.toContain(secret);
  });
});
