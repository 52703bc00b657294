/**
 * How the town's gateways hear a frame: distance, walls, fading. A frame no gateway hears is lost.
 */
import type { Reception } from '../ingest/port.ts';
import { toKey, toNormal, toUniform } from './noise.ts';
import type { TownData } from './town.ts';

export interface Link {
  readonly gatewayId: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly key: number;
  /** Mean strength at the gateway, dBm. */
  readonly rssiDbm: number;
}

const EARTH_RADIUS_M = 6_371_000;
/** 14 dBm sent; thermal noise of 125 kHz with 6 dB noise figure. */
const SENT_DBM = 14;
const NOISE_FLOOR_DBM = -117;
const SPREADING = [
  { name: 'SF7BW125', snrLimitDb: -7.5 },
  { name: 'SF8BW125', snrLimitDb: -10 },
  { name: 'SF9BW125', snrLimitDb: -12.5 },
  { name: 'SF10BW125', snrLimitDb: -15 },
  { name: 'SF11BW125', snrLimitDb: -17.5 },
  { name: 'SF12BW125', snrLimitDb: -20 },
] as const;
const CHANNELS_MHZ = [868.1, 868.3, 868.5, 867.1, 867.3, 867.5, 867.7, 867.9] as const;
const LOST_SHARE = 0.01;

function toDistanceM(a: readonly [number, number], b: readonly [number, number]): number {
  const rad = Math.PI / 180;
  const x = (b[0] - a[0]) * rad * Math.cos(((a[1] + b[1]) / 2) * rad);
  const y = (b[1] - a[1]) * rad;
  return EARTH_RADIUS_M * Math.hypot(x, y);
}

export function toLinks(
  town: TownData,
  seed: number,
  devEui: string,
  position: readonly [number, number],
  indoors: boolean,
): readonly Link[] {
  const device = toKey(devEui);
  return town.gateways.map((gateway) => {
    const key = toKey(gateway.id);
    const km = Math.max(0.02, toDistanceM(position, gateway.position) / 1000);
    const pathDb = 120 + 33 * Math.log10(km) + (indoors ? 13 : 0) + 5 * toNormal(seed, 111, device, key);
    return {
      gatewayId: gateway.id,
      longitude: gateway.position[0],
      latitude: gateway.position[1],
      key,
      rssiDbm: Math.min(-38, SENT_DBM - pathDb),
    };
  });
}

/** The data rate the network would have settled on for this device: 8 dB above the limit at the best gateway. */
export function toSpreading(links: readonly Link[]): (typeof SPREADING)[number] {
  const best = Math.max(...links.map((link) => link.rssiDbm)) - NOISE_FLOOR_DBM;
  return SPREADING.find((s) => best - 8 >= s.snrLimitDb) ?? SPREADING[5];
}

export interface Heard {
  /** Best first; empty when the frame is lost. */
  readonly receptions: Reception[];
  readonly frequencyMhz: number;
}

/** What the gateways hear of one frame; `attempt` 1 is the copy of a slow gateway. */
export function toHeard(
  seed: number,
  links: readonly Link[],
  snrLimitDb: number,
  device: number,
  frame: number,
  attempt: number,
): Heard {
  const frequencyMhz = CHANNELS_MHZ[Math.floor(toUniform(seed, 112, device, frame) * 8)] ?? 868.1;
  const receptions: Reception[] = [];
  if (attempt > 0 || toUniform(seed, 113, device, frame) >= LOST_SHARE) {
    for (const link of links) {
      const rssi = Math.round(link.rssiDbm + 2.6 * toNormal(seed, 114, device, frame, link.key + attempt));
      const margin = rssi - NOISE_FLOOR_DBM + 1.2 * toNormal(seed, 115, device, frame, link.key + attempt);
      // a receiver says at most about 10 dB, whatever the strength
      const snr = Math.round(10 * Math.min(10.5, margin)) / 10;
      if (snr < snrLimitDb) continue;
      receptions.push({
        gatewayId: link.gatewayId,
        rssi,
        snr,
        latitude: link.latitude,
        longitude: link.longitude,
      });
    }
  }
  receptions.sort((a, b) => (b.snr ?? 0) - (a.snr ?? 0) || (b.rssi ?? 0) - (a.rssi ?? 0));
  return { receptions, frequencyMhz };
}
