/** Every place as a table with its state, found by name and filtered by state; both stand in the address. */
import { Chip, Fieldset, Textfield } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { PlaceSummary } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { LiveMark } from '../parts/live-mark.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { useWords } from '../parts/use-words.ts';
import { Waiting } from '../parts/waiting.tsx';
import { placesQuery, useLivePlaces } from '../place-data.ts';
import { SHOWN, type Shown, toShown, withStateOfInside } from '../place-state.ts';
import { toTownSentence } from '../sentences.ts';
import { useOrganisation } from '../session.ts';
import { usePlaceColumns } from './place-columns.tsx';

const route = getRouteApi('/places');

export function PlacesPage() {
  const t = useText('places');
  const organisation = useOrganisation();
  const words = useWords();
  const live = useLivePlaces(organisation);
  const { data, error, refetch } = useQuery(placesQuery(organisation));

  return (
    <>
      <PageHead
        title={t('places_title')}
        mark={<LiveMark status={live} />}
        answer={data && data.places.length > 0 ? toTownSentence(words, data.places) : t('places_intro')}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && data.places.length === 0 && (
        <Empty
          title={t('empty_title')}
          text={t(organisation?.role == null ? 'empty_public_text' : 'empty_text')}
        />
      )}
      {data && data.places.length > 0 && <FilteredPlaces places={data.places} />}
    </>
  );
}

function FilteredPlaces(props: { readonly places: readonly PlaceSummary[] }) {
  const t = useText('places');
  const shell = useText('shell');
  const { level, q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const columns = usePlaceColumns('any');
  const told = useMemo(
    () => props.places.map((place) => withStateOfInside(place, props.places)),
    [props.places],
  );
  const rows = useMemo(() => {
    const wanted = q.trim().toLocaleLowerCase();
    return told.filter(
      (place) =>
        (level === undefined || toShown(place.state) === level) &&
        [place.name, ...place.path.map((step) => step.name)].join(' ').toLocaleLowerCase().includes(wanted),
    );
  }, [told, level, q]);
  const setLevel = (next: Shown | undefined) =>
    void navigate({
      search: (old) => ({ ...(old.q ? { q: old.q } : {}), ...(next ? { level: next } : {}) }),
    });

  return (
    <>
      <div className="torv-row torv-no-print" style={{ alignItems: 'flex-end', marginBottom: '1rem' }}>
        <Textfield
          label={t('search_label')}
          type="search"
          data-size="sm"
          value={q}
          onChange={(event) => {
            const text = event.currentTarget.value;
            void navigate({
              search: (old) => ({ ...(old.level ? { level: old.level } : {}), ...(text ? { q: text } : {}) }),
              replace: true,
            });
          }}
        />
        <Fieldset data-size="sm">
          <Fieldset.Legend className="torv-visually-hidden">{t('filter_label')}</Fieldset.Legend>
          <div className="torv-row" style={{ gap: '0.5rem' }}>
            <Chip.Radio name="level" checked={level === undefined} onChange={() => setLevel(undefined)}>
              {t('filter_all')}
            </Chip.Radio>
            {SHOWN.map((one) => (
              <Chip.Radio key={one} name="level" checked={level === one} onChange={() => setLevel(one)}>
                {shell(`state_${one}`)}
              </Chip.Radio>
            ))}
          </div>
        </Fieldset>
      </div>
      <DataTable
        caption={t('places_title')}
        columns={columns}
        rows={rows}
        rowKey={(place) => place.id}
        initialSort={{ key: 'state', direction: 'up' }}
        empty={<p>{t('empty_filter')}</p>}
      />
    </>
  );
}
