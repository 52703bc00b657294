/**
 * The units Torv knows, by their UCUM code (case sensitive), and the conversions between them.
 * A closed table: an unknown unit is an error that names it, never a guess.
 * Source of the codes and factors: The Unified Code for Units of Measure, https://ucum.org/ucum
 */
import { AppError } from './errors.ts';

interface Unit {
  /** How people read it (unit symbol of a SensorThings unitOfMeasurement). */
  readonly symbol: string;
  /** Full name in English (unitOfMeasurement/name). */
  readonly name: string;
  /** What is measured; only units of one dimension convert into each other. */
  readonly dimension: string;
  /** value in base unit = value * factor + offset. */
  readonly factor: number;
  readonly offset?: number;
}

export const UNITS = {
  Cel: { symbol: '°C', name: 'degree Celsius', dimension: 'temperature', factor: 1 },
  K: { symbol: 'K', name: 'kelvin', dimension: 'temperature', factor: 1, offset: -273.15 },
  '[degF]': {
    symbol: '°F',
    name: 'degree Fahrenheit',
    dimension: 'temperature',
    factor: 5 / 9,
    offset: -160 / 9,
  },
  '%': { symbol: '%', name: 'percent', dimension: 'ratio', factor: 1 },
  'm3/m3': { symbol: 'm³/m³', name: 'cubic metre per cubic metre', dimension: 'ratio', factor: 100 },
  '[ppm]': { symbol: 'ppm', name: 'parts per million', dimension: 'mole fraction', factor: 1 },
  '[ppb]': { symbol: 'ppb', name: 'parts per billion', dimension: 'mole fraction', factor: 1e-3 },
  'ug/m3': { symbol: 'µg/m³', name: 'microgram per cubic metre', dimension: 'mass concentration', factor: 1 },
  'mg/m3': {
    symbol: 'mg/m³',
    name: 'milligram per cubic metre',
    dimension: 'mass concentration',
    factor: 1000,
  },
  hPa: { symbol: 'hPa', name: 'hectopascal', dimension: 'pressure', factor: 1 },
  Pa: { symbol: 'Pa', name: 'pascal', dimension: 'pressure', factor: 0.01 },
  kPa: { symbol: 'kPa', name: 'kilopascal', dimension: 'pressure', factor: 10 },
  bar: { symbol: 'bar', name: 'bar', dimension: 'pressure', factor: 1000 },
  lx: { symbol: 'lx', name: 'lux', dimension: 'illuminance', factor: 1 },
  'dB[SPL]': { symbol: 'dB', name: 'decibel sound pressure level', dimension: 'sound level', factor: 1 },
  V: { symbol: 'V', name: 'volt', dimension: 'voltage', factor: 1 },
  mV: { symbol: 'mV', name: 'millivolt', dimension: 'voltage', factor: 1e-3 },
  A: { symbol: 'A', name: 'ampere', dimension: 'current', factor: 1 },
  mA: { symbol: 'mA', name: 'milliampere', dimension: 'current', factor: 1e-3 },
  W: { symbol: 'W', name: 'watt', dimension: 'power', factor: 1 },
  kW: { symbol: 'kW', name: 'kilowatt', dimension: 'power', factor: 1000 },
  'kW.h': { symbol: 'kWh', name: 'kilowatt hour', dimension: 'energy', factor: 1 },
  'W.h': { symbol: 'Wh', name: 'watt hour', dimension: 'energy', factor: 1e-3 },
  'MW.h': { symbol: 'MWh', name: 'megawatt hour', dimension: 'energy', factor: 1000 },
  GJ: { symbol: 'GJ', name: 'gigajoule', dimension: 'energy', factor: 1 / 0.0036 },
  m: { symbol: 'm', name: 'metre', dimension: 'length', factor: 1 },
  cm: { symbol: 'cm', name: 'centimetre', dimension: 'length', factor: 0.01 },
  mm: { symbol: 'mm', name: 'millimetre', dimension: 'length', factor: 1e-3 },
  'm/s': { symbol: 'm/s', name: 'metre per second', dimension: 'speed', factor: 1 },
  'km/h': { symbol: 'km/h', name: 'kilometre per hour', dimension: 'speed', factor: 1 / 3.6 },
  Hz: { symbol: 'Hz', name: 'hertz', dimension: 'frequency', factor: 1 },
  deg: { symbol: '°', name: 'degree', dimension: 'angle', factor: 1 },
  m3: { symbol: 'm³', name: 'cubic metre', dimension: 'volume', factor: 1 },
  L: { symbol: 'L', name: 'litre', dimension: 'volume', factor: 1e-3 },
  'm3/h': { symbol: 'm³/h', name: 'cubic metre per hour', dimension: 'volume flow', factor: 1 },
  'L/h': { symbol: 'L/h', name: 'litre per hour', dimension: 'volume flow', factor: 1e-3 },
  'uS/cm': { symbol: 'µS/cm', name: 'microsiemens per centimetre', dimension: 'conductivity', factor: 1 },
  'mS/cm': { symbol: 'mS/cm', name: 'millisiemens per centimetre', dimension: 'conductivity', factor: 1000 },
  'dS/m': { symbol: 'dS/m', name: 'decisiemens per metre', dimension: 'conductivity', factor: 1000 },
  '[pH]': { symbol: 'pH', name: 'pH', dimension: 'acidity', factor: 1 },
  // `g` alone is the gram in UCUM.
  '[g]': { symbol: 'g', name: 'standard acceleration', dimension: 'acceleration', factor: 9.80665 },
  'm/s2': { symbol: 'm/s²', name: 'metre per square second', dimension: 'acceleration', factor: 1 },
  s: { symbol: 's', name: 'second', dimension: 'time', factor: 1 },
  min: { symbol: 'min', name: 'minute', dimension: 'time', factor: 60 },
  h: { symbol: 'h', name: 'hour', dimension: 'time', factor: 3600 },
  '{#}': { symbol: '', name: 'count', dimension: 'count', factor: 1 },
  '1': { symbol: '', name: 'dimensionless', dimension: 'dimensionless', factor: 1 },
} as const satisfies Record<string, Unit>;

export type UnitCode = keyof typeof UNITS;

export function isUnitCode(text: unknown): text is UnitCode {
  return typeof text === 'string' && Object.hasOwn(UNITS, text);
}

/** @throws AppError BAD_REQUEST naming the unit when it is not in the table. */
export function parseUnitCode(text: unknown, at = 'unit'): UnitCode {
  if (isUnitCode(text)) return text;
  throw new AppError('BAD_REQUEST', `"${String(text).slice(0, 40)}" is not a unit that Torv knows.`, {
    at,
    hint: `Use one of these UCUM codes: ${Object.keys(UNITS).join(', ')}`,
  });
}

/**
 * The value in another unit of the same dimension; the same number (to the bit) when the units are equal.
 * Results are rounded to 12 significant digits, so that 3616 mV is 3.616 V and not 3.6160000000000001.
 * @throws AppError BAD_REQUEST when the dimensions differ.
 */
export function convert(value: number, from: UnitCode, to: UnitCode): number {
  if (from === to) return value;
  const a: Unit = UNITS[from];
  const b: Unit = UNITS[to];
  if (a.dimension !== b.dimension) {
    throw new AppError(
      'BAD_REQUEST',
      `${from} (${a.dimension}) does not convert to ${to} (${b.dimension}).`,
      {
        at: 'unit',
      },
    );
  }
  const base = value * a.factor + (a.offset ?? 0);
  return Number(((base - (b.offset ?? 0)) / b.factor).toPrecision(12));
}
