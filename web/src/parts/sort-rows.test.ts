import { expect, test } from 'vitest';
import { sortRows } from './sort-rows.ts';

test('names sort by the language with their numbers counted, and nothing-values stay last both ways', () => {
  const rows = ['Lokale 10', null, 'Lokale 9', 'Ågade'];
  const value = (row: string | null) => row;
  expect(sortRows(rows, value, 'up', 'da-DK')).toEqual(['Lokale 9', 'Lokale 10', 'Ågade', null]);
  expect(sortRows(rows, value, 'down', 'da-DK')).toEqual(['Ågade', 'Lokale 10', 'Lokale 9', null]);
});

test('numbers sort as numbers and equal rows keep their order', () => {
  const rows = [
    { n: 10, id: 'a' },
    { n: 9, id: 'b' },
    { n: 10, id: 'c' },
  ];
  expect(sortRows(rows, (row) => row.n, 'up', 'en-GB').map((row) => row.id)).toEqual(['b', 'a', 'c']);
});
