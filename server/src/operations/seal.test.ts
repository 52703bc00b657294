import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSealer } from './seal-port.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'torv-seal-'));
const secretKey = 'k'.repeat(40);

it('opens what it sealed, and never seals the same text to the same bytes', () => {
  const sealer = createSealer({ secretKey, dataDir });
  const sealed = sealer.seal('pass wörd', 'source:7');
  expect(sealer.open(sealed, 'source:7')).toBe('pass wörd');
  expect(sealer.seal('pass wörd', 'source:7')).not.toEqual(sealed);
  expect(sealed.includes('wörd')).toBe(false);
});

it('refuses another purpose, another key and changed bytes with a sentence', () => {
  const sealed = createSealer({ secretKey, dataDir }).seal('secret', 'source:7');
  expect(() => createSealer({ secretKey, dataDir }).open(sealed, 'source:8')).toThrow('TORV_SECRET_KEY');
  expect(() => createSealer({ secretKey: 'x'.repeat(40), dataDir }).open(sealed, 'source:7')).toThrow(
    'TORV_SECRET_KEY',
  );
  sealed[14] = (sealed[14] ?? 0) ^ 1;
  expect(() => createSealer({ secretKey, dataDir }).open(sealed, 'source:7')).toThrow('TORV_SECRET_KEY');
});

it('makes a key of its own, readable by its owner alone, and finds it again', () => {
  const sealed = createSealer({ secretKey: undefined, dataDir }).seal('secret', 'a');
  expect(createSealer({ secretKey: undefined, dataDir }).open(sealed, 'a')).toBe('secret');
  expect(statSync(join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600);
});
