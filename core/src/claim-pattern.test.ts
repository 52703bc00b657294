/** The pattern language of claim rules: examples that a technician would write, and its algebra. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CAPTURE_KINDS,
  type ClaimPattern,
  fillClaimTemplate,
  isFault,
  MAX_TEXT_LENGTH,
  matchClaimPattern,
  type PatternToken,
  parseClaimPattern,
  parseClaimTemplate,
  printClaimPattern,
} from './claim-pattern.ts';

function parsed(text: string): ClaimPattern {
  const result = parseClaimPattern(text);
  if (isFault(result)) throw new Error(`${text}: ${result.fault}`);
  return result.value;
}

const match = (pattern: string, text: string) => {
  const captures = matchClaimPattern(parsed(pattern), text);
  return captures && Object.fromEntries(captures);
};

describe('a claim pattern', () => {
  it('keeps school and room out of a name', () => {
    expect(match('skole-{school}-lokale-{room}', 'Skole-Nord-Lokale-12')).toEqual({
      school: 'Nord',
      room: '12',
    });
  });
  it('keeps a number without leading zeros and digits with them', () => {
    expect(match('lok{room:number}', 'LOK007')).toEqual({ room: '7' });
    expect(match('lok{room:digits}', 'LOK007')).toEqual({ room: '007' });
    expect(match('lok{room:number}', 'lok000')).toEqual({ room: '0' });
    expect(match('lok{room:digits}', 'lok7b')).toBeUndefined();
    expect(match('{a:word} {b}', 'Ærø x y')).toEqual({ a: 'Ærø', b: 'x y' });
  });
  it('always means the whole text', () => {
    expect(match('lokale', 'lokale 12')).toBeUndefined();
    expect(match('lokale*', 'lokale 12')).toEqual({});
    expect(match('', '')).toEqual({});
    expect(match('', 'x')).toBeUndefined();
  });
  it('gives the earlier capture the shortest text', () => {
    expect(match('{a}-{b}', '1-2-3')).toEqual({ a: '1', b: '2-3' });
    expect(match('*-{b}', '1-2-3')).toEqual({ b: '2-3' });
  });
  it('takes a special character after a backslash as itself', () => {
    expect(match('\\*{a}\\}', '*x}')).toEqual({ a: 'x' });
  });
  it('compares letters made of two code points like those made of one', () => {
    expect(match('é{a}', 'e\u0301x')).toEqual({ a: 'x' });
  });
  it('does not look at a text that is too long', () => {
    expect(matchClaimPattern(parsed('*'), 'x'.repeat(MAX_TEXT_LENGTH))).toBeDefined();
    expect(matchClaimPattern(parsed('*'), 'x'.repeat(MAX_TEXT_LENGTH + 1))).toBeUndefined();
  });
  it.each([
    ['{room', 1],
    ['x}', 2],
    ['a\\', 2],
    ['{Room}', 2],
    ['{room:roman}', 1],
    ['{a}{a}', 4],
    ['x'.repeat(201), 201],
    ['{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}', 31],
  ])('says where %s is wrong', (text, at) => {
    const result = parseClaimPattern(text);
    expect(isFault(result) && result.at).toBe(at);
  });

  const letters = fc.constantFrom('a', 'b', '-', '1', '*', '{', '}', '\\', '?', 'Å');
  const token: fc.Arbitrary<PatternToken> = fc.oneof(
    fc.record({ kind: fc.constant('char' as const), char: letters }),
    fc.constant<PatternToken>({ kind: 'any' }),
    fc.constant<PatternToken>({ kind: 'one' }),
    fc.record({
      kind: fc.constant('capture' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      of: fc.constantFrom(...CAPTURE_KINDS),
    }),
  );
  const patterns = fc.array(token, { maxLength: 12 }).map((tokens) => {
    const seen = new Set<string>();
    return tokens.filter((t) => {
      if (t.kind !== 'capture') return true;
      const fresh = !seen.has(t.name);
      seen.add(t.name);
      return fresh;
    });
  });

  it('is read as it was printed', () => {
    fc.assert(
      fc.property(patterns, (pattern) => {
        expect(parsed(printClaimPattern(pattern))).toEqual(pattern);
      }),
    );
  });

  it('matches what the same regular expression matches and keeps the same', () => {
    const toLiteral = (char: string) => char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    const kinds = { text: '.+?', word: '[\\p{L}\\p{N}]+?', digits: '[0-9]+?', number: '[0-9]+?' };
    const toRegExp = (pattern: ClaimPattern) =>
      new RegExp(
        `^${pattern
          .map((t) =>
            t.kind === 'any'
              ? '.*?'
              : t.kind === 'one'
                ? '.'
                : t.kind === 'char'
                  ? toLiteral(t.char)
                  : `(?<${t.name}>${kinds[t.of]})`,
          )
          .join('')}$`,
        'isu',
      );
    fc.assert(
      fc.property(patterns, fc.array(letters, { maxLength: 8 }), (pattern, chars) => {
        const text = chars.join('');
        const expected = toRegExp(pattern).exec(text);
        const found = matchClaimPattern(pattern, text);
        expect(found !== undefined).toBe(expected !== null);
        for (const t of pattern) {
          if (t.kind !== 'capture' || !expected?.groups) continue;
          const raw = expected.groups[t.name] ?? '';
          expect(found?.get(t.name)).toBe(t.of === 'number' ? raw.replace(/^0+(?=\d)/, '') : raw);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('answers for the patterns that make backtracking machines hang', () => {
    const text = `${'a'.repeat(MAX_TEXT_LENGTH - 1)}c`;
    expect(matchClaimPattern(parsed(`${'*a'.repeat(99)}b`), text)).toBeUndefined();
    expect(matchClaimPattern(parsed('{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}b'), text)).toBeUndefined();
  });
});

describe('a claim template', () => {
  const fill = (template: string, values: Readonly<Record<string, string>>) => {
    const result = parseClaimTemplate(template, new Set(Object.keys(values)));
    return isFault(result) ? result : fillClaimTemplate(result.value, new Map(Object.entries(values)));
  };
  it('writes what was kept into its text', () => {
    expect(fill('{school}skolen/Lokale {room}', { school: 'Nord', room: '12' })).toBe('Nordskolen/Lokale 12');
    expect(fill('\\{{a}\\}', { a: 'x' })).toBe('{x}');
  });
  it('refuses a name that nothing keeps', () => {
    expect(fill('{room}', { school: 'x' })).toEqual({
      fault: 'No pattern of this rule keeps {room}.',
      at: 1,
    });
    expect(fill('{a:digits}', { a: '1' })).toHaveProperty('fault');
    expect(fill('a}', {})).toHaveProperty('fault');
  });
  it('undoes the pattern of the same form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ]{1,8}$/), fc.stringMatching(/^[0-9]{1,4}$/), (school, room) => {
        const text = fill('skole-{school}/lokale-{room}', { school, room });
        expect(match('skole-{school}/lokale-{room}', String(text))).toEqual({ school, room });
      }),
    );
  });
});
