/**
 * The property behind "nothing lost, nothing doubled": any order and any batching of the same receptions gives the
 * same frames and the same readings, and they are those of a model of the rule that is written down here.
 */
import { compareInstants } from '@torv/core/time';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IngestItem } from '../../src/ingest/uplink.ts';
import { DATABASE_KINDS } from '../database.ts';
import {
  addOrganisation,
  findWrongStatistics,
  openTown,
  type TestOrganisation,
  type TestTown,
  toHistoryPayload,
} from './town.ts';

const START_S = Date.UTC(2026, 1, 27) / 1000; // the month ends during the second day
const HALF_HOUR_S = 1800;
const DEVICES = ['a81758fffe00000a', 'a81758fffe00000b'];

interface Reception {
  readonly device: number;
  readonly session: number;
  readonly fCnt: number;
  readonly now: number;
  /** Half hours since the start. */
  readonly history: readonly { readonly slot: number; readonly value: number }[];
  readonly slot: number;
  readonly micros: number;
  readonly gateway: number;
  readonly snr: number;
}

/** Few counters, few slots and few values, so that copies, chains, restarts and rival claims are common. */
const frame = fc.record({
  device: fc.nat({ max: 1 }),
  session: fc.nat({ max: 1 }),
  fCnt: fc.nat({ max: 3 }),
  now: fc.constantFrom(18, 19, 20, 255),
  history: fc.array(fc.record({ slot: fc.nat({ max: 200 }), value: fc.integer({ min: 5, max: 9 }) }), {
    maxLength: 2,
  }),
});
const hearing = fc.record({
  slot: fc.nat({ max: 200 }),
  micros: fc.constantFrom(0, 0, 0, 1, 2, 500_000),
  gateway: fc.nat({ max: 4 }),
  snr: fc.integer({ min: -10, max: 10 }),
});
const scenario = fc.array(
  fc
    .tuple(frame, fc.array(hearing, { minLength: 1, maxLength: 4 }))
    .map(([f, hearings]) => hearings.map((h) => ({ ...f, ...h }) satisfies Reception)),
  { minLength: 1, maxLength: 8 },
);

const toPayload = (r: Reception) =>
  toHistoryPayload(
    r.now,
    r.history.map((h) => ({ atS: START_S + h.slot * HALF_HOUR_S, value: h.value })),
  );

function toTime(slot: number, micros: number): string {
  const whole = new Date((START_S + slot * HALF_HOUR_S) * 1000).toISOString().slice(0, 19);
  const fraction = String(micros).padStart(6, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

function toItem(org: TestOrganisation, r: Reception): IngestItem {
  return org.hear({
    devEui: DEVICES[r.device] as string,
    devAddr: r.session === 0 ? '26011aaa' : '26011bbb',
    fCnt: r.fCnt,
    payload: toPayload(r),
    networkTime: toTime(r.slot, r.micros),
    receptions: [{ gatewayId: `gw-${r.gateway}`, rssi: -90, snr: r.snr }],
  });
}

/** The rule, as plainly as it can be said: join what is at most a day apart, the first heard claims a moment. */
function toModel(receptions: readonly Reception[]) {
  const groups = new Map<string, Reception[]>();
  for (const r of receptions) {
    const key = `${r.device} ${r.session} ${r.fCnt} ${toPayload(r)}`;
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  const frames = [...groups.values()].flatMap((list) => {
    const times = [...new Set(list.map((r) => toTime(r.slot, r.micros)))].sort(compareInstants);
    const runs: string[][] = [];
    for (const time of times) {
      const run = runs.at(-1);
      const gapMs = run ? Date.parse(time) - Date.parse(run.at(-1) as string) : Number.POSITIVE_INFINITY;
      if (run && gapMs <= 86_400_000) run.push(time);
      else runs.push([time]);
    }
    return runs.map((run) => ({ ...(list[0] as Reception), times: run, first: run[0] as string }));
  });
  frames.sort((a, b) => compareInstants(a.first, b.first) || (toPayload(a) < toPayload(b) ? -1 : 1));
  const readings = new Map<string, number>();
  for (const f of frames) {
    if (f.now === 255) continue;
    const claim = (time: string, value: number) => {
      const key = `${f.device} ${time}`;
      if (!readings.has(key)) readings.set(key, value);
    };
    claim(f.first, f.now);
    for (const h of f.history) {
      const aheadMs = Date.parse(toTime(h.slot, 0)) - Date.parse(f.first);
      // A device's own time has milliseconds: within the same one it is the network's time.
      if (aheadMs <= 600_000) claim(aheadMs === 0 ? f.first : toTime(h.slot, 0), h.value);
    }
  }
  return {
    frames: frames.map((f) => `${f.device} ${f.session} ${f.fCnt} ${f.first} ${f.times.length - 1}`).sort(),
    readings: [...readings].map(([key, value]) => `${key} ${value}`).sort(),
  };
}

/**
 * Numbers per device that each batch changes. Counts per gateway are left out: of two messages about one hearing
 * only the first teaches the signal, whichever it is.
 */
async function findCounts(town: TestTown, org: TestOrganisation) {
  return {
    devices: await town.sql`
      SELECT d.dev_eui, s.frames, s.copies, s.rejected, s.first_seen, s.last_seen FROM device_status s
      JOIN devices d ON d.id = s.device_id WHERE d.organisation_id = ${org.id} ORDER BY 1`,
    gateways: await town.sql`
      SELECT gateway_id FROM gateways WHERE organisation_id = ${org.id} ORDER BY 1`,
  };
}

async function feedAll(town: TestTown, receptions: readonly Reception[], batches: readonly number[]) {
  const org = await addOrganisation(town);
  for (const [i, devEui] of DEVICES.entries()) {
    await org.claim(devEui, { codec: 'test/history', placeId: await org.addPlace(`Room ${i}`) });
  }
  const items = receptions.map((r) => toItem(org, r));
  for (let at = 0, i = 0; at < items.length; i++) {
    const size = batches[i % batches.length] ?? 1;
    await org.feed(...items.slice(at, at + size));
    at += size;
  }
  await org.sweep();
  expect(await findWrongStatistics(town.sql, org.id)).toEqual([]);
  const [uplinks, observations] = [await org.uplinks(), await org.observations()];
  return { uplinks, observations, counts: await findCounts(town, org) };
}

describe.each(DATABASE_KINDS)('the same receptions on %s', (kind) => {
  let town: TestTown;
  beforeAll(async () => {
    town = await openTown(kind);
  }, 180_000);
  afterAll(() => town?.close());

  it('in any order and any batching give the same frames, readings and counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        scenario,
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        async (frames, batches, random) => {
          const receptions = frames.flat();
          const shuffled = receptions
            .map((r) => ({ r, at: random.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ r }) => r);
          const whole = await feedAll(town, receptions, [receptions.length]);
          // one of them comes twice
          const pieces = await feedAll(town, [...shuffled, ...shuffled.slice(0, 1)], batches);
          expect(pieces).toEqual(whole);
          const model = toModel(receptions);
          const deviceOf = (place: string) => place.slice(-1);
          expect(whole.observations.map((o) => `${deviceOf(o.place)} ${o.time} ${o.value}`).sort()).toEqual(
            model.readings,
          );
          expect(
            whole.uplinks
              .map((u) => {
                const session = u.devAddr === '26011aaa' ? 0 : 1;
                return `${DEVICES.indexOf(u.devEui)} ${session} ${u.fCnt} ${u.first} ${u.copies}`;
              })
              .sort(),
          ).toEqual(model.frames);
        },
      ),
      { numRuns: Number(process.env.TORV_TEST_RUNS ?? (kind === 'embedded' ? 15 : 40)) },
    );
  }, 240_000);
});
