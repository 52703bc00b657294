/**
 * A room on a wall screen or a classroom tablet, opened by a link and read from the back row: one sentence, the
 * number, today's curve. Nothing to press. It never shows an old number as the present one, and it keeps the
 * last values when the line is gone.
 */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { toUsualIntervalS } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { LanguageProvider, prepareLanguage, useText } from '../../i18n/language.tsx';
import { isLanguage, type Language } from '../../i18n/languages.ts';
import { TimeZone, useFormat } from '../../i18n/use-format.ts';
import { StateMark } from '../../parts/state-mark.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useWords } from '../../parts/use-words.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { toPeriod } from '../../period.ts';
import { toShown } from '../../place-state.ts';
import { toPlaceSentence } from '../../sentences.ts';
import { toChartSeries } from '../place-chart.tsx';
import { useKeptScreen } from './keep-screen.ts';
import {
  isClosed,
  type ScreenPlace,
  screenQuery,
  screenSeriesQuery,
  toLostSince,
  withAge,
} from './screen-data.ts';
import { parseScreenLink, type ScreenLink } from './screen-link.ts';
import { useWakeLock } from './wake-lock.ts';
import './screen-page.css';

const DAY_MS = 86_400_000;

export function ScreenPage() {
  const [link, setLink] = useState(readLink);
  useEffect(() => {
    const read = () => setLink(readLink());
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, []);
  return link === undefined ? <Closed missing /> : <Screen link={link} />;
}

/** The secret stays in the address: a wall screen starts from its address every morning. */
function readLink(): ScreenLink | undefined {
  return parseScreenLink(window.location.search, window.location.hash);
}

function Screen(props: { readonly link: ScreenLink }) {
  const { data: place, error, dataUpdatedAt } = useQuery(screenQuery(props.link));
  const language = useScreenLanguage(place);
  useWakeLock();
  useKeptScreen(`${language} ${place?.state.headline?.property}`);
  if (isClosed(error)) return <Closed />;
  if (!place || language === undefined) return <Waiting lines={4} />;
  return (
    <LanguageProvider initial={language} key={language}>
      <TimeZone value={place.timeZone}>
        <Room link={props.link} fetched={place} fetchedAtMs={dataUpdatedAt} hasFailed={error !== null} />
      </TimeZone>
    </LanguageProvider>
  );
}

/** What the address asks for, else the organisation's; never what somebody chose in this browser. */
function useScreenLanguage(place: ScreenPlace | undefined): Language | undefined {
  const [ready, setReady] = useState<Language>();
  const asked = new URLSearchParams(window.location.search).get('lang');
  const wanted = isLanguage(asked) ? asked : place && isLanguage(place.locale) ? place.locale : undefined;
  useEffect(() => {
    if (wanted !== undefined) void prepareLanguage(wanted).then(() => setReady(wanted));
  }, [wanted]);
  return ready;
}

function Room(props: {
  readonly link: ScreenLink;
  readonly fetched: ScreenPlace;
  readonly fetchedAtMs: number;
  readonly hasFailed: boolean;
}) {
  const t = useText('screens');
  const words = useWords();
  const now = useNow();
  const place = withAge(props.fetched, now);
  const lostSinceMs = toLostSince(props.fetchedAtMs, props.hasFailed, now);
  const { headline } = place.state;
  return (
    <article className="torv-screen" data-level={place.state.level}>
      <header>
        <h1>{place.name}</h1>
        <StateMark state={toShown(place.state)} />
      </header>
      {headline && (
        <p className="torv-screen-number torv-number" data-old={headline.stale}>
          {words.format.value(headline.property, headline.value, headline.unit, 'words')}
          <span>
            {words.format.property(headline.property)}
            {headline.stale && ` · ${t('old')}`}
          </span>
        </p>
      )}
      <p className="torv-screen-sentence">{toPlaceSentence(words, place.state, now)}</p>
      {headline && <Today link={props.link} place={place} property={headline.property} />}
      <p className="torv-screen-foot" role="status">
        {lostSinceMs !== undefined &&
          t('offline', {
            // a time alone would be taken for one of today
            time: words.format.moment(lostSinceMs, now - lostSinceMs < DAY_MS / 2 ? 'time' : 'moment'),
          })}
      </p>
    </article>
  );
}

function Today(props: { readonly link: ScreenLink; readonly place: ScreenPlace; readonly property: string }) {
  const { place, property } = props;
  const t = useText('places');
  const format = useFormat();
  const size = useWindowSize();
  const { from, to } = toPeriod('day', useNow(), format.timeZone);
  const { data } = useQuery({
    ...screenSeriesQuery(props.link, property, from, to),
    placeholderData: keepPreviousData,
  });
  if (!data) return null;
  const series = toChartSeries(data);
  const rule = place.state.headline?.rule ?? null;
  const limit = rule && format.value(property, rule.limit, data.unit, 'words');
  // its letters are meant for a desk; on a wall the whole drawing grows
  const zoom = Math.min(2.5, Math.max(1, Math.min(size.width, size.height) / 640));
  return (
    <div className="torv-screen-today" style={{ zoom }}>
      <TimeChart
        property={data.property}
        unit={data.unit}
        from={data.from}
        to={data.to}
        expectedIntervalS={data.expectedIntervalS ?? toUsualIntervalS(series)}
        series={series}
        headingLevel={2}
        thresholds={rule && limit ? [{ value: rule.limit, label: t('chart_threshold', { limit }) }] : []}
        heightPx={Math.max(200, Math.round((size.height * 0.42) / zoom))}
      />
    </div>
  );
}

const readSize = () => ({ width: window.innerWidth, height: window.innerHeight });

/** A tablet is turned, a window is dragged to the wall. */
function useWindowSize(): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState(readSize);
  useEffect(() => {
    const measure = () => setSize(readSize());
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  return size;
}

function Closed(props: { readonly missing?: boolean }) {
  const t = useText('screens');
  return (
    <article className="torv-screen">
      <h1>{t('closed_title')}</h1>
      <p className="torv-screen-sentence">{t(props.missing ? 'missing_text' : 'closed_text')}</p>
    </article>
  );
}
