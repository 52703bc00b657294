import { describe, expect, it } from 'vitest';
import { helium } from './helium.ts';
import { loriot } from './loriot.ts';
import { ARRIVED_AT, HELIUM, LORIOT, TORV } from './messages.fixture.ts';
import { torv } from './torv.ts';

describe('LORIOT', () => {
  const parse = (changes: object) => loriot.parse({ ...LORIOT, ...changes }, ARRIVED_AT);

  it('reads the message with gateways', () => {
    expect(parse({})).toEqual({
      kind: 'uplink',
      uplink: {
        devEui: 'a81758fffe0a0b0c',
        fCnt: 41,
        fPort: 5,
        payload: '0100d70228040234',
        networkTime: '2026-03-02T09:30:00.123Z',
        clock: 'network-server',
        receptions: [
          { gatewayId: '0000000000000a01', rssi: -60, snr: 9.5, latitude: 55.1, longitude: 10.2 },
          { gatewayId: '0000000000000b02', rssi: -101, snr: -3.5 },
        ],
        dataRate: 'SF7BW125',
        frequencyMhz: 868.1,
        batteryPercent: 100,
      },
    });
  });

  it('gives the same frame for the message without gateways', () => {
    const both = [parse({}), parse({ cmd: 'rx', gws: undefined })];
    const keys = both.map((p) => (p.kind === 'uplink' ? { ...p.uplink, receptions: [] } : p));
    expect(keys[0]).toEqual(keys[1]);
  });

  it('ignores its other messages and rejects encrypted ones', () => {
    expect(parse({ cmd: 'txd' }).kind).toBe('ignored');
    expect(parse({ data: undefined, encdata: '0011' })).toMatchObject({ kind: 'rejected', at: '/encdata' });
    expect(parse({ data: undefined })).toMatchObject({ kind: 'ignored' });
    expect(parse({ cmd: undefined })).toMatchObject({ kind: 'rejected', at: '/cmd' });
  });

  it('takes the earliest gateway where the server names no time', () => {
    expect(parse({ ts: undefined })).toMatchObject({
      uplink: { clock: 'gateway', networkTime: '2026-03-02T09:29:59.9Z' },
    });
  });

  it('knows battery 0 as external power and 255 as unknown: both are no percentage', () => {
    for (const bat of [0, 255, null, 'x']) {
      const parsed = parse({ bat });
      if (parsed.kind !== 'uplink') throw new Error('not an uplink');
      expect(parsed.uplink).not.toHaveProperty('batteryPercent');
    }
    expect(parse({ bat: 1 })).toMatchObject({ uplink: { batteryPercent: 0 } });
  });

  it('rejects a payload that is not hexadecimal', () => {
    expect(parse({ data: 'AQDX' })).toMatchObject({ kind: 'rejected', at: '/data' });
    expect(parse({ data: '010' })).toMatchObject({ kind: 'rejected', at: '/data' });
    expect(parse({ data: 'ab'.repeat(243) })).toMatchObject({ reason: expect.stringContaining('242') });
  });
});

describe('Helium', () => {
  const parse = (changes: object) => helium.parse({ ...HELIUM, ...changes }, ARRIVED_AT);

  it('reads milliseconds, hotspots and the rounded frequency', () => {
    expect(parse({})).toMatchObject({
      uplink: {
        networkTime: '2026-03-02T09:30:00.123Z',
        clock: 'network-server',
        receptions: [
          { gatewayId: '11Def', rssi: -60, snr: 9.5, latitude: 55.1, longitude: 10.2 },
          { gatewayId: '11Abc', rssi: -101, snr: -3.5 },
        ],
        dataRate: 'SF7BW125',
        frequencyMhz: 868.1,
        deviceName: 'room-2b',
      },
    });
  });

  it('takes the earliest hotspot where the console names no time', () => {
    expect(parse({ reported_at: undefined })).toMatchObject({
      uplink: { clock: 'gateway', networkTime: '2026-03-02T09:29:59.9Z' },
    });
  });

  it('ignores a join', () => {
    expect(parse({ type: 'join' }).kind).toBe('ignored');
  });
});

describe('the plain JSON form', () => {
  const parse = (changes: object, topic?: string) =>
    torv.parse({ ...TORV, ...changes }, ARRIVED_AT, { topic });

  it('reads every field', () => {
    expect(parse({})).toEqual({
      kind: 'uplink',
      uplink: {
        devEui: 'a81758fffe0a0b0c',
        devAddr: '01ab23cd',
        fCnt: 41,
        fPort: 5,
        payload: '0100d70228040234',
        networkTime: '2026-03-02T09:30:00.123456Z',
        clock: 'network-server',
        receptions: [
          { gatewayId: '0000000000000a01', rssi: -60, snr: 9.5, latitude: 55.1, longitude: 10.2 },
          { gatewayId: '0000000000000b02', rssi: -101, snr: -3.5 },
        ],
        dataRate: 'SF7BW125',
        frequencyMhz: 868.1,
        deviceName: 'room-2b',
        profileName: 'ERS CO2',
        tags: { room: '2B' },
        batteryPercent: 90.5,
      },
    });
  });

  it('needs only a device, a port and a payload', () => {
    const message = { devEui: 'a81758fffe0a0b0c', fPort: 2, payloadBase64: 'AQ_-' };
    const parsed = torv.parse(message, ARRIVED_AT);
    expect(parsed).toMatchObject({
      uplink: { payload: '010ffe', clock: 'arrival', networkTime: ARRIVED_AT },
    });
    if (parsed.kind === 'uplink') expect(parsed.uplink).not.toHaveProperty('fCnt');
  });

  it('takes the device from the topic and refuses two different ones', () => {
    const topic = 'devices/A81758FFFE0A0B0C/up';
    expect(parse({ devEui: undefined }, topic)).toMatchObject({ uplink: { devEui: 'a81758fffe0a0b0c' } });
    expect(parse({}, topic).kind).toBe('uplink');
    expect(parse({ devEui: '0000000000000001' }, topic)).toMatchObject({ kind: 'rejected', at: '/devEui' });
    expect(parse({ devEui: undefined }, 'devices/x/up')).toMatchObject({ kind: 'rejected', at: '/devEui' });
  });

  it.each([
    ['/fPort', { fPort: 300 }],
    ['/fPort', { fPort: undefined }],
    ['/fCnt', { fCnt: 1.5 }],
    ['/fCnt', { fCnt: '9999999999' }],
    ['/payload', { payload: undefined }],
    ['/payload', { payload: 'abc' }],
    ['/payloadBase64', { payloadBase64: 'AQ==' }],
    ['/time', { time: 'yesterday' }],
    ['/devAddr', { devAddr: '123' }],
    ['/gateways', { gateways: {} }],
    ['/gateways/0', { gateways: ['x'] }],
    ['/gateways/0/id', { gateways: [{ rssi: -3 }] }],
    ['/gateways/1/rssi', { gateways: [{ id: 'a' }, { id: 'b', rssi: 'loud' }] }],
    ['/gateways/0/latitude', { gateways: [{ id: 'a', latitude: 91, longitude: 0 }] }],
    ['/tags', { tags: { room: 7 } }],
    ['/tags', { tags: 'room' }],
    ['/battery', { battery: 101 }],
    ['/frequencyMhz', { frequencyMhz: 868100000 }],
  ])('names %s when it is wrong', (at, changes) => {
    const parsed = parse(changes);
    expect(parsed).toMatchObject({ kind: 'rejected', at });
  });

  it('says what a wrong field must be', () => {
    expect(parse({ gateways: [{ id: 'a' }, { id: 'b', rssi: 'loud' }] })).toEqual({
      kind: 'rejected',
      reason: '"gateways[1].rssi" must be a number (dBm).',
      at: '/gateways/1/rssi',
    });
  });
});
