/**
 * Whether a room's air is rising, falling or steady, for the sentence on its page.
 * Theil-Sen: the median of the slopes between all pairs of points; a single wrong reading cannot turn it.
 * It is a description of the last minutes, never a forecast.
 */

export type Trend = 'rising' | 'falling' | 'steady';

export interface TrendPoint {
  readonly timeMs: number;
  readonly value: number;
}

export interface TrendOptions {
  /** Slope per minute from which it is called rising or falling: 5 ppm a minute fills a room in two lessons. */
  readonly perMinute?: number;
  /** Only the newest points are looked at; pairs grow by the square. */
  readonly maxPoints?: number;
}

/** Median slope per minute, or undefined where fewer than three points at different times exist. */
export function toSlopePerMinute(points: readonly TrendPoint[], maxPoints = 60): number | undefined {
  const finite = points.filter((p) => Number.isFinite(p.value) && Number.isFinite(p.timeMs));
  const newest = finite.toSorted((a, b) => a.timeMs - b.timeMs).slice(-maxPoints);
  if (new Set(newest.map((p) => p.timeMs)).size < 3) return undefined;
  const slopes: number[] = [];
  newest.forEach((late, i) => {
    for (const early of newest.slice(0, i)) {
      const minutes = (late.timeMs - early.timeMs) / 60_000;
      if (minutes > 0) slopes.push((late.value - early.value) / minutes);
    }
  });
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  const upper = slopes[middle] ?? 0;
  return slopes.length % 2 === 1 ? upper : (upper + (slopes[middle - 1] ?? upper)) / 2;
}

/** The trend of the points given (choose them by time first, for example the last 15 minutes). */
export function toTrend(points: readonly TrendPoint[], options: TrendOptions = {}): Trend | undefined {
  const slope = toSlopePerMinute(points, options.maxPoints);
  if (slope === undefined) return undefined;
  const threshold = options.perMinute ?? 5;
  if (slope >= threshold) return 'rising';
  return slope <= -threshold ? 'falling' : 'steady';
}
