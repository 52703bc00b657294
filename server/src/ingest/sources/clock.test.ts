import { compareInstants } from '@torv/core/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRecordedArrival, readInstant, toHeardAt } from './clock.ts';

const ARRIVED_AT = '2026-03-02T09:30:05Z';
const heard = (server: unknown, gateways: unknown[] = [], arrivedAt = ARRIVED_AT) =>
  toHeardAt([{ at: '/time', value: server }], gateways, arrivedAt);

describe('the clock of a frame', () => {
  it('is the network server even when a gateway heard it earlier', () => {
    expect(heard('2026-03-02T09:30:00Z', ['2026-03-02T09:29:00Z'])).toMatchObject({
      clock: 'network-server',
      networkTime: '2026-03-02T09:30:00Z',
    });
  });

  it('is not believed before 2015 or more than a day ahead', () => {
    for (const time of ['1970-01-01T00:00:12Z', '2026-03-03T09:30:06Z', 0, '9999-12-31T23:59:59Z']) {
      expect(heard(time, ['2026-03-02T09:29:59Z'])).toMatchObject({ clock: 'gateway' });
      expect(heard(time)).toMatchObject({ clock: 'arrival', networkTime: ARRIVED_AT });
    }
    expect(heard('2026-03-03T09:30:04Z')).toMatchObject({ clock: 'network-server' });
  });

  it('believes a late frame, however old', () => {
    expect(heard('2019-04-24T13:23:32Z')).toMatchObject({ networkTime: '2019-04-24T13:23:32Z' });
  });

  it('skips a gateway whose clock was never set or runs ahead', () => {
    const gateways = ['1980-01-06T00:00:00Z', '2026-03-02T09:41:00Z', null, 'x', '2026-03-02T09:30:01Z'];
    expect(heard(undefined, gateways)).toMatchObject({
      clock: 'gateway',
      networkTime: '2026-03-02T09:30:01Z',
    });
  });

  it('judges nobody while its own clock was never set', () => {
    expect(heard('2026-03-02T09:30:00Z', [], '1970-01-01T00:01:00Z')).toMatchObject({
      clock: 'network-server',
    });
  });

  it('gives the earliest gateway in any order, to the microsecond', () => {
    const micros = fc.integer({ min: 0, max: 999_999 });
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 6 }), (list) => {
        const times = list.map((us) => `2026-03-02T09:30:00.${String(us).padStart(6, '0')}Z`);
        const best = Math.min(...list);
        for (const order of [times, times.toReversed()]) {
          const result = heard(undefined, order);
          if (result.kind !== 'heard') throw new Error('not heard');
          const fraction = /\.(\d+)Z$/.exec(result.networkTime)?.[1] ?? '0';
          expect(Number(fraction.padEnd(6, '0'))).toBe(best);
        }
      }),
    );
  });

  it('orders two instants within one millisecond', () => {
    const [early, late] = ['2026-03-02T09:30:00Z', '2026-03-02T09:30:00.000001Z'];
    expect([late, early].sort(compareInstants)).toEqual([early, late]);
    expect(compareInstants(late, late)).toBe(0);
  });

  it('reads offsets, nine decimals and milliseconds as one instant', () => {
    expect(readInstant('2026-03-02T10:30:00.123456789+01:00')).toBe('2026-03-02T09:30:00.123456Z');
    expect(readInstant(1772443800123)).toBe('2026-03-02T09:30:00.123Z');
    expect(readInstant('1772443800123')).toBe('2026-03-02T09:30:00.123Z');
    expect(readInstant('2026-03-02T09:30:00')).toBeUndefined();
    expect(readInstant(Number.MAX_VALUE)).toBeUndefined();
  });
});

describe('a recorded file', () => {
  it('says when the recorder got a message', () => {
    expect(findRecordedArrival({ _timestamp: 1772443800123 })).toBe('2026-03-02T09:30:00.123Z');
    expect(findRecordedArrival({ _date: '2026-03-02T09:30:00Z' })).toBe('2026-03-02T09:30:00Z');
    expect(findRecordedArrival({ _timestamp: 12 })).toBeUndefined();
    expect(findRecordedArrival([])).toBeUndefined();
    expect(findRecordedArrival(null)).toBeUndefined();
  });
});
