/**
 * ChirpStack v4, JSON marshaler, over MQTT or the HTTP integration: one event -> Uplink.
 * Version 4.0 leaves every field at its default out of the message (fCnt 0, fPort 0), all versions do so inside
 * rxInfo (rssi 0, snr 0): there missing means 0. Never reads `object`, the server's own decoding.
 */
import { sayReason } from '@torv/core/reasons';
import { Type } from 'typebox';
import type { MessageHint, Parsed, SourceAdapter } from '../source.ts';
import { findEvent, toIgnoredEvent } from './chirpstack-events.ts';
import { toHeardAt } from './clock.ts';
import { Base64, DevEui, FCnt, FPort, Instant, rejected, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import {
  isAbsent,
  readDataRateIndex,
  readDevAddr,
  readHertz,
  readTags,
  readText,
  toFields,
  toLoraDataRate,
} from './read.ts';
import { toEntries, toReceptions } from './receptions.ts';
import { TITLES } from './recognise.ts';

const Message = Type.Object({
  deviceInfo: Type.Object({ devEui: DevEui }, { description: sayReason('want_device') }),
  time: Type.Optional(Instant),
  fCnt: Type.Optional(FCnt),
  fPort: Type.Optional(FPort),
  data: Type.Optional(Base64),
});
const checkForm = toFormCheck('chirpstack-v4', Message);

function parse(foreign: unknown, arrivedAt: string, hint?: MessageHint): Parsed {
  const other = toIgnoredEvent(findEvent(foreign, hint));
  const checked = checkForm(foreign);
  // An event of another kind is fine without the fields of an uplink, but not as a message of another server.
  if (checked.kind === 'rejected') return other !== undefined && checked.at !== undefined ? other : checked;
  if (other !== undefined) return other;
  const { message } = checked;
  const fields = toFields(message);
  // A non-empty context means that ChirpStack has no AppSKey: `data` is still encrypted.
  if (!isAbsent(fields.joinServerContext)) {
    return rejected(sayReason('encrypted_chirpstack'), '/joinServerContext');
  }
  const device = toFields(message.deviceInfo);
  const gateways = toEntries(fields.rxInfo);
  const txInfo = toFields(fields.txInfo);
  const lora = toFields(toFields(txInfo.modulation).lora);
  const firstServerTime = gateways.find(({ nsTime }) => !isAbsent(nsTime))?.nsTime;
  return toParsed({
    devEui: { at: '/deviceInfo/devEui', value: message.deviceInfo.devEui },
    fPort: { at: '/fPort', value: message.fPort },
    fCnt: { at: '/fCnt', value: message.fCnt ?? 0 },
    payload: { at: '/data', value: message.data, form: 'base64' },
    heard: toHeardAt(
      [
        { at: '/time', value: message.time },
        { at: '/rxInfo/0/nsTime', value: firstServerTime },
      ],
      // `gwTime` was called `time` before 4.7.
      gateways.map(({ gwTime, time }) => gwTime ?? time),
      arrivedAt,
    ),
    receptions: toReceptions(gateways, (gateway) => {
      const { latitude, longitude } = toFields(gateway.location);
      return { id: gateway.gatewayId, rssi: gateway.rssi ?? 0, snr: gateway.snr ?? 0, latitude, longitude };
    }),
    devAddr: readDevAddr(fields.devAddr),
    dataRate: toLoraDataRate(lora.spreadingFactor, lora.bandwidth) ?? readDataRateIndex(fields.dr),
    frequencyMhz: readHertz(txInfo.frequency),
    deviceName: readText(device.deviceName, 200),
    profileName: readText(device.deviceProfileName, 200),
    tags: readTags(device.tags),
  });
}

export const chirpstackV4: SourceAdapter = {
  format: 'chirpstack-v4',
  title: TITLES['chirpstack-v4'],
  topic: 'application/+/device/+/event/up',
  parse,
};
