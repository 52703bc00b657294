/**
 * The answer of a page as a sentence, made from data by templates. Pure: words and formats are parameters.
 * Never says "good" about an old reading: silence is said as silence.
 */
import type { Headline, Level, PlaceState, PlaceSummary } from './answers.ts';
import type { Format } from './i18n/bound-format.ts';
import type { English } from './i18n/catalogue.ts';
import type { Texts, Translate } from './i18n/texts.ts';
import { isMeasured, measuredPlaces, type ToldPlace } from './place-state.ts';
import { authorityOf } from './rules.ts';

export interface Words {
  readonly places: Translate<English['places']>;
  readonly shell: Translate<English['shell']>;
  readonly format: Format;
}

/** "The ventilation keeps up: 640 ppm, falling. Guide value 1,000 ppm, Arbejdstilsynet." */
export function toPlaceSentence(words: Words, state: PlaceState, nowMs: number): string {
  const { places: t, format } = words;
  const silence =
    state.devices > 0 && state.silent > 0 && state.silent < state.devices
      ? ` ${t('silent', { count: state.silent, total: state.devices })}`
      : '';
  if (state.headline === null || state.headline.stale) {
    if (state.lastHeard !== null)
      return t('sentence_silent', { ago: format.relative(state.lastHeard, nowMs) });
    return t(state.devices === 0 ? 'sentence_no_sensor' : 'sentence_nothing');
  }
  return `${toHeadlineSentence(words, state.headline, state.level)}${silence}`;
}

function toHeadlineSentence(words: Words, headline: Headline, level: Level): string {
  const { places: t, shell, format } = words;
  const lead = toLead(words, headline, level);
  // the words for an unjudged value name the property themselves
  const value = level === 'none' ? toPlainValue(format, headline) : toSubjectValue(format, headline);
  const first =
    headline.trend === null
      ? t('sentence', { lead, value })
      : t('sentence_trend', { lead, value, trend: shell(`trend_${headline.trend}`) });
  if (headline.rule === null) return first;
  const limit = format.value(headline.property, headline.rule.limit, headline.unit, 'words');
  const authority = authorityOf(headline.rule.key);
  const second =
    authority === undefined
      ? t('sentence_guide_plain', { limit })
      : t('sentence_guide', { limit, authority });
  return `${first} ${second}`;
}

function toPlainValue(format: Format, headline: Headline): string {
  return format.value(headline.property, headline.value, headline.unit, 'words');
}

/** CO2 is named with its number, because "640 ppm" alone says nothing to a visitor. */
function toSubjectValue(format: Format, headline: Headline): string {
  const value = toPlainValue(format, headline);
  return headline.property === 'co2' ? `${value} CO2` : value;
}

/** Outdoor air holds about 425 ppm: what is clearly below it is the sensor, and what is near it says nothing of the ventilation. */
const BELOW_OUTDOORS_PPM = 380;
const OCCUPIED_PPM = 550;

function toGoodAirKey({ value, trend }: Headline): 'lead_co2_low' | 'lead_co2_good_air' | 'lead_co2_good' {
  if (value < BELOW_OUTDOORS_PPM) return 'lead_co2_low';
  return value < OCCUPIED_PPM || trend === 'rising' ? 'lead_co2_good_air' : 'lead_co2_good';
}

function toLead(words: Words, headline: Headline, level: Level): string {
  const { places: t, format } = words;
  const property = format.property(headline.property);
  if (level === 'none') return t('lead_now', { property });
  switch (headline.property) {
    case 'co2':
      if (level === 'good') return t(toGoodAirKey(headline));
      return t(level === 'poor' ? 'lead_co2_poor' : 'lead_co2_attention');
    case 'air_temperature':
      if (level === 'good') return t('lead_temperature_good');
      if (headline.rule !== null) return t(headline.value > headline.rule.limit ? 'lead_warm' : 'lead_cold');
      break;
    case 'sound_level':
      return t(level === 'good' ? 'lead_sound_good' : 'lead_loud');
    default:
  }
  return t(`lead_${level}`, { property });
}

/** "12 rooms: 9 good, 2 need air, 1 no data." Counts the places that are measured, rooms before anything else. */
export function toTownSentence(words: Words, places: readonly PlaceSummary[]): string {
  const { places: t } = words;
  const counted = measuredPlaces(places);
  const of = (level: Level) => counted.filter((place) => place.state.level === level);
  const attention = of('attention');
  const air = attention.length > 0 && attention.every((place) => place.state.headline?.property === 'co2');
  const parts = [
    count('count_good', of('good').length),
    count(air ? 'count_air' : 'count_attention', attention.length),
    count('count_poor', of('poor').length),
    count('count_unrated', of('none').filter((place) => isMeasured(place.state)).length),
    count('count_none', of('none').filter((place) => !isMeasured(place.state)).length),
  ].filter((part) => part !== '');
  const rooms = counted.length > 0 && counted.every((place) => place.kind === 'room');
  const total = t(rooms ? 'rooms' : 'places', { count: counted.length });
  return parts.length === 0 ? `${total}.` : t('town_sentence', { total, parts: parts.join(', ') });

  function count(
    key: 'count_good' | 'count_air' | 'count_attention' | 'count_poor' | 'count_unrated' | 'count_none',
    number: number,
  ): string {
    return number === 0 ? '' : t(key, { count: number });
  }
}

/** A house in a sentence or two: what is measured on it, then the rooms inside it, and which of them is worst. */
export function toHouseSentence(
  words: Words,
  place: ToldPlace,
  inside: readonly PlaceSummary[],
  nowMs: number,
): string {
  const { places: t, format } = words;
  const own = place.own.devices > 0 ? toPlaceSentence(words, place.own, nowMs) : '';
  const only = inside.length === 1 ? inside[0] : undefined;
  if (only !== undefined) {
    const sentence = toPlaceSentence(words, only.state, nowMs);
    return `${own} ${t('inside_only', { place: only.name, sentence })}`.trim();
  }
  const { level, headline } = place.state;
  const isBad = (level === 'attention' || level === 'poor') && place.from !== undefined && headline !== null;
  const worst = isBad
    ? ` ${t('inside_worst', { place: place.from.name, value: toSubjectValue(format, headline) })}`
    : '';
  return `${own} ${toTownSentence(words, inside)}${worst}`.trim();
}

/** 130 -> "2 hours and 10 minutes"; days from two days on. */
export function toDuration(t: Translate<English['places']>, minutes: number): string {
  const whole = Math.round(minutes);
  if (whole < 60) return t('duration_minutes', { count: whole });
  const hours = Math.floor(whole / 60);
  if (hours >= 48) return t('duration_days', { count: Math.round(whole / 1440) });
  const long = t('duration_hours', { count: hours });
  const rest = whole % 60;
  return rest === 0 ? long : t('duration_and', { long, short: t('duration_minutes', { count: rest }) });
}

/** The kinds of ventilation we have words for; anything else is shown as it was written. */
export function toVentilation(t: Translate<English['places']>, ventilation: string | null): string {
  const key = `ventilation_${ventilation ?? 'unknown'}`;
  return isVentilation(key) ? t(key) : (ventilation ?? t('ventilation_unknown'));
}

type VentilationKey = Extract<keyof Texts<English['places']>, `ventilation_${string}`>;
const VENTILATION: readonly string[] = [
  'ventilation_none',
  'ventilation_natural',
  'ventilation_mechanical',
  'ventilation_balanced',
  'ventilation_unknown',
] satisfies VentilationKey[];

function isVentilation(key: string): key is VentilationKey {
  return VENTILATION.includes(key);
}
