import { describe, expect, test } from 'vitest';
import { loadWords } from '../test-words.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { withOneStop } from './translate.ts';

const STYLES = ['time', 'day', 'date', 'moment', 'full'] as const;

describe('a sentence', () => {
  test.each(Object.keys(LANGUAGES) as Language[])('never ends in two full stops in %s', async (language) => {
    const { places, format } = await loadWords(language);
    const dates = Array.from({ length: 12 }, (_, month) =>
      new Date(Date.UTC(2026, month, 22, 9)).toISOString(),
    );
    const texts = dates.flatMap((date) =>
      STYLES.flatMap((style) => {
        const time = format.moment(date, style);
        return [
          places('chart_text', { title: 'CO2', subtitle: time, low: '1', high: '2', last: '3', time }),
          places('chart_text_empty', { title: 'CO2', subtitle: time }),
          places('sentence_silent', { ago: time }),
        ];
      }),
    );
    expect(texts.filter((text) => text.includes('..'))).toEqual([]);
    expect(texts.every((text) => text.endsWith('.'))).toBe(true);
  });

  test('keeps the dots that mean something else', () => {
    expect(withOneStop('and so on ... then, ../data and 1..5')).toBe('and so on ... then, ../data and 1..5');
    expect(withOneStop('Lør. 22. nov.. Lavest 4.')).toBe('Lør. 22. nov. Lavest 4.');
  });
});
