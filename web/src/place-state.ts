/**
 * The state of a place as every page shows it: its own, and what is measured in the places below it. Map, list and page
 * ask here, so that they never tell different things. Pure.
 */
import type { Level, PlaceState, PlaceSummary } from './answers.ts';

/** A value that no rule judges is measured, which is not "no data". */
export type Shown = Level | 'unrated';

/** In the order of the legend and of the filter. */
export const SHOWN: readonly Shown[] = ['poor', 'attention', 'good', 'unrated', 'none'];

/** There is a present value; whether a rule judges it is another matter. An old value is no present one. */
export function isMeasured(state: PlaceState): boolean {
  return state.headline !== null && !state.headline.stale;
}

export function toShown(state: PlaceState): Shown {
  return state.level === 'none' && isMeasured(state) ? 'unrated' : state.level;
}

/** The places a visitor asks about: those with sensors; a school is counted by its rooms, not once more itself. */
export function measuredPlaces(places: readonly PlaceSummary[]): readonly PlaceSummary[] {
  const withSensors = places.filter((place) => place.state.devices > 0);
  const inner = withSensors.filter((place) => place.kind === 'room' || place.kind === 'point');
  const covered = new Set(inner.flatMap((place) => place.path.map((step) => step.id)));
  return withSensors.filter((place) => inner.includes(place) || !covered.has(place.id));
}

const WORST: { readonly [S in Shown]: number } = { none: 0, unrated: 1, good: 2, attention: 3, poor: 4 };

export function worstOf(states: readonly Shown[]): Shown {
  return states.reduce<Shown>((worst, one) => (WORST[one] > WORST[worst] ? one : worst), 'none');
}

/**
 * Inside `place`, whatever stands between: a school is as good as the worst of its rooms.
 * Empty for a room, and for a house in which nothing is measured.
 */
export function measuredInside(
  place: { readonly id: number },
  all: readonly PlaceSummary[],
): readonly PlaceSummary[] {
  return measuredPlaces(all.filter((one) => one.path.some((step) => step.id === place.id)));
}

/** A place with the state that is shown of it. */
export interface ToldPlace extends PlaceSummary {
  /** Where the state comes from when it is not measured here itself. */
  readonly from?: PlaceSummary;
  /** What its own sensors say. */
  readonly own: PlaceState;
}

/** A place speaks for itself and for all that is measured inside it: the worst of them leads, and is named. */
export function withStateOfInside(place: PlaceSummary, all: readonly PlaceSummary[]): ToldPlace {
  const inside = measuredInside(place, all);
  const speakers = place.state.devices > 0 ? [place, ...inside] : inside;
  const lead = speakers.reduce<PlaceSummary | undefined>(
    (worst, one) => (worst === undefined || isWorse(one.state, worst.state) ? one : worst),
    undefined,
  );
  if (lead === undefined || inside.length === 0) return { ...place, own: place.state };
  const heard = speakers.map((one) => one.state.lastHeard).filter((one) => one !== null);
  const lastHeard = heard.reduce<string | null>(
    (newest, one) => (newest === null || Date.parse(one) > Date.parse(newest) ? one : newest),
    null,
  );
  const { level, headline } = lead.state;
  return {
    ...place,
    state: { ...place.state, level, headline, lastHeard },
    own: place.state,
    ...(lead === place ? {} : { from: lead }),
  };
}

function isWorse(one: PlaceState, other: PlaceState): boolean {
  const rank = WORST[toShown(one)] - WORST[toShown(other)];
  return rank > 0 || (rank === 0 && shareOfLimit(one) > shareOfLimit(other));
}

/** How near its guide value a place is; what has none comes first come, first served. */
function shareOfLimit({ headline }: PlaceState): number {
  return headline?.rule ? headline.value / headline.rule.limit : 0;
}

const URGENCY: { readonly [S in Shown]: number } = { poor: 0, attention: 1, none: 2, good: 3, unrated: 4 };

export function urgencyOf(state: PlaceState): number {
  return URGENCY[toShown(state)];
}

/** Worst first, silence before what is good, then by name: the order of the list beside the map, and of the keyboard. */
export function byUrgency(locale: string): (a: PlaceSummary, b: PlaceSummary) => number {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  return (a, b) => urgencyOf(a.state) - urgencyOf(b.state) || collator.compare(a.name, b.name);
}
