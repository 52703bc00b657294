import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@torv/core/errors';
import { REGISTRY_COLUMNS, REGISTRY_KINDS } from '@torv/core/files/registry-rows';
import { describe, expect, it } from 'vitest';
import { parseConfig, SETTINGS } from '../../src/config.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

describe('.env.example', () => {
  const lines = read('.env.example').split('\n');
  const named = lines.flatMap((line) => /^#? ?(TORV_[A-Z_]+)=/.exec(line)?.[1] ?? []);

  it('names every setting once, and no other', () => {
    expect(named).toEqual(Object.keys(SETTINGS));
  });

  it('shows for every setting its meaning and its example', () => {
    const text = read('.env.example');
    for (const [name, { meaning, example }] of Object.entries(SETTINGS)) {
      expect(text).toContain(`# ${meaning}\n#${name}=${example}\n`);
    }
  });

  it('is accepted as it stands when every line is switched on', () => {
    const env = Object.fromEntries(
      lines.flatMap((line) => {
        const match = /^#(TORV_[A-Z_]+)=(.*)$/.exec(line);
        return match ? [[match[1], match[2]]] : [];
      }),
    );
    expect(() => parseConfig(env)).not.toThrow();
  });
});

describe('docs/errors.md', () => {
  const text = read('docs/errors.md');
  const documented = [...text.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1]);

  it('documents every error code once, and none that is gone', () => {
    expect([...documented].sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it('says the same title as the table', () => {
    for (const [code, [kind, title]] of Object.entries(ERRORS)) {
      expect(text).toMatch(
        new RegExp(`\\| \`${code}\` +\\| ${kind} +\\| ${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')} +\\|`),
      );
    }
  });
});

describe('ARCHITECTURE.md', () => {
  it('has at most 200 lines', () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(200);
  });

  it('names only files and folders that exist', async () => {
    const { existsSync } = await import('node:fs');
    const paths = [
      ...read('ARCHITECTURE.md').matchAll(
        /`((?:core|server|web|codecs|demo|docs|bench|e2e|test)\/[A-Za-z0-9_./-]+)`/g,
      ),
    ].map((m) => m[1] as string);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('docs/files.md', () => {
  const text = read('docs/files.md').replace(/ +/g, ' ');

  it.each(REGISTRY_KINDS)('lists every column of %s with its meaning, example and other names', (kind) => {
    for (const [name, column] of Object.entries(REGISTRY_COLUMNS[kind])) {
      const meaning = column.meaning.replaceAll('|', '\\|');
      expect(text).toContain(
        `| \`${name}\`${column.required ? ' (required)' : ''} | ${meaning} | ${column.example} | ${column.aliases.join(', ')} |`.replace(
          / +/g,
          ' ',
        ),
      );
    }
  });
});
