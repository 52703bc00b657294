/** What the sentence templates need, for the language and time zone in use. */
import { useMemo } from 'react';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import type { Words } from '../sentences.ts';

export function useWords(): Words {
  const places = useText('places');
  const shell = useText('shell');
  const format = useFormat();
  return useMemo(() => ({ places, shell, format }), [places, shell, format]);
}
