/** Live readings over a real connection: who loses the right to see them while listening hears no more. */
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../test/app.ts';
import { DATABASE_KINDS } from '../../test/database.ts';
import { addOrganisation, CODECS, type TestOrganisation } from '../../test/ingest/town.ts';
import { ask, expectStatus, type Founded, found, join, toSecret } from '../../test/people.ts';
import { until } from '../../test/until.ts';
import { SYSTEM } from '../access/port.ts';
import { claimDevice } from '../registry/device-store.ts';
import { syncObservedProperties } from '../registry/organisation-store.ts';
import { createPlace, getPlace } from '../registry/place-store.ts';
import { syncShippedCodecs } from '../registry/shipped-codec-store.ts';

interface Listener {
  readonly status: number;
  /** Temperatures that came, in degrees. */
  readonly values: readonly number[];
  readonly ended: boolean;
  close(): void;
}

let devices = 0;

describe.each(DATABASE_KINDS)('live readings on %s', (kind) => {
  let test: TestApp;
  let base: string;
  let founder: Founded;
  let demo: TestOrganisation;
  const listeners: Listener[] = [];
  beforeAll(async () => {
    test = await createTestApp(kind);
    await syncObservedProperties(test.database.sql);
    await syncShippedCodecs(test.database.sql, CODECS);
    await test.app.listen({ port: 0, host: '127.0.0.1' });
    base = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`;
    founder = await found(test);
    const { database, runtime } = test;
    demo = await addOrganisation(
      {
        database,
        sql: database.sql,
        decoder: runtime.decoder,
        deps: runtime.ingest,
        close: async () => undefined,
      },
      'demo',
    );
  });
  afterAll(async () => {
    test?.app.server.closeAllConnections();
    await test?.close();
  });
  afterEach(() => {
    for (const listener of listeners.splice(0)) listener.close();
  });

  async function listen(
    organisationId: number,
    who: { readonly session?: string; readonly authorization?: string } = {},
  ): Promise<Listener> {
    const abort = new AbortController();
    const response = await fetch(`${base}/api/v1/live?organisation=${organisationId}`, {
      signal: abort.signal,
      headers: {
        ...(who.session === undefined ? {} : { cookie: `torv_session=${who.session}` }),
        ...(who.authorization === undefined ? {} : { authorization: who.authorization }),
      },
    });
    const values: number[] = [];
    let ended = false;
    const reading = async (): Promise<void> => {
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^event: reading\ndata: (.*)$/.exec(event)?.[1];
          if (data === undefined) continue;
          const { property, value } = JSON.parse(data) as { property: string; value: number };
          if (property === 'air_temperature') values.push(value);
        }
      }
    };
    void reading()
      .catch(() => undefined)
      .finally(() => {
        ended = true;
      });
    const listener: Listener = {
      status: response.status,
      values,
      get ended() {
        return ended;
      },
      close: () => abort.abort(),
    };
    listeners.push(listener);
    return listener;
  }

  /** A room with a device of its own, so that nothing of another test is heard here. */
  async function addRoom(
    organisationId: number,
  ): Promise<{ placeId: number; hear(degrees: number): Promise<void> }> {
    const devEui = `a81758fffe11${String(++devices).padStart(4, '0')}`;
    const { sql } = test.database;
    const place = await sql.begin((tx) =>
      createPlace(tx, SYSTEM, organisationId, {
        name: `Room ${devEui}`,
        kind: 'point',
        position: [10.2, 56.1],
      }),
    );
    await sql.begin((tx) =>
      claimDevice(tx, SYSTEM, {
        organisationId,
        devEui,
        codecKey: 'elsys/ers',
        placeId: place.id,
        from: '2026-01-01T00:00:00Z',
        now: '2026-01-01T00:00:00Z',
      }),
    );
    let fCnt = 0;
    return {
      placeId: place.id,
      async hear(degrees) {
        const payload = Buffer.from('010000', 'hex');
        payload.writeInt16BE(degrees * 10, 1);
        const networkTime = new Date().toISOString();
        const report = await test.runtime.batcher.accept([
          {
            organisationId,
            sourceId: null,
            arrivedAt: networkTime,
            uplink: {
              devEui,
              fCnt: fCnt++,
              fPort: 5,
              payload: payload.toString('hex'),
              networkTime,
              clock: 'network-server',
              receptions: [],
            },
          },
        ]);
        expect(report.readings).toBe(1);
      },
    };
  }

  /** More readings, each after the one before was heard by somebody who still may: the last word is long said. */
  async function hearAfterwards(
    room: { hear(degrees: number): Promise<void> },
    witness: Listener,
  ): Promise<void> {
    for (const degrees of [31, 32]) {
      await room.hear(degrees);
      await until(() => witness.values.includes(degrees));
    }
  }

  it('come to members of the organisation and to nobody else', async () => {
    const room = await addRoom(founder.organisationId);
    const member = await listen(founder.organisationId, founder);
    expect((await listen(founder.organisationId)).status).toBe(404);
    const elsewhere = await listen(demo.id);
    await hearAfterwards(room, member);
    expect(elsewhere.values).toEqual([]);
  });

  const addKey = async (): Promise<{ readonly id: number; readonly authorization: string }> => {
    const keys = `/api/v1/keys?organisation=${founder.organisationId}`;
    const { body } = expectStatus(
      await ask(test, 'POST', keys, { session: founder.session, body: { name: 'Wall', scopes: ['read'] } }),
      201,
    );
    return { id: (body.key as { id: number }).id, authorization: `Bearer ${body.text}` };
  };

  // The embedded database runs one transaction at a time: nobody is told while another one is open.
  const itWithPostgres = kind === 'postgresql' ? it : () => undefined;
  itWithPostgres('come also when they are stored while a listener is being told', async () => {
    const room = await addRoom(founder.organisationId);
    const member = await listen(founder.organisationId, founder);
    const witness = await listen(founder.organisationId, await addKey());
    await test.database.sql.begin(async (tx) => {
      // Who the member is cannot be read meanwhile.
      await tx`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`;
      for (const degrees of [20, 21]) {
        await room.hear(degrees);
        await until(() => witness.values.includes(degrees));
      }
      expect(member.values).toEqual([]);
    });
    await until(() => member.values.includes(21));
  });

  describe('stop', () => {
    let room: Awaited<ReturnType<typeof addRoom>>;
    let witness: Listener;
    beforeEach(async () => {
      room = await addRoom(founder.organisationId);
      witness = await listen(founder.organisationId, founder);
    });

    async function joined(role = 'viewer') {
      const email = `${crypto.randomUUID()}@skaering.example`;
      return join(test, founder.session, founder.organisationId, role, email);
    }
    async function revoked(listener: Listener, revoke: () => Promise<unknown>): Promise<void> {
      await room.hear(20);
      await until(() => listener.values.includes(20) && witness.values.includes(20));
      await revoke();
      await hearAfterwards(room, witness);
      expect(listener.values).toEqual([20]);
      await until(() => listener.ended);
    }

    it('for a person who is removed from the organisation', async () => {
      const viewer = await joined();
      const url = `/api/v1/users/${viewer.id}?organisation=${founder.organisationId}`;
      await revoked(await listen(founder.organisationId, viewer), async () => {
        const { body } = expectStatus(await ask(test, 'GET', url, { session: founder.session }), 200);
        expectStatus(
          await ask(test, 'DELETE', url, { session: founder.session, version: Number(body.version) }),
          204,
        );
      });
    });

    it('for a person whose session has ended', async () => {
      const viewer = await joined();
      await revoked(await listen(founder.organisationId, viewer), async () =>
        expectStatus(await ask(test, 'DELETE', '/api/v1/session', { session: viewer.session }), 204),
      );
    });

    it('for a session that is ended from another one', async () => {
      const viewer = await joined();
      await revoked(
        await listen(founder.organisationId, viewer),
        () => test.database.sql`DELETE FROM sessions WHERE user_id = ${viewer.id}`,
      );
    });

    it('for a person whose account is switched off', async () => {
      const viewer = await joined();
      await revoked(
        await listen(founder.organisationId, viewer),
        () => test.database.sql`UPDATE users SET disabled_at = now() WHERE id = ${viewer.id}`,
      );
    });

    it('for a key that is revoked', async () => {
      const key = await addKey();
      const listener = await listen(founder.organisationId, key);
      await revoked(listener, async () =>
        expectStatus(
          await ask(test, 'DELETE', `/api/v1/keys/${key.id}`, {
            session: founder.session,
          }),
          204,
        ),
      );
    });

    it("for a room's screen whose link is revoked", async () => {
      const screens = `/api/v1/places/${room.placeId}/screens`;
      const { body } = expectStatus(
        await ask(test, 'POST', screens, { session: founder.session, body: { days: 1 } }),
        201,
      );
      const authorization = `Torv-Link ${toSecret(body.link)}`;
      await revoked(await listen(founder.organisationId, { authorization }), async () =>
        expectStatus(await ask(test, 'DELETE', `${screens}/${body.id}`, { session: founder.session }), 204),
      );
    });
  });

  it('go on for a member whose role changes', async () => {
    const room = await addRoom(founder.organisationId);
    const viewer = await join(
      test,
      founder.session,
      founder.organisationId,
      'viewer',
      'rises@skaering.example',
    );
    const listener = await listen(founder.organisationId, viewer);
    await test.database.sql`UPDATE memberships SET role = 'editor' WHERE user_id = ${viewer.id}`;
    await hearAfterwards(room, listener);
  });

  describe('of an open town stop for everybody else', () => {
    let room: Awaited<ReturnType<typeof addRoom>>;
    let other: Awaited<ReturnType<typeof addRoom>>;
    let anyone: Listener;
    beforeEach(async () => {
      room = await addRoom(demo.id);
      other = await addRoom(demo.id);
      anyone = await listen(demo.id);
      await room.hear(20);
      await until(() => anyone.values.includes(20));
    });
    async function hearNoMore(): Promise<void> {
      for (const degrees of [31, 32]) {
        await room.hear(degrees);
        await other.hear(degrees + 10);
        await until(() => anyone.values.includes(degrees + 10));
      }
      expect(anyone.values).toEqual([20, 41, 42]);
      expect(anyone.ended).toBe(false);
    }
    const setVisibility = async (visibility: 'internal' | 'public') => {
      const { sql } = test.database;
      const editor = await join(
        test,
        founder.session,
        founder.organisationId,
        'viewer',
        `${crypto.randomUUID()}@skaering.example`,
      );
      await sql`INSERT INTO memberships (user_id, organisation_id, role) VALUES (${editor.id}, ${demo.id}, 'editor')`;
      const { version } = await getPlace(sql, SYSTEM, room.placeId);
      expectStatus(
        await ask(test, 'PATCH', `/api/v1/places/${room.placeId}`, {
          session: editor.session,
          version,
          body: { visibility },
        }),
        200,
      );
    };

    it('when a Datastream is made internal', async () => {
      await test.database
        .sql`UPDATE datastreams SET visibility = 'internal' WHERE thing_id = ${room.placeId}`;
      await hearNoMore();
    });

    it('when the place is made internal, and begin again when it is public again', async () => {
      await setVisibility('internal');
      await hearNoMore();
      const sta = await ask(
        test,
        'GET',
        `/sta/v1.1/Datastreams?$filter=Thing/id eq ${room.placeId}&$count=true`,
      );
      expect(sta.body['@iot.count']).toBe(0);
      const series = `/api/v1/places/${room.placeId}/series?property=air_temperature&from=2026-01-01T00:00:00Z&to=2030-01-01T00:00:00Z`;
      expect((await ask(test, 'GET', series)).status).toBe(404);
      const features = await test.database.sql`
        SELECT f.visibility FROM features_of_interest f JOIN datastreams d ON d.feature_id = f.id WHERE d.thing_id = ${room.placeId}`;
      expect(features.map((f) => f.visibility)).toEqual(['internal']);
      await setVisibility('public');
      await room.hear(50);
      await until(() => anyone.values.includes(50));
    });
  });
});
