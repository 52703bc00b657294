import { expect, test } from 'vitest';
import type { LiveReading, Place } from './answers.ts';
import { queryKeys } from './api.ts';
import { withReading } from './place-data.ts';

const co2 = {
  property: 'co2',
  value: 600,
  unit: '[ppm]',
  phenomenonTime: '2026-11-22T08:00:00Z',
  quality: 0,
  stale: false,
};
const place: Place = {
  id: 7,
  kind: 'room',
  name: 'Room',
  parentId: null,
  path: [],
  position: null,
  state: {
    level: 'good',
    headline: {
      property: 'co2',
      value: 600,
      unit: '[ppm]',
      phenomenonTime: co2.phenomenonTime,
      trend: null,
      stale: false,
      rule: null,
    },
    lastHeard: co2.phenomenonTime,
    devices: 1,
    silent: 0,
  },
  description: null,
  floor: null,
  areaM2: null,
  volumeM3: null,
  ventilation: null,
  power: null,
  version: 1,
  current: [co2],
  children: [],
  datastreams: [],
};
const reading: LiveReading = {
  placeId: 7,
  property: 'co2',
  value: 650,
  unit: '[ppm]',
  phenomenonTime: '2026-11-22T08:10:00Z',
  quality: 0,
};

test('what is live finds what the page fetched, whether its id came as text or as a number', () => {
  expect(queryKeys.place(7)).toEqual(queryKeys.place('7'));
  expect(queryKeys.series('7', 'co2', 'a', 'b').slice(0, 2)).toEqual(queryKeys.placeSeries(7));
});

test('a live reading moves the number and the headline at once', () => {
  const moved = withReading(place, reading);
  expect(moved.current[0]).toMatchObject({ value: 650, stale: false });
  expect(moved.state.headline?.value).toBe(650);
});

test('a late reading changes nothing, an implausible one never becomes the headline', () => {
  expect(withReading(place, { ...reading, phenomenonTime: '2026-11-22T07:00:00Z' })).toBe(place);
  expect(withReading(place, { ...reading, value: 60_000, quality: 1 }).state.headline?.value).toBe(600);
});
