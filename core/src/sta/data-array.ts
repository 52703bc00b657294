/**
 * The body of CreateObservations (18-088, req/data-array/data-array): Observations as rows of values, by Datastream. The whole text is
 * checked as JSON first; then rows are read one by one, so that a large body never becomes a tree. A row that is
 * wrong is a value, because the others are kept.
 */
import { AppError } from '../errors.ts';
import {
  createReader,
  expectEnd,
  type JsonReader,
  readName,
  readValue,
  skipSpace,
  skipValue,
  takeMark,
} from '../json-text.ts';
import { parseReferenceId } from './draft.ts';
import { parseTime, refuse } from './draft-value.ts';
import { findPropertyKey, getLinkName, listNames, type Version } from './version.ts';

/** Property of an Observation, or its feature. */
type Component = 'id' | 'phenomenonTime' | 'resultTime' | 'result' | 'resultQuality' | 'validTime' | 'parameters' | 'feature'; // biome-ignore format: a list

export interface RowGroup {
  readonly at: string;
  /** Decimal digits, or why there is none. */
  readonly datastream: { readonly id: string } | { readonly fault: string };
  readonly components: readonly Component[];
  /** Where its dataArray begins. */
  readonly rowsFrom: number;
}

export interface ArrayRow {
  /** RFC 3339, UTC; null: not given. */
  readonly start: string | null;
  readonly end: string | null;
  readonly resultTime: string | null;
  readonly validStart: string | null;
  readonly validEnd: string | null;
  /** JSON to the letter. */
  readonly result: string;
  readonly resultQuality: string | null;
  readonly parameters: string | null;
  /** Decimal digits; null: the place of the Thing. */
  readonly feature: string | null;
}

export type RowOutcome = ArrayRow | { readonly fault: string };

const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, COMMA] = [91, 93, 123, 125, 44];
const COMPONENTS: readonly string[] = ['phenomenonTime', 'resultTime', 'result', 'resultQuality', 'validTime', 'parameters']; // biome-ignore format: a list
const MAX_GROUPS = 20_000;
const NO_SPAN: [null, null] = [null, null];

function parseComponent(version: Version, name: string, at: string): Component {
  const feature = getLinkName(version, 'observation', 'feature');
  if (name === `${feature}/id` || name === `${feature}/${version.id}`) return 'feature';
  const key = findPropertyKey(version, 'observation', name);
  if (key === 'id' || (key !== undefined && COMPONENTS.includes(key))) return key as Component;
  return refuse(
    at.slice(0, 200),
    `Observations have no "${name.slice(0, 60)}".`,
    `Components are: ${listNames(version, 'observation')}, ${feature}/id.`,
  );
}

function parseComponents(version: Version, reader: JsonReader, at: string): Component[] {
  const node = readValue(reader);
  if (node.kind !== 'list') refuse(at, 'components is a list of names.');
  const components = node.items.map((item, i) => {
    if (item.kind !== 'text') refuse(`${at}/${i}`, 'A component is the name of a property.');
    return parseComponent(version, item.value, `${at}/${i}`);
  });
  const twice = components.findIndex((component, i) => components.indexOf(component) !== i);
  if (twice !== -1) refuse(`${at}/${twice}`, 'This component is there twice.');
  for (const needed of ['phenomenonTime', 'result'] as const) {
    if (!components.includes(needed))
      refuse(at, `components must hold ${version.entities.observation.properties.get(needed)}.`);
  }
  return components;
}

function parseDatastream(version: Version, reader: JsonReader, at: string): RowGroup['datastream'] {
  const node = readValue(reader);
  const id = node.kind === 'object' ? node.members.get(version.id) : undefined;
  if (id === undefined) refuse(at, `A Datastream is named by its id: {"${version.id}": 1}.`);
  try {
    return { id: parseReferenceId(reader.source, id, `${at}/${version.id}`) };
  } catch (error) {
    if (error instanceof AppError) return { fault: error.detail };
    throw error;
  }
}

function parseGroup(version: Version, reader: JsonReader, at: string): RowGroup {
  const name = getLinkName(version, 'observation', 'datastream');
  let datastream: RowGroup['datastream'] | undefined;
  let components: Component[] | undefined;
  let rowsFrom: number | undefined;
  if (!takeMark(reader, OPEN_OBJECT))
    refuse(at, 'Each part is an object with a Datastream, components and a dataArray.');
  if (!takeMark(reader, CLOSE_OBJECT)) {
    do {
      const member = readName(reader);
      const memberAt = `${at}/${member.slice(0, 60)}`;
      if (member === name) datastream = parseDatastream(version, reader, memberAt);
      else if (member === 'components') components = parseComponents(version, reader, memberAt);
      else if (member === 'dataArray') {
        skipSpace(reader);
        rowsFrom = reader.pos;
        if (skipValue(reader) !== OPEN_LIST) refuse(memberAt, 'dataArray is a list of rows.');
      } else if (member.includes(version.annotation)) skipValue(reader);
      else
        refuse(
          memberAt,
          `There is no "${member.slice(0, 60)}" here.`,
          `There are: ${name}, components, dataArray.`,
        );
    } while (takeMark(reader, COMMA));
    if (!takeMark(reader, CLOSE_OBJECT)) refuse(at, 'This object has no end.');
  }
  if (datastream === undefined) refuse(`${at}/${name}`, `Each part needs a ${name}.`);
  if (components === undefined) refuse(`${at}/components`, 'Each part needs components.');
  if (rowsFrom === undefined) refuse(`${at}/dataArray`, 'Each part needs a dataArray.');
  return { at, datastream, components, rowsFrom };
}

/** @throws AppError BAD_BODY where the body as a whole is wrong */
export function readRowGroups(version: Version, source: string): RowGroup[] {
  const reader = createReader(source);
  const groups: RowGroup[] = [];
  if (!takeMark(reader, OPEN_LIST))
    refuse(
      'body',
      'The body is a list: a part for each Datastream.',
      'See OGC 18-088, data array extension.',
    );
  if (!takeMark(reader, CLOSE_LIST)) {
    do {
      if (groups.length >= MAX_GROUPS)
        throw new AppError('TOO_LARGE', `One request has at most ${MAX_GROUPS} parts.`, { at: 'body' });
      groups.push(parseGroup(version, reader, `body/${groups.length}`));
    } while (takeMark(reader, COMMA));
    if (!takeMark(reader, CLOSE_LIST)) refuse(`body:${reader.pos}`, 'The list has no end.');
  }
  expectEnd(reader);
  return groups;
}

function toTextOf(raw: string, at: string): string {
  if (!raw.startsWith('"')) refuse(at, `${at} is a time, written as text.`);
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

function toSpan(
  raw: string | undefined,
  type: 'moment' | 'interval',
  at: string,
): [string | null, string | null] {
  if (raw === undefined || raw === 'null') return NO_SPAN;
  const time = parseTime(type, toTextOf(raw, at), at);
  const cut = time.indexOf('/');
  return cut === -1 ? [time, null] : [time.slice(0, cut), time.slice(cut + 1)];
}

function toFeature(raw: string | undefined): string | null {
  if (raw === undefined || raw === 'null') return null;
  const digits = raw.startsWith('"') ? raw.slice(1, -1) : raw;
  if (!/^\d{1,19}$/.test(digits)) refuse('FeatureOfInterest', 'This is not the id of a FeatureOfInterest.');
  return digits;
}

const toOptional = (raw: string | undefined): string | null =>
  raw === undefined || raw === 'null' ? null : raw;

/** Where a row has its components; -1: nowhere. */
type Places = Readonly<Record<Component, number>>;

function toPlaces(components: readonly Component[]): Places {
  const at = (component: Component) => components.indexOf(component);
  return {
    id: at('id'),
    phenomenonTime: at('phenomenonTime'),
    resultTime: at('resultTime'),
    result: at('result'),
    resultQuality: at('resultQuality'),
    validTime: at('validTime'),
    parameters: at('parameters'),
    feature: at('feature'),
  };
}

function toRow(cells: readonly string[], places: Places): ArrayRow {
  const [start, end] = toSpan(cells[places.phenomenonTime], 'moment', 'phenomenonTime');
  const [validStart, validEnd] = toSpan(cells[places.validTime], 'interval', 'validTime');
  const resultTime = toOptional(cells[places.resultTime]);
  const parameters = toOptional(cells[places.parameters]);
  if (parameters !== null && !parameters.startsWith('{')) refuse('parameters', 'parameters is an object.');
  return {
    start,
    end,
    resultTime:
      resultTime === null ? null : parseTime('instant', toTextOf(resultTime, 'resultTime'), 'resultTime'),
    validStart,
    validEnd,
    result: cells[places.result] ?? 'null',
    resultQuality: toOptional(cells[places.resultQuality]),
    parameters,
    feature: toFeature(cells[places.feature]),
  };
}

function readRow(reader: JsonReader, width: number, places: Places): RowOutcome {
  skipSpace(reader);
  if (reader.source.charCodeAt(reader.pos) !== OPEN_LIST) {
    skipValue(reader);
    return { fault: 'A row is a list of values.' };
  }
  reader.pos++;
  const cells: string[] = [];
  if (!takeMark(reader, CLOSE_LIST)) {
    do {
      skipSpace(reader);
      const from = reader.pos;
      skipValue(reader);
      cells.push(reader.source.slice(from, reader.pos));
    } while (takeMark(reader, COMMA));
    takeMark(reader, CLOSE_LIST);
  }
  if (cells.length !== width)
    return { fault: `A row has ${width} values here, but this one has ${cells.length}.` };
  try {
    return toRow(cells, places);
  } catch (error) {
    if (error instanceof AppError) return { fault: error.detail };
    throw error;
  }
}

/** The rows of a group of `readRowGroups`, in order. */
export function* readRows(source: string, group: RowGroup): Generator<RowOutcome> {
  const reader = createReader(source, group.rowsFrom + 1);
  const places = toPlaces(group.components);
  if (takeMark(reader, CLOSE_LIST)) return;
  do yield readRow(reader, group.components.length, places);
  while (takeMark(reader, COMMA));
}
