/**
 * Torv's own plain JSON, documented in docs/sources.md, for whatever has no adapter: a script, a flow, a logger.
 * As we wrote the form ourselves, every field of it is checked and a wrong one is named. One object is one
 * uplink; whoever receives a list hands over its elements one by one.
 */
import { sayReason } from '@torv/core/reasons';
import { Type } from 'typebox';
import { type MessageHint, type Parsed, Reception, type SourceAdapter } from '../source.ts';
import { toHeardAt } from './clock.ts';
import { Base64, DevEui, FCnt, FPort, findOtherFormat, Hex, Instant, rejected, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import { isAbsent, readDevAddr, readEui, readTags, readText } from './read.ts';
import { toReceptions } from './receptions.ts';
import { TITLES } from './recognise.ts';

const gatewayField = (key: keyof typeof Reception.properties, description: string) =>
  Type.Optional(Type.Number({ ...Reception.properties[key], description }));

/** The fields of docs/sources.md; a test compares the two. */
export const TorvMessage = Type.Object({
  devEui: Type.Optional(DevEui),
  fPort: FPort,
  payload: Type.Optional(Hex),
  payloadBase64: Type.Optional(Base64),
  time: Type.Optional(Instant),
  fCnt: Type.Optional(FCnt),
  devAddr: Type.Optional(
    Type.String({ pattern: '^[0-9a-fA-F]{8}$', description: sayReason('want_dev_addr') }),
  ),
  gateways: Type.Optional(
    Type.Array(
      Type.Object(
        {
          id: Type.String({ minLength: 1, maxLength: 128, description: sayReason('want_text_128') }),
          rssi: gatewayField('rssi', sayReason('want_dbm')),
          snr: gatewayField('snr', sayReason('want_db')),
          latitude: gatewayField('latitude', sayReason('want_latitude')),
          longitude: gatewayField('longitude', sayReason('want_longitude')),
        },
        { description: sayReason('want_gateway') },
      ),
      { maxItems: 64, description: sayReason('want_gateways') },
    ),
  ),
  name: Type.Optional(Type.String({ description: sayReason('want_text') })),
  profile: Type.Optional(Type.String({ description: sayReason('want_text') })),
  tags: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: sayReason('want_text_values') }),
  ),
  dataRate: Type.Optional(Type.String({ maxLength: 40, description: sayReason('want_data_rate') })),
  frequencyMhz: Type.Optional(
    Type.Number({ minimum: 1, maximum: 100_000, description: sayReason('want_mhz') }),
  ),
  battery: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: sayReason('want_percent') })),
});
const checkForm = toFormCheck('torv', TorvMessage);

function parse(foreign: unknown, arrivedAt: string, hint?: MessageHint): Parsed {
  const checked = checkForm(foreign);
  if (checked.kind === 'rejected') return checked;
  const { message } = checked;
  // On the embedded broker the topic names the device: devices/<DevEUI>/up.
  const topicEui = readEui(/^devices\/([^/]+)\/up$/.exec(hint?.topic ?? '')?.[1]);
  if (message.devEui === undefined && topicEui === undefined) {
    const missing = rejected(
      sayReason('field_missing', { field: 'devEui', wanted: sayReason('want_dev_eui') }),
      '/devEui',
    );
    return findOtherFormat('torv', message) ?? missing;
  }
  const named = message.devEui === undefined ? undefined : readEui(message.devEui);
  if (named !== undefined && topicEui !== undefined && named !== topicEui) {
    return rejected(sayReason('torv_topic'), '/devEui');
  }
  if (message.payload === undefined && message.payloadBase64 === undefined) {
    return rejected(sayReason('torv_no_payload'), '/payload');
  }
  if (!isAbsent(message.payload) && !isAbsent(message.payloadBase64)) {
    return rejected(sayReason('torv_two_payloads'), '/payloadBase64');
  }
  return toParsed({
    devEui: { at: '/devEui', value: message.devEui ?? topicEui },
    fPort: { at: '/fPort', value: message.fPort },
    fCnt: { at: '/fCnt', value: message.fCnt },
    payload: isAbsent(message.payload)
      ? { at: '/payloadBase64', value: message.payloadBase64, form: 'base64' }
      : { at: '/payload', value: message.payload, form: 'hex' },
    heard: toHeardAt([{ at: '/time', value: message.time }], [], arrivedAt),
    receptions: toReceptions(message.gateways, ({ id, rssi, snr, latitude, longitude }) => ({
      id,
      rssi,
      snr,
      latitude,
      longitude,
    })),
    devAddr: readDevAddr(message.devAddr),
    dataRate: readText(message.dataRate, 40),
    frequencyMhz: message.frequencyMhz,
    deviceName: readText(message.name, 200),
    profileName: readText(message.profile, 200),
    tags: readTags(message.tags),
    batteryPercent: message.battery,
  });
}

export const torv: SourceAdapter = { format: 'torv', title: TITLES.torv, topic: 'devices/+/up', parse };
