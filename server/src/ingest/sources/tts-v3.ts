/**
 * The Things Stack v3 (The Things Network, The Things Industries, self-hosted) over MQTT or webhook: one
 * ApplicationUp -> Uplink. Fields that are 0, false or empty are left out of its JSON: a missing f_cnt is 0.
 * Never reads decoded_payload, and never takes a simulated uplink for a reading.
 */
import { sayReason } from '@torv/core/reasons';
import { Type } from 'typebox';
import type { Parsed, SourceAdapter } from '../source.ts';
import { toHeardAt } from './clock.ts';
import { Base64, DevEui, FCnt, FPort, Instant, ignored, rejected, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import {
  type Fields,
  isAbsent,
  readDevAddr,
  readHertz,
  readNumber,
  readTags,
  readText,
  toFields,
  toLoraDataRate,
} from './read.ts';
import { type Heard, toEntries, toReceptions } from './receptions.ts';
import { TITLES } from './recognise.ts';

const Message = Type.Object({
  end_device_ids: Type.Object(
    { dev_eui: Type.Optional(Type.Unsafe<string | null>({ ...DevEui, type: ['string', 'null'] })) },
    { description: sayReason('want_device') },
  ),
  received_at: Type.Optional(Instant),
  uplink_message: Type.Object(
    {
      f_port: Type.Optional(FPort),
      f_cnt: Type.Optional(FCnt),
      frm_payload: Type.Optional(Base64),
      received_at: Type.Optional(Instant),
    },
    { description: sayReason('want_uplink') },
  ),
});
const checkForm = toFormCheck('tts-v3', Message);

/** What else a webhook or the MQTT server of The Things Stack sends, by the field that carries it. */
const OTHER_MESSAGES = [
  'uplink_normalized',
  'join_accept',
  'downlink_ack',
  'downlink_nack',
  'downlink_queued',
  'downlink_sent',
  'downlink_failed',
  'downlink_queue_invalidated',
  'location_solved',
  'service_data',
];

function findOther(fields: Fields): Parsed | undefined {
  if (Object.hasOwn(fields, 'uplink_message')) return undefined;
  const name = OTHER_MESSAGES.find((key) => Object.hasOwn(fields, key));
  return name === undefined ? undefined : ignored(sayReason('ignored_message', { field: name }));
}

function toHeard(entry: Fields, isLora: boolean): Heard {
  const ids = toFields(entry.gateway_ids);
  // Frames of other networks come through the Packet Broker, which stands in the gateway's place.
  const broker = toFields(entry.packet_broker);
  const { latitude, longitude } = toFields(entry.location);
  const rssi = entry.rssi ?? entry.channel_rssi;
  return {
    id: ids.eui ?? broker.forwarder_gateway_eui ?? broker.forwarder_gateway_id ?? ids.gateway_id,
    rssi,
    // 0 dB is left out like every 0; FSK has no SNR at all.
    snr: entry.snr ?? (isLora && rssi !== undefined ? 0 : undefined),
    latitude,
    longitude,
  };
}

function toProfileName(versions: Fields): string | undefined {
  const brand = readText(versions.brand_id, 90);
  const model = readText(versions.model_id, 90);
  return brand === undefined || model === undefined ? model : `${brand}/${model}`;
}

function parse(foreign: unknown, arrivedAt: string): Parsed {
  const other = findOther(toFields(foreign));
  if (other !== undefined) return other;
  const checked = checkForm(foreign);
  if (checked.kind === 'rejected') return checked;
  const { message } = checked;
  const fields = toFields(message);
  if (fields.simulated === true) return ignored(sayReason('ignored_simulated'));
  const uplink = toFields(message.uplink_message);
  if (!isAbsent(uplink.app_s_key)) {
    return rejected(sayReason('encrypted_tts'), '/uplink_message/app_s_key');
  }
  if (isAbsent(message.end_device_ids.dev_eui)) {
    return rejected(sayReason('tts_no_dev_eui'), '/end_device_ids/dev_eui');
  }
  const gateways = toEntries(uplink.rx_metadata);
  const settings = toFields(uplink.settings);
  const lora = toFields(toFields(settings.data_rate).lora);
  const dataRate = toLoraDataRate(lora.spreading_factor, lora.bandwidth);
  return toParsed({
    devEui: { at: '/end_device_ids/dev_eui', value: message.end_device_ids.dev_eui },
    fPort: { at: '/uplink_message/f_port', value: message.uplink_message.f_port },
    fCnt: { at: '/uplink_message/f_cnt', value: message.uplink_message.f_cnt ?? 0 },
    payload: { at: '/uplink_message/frm_payload', value: message.uplink_message.frm_payload, form: 'base64' },
    heard: toHeardAt(
      [
        { at: '/uplink_message/received_at', value: message.uplink_message.received_at },
        { at: '/received_at', value: message.received_at },
      ],
      gateways.map(({ time }) => time),
      arrivedAt,
    ),
    receptions: toReceptions(gateways, (entry) => toHeard(entry, dataRate !== undefined)),
    devAddr: readDevAddr(toFields(message.end_device_ids).dev_addr),
    dataRate,
    frequencyMhz: readHertz(settings.frequency),
    deviceName: readText(toFields(message.end_device_ids).device_id, 200),
    profileName: toProfileName(toFields(uplink.version_ids)),
    tags: readTags(uplink.attributes),
    batteryPercent: readNumber(toFields(uplink.last_battery_percentage).value, 0, 100),
  });
}

export const ttsV3: SourceAdapter = {
  format: 'tts-v3',
  title: TITLES['tts-v3'],
  topic: 'v3/+/devices/+/up',
  parse,
};
