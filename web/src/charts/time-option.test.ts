import { expect, test } from 'vitest';
import { type TimeDrawing, toTimeOption } from './time-option.ts';

const START = Date.parse('2026-11-22T00:00:00Z');
const LABEL = 'Guide value 1,000 ppm';

function draw(means: readonly number[]) {
  const points = means.map((mean, i) => ({ t: new Date(START + i * 3_600_000).toISOString(), mean }));
  const drawing: TimeDrawing = {
    series: [{ key: 'co2', name: 'CO2', points }],
    expectedIntervalS: 3600,
    fromMs: START,
    toMs: START + 24 * 3_600_000,
    axis: { min: 400, max: 1800, step: 200 },
    ticks: { atMs: [], style: 'time' },
    thresholds: [{ value: 1000, label: LABEL }],
    occupied: [],
    markers: [],
    formatValue: String,
    formatTick: String,
    describe: String,
  };
  const option = toTimeOption(drawing, { dark: false, widthPx: 560, heightPx: 260 }) as {
    readonly yAxis: { readonly name?: string };
    readonly series: readonly {
      readonly markLine?: { readonly data: readonly { readonly label: { readonly show?: boolean } }[] };
    }[];
  };
  return {
    above: option.yAxis.name,
    onTheLine: option.series[0]?.markLine?.data[0]?.label.show,
  };
}

test('the words of a guide value stand once: on its line where it is free, else above the drawing', () => {
  expect(draw([430, 430, 430, 430])).toEqual({ above: undefined, onTheLine: true });
  const everywhere = Array.from({ length: 25 }, (_, i) => (i % 2 === 0 ? 500 : 1600));
  expect(draw(everywhere)).toEqual({ above: expect.stringContaining(LABEL), onTheLine: false });
});
