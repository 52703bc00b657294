/**
 * From what a codec says to what Torv measures: a model's own mapping turns fields of the decoded object
 * into Measurements with unit and quality. Pure; used by the ingest path, by decoding again and by the codec
 * bench in the browser. It never guesses: a field without a mapping yields nothing.
 */

import { AppError } from './errors.ts';
import { isPropertyKey, PROPERTIES, type PropertyKey, QUALITY, toQuality } from './properties.ts';
import { sayReason } from './reasons.ts';
import { convert, isUnitCode, UNITS, type UnitCode } from './units.ts';

export interface FieldMapping {
  // RFC 6901 pointer into the codec's `data`; a token `*` stands for every element of an array: /history/*/co2
  readonly field: string;
  readonly property: PropertyKey;
  /** 0 unless the device has several sensors of one kind. */
  readonly channel?: number;
  /** Where the codec itself numbers its sensors (Cayenne LPP); relative to the innermost `*` element: `./channel`. */
  readonly channelField?: string;
  /** UCUM unit of the field's value after it has been multiplied by `factor`. */
  readonly unit: UnitCode;
  readonly factor?: number;
  /** Values by which this model says "no sensor" or "no value"; they yield no measurement. */
  readonly absent?: readonly (number | string)[];
  /** Words or codes that stand for a value: { open: true, closed: false }; a number is in `unit`, as the field is. */
  readonly words?: Readonly<Record<string, number | boolean>>;
  /** Where the measurement's own time stands; relative to the innermost `*` element when it starts with `./`. */
  readonly time?: { readonly field: string; readonly form: TimeForm };
}

const TIME_FORMS = ['unix-s', 'unix-ms', 'rfc3339', 'seconds-ago'] as const;
type TimeForm = (typeof TIME_FORMS)[number];

export interface Measurement {
  readonly property: PropertyKey;
  readonly channel: number;
  /** In the property's own unit. */
  readonly value: number | boolean;
  /** RFC 3339 instant in UTC with up to microseconds. */
  readonly phenomenonTime: string;
  readonly quality: number;
}

/** A field that was there but could not be used: an expected outcome, not an exception. */
export interface FieldFault {
  readonly field: string;
  readonly reason: string;
}

export interface Mapped {
  readonly measurements: readonly Measurement[];
  readonly faults: readonly FieldFault[];
}

/** How far a device's own clock may be from the network's: 31 days back (history), 10 minutes ahead. */
const OLDEST_MS = 31 * 86_400_000;
const NEWEST_MS = 10 * 60_000;

interface Hit {
  readonly value: unknown;
  readonly element: unknown;
  readonly path: string;
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** All values a pointer with `*` meets, with the innermost array element they stand in. */
function findHits(data: unknown, pointer: string): Hit[] {
  let hits: Hit[] = [{ value: data, element: data, path: '' }];
  for (const token of pointer.split('/').slice(1)) {
    const next: Hit[] = [];
    for (const hit of hits) {
      if (token === '*') {
        if (Array.isArray(hit.value)) {
          hit.value.forEach((element: unknown, i) => {
            next.push({ value: element, element, path: `${hit.path}/${i}` });
          });
        }
      } else if (hit.value !== null && typeof hit.value === 'object') {
        const key = unescapeToken(token);
        if (Object.hasOwn(hit.value, key)) {
          const value = (hit.value as Record<string, unknown>)[key];
          next.push({ value, element: hit.element, path: `${hit.path}/${token}` });
        }
      }
    }
    hits = next;
  }
  return hits;
}

function toValue(raw: unknown, mapping: FieldMapping): number | boolean | string {
  const { type, unit } = PROPERTIES[mapping.property];
  const word =
    typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : undefined;
  const meant =
    mapping.words && word !== undefined && Object.hasOwn(mapping.words, word)
      ? mapping.words[word]
      : undefined;
  const given = meant ?? raw;
  if (typeof given === 'boolean') {
    if (type === 'boolean') return given;
    return type === 'count' ? Number(given) : sayReason('map_not_number', { raw: String(given) });
  }
  // Dragino and others send numbers as text; a text with anything beside the number needs a `words` entry.
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof value !== 'number' || !Number.isFinite(value))
    return sayReason('map_not_number', { raw: String(JSON.stringify(raw)?.slice(0, 40)) });
  if (type === 'boolean')
    return value === 0 || value === 1 ? value === 1 : sayReason('map_not_boolean', { raw: value });
  const factor = meant === undefined ? mapping.factor : undefined;
  const scaled = factor === undefined ? value : Number((value * factor).toPrecision(12));
  return convert(scaled, mapping.unit, unit);
}

/** What a second pointer (of the time, of the channel) meets: from the innermost `*` element with `./`, else from the root. */
function findBeside(hit: Hit, data: unknown, field: string): unknown {
  return field.startsWith('./')
    ? findHits(hit.element, field.slice(1))[0]?.value
    : findHits(data, field)[0]?.value;
}

/** Undefined when the codec's own channel cannot be read: then no channel is guessed. */
function toChannel(hit: Hit, data: unknown, mapping: FieldMapping): number | undefined {
  if (mapping.channelField === undefined) return mapping.channel ?? 0;
  const found = findBeside(hit, data, mapping.channelField);
  return isChannel(found) ? found : undefined;
}

function isChannel(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 256;
}

// Without an offset Date.parse would take the time zone of the machine it runs on.
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function toTimeMs(hit: Hit, data: unknown, mapping: FieldMapping, networkMs: number): number | undefined {
  const time = mapping.time;
  if (!time) return networkMs;
  const found = findBeside(hit, data, time.field);
  if (time.form === 'rfc3339') {
    const ms = typeof found === 'string' && RFC3339.test(found) ? Date.parse(found) : Number.NaN;
    return Number.isFinite(ms) ? ms : undefined;
  }
  const value = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (time.form === 'unix-s') return value * 1000;
  if (time.form === 'unix-ms') return value;
  return networkMs - value * 1000;
}

/**
 * The measurements in one decoded uplink.
 * @param networkTime when the network server says the frame was heard: RFC 3339, UTC. Used as it is (to the
 *   microsecond) where the mapping names no time of its own, or where the device's clock is out of its window.
 *   An element of a list (history) whose own time cannot be used is a fault: several old values would else all
 *   claim to be of now.
 */
export function toMeasurements(
  data: unknown,
  mappings: readonly FieldMapping[],
  networkTime: string,
): Mapped {
  const measurements: Measurement[] = [];
  const faults: FieldFault[] = [];
  const networkMs = Date.parse(networkTime);
  for (const mapping of mappings) {
    for (const hit of findHits(data, mapping.field)) {
      if (hit.value === null || hit.value === undefined) continue;
      if (mapping.absent?.some((mark) => mark === hit.value || String(mark) === hit.value)) continue;
      const value = toValue(hit.value, mapping);
      if (typeof value === 'string') {
        faults.push({ field: hit.path, reason: value });
        continue;
      }
      const channel = toChannel(hit, data, mapping);
      if (channel === undefined) {
        faults.push({
          field: hit.path,
          reason: sayReason('map_channel', { pointer: mapping.channelField ?? '' }),
        });
        continue;
      }
      const ms = toTimeMs(hit, data, mapping, networkMs);
      const inWindow = ms !== undefined && ms >= networkMs - OLDEST_MS && ms <= networkMs + NEWEST_MS;
      if (mapping.time && !inWindow && mapping.field.split('/').includes('*')) {
        faults.push({ field: hit.path, reason: sayReason('map_time') });
        continue;
      }
      const own = mapping.time !== undefined && inWindow && ms !== networkMs;
      measurements.push({
        property: mapping.property,
        channel,
        value,
        phenomenonTime: own ? new Date(ms).toISOString() : networkTime,
        quality: toQuality(mapping.property, value) | (mapping.time && !inWindow ? QUALITY.clockReplaced : 0),
      });
    }
  }
  return { measurements, faults };
}

type Row = Readonly<Record<string, unknown>>;

function bad(sentence: string, at: string): AppError {
  return new AppError('BAD_CODEC', sentence, { at });
}

function isPlainObject(value: unknown): value is Row {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/**
 * A mapping from outside (a model's file, a form, an archive) -> checked rows, so that the ingest path never
 * meets a row it could stumble over. Unknown members are dropped; nothing is repaired or guessed.
 * @throws AppError BAD_CODEC naming the row and what is wrong with it.
 */
export function parseFieldMappings(input: unknown): readonly FieldMapping[] {
  if (!Array.isArray(input)) throw bad('The mapping must be a list of fields.', '/mapping');
  return input.map((row: unknown, i) => parseFieldMapping(row, `/mapping/${i}`));
}

function parseFieldMapping(row: unknown, at: string): FieldMapping {
  if (!isPlainObject(row)) throw bad('A mapping row must be an object.', at);
  const { field, property, unit } = row;
  if (!isPointer(field)) throw bad('The field must be a JSON pointer such as /temperature.', `${at}/field`);
  if (!isPropertyKey(property)) {
    throw bad(`"${String(property).slice(0, 40)}" is not a property that Torv knows.`, `${at}/property`);
  }
  if (!isUnitCode(unit))
    throw bad(`"${String(unit).slice(0, 40)}" is not a unit that Torv knows.`, `${at}/unit`);
  const wanted = PROPERTIES[property].unit;
  if (UNITS[unit].dimension !== UNITS[wanted].dimension) {
    throw bad(`${unit} does not convert to ${wanted}, the unit of ${property}.`, `${at}/unit`);
  }
  return {
    field,
    property,
    unit,
    ...parseChannel(row, at),
    ...parseFactor(row.factor, at),
    ...parseAbsent(row.absent, at),
    ...parseWords(row.words, at),
    ...parseTime(row.time, at),
  };
}

function isPointer(value: unknown): value is string {
  return typeof value === 'string' && /^(\/([^~]|~[01])*)+$/.test(value);
}

/** A pointer from the root (`/time`) or from the innermost list element (`./time`). */
function isPointerBeside(value: unknown): value is string {
  return typeof value === 'string' && isPointer(value.startsWith('./') ? value.slice(1) : value);
}

function parseChannel(row: Row, at: string): Pick<FieldMapping, 'channel' | 'channelField'> {
  const { channel, channelField } = row;
  if (channel !== undefined && channelField !== undefined)
    throw bad('Give either channel or channelField.', `${at}/channelField`);
  if (channelField !== undefined) {
    if (!isPointerBeside(channelField))
      throw bad('The channel field must be a JSON pointer such as ./channel.', `${at}/channelField`);
    return { channelField };
  }
  if (channel === undefined) return {};
  if (!isChannel(channel)) throw bad('The channel must be a whole number from 0 to 255.', `${at}/channel`);
  return { channel };
}

function parseFactor(factor: unknown, at: string): Pick<FieldMapping, 'factor'> {
  if (factor === undefined) return {};
  if (typeof factor !== 'number' || !Number.isFinite(factor) || factor === 0)
    throw bad('The factor must be a number other than 0.', `${at}/factor`);
  return { factor };
}

function parseAbsent(absent: unknown, at: string): Pick<FieldMapping, 'absent'> {
  if (absent === undefined) return {};
  if (!Array.isArray(absent) || !absent.every((m) => typeof m === 'number' || typeof m === 'string'))
    throw bad('The values for "absent" must be a list of numbers or texts.', `${at}/absent`);
  return { absent: absent as readonly (number | string)[] };
}

function parseWords(words: unknown, at: string): Pick<FieldMapping, 'words'> {
  if (words === undefined) return {};
  const fits =
    isPlainObject(words) &&
    Object.values(words).every(
      (v) => typeof v === 'boolean' || (typeof v === 'number' && Number.isFinite(v)),
    );
  if (!fits) throw bad('The words must stand for numbers, true or false.', `${at}/words`);
  return { words: words as Readonly<Record<string, number | boolean>> };
}

function parseTime(time: unknown, at: string): Pick<FieldMapping, 'time'> {
  if (time === undefined) return {};
  if (!isPlainObject(time) || !isPointerBeside(time.field))
    throw bad('The time needs a JSON pointer such as ./time.', `${at}/time/field`);
  const form = TIME_FORMS.find((f) => f === time.form);
  if (!form) throw bad(`The form of the time must be one of ${TIME_FORMS.join(', ')}.`, `${at}/time/form`);
  return { time: { field: time.field, form } };
}
