/**
 * What the columns of a readings file mean, as the person who imports it says: one value that is shown in a
 * form, kept beside the upload and checked here. Unknown members are dropped; nothing is repaired or guessed.
 */
import { AppError } from '../errors.ts';
import { isPropertyKey, PROPERTIES, type PropertyKey } from '../properties.ts';
import { isUnitCode, UNITS, type UnitCode } from '../units.ts';
import { isTimeZone } from './local-clock.ts';

export const FILE_FORMATS = ['csv', 'ndjson'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];
export const ENCODINGS = ['utf-8', 'utf-16le', 'windows-1252'] as const;
export type Encoding = (typeof ENCODINGS)[number];
export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];
export const CELL_TIME_FORMS = ['iso', 'dmy', 'mdy', 'unix-s', 'unix-ms'] as const;
export type CellTimeForm = (typeof CELL_TIME_FORMS)[number];
export const NIGHT_RULES = ['order', 'earlier', 'later'] as const;

export interface TimeMapping {
  /** One column, or date and time apart; they are joined with a blank. */
  readonly columns: readonly string[];
  readonly form: CellTimeForm;
  /** Of texts without an offset. */
  readonly timeZone?: string;
  /** Which of two clock readings is meant in autumn: by the order in the file, the first, the second. */
  readonly night?: (typeof NIGHT_RULES)[number];
  /** Where the first column names a day by a code of its own: code -> YYYY-MM-DD. */
  readonly dates?: Readonly<Record<string, string>>;
}

export interface PlaceMapping {
  /** One place for the whole file, */
  readonly placeId?: number;
  /** or a column with the place's reference or name, */
  readonly column?: string;
  /** or with a word of the file's own. */
  readonly places?: Readonly<Record<string, number>>;
}

export interface ColumnMapping {
  readonly column: string;
  readonly property: PropertyKey;
  /** UCUM unit of the value after `factor`; absent: the property's own. */
  readonly unit?: UnitCode;
  readonly factor?: number;
  readonly channel?: number;
  /** Where one file has several sensors of a kind in one room. */
  readonly sensor?: string;
  /** Texts that say "no value", beside the empty cell. */
  readonly absent?: readonly string[];
}

/** One value per line, with the name of its property in a column: the form that Torv itself exports. */
export interface LongMapping {
  readonly propertyColumn: string;
  readonly valueColumn: string;
  readonly unitColumn?: string;
  readonly channelColumn?: string;
}

export interface ReadingsMapping {
  readonly format: FileFormat;
  readonly encoding?: Encoding;
  readonly delimiter?: Delimiter;
  readonly decimal?: '.' | ',';
  /** Lines before the one with the names of the columns. */
  readonly skipLines?: number;
  readonly time: TimeMapping;
  readonly place: PlaceMapping;
  readonly sensor?: { readonly name?: string; readonly column?: string };
  readonly columns?: readonly ColumnMapping[];
  readonly long?: LongMapping;
}

type Row = Readonly<Record<string, unknown>>;

function bad(sentence: string, at: string): AppError {
  return new AppError('BAD_BODY', sentence, { at: `/mapping${at}` });
}

function toRow(value: unknown, at: string): Row {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw bad('This must be an object.', at);
  return value as Row;
}

function parseText(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 300)
    throw bad('This must be a text of at most 300 characters.', at);
  return value;
}

function parseOne<T extends string>(value: unknown, list: readonly T[], at: string): T {
  const found = list.find((one) => one === value);
  if (found === undefined)
    throw bad(`This must be one of: ${list.map((one) => (one === '\t' ? 'tab' : one)).join(' ')}`, at);
  return found;
}

function parseWords<T>(
  value: unknown,
  at: string,
  fits: (one: unknown) => one is T,
): Readonly<Record<string, T>> {
  const entries = Object.entries(toRow(value, at));
  if (entries.length > 5000) throw bad('This has more than 5,000 entries.', at);
  return Object.fromEntries(
    entries.map(([key, one]) => {
      if (!fits(one)) throw bad('This value is not of the right form.', `${at}/${key}`);
      return [key, one];
    }),
  );
}

const isDate = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
const isId = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

/** @throws AppError BAD_BODY with a JSON pointer to what is wrong */
export function parseReadingsMapping(input: unknown): ReadingsMapping {
  const row = toRow(input, '');
  const long = row.long === undefined ? undefined : parseLong(row.long);
  const columns = row.columns === undefined ? undefined : parseColumns(row.columns);
  if (long === undefined && (columns === undefined || columns.length === 0))
    throw bad('Say for at least one column what it measures.', '/columns');
  const sensor = row.sensor === undefined ? undefined : toRow(row.sensor, '/sensor');
  return {
    format: parseOne(row.format ?? 'csv', FILE_FORMATS, '/format'),
    ...(row.encoding === undefined ? {} : { encoding: parseOne(row.encoding, ENCODINGS, '/encoding') }),
    ...(row.delimiter === undefined ? {} : { delimiter: parseOne(row.delimiter, DELIMITERS, '/delimiter') }),
    ...(row.decimal === undefined ? {} : { decimal: parseOne(row.decimal, ['.', ','] as const, '/decimal') }),
    ...(row.skipLines === undefined ? {} : { skipLines: parseSkip(row.skipLines) }),
    time: parseTime(row.time),
    place: parsePlace(row.place),
    ...(sensor === undefined
      ? {}
      : {
          sensor: {
            ...(sensor.name === undefined ? {} : { name: parseText(sensor.name, '/sensor/name') }),
            ...(sensor.column === undefined ? {} : { column: parseText(sensor.column, '/sensor/column') }),
          },
        }),
    ...(columns === undefined ? {} : { columns }),
    ...(long === undefined ? {} : { long }),
  };
}

function parseSkip(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1000)
    throw bad('This must be a number of lines from 0 to 1000.', '/skipLines');
  return value;
}

function parseTime(value: unknown): TimeMapping {
  const row = toRow(value, '/time');
  const columns = Array.isArray(row.columns) ? row.columns : [];
  if (columns.length < 1 || columns.length > 2)
    throw bad('Say which column holds the time, or which two.', '/time/columns');
  if (row.timeZone !== undefined && !isTimeZone(row.timeZone))
    throw bad(`"${String(row.timeZone).slice(0, 60)}" is not a time zone.`, '/time/timeZone');
  return {
    columns: columns.map((column: unknown, i) => parseText(column, `/time/columns/${i}`)),
    form: parseOne(row.form ?? 'iso', CELL_TIME_FORMS, '/time/form'),
    ...(row.timeZone === undefined ? {} : { timeZone: row.timeZone as string }),
    ...(row.night === undefined ? {} : { night: parseOne(row.night, NIGHT_RULES, '/time/night') }),
    ...(row.dates === undefined ? {} : { dates: parseWords(row.dates, '/time/dates', isDate) }),
  };
}

function parsePlace(value: unknown): PlaceMapping {
  const row = toRow(value, '/place');
  if (row.placeId === undefined && row.column === undefined)
    throw bad('Say which place the readings belong to, or which column names it.', '/place');
  if (row.placeId !== undefined && !isId(row.placeId))
    throw bad('This must be the number of a place.', '/place/placeId');
  return {
    ...(row.placeId === undefined ? {} : { placeId: row.placeId as number }),
    ...(row.column === undefined ? {} : { column: parseText(row.column, '/place/column') }),
    ...(row.places === undefined ? {} : { places: parseWords(row.places, '/place/places', isId) }),
  };
}

function parseLong(value: unknown): LongMapping {
  const row = toRow(value, '/long');
  return {
    propertyColumn: parseText(row.propertyColumn, '/long/propertyColumn'),
    valueColumn: parseText(row.valueColumn, '/long/valueColumn'),
    ...(row.unitColumn === undefined ? {} : { unitColumn: parseText(row.unitColumn, '/long/unitColumn') }),
    ...(row.channelColumn === undefined
      ? {}
      : { channelColumn: parseText(row.channelColumn, '/long/channelColumn') }),
  };
}

function parseColumns(value: unknown): readonly ColumnMapping[] {
  if (!Array.isArray(value) || value.length > 500)
    throw bad('This must be a list of at most 500 columns.', '/columns');
  const columns = value.map((one: unknown, i) => parseColumn(toRow(one, `/columns/${i}`), `/columns/${i}`));
  const seen = new Map<string, number>();
  columns.forEach((column, i) => {
    const key = `${column.property}#${column.channel ?? 0}#${column.sensor ?? ''}`;
    const before = seen.get(key);
    if (before !== undefined)
      throw bad(
        `The columns ${columns[before]?.column} and ${column.column} would be the same series: give one of them a sensor of its own.`,
        `/columns/${i}/sensor`,
      );
    seen.set(key, i);
  });
  return columns;
}

function parseColumn(row: Row, at: string): ColumnMapping {
  const { property, unit, factor, channel, absent } = row;
  if (!isPropertyKey(property))
    throw bad(`"${String(property).slice(0, 40)}" is not a property that Torv knows.`, `${at}/property`);
  if (PROPERTIES[property].subject === 'device')
    throw bad(`${PROPERTIES[property].name} belongs to a device, not to a place.`, `${at}/property`);
  if (unit !== undefined) checkUnit(unit, property, at);
  if (factor !== undefined && (typeof factor !== 'number' || !Number.isFinite(factor) || factor === 0))
    throw bad('The factor must be a number other than 0.', `${at}/factor`);
  if (
    channel !== undefined &&
    (typeof channel !== 'number' || !Number.isInteger(channel) || channel < 0 || channel > 255)
  )
    throw bad('The channel must be a whole number from 0 to 255.', `${at}/channel`);
  if (absent !== undefined && (!Array.isArray(absent) || !absent.every((one) => typeof one === 'string')))
    throw bad('This must be a list of texts.', `${at}/absent`);
  return {
    column: parseText(row.column, `${at}/column`),
    property,
    ...(unit === undefined ? {} : { unit: unit as UnitCode }),
    ...(factor === undefined ? {} : { factor: factor as number }),
    ...(channel === undefined ? {} : { channel: channel as number }),
    ...(row.sensor === undefined ? {} : { sensor: parseText(row.sensor, `${at}/sensor`) }),
    ...(absent === undefined ? {} : { absent: absent as readonly string[] }),
  };
}

function checkUnit(unit: unknown, property: PropertyKey, at: string): void {
  if (!isUnitCode(unit))
    throw bad(`"${String(unit).slice(0, 40)}" is not a unit that Torv knows.`, `${at}/unit`);
  const wanted = PROPERTIES[property].unit;
  if (UNITS[unit].dimension !== UNITS[wanted].dimension)
    throw bad(`${unit} does not convert to ${wanted}, the unit of ${property}.`, `${at}/unit`);
}
