/** Torv's own broker as a device's gateway meets it: mosquitto_pub with an API key, and what happens without one. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDeadKeys, findKeyActor } from '../../src/access/key-store.ts';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/ingest/embedded-broker.ts';
import { syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { createTestApp, type TestApp } from '../app.ts';
import { DATABASE_KINDS, SILENT } from '../database.ts';
import { findFreePort } from '../free-port.ts';
import { findProgram } from '../mosquitto.ts';
import { openBareClient } from '../mqtt-client.ts';
import { ask, expectStatus, type Founded, found } from '../people.ts';

describe.each(DATABASE_KINDS)('the embedded broker on %s', (kind) => {
  let test: TestApp;
  let founder: Founded;
  let broker: EmbeddedBroker;
  let port: number;
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    founder = await found(test);
    port = await findFreePort();
    const { sql } = test.database;
    broker = await openEmbeddedBroker({
      sql,
      inlet: test.runtime.inlet,
      log: SILENT,
      host: '127.0.0.1',
      port,
      portConfigured: true,
      findKey: (text) => findKeyActor(sql, text, test.now()),
      findDeadKeys: (ids) => findDeadKeys(sql, ids, test.now()),
    });
  });
  afterAll(async () => {
    await broker?.close();
    await test?.close();
  });

  async function createKey(scopes: readonly string[]): Promise<{ id: number; text: string }> {
    const made = expectStatus(
      await ask(test, 'POST', `/api/v1/keys?organisation=${founder.organisationId}`, {
        session: founder.session,
        body: { name: 'Gateway', scopes },
      }),
      201,
    );
    return { id: (made.body.key as { id: number }).id, text: String(made.body.text) };
  }
  /** @returns the exit code: 0 after the PUBACK */
  function publish(devEui: string, body: object, key?: string): Promise<number> {
    const child = spawn(findProgram('mosquitto_pub'), [
      ...['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', `devices/${devEui}/up`],
      ...['-m', JSON.stringify(body)],
      ...(key === undefined ? [] : ['-u', 'gateway', '-P', key]),
    ]);
    return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  }
  const framesOf = async (devEui: string): Promise<number> => {
    const [row] = await test.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM uplinks u JOIN devices d ON d.id = u.device_id
      WHERE d.dev_eui = ${devEui} AND d.organisation_id = ${founder.organisationId}`;
    return row?.n ?? 0;
  };

  it('acknowledges a frame when it is committed, and an unknown device waits in the inbox', async () => {
    const { text } = await createKey(['ingest']);
    expect(await publish('a81758fffe0b0001', { fPort: 5, payload: '0100d7' }, text)).toBe(0);
    // no waiting here: after the PUBACK it must be there
    expect(await framesOf('a81758fffe0b0001')).toBe(1);
    const inbox = await ask(test, 'GET', `/api/v1/inbox?organisation=${founder.organisationId}`, {
      session: founder.session,
    });
    expect(inbox.text).toContain('a81758fffe0b0001');
    const sources = await ask(test, 'GET', `/api/v1/sources?organisation=${founder.organisationId}`, {
      session: founder.session,
    });
    expect(sources.body.sources).toMatchObject([{ kind: 'broker', format: 'torv', status: { messages: 1 } }]);
  });

  it('lets nobody publish without a key, with a wrong one, or with one that may only read', async () => {
    const { text } = await createKey(['read']);
    for (const key of [undefined, 'torv_wrong-wrong-wrong-wrong-wrong', text]) {
      await publish('a81758fffe0b0002', { fPort: 5, payload: '0100d7' }, key);
    }
    expect(await framesOf('a81758fffe0b0002')).toBe(0);
    expect(await publish('a81758fffe0b0002', { fPort: 5, payload: '00' })).not.toBe(0);
  });

  it('refuses a frame that contradicts its topic, and keeps it as rejected', async () => {
    const { text } = await createKey(['ingest']);
    await publish('a81758fffe0b0003', { devEui: 'a81758fffe0b0004', fPort: 5, payload: '00' }, text);
    expect([await framesOf('a81758fffe0b0003'), await framesOf('a81758fffe0b0004')]).toEqual([0, 0]);
    const [row] = await test.database.sql`SELECT reason FROM rejected_messages ORDER BY id DESC LIMIT 1`;
    expect(row?.reason).toMatch(/DevEUI|devEui/);
  });

  it('closes the connections of a key that is withdrawn', async () => {
    const { id, text } = await createKey(['ingest']);
    const client = await openBareClient(port, { username: 'gateway', password: Buffer.from(text) });
    expect((await client.next('connack')).returnCode).toBe(0);
    await client.publishAll([
      { topic: 'devices/a81758fffe0b0005/up', payload: JSON.stringify({ fPort: 5, payload: '00' }) },
    ]);
    expectStatus(await ask(test, 'DELETE', `/api/v1/keys/${id}`, { session: founder.session }), 204);
    await client.untilClosed();
    const again = await openBareClient(port, { username: 'gateway', password: Buffer.from(text) });
    expect((await again.next('connack')).returnCode).not.toBe(0);
    again.end();
  });
});
