import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Level, PlaceSummary } from '../answers.ts';
import { type Position, toClusters, toSpots } from './cluster.ts';

function place(
  id: number,
  level: Level,
  position: Position | null,
  parentId: number | null = null,
): PlaceSummary {
  const state = { level, headline: null, lastHeard: null, devices: 1, silent: 0 };
  return { id, kind: 'room', name: `Place ${id}`, parentId, path: [], position, state };
}

const spot = (id: number, level: Level, position: Position) => ({
  place: place(id, level, position),
  position,
});

describe('marks on the map', () => {
  test('share one mark when they would touch, which shows the worst state of them', () => {
    const spots = [spot(1, 'good', [9.53, 55.7]), spot(2, 'poor', [9.5301, 55.7])];
    expect(toClusters(spots, 10, 40)).toMatchObject([{ state: 'poor', places: [{ id: 1 }, { id: 2 }] }]);
    expect(toClusters(spots, 20, 40)).toHaveLength(2);
  });

  test('hold every place exactly once at any zoom', () => {
    const position = fc.tuple(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -90, max: 90, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(position, { maxLength: 40 }),
        fc.integer({ min: 0, max: 20 }),
        (positions, zoom) => {
          const spots = positions.map((at, index) => spot(index, 'good', at));
          const ids = toClusters(spots, zoom, 40).flatMap((cluster) => cluster.places.map((one) => one.id));
          expect(new Set(ids)).toEqual(new Set(spots.map((one) => one.place.id)));
          expect(ids).toHaveLength(spots.length);
        },
      ),
    );
  });

  test('a room without a position stands where its building stands', () => {
    const building = place(10, 'none', [9.5, 55.7]);
    const room = place(11, 'good', null, 10);
    expect(toSpots([room], [building, room])).toMatchObject([{ position: [9.5, 55.7] }]);
    expect(toSpots([place(12, 'good', null)], [])).toEqual([]);
  });
});
