/**
 * What Torv measures, as one table: unit, plausible range, precision, and whom a value belongs to.
 * A value outside `plausible` is stored and flagged, never dropped. Adding a row here adds the property to
 * codecs, SensorThings, charts and all four languages (a test over the whole table fails until it is named). Long
 * because it is a table.
 */
import type { UnitCode } from './units.ts';

export interface Property {
  /** Name in English: the SensorThings ObservedProperty's name. */
  readonly name: string;
  readonly definition: string;
  readonly unit: UnitCode;
  /** Inclusive bounds of what the thing measured can be in an inhabited place, in `unit`. */
  readonly plausible: readonly [min: number, max: number];
  /** Decimals in tables. */
  readonly decimals: number;
  /** A battery's voltage belongs to the device, the air's temperature to the place. */
  readonly subject: 'place' | 'device';
  readonly type: 'number' | 'count' | 'boolean';
  /** A total only grows and may restart at zero; charts show its increase. */
  readonly total?: true;
}

const QUDT = 'http://qudt.org/vocab/quantitykind/';
const CF = 'http://vocab.nerc.ac.uk/standard_name/';
const TORV = 'urn:torv:property:';

const place = { subject: 'place', type: 'number' } as const;
const device = { subject: 'device', type: 'number' } as const;
const count = { subject: 'place', type: 'count', unit: '{#}', decimals: 0 } as const;
const state = { subject: 'place', type: 'boolean', unit: '1', decimals: 0, plausible: [0, 1] } as const;

export const PROPERTIES = {
  air_temperature: {
    ...place,
    name: 'Air temperature',
    definition: `${CF}air_temperature/`,
    unit: 'Cel',
    plausible: [-50, 60],
    decimals: 1,
  },
  relative_humidity: {
    ...place,
    name: 'Relative humidity',
    definition: `${CF}relative_humidity/`,
    unit: '%',
    plausible: [0, 100],
    decimals: 0,
  },
  co2: {
    ...place,
    name: 'CO2',
    definition: `${CF}mole_fraction_of_carbon_dioxide_in_air/`,
    unit: '[ppm]',
    plausible: [300, 10_000],
    decimals: 0,
  },
  tvoc: {
    ...place,
    name: 'Volatile organic compounds',
    definition: `${TORV}tvoc`,
    unit: '[ppb]',
    plausible: [0, 60_000],
    decimals: 0,
  },
  tvoc_mass: {
    ...place,
    name: 'Volatile organic compounds, mass concentration',
    definition: `${TORV}tvoc_mass`,
    unit: 'ug/m3',
    plausible: [0, 60_000],
    decimals: 0,
  },
  tvoc_index: {
    ...place,
    name: 'Air quality index of VOC',
    definition: `${TORV}tvoc_index`,
    unit: '1',
    plausible: [0, 500],
    decimals: 2,
  },
  formaldehyde: {
    ...place,
    name: 'Formaldehyde',
    definition: `${TORV}formaldehyde`,
    unit: 'mg/m3',
    plausible: [0, 10],
    decimals: 2,
  },
  ozone: {
    ...place,
    name: 'Ozone',
    definition: `${CF}mole_fraction_of_ozone_in_air/`,
    unit: '[ppm]',
    plausible: [0, 10],
    decimals: 2,
  },
  pm2_5: {
    ...place,
    name: 'PM2.5',
    definition: `${CF}mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air/`,
    unit: 'ug/m3',
    plausible: [0, 1000],
    decimals: 0,
  },
  pm10: {
    ...place,
    name: 'PM10',
    definition: `${CF}mass_concentration_of_pm10_ambient_aerosol_particles_in_air/`,
    unit: 'ug/m3',
    plausible: [0, 2000],
    decimals: 0,
  },
  air_pressure: {
    ...place,
    name: 'Air pressure',
    definition: `${CF}air_pressure/`,
    unit: 'hPa',
    plausible: [500, 1100],
    decimals: 1,
  },
  illuminance: {
    ...place,
    name: 'Illuminance',
    definition: `${QUDT}Illuminance`,
    unit: 'lx',
    plausible: [0, 200_000],
    decimals: 0,
  },
  light_level: {
    ...place,
    name: 'Light level',
    definition: `${TORV}light_level`,
    unit: '1',
    plausible: [0, 5],
    decimals: 0,
  },
  sound_level: {
    ...place,
    name: 'Sound level LAeq',
    definition: `${TORV}sound_level_laeq`,
    unit: 'dB[SPL]',
    plausible: [15, 140],
    decimals: 1,
  },
  sound_level_max: {
    ...place,
    name: 'Sound level LAmax',
    definition: `${TORV}sound_level_lamax`,
    unit: 'dB[SPL]',
    plausible: [15, 150],
    decimals: 1,
  },
  sound_level_momentary: {
    ...place,
    name: 'Sound level, momentary',
    definition: `${TORV}sound_level_la`,
    unit: 'dB[SPL]',
    plausible: [15, 150],
    decimals: 1,
  },
  motion: { ...count, name: 'Motion events', definition: `${TORV}motion`, plausible: [0, 65_535] },
  vibration: { ...count, name: 'Vibration events', definition: `${TORV}vibration`, plausible: [0, 65_535] },
  occupied: { ...state, name: 'Occupied', definition: `${TORV}occupied` },
  people: { ...count, name: 'People present', definition: `${TORV}people`, plausible: [0, 10_000] },
  people_in: {
    ...count,
    name: 'People in, total',
    definition: `${TORV}people_in`,
    plausible: [0, 1e9],
    total: true,
  },
  people_out: {
    ...count,
    name: 'People out, total',
    definition: `${TORV}people_out`,
    plausible: [0, 1e9],
    total: true,
  },
  people_in_interval: {
    ...count,
    name: 'People in, since the last report',
    definition: `${TORV}people_in_interval`,
    plausible: [0, 65_535],
  },
  people_out_interval: {
    ...count,
    name: 'People out, since the last report',
    definition: `${TORV}people_out_interval`,
    plausible: [0, 65_535],
  },
  door_open: { ...state, name: 'Door or window open', definition: `${TORV}door_open` },
  water_leak: { ...state, name: 'Water leak', definition: `${TORV}water_leak` },
  soil_temperature: {
    ...place,
    name: 'Soil temperature',
    definition: `${CF}soil_temperature/`,
    unit: 'Cel',
    plausible: [-40, 60],
    decimals: 1,
  },
  soil_moisture: {
    ...place,
    name: 'Soil moisture',
    definition: `${CF}volume_fraction_of_condensed_water_in_soil/`,
    unit: '%',
    plausible: [0, 100],
    decimals: 1,
  },
  soil_conductivity: {
    ...place,
    name: 'Soil electrical conductivity',
    definition: `${TORV}soil_conductivity`,
    unit: 'uS/cm',
    plausible: [0, 23_000],
    decimals: 0,
  },
  soil_permittivity: {
    ...place,
    name: 'Soil relative permittivity',
    definition: `${QUDT}RelativePermittivity`,
    unit: '1',
    plausible: [1, 82],
    decimals: 1,
  },
  surface_temperature: {
    ...place,
    name: 'Surface temperature',
    definition: `${CF}surface_temperature/`,
    unit: 'Cel',
    plausible: [-60, 150],
    decimals: 1,
  },
  probe_temperature: {
    ...place,
    name: 'Temperature at an external probe',
    definition: `${TORV}probe_temperature`,
    unit: 'Cel',
    plausible: [-60, 150],
    decimals: 1,
  },
  water_temperature: {
    ...place,
    name: 'Water temperature',
    definition: `${TORV}water_temperature`,
    unit: 'Cel',
    plausible: [-5, 120],
    decimals: 1,
  },
  wind_speed: {
    ...place,
    name: 'Wind speed',
    definition: `${CF}wind_speed/`,
    unit: 'm/s',
    plausible: [0, 75],
    decimals: 1,
  },
  wind_direction: {
    ...place,
    name: 'Wind direction',
    definition: `${CF}wind_from_direction/`,
    unit: 'deg',
    plausible: [0, 360],
    decimals: 0,
  },
  rainfall: {
    ...place,
    name: 'Rainfall, total',
    definition: `${CF}thickness_of_rainfall_amount/`,
    unit: 'mm',
    plausible: [0, 1e6],
    decimals: 1,
    total: true,
  },
  electric_energy: {
    ...place,
    name: 'Electric energy, total',
    definition: `${QUDT}ElectricEnergy`,
    unit: 'kW.h',
    plausible: [0, 1e9],
    decimals: 1,
    total: true,
  },
  electric_power: {
    ...place,
    name: 'Electric power',
    definition: `${QUDT}ElectricPower`,
    unit: 'W',
    plausible: [-1e7, 1e7],
    decimals: 0,
  },
  electric_voltage: {
    ...place,
    name: 'Voltage',
    definition: `${QUDT}Voltage`,
    unit: 'V',
    plausible: [0, 1000],
    decimals: 1,
  },
  electric_current: {
    ...place,
    name: 'Current',
    definition: `${QUDT}ElectricCurrent`,
    unit: 'A',
    plausible: [-6000, 6000],
    decimals: 2,
  },
  power_factor: {
    ...place,
    name: 'Power factor',
    definition: `${QUDT}PowerFactor`,
    unit: '1',
    plausible: [-1, 1],
    decimals: 2,
  },
  grid_frequency: {
    ...place,
    name: 'Grid frequency',
    definition: `${TORV}grid_frequency`,
    unit: 'Hz',
    plausible: [45, 65],
    decimals: 2,
  },
  heat_energy: {
    ...place,
    name: 'Heat energy, total',
    definition: `${TORV}heat_energy`,
    unit: 'kW.h',
    plausible: [0, 1e9],
    decimals: 1,
    total: true,
  },
  heat_power: {
    ...place,
    name: 'Heat power',
    definition: `${TORV}heat_power`,
    unit: 'W',
    plausible: [-1e7, 1e7],
    decimals: 0,
  },
  flow_temperature: {
    ...place,
    name: 'Flow temperature',
    definition: `${TORV}flow_temperature`,
    unit: 'Cel',
    plausible: [-20, 180],
    decimals: 1,
  },
  return_temperature: {
    ...place,
    name: 'Return temperature',
    definition: `${TORV}return_temperature`,
    unit: 'Cel',
    plausible: [-20, 180],
    decimals: 1,
  },
  volume: {
    ...place,
    name: 'Volume, total',
    definition: `${QUDT}Volume`,
    unit: 'm3',
    plausible: [0, 1e9],
    decimals: 3,
    total: true,
  },
  volume_flow: {
    ...place,
    name: 'Volume flow',
    definition: `${QUDT}VolumeFlowRate`,
    unit: 'm3/h',
    plausible: [-1e5, 1e5],
    decimals: 3,
  },
  pulses: {
    ...count,
    name: 'Pulses, total',
    definition: `${TORV}pulses`,
    plausible: [0, 4_294_967_295],
    total: true,
  },
  distance: {
    ...place,
    name: 'Distance',
    definition: `${QUDT}Distance`,
    unit: 'mm',
    plausible: [0, 100_000],
    decimals: 0,
  },
  acceleration_x: {
    ...place,
    name: 'Acceleration x',
    definition: `${TORV}acceleration_x`,
    unit: '[g]',
    plausible: [-16, 16],
    decimals: 3,
  },
  acceleration_y: {
    ...place,
    name: 'Acceleration y',
    definition: `${TORV}acceleration_y`,
    unit: '[g]',
    plausible: [-16, 16],
    decimals: 3,
  },
  acceleration_z: {
    ...place,
    name: 'Acceleration z',
    definition: `${TORV}acceleration_z`,
    unit: '[g]',
    plausible: [-16, 16],
    decimals: 3,
  },
  digital_input: { ...state, name: 'Digital input', definition: `${TORV}digital_input` },
  analog_input: {
    ...place,
    name: 'Analogue input',
    definition: `${TORV}analog_input`,
    unit: 'V',
    plausible: [-50, 50],
    decimals: 3,
  },
  valve_position: {
    ...place,
    name: 'Damper or valve position',
    definition: `${TORV}valve_position`,
    unit: '%',
    plausible: [0, 100],
    decimals: 0,
  },
  battery_voltage: {
    ...device,
    name: 'Battery voltage',
    definition: `${TORV}battery_voltage`,
    unit: 'V',
    plausible: [0.5, 60],
    decimals: 2,
  },
  battery_level: {
    ...device,
    name: 'Battery level',
    definition: `${TORV}battery_level`,
    unit: '%',
    plausible: [0, 100],
    decimals: 0,
  },
} as const satisfies Record<string, Property>;

export type PropertyKey = keyof typeof PROPERTIES;
export const PROPERTY_KEYS = Object.keys(PROPERTIES) as readonly PropertyKey[];

export function isPropertyKey(text: unknown): text is PropertyKey {
  return typeof text === 'string' && Object.hasOwn(PROPERTIES, text);
}

/** Bits of an observation's `quality`; 0 means nothing is known against the value. */
export const QUALITY = {
  /** The value lies outside the property's plausible range. */
  implausible: 1,
  /** The device's clock was outside the accepted window; the network's time was taken instead. */
  clockReplaced: 2,
  /** Imported or entered, not measured by the pipeline. */
  imported: 4,
} as const;

/** The quality bits that follow from the value alone. */
export function toQuality(key: PropertyKey, value: number | boolean): number {
  if (typeof value === 'boolean') return 0;
  const [min, max] = PROPERTIES[key].plausible;
  return value >= min && value <= max ? 0 : QUALITY.implausible;
}
