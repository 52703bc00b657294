/**
 * What is measured outside the classrooms: traffic noise, the town hall's electricity and heat.
 * Powers are functions of the moment; the meters' totals are sums over whole days since the meters were set.
 */
import { type LocalDay, toWallMinute } from './calendar.ts';
import { toNormal, toSmooth } from './noise.ts';
import type { WeatherDay } from './weather.ts';

/** A weekday on a motorway, LAeq by the hour, 28 m from the nearest lane. */
const WEEKDAY_DB = [
  56, 54.5, 54, 55, 58.5, 64, 68.5, 71, 70.5, 69, 68.5, 68.5, 68.8, 69, 69.8, 71, 71.3, 70, 68, 66, 64.5, 63,
  61, 58.5,
] as const;
const WEEKEND_DB = [
  57.5, 56, 55, 54.5, 55, 57, 59.5, 61.5, 63.5, 65.5, 67, 67.8, 68, 67.8, 67.8, 68, 67.8, 67, 66, 64.5, 63,
  61.5, 60, 58,
] as const;

export interface Sound {
  readonly laeqDb: number;
  readonly lafMaxDb: number;
  readonly lafDb: number;
}

/**
 * Traffic noise around a moment.
 * @param quieterDb how much the place lies below the meter at the motorway; local sounds add to it
 */
export function toSound(
  seed: number,
  key: number,
  day: LocalDay,
  weather: WeatherDay,
  elapsed: number,
  quieterDb: number,
): Sound {
  const wall = toWallMinute(elapsed, day);
  const hours = day.workDay ? WEEKDAY_DB : WEEKEND_DB;
  const hour = Math.floor(wall / 60);
  const from = hours[hour] ?? 60;
  const to = hours[(hour + 1) % 24] ?? from;
  const rain = weather.rainMmPerHour[elapsed] ?? 0;
  const wind = weather.windMS[elapsed] ?? 4;
  // wet asphalt is louder; downwind carries
  const fromWest = Math.cos((((weather.windFromDeg[elapsed] ?? 245) - 90) * Math.PI) / 180);
  const road =
    from +
    ((to - from) * (wall % 60)) / 60 +
    Math.min(2.6, rain * 1.6) +
    1.1 * fromWest * Math.min(1, wind / 5) * (quieterDb > 0 ? 2 : 0.4) -
    quieterDb;
  const slot = Math.floor((day.startMs / 60_000 + elapsed) / 10);
  // birds, gardens and neighbours wake from five to seven and go to bed after nine
  const awake = Math.min(1, Math.max(0, (wall - 300) / 120)) * Math.min(1, Math.max(0, (1410 - wall) / 150));
  const local = 36 + 11 * awake + 4 * toSmooth(seed, 90 + (key % 7), slot / 3) + wind * 0.8;
  const laeqDb =
    10 * Math.log10(10 ** (road / 10) + 10 ** (local / 10)) + 0.5 * toNormal(seed, 97, key, slot);
  const lafMaxDb = laeqDb + 7 + 3.5 * Math.abs(toNormal(seed, 98, key, slot));
  return { laeqDb, lafMaxDb, lafDb: Math.min(lafMaxDb, laeqDb - 0.8 + 1.6 * toNormal(seed, 99, key, slot)) };
}

/** Electric power of an office wing for twenty-five people, on one phase: base load, office hours, kitchen at noon, cooling on hot days. */
export function toElectricKw(seed: number, day: LocalDay, weather: WeatherDay, elapsed: number): number {
  const hour = toWallMinute(elapsed, day) / 60;
  const rise = 1 / (1 + Math.exp(-(hour - 7.4) * 2.6));
  const fall = 1 / (1 + Math.exp((hour - (day.weekday === 5 ? 14.6 : 16.2)) * 1.9));
  const office = day.workDay ? 7.4 * rise * fall : 0;
  const kitchen = day.workDay ? 3.1 * Math.exp(-(((hour - 11.2) / 0.8) ** 2)) : 0;
  const dark = (weather.sunWM2[elapsed] ?? 0) < 60 ? 1 : 0;
  const light = dark * (day.workDay && hour > 6.5 && hour < 18 ? 1.6 : 0.3);
  const cooling = day.workDay
    ? Math.max(0, (weather.temperatureC[elapsed] ?? 10) - 21) * 0.6 * rise * fall
    : 0;
  const slot = Math.floor((day.startMs / 60_000 + elapsed) / 15);
  const council = day.workDay && day.weekday === 2 && hour > 17 && hour < 20.5 ? 1.8 : 0;
  return Math.max(1.2, 2.1 + office + kitchen + light + cooling + council + 0.25 * toNormal(seed, 101, slot));
}

/** District heating of the whole town hall: by outdoor temperature, lowered at night and at weekends; hot water always. */
export function toHeatKw(seed: number, day: LocalDay, weather: WeatherDay, elapsed: number): number {
  const hour = toWallMinute(elapsed, day) / 60;
  const outC = weather.temperatureC[elapsed] ?? 8;
  const wind = weather.windMS[elapsed] ?? 4;
  const lowered = !day.workDay || hour < 4.5 || hour > 17.5;
  const boost = day.workDay && hour > 4.5 && hour < 7.5 ? 1.35 : 1;
  const need = Math.max(0, 17 - outC) * 3.1 * (1 + 0.015 * wind) * (lowered ? 0.72 : 1) * boost;
  const sun = ((weather.sunWM2[elapsed] ?? 0) / 1000) * 14;
  const slot = Math.floor((day.startMs / 60_000 + elapsed) / 15);
  const water = lowered ? 1.2 : 2.6;
  return Math.max(water, need - sun + water) * (1 + 0.04 * toNormal(seed, 102, slot));
}

/** Forward and return temperature of the district heating at a load. */
export function toHeatTemperatures(
  seed: number,
  heatKw: number,
  outdoorC: number,
  slot: number,
): { readonly flowC: number; readonly returnC: number } {
  const flowC = 66 + Math.max(0, 8 - outdoorC) * 0.9 + 0.5 * toNormal(seed, 103, slot);
  return { flowC, returnC: Math.min(flowC - 6, 33 + heatKw * 0.09 + 0.7 * toNormal(seed, 104, slot)) };
}
