import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Level, PlaceSummary } from '../answers.ts';
import { type Position, toClusters, toSpots } from './cluster.ts';

function place(
  id: string,
  level: Level,
  position: Position | null,
  parentId: string | null = null,
): PlaceSummary {
  const state = { level, headline: null, lastHeard: null, devices: 1, silent: 0 };
  return { id, kind: 'room', name: id, parentId, path: [], position, state };
}

const spot = (id: string, level: Level, position: Position) => ({
  place: place(id, level, position),
  position,
});

describe('marks on the map', () => {
  test('share one mark when they would touch, which shows the worst state of them', () => {
    const spots = [spot('a', 'good', [9.53, 55.7]), spot('b', 'poor', [9.5301, 55.7])];
    expect(toClusters(spots, 10, 40)).toMatchObject([{ level: 'poor', places: [{ id: 'a' }, { id: 'b' }] }]);
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
          const spots = positions.map((at, index) => spot(String(index), 'good', at));
          const ids = toClusters(spots, zoom, 40).flatMap((cluster) => cluster.places.map((one) => one.id));
          expect(ids.sort()).toEqual(spots.map((one) => one.place.id).sort());
        },
      ),
    );
  });

  test('a room without a position stands where its building stands', () => {
    const building = place('building', 'none', [9.5, 55.7]);
    const room = place('room', 'good', null, 'building');
    expect(toSpots([room], [building, room])).toMatchObject([{ position: [9.5, 55.7] }]);
    expect(toSpots([place('lost', 'good', null)], [])).toEqual([]);
  });
});
