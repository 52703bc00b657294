/**
 * The title of a chart is what it shows: time above the guide value, or the range. Pure; words are a parameter.
 * A period in which people were there counts before the empty room's, because the rule is made for people.
 */
import { toDuration, type Words } from '../sentences.ts';
import { type ChartSeries, toExtent } from './series.ts';

export interface FindingInput {
  readonly property: string;
  readonly unit: string;
  readonly expectedIntervalS: number;
  readonly series: readonly ChartSeries[];
  readonly limit?: number;
  readonly occupied?: readonly (readonly [from: string, until: string])[];
}

export interface TimeAbove {
  readonly measuredMinutes: number;
  readonly aboveMinutes: number;
  readonly aboveOccupiedMinutes: number;
}

/** A point stands for the time until the next one, but never for longer than the expected interval. */
export function toTimeAbove(input: FindingInput & { readonly limit: number }): TimeAbove {
  const occupied = (input.occupied ?? []).map(
    ([from, until]) => [Date.parse(from), Date.parse(until)] as const,
  );
  const stepMs = input.expectedIntervalS * 1000;
  let measuredMs = 0;
  let aboveMs = 0;
  let occupiedMs = 0;
  for (const { points } of input.series) {
    const known = points.filter((point) => point.mean !== null);
    known.forEach((point, index) => {
      const start = Date.parse(point.t);
      const next = known[index + 1];
      const end = Math.min(start + stepMs, next ? Date.parse(next.t) : Number.POSITIVE_INFINITY);
      measuredMs += end - start;
      if (point.mean === null || point.mean <= input.limit) return;
      aboveMs += end - start;
      for (const [from, until] of occupied) {
        occupiedMs += Math.max(0, Math.min(end, until) - Math.max(start, from));
      }
    });
  }
  return {
    measuredMinutes: measuredMs / 60_000,
    aboveMinutes: aboveMs / 60_000,
    aboveOccupiedMinutes: occupiedMs / 60_000,
  };
}

export function toFinding(words: Words, input: FindingInput): string {
  const { places: t, format } = words;
  const property = format.property(input.property);
  const show = (value: number) => format.value(input.property, value, input.unit, 'words');
  const extent = toExtent(input.series);
  if (extent === undefined) return t('finding_nothing');
  const readings = input.series.flatMap(({ points }) => points.filter((point) => point.mean !== null));
  if (readings.length === 1) return t('finding_single', { value: show(readings[0]?.mean ?? 0) });
  if (input.limit !== undefined) {
    const limit = show(input.limit);
    const above = toTimeAbove({ ...input, limit: input.limit });
    if (above.aboveMinutes === 0) return t('finding_below', { property, limit });
    if (above.aboveMinutes === above.measuredMinutes) return t('finding_above_all', { property, limit });
    if (above.aboveOccupiedMinutes >= 1) {
      const duration = toDuration(t, above.aboveOccupiedMinutes);
      return t('finding_above_occupied', { property, limit, duration });
    }
    return t('finding_above', { property, limit, duration: toDuration(t, above.aboveMinutes) });
  }
  if (show(extent.low) === show(extent.high)) return t('finding_flat', { property, value: show(extent.low) });
  return t('finding_range', { property, low: show(extent.low), high: show(extent.high) });
}
