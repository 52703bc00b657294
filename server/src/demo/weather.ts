/**
 * The town's weather, minute by minute: season, passing fronts, day and night, showers. Invented, but with a
 * Danish west wind; a function of the seed and the time alone.
 */
import type { LocalDay } from './calendar.ts';
import { toNormal, toSmooth, toUniform } from './noise.ts';

export interface WeatherDay {
  /** One value a minute from the start of the local day. */
  readonly temperatureC: Float32Array;
  /** Water in the air, g/m3. */
  readonly waterGM3: Float32Array;
  readonly windMS: Float32Array;
  readonly windFromDeg: Float32Array;
  readonly rainMmPerHour: Float32Array;
  readonly sunWM2: Float32Array;
  readonly pressureHpa: Float32Array;
  readonly co2Ppm: Float32Array;
  /** Since the day began. */
  readonly rainMm: Float32Array;
}

const LATITUDE = (57.23 * Math.PI) / 180;
const LONGITUDE_HOURS = 9.8 / 15;
const SHOWER_SLOT_MINUTES = 180;

/** Water that air can hold, g/m3 (Magnus). */
export function toSaturationGM3(temperatureC: number): number {
  return (
    (216.7 * 6.112 * Math.exp((17.62 * temperatureC) / (243.12 + temperatureC))) / (temperatureC + 273.15)
  );
}

function toRainRate(seed: number, minute: number): number {
  let rate = 0;
  const slot = Math.floor(minute / SHOWER_SLOT_MINUTES);
  for (let s = slot - 1; s <= slot; s++) {
    const wet = 0.16 + 0.16 * toSmooth(seed, 41, s / 14);
    if (toUniform(seed, 42, s) >= wet) continue;
    const start = s * SHOWER_SLOT_MINUTES + toUniform(seed, 43, s) * SHOWER_SLOT_MINUTES;
    const length = 12 + 120 * toUniform(seed, 44, s) ** 2;
    const at = (minute - start) / length;
    if (at <= 0 || at >= 1) continue;
    rate += (0.5 + 7 * toUniform(seed, 45, s) ** 3) * Math.sin(Math.PI * at);
  }
  return rate;
}

export function toWeatherDay(seed: number, day: LocalDay): WeatherDay {
  const n = day.minutes;
  const make = () => new Float32Array(n);
  const temperatureC = make();
  const waterGM3 = make();
  const windMS = make();
  const windFromDeg = make();
  const rainMmPerHour = make();
  const sunWM2 = make();
  const pressureHpa = make();
  const co2Ppm = make();
  const rainMm = make();
  for (let i = 0; i < n; i++) {
    const minute = day.startMs / 60_000 + i;
    const days = minute / 1440;
    const year = (days - 19_723) / 365.2425; // since 2024
    const season = -Math.cos(2 * Math.PI * (year - 25 / 365)); // -1 in late January
    const cloud = Math.min(
      1,
      Math.max(0, 0.6 + 0.45 * toSmooth(seed, 31, days / 0.9) + 0.15 * toSmooth(seed, 32, days * 12)),
    );
    const solarHour = (minute / 60 + LONGITUDE_HOURS) % 24;
    const declination = 0.409 * -Math.cos(2 * Math.PI * (year + 10 / 365));
    const height =
      Math.sin(LATITUDE) * Math.sin(declination) -
      Math.cos(LATITUDE) * Math.cos(declination) * Math.cos((2 * Math.PI * solarHour) / 24);
    const sun = Math.max(0, height) * 1050 * (1 - 0.72 * cloud);
    const wind = Math.max(
      0.2,
      4.6 +
        2.6 * toSmooth(seed, 33, days / 1.3) +
        1.2 * toSmooth(seed, 34, days * 8) +
        0.5 * toSmooth(seed, 35, days * 72),
    );
    const swing =
      (1.4 + 2.2 * (season + 1)) * (1 - 0.65 * cloud) * -Math.cos((2 * Math.PI * (solarHour - 3)) / 24);
    const temperature =
      8.7 +
      8.2 * season +
      4 * toSmooth(seed, 36, days / 3.7) +
      1.6 * toSmooth(seed, 37, days / 1.1) +
      swing +
      0.25 * toSmooth(seed, 38, days * 48);
    const rain = toRainRate(seed, minute);
    const humidity = Math.min(
      99,
      Math.max(38, 83 - 3.2 * swing + 9 * toSmooth(seed, 39, days / 0.8) + Math.min(rain * 6, 14)),
    );
    const night = height < 0 ? 1 : 0.25;
    temperatureC[i] = temperature;
    waterGM3[i] = (humidity / 100) * toSaturationGM3(temperature);
    windMS[i] = wind;
    windFromDeg[i] =
      (245 + 75 * toSmooth(seed, 40, days / 2.2) + 14 * toSmooth(seed, 46, days * 30) + 720) % 360;
    rainMmPerHour[i] = rain;
    sunWM2[i] = sun;
    pressureHpa[i] = 1012 + 15 * toSmooth(seed, 47, days / 3.1) + 4 * toSmooth(seed, 48, days / 0.7);
    co2Ppm[i] =
      424 +
      2.4 * year -
      4 * season +
      night * Math.max(0, 24 - 4.5 * wind) +
      2 * toNormal(seed, 49, Math.floor(minute / 10));
    rainMm[i] = (rainMm[i - 1] ?? 0) + rain / 60;
  }
  return {
    temperatureC,
    waterGM3,
    windMS,
    windFromDeg,
    rainMmPerHour,
    sunWM2,
    pressureHpa,
    co2Ppm,
    rainMm,
  };
}
