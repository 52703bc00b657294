/**
 * The old Helium console's JSON (HTTP and MQTT integration), still written by recorders and by bridges that
 * imitate it: one message -> Uplink. Helium today runs ChirpStack v4; use that format for it. The console could
 * send a frame again when more hotspots had reported it: same counter and payload, so the frame's key merges them.
 */
import { sayReason } from '@torv/core/reasons';
import { Type } from 'typebox';
import type { Parsed, SourceAdapter } from '../source.ts';
import { toHeardAt } from './clock.ts';
import { Base64, DevEui, EpochMs, FCnt, FPort, ignored, toFormCheck } from './form.ts';
import { toParsed } from './frame.ts';
import { readDevAddr, readNumber, readText, toFields } from './read.ts';
import { toEntries, toReceptions } from './receptions.ts';
import { TITLES } from './recognise.ts';

const Message = Type.Object({
  dev_eui: DevEui,
  fcnt: Type.Optional(FCnt),
  port: Type.Optional(FPort),
  payload: Type.Optional(Base64),
  reported_at: Type.Optional(EpochMs),
});
const checkForm = toFormCheck('helium', Message);

function parse(foreign: unknown, arrivedAt: string): Parsed {
  const fields = toFields(foreign);
  if (fields.type === 'join') return ignored(sayReason('ignored_join'));
  const checked = checkForm(foreign);
  if (checked.kind === 'rejected') return checked;
  const { message } = checked;
  const hotspots = toEntries(fields.hotspots);
  const receptions = toReceptions(hotspots, ({ id, rssi, snr, lat, long }) => ({
    id,
    rssi,
    snr,
    latitude: lat,
    longitude: long,
  }));
  const first = toFields(hotspots[0]);
  return toParsed({
    devEui: { at: '/dev_eui', value: message.dev_eui },
    fPort: { at: '/port', value: message.port },
    fCnt: { at: '/fcnt', value: message.fcnt },
    payload: { at: '/payload', value: message.payload, form: 'base64' },
    heard: toHeardAt(
      [{ at: '/reported_at', value: message.reported_at }],
      hotspots.map(({ reported_at }) => reported_at),
      arrivedAt,
    ),
    receptions,
    devAddr: readDevAddr(fields.devaddr),
    dataRate: readText(first.spreading, 40),
    frequencyMhz: toMhz(first.frequency),
    deviceName: readText(fields.name, 200),
  });
}

/** The console's single-precision 868.2999877929688 -> 868.3. */
function toMhz(value: unknown): number | undefined {
  const mhz = readNumber(value, 1, 100_000);
  return mhz === undefined ? undefined : Math.round(mhz * 10_000) / 10_000;
}

export const helium: SourceAdapter = { format: 'helium', title: TITLES.helium, topic: 'helium/+/rx', parse };
