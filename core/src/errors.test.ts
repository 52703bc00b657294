import { describe, expect, it } from 'vitest';
import { AppError, ERRORS, type ErrorCode } from './errors.ts';

describe('errors', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];

  it('have a title of their own, which is a sentence without a full stop', () => {
    const titles = codes.map((code) => ERRORS[code][1]);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^[A-Z][^.]*$/);
  });

  it('are written in capitals, so that a code is found by search', () => {
    for (const code of codes) expect(code).toMatch(/^[A-Z][A-Z_]*[A-Z]$/);
  });

  it('carry the kind of their code and keep place, hint, extra and cause', () => {
    const cause = new Error('inner');
    const error = new AppError('VERSION_CONFLICT', 'Changed meanwhile.', {
      at: '/name',
      hint: 'Reload.',
      extra: { theirs: 1 },
      cause,
    });
    expect(error).toMatchObject({
      code: 'VERSION_CONFLICT',
      kind: 'conflict',
      detail: 'Changed meanwhile.',
      at: '/name',
      hint: 'Reload.',
      extra: { theirs: 1 },
    });
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('VERSION_CONFLICT: Changed meanwhile.');
  });

  it('leave absent what was not given', () => {
    const error = new AppError('BUG', 'x');
    expect([error.at, error.hint, error.extra]).toEqual([undefined, undefined, undefined]);
    expect('cause' in error).toBe(false);
  });
});
