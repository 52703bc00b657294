import { describe, expect, test } from 'vitest';
import { loadWords } from '../test-words.ts';
import { type FindingInput, toFinding, toTimeAbove } from './finding.ts';

const en = await loadWords('en');
const nl = await loadWords('nl');

/** One reading every ten minutes from 08:00. */
function input(means: readonly (number | null)[], change: Partial<FindingInput> = {}): FindingInput {
  const start = Date.parse('2026-11-23T08:00:00Z');
  const points = means.map((mean, index) => ({ t: new Date(start + index * 600_000).toISOString(), mean }));
  return {
    property: 'co2',
    unit: '[ppm]',
    expectedIntervalS: 600,
    series: [{ key: 'co2', name: 'CO2', points }],
    limit: 1000,
    ...change,
  };
}

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('the finding', () => {
  test('says that the guide value was kept', () => {
    expect(plain(toFinding(en, input([500, 800, 1000])))).toBe('CO2 stayed below 1,000 ppm');
  });

  test('counts the time above the guide value while people were there', () => {
    const occupied = [['2026-11-23T08:00:00Z', '2026-11-23T08:20:00Z']] as const;
    const finding = toFinding(en, input([1200, 1300, 1400, 900], { occupied }));
    expect(plain(finding)).toBe('CO2 was above 1,000 ppm for 20 minutes while people were there');
  });

  test('says so when only the empty room was above it', () => {
    const occupied = [['2026-11-23T06:00:00Z', '2026-11-23T07:00:00Z']] as const;
    expect(plain(toFinding(nl, input([900, 1200, 900], { occupied })))).toBe(
      'CO2 lag 10 minuten boven 1.000 ppm',
    );
  });

  test('is the range when there is no rule, and the absence when there are no readings', () => {
    const { limit: _, ...free } = input([21.04, 22.5]);
    const temperature = { ...free, property: 'air_temperature', unit: 'Cel' };
    expect(plain(toFinding(en, temperature))).toBe('Air temperature was between 21.0 °C and 22.5 °C');
    expect(toFinding(en, input([null, null]))).toBe('No readings in this period');
    expect(plain(toFinding(en, input([643])))).toBe('One reading: 640 ppm');
  });

  test('never counts the time inside a gap as measured', () => {
    const gap = input([1200, null, null, null, null, null, 1200]);
    expect(toTimeAbove({ ...gap, limit: 1000 }).aboveMinutes).toBe(20);
  });
});
