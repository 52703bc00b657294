import { describe, expect, it } from 'vitest';
import { indent } from './code-editor.tsx';

describe('Tab in the code', () => {
  it('puts two spaces where the cursor is', () => {
    expect(indent('ab', 1, 1, false)).toEqual({ text: 'a  b', from: 3, to: 3 });
  });
  it('moves every selected line, and keeps them selected', () => {
    const next = indent('a\nb\nc', 0, 3, false);
    expect(next).toEqual({ text: '  a\n  b\nc', from: 2, to: 7 });
    expect(indent(next.text, next.from, next.to, true)).toEqual({ text: 'a\nb\nc', from: 0, to: 3 });
  });
  it('takes back at most what is there', () => {
    expect(indent(' a', 2, 2, true).text).toBe('a');
    expect(indent('a', 1, 1, true)).toEqual({ text: 'a', from: 1, to: 1 });
  });
});
