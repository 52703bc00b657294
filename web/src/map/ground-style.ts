/**
 * The calm ground: the organisation's own boundary, buildings and roads as a MapLibre style. No tiles, no glyphs,
 * no sprites, so that the map works in a cellar without a network.
 */
import type { GeoJSONSourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { Ground } from '../answers.ts';
import type { Position } from './cluster.ts';

/** Values, not CSS variables: WebGL cannot read those. The same as --torv-map-* in theme/torv.css. */
const LIGHT = {
  land: '#f3efe6',
  town: '#fbf9f5',
  building: '#ddd5c6',
  road: '#ffffff',
  casing: '#d8d0c1',
  edge: '#c4bba9',
};
const DARK = {
  land: '#1b1916',
  town: '#211e1a',
  building: '#3a352d',
  road: '#3a352d',
  casing: '#171512',
  edge: '#4a443a',
};

/** The same shape; ours leaves the geometry open because the server has checked it. */
type GroundData = Exclude<GeoJSONSourceSpecification['data'], string>;

const NOTHING: Ground = { type: 'FeatureCollection', features: [] };

export function toGroundStyle(ground: Ground | undefined, dark: boolean): StyleSpecification {
  const colors = dark ? DARK : LIGHT;
  const kind = (name: string) => ['==', ['get', 'kind'], name] as ['==', ['get', string], string];
  const width = (thin: number, wide: number) =>
    ['interpolate', ['exponential', 1.5], ['zoom'], 11, thin, 18, wide] as unknown as number;
  return {
    version: 8,
    sources: {
      ground: { type: 'geojson', data: (ground ?? NOTHING) as unknown as GroundData },
    },
    layers: [
      { id: 'land', type: 'background', paint: { 'background-color': colors.land } },
      {
        id: 'town',
        type: 'fill',
        source: 'ground',
        filter: kind('boundary'),
        paint: { 'fill-color': colors.town },
      },
      {
        id: 'road-casing',
        type: 'line',
        source: 'ground',
        filter: kind('road'),
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': colors.casing, 'line-width': width(4, 18) },
      },
      {
        id: 'road',
        type: 'line',
        source: 'ground',
        filter: kind('road'),
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': colors.road, 'line-width': width(2.5, 14) },
      },
      {
        id: 'building',
        type: 'fill',
        source: 'ground',
        filter: kind('building'),
        paint: { 'fill-color': colors.building },
      },
      {
        id: 'edge',
        type: 'line',
        source: 'ground',
        filter: kind('boundary'),
        paint: { 'line-color': colors.edge, 'line-width': 1.5 },
      },
    ],
  };
}

/** Every coordinate of the ground, to show all of it when no place has a position. */
export function groundPositions(ground: Ground | undefined): readonly Position[] {
  const found: Position[] = [];
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    const [longitude, latitude] = value;
    if (typeof longitude === 'number' && typeof latitude === 'number') found.push([longitude, latitude]);
    else value.forEach(walk);
  };
  for (const feature of ground?.features ?? []) walk(feature.geometry.coordinates);
  return found;
}
