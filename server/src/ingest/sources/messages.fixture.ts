/**
 * One right message of each format for the tests of this folder, with made-up identities.
 * Tests copy and change them; nothing outside tests may import this.
 */
import type { SourceFormat } from '../source.ts';

export const ARRIVED_AT = '2026-03-02T09:30:05Z';

export const CHIRPSTACK_V4 = {
  deduplicationId: '5f0a2d9e-6f57-4f0c-9a4e-1f3f4f7f1b11',
  time: '2026-03-02T09:30:00.123456789+00:00',
  deviceInfo: {
    tenantName: 'Town',
    applicationName: 'schools',
    deviceProfileName: 'ERS CO2',
    deviceName: 'room-2b',
    devEui: 'a81758fffe0a0b0c',
    tags: { room: '2B' },
  },
  devAddr: '01AB23CD',
  adr: true,
  dr: 5,
  fCnt: 41,
  fPort: 5,
  confirmed: false,
  data: 'AQDXAigEAjQ=',
  rxInfo: [
    { gatewayId: '0000000000000B02', nsTime: '2026-03-02T09:30:00.2+00:00', rssi: -101, snr: -3.5 },
    {
      gatewayId: '0000000000000a01',
      gwTime: '2026-03-02T09:29:59.9+00:00',
      rssi: -60,
      snr: 9.5,
      location: { latitude: 55.1, longitude: 10.2, altitude: 20 },
    },
  ],
  txInfo: { frequency: 868100000, modulation: { lora: { bandwidth: 125000, spreadingFactor: 7 } } },
};

export const CHIRPSTACK_V3 = {
  applicationID: '7',
  applicationName: 'schools',
  deviceName: 'room-2b',
  devEUI: 'a81758fffe0a0b0c',
  devAddr: 'AasjzQ==',
  rxInfo: [
    { gatewayID: 'AAAAAAAACwI=', time: null, rssi: -101, loRaSNR: -3.5 },
    {
      gatewayID: '0000000000000a01',
      time: '2026-03-02T09:29:59.9Z',
      rssi: -60,
      loRaSNR: 9.5,
      location: { latitude: 55.1, longitude: 10.2 },
    },
  ],
  txInfo: { frequency: 868100000, dr: 5 },
  adr: true,
  fCnt: 41,
  fPort: 5,
  data: 'AQDXAigEAjQ=',
  tags: { room: '2B' },
};

export const TTS_V3 = {
  end_device_ids: {
    device_id: 'room-2b',
    application_ids: { application_id: 'schools' },
    dev_eui: 'A81758FFFE0A0B0C',
    dev_addr: '01AB23CD',
  },
  received_at: '2026-03-02T09:30:00.345678901Z',
  uplink_message: {
    f_port: 5,
    f_cnt: 41,
    frm_payload: 'AQDXAigEAjQ=',
    rx_metadata: [
      { gateway_ids: { gateway_id: 'roof', eui: '0000000000000A01' }, antenna_index: 0, rssi: -70, snr: 6 },
      {
        gateway_ids: { gateway_id: 'roof', eui: '0000000000000A01' },
        antenna_index: 1,
        time: '2026-03-02T09:29:59.9Z',
        rssi: -60,
        snr: 9.5,
        location: { latitude: 55.1, longitude: 10.2 },
      },
      {
        gateway_ids: { gateway_id: 'packetbroker' },
        packet_broker: { forwarder_gateway_eui: '0000000000000B02' },
        rssi: -101,
      },
    ],
    settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 7 } }, frequency: '868100000' },
    received_at: '2026-03-02T09:30:00.123456789Z',
    version_ids: { brand_id: 'elsys', model_id: 'ers-co2' },
    attributes: { room: '2B' },
    last_battery_percentage: { f_cnt: 40, value: 90.5 },
  },
};

export const LORIOT = {
  cmd: 'gw',
  seqno: 12,
  EUI: 'A81758FFFE0A0B0C',
  ts: 1772443800123,
  fcnt: 41,
  port: 5,
  freq: 868100000,
  dr: 'SF7 BW125 4/5',
  ack: false,
  gws: [
    { rssi: -101, snr: -3.5, ts: 1772443800125, gweui: '0000000000000B02' },
    { rssi: -60, snr: 9.5, time: '2026-03-02T09:29:59.9Z', gweui: '0000000000000A01', lat: 55.1, lon: 10.2 },
  ],
  bat: 254,
  data: '0100D70228040234',
};

export const HELIUM = {
  dev_eui: 'A81758FFFE0A0B0C',
  devaddr: '01AB23CD',
  name: 'room-2b',
  fcnt: 41,
  port: 5,
  payload: 'AQDXAigEAjQ=',
  reported_at: 1772443800123,
  hotspots: [
    { id: '11Abc', rssi: -101, snr: -3.5, frequency: 868.0999755859375, spreading: 'SF7BW125' },
    { id: '11Def', rssi: -60, snr: 9.5, lat: 55.1, long: 10.2, reported_at: 1772443799900 },
  ],
};

export const TORV = {
  devEui: 'A8-17-58-FF-FE-0A-0B-0C',
  fPort: 5,
  payload: '0100D70228040234',
  time: '2026-03-02T10:30:00.123456+01:00',
  fCnt: 41,
  devAddr: '01AB23CD',
  gateways: [
    { id: '0000000000000B02', rssi: -101, snr: -3.5 },
    { id: '0000000000000A01', rssi: -60, snr: 9.5, latitude: 55.1, longitude: 10.2 },
  ],
  name: 'room-2b',
  profile: 'ERS CO2',
  tags: { room: '2B' },
  dataRate: 'SF7BW125',
  frequencyMhz: 868.1,
  battery: 90.5,
};

export const MESSAGES: Readonly<Record<SourceFormat, Record<string, unknown>>> = {
  'chirpstack-v4': CHIRPSTACK_V4,
  'chirpstack-v3': CHIRPSTACK_V3,
  'tts-v3': TTS_V3,
  loriot: LORIOT,
  helium: HELIUM,
  torv: TORV,
};
