/**
 * Identities: branded integers, EUI-64 texts, and ids of rows that live in monthly partitions.
 * An id of an uplink or an observation is an integer below 2^53 (clients parse ids as JavaScript numbers)
 * whose upper 11 bits are the month of the row's time: a lookup by id touches one partition.
 * docs/decisions/0001 has the measurements behind this layout.
 */
import { AppError } from './errors.ts';

declare const brand: unique symbol;
export type Branded<T, B extends string> = T & { readonly [brand]: B };

export type OrganisationId = Branded<number, 'Organisation'>;
export type UserId = Branded<number, 'User'>;
export type PlaceId = Branded<number, 'Place'>;
export type DeviceId = Branded<number, 'Device'>;
export type CodecId = Branded<number, 'Codec'>;
export type SourceId = Branded<number, 'Source'>;
export type DatastreamId = Branded<number, 'Datastream'>;
export type ObservationId = Branded<number, 'Observation'>;
export type UplinkId = Branded<number, 'Uplink'>;
/** EUI-64 as 16 lower-case hexadecimal digits: 64 bits do not fit a JavaScript number. */
export type Eui64 = Branded<string, 'Eui64'>;

/** Bits below the month: 2^42 rows over the life of an installation (20,000 a second for seven years). */
export const SEQUENCE_BITS = 42;
/** Months are counted from January 1900 and clamped to 11 bits (up to August 2070). */
const FIRST_YEAR = 1900;
const LAST_MONTH = 2 ** 11 - 1;

/** Index of the UTC month of an instant, 0 (January 1900 or before) to 2047 (August 2070 or after). */
export function toMonthIndex(epochMs: number): number {
  const date = new Date(epochMs);
  const index = (date.getUTCFullYear() - FIRST_YEAR) * 12 + date.getUTCMonth();
  return Math.min(Math.max(index, 0), LAST_MONTH);
}

/** Index of the month that an id of an observation or an uplink carries. */
export function toMonthOfId(id: number): number {
  return Math.floor(id / 2 ** SEQUENCE_BITS);
}

/** First instant (epoch milliseconds, UTC) of a month index. */
export function toMonthStartMs(monthIndex: number): number {
  return Date.UTC(FIRST_YEAR + Math.floor(monthIndex / 12), monthIndex % 12, 1);
}

/**
 * EUI-64 in any common spelling (`A8-17-58-FF…`, `a8:17:…`, upper case) -> 16 lower-case hex digits.
 * @throws AppError BAD_UPLINK naming what was sent.
 */
export function parseEui64(text: unknown, at = 'devEui'): Eui64 {
  if (typeof text === 'string') {
    const bare = text.replace(/[-:\s]/g, '').toLowerCase();
    if (/^[0-9a-f]{16}$/.test(bare)) return bare as Eui64;
  }
  throw new AppError('BAD_UPLINK', `"${String(text).slice(0, 40)}" is not a DevEUI.`, {
    at,
    hint: 'A DevEUI has 16 hexadecimal digits; it is printed on the device.',
  });
}
