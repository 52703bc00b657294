/** A reason that the server gave, in the reader's language as far as it is one of Torv's own sentences. Pure. */
import { type ReasonPart, readReasons } from '@torv/core/reasons';
import type { English } from './i18n/catalogue.ts';
import type { Translate } from './i18n/texts.ts';

export interface ReasonWords {
  readonly text: string;
  /** Somebody else's words: shown as they are, in English. */
  readonly isForeign: boolean;
}

export function toReasonWords(t: Translate<English['reasons']>, text: string): readonly ReasonWords[] {
  return readReasons(text).map((part) => toWords(t, part));
}

function toWords(t: Translate<English['reasons']>, part: ReasonPart): ReasonWords {
  if ('text' in part) return { text: part.text, isForeign: true };
  const values = Object.fromEntries(
    Object.entries(part.values).map(([name, value]) => [
      name,
      // a reason within a reason: why a codec is off, what a field must be
      name === 'why' || name === 'wanted' ? toReasonText(t, value) : value,
    ]),
  );
  // the values come from the sentence itself, so they are the ones that it names
  const say = t as unknown as (key: string, values: object) => string;
  return { text: say(part.key, values), isForeign: false };
}

export function toReasonText(t: Translate<English['reasons']>, text: string): string {
  const parts = readReasons(text);
  return parts.reduce((said, part, i) => {
    const before = parts[i - 1];
    const gap = before === undefined ? '' : 'key' in before && before.key.startsWith('map_') ? '; ' : ' ';
    return said + gap + toWords(t, part).text;
  }, '');
}
