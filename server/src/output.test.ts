import { parseArgs } from 'node:util';
import { AppError } from '@torv/core/errors';
import { describe, expect, it } from 'vitest';
import { renderFault } from './output.ts';

function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return renderFault(error);
  }
  return 'no fault';
}

describe('a fault on the terminal', () => {
  it('is the sentence and the way out, without a stack, where what was typed is wrong', () => {
    const options = { uplinks: { type: 'string' } } as const;
    for (const args of [['--uplinks'], ['--nonsense'], ['--uplinks', '--nonsense']]) {
      const told = faultOf(() => parseArgs({ args, options }));
      expect(told).toMatch(/--(uplinks|nonsense)/);
      expect(told).toMatch(/--help tells what a command takes\.$/);
      expect(told).not.toMatch(/\n\s+at /);
    }
    const own = new AppError('BAD_REQUEST', 'This is wrong.', { hint: 'Do that.' });
    expect(renderFault(own)).toBe('This is wrong.\nDo that.');
  });

  it('has its stack where the program is wrong', () => {
    expect(renderFault(new TypeError('oops'))).toMatch(/TypeError: oops\n\s+at /);
    expect(renderFault('torn')).toBe('torn');
  });
});
