import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, toLines } from './json-lines.ts';

const ROOT = 'https://torv.example.org/sta/v1.1';
const findLink = (value: string) => (value.startsWith(ROOT) ? value.slice(ROOT.length) : undefined);
const toText = (lines: readonly Line[] | undefined) =>
  lines?.map((line) => line.map((piece) => piece.text).join('')).join('\n');

describe('an answer set in lines', () => {
  it('keeps the digits as they came', () => {
    const text = '{"value":[1.0,8,9007199254740993,-3.50e2]}';
    expect(toText(toLines(text, findLink))).toBe('{\n  "value": [1.0, 8, 9007199254740993, -3.50e2]\n}');
  });

  it('says the same as before, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const said = toText(toLines(text, findLink));
        fc.pre(said !== undefined); // no service keeps a NUL or half a pair of surrogates
        expect(JSON.parse(said ?? '')).toEqual(JSON.parse(text));
      }),
    );
  });

  it('makes a link of an address within the service and of no other', () => {
    const lines = toLines(
      `{"@iot.selfLink":"${ROOT}/Things(1)","definition":"https://example.org/co2"}`,
      findLink,
    );
    const links = lines?.flatMap((line) => line.flatMap((piece) => piece.link ?? []));
    expect(links).toEqual(['/Things(1)']);
  });

  it('gives what fits one line and breaks what does not', () => {
    const row = '{"phenomenonTime":"2026-03-02T08:00:00Z","result":612}';
    const long = `{"name":"${'a'.repeat(90)}","result":1}`;
    expect(toText(toLines(`[${row},${long}]`, findLink))?.split('\n')).toEqual([
      '[',
      '  {"phenomenonTime": "2026-03-02T08:00:00Z", "result": 612},',
      '  {',
      `    "name": "${'a'.repeat(90)}",`,
      '    "result": 1',
      '  }',
      ']',
    ]);
  });

  it('is left as it is where it is not JSON', () => {
    for (const text of ['', 'ppm', '{"a":1', '[1,]', '{a:1}', '1 2']) {
      expect(toLines(text, findLink), text).toBeUndefined();
    }
  });
});
