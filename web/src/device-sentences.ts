/** How devices are doing, as states and sentences made from data. Pure: words, formats and the present are parameters. */
import {
  type BatteryLevel,
  isSilent,
  type SignalLevel,
  toBatteryLevel,
  toBatteryShare,
  toSignalLevel,
} from '@torv/core/device-condition';
import type { Level } from './answers.ts';
import type { Format } from './i18n/bound-format.ts';
import type { English } from './i18n/catalogue.ts';
import type { Translate } from './i18n/texts.ts';
import type { Device } from './registry-answers.ts';
import { toDuration } from './sentences.ts';

export interface DeviceWords {
  readonly devices: Translate<English['devices']>;
  readonly places: Translate<English['places']>;
  readonly format: Format;
}

export type DeviceState = 'good' | 'silent' | 'never' | 'battery' | 'quarantined' | 'retired' | 'waiting';

export interface Condition {
  readonly state: DeviceState;
  readonly level: Level;
  readonly silent: boolean;
  readonly battery: BatteryLevel | 'mains';
  readonly signal: SignalLevel;
}

const LEVELS: { readonly [S in DeviceState]: Level } = {
  good: 'good',
  silent: 'poor',
  never: 'none',
  battery: 'attention',
  quarantined: 'poor',
  retired: 'none',
  waiting: 'none',
};

export function toCondition(device: Device, nowMs: number): Condition {
  const { status } = device;
  const reading = { percent: status?.batteryPercent ?? null, volts: status?.batteryV ?? null };
  const powered = device.powerSource === 'mains' || device.powerSource === 'poe';
  const battery = powered ? 'mains' : toBatteryLevel(reading, device.codec?.battery ?? null);
  const silent = isSilent(status?.lastSeen ?? null, device.expectedIntervalS, nowMs);
  const state = toState(device, silent, battery);
  return {
    state,
    level: LEVELS[state],
    silent,
    battery,
    signal: toSignalLevel(status?.rssi ?? null, status?.snr ?? null),
  };
}

function toState(device: Device, silent: boolean, battery: Condition['battery']): DeviceState {
  if (device.state !== 'claimed') return device.state;
  if (device.status === null) return 'never';
  if (silent) return 'silent';
  if (device.codec?.quarantined) return 'quarantined';
  return battery === 'low' || battery === 'empty' ? 'battery' : 'good';
}

/** The most urgent first. */
export const STATE_ORDER: readonly DeviceState[] = [
  'silent',
  'quarantined',
  'never',
  'battery',
  'good',
  'waiting',
  'retired',
];

/** "20 devices: 18 report as expected, 1 is silent, 1 has a low battery." Counts what is mounted. */
export function toDevicesSentence(words: DeviceWords, devices: readonly Device[], nowMs: number): string {
  const { devices: t } = words;
  const mounted = devices.filter((device) => device.state === 'claimed');
  const waiting = devices.filter((device) => device.state === 'waiting').length;
  const rest = waiting === 0 ? '' : ` ${t('waiting', { count: waiting })}`;
  if (mounted.length === 0) return `${t('sentence_none')}${rest}`;
  const conditions = mounted.map((device) => toCondition(device, nowMs));
  const silent = conditions.filter(({ state }) => state === 'silent' || state === 'never').length;
  const battery = conditions.filter(({ state }) => state === 'battery').length;
  const good = conditions.filter(({ state }) => state === 'good').length;
  const parts = [
    good === 0 ? '' : t('part_good', { count: good }),
    silent === 0 ? '' : t('part_silent', { count: silent }),
    battery === 0 ? '' : t('part_battery', { count: battery }),
  ].filter((part) => part !== '');
  const total = t('total', { count: mounted.length });
  return `${parts.length === 0 ? `${total}.` : t('sentence_parts', { total, parts: parts.join(', ') })}${rest}`;
}

/** "Good, 3.58 V" or "Low, 14 %": the word and the number it comes from. */
export function toBatteryText(words: DeviceWords, device: Device, condition: Condition): string | null {
  const { devices: t, format } = words;
  if (condition.battery === 'mains') return t('battery_mains');
  const { batteryPercent = null, batteryV = null } = device.status ?? {};
  const value =
    batteryPercent !== null
      ? format.value('battery_level', batteryPercent, '%')
      : batteryV !== null
        ? format.value('battery_voltage', batteryV, 'V')
        : null;
  if (value === null) return null;
  return condition.battery === 'unknown'
    ? value
    : t('battery_share', { level: t(`battery_${condition.battery}`), value });
}

export function batteryOrder(device: Device): number | null {
  if (device.powerSource === 'mains' || device.powerSource === 'poe') return 2;
  return toBatteryShare(
    { percent: device.status?.batteryPercent ?? null, volts: device.status?.batteryV ?? null },
    device.codec?.battery ?? null,
  );
}

/** "Good, −97 dBm, 7.0 dB" */
export function toSignalText(words: DeviceWords, rssi: number | null, snr: number | null): string | null {
  const { devices: t, format } = words;
  const level = toSignalLevel(rssi, snr);
  if (level === 'unknown') return null;
  const numbers = [
    rssi === null ? '' : `${format.number(rssi)}\u00a0dBm`,
    snr === null ? '' : `SNR\u00a0${format.number(snr, 1)}\u00a0dB`,
  ].filter((text) => text !== '');
  return `${t(`signal_${level}`)}, ${numbers.join(', ')}`;
}

/** The first sentences of a device's page. */
export function toDeviceSentence(words: DeviceWords, device: Device, nowMs: number): string {
  const { devices: t, format, places } = words;
  const condition = toCondition(device, nowMs);
  if (device.state === 'retired') return t('answer_retired');
  if (device.state === 'waiting') return t('answer_waiting');
  if (device.status === null) return t('answer_never');
  const ago = format.relative(device.status.lastSeen, nowMs);
  const first = !condition.silent
    ? t('answer_good', { ago })
    : device.expectedIntervalS === null
      ? t('answer_silent_plain', { ago })
      : t('answer_silent', { ago, interval: toDuration(places, device.expectedIntervalS / 60) });
  const low = condition.battery === 'low' || condition.battery === 'empty';
  const more = [
    low ? t('answer_battery', { value: toBatteryText(words, device, condition) ?? '' }) : '',
    device.codec?.quarantined ? t('answer_quarantined') : '',
    device.status.rejected > 0 ? t('answer_rejected', { count: device.status.rejected }) : '',
  ].filter((text) => text !== '');
  return [first, ...more].join(' ');
}
