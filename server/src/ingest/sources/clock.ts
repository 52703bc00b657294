/**
 * Decides which clock says when the network heard a frame: docs/decisions/0003 has the rule and its reasons.
 * Pure: the arrival is a parameter. The device's own clock is not known here; a model's mapping brings it later.
 */

import { sayReason } from '@torv/core/reasons';
import { compareInstants, parseInstant, toInstant } from '@torv/core/time';
import type { Clock } from '../source.ts';
import { type Rejected, rejected, toFieldName } from './form.ts';
import { isAbsent } from './read.ts';

/** LoRaWAN 1.0 came out in January 2015: an earlier time is a clock that was never set. */
const FIRST_MS = Date.UTC(2015, 0, 1);
/** Ids carry the month of a frame up to August 2070 (core/src/ids.ts); no later time is taken from anybody. */
const LAST_MS = Date.UTC(2070, 0, 1);
/** A network server is run by someone; beyond a day ahead even its clock is not believed. */
const SERVER_AHEAD_MS = 24 * 3_600_000;
/** A gateway sets its clock by itself, often late: ten minutes, as for a device's own time. */
const GATEWAY_AHEAD_MS = 10 * 60_000;
/** Gateways of one message that are asked for their time. */
const MAX_GATEWAYS = 64;

export interface HeardAt {
  readonly kind: 'heard';
  readonly networkTime: string;
  readonly clock: Clock;
}

export interface ServerTime {
  /** JSON pointer, for the reason when it cannot be read. */
  readonly at: string;
  readonly value: unknown;
}

/** RFC 3339 text or epoch milliseconds (also as text) -> UTC text with microseconds; undefined if neither. */
export function readInstant(value: unknown): string | undefined {
  const ms = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value;
  if (typeof ms === 'number') return Math.abs(ms) <= 8.64e15 ? toInstant(ms) : undefined;
  if (typeof value !== 'string' || value.length > 64) return undefined;
  try {
    return parseInstant(value);
  } catch {
    return undefined;
  }
}

function isBelievable(instant: string, arrivedMs: number, aheadMs: number): boolean {
  const ms = Date.parse(instant);
  if (!(ms >= FIRST_MS && ms < LAST_MS)) return false;
  // Where our own clock was never set (a machine without battery after a power cut) it judges nobody.
  return arrivedMs < FIRST_MS || ms <= arrivedMs + aheadMs;
}

/**
 * The first believable time of the server, else the earliest believable one of the gateways, else the arrival.
 * A server's time that is there and cannot be read rejects the message: arrival would quietly take its place.
 */
export function toHeardAt(
  server: readonly ServerTime[],
  gateways: readonly unknown[],
  arrivedAt: string,
): HeardAt | Rejected {
  const arrivedMs = Date.parse(arrivedAt);
  for (const { at, value } of server) {
    if (isAbsent(value)) continue;
    const instant = readInstant(value);
    if (instant === undefined) {
      return rejected(sayReason('field_no_moment', { field: toFieldName(at) }), at);
    }
    if (isBelievable(instant, arrivedMs, SERVER_AHEAD_MS)) {
      return { kind: 'heard', networkTime: instant, clock: 'network-server' };
    }
  }
  const [earliest] = gateways
    .slice(0, MAX_GATEWAYS)
    .map(readInstant)
    .filter((time): time is string => time !== undefined && isBelievable(time, arrivedMs, GATEWAY_AHEAD_MS))
    .sort(compareInstants);
  return earliest === undefined
    ? { kind: 'heard', networkTime: parseInstant(arrivedAt, 'arrivedAt'), clock: 'arrival' }
    : { kind: 'heard', networkTime: earliest, clock: 'gateway' };
}

/**
 * When a recorder that wrote messages to a file got this one (`_timestamp` in milliseconds or `_date`): the
 * arrival to use when such a file is replayed. ChirpStack v3 names no time for most frames; without this they
 * would all be heard at the moment of the replay.
 */
export function findRecordedArrival(message: unknown): string | undefined {
  if (message === null || typeof message !== 'object') return undefined;
  const { _timestamp, _date } = message as { _timestamp?: unknown; _date?: unknown };
  const instant = readInstant(_timestamp) ?? readInstant(_date);
  return instant !== undefined && Date.parse(instant) >= FIRST_MS ? instant : undefined;
}
