import { describe, expect, it } from 'vitest';
import { ARRIVED_AT, TTS_V3 } from './messages.fixture.ts';
import { ttsV3 } from './tts-v3.ts';

const parse = (uplink: object, outer: object = {}) =>
  ttsV3.parse({ ...TTS_V3, uplink_message: { ...TTS_V3.uplink_message, ...uplink }, ...outer }, ARRIVED_AT);

describe('The Things Stack v3', () => {
  it('reads everything an uplink message says', () => {
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
          { gatewayId: '0000000000000b02', rssi: -101, snr: 0 },
        ],
        dataRate: 'SF7BW125',
        frequencyMhz: 868.1,
        deviceName: 'room-2b',
        profileName: 'elsys/ers-co2',
        tags: { room: '2B' },
        batteryPercent: 90.5,
      },
    });
  });

  it('takes a missing counter for 0, as zeros are left out', () => {
    expect(parse({ f_cnt: undefined })).toMatchObject({ uplink: { fCnt: 0 } });
  });

  it('rejects an encrypted payload and says what to do', () => {
    const parsed = parse({ app_s_key: { encrypted_key: 'aGVsbG8=', kek_label: 'x' } });
    expect(parsed).toMatchObject({ kind: 'rejected', at: '/uplink_message/app_s_key' });
    if (parsed.kind === 'rejected') expect(parsed.reason).toMatch(/encrypted/);
  });

  it('ignores a simulated uplink', () => {
    expect(parse({}, { simulated: true })).toMatchObject({
      kind: 'ignored',
      reason: expect.stringMatching(/simulated/),
    });
  });

  it('asks for a DevEUI where a device was registered without one', () => {
    expect(parse({}, { end_device_ids: { device_id: 'x' } })).toMatchObject({
      kind: 'rejected',
      at: '/end_device_ids/dev_eui',
      reason: expect.stringContaining('no DevEUI'),
    });
  });

  it.each([
    'join_accept',
    'downlink_ack',
    'downlink_sent',
    'location_solved',
    'service_data',
    'uplink_normalized',
  ])('ignores a %s message', (key) => {
    const { uplink_message: _, ...rest } = TTS_V3;
    expect(ttsV3.parse({ ...rest, [key]: {} }, ARRIVED_AT)).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining(key),
    });
  });

  it('ignores MAC-only frames, whose port is left out as well', () => {
    expect(parse({ f_port: undefined, frm_payload: undefined }).kind).toBe('ignored');
    expect(parse({ frm_payload: undefined }).kind).toBe('ignored');
  });

  it('takes the time of the application server, then of a gateway, when the network server has none', () => {
    expect(parse({ received_at: undefined })).toMatchObject({
      uplink: { clock: 'network-server', networkTime: '2026-03-02T09:30:00.345678Z' },
    });
    expect(parse({ received_at: undefined }, { received_at: undefined })).toMatchObject({
      uplink: { clock: 'gateway', networkTime: '2026-03-02T09:29:59.9Z' },
    });
  });

  it('claims no SNR for a frame that was not LoRa', () => {
    const parsed = parse({
      settings: { data_rate: { fsk: { bit_rate: 50000 } } },
      rx_metadata: [{ gateway_ids: { gateway_id: 'roof' }, rssi: -70 }],
    });
    expect(parsed).toMatchObject({ uplink: { receptions: [{ gatewayId: 'roof', rssi: -70 }] } });
    if (parsed.kind === 'uplink') expect(parsed.uplink.receptions[0]).not.toHaveProperty('snr');
  });
});
