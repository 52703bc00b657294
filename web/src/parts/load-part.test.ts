import { describe, expect, it } from 'vitest';
import { loadPart } from './load-part.ts';

function failing(times: number) {
  let tries = 0;
  return {
    tries: () => tries,
    load: async () => {
      tries++;
      if (tries <= times) throw new TypeError('Failed to fetch dynamically imported module');
      return 'here';
    },
  };
}

describe('a part that is loaded when it is needed', () => {
  it('is asked for again until the line is back', async () => {
    const part = failing(3);
    expect(await loadPart(part.load, [1, 1, 1, 1])).toBe('here');
    expect(part.tries()).toBe(4);
  });

  it('fails in the end, with the reason', async () => {
    const part = failing(9);
    await expect(loadPart(part.load, [1, 1])).rejects.toThrow('Failed to fetch');
    expect(part.tries()).toBe(3);
  });
});
