/** The formatting functions bound to the visitor's language and the organisation's time zone. */
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';
import { useMemo } from 'react';
import { useOrganisation } from '../session.ts';
import {
  formatMoment,
  formatNumber,
  formatRelative,
  formatShare,
  formatValue,
  type MomentStyle,
  type Precision,
} from './format.ts';
import { useLocale, useText } from './language.tsx';

export interface Format {
  readonly locale: string;
  readonly timeZone: string;
  readonly number: (value: number, decimals?: number) => string;
  readonly share: (share: number) => string;
  /** With its unit; a yes/no property in words. */
  readonly value: (property: string, value: number, unit: string, precision?: Precision) => string;
  readonly relative: (instant: string, nowMs: number) => string;
  readonly moment: (instant: string | number, style?: MomentStyle) => string;
  /** The property's name in the visitor's language; an unknown key as it is. */
  readonly property: (key: string) => string;
}

export function useFormat(): Format {
  const locale = useLocale();
  const t = useText('shell');
  const names = useText('properties');
  const timeZone = useOrganisation()?.timeZone ?? 'Europe/Copenhagen';
  return useMemo(
    () => ({
      locale,
      timeZone,
      number: (value, decimals) => formatNumber(locale, value, decimals),
      share: (share) => formatShare(locale, share),
      value: (property, value, unit, precision) =>
        isPropertyKey(property) && PROPERTIES[property].type === 'boolean'
          ? t(value === 0 ? 'no' : 'yes')
          : formatValue(locale, property, value, unit, precision),
      relative: (instant, nowMs) => formatRelative(locale, instant, nowMs),
      moment: (instant, style) => formatMoment(locale, instant, timeZone, style),
      property: (key) => (isPropertyKey(key) ? names(key) : key),
    }),
    [locale, timeZone, t, names],
  );
}
