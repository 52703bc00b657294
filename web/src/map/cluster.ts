/**
 * Which places share a mark at a zoom level, and which state the mark shows: always the worst of them. Pure, in
 * web-mercator pixels; HTML marks are drawn from it because text in a WebGL layer would need a font server.
 */
import type { PlaceSummary } from '../answers.ts';
import { type Shown, toShown, worstOf } from '../place-state.ts';

export type Position = readonly [longitude: number, latitude: number];

export interface Spot {
  readonly place: PlaceSummary;
  readonly position: Position;
}

export interface Cluster {
  readonly key: string;
  readonly position: Position;
  readonly state: Shown;
  /** In the order given; the first is the one that a screen reader hears first. */
  readonly places: readonly PlaceSummary[];
}

/** A room without a position stands where its building stands. */
export function toSpots(shown: readonly PlaceSummary[], all: readonly PlaceSummary[]): readonly Spot[] {
  const byId = new Map(all.map((place) => [place.id, place]));
  const find = (place: PlaceSummary | undefined): Position | null =>
    place === undefined ? null : (place.position ?? (place.parentId ? find(byId.get(place.parentId)) : null));
  return shown.flatMap((place) => {
    const position = find(place);
    return position === null ? [] : [{ place, position }];
  });
}

const TILE_PX = 512;
const MAX_LATITUDE = 85.0511;

function toPixels([longitude, latitude]: Position, zoom: number): readonly [x: number, y: number] {
  const size = TILE_PX * 2 ** zoom;
  const phi = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * Math.PI) / 180;
  const y = (1 - Math.log(Math.tan(phi) + 1 / Math.cos(phi)) / Math.PI) / 2;
  return [((longitude + 180) / 360) * size, y * size];
}

/** Greedy: each place joins the first mark within `radiusPx`, else it makes one. Stable for a stable order. */
export function toClusters(spots: readonly Spot[], zoom: number, radiusPx: number): readonly Cluster[] {
  const groups: { at: readonly [number, number]; spots: Spot[] }[] = [];
  for (const spot of spots) {
    const at = toPixels(spot.position, zoom);
    const near = groups.find((group) => Math.hypot(group.at[0] - at[0], group.at[1] - at[1]) <= radiusPx);
    if (near) near.spots.push(spot);
    else groups.push({ at, spots: [spot] });
  }
  return groups.map((group) => ({
    key: group.spots.map((spot) => spot.place.id).join(' '),
    position: mean(group.spots.map((spot) => spot.position)),
    state: worstOf(group.spots.map((spot) => toShown(spot.place.state))),
    places: group.spots.map((spot) => spot.place),
  }));
}

function mean(positions: readonly Position[]): Position {
  const sum = (index: 0 | 1) => positions.reduce((total, position) => total + position[index], 0);
  return [sum(0) / positions.length, sum(1) / positions.length];
}

export type Box = readonly [west: number, south: number, east: number, north: number];

export function toBox(positions: readonly Position[]): Box | undefined {
  if (positions.length === 0) return undefined;
  const longitudes = positions.map((position) => position[0]);
  const latitudes = positions.map((position) => position[1]);
  return [Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)];
}

/** Room for the marks themselves, and at the top for the buttons. */
export const FIT_PADDING = { top: 88, right: 48, bottom: 48, left: 48 };
