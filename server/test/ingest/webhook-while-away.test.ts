/** PostgreSQL goes away while webhooks come: those who are known are kept on disk and found once afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { createTestApp, type TestApp } from '../app.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import { type DatabaseGate, openDatabaseGate } from '../database-gate.ts';
import { ask, expectStatus, type Founded, found } from '../people.ts';
import { until } from '../until.ts';

describe.runIf(DATABASE_KINDS.includes('postgresql'))('a webhook while PostgreSQL is away', () => {
  let test: TestApp;
  let gate: DatabaseGate;
  let founder: Founded;
  beforeAll(async () => {
    test = await createTestApp('postgresql', {
      reach: async ({ url, dataDir }) => {
        gate = await openDatabaseGate(String(url));
        return openDatabase({ log: SILENT, dataDir, url: gate.url });
      },
    });
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
  });
  afterAll(async () => {
    await gate?.open();
    await test?.close();
    await gate?.remove();
  });

  const create = async (name: string): Promise<{ id: number; key: string }> => {
    const answer = () =>
      ask(test, 'POST', `/api/v1/sources?organisation=${founder.organisationId}`, {
        session: founder.session,
        body: { name, kind: 'webhook', format: 'torv' },
      });
    // The database is back, but the pools find it again each in its own moment.
    let made = await answer();
    await until(async () => {
      if (made.status === 503) made = await answer();
      return made.status !== 503;
    });
    return expectStatus(made, 201).body as { id: number; key: string };
  };
  const deliver = (key: string, devEui: string, body: object = {}) =>
    ask(test, 'POST', '/ingest/torv', {
      body: { devEui, fPort: 5, payload: '0100d7', ...body },
      headers: { 'x-torv-key': key },
    });
  /** Open again, and noticed: a pool learns of its broken connections when it uses them. */
  const back = async (): Promise<void> => {
    await gate.open();
    await until(async () => {
      const body = { name: `Tilbage ${crypto.randomUUID()}`, kind: 'webhook', format: 'torv' };
      const url = `/api/v1/sources?organisation=${founder.organisationId}`;
      return (await ask(test, 'POST', url, { session: founder.session, body })).status === 201;
    });
  };
  const framesOf = async (devEui: string): Promise<number> => {
    const [row] = await test.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM uplinks u JOIN devices d ON d.id = u.device_id WHERE d.dev_eui = ${devEui}`;
    return row?.n ?? 0;
  };

  it('lets nobody in whose key it never read, and says why', async () => {
    await gate.shut();
    const answer = await deliver(`torvsrc_${'A'.repeat(43)}`, 'a81758fffe0c0001');
    expect([answer.status, answer.body.code]).toEqual([503, 'DATABASE_DOWN']);
    await back();
  });

  it('keeps the messages of a known key on disk, and puts each into the database once', async () => {
    const { id, key } = await create('Kendt');
    expect((await deliver(key, 'a81758fffe0c0002', { fCnt: 1 })).status).toBe(200);
    await gate.shut();
    const away = await Promise.all([
      deliver(key, 'a81758fffe0c0002', { fCnt: 2 }),
      deliver(key, 'a81758fffe0c0002', { fCnt: 3 }),
      deliver(key, 'a81758fffe0c0002'), // no counter and no time: only its arrival tells it apart
      deliver(key, 'a81758fffe0c0002', { fPort: 'five' }),
      deliver(`torvsrc_${'B'.repeat(43)}`, 'a81758fffe0c0009'),
    ]);
    expect(away.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 401]);
    expect(away[0]?.body).toEqual({ messages: 1, spooled: true });
    expect(await framesOf('a81758fffe0c0002')).toBe(1);

    await back();
    await until(async () => (await framesOf('a81758fffe0c0002')) >= 4);
    expect((await deliver(key, 'a81758fffe0c0002', { fCnt: 4 })).status).toBe(200);
    await until(async () => {
      const [row] = await test.database.sql<{ messages: number }[]>`
        SELECT messages::int AS messages FROM source_status WHERE source_id = ${id}`;
      return row?.messages === 6;
    });
    expect(await framesOf('a81758fffe0c0002')).toBe(5);
    const [status] = await test.database.sql`
      SELECT s.messages::int AS messages, s.faults::int AS faults,
        (SELECT count(*)::int FROM rejected_messages r WHERE r.source_id = ${id}) AS rejected
      FROM source_status s WHERE s.source_id = ${id}`;
    expect(status).toEqual({ messages: 6, faults: 1, rejected: 1 });
  }, 180_000);
});
