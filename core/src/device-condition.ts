/**
 * How a device is doing, in words with a rule behind each: silent, battery, signal. Pure, used by the lists of
 * the server and by the pages, so that both say the same. Never judges what is not known.
 */

/** Three missed reports are silence, but nobody is silent within half an hour. */
const MISSED_REPORTS = 3;
const SHORTEST_SILENCE_S = 1800;
/** For a device that says nothing about its pace. */
const USUAL_INTERVAL_S = 600;

export function silenceLimitMs(expectedIntervalS: number | null): number {
  return Math.max((expectedIntervalS ?? USUAL_INTERVAL_S) * MISSED_REPORTS, SHORTEST_SILENCE_S) * 1000;
}

/** @param lastSeen RFC 3339; null: never heard, which is silence as well */
export function isSilent(lastSeen: string | null, expectedIntervalS: number | null, nowMs: number): boolean {
  return lastSeen === null || nowMs - Date.parse(lastSeen) > silenceLimitMs(expectedIntervalS);
}

export type BatteryLevel = 'good' | 'low' | 'empty' | 'unknown';

export interface BatteryReading {
  readonly percent: number | null;
  readonly volts: number | null;
}

/** The voltages between which the model's battery is drawn. */
export interface BatterySpan {
  readonly fullV: number;
  readonly emptyV: number;
}

const LOW_SHARE = 0.2;
const EMPTY_SHARE = 0.05;

/**
 * The share that is left, 0 to 1. Per cent as the device says; volts only where the model tells what they mean.
 * Lithium cells hold their voltage until shortly before the end: a share by volts is a hint, not a gauge.
 */
export function toBatteryShare(reading: BatteryReading, span: BatterySpan | null): number | null {
  if (reading.percent !== null) return clamp(reading.percent / 100);
  if (reading.volts === null || span === null || span.fullV <= span.emptyV) return null;
  return clamp((reading.volts - span.emptyV) / (span.fullV - span.emptyV));
}

export function toBatteryLevel(reading: BatteryReading, span: BatterySpan | null): BatteryLevel {
  const share = toBatteryShare(reading, span);
  if (share === null) return 'unknown';
  if (share <= EMPTY_SHARE) return 'empty';
  return share <= LOW_SHARE ? 'low' : 'good';
}

const clamp = (share: number) => Math.min(Math.max(share, 0), 1);

export type SignalLevel = 'good' | 'fair' | 'weak' | 'unknown';

/** LoRa at SF12 is lost near -137 dBm and -20 dB SNR, at SF7 near -124 dBm and -7.5 dB: margins to the middle of these. */
export function toSignalLevel(rssiDbm: number | null, snrDb: number | null): SignalLevel {
  if (rssiDbm === null && snrDb === null) return 'unknown';
  if ((rssiDbm !== null && rssiDbm < -118) || (snrDb !== null && snrDb < -7.5)) return 'weak';
  if ((rssiDbm !== null && rssiDbm < -105) || (snrDb !== null && snrDb < 0)) return 'fair';
  return 'good';
}
