/**
 * The Milesight scripts must each stand alone in the sandbox and yet be one reader: the part behind the mark is the
 * same in all of them. am300.js is the one to edit; `npx vitest run codecs/milesight -u` copies it into the others.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, 'milesight');
const MARK = '  // --- The reader that all Milesight scripts share.';

function split(file: string): readonly [own: string, reader: string] {
  const script = readFileSync(join(FOLDER, file), 'utf8');
  const at = script.indexOf(MARK);
  if (at < 0) throw new Error(`${file} has no shared reader`);
  return [script.slice(0, at), script.slice(at)];
}

describe('the Milesight scripts', () => {
  const [, reader] = split('am300.js');
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.js'));

  it('are seven, and the reader is most of the small ones', () => {
    expect(files.length).toBe(7);
    expect(reader.length).toBeGreaterThan(3000);
  });

  it.each(files)('%s ends with the same reader as am300.js', async (file) => {
    await expect(split(file)[0] + reader).toMatchFileSnapshot(join(FOLDER, file));
  });
});
