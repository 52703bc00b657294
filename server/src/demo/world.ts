/**
 * The state of the town at any moment: weather, rooms, meters. Everything is a function of the seed and the time;
 * what is kept here is only what was computed already and may be forgotten at any time.
 */
import { type Calendar, createCalendar, type LocalDay } from './calendar.ts';
import { toElectricKw, toHeatKw } from './meters.ts';
import { type PresenceDay, toPresenceDay } from './presence.ts';
import { makeRoomDay, ROOM_START, type RoomDay, simulateRoom, WARM_UP_DAYS } from './room.ts';
import type { PlaceData, TownData } from './town.ts';
import { toWeatherDay, type WeatherDay } from './weather.ts';

export interface World {
  readonly data: TownData;
  readonly seed: number;
  readonly calendar: Calendar;
  weather(day: LocalDay): WeatherDay;
  presence(place: PlaceData, day: LocalDay): PresenceDay;
  room(place: PlaceData, day: LocalDay): RoomDay;
  electricKwh(day: LocalDay, elapsedMinutes: number): number;
  heatKwh(day: LocalDay, elapsedMinutes: number): number;
}

const QUARTER_MINUTES = 15;
const KEPT_DAYS = 8;

/** Remembers the last results; the oldest goes first. */
function remember<K, V>(size: number, make: (key: K) => V): (key: K) => V {
  const kept = new Map<K, V>();
  return (key) => {
    const found = kept.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    kept.set(key, made);
    if (kept.size > size) {
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    }
    return made;
  };
}

/** @param meterDay number of the local day at whose start the town hall's meters stood at zero plus their start value */
export function createWorld(data: TownData, seed: number, meterDay: number): World {
  const calendar = createCalendar(data.organisation.timeZone);
  const weatherByDay = remember<number, WeatherDay>(KEPT_DAYS, (n) => toWeatherDay(seed, calendar.day(n)));
  const weather = (day: LocalDay) => weatherByDay(day.number);

  const presences = new Map<string, (day: number) => PresenceDay>();
  const rooms = new Map<string, (day: number) => RoomDay>();
  for (const place of data.places) {
    if (!place.air) continue;
    const presence = remember<number, PresenceDay>(KEPT_DAYS, (n) => {
      const day = calendar.day(n);
      return toPresenceDay(data, seed, place, day, weather(day).temperatureC[480] ?? 8);
    });
    presences.set(place.ref, presence);
    rooms.set(
      place.ref,
      remember<number, RoomDay>(3, (n) => {
        let state = ROOM_START;
        for (let d = n - WARM_UP_DAYS; d <= n; d++) {
          const day = calendar.day(d);
          const input = { seed, place, day, weather: weather(day), presence: presence(d) };
          if (d === n) {
            const out = makeRoomDay(day.minutes);
            simulateRoom(input, state, out);
            return out;
          }
          state = simulateRoom(input, state);
        }
        throw new RangeError('a day follows its warm-up');
      }),
    );
  }

  const makeMeter = (toKw: typeof toElectricKw, startKwh: number) => {
    // running sums at the start of each day since the meter was set
    const starts = [startKwh];
    const within = remember<number, Float64Array>(KEPT_DAYS, (n) => {
      const day = calendar.day(n);
      const sky = weather(day);
      const quarters = day.minutes / QUARTER_MINUTES;
      const kwh = new Float64Array(quarters + 1);
      for (let q = 0; q < quarters; q++) {
        kwh[q + 1] = (kwh[q] ?? 0) + toKw(seed, day, sky, q * QUARTER_MINUTES) * (QUARTER_MINUTES / 60);
      }
      return kwh;
    });
    return (day: LocalDay, elapsedMinutes: number): number => {
      for (let n = starts.length; n <= day.number - meterDay; n++) {
        starts.push((starts[n - 1] ?? 0) + (within(meterDay + n - 1).at(-1) ?? 0));
      }
      const kwh = within(day.number);
      const q = Math.floor(elapsedMinutes / QUARTER_MINUTES);
      const part = elapsedMinutes / QUARTER_MINUTES - q;
      const from = kwh[q] ?? 0;
      return (starts[Math.max(0, day.number - meterDay)] ?? 0) + from + ((kwh[q + 1] ?? from) - from) * part;
    };
  };

  const getOf = <T>(known: Map<string, (day: number) => T>, place: PlaceData, day: LocalDay): T => {
    const find = known.get(place.ref);
    if (!find) throw new RangeError(`${place.ref} has no air to simulate`);
    return find(day.number);
  };
  return {
    data,
    seed,
    calendar,
    weather,
    presence: (place, day) => getOf(presences, place, day),
    room: (place, day) => getOf(rooms, place, day),
    electricKwh: makeMeter(toElectricKw, 48_300),
    heatKwh: makeMeter(toHeatKw, 612_400),
  };
}
