import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSilent, toBatteryLevel, toBatteryShare, toSignalLevel } from './device-condition.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

describe('silence', () => {
  it('begins after three missed reports', () => {
    expect(isSilent(ago(179), 3600, NOW)).toBe(false);
    expect(isSilent(ago(181), 3600, NOW)).toBe(true);
  });
  it('never begins within half an hour', () => {
    expect(isSilent(ago(29), 60, NOW)).toBe(false);
    expect(isSilent(ago(31), 60, NOW)).toBe(true);
  });
  it('is also never having been heard', () => {
    expect(isSilent(null, null, NOW)).toBe(true);
  });
});

describe('a battery', () => {
  const span = { fullV: 3.6, emptyV: 2.8 };
  it('is judged by its voltage only where the model says what it means', () => {
    expect(toBatteryLevel({ percent: null, volts: 3.5 }, span)).toBe('good');
    expect(toBatteryLevel({ percent: null, volts: 2.95 }, span)).toBe('low');
    expect(toBatteryLevel({ percent: null, volts: 2.7 }, span)).toBe('empty');
    expect(toBatteryLevel({ percent: null, volts: 3.5 }, null)).toBe('unknown');
    expect(toBatteryLevel({ percent: null, volts: null }, span)).toBe('unknown');
  });
  it('is judged by the per cent that the device says', () => {
    expect(toBatteryLevel({ percent: 20, volts: 3.6 }, span)).toBe('low');
    expect(toBatteryLevel({ percent: 21, volts: 2.8 }, span)).toBe('good');
  });
  it('never has a share below nothing or above all', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (volts) => {
        const share = toBatteryShare({ percent: null, volts }, span);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a signal', () => {
  it.each([
    [-80, 9, 'good'],
    [-110, 5, 'fair'],
    [-90, -3, 'fair'],
    [-120, 5, 'weak'],
    [-90, -12, 'weak'],
    [null, 3, 'good'],
    [null, null, 'unknown'],
  ] as const)('of %s dBm and %s dB is %s', (rssi, snr, level) => {
    expect(toSignalLevel(rssi, snr)).toBe(level);
  });
});
