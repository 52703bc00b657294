import { describe, expect, test } from 'vitest';
import { toLostSince } from './screen-data.ts';
import { forget, recall, remember } from './screen-memory.ts';

const LINK = { placeId: '7', secret: 'abcdef'.repeat(7).padEnd(43, 'x') };
const OTHER = { placeId: '7', secret: 'z'.repeat(43) };

/** What a browser keeps, as far as a screen uses it. */
function createStorage(): Storage {
  const items: Record<string, string> = {};
  const methods = {
    getItem: (key: string) => items[key] ?? null,
    setItem: (key: string, value: string) => {
      items[key] = value;
    },
    removeItem: (key: string) => Reflect.deleteProperty(items, key),
  };
  return new Proxy(items, {
    get: (target, key) => Reflect.get(methods, key) ?? Reflect.get(target, key),
  }) as unknown as Storage;
}

describe('what a screen knew last', () => {
  test('comes back with the moment it was fetched', () => {
    const storage = createStorage();
    remember(LINK, 'place', { name: 'Room 7' }, 1_000, () => storage);
    expect(recall(LINK, 'place', () => storage)).toEqual({ fetchedAtMs: 1_000, body: { name: 'Room 7' } });
  });

  test('belongs to its link alone, and never holds the secret', () => {
    const storage = createStorage();
    remember(LINK, 'place', { name: 'Room 7' }, 1_000, () => storage);
    expect(recall(OTHER, 'place', () => storage)).toBeUndefined();
    expect(Object.keys(storage).join() + Object.values(storage).join()).not.toContain(LINK.secret);
  });

  test('is forgotten when the link is closed', () => {
    const storage = createStorage();
    remember(LINK, 'place', {}, 1_000, () => storage);
    remember(LINK, 'series', {}, 1_000, () => storage);
    remember(OTHER, 'place', {}, 1_000, () => storage);
    forget(LINK, () => storage);
    expect(recall(LINK, 'place', () => storage)).toBeUndefined();
    expect(recall(LINK, 'series', () => storage)).toBeUndefined();
    expect(recall(OTHER, 'place', () => storage)).toBeDefined();
  });

  test('is nothing where storing is forbidden or what was stored is broken', () => {
    const forbidden = () => {
      throw new Error('SecurityError');
    };
    expect(() => remember(LINK, 'place', {}, 1_000, forbidden)).not.toThrow();
    expect(recall(LINK, 'place', forbidden)).toBeUndefined();
    const storage = createStorage();
    remember(LINK, 'place', {}, 1_000, () => storage);
    for (const key of Object.keys(storage)) storage.setItem(key, '{');
    expect(recall(LINK, 'place', () => storage)).toBeUndefined();
  });
});

describe('a screen without a line', () => {
  test('says so as soon as an answer fails, with the moment of the last one', () => {
    expect(toLostSince(1_000, true, 2_000)).toBe(1_000);
  });

  test('says so when what it shows is not of now, even before the first answer fails', () => {
    expect(toLostSince(0, false, 60_000)).toBe(0);
    expect(toLostSince(50_000, false, 60_000)).toBeUndefined();
  });
});
