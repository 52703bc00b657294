/**
 * A device model's description, as it stands beside its codec (codecs/<vendor>/<model>.json) and as an
 * organisation imports it: which script decodes it, on which ports, what its fields mean, how it is powered.
 * Parsed by the server before it is installed and by the browser's codec bench; it never runs a script.
 */
import { AppError } from './errors.ts';
import { type FieldMapping, parseFieldMappings } from './mapping.ts';

const POWER_SOURCES = ['battery', 'mains'] as const;
type PowerSource = (typeof POWER_SOURCES)[number];

export interface CodecModel {
  /** `vendor/model` in lower case; never reused for another device. */
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  /** One line for people: what it measures. */
  readonly title: string;
  /** File name of the script in the model's own folder. */
  readonly script: string;
  /** Ports with readings; absent where the port is set in the device. Frames on others reach the codec too. */
  readonly fPorts?: readonly number[];
  readonly power: PowerSource;
  /** Seconds between reports as the maker delivers it; silence is judged by it until the device shows its own pace. */
  readonly expectedIntervalS?: number;
  /** Voltages between which a battery's level is drawn. */
  readonly battery?: { readonly fullV: number; readonly emptyV: number };
  /** The maker's document that the codec was written from. */
  readonly reference: string;
  readonly mapping: readonly FieldMapping[];
}

type Fields = Readonly<Record<string, unknown>>;

function bad(sentence: string, at: string): AppError {
  return new AppError('BAD_CODEC', sentence, { at });
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** @throws AppError BAD_CODEC naming the member and what is wrong with it. */
export function parseCodecModel(input: unknown): CodecModel {
  if (!isFields(input)) throw bad('A device model must be an object.', '/');
  const power = POWER_SOURCES.find((p) => p === input.power);
  if (!power) throw bad(`The power source must be one of ${POWER_SOURCES.join(', ')}.`, '/power');
  return {
    key: parseText(input, 'key', /^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/, 'vendor/model'),
    vendor: parseText(input, 'vendor'),
    model: parseText(input, 'model'),
    title: parseText(input, 'title'),
    script: parseText(input, 'script', /^[a-z0-9]+(-[a-z0-9]+)*\.js$/, 'a file name such as elsys.js'),
    ...parsePorts(input.fPorts),
    power,
    ...parseInterval(input.expectedIntervalS),
    ...parseBattery(input.battery),
    reference: parseText(input, 'reference'),
    mapping: parseMapping(input.mapping),
  };
}

function parseText(input: Fields, name: string, form: RegExp = /\S/, wanted = 'a text'): string {
  const value = input[name];
  if (typeof value !== 'string' || value.length > 300 || !form.test(value))
    throw bad(`"${name}" must be ${wanted}.`, `/${name}`);
  return value;
}

function parsePorts(ports: unknown): Pick<CodecModel, 'fPorts'> {
  if (ports === undefined) return {};
  const isPort = (port: unknown) =>
    typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 223;
  if (!Array.isArray(ports) || ports.length === 0 || !ports.every(isPort))
    throw bad('The ports must be whole numbers from 1 to 223.', '/fPorts');
  return { fPorts: ports as readonly number[] };
}

function parseInterval(seconds: unknown): Pick<CodecModel, 'expectedIntervalS'> {
  if (seconds === undefined) return {};
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1 || seconds > 31 * 86_400)
    throw bad('The interval must be whole seconds, at most 31 days.', '/expectedIntervalS');
  return { expectedIntervalS: seconds };
}

function parseBattery(battery: unknown): Pick<CodecModel, 'battery'> {
  if (battery === undefined) return {};
  const { fullV, emptyV } = isFields(battery) ? battery : { fullV: undefined, emptyV: undefined };
  if (
    typeof fullV !== 'number' ||
    typeof emptyV !== 'number' ||
    !(emptyV > 0 && fullV > emptyV && fullV <= 60)
  )
    throw bad('The battery needs fullV above emptyV, both in volts.', '/battery');
  return { battery: { fullV, emptyV } };
}

function parseMapping(input: unknown): readonly FieldMapping[] {
  const mapping = parseFieldMappings(input);
  if (mapping.length === 0) throw bad('A model without a mapping yields no readings.', '/mapping');
  const seen = new Map<string, number>();
  mapping.forEach((row, i) => {
    const before = seen.get(row.field);
    if (before !== undefined)
      throw bad(`The field ${row.field} is mapped twice (row ${before} too).`, `/mapping/${i}/field`);
    seen.set(row.field, i);
  });
  return mapping;
}
