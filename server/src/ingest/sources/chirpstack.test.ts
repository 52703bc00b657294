import { describe, expect, it } from 'vitest';
import { chirpstackV3 } from './chirpstack-v3.ts';
import { chirpstackV4 } from './chirpstack-v4.ts';
import { ARRIVED_AT, CHIRPSTACK_V3, CHIRPSTACK_V4 } from './messages.fixture.ts';

const v4 = (changes: object, hint?: { event?: string; topic?: string }) =>
  chirpstackV4.parse({ ...CHIRPSTACK_V4, ...changes }, ARRIVED_AT, hint);
const v3 = (changes: object, hint?: { event?: string; topic?: string }) =>
  chirpstackV3.parse({ ...CHIRPSTACK_V3, ...changes }, ARRIVED_AT, hint);

describe('ChirpStack v4', () => {
  it('reads everything an uplink event says', () => {
    expect(v4({})).toEqual({
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
      },
    });
  });

  it('takes a missing counter, RSSI and SNR for 0, as version 4.0 and its rxInfo leave out defaults', () => {
    const parsed = v4({ fCnt: undefined, rxInfo: [{ gatewayId: 'AA00000000000001' }] });
    expect(parsed).toMatchObject({
      uplink: { fCnt: 0, receptions: [{ gatewayId: 'aa00000000000001', rssi: 0, snr: 0 }] },
    });
  });

  it('ignores a frame without application payload', () => {
    for (const changes of [
      { fPort: undefined },
      { fPort: 0 },
      { data: '' },
      { data: undefined },
      { data: null },
    ]) {
      expect(v4(changes)).toMatchObject({ kind: 'ignored', reason: expect.stringContaining('MAC only') });
    }
    expect(v4({ fPort: 224 })).toMatchObject({ kind: 'ignored', reason: expect.stringContaining('test') });
    expect(v4({ fPort: 223 }).kind).toBe('uplink');
    expect(v4({ fPort: 256 })).toMatchObject({ kind: 'rejected', at: '/fPort' });
  });

  it('rejects a payload that is still encrypted', () => {
    const parsed = v4({ joinServerContext: { sessionKeyId: 'AXA50tHU' } });
    expect(parsed).toMatchObject({ kind: 'rejected', at: '/joinServerContext' });
    expect(v4({ joinServerContext: null }).kind).toBe('uplink');
  });

  it('reads a payload of 242 bytes and rejects one of 243', () => {
    expect(v4({ data: Buffer.alloc(242, 7).toString('base64') })).toMatchObject({
      uplink: { payload: '07'.repeat(242) },
    });
    expect(v4({ data: Buffer.alloc(243, 7).toString('base64') })).toMatchObject({
      kind: 'rejected',
      at: '/data',
      reason: expect.stringContaining('242 bytes'),
    });
  });

  it.each(['join', 'ack', 'txack', 'log', 'status', 'location', 'integration'])(
    'ignores the event %s by the query of the webhook and by the topic',
    (event) => {
      const message = { deduplicationId: 'x', deviceInfo: { devEui: 'a81758fffe0a0b0c' } };
      const ignored = { kind: 'ignored', reason: `A "${event}" event; only "up" events hold readings.` };
      expect(chirpstackV4.parse(message, ARRIVED_AT, { event })).toEqual(ignored);
      const topic = `application/1/device/a81758fffe0a0b0c/event/${event}`;
      expect(chirpstackV4.parse(message, ARRIVED_AT, { topic })).toEqual(ignored);
    },
  );

  it.each([
    ['join', { devAddr: '01ab23cd' }],
    ['status', { margin: 7, batteryLevel: 90.5 }],
    ['log', { level: 'ERROR', code: 'UPLINK_CODEC', description: 'x', context: {} }],
    ['ack', { queueItemId: 'x', acknowledged: true, fCntDown: 3 }],
    ['txack', { downlinkId: 3, queueItemId: 'x', fCntDown: 3, gatewayId: 'y', txInfo: {} }],
    ['location', { location: { latitude: 55, longitude: 10 } }],
    ['integration', { integrationName: 'x', eventType: 'y', object: {} }],
  ])('knows a %s event by its own fields where nothing else tells', (event, fields) => {
    const message = { time: CHIRPSTACK_V4.time, deviceInfo: CHIRPSTACK_V4.deviceInfo, ...fields };
    expect(chirpstackV4.parse(message, ARRIVED_AT)).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining(`"${event}"`),
    });
  });

  it('reads an uplink whatever the topic of a municipality looks like', () => {
    expect(v4({}, { topic: 'town/lorawan/a81758fffe0a0b0c' }).kind).toBe('uplink');
    expect(v4({}, { event: 'up' }).kind).toBe('uplink');
  });

  it('falls back to the server time of rxInfo, then to the gateway, then to the arrival', () => {
    expect(v4({ time: undefined })).toMatchObject({
      uplink: { clock: 'network-server', networkTime: '2026-03-02T09:30:00.2Z' },
    });
    const gateways = [{ gatewayId: 'a', gwTime: '2026-03-02T09:29:59.9+00:00' }];
    expect(v4({ time: undefined, rxInfo: gateways })).toMatchObject({
      uplink: { clock: 'gateway', networkTime: '2026-03-02T09:29:59.9Z' },
    });
    expect(v4({ time: undefined, rxInfo: undefined })).toMatchObject({
      uplink: { clock: 'arrival', networkTime: ARRIVED_AT, receptions: [] },
    });
  });

  it('rejects a time that is none instead of quietly taking the arrival', () => {
    expect(v4({ time: 'this morning' })).toMatchObject({ kind: 'rejected', at: '/time' });
    expect(v4({ time: 12 })).toMatchObject({ kind: 'rejected', at: '/time' });
  });

  it('loses no reading to strange tags, names or gateways', () => {
    const deviceInfo = {
      ...CHIRPSTACK_V4.deviceInfo,
      deviceName: 'a\u0000b\ud800',
      tags: { a: 1, b: { c: 2 }, d: 'e' },
    };
    expect(v4({ deviceInfo, rxInfo: 'none', txInfo: 7, devAddr: 'x' })).toMatchObject({
      kind: 'uplink',
      uplink: { deviceName: 'ab', tags: { a: '1', d: 'e' }, receptions: [], dataRate: '5' },
    });
  });
});

describe('ChirpStack v3', () => {
  it('reads both spellings of EUIs and addresses', () => {
    const base64 = { devEUI: 'qBdY//4KCww=', fCnt: '41', fPort: '5' };
    for (const changes of [{}, base64, { devEUI: 'A8:17:58:FF:FE:0A:0B:0C', devAddr: '01ab23cd' }]) {
      expect(v3(changes)).toMatchObject({
        uplink: {
          devEui: 'a81758fffe0a0b0c',
          devAddr: '01ab23cd',
          fCnt: 41,
          fPort: 5,
          receptions: [{ gatewayId: '0000000000000a01' }, { gatewayId: '0000000000000b02' }],
        },
      });
    }
  });

  it('takes publishedAt before a gateway, and the arrival when neither knows the time', () => {
    expect(v3({ publishedAt: '2026-03-02T09:30:00.5Z' })).toMatchObject({
      uplink: { clock: 'network-server', networkTime: '2026-03-02T09:30:00.5Z' },
    });
    expect(v3({ rxInfo: [{ gatewayID: 'a', rssi: -80, loRaSNR: 1 }] })).toMatchObject({
      uplink: { clock: 'arrival', networkTime: ARRIVED_AT },
    });
  });

  it('takes data for base64 in every message that ChirpStack itself wrote, even when it looks like hex', () => {
    expect(v3({ data: 'abcd' })).toMatchObject({ uplink: { payload: '69b71d' } });
  });

  it('takes lower-case hex for hex only in a message that has lost the fields of ChirpStack', () => {
    const rewritten = { applicationID: undefined, applicationName: undefined };
    const { applicationID: _, ...recorded } = CHIRPSTACK_V3;
    const read = (data: string) => chirpstackV3.parse({ ...recorded, data }, ARRIVED_AT);
    expect(read('0100d702')).toMatchObject({ uplink: { payload: '0100d702' } });
    expect(read('0100d7')).toMatchObject({ uplink: { payload: '0100d7' } });
    expect(read('AQDXAigEAjQ=')).toMatchObject({ uplink: { payload: '0100d70228040234' } });
    expect(read('ABCD')).toMatchObject({ uplink: { payload: '001083' } });
    expect(v3({ ...rewritten, data: '0100d702' })).toMatchObject({ uplink: { payload: 'd35d3477bd36' } });
  });

  it('rejects hex whose length cannot be base64 in a message of ChirpStack', () => {
    expect(v3({ data: '0100d' })).toMatchObject({ kind: 'rejected', at: '/data' });
  });

  it.each([
    ['join', { devAddr: 'AasjzQ==' }],
    ['status', { margin: -27, batteryLevel: 0, batteryLevelUnavailable: true }],
    ['ack', { acknowledged: true, fCnt: 3 }],
    ['error', { type: 'UPLINK_CODEC', error: 'x', fCnt: 3 }],
    ['location', { location: { latitude: 55, longitude: 10 } }],
  ])('ignores a %s event by its own fields', (event, fields) => {
    const message = { applicationID: '7', devEUI: 'a81758fffe0a0b0c', ...fields };
    expect(chirpstackV3.parse(message, ARRIVED_AT)).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining(`"${event}"`),
    });
  });

  it('reads the topic of before version 3.11', () => {
    expect(v3({}, { topic: 'application/7/device/a81758fffe0a0b0c/rx' }).kind).toBe('uplink');
    expect(v3({}, { topic: 'application/7/device/a81758fffe0a0b0c/status' }).kind).toBe('ignored');
  });
});
