/**
 * One line of a readings file -> readings, or what is wrong with it, cell by cell. Pure: places are looked up
 * through the function that is given. A value that cannot be read is a fault with its column, never a zero.
 */
import { AppError } from '../errors.ts';
import { isPropertyKey, PROPERTIES, type PropertyKey, QUALITY, toQuality } from '../properties.ts';
import { convert, isUnitCode, UNITS, type UnitCode } from '../units.ts';
import type { ColumnMapping, ReadingsMapping } from './readings-mapping.ts';
import { createTimeReader, type TimeFault } from './time-cell.ts';

/** A CSV cell is text; NDJSON also has numbers and booleans. */
export type Cell = string | number | boolean;

export interface RowReading {
  readonly placeId: number;
  readonly sensor: string;
  readonly property: PropertyKey;
  readonly channel: number;
  readonly ms: number;
  readonly micros: number;
  readonly value: number | boolean;
  readonly quality: number;
  /** Index of its column in the file. */
  readonly column: number;
}

export type RowFaultCode =
  | TimeFault['code']
  | 'place-missing'
  | 'place-unknown'
  | 'sensor-missing'
  | 'number'
  | 'boolean'
  | 'property-unknown'
  | 'unit-unknown'
  | 'channel'
  | 'columns'
  | 'json'
  | 'quotes';

export interface RowFault {
  /** Index of the column; -1: the whole line. */
  readonly column: number;
  readonly value: string;
  readonly code: RowFaultCode;
  readonly reason: string;
}

export interface ReadRow {
  readonly readings: readonly RowReading[];
  readonly faults: readonly RowFault[];
  /** The clocks showed this time twice. */
  readonly twice: boolean;
}

export interface RowReader {
  read(cells: readonly Cell[]): ReadRow;
  /** Index of each mapped column, for the preview. */
  readonly roles: readonly ColumnRole[];
}

export type ColumnRole =
  | { readonly role: 'time' | 'place' | 'sensor' | 'property' | 'unit' | 'channel' | 'value' | 'ignored' }
  | { readonly role: 'values'; readonly mapping: ColumnMapping };

const DEFAULT_SENSOR = 'Imported';
const NUMBER = {
  '.': /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/,
  ',': /^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$/,
} as const;
const YES = new Set(['1', 'true', 'yes', 'on', 'open']);
const NO = new Set(['0', 'false', 'no', 'off', 'closed']);

/**
 * @param header the names of the file's columns
 * @param findPlace by reference, name or a word of the file's own; undefined: no such place
 * @throws AppError BAD_FILE when a column of the mapping is not in the file
 */
export function createRowReader(
  mapping: ReadingsMapping,
  header: readonly string[],
  findPlace: (text: string) => number | undefined,
): RowReader {
  const toIndex = (name: string, at: string): number => {
    const index = header.indexOf(name);
    if (index >= 0) return index;
    throw new AppError('BAD_FILE', `The file has no column "${name.slice(0, 60)}".`, {
      at: `/mapping${at}`,
      hint: `Its columns are: ${header.slice(0, 30).join(', ').slice(0, 500)}`,
    });
  };
  const timeColumns = mapping.time.columns.map((name, i) => toIndex(name, `/time/columns/${i}`));
  const placeColumn =
    mapping.place.column === undefined ? undefined : toIndex(mapping.place.column, '/place/column');
  const sensorColumn =
    mapping.sensor?.column === undefined ? undefined : toIndex(mapping.sensor.column, '/sensor/column');
  const values = (mapping.columns ?? []).map((column, i) => ({
    index: toIndex(column.column, `/columns/${i}/column`),
    mapping: column,
    absent: new Set(column.absent ?? []),
  }));
  const long = mapping.long && {
    property: toIndex(mapping.long.propertyColumn, '/long/propertyColumn'),
    value: toIndex(mapping.long.valueColumn, '/long/valueColumn'),
    unit:
      mapping.long.unitColumn === undefined
        ? undefined
        : toIndex(mapping.long.unitColumn, '/long/unitColumn'),
    channel:
      mapping.long.channelColumn === undefined
        ? undefined
        : toIndex(mapping.long.channelColumn, '/long/channelColumn'),
  };
  const readTime = createTimeReader(mapping.time);
  const lastMs = new Map<string, number>();
  const decimal = mapping.decimal ?? '.';
  const roles: ColumnRole[] = header.map(() => ({ role: 'ignored' }));
  const setRole = (index: number | undefined, role: ColumnRole) => {
    if (index !== undefined) roles[index] = role;
  };
  for (const index of timeColumns) setRole(index, { role: 'time' });
  setRole(placeColumn, { role: 'place' });
  setRole(sensorColumn, { role: 'sensor' });
  for (const value of values) setRole(value.index, { role: 'values', mapping: value.mapping });
  setRole(long?.property, { role: 'property' });
  setRole(long?.value, { role: 'value' });
  setRole(long?.unit, { role: 'unit' });
  setRole(long?.channel, { role: 'channel' });

  function readTimeCells(cells: readonly Cell[], key: string) {
    const texts = timeColumns.map((index) => String(cells[index] ?? '').trim());
    if (mapping.time.dates !== undefined && texts[0] !== undefined) {
      const date = Object.hasOwn(mapping.time.dates, texts[0]) ? mapping.time.dates[texts[0]] : undefined;
      if (date === undefined)
        return {
          code: 'date-unknown',
          reason: `No date is given for the day "${texts[0].slice(0, 40)}".`,
        } as const;
      texts[0] = date;
    }
    return readTime(
      texts.filter((text) => text !== '').join(' '),
      lastMs.get(key) ?? Number.NEGATIVE_INFINITY,
    );
  }

  function readPlace(cells: readonly Cell[]): number | RowFault {
    if (placeColumn === undefined) return mapping.place.placeId as number;
    const text = String(cells[placeColumn] ?? '').trim();
    if (text === '') {
      if (mapping.place.placeId !== undefined) return mapping.place.placeId;
      return { column: placeColumn, value: '', code: 'place-missing', reason: 'No place is named.' };
    }
    const own = mapping.place.places;
    const id = own !== undefined && Object.hasOwn(own, text) ? own[text] : findPlace(text);
    return (
      id ?? {
        column: placeColumn,
        value: text,
        code: 'place-unknown',
        reason: `There is no place "${text.slice(0, 60)}".`,
      }
    );
  }

  function read(cells: readonly Cell[]): ReadRow {
    const whole = (fault: RowFault): ReadRow => ({ readings: [], faults: [fault], twice: false });
    if (cells.length !== header.length)
      return whole({
        column: -1,
        value: '',
        code: 'columns',
        reason: `The line has ${cells.length} columns, the first line has ${header.length}.`,
      });
    const place = readPlace(cells);
    if (typeof place !== 'number') return whole(place);
    const sensorText = sensorColumn === undefined ? undefined : String(cells[sensorColumn] ?? '').trim();
    const sensor = sensorText || mapping.sensor?.name || DEFAULT_SENSOR;
    const key = `${place}\n${sensor}`;
    const time = readTimeCells(cells, key);
    if (!('ms' in time))
      return whole({
        column: timeColumns[0] ?? -1,
        value: timeColumns.map((index) => String(cells[index] ?? '')).join(' '),
        ...time,
      });
    lastMs.set(key, time.ms);
    const readings: RowReading[] = [];
    const faults: RowFault[] = [];
    const take = (index: number, column: ColumnMapping, raw: Cell) => {
      const value = toValue(raw, column, decimal);
      if (typeof value === 'object') faults.push({ column: index, value: String(raw), ...value });
      else
        readings.push({
          placeId: place,
          sensor: column.sensor ?? sensor,
          property: column.property,
          channel: column.channel ?? 0,
          ms: time.ms,
          micros: time.micros,
          value,
          quality: toQuality(column.property, value) | QUALITY.imported,
          column: index,
        });
    };
    for (const { index, mapping: column, absent } of values) {
      const raw = trim(cells[index]);
      if (raw !== '' && !absent.has(String(raw))) take(index, column, raw);
    }
    if (long !== undefined) {
      const raw = trim(cells[long.value]);
      const column = raw === '' ? undefined : toLongColumn(cells, long);
      if (column !== undefined && 'code' in column) faults.push(column);
      else if (column !== undefined) take(long.value, column, raw);
    }
    return { readings, faults, twice: time.twice };
  }
  return { read, roles };
}

function trim(cell: Cell | undefined): Cell {
  return typeof cell === 'string' ? cell.trim() : (cell ?? '');
}

interface LongIndexes {
  readonly property: number;
  readonly value: number;
  readonly unit: number | undefined;
  readonly channel: number | undefined;
}

function toLongColumn(cells: readonly Cell[], long: LongIndexes): ColumnMapping | RowFault {
  const property = String(cells[long.property] ?? '').trim();
  if (!isPropertyKey(property) || PROPERTIES[property].subject === 'device')
    return {
      column: long.property,
      value: property,
      code: 'property-unknown',
      reason: `"${property.slice(0, 40)}" is not a property of places that Torv knows.`,
    };
  const unit = long.unit === undefined ? '' : String(cells[long.unit] ?? '').trim();
  if (
    unit !== '' &&
    !(isUnitCode(unit) && UNITS[unit].dimension === UNITS[PROPERTIES[property].unit].dimension)
  )
    return {
      column: long.unit ?? -1,
      value: unit,
      code: 'unit-unknown',
      reason: `"${unit.slice(0, 40)}" is not a unit of ${property}.`,
    };
  const channel = long.channel === undefined ? 0 : Number(cells[long.channel] ?? 0);
  if (!Number.isInteger(channel) || channel < 0 || channel > 255)
    return {
      column: long.channel ?? -1,
      value: String(channel),
      code: 'channel',
      reason: 'The channel is not a number from 0 to 255.',
    };
  return { column: '', property, channel, ...(unit === '' ? {} : { unit: unit as UnitCode }) };
}

function toValue(
  raw: Cell,
  column: ColumnMapping,
  decimal: '.' | ',',
): number | boolean | { readonly code: 'number' | 'boolean'; readonly reason: string } {
  const { type, unit } = PROPERTIES[column.property];
  if (type === 'boolean') {
    const word = String(raw).toLowerCase();
    if (YES.has(word) || word === '1.0') return true;
    if (NO.has(word) || word === '0.0') return false;
    return { code: 'boolean', reason: `"${word.slice(0, 40)}" is neither yes nor no.` };
  }
  const value =
    typeof raw === 'number'
      ? raw
      : typeof raw === 'string' && NUMBER[decimal].test(raw)
        ? Number(decimal === ',' ? raw.replace(',', '.') : raw)
        : Number.NaN;
  if (!Number.isFinite(value))
    return { code: 'number', reason: `"${String(raw).slice(0, 40)}" is not a number.` };
  const scaled = column.factor === undefined ? value : Number((value * column.factor).toPrecision(12));
  return convert(scaled, column.unit ?? unit, unit);
}
