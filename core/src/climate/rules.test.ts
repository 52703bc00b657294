import { describe, expect, test } from 'vitest';
import { CO2_RULES, findRule, toCo2State } from './rules.ts';

function getRule(key: string) {
  const rule = CO2_RULES.find((r) => r.key === key);
  if (!rule) throw new Error(`no rule ${key}`);
  return rule;
}

describe('the table of rules', () => {
  test('has unique keys, ordered bounds and real dates', () => {
    expect(new Set(CO2_RULES.map((r) => r.key)).size).toBe(CO2_RULES.length);
    for (const rule of CO2_RULES) {
      expect(rule.attentionAbovePpm).toBeLessThanOrEqual(rule.poorAbovePpm);
      expect([rule.attentionAbovePpm, rule.poorAbovePpm]).toContain(rule.limitPpm);
      expect(new Date(`${rule.validFrom}T00:00:00Z`).toISOString().slice(0, 10)).toBe(rule.validFrom);
      if (rule.validUntil) expect(rule.validUntil > rule.validFrom).toBe(true);
      expect(rule.source.url).toMatch(/^https:\/\//);
      expect(rule.wordsKey).toBe(`rule.co2.${rule.key}`);
    }
  });

  test('never lets two rules of one country, use and purpose begin on the same day', () => {
    const starts = CO2_RULES.flatMap((r) =>
      r.roomUses.map((use) => `${r.country} ${r.judges} ${use} ${r.validFrom}`),
    );
    expect(new Set(starts).size).toBe(starts.length);
  });
});

describe('findRule', () => {
  test('judges a Danish classroom in use by the working environment authority, not by the building code', () => {
    expect(findRule('DK', 'classroom', '2026-11-22')?.key).toBe('dk-working-environment');
    expect(findRule('DK', 'classroom', '2026-11-22', 'design')?.key).toBe('dk-br18');
  });

  test('starts on the first day of a rule and not the day before', () => {
    expect(findRule('DK', 'classroom', '2018-01-01', 'design')?.key).toBe('dk-br18');
    expect(findRule('DK', 'classroom', '2017-12-31', 'design')).toBeUndefined();
    expect(findRule('NL', 'classroom', '2012-05-31')).toBeUndefined();
    expect(findRule('NL', 'classroom', '2012-06-01')?.key).toBe('nl-fresh-schools');
  });

  test('knows no rule for another country or another use', () => {
    expect(findRule('DE', 'classroom', '2026-11-22')).toBeUndefined();
    expect(findRule('NL', 'office', '2026-11-22')).toBeUndefined();
    expect(findRule('SE', 'office', '2026-11-22')).toBeUndefined();
    expect(findRule('SE', 'classroom', '2026-11-22')?.key).toBe('se-public-health');
  });
});

describe('toCo2State', () => {
  test('changes only above a bound, by each rule’s own figures', () => {
    const danish = getRule('dk-working-environment');
    expect([1000, 1001, 2000, 2001].map((ppm) => toCo2State(ppm, danish))).toEqual([
      'good',
      'attention',
      'attention',
      'poor',
    ]);
    const dutch = getRule('nl-fresh-schools');
    expect([950, 951, 1200, 1201].map((ppm) => toCo2State(ppm, dutch))).toEqual([
      'good',
      'attention',
      'attention',
      'poor',
    ]);
  });
});
