import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBase64, readHex, readNumber, readTags, readText, toLoraDataRate } from './read.ts';
import { toReceptions } from './receptions.ts';

const bytes = fc.uint8Array({ maxLength: 242 }).map((a) => Buffer.from(a));

describe('payload text', () => {
  it('gives back the bytes of every spelling of base64 and hex', () => {
    fc.assert(
      fc.property(bytes, (payload) => {
        const hex = payload.toString('hex');
        expect(readBase64(payload.toString('base64'))).toBe(hex);
        expect(readBase64(payload.toString('base64url'))).toBe(hex);
        expect(readBase64(payload.toString('base64').replace(/=+$/, ''))).toBe(hex);
        expect(readHex(hex.toUpperCase())).toBe(hex);
      }),
    );
  });

  it('refuses what is almost base64 instead of skipping characters', () => {
    for (const text of ['A', 'AQ=', 'AQ===', 'A Q=', 'AQDX\n', 'AQ+_', '=', 'ÄÖ==', 'A\u0000Q=']) {
      expect(readBase64(text), JSON.stringify(text)).toBeUndefined();
    }
  });

  it('refuses what is almost hexadecimal', () => {
    for (const text of ['0', '0x01', '01 02', 'zz', '٠١']) expect(readHex(text)).toBeUndefined();
  });
});

describe('fields', () => {
  it('reads numbers written as text, within bounds', () => {
    expect(readNumber('-100.000000', -250, 0)).toBe(-100);
    for (const value of ['', ' 1', '1,5', '0x1f ', '-101', null, [], Number.NaN, '1e999', true]) {
      expect(readNumber(value, -100, 100), String(value)).toBeUndefined();
    }
  });

  it('leaves no text that PostgreSQL refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        const read = readText(`${text}\u0000😀`, max);
        expect(read === undefined || (read.length <= max && !/\p{Cc}|\p{Cs}/u.test(read))).toBe(true);
      }),
    );
  });

  it('bounds tags and leaves out nested ones', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'x'.repeat(500)]));
    const tags = readTags(many) ?? {};
    expect(Object.keys(tags)).toHaveLength(50);
    expect(tags.k0).toHaveLength(200);
    expect(readTags(JSON.parse('{"__proto__":"x","a":{"b":1},"c":[1]}'))).toBeUndefined();
  });

  it('spells a data rate the same for hertz and kilohertz', () => {
    expect(toLoraDataRate(7, 125000)).toBe('SF7BW125');
    expect(toLoraDataRate('12', 125)).toBe('SF12BW125');
    expect(toLoraDataRate(7, undefined)).toBeUndefined();
  });
});

describe('receptions', () => {
  const read = (entry: Readonly<Record<string, unknown>>) => ({
    id: entry.id,
    rssi: entry.rssi,
    snr: entry.snr,
    latitude: entry.lat,
    longitude: entry.lon,
  });

  it('stand best first: by SNR, then RSSI, the unknown last', () => {
    const list = [
      { id: 'd' },
      { id: 'c', rssi: -50 },
      { id: 'b', snr: 5, rssi: -90 },
      { id: 'a', snr: 5, rssi: -80 },
    ];
    expect(toReceptions(list, read).map((r) => r.gatewayId)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are in the same order however the server lists them', () => {
    const entry = fc.record({ id: fc.constantFrom('a', 'b', 'c'), snr: fc.integer({ min: -2, max: 2 }) });
    fc.assert(
      fc.property(fc.array(entry), (list) => {
        expect(toReceptions(list, read)).toEqual(toReceptions(list.toReversed(), read));
      }),
    );
  });

  it('are at most 64, one for each gateway', () => {
    const list = Array.from({ length: 300 }, (_, i) => ({ id: `g${i % 100}`, snr: i % 7 }));
    const ids = toReceptions(list, read).map((r) => r.gatewayId);
    expect(ids).toHaveLength(64);
    expect(new Set(ids).size).toBe(64);
  });

  it('leave out a position that is none', () => {
    for (const place of [{ lat: 0, lon: 0 }, { lat: 55 }, { lat: null, lon: null }, { lat: 91, lon: 10 }]) {
      expect(toReceptions([{ id: 'a', ...place }], read)).toEqual([{ gatewayId: 'a' }]);
    }
  });
});
