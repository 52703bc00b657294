/**
 * Randomness without state: every number is a hash of the seed and of what it is for, so that a value never
 * depends on what was asked before. Not for secrets.
 */

function mix(hash: number, value: number): number {
  let h = hash ^ Math.imul(value | 0, 0xcc9e2d51);
  h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 bits out of the seed and up to four whole numbers. */
export function toHash(seed: number, a: number, b = 0, c = 0, d = 0): number {
  return mix(mix(mix(mix(seed, a), b), c), d);
}

/** In [0, 1). */
export function toUniform(seed: number, a: number, b = 0, c = 0, d = 0): number {
  return toHash(seed, a, b, c, d) / 4_294_967_296;
}

/** About normal, mean 0 and standard deviation 1, never beyond 3.5 (sum of four uniforms). */
export function toNormal(seed: number, a: number, b = 0, c = 0, d = 0): number {
  const h = toHash(seed, a, b, c, d);
  const g = mix(h, 0x9e3779b9);
  const sum = (h & 0xffff) + (h >>> 16) + (g & 0xffff) + (g >>> 16);
  return (sum / 65_536 - 2) * 1.732;
}

/** A smooth curve through random points one `x` apart, in [-1, 1]. */
export function toSmooth(seed: number, channel: number, x: number): number {
  const i = Math.floor(x);
  const f = x - i;
  const from = toUniform(seed, channel, i);
  const to = toUniform(seed, channel, i + 1);
  return (from + (to - from) * f * f * (3 - 2 * f)) * 2 - 1;
}

/** A number for a text, to tell the things of the town apart. */
export function toKey(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = mix(h, text.charCodeAt(i));
  return h;
}
