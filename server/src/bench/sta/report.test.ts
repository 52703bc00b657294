import { describe, expect, it } from 'vitest';
import { type Result, renderRatios, renderTable, toPercentile } from './report.ts';

const result = (times: readonly number[], more: Partial<Result> = {}): Result => ({
  name: 'GET',
  creates: 0,
  times,
  seconds: 2,
  processorMs: undefined,
  ...more,
});

describe('the report of a benchmark', () => {
  it('takes percentiles by nearest rank, whatever the order of the answers', () => {
    const times = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([0.5, 0.95, 0.99, 1].map((share) => toPercentile(times, share))).toEqual([50, 95, 99, 100]);
    expect(toPercentile([7], 0.99)).toBe(7);
  });

  it('counts requests and what they created a second, and the processor time of each', () => {
    const table = renderTable([result([10, 20, 30, 40], { creates: 100, processorMs: 8 })]);
    expect(table.at(-1)).toBe('| GET | 2.00 | 200 | 20.0 | 40.0 | 40.0 | 2.00 |');
  });

  it('says what kept a case from being measured, within the table', () => {
    const table = renderTable([{ name: 'POST', fault: 'POST x | y was answered with 501' }]);
    expect(table.at(-1)).toBe('| POST | POST x / y was answered with 501 |  |  |  |  |  |');
  });

  it('compares the second server with the first, and only what both have', () => {
    const first = [result([10, 10], { processorMs: 4 }), result([10])];
    const second = [result([20, 40], { seconds: 8, processorMs: 8 }), { name: 'GET', fault: 'no' }];
    expect(renderRatios(first, second).slice(2)).toEqual([
      '| GET | 2.00 | 4.00 | 4.00 | 4.00 | 2.00 |',
      '| GET |  |  |  |  |  |',
    ]);
  });
});
