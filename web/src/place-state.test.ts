import { describe, expect, test } from 'vitest';
import {
  byUrgency,
  measuredInside,
  measuredPlaces,
  SHOWN,
  toShown,
  urgencyOf,
  withStateOfInside,
  worstOf,
} from './place-state.ts';
import { idOf, place, state } from './test-places.ts';

const METER = { property: 'heat_power', value: 29_800, unit: 'W', rule: null, trend: null };

describe('a place without sensors of its own', () => {
  const wing = place('wing', 'building', 'none', ['school']);
  const all = [
    place('school', 'site', 'none'),
    wing,
    place('1', 'room', 'good', ['school', 'wing']),
    place('2', 'room', 'poor', ['school', 'wing']),
    place('3', 'room', 'attention', ['school']),
    place('elsewhere', 'room', 'poor', ['other']),
  ];

  test('speaks for what is measured inside it, however deep', () => {
    expect(measuredInside({ id: idOf('school') }, all).map((one) => one.name)).toEqual(['1', '2', '3']);
    expect(withStateOfInside(wing, all)).toMatchObject({ state: { level: 'poor' }, from: { name: '2' } });
  });

  test('has no state where nothing is measured inside', () => {
    const empty = place('empty', 'site', 'none');
    expect(withStateOfInside(empty, all).state).toBe(empty.state);
  });

  test('is measured when only a value without a guide value is measured inside it', () => {
    const cellar = { ...place('cellar', 'room', 'none', ['hall']), state: state('none', METER) };
    const told = withStateOfInside(place('hall', 'building', 'none'), [cellar]);
    expect(toShown(told.state)).toBe('unrated');
    expect(told).toMatchObject({ from: { name: 'cellar' }, state: { headline: { value: 29_800 } } });
  });

  test('names the room that is nearest to the limit among equals', () => {
    const two = [600, 900, 700].map((value, i) => ({
      ...place(`r${i}`, 'room', 'good', ['school']),
      state: state('good', { value }),
    }));
    expect(withStateOfInside(place('school', 'site', 'none'), two).from?.name).toBe('r1');
  });
});

describe('a place with sensors of its own and rooms inside it', () => {
  const house = { ...place('house', 'building', 'none'), state: state('none', METER) };

  test('is as bad as its worst room, and keeps what its own sensors say', () => {
    const told = withStateOfInside(house, [house, place('bad', 'room', 'poor', ['house'])]);
    expect(told).toMatchObject({ from: { name: 'bad' }, state: { level: 'poor' }, own: house.state });
  });

  test('speaks for itself where nothing inside is heard', () => {
    const silent = {
      ...place('silent', 'room', 'none', ['house']),
      state: state('none', null, { lastHeard: null }),
    };
    const told = withStateOfInside(house, [house, silent]);
    expect(told.from).toBeUndefined();
    expect(toShown(told.state)).toBe('unrated');
  });
});

test('does not count a building again whose rooms are counted', () => {
  const school = { ...place('school', 'building', 'good'), state: state('good') };
  expect(
    measuredPlaces([school, place('1', 'room', 'good', ['school']), place('2', 'room', 'good', ['school'])]),
  ).toHaveLength(2);
  expect(measuredPlaces([school])).toEqual([school]);
});

test('the worst state of a group is shown, and no data never hides a state', () => {
  expect(worstOf(['good', 'poor', 'attention'])).toBe('poor');
  expect(worstOf(['none', 'good'])).toBe('good');
  expect(worstOf([])).toBe('none');
});

test('the list begins with what is worst, then silence, then what is good by name', () => {
  const places = [
    place('b', 'room', 'good'),
    place('a', 'room', 'good'),
    place('n', 'room', 'none'),
    place('p', 'room', 'poor'),
  ];
  expect(places.sort(byUrgency('en-GB')).map((one) => one.name)).toEqual(['p', 'n', 'a', 'b']);
});

test('each state that is shown has its place in the order, and an old value is none', () => {
  expect(new Set(SHOWN.map((one) => worstOf([one, 'none'])))).toEqual(new Set(SHOWN));
  expect(toShown(state('none', { stale: true }))).toBe('none');
  expect(urgencyOf(state('none', null))).toBeLessThan(urgencyOf(state('none', METER)));
});
