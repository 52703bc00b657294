/** A first mapping for a file: what its columns' names and first values suggest. Only a suggestion: a person confirms it. */

import { toFieldSuggestions } from '@torv/core/field-suggestions';
import type { ColumnMapping, ReadingsMapping } from '@torv/core/files/readings-mapping';
import type { DetectedFile } from '@torv/core/files/table-file';
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';

const TIME_NAME =
  /^(time|timestamp|date|datetime|tid|tidspunkt|dato|datum|tijd|tijdstip|when|at|phenomenontime|date.?time)$/i;
const PLACE_NAME = /^(place|place_reference|sted|plats|plaats|room|rum|lokale|lokaal)$/i;
const SENSOR_NAME = /^(sensor|source|device|enhed|enhet|apparaat)$/i;
/** The form in which Torv itself exports. */
const LONG = ['time', 'property', 'value'] as const;

export function toSuggestion(file: DetectedFile, timeZone: string): ReadingsMapping {
  const named = file.header.find((name) => TIME_NAME.test(name));
  const time = named ?? file.header[0] ?? '';
  const texts = file.first.map((row) => row[file.header.indexOf(time)] ?? '');
  const form = texts.some((text) => /^\d{4}-/.test(text))
    ? 'iso'
    : texts.some((text) => /^\d{12,}$/.test(text))
      ? 'unix-ms'
      : texts.some((text) => /^\d{9,11}$/.test(text))
        ? 'unix-s'
        : texts.some((text) => /^\d\d?[./-]\d\d?[./-]\d{4}/.test(text))
          ? 'dmy'
          : 'iso';
  const place = file.header.find((name) => PLACE_NAME.test(name));
  const sensor = file.header.find((name) => SENSOR_NAME.test(name));
  const isLong = LONG.every((name) => file.header.includes(name));
  return {
    format: file.format,
    encoding: file.encoding,
    delimiter: file.delimiter,
    decimal: file.decimal,
    time: { columns: [time], form, timeZone, night: 'order' },
    place: place === undefined ? {} : { column: place },
    ...(sensor === undefined ? {} : { sensor: { column: sensor } }),
    ...(isLong ? { long: toLong(file.header) } : { columns: toColumns(file) }),
  };
}

export function toLong(header: readonly string[]) {
  return {
    propertyColumn: 'property',
    valueColumn: 'value',
    ...(header.includes('unit') ? { unitColumn: 'unit' } : {}),
    ...(header.includes('channel') ? { channelColumn: 'channel' } : {}),
  };
}

function toColumns(file: DetectedFile): readonly ColumnMapping[] {
  const taken = new Set<string>();
  return file.header.flatMap((column, i): ColumnMapping[] => {
    const text = file.first.map((row) => row[i] ?? '').find((one) => one !== '') ?? '';
    const value = Number(text.replace(',', '.'));
    if (text !== '' && !Number.isFinite(value)) return [];
    const [found] = toFieldSuggestions({ [column]: text === '' ? 20 : value });
    const candidate = found?.candidates[0];
    if (found?.kind !== 'likely' || candidate === undefined) return [];
    const { property, unit } = candidate;
    if (!isPropertyKey(property) || PROPERTIES[property].subject === 'device' || taken.has(property))
      return [];
    taken.add(property);
    return [{ column, property, unit }];
  });
}
