import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsvText, renderCsvCell } from './csv-cell.ts';
import { createRegistryReader, REGISTRY_COLUMNS, REGISTRY_KINDS } from './registry-rows.ts';

describe.each(REGISTRY_KINDS)('the columns of %s', (kind) => {
  const table = REGISTRY_COLUMNS[kind];

  it('read their own examples', () => {
    const names = Object.keys(table);
    const reader = createRegistryReader(kind, names);
    const { faults, fields } = reader.read(names.map((name) => table[name]?.example ?? ''));
    expect(faults).toEqual([]);
    expect(Object.keys(fields)).toEqual(names);
  });

  it('are never two things under one name', () => {
    const all = Object.entries(table).flatMap(([name, column]) => [
      name,
      ...column.aliases.filter((alias) => alias !== name),
    ]);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('a cell that Torv writes', () => {
  it('never begins as a formula when it is a text, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = renderCsvCell(text);
        const bare = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
        expect(bare).not.toMatch(/^[=+\-@\t\r]/);
        if (!/^'[=+\-@\t\r]/.test(text)) expect(readCsvText(bare)).toBe(text);
      }),
    );
  });

  it('leaves a negative number alone', () => {
    expect(renderCsvCell(-3.5)).toBe('-3.5');
  });
});
