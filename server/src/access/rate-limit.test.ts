import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiter, toAddressKey } from './rate-limit.ts';

const OPTIONS = {
  freeAttempts: 3,
  firstWaitMs: 1_000,
  longestWaitMs: 8_000,
  forgetAfterMs: 60_000,
  capacity: 100,
};

function start() {
  let nowMs = 1_000_000;
  const limiter = createLimiter(OPTIONS, () => nowMs);
  return { limiter, pass: (ms: number) => (nowMs += ms) };
}

describe('a limiter', () => {
  it('lets the first attempts pass, then doubles the wait up to the longest', () => {
    const { limiter, pass } = start();
    expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([undefined, undefined, undefined]);
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      const wait = limiter.take('a');
      waits.push(wait);
      pass((wait ?? 0) * 1000);
      expect(limiter.take('a')).toBeUndefined();
    }
    expect(waits).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it('counts one key apart from another', () => {
    const { limiter } = start();
    for (let i = 0; i < 4; i++) limiter.take('a');
    expect(limiter.take('a')).toBe(1);
    expect(limiter.take('b')).toBeUndefined();
  });

  it('forgets after a quiet hour, and at once when told', () => {
    const { limiter, pass } = start();
    for (let i = 0; i < 4; i++) limiter.take('a');
    pass(OPTIONS.forgetAfterMs);
    expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([undefined, undefined, undefined]);
    limiter.forget('a');
    expect(limiter.take('a')).toBeUndefined();
  });

  it('gives back the one right attempt and no other', () => {
    const { limiter } = start();
    limiter.take('a');
    limiter.take('a');
    limiter.take('a');
    limiter.giveBack('a');
    expect(limiter.take('a')).toBeUndefined();
    expect(limiter.take('a')).toBe(1);
  });

  it('never holds more keys than its capacity', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 400 }), (keys) => {
        const { limiter } = start();
        for (const key of keys) limiter.take(String(key));
        return limiter.size <= OPTIONS.capacity;
      }),
    );
  });
});

describe('the key of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('of %s is %s', (address, key) => {
    expect(toAddressKey(address)).toBe(key);
  });
});
