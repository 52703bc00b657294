/**
 * The air of one room through one local day: CO2, temperature and humidity, minute by minute, from people,
 * volume, leaks, ventilation, windows and weather. Each day is computed after three days of warm-up from a fixed
 * start, so that it depends on its date alone; what is left of that start after three days is far below 1 ppm.
 */
import { CO2_LITRES_PER_HOUR, stepCo2 } from '@torv/core/climate/mass-balance';
import type { LocalDay } from './calendar.ts';
import { toKey, toUniform } from './noise.ts';
import type { PresenceDay } from './presence.ts';
import type { PlaceData } from './town.ts';
import { toSaturationGM3, type WeatherDay } from './weather.ts';

export const WARM_UP_DAYS = 3;

export interface RoomDay {
  readonly co2Ppm: Float32Array;
  readonly temperatureC: Float32Array;
  readonly humidityPercent: Float32Array;
  readonly people: Float32Array;
}

export interface RoomState {
  readonly co2Ppm: number;
  readonly temperatureC: number;
  readonly waterGM3: number;
}

export const ROOM_START: RoomState = { co2Ppm: 450, temperatureC: 20, waterGM3: 7 };

/** Pupils of the lower grades are smaller: share of what a pupil of the upper grades gives off. */
function toPupilShare(grade: number): number {
  if (grade <= 3) return 0.7;
  return grade <= 6 ? 0.85 : 1;
}

interface Habits {
  readonly place: PlaceData;
  readonly volumeM3: number;
  readonly leakPerHour: number;
  readonly sunny: number;
  readonly fanPerHour: number;
  readonly pupilLitresPerHour: number;
  readonly key: number;
}

function toHabits(place: PlaceData): Habits {
  const volumeM3 = place.volumeM3 ?? 150;
  return {
    place,
    volumeM3,
    leakPerHour: place.air?.leakPerHour ?? 0.3,
    sunny: place.air?.sunny ?? 0.4,
    fanPerHour: (place.ventilationM3PerHour ?? 0) / volumeM3,
    pupilLitresPerHour: CO2_LITRES_PER_HOUR.pupil * toPupilShare(place.class?.grade ?? 8),
    key: toKey(place.ref),
  };
}

/** Air changes an hour by the plant; a CO2-controlled one follows the room's own CO2. */
function toFan(habits: Habits, running: boolean, ppm: number): number {
  if (habits.fanPerHour === 0 || !running) return 0;
  if (habits.place.ventilation !== 'co2-controlled') return habits.fanPerHour;
  return habits.fanPerHour * Math.min(1, Math.max(0.15, (ppm - 600) / 350));
}

export interface RoomDayInput {
  readonly seed: number;
  readonly place: PlaceData;
  readonly day: LocalDay;
  readonly weather: WeatherDay;
  readonly presence: PresenceDay;
}

/** One day from a start state; `out` receives the curves where they are wanted (not during the warm-up). */
export function simulateRoom(input: RoomDayInput, start: RoomState, out?: RoomDay): RoomState {
  const { seed, day, weather, presence } = input;
  const habits = toHabits(input.place);
  const air = { volumeM3: habits.volumeM3, airChangesPerHour: 0, emissionLitresPerHour: 0, outdoorPpm: 420 };
  const openable = habits.place.ventilation === 'none' || habits.place.ventilation === 'natural';
  let { co2Ppm: ppm, temperatureC: t, waterGM3: water } = start;
  let stuffyUntil = -1;
  let lessonSeen = 0;
  let heatingMean = 0;
  for (const value of weather.temperatureC) heatingMean += value / day.minutes;
  const heating = heatingMean < 15;
  for (let m = 0; m < day.minutes; m++) {
    const outC = weather.temperatureC[m] ?? 8;
    const wind = weather.windMS[m] ?? 4;
    const pupils = presence.pupils[m] ?? 0;
    const adults = presence.adults[m] ?? 0;
    const people = pupils + adults;
    const lesson = presence.lesson[m] ?? 0;
    // Somebody opens a window ajar when the air is very stuffy, though not in every lesson.
    if (lesson !== lessonSeen) {
      lessonSeen = lesson;
      stuffyUntil = -1;
    }
    if (openable && lesson > 0 && people > 4 && m >= stuffyUntil) {
      const bears = 1600 + 700 * toUniform(seed, 81, habits.key, day.number, lesson);
      const willing = toUniform(seed, 82, habits.key, day.number, lesson) < (outC < 3 ? 0.5 : 0.8);
      if (ppm > bears && willing) {
        stuffyUntil = m + 10 + Math.round(20 * toUniform(seed, 83, habits.key, day.number, lesson));
      }
    }
    const warm = people > 0 && t > 24 && outC > 12 && outC < t;
    const window = presence.airing[m] ? 1 : m < stuffyUntil || (warm && openable) ? 0.2 : warm ? 0.12 : 0;
    const windowPerHour = window * (4.5 + 0.7 * wind + 0.12 * Math.max(0, t - outC));
    const running = (day.workDay && m >= 390 && m < 990) || lesson === 9;
    const fanPerHour = toFan(habits, running, ppm);
    // vents and stack effect of a room made to be ventilated naturally
    const ventsPerHour =
      habits.place.ventilation === 'natural' ? 0.35 + 0.05 * wind + 0.02 * Math.max(0, t - outC) : 0;
    const leakPerHour = habits.leakPerHour * (0.55 + 0.1 * wind);
    const doorPerHour = presence.doorOpen[m] ? 2 : 0;
    const airChanges = leakPerHour + doorPerHour + ventsPerHour + fanPerHour + windowPerHour;

    air.airChangesPerHour = airChanges;
    air.emissionLitresPerHour = pupils * habits.pupilLitresPerHour + adults * CO2_LITRES_PER_HOUR.adult;
    air.outdoorPpm = weather.co2Ppm[m] ?? 420;
    ppm = stepCo2(ppm, air, 1);

    const wanted = heating ? (day.workDay && m >= 300 && m < 900 ? 21 : 18.6) : Math.max(19, heatingMean + 3);
    const hoursToWanted = t < wanted ? 1.6 : people > 4 ? 1.8 : 9;
    const capacityKwhPerK = habits.volumeM3 * 0.0031;
    const sunKw = ((weather.sunWM2[m] ?? 0) / 1000) * habits.sunny * 2.2;
    t +=
      ((wanted - t) / hoursToWanted +
        (people * 0.068 + sunKw) / capacityKwhPerK -
        (windowPerHour + ventsPerHour * 0.5) * 0.11 * (t - outC) -
        fanPerHour * 0.08 * (t - 19.5)) /
      60;
    const outWater = weather.waterGM3[m] ?? 6;
    // people breathe out and sweat about 45 g an hour; furniture and books take part of it
    water += (airChanges * (outWater - water) + (people * 45) / (habits.volumeM3 * 1.8)) / 60;

    if (out) {
      out.co2Ppm[m] = ppm;
      out.temperatureC[m] = t;
      out.humidityPercent[m] = Math.min(99, (100 * water) / toSaturationGM3(t));
      out.people[m] = people;
    }
  }
  return { co2Ppm: ppm, temperatureC: t, waterGM3: water };
}

export function makeRoomDay(minutes: number): RoomDay {
  return {
    co2Ppm: new Float32Array(minutes),
    temperatureC: new Float32Array(minutes),
    humidityPercent: new Float32Array(minutes),
    people: new Float32Array(minutes),
  };
}
