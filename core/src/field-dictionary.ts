/**
 * What a decoded field's name most often means, from counting names over several hundred public codecs.
 * A dictionary, not a decision: it feeds suggestions that a person confirms beside the last values.
 * A name with several candidates is ambiguous by experience and is never resolved here.
 */
import type { PropertyKey } from './properties.ts';
import type { UnitCode } from './units.ts';

export interface Candidate {
  readonly property: PropertyKey;
  readonly unit: UnitCode;
  /** Values that this reading of the field could have; a value outside speaks against it. */
  readonly range: readonly [min: number, max: number];
}

export interface DictionaryRow {
  /** Names in snake_case, as toSnakeCase writes them. */
  readonly names: readonly string[];
  /** One: the usual meaning. Several or none: a person has to say. */
  readonly candidates: readonly Candidate[];
  readonly guard?: string;
}

const as = (property: PropertyKey, unit: UnitCode, min: number, max: number): Candidate => ({
  property,
  unit,
  range: [min, max],
});

const BATTERY = [
  as('battery_voltage', 'V', 0.5, 5.5),
  as('battery_level', '%', 0, 100),
  as('battery_voltage', 'mV', 1000, 60_000),
];
const ACCELERATION_GUARD = 'it may be g, thousandths of g, m/s² or an angle';

export const FIELD_DICTIONARY: readonly DictionaryRow[] = [
  {
    names: ['temperature', 'temp', 'temp_c', 'temp_c_sht', 'air_temperature', 'ambient_temperature', 't'],
    candidates: [as('air_temperature', 'Cel', -60, 85)],
    guard: '327.67 and -327.68 mean that no sensor is connected',
  },
  {
    names: [
      'temp_c_ds18_b20',
      'temp_c_ds',
      'sensor_temperature',
      'external_temperature',
      'temp_c1',
      'probe_temperature',
      'temp_channel1',
      'temp_channel2',
      'temperature_1',
      'temperature_2',
    ],
    candidates: [as('probe_temperature', 'Cel', -60, 150)],
    guard: '327.67 means that no probe is connected',
  },
  {
    names: ['surface_temperature', 'target_temperature'],
    candidates: [as('surface_temperature', 'Cel', -60, 150)],
  },
  {
    names: ['temperature_board', 'mcu_temperature'],
    candidates: [],
    guard: 'it is the device inside, not the air',
  },
  {
    names: ['soil_temperature', 'temp_soil', 'soil_temp'],
    candidates: [as('soil_temperature', 'Cel', -40, 60)],
  },
  {
    names: ['soil_vwc', 'water_soil', 'soil_moisture', 'moisture', 'volumetric_water_content'],
    candidates: [as('soil_moisture', '%', 0, 100), as('soil_moisture', 'm3/m3', 0, 1)],
    guard: 'it may be per cent or m³/m³',
  },
  {
    names: ['electrical_conductivity', 'conduct_soil', 'soil_ec', 'ec'],
    candidates: [as('soil_conductivity', 'uS/cm', 0, 23_000), as('soil_conductivity', 'mS/cm', 0, 23)],
    guard: 'it may be µS/cm or mS/cm',
  },
  {
    names: [
      'humidity',
      'relative_humidity',
      'hum_sht',
      'air_humidity',
      'ambient_humidity',
      'humi',
      'hum',
      'rh',
    ],
    candidates: [as('relative_humidity', '%', 0, 100)],
  },
  {
    names: ['battery_voltage', 'bat_v', 'bat_voltage', 'supply_voltage', 'v_bat', 'vbat', 'vdd'],
    candidates: [as('battery_voltage', 'V', 0.5, 60), as('battery_voltage', 'mV', 1000, 60_000)],
    guard: 'above 100 it is millivolts',
  },
  {
    names: ['volt'],
    candidates: [as('battery_voltage', 'V', 0.5, 60), as('electric_voltage', 'V', 0, 1000)],
    guard: 'it may be the battery or what is measured',
  },
  {
    names: ['battery', 'bat', 'battery_level', 'bat_level', 'battery_capacity'],
    candidates: BATTERY,
    guard: 'it may be volts, per cent, millivolts or a word',
  },
  {
    names: ['low_battery', 'alarm_battery', 'bat_status', 'battery_low'],
    candidates: [],
    guard: 'it is a warning of the device without a measurement of its own',
  },
  { names: ['co2', 'co2_ppm', 'co2_concentration'], candidates: [as('co2', '[ppm]', 300, 10_000)] },
  { names: ['pm2_5', 'pm25'], candidates: [as('pm2_5', 'ug/m3', 0, 1000)] },
  { names: ['pm10', 'pm_10'], candidates: [as('pm10', 'ug/m3', 0, 2000)] },
  { names: ['hcho', 'formaldehyde'], candidates: [as('formaldehyde', 'mg/m3', 0, 10)] },
  {
    names: ['o3', 'ozone'],
    candidates: [as('ozone', '[ppm]', 0, 10), as('ozone', '[ppb]', 0, 10_000)],
    guard: 'it may be ppm, ppb or µg/m³',
  },
  {
    names: ['no2', 'so2', 'no', 'co', 'nh3', 'h2_s', 'h2s', 'pm1_0', 'pm1', 'orp', 'ntu', 'turbidity', 'ph'],
    candidates: [],
    guard: 'Torv has no property for it yet',
  },
  {
    names: ['tvoc', 'voc', 'tvoc_ppb'],
    candidates: [
      as('tvoc', '[ppb]', 0, 60_000),
      as('tvoc_mass', 'ug/m3', 0, 60_000),
      as('tvoc_index', '1', 0, 500),
    ],
    guard: 'it may be ppb, µg/m³ or an index',
  },
  { names: ['iaq'], candidates: [as('tvoc_index', '1', 0, 500)], guard: 'the scale differs by model' },
  {
    names: ['pressure', 'barometric_pressure', 'atmospheric_pressure', 'air_pressure', 'atomsphere', 'p'],
    candidates: [
      as('air_pressure', 'hPa', 500, 1100),
      as('air_pressure', 'Pa', 50_000, 110_000),
      as('air_pressure', 'kPa', 50, 110),
    ],
    guard: 'below 2 it is the pressure of a fluid in bar',
  },
  {
    names: ['illuminance', 'illumination', 'lux', 'light_intensity', 'als'],
    candidates: [as('illuminance', 'lx', 0, 200_000)],
  },
  {
    names: ['light', 'light_level'],
    candidates: [as('illuminance', 'lx', 0, 200_000), as('light_level', '1', 0, 5)],
    guard: 'it may be lux, a level from 0 to 5, per cent or a word',
  },
  {
    names: ['noise', 'sound', 'sound_level', 'sound_avg', 'spl'],
    candidates: [as('sound_level', 'dB[SPL]', 15, 140), as('sound_level_momentary', 'dB[SPL]', 15, 150)],
    guard: 'it may be an average (LAeq) or the level of a moment, with A or C weighting',
  },
  { names: ['laeq', 'la_eq', 'l_aeq'], candidates: [as('sound_level', 'dB[SPL]', 15, 140)] },
  {
    names: ['lamax', 'la_max', 'laf_max', 'la_fmax', 'l_amax', 'sound_peak'],
    candidates: [as('sound_level_max', 'dB[SPL]', 15, 150)],
  },
  {
    names: ['distance'],
    candidates: [
      as('distance', 'mm', 20, 100_000),
      as('distance', 'cm', 2, 10_000),
      as('distance', 'm', 0.02, 100),
    ],
    guard: 'it may be millimetres, centimetres or metres',
  },
  {
    names: ['level', 'water_level', 'fill_level', 'water_depth'],
    candidates: [],
    guard: 'it may be millimetres or per cent, from above or from below',
  },
  {
    names: ['leak', 'water_leak', 'leak_status', 'flood'],
    candidates: [as('water_leak', '1', 0, 1)],
    guard: 'the word or number for a leak differs by model',
  },
  {
    names: ['water'],
    candidates: [as('water_leak', '1', 0, 1), as('volume', 'L', 0, 1e12)],
    guard: 'it may be a leak or a volume',
  },
  {
    names: ['precipitation', 'rain', 'rainfall', 'rainfall_total'],
    candidates: [as('rainfall', 'mm', 0, 1e6)],
    guard: 'only a running total fits; rain per interval does not',
  },
  {
    names: ['wind_speed'],
    candidates: [as('wind_speed', 'm/s', 0, 75), as('wind_speed', 'km/h', 0, 270)],
    guard: 'it may be m/s or km/h',
  },
  { names: ['wind_direction'], candidates: [as('wind_direction', 'deg', 0, 360)] },
  {
    names: ['occupied', 'occupancy', 'pir', 'pir_status'],
    candidates: [as('occupied', '1', 0, 1), as('motion', '{#}', 0, 65_535)],
    guard: 'it may be a state, a count or a share of time',
  },
  {
    names: ['motion', 'activity'],
    candidates: [as('motion', '{#}', 0, 65_535), as('occupied', '1', 0, 1)],
    guard: 'it may be a count or a state',
  },
  {
    names: ['counter', 'count', 'counter_value', 'event_count', 'activation_count', 'door_open_times'],
    candidates: [],
    guard: 'it may be people, pulses or events, as a total or since the last report',
  },
  {
    names: ['pulse_count', 'pulses', 'pulse_abs'],
    candidates: [as('pulses', '{#}', 0, 4_294_967_295)],
    guard: 'only a running total fits',
  },
  {
    names: ['door', 'door_open_status', 'door_status', 'contact_state', 'magnet'],
    candidates: [as('door_open', '1', 0, 1)],
    guard: 'whether 1 is open or closed differs by model',
  },
  {
    names: ['voltage'],
    candidates: [
      as('electric_voltage', 'V', 0, 1000),
      as('battery_voltage', 'V', 0.5, 60),
      as('electric_voltage', 'mV', 1000, 1e6),
    ],
    guard: 'it may be the mains or the battery, in volts or millivolts',
  },
  {
    names: ['current'],
    candidates: [as('electric_current', 'A', -6000, 6000), as('electric_current', 'mA', -6e6, 6e6)],
    guard: 'above 100 it is mostly milliamperes',
  },
  {
    names: ['power', 'active_power'],
    candidates: [
      as('electric_power', 'W', -1e7, 1e7),
      as('electric_power', 'kW', -1e4, 1e4),
      as('heat_power', 'kW', -1e4, 1e4),
    ],
    guard: 'it may be W or kW, electric or heat',
  },
  {
    names: ['energy', 'active_energy', 'power_consumption'],
    candidates: [
      as('electric_energy', 'kW.h', 0, 1e9),
      as('electric_energy', 'W.h', 0, 1e12),
      as('heat_energy', 'kW.h', 0, 1e9),
    ],
    guard: 'it may be kWh or Wh, electric or heat',
  },
  {
    names: ['flow_temperature', 'supply_temperature'],
    candidates: [as('flow_temperature', 'Cel', -20, 180)],
  },
  { names: ['return_temperature'], candidates: [as('return_temperature', 'Cel', -20, 180)] },
  {
    names: ['volume'],
    candidates: [as('volume', 'm3', 0, 1e9), as('volume', 'L', 0, 1e12)],
    guard: 'it may be m³ or litres',
  },
  {
    names: ['flow'],
    candidates: [as('volume_flow', 'm3/h', -1e5, 1e5), as('volume_flow', 'L/h', -1e8, 1e8)],
    guard: 'it may be m³/h or litres per hour',
  },
  {
    names: ['x', 'acceleration_x', 'acc_x'],
    candidates: [as('acceleration_x', '[g]', -16, 16), as('acceleration_x', 'm/s2', -160, 160)],
    guard: ACCELERATION_GUARD,
  },
  {
    names: ['y', 'acceleration_y', 'acc_y'],
    candidates: [as('acceleration_y', '[g]', -16, 16), as('acceleration_y', 'm/s2', -160, 160)],
    guard: ACCELERATION_GUARD,
  },
  {
    names: ['z', 'acceleration_z', 'acc_z'],
    candidates: [as('acceleration_z', '[g]', -16, 16), as('acceleration_z', 'm/s2', -160, 160)],
    guard: ACCELERATION_GUARD,
  },
  {
    names: [
      'angle',
      'angle_x',
      'angle_y',
      'angle_z',
      'tilt',
      'pitch',
      'roll',
      'button',
      'alarm_park',
      'frequency',
      'freq',
    ],
    candidates: [],
    guard: 'Torv has no property for it yet',
  },
  {
    names: ['latitude', 'longitude', 'lat', 'lon', 'altitude', 'hdop', 'latitude_deg', 'longitude_deg'],
    candidates: [],
    guard: 'a position belongs to the place and is not a reading',
  },
  {
    names: ['timestamp', 'time', 'device_time', 'meter_clock', 'unix_time'],
    candidates: [],
    guard: 'it is the device’s clock: use it as the time of other fields',
  },
];

/** Settings, identity and echoes of the frame: what most codecs give beside readings. */
export const NO_READING: readonly string[] = [
  'status',
  'device_id',
  'device',
  'cmd',
  'swver',
  'hwver',
  'datecode',
  'min_time',
  'max_time',
  'battery_change',
  'protocol_version',
  'frame_counter',
  'type',
  'display_name',
  'port',
  'f_port',
  'firmware_version',
  'firmware',
  'raw',
  'configuration_done',
  'configuration_inconsistency',
  'upload_interval',
  'data_upload_interval',
  'detect_interval',
  'work_mode',
  'hardware_error',
  'temp_change',
  'current_change',
  'illuminance_change',
  'unit',
  'decoding_info',
  'frame_type',
  'interrupt_flag',
  'channel',
  'ext_sensor',
  'reason',
  'tx_reason',
  'event',
  'hardware_version',
  'msg_type',
  'message_type',
  'sensor_type',
  'payload',
  'valid',
  'index',
  'error_flag',
  'error_flags',
  'mod',
  'options',
  'id',
  'year',
  'month',
  'day',
  'hours',
  'minutes',
  'rssi',
  'snr',
  'alarm',
  'alarm_level',
  'level_threshold',
  'battery_threshold',
  'serial_number',
  'meter_id',
  'settings',
];
