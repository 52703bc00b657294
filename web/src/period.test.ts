import { expect, test } from 'vitest';
import { toPeriod } from './period.ts';

test('today is the local day, also when the clocks change', () => {
  const during = Date.parse('2026-10-25T12:00:00Z');
  expect(toPeriod('day', during, 'Europe/Copenhagen')).toEqual({
    from: '2026-10-24T22:00:00Z',
    to: '2026-10-25T23:00:00Z',
  });
});

test('the last week is seven whole local days that end tonight', () => {
  const late = Date.parse('2026-11-22T23:30:00Z'); // already Monday in Copenhagen
  expect(toPeriod('week', late, 'Europe/Copenhagen')).toEqual({
    from: '2026-11-16T23:00:00Z',
    to: '2026-11-23T23:00:00Z',
  });
});
