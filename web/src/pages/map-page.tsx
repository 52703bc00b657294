/** The start page: the town in one sentence, the map, and the same places as a list in the same order. */
import { useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { PlaceSummary } from '../answers.ts';
import { useLocale, useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { toSpots } from '../map/cluster.ts';
import { TownMap } from '../map/town-map.tsx';
import { Empty } from '../parts/empty.tsx';
import { LiveMark } from '../parts/live-mark.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useWords } from '../parts/use-words.ts';
import { Waiting } from '../parts/waiting.tsx';
import { groundQuery, placesQuery, useLivePlaces } from '../place-data.ts';
import { byUrgency, isMeasured, measuredPlaces, SHOWN, toShown } from '../place-state.ts';
import { toTownSentence } from '../sentences.ts';
import { useOrganisation } from '../session.ts';
import './map-page.css';

export function MapPage() {
  const t = useText('places');
  const words = useWords();
  const organisation = useOrganisation();
  const live = useLivePlaces(organisation);
  const { data, error, refetch } = useQuery(placesQuery(organisation));
  const some = data !== undefined && data.places.length > 0;
  return (
    <>
      <PageHead
        title={t('map_title')}
        mark={<LiveMark status={live} />}
        {...(some ? { answer: toTownSentence(words, data.places) } : {})}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting heightRem={24} />}
      {data && !some && (
        <Empty
          title={t('empty_title')}
          text={t(organisation?.role == null ? 'empty_public_text' : 'empty_text')}
        />
      )}
      {some && <MapAndList places={data.places} />}
    </>
  );
}

function MapAndList(props: { readonly places: readonly PlaceSummary[] }) {
  const t = useText('places');
  const locale = useLocale();
  const { data: ground, isPending } = useQuery(groundQuery(useOrganisation()));
  const [pointedAt, setPointedAt] = useState<number | null>(null);
  const shown = useMemo(() => {
    const measured = measuredPlaces(props.places);
    return [...(measured.length > 0 ? measured : props.places)].sort(byUrgency(locale));
  }, [props.places, locale]);
  const unplaced = shown.length - toSpots(shown, props.places).length;
  return (
    <div className="torv-town">
      <div className="torv-no-print">
        {isPending ? (
          <Waiting heightRem={24} />
        ) : (
          <TownMap places={shown} all={props.places} ground={ground} pointedAt={pointedAt} />
        )}
        <Legend places={shown} />
        {unplaced > 0 && <p className="torv-quiet">{t('map_unplaced', { count: unplaced })}</p>}
      </div>
      <ul className="torv-town-list" aria-label={t('map_list')}>
        {shown.map((place) => (
          <PlaceLine key={place.id} place={place} onPoint={setPointedAt} />
        ))}
      </ul>
    </div>
  );
}

/** What the marks mean; each word leads to the list of the places that it is said of. */
function Legend(props: { readonly places: readonly PlaceSummary[] }) {
  const t = useText('places');
  const there = new Set(props.places.map((place) => toShown(place.state)));
  return (
    <ul className="torv-legend" aria-label={t('map_legend')}>
      {SHOWN.filter((state) => there.has(state)).map((state) => (
        <li key={state}>
          <RouterLink to="/places" search={{ level: state }}>
            <StateMark plain state={state} />
          </RouterLink>
        </li>
      ))}
    </ul>
  );
}

function PlaceLine(props: {
  readonly place: PlaceSummary;
  readonly onPoint: (placeId: number | null) => void;
}) {
  const format = useFormat();
  const { id, name, path, state } = props.place;
  return (
    <li>
      <RouterLink
        to="/places/$placeId"
        params={{ placeId: String(id) }}
        onMouseEnter={() => props.onPoint(id)}
        onMouseLeave={() => props.onPoint(null)}
        onFocus={() => props.onPoint(id)}
        onBlur={() => props.onPoint(null)}
      >
        <span>
          <b>{name}</b>
          <span className="torv-quiet">{path[0]?.name}</span>
        </span>
        <span>
          <StateMark plain state={toShown(state)} />
          {state.headline && isMeasured(state) && (
            <span className="torv-number">
              {format.value(state.headline.property, state.headline.value, state.headline.unit)}
            </span>
          )}
        </span>
      </RouterLink>
    </li>
  );
}
