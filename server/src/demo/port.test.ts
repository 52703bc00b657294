import { describe, expect, test } from 'vitest';
import { demoTown } from './port.ts';
import { parseTown, readDemoFile } from './town.ts';

const town = demoTown({ startedAt: '2026-11-22T10:00:00Z' });

interface Feature {
  readonly properties: { readonly kind: string };
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
}

function toPositions(coordinates: unknown): [number, number][] {
  if (!Array.isArray(coordinates)) return [];
  if (typeof coordinates[0] === 'number') return [coordinates as [number, number]];
  return coordinates.flatMap(toPositions);
}

function isInside([x, y]: readonly [number, number], ring: readonly (readonly [number, number])[]): boolean {
  let inside = false;
  ring.forEach(([x1, y1], i) => {
    const [x0, y0] = ring[(i + ring.length - 1) % ring.length] ?? [0, 0];
    if (y1 > y !== y0 > y && x < ((x0 - x1) * (y - y1)) / (y0 - y1) + x1) inside = !inside;
  });
  return inside;
}

describe('the demo town', () => {
  test('has twelve classrooms in two schools, of every kind of ventilation', () => {
    const classrooms = town.places.filter((place) => place.roomUse === 'classroom');
    expect(classrooms).toHaveLength(12);
    expect(new Set(classrooms.map((place) => place.ventilation))).toEqual(
      new Set(['none', 'natural', 'mechanical', 'co2-controlled']),
    );
    for (const room of classrooms) expect(room.volumeM3).toBeGreaterThan(150);
  });

  test('names only places, roles and devices that exist, each once', () => {
    const places = new Set(town.places.map((place) => place.ref));
    const roles = new Set(town.roles.map((role) => role.ref));
    expect(places.size).toBe(town.places.length);
    for (const place of town.places) {
      if (place.parentRef !== undefined) expect(places).toContain(place.parentRef);
      if (place.roleRef !== undefined) expect(roles).toContain(place.roleRef);
    }
    for (const device of town.devices)
      if (device.placeRef !== undefined) expect(places).toContain(device.placeRef);
    expect(new Set(town.devices.map((device) => device.devEui)).size).toBe(town.devices.length);
    expect(town.devices.filter((device) => device.placeRef === undefined)).toHaveLength(1);
  });

  test('stands on its ground: at most a hundred features, all places and gateways within the boundary', () => {
    const { features } = town.ground as { readonly features: readonly Feature[] };
    expect(features.length).toBeLessThanOrEqual(100);
    const boundary = toPositions(
      features.find((f) => f.properties.kind === 'boundary')?.geometry.coordinates,
    );
    expect(boundary.length).toBeGreaterThan(4);
    for (const place of town.places) {
      if (place.position)
        expect(isInside([place.position.longitude, place.position.latitude], boundary)).toBe(true);
    }
    for (const gateway of town.gateways)
      expect(isInside([gateway.longitude, gateway.latitude], boundary)).toBe(true);
    for (const feature of features) {
      if (feature.geometry.type !== 'Polygon') continue;
      const ring = toPositions(feature.geometry.coordinates);
      expect(ring[0]).toEqual(ring.at(-1));
      // RFC 7946, 3.1.6: the outer ring runs counter-clockwise
      const area = ring
        .slice(1)
        .reduce((sum, [x, y], i) => sum + (ring[i]?.[0] ?? 0) * y - x * (ring[i]?.[1] ?? 0), 0);
      expect(area).toBeGreaterThan(0);
    }
  });

  test('lets classes move up in August with the same pupils, one class to a room', () => {
    const class7 = town.groups.find((g) => g.years.some((y) => y.schoolYear === 2026 && y.name === '7.A'));
    expect(class7?.years.map((y) => y.name)).toEqual(['7.A', '8.A', '9.A']);
    expect(new Set(class7?.years.map((y) => y.people)).size).toBe(1);
    expect(class7?.rooms[0]).toEqual({
      placeRef: 'nord-1',
      from: '2026-07-31T22:00:00Z',
      until: '2027-07-31T22:00:00Z',
    });
    const stays = town.groups.flatMap((g) => g.rooms.map((room) => `${room.placeRef} ${room.from}`));
    expect(new Set(stays).size).toBe(stays.length);
  });

  test('teaches by timetable on school days only', () => {
    expect(town.lessonsOn('nord-1', '2026-11-16')[0]).toEqual({ from: 480, until: 525 });
    expect(town.lessonsOn('nord-1', '2026-11-16')).toHaveLength(7);
    expect(town.lessonsOn('nord-1', '2026-10-14')).toEqual([]);
    expect(town.lessonsOn('nord-1', '2026-11-21')).toEqual([]);
  });

  test('refuses a file with a place that does not exist', () => {
    const data = parseTown(readDemoFile('town.json'));
    const wrong = {
      ...data,
      devices: data.devices.map((d, i) => (i === 3 ? { ...d, place: 'nowhere' } : d)),
    };
    expect(() => parseTown(wrong)).toThrow('unknown place');
    expect(() => parseTown({ ...data, places: 3 })).toThrow('BAD_FILE');
  });
});
