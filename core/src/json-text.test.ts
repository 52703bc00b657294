import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from './errors.ts';
import { createReader, expectEnd, type JsonNode, parseJsonText, skipValue, toRaw } from './json-text.ts';

/** What JavaScript makes of a node: only for comparing. */
function toPlain(source: string, node: JsonNode): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map((item) => toPlain(source, item));
    case 'object':
      return Object.fromEntries([...node.members].map(([name, item]) => [name, toPlain(source, item)]));
    case 'text':
      return node.value;
    default:
      return JSON.parse(toRaw(source, node));
  }
}

const skipWhole = (source: string): void => {
  const reader = createReader(source);
  skipValue(reader);
  expectEnd(reader);
};

describe('JSON as text', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t', '\n '), (text, space) => {
        const source = JSON.stringify(JSON.parse(text), null, space);
        fc.pre(!/\\u0000|\\ud[89a-f]/i.test(source) && !source.includes('__proto__'));
        expect(toPlain(source, parseJsonText(source))).toEqual(JSON.parse(source));
        expect(() => skipWhole(source)).not.toThrow();
      }),
    );
  });

  it('refuses what JSON.parse refuses, reading and skipping alike', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'a', '1', '-', '.', 'e', '0', 'true', 'null', ' ', '\n', '\u0001', 'u00e6', '"a"'); // biome-ignore format: a list
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const source = parts.join('');
        const attempts = [parseJsonText, skipWhole].map((read) => {
          try {
            read(source);
            return true;
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            return false;
          }
        });
        let isJson = true;
        try {
          JSON.parse(source);
        } catch {
          isJson = false;
        }
        expect([source, ...attempts]).toEqual([source, isJson, isJson]);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['1.0', '-0', '1E5', '9223372036854775807', '0.10', '{"b": 1,\n"a":[ ]}', '"\\u00e6"'])(
    'keeps %s to the letter',
    (source) => {
      const padded = ` ${source}\n`;
      expect(toRaw(padded, parseJsonText(padded))).toBe(source);
    },
  );

  it.each([
    ['1e400', 'out of range'],
    ['1e-500', 'out of range'],
    ['9'.repeat(500), 'too long'],
    ['"\\u0000"', 'NUL'],
    ['"\\ud800"', 'surrogate'],
    ['"\\ud800\\u0041"', 'surrogate'],
    ['"\\udc00"', 'surrogate'],
    ['['.repeat(100), 'nested deeper'],
    ['{"a" 1}', '":" is expected before "1"'],
    ['{"a":1', 'The body ends'],
    ['', 'The body ends'],
    ['1 2', 'follows'],
  ])('refuses %s', (source, reason) => {
    expect(() => parseJsonText(source)).toThrow(reason);
    expect(() => skipWhole(source)).toThrow(reason);
  });

  it('takes a whole surrogate pair', () => {
    expect(parseJsonText('"\\ud83d\\ude00"')).toMatchObject({ value: '😀' });
  });

  it('says where: position, line and column', () => {
    expect(() => parseJsonText('{\n  "a": x}')).toThrow(
      expect.objectContaining({ at: 'body:9', detail: expect.stringContaining('line 2, column 8') }),
    );
  });

  it('takes the last of two members with one name', () => {
    const node = parseJsonText('{"a":1,"a":2}');
    expect(node.kind === 'object' && node.members.get('a')).toMatchObject({ from: 11, to: 12 });
  });
});
