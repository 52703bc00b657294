/**
 * LORIOT application output (websocket, HTTP push, MQTT): `rx` and `gw` messages -> Uplink.
 * With extended gateway information switched on the same frame comes as `rx` and again as `gw`: both are taken,
 * the key of the frame makes them one. The payload is hexadecimal, the time milliseconds.
 */
import { sayReason } from '@torv/core/reasons';
import { Type } from 'typebox';
import type { Parsed, SourceAdapter } from '../source.ts';
import { toHeardAt } from './clock.ts';
import { DevEui, EpochMs, FCnt, FPort, Hex, ignored, rejected, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import { isAbsent, readBatteryByte, readHertz, readText, toFields } from './read.ts';
import { toEntries, toReceptions } from './receptions.ts';
import { TITLES } from './recognise.ts';

const Message = Type.Object({
  cmd: Type.String({ description: sayReason('want_loriot') }),
  EUI: DevEui,
  ts: Type.Optional(EpochMs),
  fcnt: Type.Optional(FCnt),
  port: Type.Optional(FPort),
  data: Type.Optional(Hex),
});
const checkForm = toFormCheck('loriot', Message);

/** "SF7 BW125 4/5" -> "SF7BW125", the spelling of the other servers. */
function toDataRate(value: unknown): string | undefined {
  const text = readText(value, 40);
  const lora = text === undefined ? null : /^SF(\d{1,2}) ?BW(\d{2,4})\b/.exec(text);
  return lora === null ? text : `SF${lora[1]}BW${lora[2]}`;
}

function parse(foreign: unknown, arrivedAt: string): Parsed {
  const { cmd } = toFields(foreign);
  if (typeof cmd === 'string' && cmd !== 'rx' && cmd !== 'gw') {
    return ignored(sayReason('ignored_loriot'));
  }
  const checked = checkForm(foreign);
  if (checked.kind === 'rejected') return checked;
  const { message } = checked;
  const fields = toFields(message);
  if (isAbsent(message.data) && !isAbsent(fields.encdata)) {
    return rejected(sayReason('encrypted_loriot'), '/encdata');
  }
  const gateways = toEntries(fields.gws);
  return toParsed({
    devEui: { at: '/EUI', value: message.EUI },
    fPort: { at: '/port', value: message.port },
    fCnt: { at: '/fcnt', value: message.fcnt },
    payload: { at: '/data', value: message.data, form: 'hex' },
    heard: toHeardAt(
      [{ at: '/ts', value: message.ts }],
      gateways.map(({ time, ts }) => time ?? ts),
      arrivedAt,
    ),
    receptions: toReceptions(gateways, ({ gweui, rssi, snr, lat, lon }) => ({
      id: gweui,
      rssi,
      snr,
      latitude: lat,
      longitude: lon,
    })),
    dataRate: toDataRate(fields.dr),
    frequencyMhz: readHertz(fields.freq),
    batteryPercent: readBatteryByte(fields.bat),
  });
}

export const loriot: SourceAdapter = { format: 'loriot', title: TITLES.loriot, parse };
