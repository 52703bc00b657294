/**
 * The demo town's frames: what a network server would have passed on between two moments. A pure function of
 * (town, seed, day of mounting, period): any cut of a period gives the same frames. It writes nothing anywhere;
 * whoever asks feeds the frames through the same way as everybody's.
 */
import { AppError } from '@torv/core/errors';
import { toLocalDate } from '@torv/core/time';
import type { Uplink } from '../ingest/port.ts';
import { toDate, toDayNumber } from './calendar.ts';
import { toPayload } from './measure.ts';
import { toHash, toKey, toUniform } from './noise.ts';
import { type Link, toHeard, toLinks, toSpreading } from './radio.ts';
import type { DeviceData, PlaceData, TownData } from './town.ts';
import { createWorld, type World } from './world.ts';

export type DemoFrame = Uplink;

/** So long before the first start the devices were mounted. */
export const HISTORY_DAYS = 56;
/** The silent device was last heard so long before the first start. */
const SILENT_DAYS = 9;
const COPY_SHARE = 0.006;
const COPY_DELAY_MAX_MS = 45_000;
const JITTER_MS = 900;
const CHUNK_MS = 3_600_000;
const DAY_MS = 86_400_000;

interface Sender {
  readonly device: DeviceData;
  readonly place: PlaceData;
  readonly key: number;
  readonly firstMs: number;
  readonly intervalMs: number;
  /** First number that is not sent any more. */
  readonly endFrame: number;
  readonly links: readonly Link[];
}

export interface Town {
  readonly world: World;
  readonly senders: readonly Sender[];
  /** Local date since which the devices are mounted. */
  readonly mountedDate: string;
  readonly mountedMs: number;
}

function toPosition(data: TownData, place: PlaceData): readonly [number, number] {
  let at: PlaceData | undefined = place;
  while (at) {
    if (at.position) return at.position;
    const parent: string | undefined = at.parent;
    at = parent === undefined ? undefined : data.places.find((p) => p.ref === parent);
  }
  throw new AppError('BAD_FILE', `The place ${place.ref} has no position.`, { at: place.ref });
}

/** Classrooms take turns, so that somewhere a value moves every few seconds. */
function toPhaseMs(data: TownData, device: DeviceData, key: number): number {
  const alike = data.devices.filter((d) => d.intervalS === device.intervalS);
  const turn = alike.indexOf(device);
  return Math.floor((turn * device.intervalS * 1000) / alike.length) + (key % 700);
}

/** @param startedAt when the demo was first started (RFC 3339); eight weeks before it everything was mounted */
export function createTown(data: TownData, seed: number, startedAt: string): Town {
  const startedDay = toDayNumber(toLocalDate(startedAt, data.organisation.timeZone));
  const mountedDay = startedDay - HISTORY_DAYS;
  const world = createWorld(data, seed, mountedDay);
  const mountedMs = world.calendar.day(mountedDay).startMs;
  // an unclaimed device lies in the caretaker's cupboard until somebody mounts it
  const cupboard = data.places.find((place) => place.air && place.kind === 'room');
  const senders = data.devices.map((device): Sender => {
    const place = data.places.find((p) => p.ref === device.place) ?? cupboard;
    if (!place)
      throw new AppError('BAD_FILE', `The device ${device.name} has no place.`, { at: device.name });
    const key = toKey(device.devEui);
    const intervalMs = device.intervalS * 1000;
    return {
      device,
      place,
      key,
      firstMs: mountedMs + toPhaseMs(data, device, key),
      intervalMs,
      endFrame:
        device.quirk === 'silent'
          ? Math.floor(((HISTORY_DAYS - SILENT_DAYS) * DAY_MS) / intervalMs)
          : Number.POSITIVE_INFINITY,
      links: toLinks(data, seed, device.devEui, toPosition(data, place), place.kind !== 'point'),
    };
  });
  return { world, senders, mountedDate: toDate(mountedDay), mountedMs };
}

interface Session {
  readonly devAddr: string;
  readonly fCnt: number;
}

/** A device that restarts joins anew every 31 days: another address, and the counter begins at 0. */
function toSession(seed: number, { device, key, intervalMs }: Sender, frame: number): Session {
  const length = device.quirk === 'restarts' ? Math.floor((31 * DAY_MS) / intervalMs) : 0;
  const session = length > 0 ? Math.floor(frame / length) : 0;
  // 26 bits of NwkAddr under the prefix of an experimental network
  const devAddr = (toHash(seed, 141, key, session) & 0x01ff_ffff).toString(16).padStart(8, '0');
  return { devAddr, fCnt: length > 0 ? frame % length : frame };
}

interface Event {
  readonly timeUs: number;
  readonly frame: DemoFrame;
}

function renderTime(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  const micros = String(timeUs - ms * 1000).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`;
}

function toTimeUs(seed: number, sender: Sender, frame: number): number {
  const jitterUs = Math.floor(toUniform(seed, 142, sender.key, frame) * JITTER_MS * 1000);
  return (sender.firstMs + frame * sender.intervalMs) * 1000 + jitterUs;
}

/** The frame as it is heard first, and now and then the same frame again from a slow gateway. */
function addEvents(
  town: Town,
  sender: Sender,
  n: number,
  fromUs: number,
  untilUs: number,
  out: Event[],
): void {
  const { world } = town;
  const { seed } = world;
  const timeUs = toTimeUs(seed, sender, n);
  const copied = toUniform(seed, 143, sender.key, n) < COPY_SHARE;
  const delayUs = copied
    ? Math.floor((2000 + toUniform(seed, 144, sender.key, n) * (COPY_DELAY_MAX_MS - 2000)) * 1000)
    : 0;
  const first = timeUs >= fromUs && timeUs < untilUs;
  const again = copied && timeUs + delayUs >= fromUs && timeUs + delayUs < untilUs;
  if (!first && !again) return;

  const timeMs = Math.floor(timeUs / 1000);
  const day = world.calendar.dayAt(timeMs);
  const spreading = toSpreading(sender.links);
  const heard = toHeard(seed, sender.links, spreading.snrLimitDb, sender.key, n, 0);
  if (heard.receptions.length === 0) return;
  const moment = {
    world,
    device: sender.device,
    place: sender.place,
    key: sender.key,
    frame: n,
    day,
    minute: Math.floor((timeMs - day.startMs) / 60_000),
    mountedDays: (timeMs - town.mountedMs) / DAY_MS,
  };
  const { device } = sender;
  const common = {
    devEui: device.devEui,
    ...toSession(seed, sender, n),
    ...toPayload(moment),
    clock: 'network-server',
    dataRate: spreading.name,
    frequencyMhz: heard.frequencyMhz,
    deviceName: device.name,
    profileName: device.product,
    ...(device.tags ? { tags: device.tags } : {}),
  } as const;
  if (first) {
    out.push({
      timeUs,
      frame: { ...common, networkTime: renderTime(timeUs), receptions: heard.receptions },
    });
  }
  if (again) {
    const late = toHeard(seed, sender.links, spreading.snrLimitDb, sender.key, n, 1).receptions.at(-1);
    if (!late) return;
    out.push({
      timeUs: timeUs + delayUs,
      frame: { ...common, networkTime: renderTime(timeUs + delayUs), receptions: [late] },
    });
  }
}

/**
 * All frames whose network time lies in [from, to), in the order of their network time.
 * @param from RFC 3339; finer than a millisecond is cut off
 */
export function* framesBetween(town: Town, from: string, to: string): Generator<DemoFrame> {
  const untilMs = Date.parse(to);
  const firstMs = Math.max(Date.parse(from), town.mountedMs);
  for (let chunkMs = firstMs; chunkMs < untilMs; ) {
    // cut at whole hours: a week asked at once and a week asked by the second meet the same chunks
    const endMs = Math.min(untilMs, (Math.floor(chunkMs / CHUNK_MS) + 1) * CHUNK_MS);
    const events: Event[] = [];
    for (const sender of town.senders) {
      const { intervalMs } = sender;
      const reachMs = COPY_DELAY_MAX_MS + JITTER_MS;
      const low = Math.max(0, Math.floor((chunkMs - reachMs - sender.firstMs) / intervalMs));
      const high = Math.min(sender.endFrame - 1, Math.floor((endMs - sender.firstMs) / intervalMs));
      for (let n = low; n <= high; n++) addEvents(town, sender, n, chunkMs * 1000, endMs * 1000, events);
    }
    events.sort((a, b) => a.timeUs - b.timeUs || (a.frame.devEui < b.frame.devEui ? -1 : 1));
    for (const event of events) yield event.frame;
    chunkMs = endMs;
  }
}
