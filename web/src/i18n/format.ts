/**
 * Numbers, values and times as people write them in their language. Pure: the locale, the time zone and the
 * present moment are parameters. Never a unit without its number on the same line (non-breaking space).
 */
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';
import { toReadable } from '@torv/core/readable-unit';

const NBSP = '\u00a0';

/** `words`: in a sentence, where a CO2 of 643 ppm is 640. `table`: as precise as the property's table says. */
export type Precision = 'words' | 'table';

export function formatNumber(locale: string, value: number, decimals = 0): string {
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    useGrouping: true,
  }).format(Object.is(Math.round(value * 10 ** decimals), -0) ? 0 : value);
}

/** A share between 0 and 1 as whole per cent; never 100 % unless it is all, never 0 % unless it is nothing. */
export function formatShare(locale: string, share: number): string {
  const rounded = Math.round(share * 100) / 100;
  const honest = rounded >= 1 && share < 1 ? 0.99 : rounded <= 0 && share > 0 ? 0.01 : rounded;
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(honest);
}

/** Joins a number with its unit: 640 ppm, 21.5 °C, 50 % (50% in English and Dutch), 90°. */
function joinUnit(locale: string, number: string, symbol: string): string {
  if (symbol === '') return number;
  if (symbol === '°') return number + symbol;
  if (symbol === '%' && /^(en|nl)/.test(locale)) return number + symbol;
  return `${number}${NBSP}${symbol}`;
}

function decimalsOf(property: string): number {
  return isPropertyKey(property) ? PROPERTIES[property].decimals : 2;
}

/** The value rounded as a sentence needs it: CO2 to 10 ppm, everything else as in tables. */
function roundForWords(property: string, value: number): number {
  return property === 'co2' ? Math.round(value / 10) * 10 : value;
}

export function formatValue(
  locale: string,
  property: string,
  value: number,
  unit: string,
  precision: Precision = 'table',
  like?: number,
): string {
  const rounded = precision === 'words' ? roundForWords(property, value) : value;
  const shown = toReadable(rounded, unit, like);
  return joinUnit(
    locale,
    formatNumber(locale, shown.value, shown.decimals ?? decimalsOf(property)),
    shown.symbol,
  );
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365.25 * 86_400],
  ['month', 30.44 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** "3 hours ago", "now" within 45 seconds; also for the future ("in 2 days"). */
export function formatRelative(locale: string, instant: string, nowMs: number): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const seconds = (Date.parse(instant) - nowMs) / 1000;
  if (Math.abs(seconds) < 45) return format.format(0, 'second');
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.sign(seconds), 'minute');
}

export type MomentStyle = 'time' | 'short' | 'day' | 'date' | 'weekday' | 'exact' | 'moment' | 'full';

const MOMENT: { readonly [S in MomentStyle]: Intl.DateTimeFormatOptions } = {
  time: { hour: '2-digit', minute: '2-digit' },
  /** Where there is room for little. */
  short: { day: 'numeric', month: 'short' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  date: { day: 'numeric', month: 'long', year: 'numeric' },
  weekday: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
  /** What somebody typed, told back so that nothing can be mistaken: the hour of autumn comes twice. */
  exact: {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  },
  moment: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  },
};

/** An instant in the organisation's time zone, never in the browser's. */
export function formatMoment(
  locale: string,
  instant: string | number,
  timeZone: string,
  style: MomentStyle = 'moment',
): string {
  return new Intl.DateTimeFormat(locale, { ...MOMENT[style], timeZone, hourCycle: 'h23' }).format(
    typeof instant === 'number' ? instant : Date.parse(instant),
  );
}

/** A moment as programs write it: never shown to people as it is. */
export function isInstantText(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d+)?(Z|[+]00(:00)?)$/.test(text);
}

/** Names in the order of the language; the embedded database has no collations of its own. */
export function sortByName<T extends { readonly name: string }>(locale: string, items: readonly T[]): T[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  return [...items].sort((a, b) => collator.compare(a.name, b.name));
}
