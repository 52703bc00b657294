/** All formats for one language and one time zone as one value, so that sentences and charts take a single parameter. */
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';
import type { English } from './catalogue.ts';
import {
  formatMoment,
  formatNumber,
  formatRelative,
  formatShare,
  formatValue,
  type MomentStyle,
  type Precision,
} from './format.ts';
import { LANGUAGES, type Language } from './languages.ts';
import type { Translate } from './texts.ts';

export interface Format {
  readonly locale: string;
  readonly timeZone: string;
  readonly number: (value: number, decimals?: number) => string;
  readonly share: (share: number) => string;
  /** With its unit; a yes/no property in words. */
  readonly value: (
    property: string,
    value: number,
    unit: string,
    precision?: Precision,
    /** Written in the unit that suits this one: the largest of a chart. */
    like?: number,
  ) => string;
  readonly relative: (instant: string, nowMs: number) => string;
  readonly moment: (instant: string | number, style?: MomentStyle) => string;
  /** The property's name in the visitor's language; an unknown key as it is. */
  readonly property: (key: string) => string;
}

export function toFormat(
  language: Language,
  timeZone: string,
  t: Translate<English['shell']>,
  names: Translate<English['properties']>,
): Format {
  const { locale } = LANGUAGES[language];
  return {
    locale,
    timeZone,
    number: (value, decimals) => formatNumber(locale, value, decimals),
    share: (share) => formatShare(locale, share),
    value: (property, value, unit, precision, like) =>
      isPropertyKey(property) && PROPERTIES[property].type === 'boolean'
        ? t(value === 0 ? 'no' : 'yes')
        : formatValue(locale, property, value, unit, precision, like),
    relative: (instant, nowMs) => formatRelative(locale, instant, nowMs),
    moment: (instant, style) => formatMoment(locale, instant, timeZone, style),
    property: (key) => (isPropertyKey(key) ? names(key) : key),
  };
}
