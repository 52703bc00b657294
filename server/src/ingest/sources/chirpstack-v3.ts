/**
 * ChirpStack v3 (Application Server), its "JSON v3" and "Protobuf JSON" marshalers: one event -> Uplink.
 * The two spell EUIs differently: hexadecimal and base64. The server names a time of its own only since 3.9
 * (`publishedAt`), gateways only where they have one. Never reads `object` or `objectJSON`.
 */
import { Type } from 'typebox';
import type { MessageHint, Parsed, SourceAdapter } from '../source.ts';
import { findEvent, toIgnoredEvent } from './chirpstack-events.ts';
import { toHeardAt } from './clock.ts';
import { Base64, DevEui, FCnt, FPort, Instant, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import {
  readBase64,
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
  devEUI: DevEui,
  publishedAt: Type.Optional(Instant),
  fCnt: Type.Optional(FCnt),
  fPort: Type.Optional(FPort),
  data: Type.Optional(Base64),
});
const checkForm = toFormCheck('chirpstack-v3', Message);

/**
 * An identity that the Protobuf marshaler wrote as base64 -> hexadecimal; anything else as it is. Nothing is
 * ambiguous: 8 bytes are 12 characters of base64 and 16 of hex, and 4 bytes of base64 end in `==`.
 */
function toHexId(value: unknown, bytes: number): unknown {
  if (typeof value !== 'string' || value.length !== Math.ceil(bytes / 3) * 4 || !value.endsWith('=')) {
    return value;
  }
  return readBase64(value) ?? value;
}

/**
 * `data` is base64 wherever ChirpStack itself wrote the message; those always carry `applicationID`. Recordings
 * that were rewritten on their way (published data sets, flows of one's own) have lost that field and often
 * hold hexadecimal. A text of hexadecimal digits can be base64 by chance (one random 3-byte payload in 256 when
 * only lower-case digits count), so it is taken for hexadecimal only without ChirpStack's own field, with an
 * even number of digits and in lower case. A live ChirpStack is therefore never misread.
 */
function toPayloadForm(data: string | null | undefined, fields: Readonly<Record<string, unknown>>) {
  const isRewritten = !Object.hasOwn(fields, 'applicationID');
  return isRewritten && typeof data === 'string' && /^(?:[0-9a-f]{2})+$/.test(data) ? 'hex' : 'base64';
}

function parse(foreign: unknown, arrivedAt: string, hint?: MessageHint): Parsed {
  const other = toIgnoredEvent(findEvent(foreign, hint));
  const checked = checkForm(foreign);
  if (checked.kind === 'rejected') return other !== undefined && checked.at !== undefined ? other : checked;
  if (other !== undefined) return other;
  const { message } = checked;
  const fields = toFields(message);
  const gateways = toEntries(fields.rxInfo);
  const txInfo = toFields(fields.txInfo);
  const lora = toFields(txInfo.loRaModulationInfo);
  return toParsed({
    devEui: { at: '/devEUI', value: toHexId(message.devEUI, 8) },
    fPort: { at: '/fPort', value: message.fPort },
    fCnt: { at: '/fCnt', value: message.fCnt ?? 0 },
    payload: { at: '/data', value: message.data, form: toPayloadForm(message.data, fields) },
    heard: toHeardAt(
      [{ at: '/publishedAt', value: message.publishedAt }],
      gateways.map(({ time }) => time),
      arrivedAt,
    ),
    receptions: toReceptions(gateways, (gateway) => {
      const { latitude, longitude } = toFields(gateway.location);
      return {
        id: toHexId(gateway.gatewayID, 8),
        rssi: gateway.rssi,
        snr: gateway.loRaSNR,
        latitude,
        longitude,
      };
    }),
    devAddr: readDevAddr(toHexId(fields.devAddr, 4)),
    dataRate:
      toLoraDataRate(lora.spreadingFactor, lora.bandwidth) ??
      readDataRateIndex(txInfo.dr) ??
      readDataRateIndex(fields.dr),
    frequencyMhz: readHertz(txInfo.frequency),
    deviceName: readText(fields.deviceName, 200),
    profileName: readText(fields.deviceProfileName, 200),
    tags: readTags(fields.tags),
  });
}

export const chirpstackV3: SourceAdapter = {
  format: 'chirpstack-v3',
  title: TITLES['chirpstack-v3'],
  topic: 'application/+/device/+/event/up',
  parse,
};
