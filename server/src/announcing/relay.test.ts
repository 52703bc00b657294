/** Two processes' ends of the relay on one PostgreSQL: what is heard, in which order, and what is said of what is not. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, SILENT, type TestDatabase } from '../../test/database.ts';
import { type DatabaseGate, openDatabaseGate } from '../../test/database-gate.ts';
import { until } from '../../test/until.ts';
import { type Change, type Database, openDatabase } from '../db/database.ts';
import type { StoredReading } from '../observations/store.ts';
import type { Wanted } from './notice.ts';
import { openRelay, type Relay, type RelayLimits } from './relay.ts';

const NOTHING: Wanted = { live: false, entities: [], readings: [] };
const thing = (id: number): Change => ({ kind: 'updated', entity: 'thing', id, keys: ['name'] });
const reading = (id: number, datastreamId: number): StoredReading => ({
  ...{ id, datastreamId, value: 1, quality: 0, uplinkId: null },
  phenomenonTime: new Date(Date.UTC(2026, 10, 22) + id * 10).toISOString(),
});

interface End {
  readonly relay: Relay;
  wanted: Wanted;
  readonly heard: Change[];
  readonly live: Set<number>;
  readonly peers: boolean[];
  readonly gaps: number[];
  readonly warned: string[];
}

describe('the relay', () => {
  it('is not there on an embedded database: nobody else can be', () => {
    expect(openEnd({ openNotices: () => undefined })).toBeUndefined();
  });

  describe.runIf(DATABASE_KINDS.includes('postgresql'))('between two processes', () => {
    let database: TestDatabase;
    let gate: DatabaseGate;
    let behindGate: Database;
    const ends: End[] = [];
    beforeAll(async () => {
      database = await createTestDatabase('postgresql');
      gate = await openDatabaseGate(database.url ?? '');
      behindGate = await openDatabase({ dataDir: database.dataDir, url: gate.url, log: SILENT });
    });
    afterEach(async () => {
      await gate.open();
      await Promise.all(ends.splice(0).map((end) => end.relay.close()));
    });
    afterAll(async () => {
      await behindGate?.close();
      await gate?.remove();
      await database?.drop();
    });

    function open(wanted: Wanted, limits: Partial<RelayLimits> = {}, at: Database = database): End {
      const end = openEnd(at, wanted, limits);
      if (end === undefined) throw new Error('There is no relay');
      ends.push(end);
      return end;
    }
    async function openBoth(wanted: Wanted, limits: Partial<RelayLimits> = {}): Promise<readonly [End, End]> {
      const both = [open(NOTHING, limits), open(wanted, {}, behindGate)] as const;
      await until(() => both.every(({ relay }) => relay.state.peers === 1));
      return both;
    }

    it('tells only what somebody listens to, also who has begun to a moment ago', async () => {
      const [teller, hearer] = await openBoth({ ...NOTHING, readings: [5] });
      teller.relay.readings([reading(1, 4), reading(2, 5), reading(3, 6)]);
      teller.relay.changes([thing(1)]);
      await until(() => hearer.heard.length > 0);
      hearer.wanted = { ...NOTHING, entities: ['thing'] };
      hearer.relay.wantedChanged();
      // known before what is announced now is said
      await until(() => {
        teller.relay.changes([thing(2)]);
        return hearer.heard.some(({ entity }) => entity === 'thing');
      });
      expect(hearer.heard[0]).toMatchObject({ id: 2, reading: { datastreamId: 5 } });
      expect(hearer.heard.slice(1)).toContainEqual(thing(2));
      expect(hearer.heard).not.toContainEqual(thing(1));
      expect(teller.heard).toEqual([]);
    });

    it('keeps the order of tens of thousands, each once', async () => {
      const [teller, hearer] = await openBoth({ ...NOTHING, entities: ['thing'], readings: 'all' });
      let id = 0;
      for (let batch = 0; batch < 40; batch++) {
        teller.relay.readings(Array.from({ length: 500 }, () => reading(++id, (id * 7) % 300)));
        if (batch % 10 === 0) teller.relay.changes([thing(++id)]);
        if (batch % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await until(() => hearer.heard.length >= id);
      expect(hearer.heard.map((change) => change.id)).toEqual(Array.from({ length: id }, (_, i) => i + 1));
      expect([teller.relay.state.dropped, hearer.relay.state.lost]).toEqual([0, 0]);
    });

    it('drops, counts and says what is too much', async () => {
      const [teller, hearer] = await openBoth({ ...NOTHING, readings: 'all' }, { waiting: 20 });
      teller.relay.readings(Array.from({ length: 15 }, (_, i) => reading(i + 1, 1)));
      teller.relay.readings(Array.from({ length: 15 }, (_, i) => reading(i + 101, 1)));
      expect(teller.relay.state.dropped).toBe(15);
      expect(teller.warned.join()).toContain('more came than could be told');
      await until(() => hearer.heard.length === 15);
    });

    it('takes what is new on pages to those who look at one, and knows when they are gone', async () => {
      const [teller, hearer] = await openBoth(NOTHING);
      hearer.wanted = { ...NOTHING, live: true };
      hearer.relay.wantedChanged();
      await until(() => {
        teller.relay.live(new Set([3, 1]));
        return hearer.live.size > 0;
      });
      expect([...hearer.live]).toEqual([3, 1]);
      expect(teller.peers.at(-1)).toBe(true);
      await hearer.relay.close();
      await until(() => teller.peers.at(-1) === false);
      expect(teller.relay.state.peers).toBe(0);
    });

    it('hears again after the database was away, and says that something was missed', async () => {
      const [teller, hearer] = await openBoth({ ...NOTHING, entities: ['thing'] });
      await gate.shut();
      teller.relay.changes([thing(1)]);
      // said while nobody could hear it
      const said = open({ ...NOTHING, entities: ['thing'] });
      await until(() => said.relay.state.peers > 0);
      teller.relay.changes([thing(2)]);
      await until(() => said.heard.some(({ id }) => id === 2));
      await gate.open();
      await until(() => hearer.gaps.length > 0);
      await until(() => {
        teller.relay.changes([thing(3)]);
        return hearer.heard.some(({ id }) => id === 3);
      });
      expect(hearer.heard).not.toContainEqual(thing(2));
      expect(hearer.relay.state.lost).toBeGreaterThan(0);
      expect(hearer.warned.join()).toContain('was not heard');
    });

    it('closes while the database is away', async () => {
      const [, hearer] = await openBoth(NOTHING);
      await gate.shut();
      await hearer.relay.close();
    });
  });
});

function openEnd(
  database: Pick<Database, 'openNotices'>,
  wanted: Wanted = NOTHING,
  limits: Partial<RelayLimits> = {},
): End | undefined {
  const end = {
    wanted,
    heard: [] as Change[],
    live: new Set<number>(),
    peers: [] as boolean[],
    gaps: [] as number[],
    warned: [] as string[],
  };
  const relay = openRelay({
    database,
    log: { ...SILENT, warn: (_fields: object, text: string) => void end.warned.push(text) },
    limits,
    handlers: {
      toWanted: () => end.wanted,
      onLive: (ids) => {
        for (const id of ids) end.live.add(id);
      },
      onChanges: (changes) => void end.heard.push(...changes),
      onPeers: (areThere) => void end.peers.push(areThere),
      onGap: (gapMs) => void end.gaps.push(gapMs),
    },
  });
  return relay === undefined ? undefined : Object.assign(end, { relay });
}
