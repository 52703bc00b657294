/** The formatting functions bound to the visitor's language and the organisation's time zone. */
import { useMemo } from 'react';
import { useOrganisation } from '../session.ts';
import { type Format, toFormat } from './bound-format.ts';
import { useLanguage, useText } from './language.tsx';

export function useFormat(): Format {
  const { language } = useLanguage();
  const t = useText('shell');
  const names = useText('properties');
  const timeZone = useOrganisation()?.timeZone ?? 'Europe/Copenhagen';
  return useMemo(() => toFormat(language, timeZone, t, names), [language, timeZone, t, names]);
}
