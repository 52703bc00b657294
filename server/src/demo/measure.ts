/**
 * What each device of the demo town would send at a moment: the town's state as that model's sensor sees it, with
 * its own offset, noise and faults, encoded as its payload.
 */
import type { LocalDay } from './calendar.ts';
import {
  encodeEastronSdm230,
  encodeElsysErsCo2,
  encodeElvacoCmi4160,
  encodeMilesightAm307,
  encodeMilesightEm500Co2,
  encodeMilesightWs302,
  encodeMilesightWts506,
} from './encoders.ts';
import { toElectricKw, toHeatKw, toHeatTemperatures, toSound } from './meters.ts';
import { toNormal, toUniform } from './noise.ts';
import type { DeviceData, PlaceData } from './town.ts';
import { toSaturationGM3 } from './weather.ts';
import type { World } from './world.ts';

/** How much too low the one badly calibrated CO2 sensor reads. */
const LOW_SENSOR_PPM = 110;
/** What a temperature sensor says when it lost power while measuring. */
const WILD_TEMPERATURE_C = 85;

export interface Moment {
  readonly world: World;
  readonly device: DeviceData;
  readonly place: PlaceData;
  /** Number that tells the device apart. */
  readonly key: number;
  /** Number of the frame since the device was mounted. */
  readonly frame: number;
  readonly day: LocalDay;
  /** Whole minutes since the local day began. */
  readonly minute: number;
  readonly mountedDays: number;
}

export interface Payload {
  readonly fPort: number;
  readonly payload: string;
}

interface Air {
  readonly co2Ppm: number;
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly people: number;
  readonly lightLx: number;
}

function toAir({ world, device, place, key, frame, day, minute }: Moment): Air {
  const { seed } = world;
  const room = world.room(place, day);
  const sky = world.weather(day);
  const people = room.people[minute] ?? 0;
  const offsetPpm = device.quirk === 'low' ? -LOW_SENSOR_PPM : 14 * toNormal(seed, 121, key);
  const wild = device.quirk === 'wild' && toUniform(seed, 122, key, frame) < 0.001;
  const daylight = (sky.sunWM2[minute] ?? 0) * (0.4 + (place.air?.sunny ?? 0.4)) * 0.9;
  const lamps = people > 0 && daylight < 450 ? 320 + 40 * toNormal(seed, 123, key) : 0;
  return {
    co2Ppm: Math.max(0, (room.co2Ppm[minute] ?? 420) + offsetPpm + 7 * toNormal(seed, 124, key, frame)),
    temperatureC: wild
      ? WILD_TEMPERATURE_C
      : (room.temperatureC[minute] ?? 20) +
        0.25 * toNormal(seed, 125, key) +
        0.04 * toNormal(seed, 126, key, frame),
    humidityPercent: Math.min(
      99,
      Math.max(
        5,
        (room.humidityPercent[minute] ?? 40) +
          1.2 * toNormal(seed, 127, key) +
          0.3 * toNormal(seed, 128, key, frame),
      ),
    ),
    people,
    lightLx: Math.max(0, daylight + lamps + 2 * toNormal(seed, 129, key, frame)),
  };
}

/** Per cent left in a battery; one device's runs out, is changed after nine weeks, and runs down again. */
function toBatteryPercent({ device, mountedDays }: Moment): number {
  if (device.quirk !== 'battery') return Math.max(5, 99 - mountedDays * 0.02);
  return mountedDays < 63 ? 41 - mountedDays * 0.6 : 100 - ((mountedDays - 63) % 160) * 0.6;
}

function toElsys(moment: Moment): Payload {
  const { world, key, frame, device, mountedDays } = moment;
  const air = toAir(moment);
  const stir = air.people * (device.intervalS / 60) * toUniform(world.seed, 130, key, frame);
  return {
    fPort: 5,
    payload: encodeElsysErsCo2({
      ...air,
      motion: Math.round(stir * 0.7),
      vddMv: 3655 - mountedDays * 0.25 + 5 * toNormal(world.seed, 131, key, frame),
    }),
  };
}

const LIGHT_LEVELS_LX = [6, 50, 100, 400, 700] as const;

function toAm307(moment: Moment): Payload {
  const { world, key, frame, day, minute } = moment;
  const air = toAir(moment);
  return {
    fPort: 85,
    payload: encodeMilesightAm307({
      ...air,
      moved: air.people > 0 && toUniform(world.seed, 132, key, frame) < 0.4 + air.people * 0.05,
      lightLevel: LIGHT_LEVELS_LX.filter((lx) => air.lightLx > lx).length,
      tvocIndex: 1 + 0.06 * air.people + 0.2 * Math.abs(toNormal(world.seed, 133, key, frame)),
      pressureHpa: world.weather(day).pressureHpa[minute] ?? 1013,
      batteryPercent: toBatteryPercent(moment),
    }),
  };
}

function toWs302(moment: Moment): Payload {
  const { world, key, day, minute, place } = moment;
  // the second meter stands 330 m further away, behind the first gardens
  const quieterDb = place.ref === 'motorvejen' ? 0 : 13;
  const sound = toSound(world.seed, key, day, world.weather(day), minute, quieterDb);
  return { fPort: 85, payload: encodeMilesightWs302({ ...sound, batteryPercent: toBatteryPercent(moment) }) };
}

function toOutdoorHumidity(world: World, day: LocalDay, minute: number): number {
  const sky = world.weather(day);
  return Math.min(99, (100 * (sky.waterGM3[minute] ?? 6)) / toSaturationGM3(sky.temperatureC[minute] ?? 8));
}

function toWts506(moment: Moment): Payload {
  const { world, day, minute } = moment;
  const sky = world.weather(day);
  return {
    fPort: 85,
    payload: encodeMilesightWts506({
      temperatureC: sky.temperatureC[minute] ?? 8,
      humidityPercent: toOutdoorHumidity(world, day, minute),
      windFromDeg: sky.windFromDeg[minute] ?? 245,
      windMS: sky.windMS[minute] ?? 4,
      pressureHpa: sky.pressureHpa[minute] ?? 1013,
      rainMm: sky.rainMm[minute] ?? 0,
      rainPhase: day.number & 255,
      batteryPercent: toBatteryPercent(moment),
    }),
  };
}

function toEm500(moment: Moment): Payload {
  const { world, key, frame, day, minute } = moment;
  const sky = world.weather(day);
  return {
    fPort: 85,
    payload: encodeMilesightEm500Co2({
      temperatureC: (sky.temperatureC[minute] ?? 8) + 0.1 * toNormal(world.seed, 134, key, frame),
      humidityPercent: toOutdoorHumidity(world, day, minute),
      co2Ppm: (sky.co2Ppm[minute] ?? 424) + 3 * toNormal(world.seed, 135, key, frame),
      pressureHpa: sky.pressureHpa[minute] ?? 1013,
      batteryPercent: toBatteryPercent(moment),
    }),
  };
}

function toSdm230(moment: Moment): Payload {
  const { world, key, frame, day, minute } = moment;
  const kw = toElectricKw(world.seed, day, world.weather(day), minute);
  const voltageV = 232 + 1.6 * toNormal(world.seed, 136, key, frame) - kw * 0.05;
  const powerFactor = Math.min(0.99, 0.9 + kw * 0.002);
  return {
    fPort: 1,
    payload: encodeEastronSdm230({
      serialNumber: 23_010_457,
      energyKwh: world.electricKwh(day, minute),
      voltageV,
      currentA: (kw * 1000) / (voltageV * powerFactor),
      powerFactor,
      frequencyHz: 50 + 0.02 * toNormal(world.seed, 137, key, frame),
    }),
  };
}

function toCmi4160(moment: Moment): Payload {
  const { world, frame, day, minute } = moment;
  const sky = world.weather(day);
  const kw = toHeatKw(world.seed, day, sky, minute);
  const { flowC, returnC } = toHeatTemperatures(world.seed, kw, sky.temperatureC[minute] ?? 8, frame);
  const energyKwh = world.heatKwh(day, minute);
  return {
    fPort: 2,
    payload: encodeElvacoCmi4160({
      energyKwh,
      // 38 K of cooling on average: 1 kWh warms 0.0226 m3
      volumeM3: energyKwh * 0.0226,
      powerW: kw * 1000,
      flowM3PerHour: kw / (1.163 * (flowC - returnC)),
      flowC,
      returnC,
      meterId: 67_214_093,
    }),
  };
}

/** Codec key -> what a device with it sends. */
const MODELS: Readonly<Record<string, (moment: Moment) => Payload>> = {
  'elsys/ers-co2': toElsys,
  'milesight/am307': toAm307,
  'milesight/ws302': toWs302,
  'milesight/wts506': toWts506,
  'milesight/em500-co2': toEm500,
  'eastron/sdm230': toSdm230,
  'elvaco/cmi4160': toCmi4160,
};

/** @throws RangeError when the town has a device of a model that cannot be simulated. */
export function toPayload(moment: Moment): Payload {
  const model = MODELS[moment.device.model];
  if (!model) throw new RangeError(`${moment.device.model} cannot be simulated`);
  return model(moment);
}
