import { describe, expect, it } from 'vitest';
import { readGeoJson } from './geojson.ts';
import { parseJsonText } from './json-text.ts';

const read = (value: unknown) => {
  const source = JSON.stringify(value);
  return readGeoJson(source, parseJsonText(source));
};
const RING = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
];

describe('GeoJSON', () => {
  it.each([
    [{ type: 'Point', coordinates: [10.2, 56.1] }, '{"type":"Point","coordinates":[10.2,56.1]}'],
    // a height and what else is there are kept with the value, not in the plain geometry
    [
      { type: 'Point', coordinates: [1, 2, 30], crs: { type: 'name' }, bbox: [0] },
      '{"type":"Point","coordinates":[1,2]}',
    ],
    [
      { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [RING] } },
      '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}',
    ],
    [
      {
        type: 'FeatureCollection',
        features: [
          { type: 'Feature', geometry: null },
          { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] } },
        ],
      },
      '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}',
    ],
    [{ type: 'Feature', geometry: null }, undefined],
    [
      { type: 'MultiPolygon', coordinates: [[RING]] },
      '{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}',
    ],
  ])('%j becomes a plain geometry', (value, geometry) => {
    // biome-ignore format: a table
    expect(read(value)).toEqual({ kind: 'geometry', geometry });
  });

  it.each([
    [{ type: 'Point' }, '/coordinates'],
    [{ type: 'Point', coordinates: [1] }, '/coordinates'],
    [{ type: 'Point', coordinates: [1, '2'] }, '/coordinates/1'],
    [{ type: 'LineString', coordinates: [[1, 2]] }, '/coordinates'],
    [{ type: 'Polygon', coordinates: [] }, '/coordinates'],
    [{ type: 'Polygon', coordinates: [RING.slice(0, 3)] }, '/coordinates/0'],
    [{ type: 'Polygon', coordinates: [[...RING.slice(0, 3), [9, 9]]] }, '/coordinates/0'],
    [{ type: 'Feature' }, '/geometry'],
    [{ type: 'Feature', geometry: { type: 'Circle', coordinates: [1, 2] } }, '/geometry/type'],
    [{ type: 'GeometryCollection', geometries: [{ type: 'Point' }] }, '/geometries/0/coordinates'],
  ])('%j is at fault, and the place is named', (value, at) => {
    // biome-ignore format: a table
    expect(read(value)).toMatchObject({ kind: 'fault', at });
  });

  it.each(['Torvet 1', 1, null, [], { street: 'Torvet' }, { type: 'Address' }])(
    '%j is something else',
    (value) => {
      expect(read(value)).toEqual({ kind: 'other' });
    },
  );
});
