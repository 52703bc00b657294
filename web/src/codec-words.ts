/** What a codec's device measures, in the reader's language where the codec is one of those that Torv ships. Pure. */
import type { English } from './i18n/catalogue.ts';
import { models } from './i18n/en/models.ts';
import type { Translate } from './i18n/texts.ts';

interface Titled {
  readonly key: string;
  readonly title: string;
}

/** An organisation's own title stays as somebody wrote it, also under the key of a shipped codec. */
export function toCodecTitle(t: Translate<English['models']>, { key, title }: Titled): string {
  return isShipped(key) && models[key] === title ? t(key) : title;
}

function isShipped(key: string): key is keyof typeof models {
  return Object.hasOwn(models, key);
}
