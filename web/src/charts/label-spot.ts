/**
 * Where the words of a guide value may stand so that they never lie on the data: one of six spots along its line, or
 * above the drawing when every one of them is taken. Pure: sizes are parameters, and are guessed small, so that a spot
 * that is free stays free on a wider screen.
 */
import { breakAtGaps, type ChartSeries } from './series.ts';

const SPOTS = [
  'insideStartTop',
  'insideEndTop',
  'insideMiddleTop',
  'insideStartBottom',
  'insideEndBottom',
  'insideMiddleBottom',
] as const;
export type LabelSpot = (typeof SPOTS)[number];

/** Of a letter of 13 px, and around the words. */
const LETTER_PX = 7.5;
const PADDING_PX = 14;
const LINE_PX = 22;

export interface Plot {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly min: number;
  readonly max: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly low: number;
  readonly high: number;
}

/** @returns undefined where the words would hide data wherever they stood. */
export function findLabelSpot(
  plot: Plot,
  limit: number,
  label: string,
  series: readonly ChartSeries[],
  expectedIntervalS: number,
): LabelSpot | undefined {
  const boxes = SPOTS.map((spot) => ({ spot, box: toBox(plot, limit, label, spot) })).filter(
    ({ box }) =>
      box.high <= plot.max && box.low >= plot.min && box.left >= plot.fromMs && box.right <= plot.toMs,
  );
  return boxes.find(({ box }) => series.every((one) => isFree(box, one, expectedIntervalS)))?.spot;
}

function toBox(plot: Plot, limit: number, label: string, spot: LabelSpot): Box {
  const span = plot.toMs - plot.fromMs;
  const width = ((label.length * LETTER_PX + PADDING_PX) / plot.widthPx) * span;
  const height = (LINE_PX / plot.heightPx) * (plot.max - plot.min);
  const left = spot.includes('Start')
    ? plot.fromMs
    : spot.includes('End')
      ? plot.toMs - width
      : plot.fromMs + (span - width) / 2;
  const low = spot.endsWith('Top') ? limit : limit - height;
  return { left, right: left + width, low, high: low + height };
}

/** Neither the line nor its envelope passes through the box, also not between two readings. */
function isFree(box: Box, series: ChartSeries, expectedIntervalS: number): boolean {
  const cells = breakAtGaps(series.points, expectedIntervalS);
  return cells.every(({ ms, point }, i) => {
    if (point?.mean == null) return true;
    const here = { ms, low: point.min ?? point.mean, high: point.max ?? point.mean };
    const next = cells[i + 1];
    const mean = next?.point?.mean;
    const there =
      next?.point == null || mean == null
        ? here
        : { ms: next.ms, low: next.point.min ?? mean, high: next.point.max ?? mean };
    const from = Math.max(box.left, here.ms);
    const to = Math.min(box.right, there.ms);
    if (from > to) return true;
    const share = (at: number) => (there.ms === here.ms ? 0 : (at - here.ms) / (there.ms - here.ms));
    const at = (key: 'low' | 'high', ms: number) => here[key] + (there[key] - here[key]) * share(ms);
    const low = Math.min(at('low', from), at('low', to));
    const high = Math.max(at('high', from), at('high', to));
    return high < box.low || low > box.high;
  });
}
