/**
 * What a readings file would become, gathered line by line in bounded memory: columns with their first values,
 * bad lines by number, series with gaps, moments that occur twice, suspicions. Writes nothing and judges no value
 * away: what is implausible is counted and would be stored with its flag.
 */
import { PROPERTIES, type PropertyKey, QUALITY } from '../properties.ts';
import type { Cell, ColumnRole, ReadRow, RowFaultCode } from './readings-row.ts';
import type { RegistryFault } from './registry-rows.ts';
import { renderCellTime } from './time-cell.ts';

export interface ColumnSummary {
  readonly column: string;
  readonly role: ColumnRole['role'];
  readonly property: PropertyKey | null;
  /** UCUM code of what is stored. */
  readonly unit: string | null;
  readonly channel: number | null;
  readonly values: number;
  readonly empty: number;
  readonly bad: number;
  readonly implausible: number;
  readonly min: number | null;
  readonly max: number | null;
  /** As the file has them, and what they become. */
  readonly first: readonly { readonly from: string; readonly to: number | boolean | null }[];
}

export interface BadLine {
  readonly line: number;
  readonly column: string | null;
  readonly value: string;
  readonly code: RowFaultCode | RegistryFault['code'];
  readonly reason: string;
}

export interface SeriesSummary {
  readonly placeId: number;
  readonly sensor: string;
  readonly property: PropertyKey;
  readonly channel: number;
  readonly readings: number;
  readonly implausible: number;
  readonly duplicates: number;
  readonly from: string;
  readonly until: string;
  /** The usual distance between two readings. */
  readonly intervalS: number | null;
  readonly gaps: number;
  readonly longestGaps: readonly { readonly from: string; readonly until: string }[];
}

export type Suspicion =
  | { readonly code: 'fraction'; readonly column: string }
  | { readonly code: 'fahrenheit'; readonly column: string }
  | { readonly code: 'mostly-implausible'; readonly column: string }
  | { readonly code: 'duplicates-not-counted' };

export interface ReadingsSummary {
  readonly rows: number;
  readonly readings: number;
  readonly implausible: number;
  readonly duplicates: number;
  /** Lines whose local time occurred twice that night. */
  readonly twice: number;
  readonly badLines: number;
  readonly badByCode: Readonly<Record<string, number>>;
  /** The first ones, by line. */
  readonly bad: readonly BadLine[];
  readonly from: string | null;
  readonly until: string | null;
  readonly columns: readonly ColumnSummary[];
  readonly series: readonly SeriesSummary[];
  readonly suspicions: readonly Suspicion[];
}

interface ColumnCount {
  values: number;
  empty: number;
  bad: number;
  implausible: number;
  min: number;
  max: number;
  readonly first: { from: string; to: number | boolean | null }[];
}

interface SeriesCount {
  readonly placeId: number;
  readonly sensor: string;
  readonly property: PropertyKey;
  readonly channel: number;
  readings: number;
  implausible: number;
  duplicates: number;
  firstMs: number;
  lastMs: number;
  beforeMs: number;
  intervalMs: number | undefined;
  gaps: number;
  /** Distances that wait until the usual one is known. */
  waiting: { fromMs: number; untilMs: number }[];
  longest: { fromMs: number; untilMs: number }[];
  readonly seen: Set<number>;
}

const MOST_BAD = 200;
const MOST_FIRST = 5;
const MOST_SERIES = 2000;
const MOST_GAPS = 5;
/** So many distances say what the usual one is. */
const INTERVAL_SAMPLE = 60;
/** Three times the usual distance is a gap. */
const GAP_FACTOR = 3;
/** Moments remembered to find the same one again: about 60 MB. */
const MOST_SEEN = 1_000_000;

export interface SummaryWriter {
  add(line: number, cells: readonly Cell[], row: ReadRow): void;
  addBad(line: number, code: RowFaultCode, reason: string): void;
  finish(): ReadingsSummary;
}

export function createSummary(header: readonly string[], roles: readonly ColumnRole[]): SummaryWriter {
  const columns: ColumnCount[] = header.map(() => ({
    values: 0,
    empty: 0,
    bad: 0,
    implausible: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    first: [],
  }));
  const series = new Map<string, SeriesCount>();
  const bad: BadLine[] = [];
  const badByCode: Record<string, number> = {};
  const count = { rows: 0, readings: 0, implausible: 0, duplicates: 0, twice: 0, badLines: 0, seen: 0 };

  function addFault(
    line: number,
    fault: { column: string | null; value: string; code: RowFaultCode; reason: string },
  ): void {
    badByCode[fault.code] = (badByCode[fault.code] ?? 0) + 1;
    if (bad.length < MOST_BAD) bad.push({ line, ...fault, value: fault.value.slice(0, 80) });
  }

  function toSeries(row: ReadRow['readings'][number]): SeriesCount {
    const key = `${row.placeId}\n${row.property}\n${row.channel}\n${row.sensor}`;
    let one = series.get(key);
    if (one === undefined) {
      const { placeId, sensor, property, channel } = row;
      one = {
        placeId,
        sensor,
        property,
        channel,
        readings: 0,
        implausible: 0,
        duplicates: 0,
        firstMs: row.ms,
        lastMs: row.ms,
        beforeMs: row.ms,
        intervalMs: undefined,
        gaps: 0,
        waiting: [],
        longest: [],
        seen: new Set(),
      };
      series.set(key, one);
    }
    return one;
  }

  function addReading(reading: ReadRow['readings'][number]): void {
    const one = toSeries(reading);
    const column = columns[reading.column];
    const implausible = (reading.quality & QUALITY.implausible) !== 0;
    count.readings += 1;
    one.readings += 1;
    if (implausible) {
      count.implausible += 1;
      one.implausible += 1;
      if (column) column.implausible += 1;
    }
    if (column) {
      column.values += 1;
      const number = Number(reading.value);
      if (number < column.min) column.min = number;
      if (number > column.max) column.max = number;
    }
    const moment = reading.ms * 1000 + reading.micros;
    if (one.seen.has(moment)) {
      one.duplicates += 1;
      count.duplicates += 1;
      return;
    }
    if (count.seen < MOST_SEEN) {
      one.seen.add(moment);
      count.seen += 1;
    }
    if (reading.ms > one.beforeMs) addDistance(one, one.beforeMs, reading.ms);
    one.beforeMs = reading.ms;
    if (reading.ms < one.firstMs) one.firstMs = reading.ms;
    if (reading.ms > one.lastMs) one.lastMs = reading.ms;
  }

  return {
    add(line, cells, row) {
      count.rows += 1;
      if (row.twice) count.twice += 1;
      for (const reading of row.readings) addReading(reading);
      if (row.faults.length > 0) count.badLines += 1;
      for (const fault of row.faults) {
        const column = columns[fault.column];
        if (column) column.bad += 1;
        addFault(line, {
          column: header[fault.column] ?? null,
          value: fault.value,
          code: fault.code,
          reason: fault.reason,
        });
      }
      for (const [i, column] of columns.entries()) {
        const cell = cells[i];
        if (cell === undefined || (typeof cell === 'string' && cell.trim() === '')) column.empty += 1;
        else if (column.first.length < MOST_FIRST) {
          const became = row.readings.find((reading) => reading.column === i);
          column.first.push({ from: String(cell).slice(0, 60), to: became?.value ?? null });
        }
      }
    },
    addBad(line, code, reason) {
      count.rows += 1;
      count.badLines += 1;
      addFault(line, { column: null, value: '', code, reason });
    },
    finish() {
      const all = [...series.values()];
      for (const one of all) settleInterval(one);
      const firstMs = all.reduce((least, one) => Math.min(least, one.firstMs), Number.POSITIVE_INFINITY);
      const lastMs = all.reduce((most, one) => Math.max(most, one.lastMs), Number.NEGATIVE_INFINITY);
      return {
        rows: count.rows,
        readings: count.readings,
        implausible: count.implausible,
        duplicates: count.duplicates,
        twice: count.twice,
        badLines: count.badLines,
        badByCode,
        bad,
        from: all.length === 0 ? null : toText(firstMs),
        until: all.length === 0 ? null : toText(lastMs),
        columns: header.map((name, i) => toColumn(name, roles[i], columns[i] as ColumnCount)),
        series: all.slice(0, MOST_SERIES).map(toSeriesSummary),
        suspicions: [
          ...header.flatMap((name, i) => toSuspicions(name, roles[i], columns[i] as ColumnCount)),
          ...(count.seen >= MOST_SEEN ? [{ code: 'duplicates-not-counted' } as const] : []),
        ],
      };
    },
  };
}

function toText(ms: number): string {
  return renderCellTime({ ms, micros: 0 });
}

function addDistance(one: SeriesCount, fromMs: number, untilMs: number): void {
  if (one.intervalMs === undefined) {
    one.waiting.push({ fromMs, untilMs });
    if (one.waiting.length >= INTERVAL_SAMPLE) settleInterval(one);
    return;
  }
  if (untilMs - fromMs <= one.intervalMs * GAP_FACTOR) return;
  one.gaps += 1;
  one.longest.push({ fromMs, untilMs });
  one.longest.sort((a, b) => b.untilMs - b.fromMs - (a.untilMs - a.fromMs));
  one.longest.length = Math.min(one.longest.length, MOST_GAPS);
}

function settleInterval(one: SeriesCount): void {
  if (one.intervalMs !== undefined || one.waiting.length === 0) return;
  const sorted = one.waiting.map((d) => d.untilMs - d.fromMs).sort((a, b) => a - b);
  one.intervalMs = sorted[sorted.length >> 1];
  const waiting = one.waiting;
  one.waiting = [];
  for (const { fromMs, untilMs } of waiting) addDistance(one, fromMs, untilMs);
}

function toSeriesSummary(one: SeriesCount): SeriesSummary {
  return {
    placeId: one.placeId,
    sensor: one.sensor,
    property: one.property,
    channel: one.channel,
    readings: one.readings,
    implausible: one.implausible,
    duplicates: one.duplicates,
    from: toText(one.firstMs),
    until: toText(one.lastMs),
    intervalS: one.intervalMs === undefined ? null : one.intervalMs / 1000,
    gaps: one.gaps,
    longestGaps: one.longest.map((gap) => ({ from: toText(gap.fromMs), until: toText(gap.untilMs) })),
  };
}

function toColumn(column: string, role: ColumnRole | undefined, c: ColumnCount): ColumnSummary {
  const mapping = role?.role === 'values' ? role.mapping : undefined;
  return {
    column,
    role: role?.role ?? 'ignored',
    property: mapping?.property ?? null,
    unit: mapping === undefined ? null : PROPERTIES[mapping.property].unit,
    channel: mapping === undefined ? null : (mapping.channel ?? 0),
    values: c.values,
    empty: c.empty,
    bad: c.bad,
    implausible: c.implausible,
    min: c.values === 0 ? null : c.min,
    max: c.values === 0 ? null : c.max,
    first: c.first,
  };
}

/** Mistakes of mapping that the values themselves give away; the person decides. */
function toSuspicions(column: string, role: ColumnRole | undefined, c: ColumnCount): Suspicion[] {
  if (role?.role !== 'values' || c.values < 10) return [];
  const { property } = role.mapping;
  if (property === 'relative_humidity' && c.min >= 0 && c.max <= 1) return [{ code: 'fraction', column }];
  if (property === 'air_temperature' && c.min > 45) return [{ code: 'fahrenheit', column }];
  return c.implausible > c.values / 2 ? [{ code: 'mostly-implausible', column }] : [];
}
