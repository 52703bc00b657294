/**
 * Which gateways heard a frame, best first, one line per gateway. A gateway's reception is never a reason to
 * refuse a frame: what cannot be read is left out.
 */
import type { Reception } from '../source.ts';
import { type Fields, readEui, readNumber, readText, toFields } from './read.ts';

/** What an adapter finds in one entry of its server's list; every value is still foreign. */
export interface Heard {
  readonly id: unknown;
  readonly rssi: unknown;
  readonly snr: unknown;
  readonly latitude?: unknown;
  readonly longitude?: unknown;
}

/** Uplink.receptions holds 64; more entries than this are not looked at. */
const MAX_RECEPTIONS = 64;
const MAX_ENTRIES = 512;

/** The entries of a foreign list that are objects; none where it is no list. */
export function toEntries(list: unknown): Fields[] {
  return Array.isArray(list) ? Array.from(list.slice(0, MAX_ENTRIES), toFields) : [];
}

function toReception({ id, rssi, snr, latitude, longitude }: Heard): Reception | undefined {
  const gatewayId = readEui(id) ?? readText(id, 128);
  if (gatewayId === undefined) return undefined;
  const rssiDbm = readNumber(rssi, -250, 100);
  const snrDb = readNumber(snr, -100, 100);
  const lat = readNumber(latitude, -90, 90);
  const lon = readNumber(longitude, -180, 180);
  // 0,0 is what a gateway without a fix reports.
  const hasPosition = lat !== undefined && lon !== undefined && (lat !== 0 || lon !== 0);
  return {
    gatewayId,
    ...(rssiDbm === undefined ? {} : { rssi: rssiDbm }),
    ...(snrDb === undefined ? {} : { snr: snrDb }),
    ...(hasPosition ? { latitude: lat, longitude: lon } : {}),
  };
}

/** SNR decides, then RSSI; what is unknown comes last, and the id makes the order the same every time. */
function compareReceptions(a: Reception, b: Reception): number {
  return (
    (b.snr ?? -1000) - (a.snr ?? -1000) ||
    (b.rssi ?? -1000) - (a.rssi ?? -1000) ||
    (a.gatewayId < b.gatewayId ? -1 : 1)
  );
}

export function toReceptions(list: unknown, read: (entry: Fields) => Heard): Reception[] {
  const receptions = toEntries(list)
    .map((entry) => toReception(read(entry)))
    .filter((reception) => reception !== undefined)
    .sort(compareReceptions);
  // A gateway with several antennas is listed once for each; its best one stands for it.
  const seen = new Set<string>();
  const best = receptions.filter(({ gatewayId }) => !seen.has(gatewayId) && seen.add(gatewayId));
  return best.slice(0, MAX_RECEPTIONS);
}
