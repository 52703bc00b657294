/** Places for tests of what is said of them; tests only. */
import type { Headline, Level, PlaceState, PlaceSummary } from './answers.ts';

export const headline: Headline = {
  property: 'co2',
  value: 643,
  unit: '[ppm]',
  phenomenonTime: '2026-11-22T11:56:00Z',
  trend: 'falling',
  stale: false,
  rule: { key: 'dk-at-co2', limit: 1000 },
};

export function state(
  level: Level,
  change: Partial<Headline> | null = {},
  rest: Partial<PlaceState> = {},
): PlaceState {
  return {
    level,
    headline: change === null ? null : { ...headline, ...change },
    lastHeard: headline.phenomenonTime,
    devices: 1,
    silent: 0,
    ...rest,
  };
}

/** One number for each name, so that the tests can speak of places by name. */
export const idOf = (() => {
  const ids = new Map<string, number>();
  return (name: string) => {
    const id = ids.get(name) ?? ids.size + 1;
    ids.set(name, id);
    return id;
  };
})();

export function place(
  name: string,
  kind: PlaceSummary['kind'],
  level: Level,
  path: readonly string[] = [],
): PlaceSummary {
  const measured = kind === 'room' || kind === 'point';
  return {
    id: idOf(name),
    kind,
    name,
    parentId: path.length === 0 ? null : idOf(path.at(-1) ?? ''),
    path: path.map((step) => ({ id: idOf(step), name: step })),
    position: null,
    state: state(level, level === 'none' ? null : {}, { devices: measured ? 1 : 0 }),
  };
}
