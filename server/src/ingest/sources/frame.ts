/**
 * The last step of every adapter: what it found in a message becomes an Uplink, or the named reason why not.
 * The order of the questions is the same for all servers and stands here alone.
 */
import { sayReason } from '@torv/core/reasons';
import type { Parsed, Reception, Uplink } from '../source.ts';
import type { HeardAt } from './clock.ts';
import { ignored, type Rejected, rejected, toFieldName } from './form.ts';
import { isAbsent, readBase64, readEui, readHex, readWholeNumber } from './read.ts';

/** The longest application payload of any LoRaWAN data rate. */
const MAX_PAYLOAD_BYTES = 242;
/** Two hexadecimal digits a byte is the longest spelling; a longer text is not even looked at. */
const MAX_PAYLOAD_TEXT = 2 * MAX_PAYLOAD_BYTES;
const MAX_FCNT = 4_294_967_295;
/** LoRaWAN 1.0.4, 4.3.2: reserved for the test of a device, never for its application. */
const TEST_PORT = 224;

interface ForeignField {
  /** JSON pointer of the field, for a reason. */
  readonly at: string;
  readonly value: unknown;
}

export interface ForeignFrame {
  readonly devEui: ForeignField;
  readonly fPort: ForeignField;
  /** `value` undefined = the source has no counter; servers that leave out 0 put 0 here. */
  readonly fCnt: ForeignField;
  readonly payload: ForeignField & { readonly form: 'base64' | 'hex' };
  readonly heard: HeardAt | Rejected;
  readonly receptions: Reception[];
  readonly devAddr?: string | undefined;
  readonly dataRate?: string | undefined;
  readonly frequencyMhz?: number | undefined;
  readonly deviceName?: string | undefined;
  readonly profileName?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly batteryPercent?: number | undefined;
}

const MAC_ONLY = sayReason('ignored_mac');

function readPayload({ at, value, form }: ForeignFrame['payload']): string | Rejected {
  const field = toFieldName(at);
  if (typeof value !== 'string')
    return rejected(
      sayReason('field_must', { field, wanted: sayReason(form === 'base64' ? 'want_base64' : 'want_hex') }),
      at,
    );
  const tooLong = sayReason('field_long', { field, n: MAX_PAYLOAD_BYTES });
  if (value.length > MAX_PAYLOAD_TEXT) return rejected(tooLong, at);
  const hex = form === 'base64' ? readBase64(value) : readHex(value);
  if (hex === undefined) {
    return rejected(sayReason(form === 'base64' ? 'field_text_base64' : 'field_text_hex', { field }), at);
  }
  return hex.length > MAX_PAYLOAD_TEXT ? rejected(tooLong, at) : hex;
}

export function toParsed(frame: ForeignFrame): Parsed {
  const devEui = readEui(frame.devEui.value);
  if (devEui === undefined) {
    return rejected(
      sayReason('field_must', { field: toFieldName(frame.devEui.at), wanted: sayReason('want_dev_eui') }),
      frame.devEui.at,
    );
  }
  if (isAbsent(frame.fPort.value)) return ignored(MAC_ONLY);
  const fPort = readWholeNumber(frame.fPort.value, 255);
  if (fPort === undefined) {
    return rejected(
      sayReason('field_must', {
        field: toFieldName(frame.fPort.at),
        wanted: sayReason('want_whole', { n: 255 }),
      }),
      frame.fPort.at,
    );
  }
  if (fPort === 0 || isAbsent(frame.payload.value)) return ignored(MAC_ONLY);
  if (fPort === TEST_PORT) return ignored(sayReason('ignored_test'));
  const payload = readPayload(frame.payload);
  if (typeof payload !== 'string') return payload;
  const fCnt = isAbsent(frame.fCnt.value) ? undefined : readWholeNumber(frame.fCnt.value, MAX_FCNT);
  if (fCnt === undefined && !isAbsent(frame.fCnt.value)) {
    return rejected(
      sayReason('field_must', {
        field: toFieldName(frame.fCnt.at),
        wanted: sayReason('want_whole', { n: MAX_FCNT }),
      }),
      frame.fCnt.at,
    );
  }
  if (frame.heard.kind === 'rejected') return frame.heard;
  const { devAddr, dataRate, frequencyMhz, deviceName, profileName, tags, batteryPercent } = frame;
  const uplink: Uplink = {
    devEui,
    fPort,
    payload,
    networkTime: frame.heard.networkTime,
    clock: frame.heard.clock,
    receptions: frame.receptions,
    ...(fCnt === undefined ? {} : { fCnt }),
    ...(devAddr === undefined ? {} : { devAddr }),
    ...(dataRate === undefined ? {} : { dataRate }),
    ...(frequencyMhz === undefined ? {} : { frequencyMhz }),
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(profileName === undefined ? {} : { profileName }),
    ...(tags === undefined ? {} : { tags }),
    ...(batteryPercent === undefined ? {} : { batteryPercent }),
  };
  return { kind: 'uplink', uplink };
}
