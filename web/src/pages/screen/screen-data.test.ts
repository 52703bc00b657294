import { describe, expect, test } from 'vitest';
import { ApiProblem } from '../../api.ts';
import { isClosed, type ScreenPlace, withAge } from './screen-data.ts';
import { parseScreenLink } from './screen-link.ts';

const SECRET = 'a'.repeat(43);

describe('the link of a screen', () => {
  test('names its room in the address and keeps its secret in the fragment', () => {
    expect(parseScreenLink('?place=7&lang=sv', `#${SECRET}`)).toEqual({ placeId: '7', secret: SECRET });
  });

  test.each([
    ['', `#${SECRET}`],
    ['?place=7', ''],
    ['?place=7', '#short'],
    ['?place=../users', `#${SECRET}`],
  ])('is no link with "%s" and "%s"', (search, hash) => {
    expect(parseScreenLink(search, hash)).toBeUndefined();
  });

  test('is closed by a refusal, but not by a server that is away', () => {
    expect(isClosed(new ApiProblem(403, { code: 'LINK_USED' }))).toBe(true);
    expect(isClosed(new ApiProblem(0, { code: 'UNAVAILABLE' }))).toBe(false);
    expect(isClosed(new ApiProblem(503, {}))).toBe(false);
  });
});

describe('a value on a screen without a line', () => {
  const fetched = {
    state: {
      level: 'good',
      headline: { phenomenonTime: '2026-11-22T12:00:00Z', stale: false },
    },
  } as unknown as ScreenPlace;

  test('stays for half an hour', () => {
    expect(withAge(fetched, Date.parse('2026-11-22T12:29:00Z'))).toBe(fetched);
  });

  test('is old after that, and no longer good', () => {
    const { state } = withAge(fetched, Date.parse('2026-11-22T12:31:00Z'));
    expect(state).toMatchObject({ level: 'none', headline: { stale: true } });
  });
});
