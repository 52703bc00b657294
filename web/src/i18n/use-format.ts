/** The formatting functions bound to the visitor's language and the organisation's time zone. */
import { createContext, useContext, useMemo } from 'react';
import { useOrganisation } from '../session.ts';
import { type Format, toFormat } from './bound-format.ts';
import { useLanguage, useText } from './language.tsx';

/** Where a page knows its own time zone: a room's screen belongs to a place, not to a visitor's organisation. */
export const TimeZone = createContext<string | undefined>(undefined);

export function useFormat(): Format {
  const { language } = useLanguage();
  const t = useText('shell');
  const names = useText('properties');
  const own = useContext(TimeZone);
  const organisation = useOrganisation();
  const timeZone = own ?? organisation?.timeZone ?? 'Europe/Copenhagen';
  return useMemo(() => toFormat(language, timeZone, t, names), [language, timeZone, t, names]);
}
