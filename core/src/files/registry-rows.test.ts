import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsvText, renderCsvCell } from './csv-cell.ts';
import { createRegistryReader, REGISTRY_COLUMNS, REGISTRY_KINDS } from './registry-rows.ts';

const DOCS = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8');

describe.each(REGISTRY_KINDS)('the columns of %s', (kind) => {
  const table = REGISTRY_COLUMNS[kind];

  it('stand in docs/files.md with their meaning, example and other names', () => {
    for (const [name, column] of Object.entries(table)) {
      const row = `| \`${name}\`${column.required ? ' (required)' : ''} | ${column.meaning.replaceAll('|', '\\|')} | ${column.example} | ${column.aliases.join(', ')} |`;
      expect(DOCS).toContain(row);
    }
  });

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
