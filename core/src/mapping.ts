/**
 * From what a codec says to what Torv measures: a model's own mapping turns fields of the decoded object
 * into Measurements with unit and quality. Pure; used by the ingest path, by decoding again and by the codec
 * bench in the browser. It never guesses: a field without a mapping yields nothing.
 */
import { AppError } from './errors.ts';
import { isPropertyKey, PROPERTIES, type PropertyKey, QUALITY, toQuality } from './properties.ts';
import { convert, parseUnitCode, type UnitCode } from './units.ts';

export interface FieldMapping {
  // RFC 6901 pointer into the codec's `data`; a token `*` stands for every element of an array: /history/*/co2
  readonly field: string;
  readonly property: PropertyKey;
  /** 0 unless the device has several sensors of one kind. */
  readonly channel?: number;
  /** UCUM unit of the field's value after it has been multiplied by `factor`. */
  readonly unit: UnitCode;
  readonly factor?: number;
  /** Values by which this model says "no sensor" or "no value"; they yield no measurement. */
  readonly absent?: readonly (number | string)[];
  /** Words or codes that stand for a value: { open: true, closed: false }. */
  readonly words?: Readonly<Record<string, number | boolean>>;
  /** Where the measurement's own time stands; relative to the innermost `*` element when it starts with `./`. */
  readonly time?: { readonly field: string; readonly form: 'unix-s' | 'unix-ms' | 'rfc3339' | 'seconds-ago' };
}

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
  const word =
    typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : undefined;
  if (mapping.words && word !== undefined && Object.hasOwn(mapping.words, word))
    return mapping.words[word] as number | boolean;
  const type = PROPERTIES[mapping.property].type;
  if (typeof raw === 'boolean') return type === 'boolean' ? raw : Number(raw);
  // Dragino and others send numbers as text; a text with anything beside the number needs a `words` entry.
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isFinite(value))
    return `${JSON.stringify(raw)?.slice(0, 40)} is not a number`;
  if (type === 'boolean') return value === 0 || value === 1 ? value === 1 : `${value} is neither 0 nor 1`;
  const scaled = mapping.factor === undefined ? value : Number((value * mapping.factor).toPrecision(12));
  return convert(scaled, mapping.unit, PROPERTIES[mapping.property].unit);
}

function toTimeMs(hit: Hit, data: unknown, mapping: FieldMapping, networkMs: number): number | undefined {
  const time = mapping.time;
  if (!time) return networkMs;
  const relative = time.field.startsWith('./');
  const found = findHits(relative ? hit.element : data, relative ? time.field.slice(1) : time.field)[0]
    ?.value;
  const value = typeof found === 'string' && time.form !== 'rfc3339' ? Number(found) : found;
  if (time.form === 'rfc3339') {
    const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return Number.isFinite(ms) ? ms : undefined;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (time.form === 'unix-s') return value * 1000;
  if (time.form === 'unix-ms') return value;
  return networkMs - value * 1000;
}

/**
 * The measurements in one decoded uplink.
 * @param networkTime when the network server says the frame was heard: RFC 3339, UTC. Used as it is (to the
 *   microsecond) where the mapping names no time of its own, or where the device's clock is out of its window.
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
      const ms = toTimeMs(hit, data, mapping, networkMs);
      const inWindow = ms !== undefined && ms >= networkMs - OLDEST_MS && ms <= networkMs + NEWEST_MS;
      const own = mapping.time !== undefined && inWindow && ms !== networkMs;
      measurements.push({
        property: mapping.property,
        channel: mapping.channel ?? 0,
        value,
        phenomenonTime: own ? new Date(ms).toISOString() : networkTime,
        quality: toQuality(mapping.property, value) | (mapping.time && !inWindow ? QUALITY.clockReplaced : 0),
      });
    }
  }
  return { measurements, faults };
}

/**
 * A mapping from outside (a file, a form) -> checked field mappings.
 * @throws AppError BAD_CODEC naming the row and what is wrong with it.
 */
export function parseFieldMappings(input: unknown): readonly FieldMapping[] {
  if (!Array.isArray(input))
    throw new AppError('BAD_CODEC', 'The mapping must be a list of fields.', { at: '/mapping' });
  return input.map((row: unknown, i) => {
    const at = `/mapping/${i}`;
    if (row === null || typeof row !== 'object')
      throw new AppError('BAD_CODEC', 'A mapping row must be an object.', { at });
    const m = row as Partial<FieldMapping>;
    if (typeof m.field !== 'string' || !m.field.startsWith('/')) {
      throw new AppError('BAD_CODEC', 'The field must be a JSON pointer such as /temperature.', {
        at: `${at}/field`,
      });
    }
    if (!isPropertyKey(m.property)) {
      throw new AppError('BAD_CODEC', `"${String(m.property)}" is not a property that Torv knows.`, {
        at: `${at}/property`,
      });
    }
    if (m.factor !== undefined && !(Number.isFinite(m.factor) && m.factor !== 0)) {
      throw new AppError('BAD_CODEC', 'The factor must be a number other than 0.', { at: `${at}/factor` });
    }
    if (m.channel !== undefined && !(Number.isInteger(m.channel) && m.channel >= 0 && m.channel < 256)) {
      throw new AppError('BAD_CODEC', 'The channel must be a whole number from 0 to 255.', {
        at: `${at}/channel`,
      });
    }
    convert(0, parseUnitCode(m.unit, `${at}/unit`), PROPERTIES[m.property].unit);
    return m as FieldMapping;
  });
}
