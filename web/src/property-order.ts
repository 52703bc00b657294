/**
 * In what order a place's values are read: what people feel first, what the sensor adds last. Pure.
 * A property that is not named here comes between them, by its name.
 */
const FIRST: readonly string[] = [
  'co2',
  'sound_level',
  'electric_power',
  'heat_power',
  'air_temperature',
  'relative_humidity',
  'people',
  'occupied',
  'wind_speed',
  'wind_direction',
  'rainfall',
  'air_pressure',
];
const LAST: readonly string[] = [
  'sound_level_max',
  'sound_level_momentary',
  'motion',
  'vibration',
  'illuminance',
  'light_level',
  'pulses',
  'digital_input',
  'analog_input',
  'acceleration_x',
  'acceleration_y',
  'acceleration_z',
  'battery_voltage',
  'battery_level',
];

function rankOf(property: string): number {
  const first = FIRST.indexOf(property);
  if (first >= 0) return first - FIRST.length;
  return LAST.indexOf(property) + 1;
}

/** @param lead what the place's sentence speaks of; it comes first */
export function byRelevance(lead: string | undefined): (a: string, b: string) => number {
  const rank = (property: string) => (property === lead ? Number.NEGATIVE_INFINITY : rankOf(property));
  return (a, b) => (a === b ? 0 : rank(a) - rank(b) || a.localeCompare(b, 'en'));
}
