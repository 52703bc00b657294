/** One place: the answer in a sentence, then today against the rule, the weeks before, what is in it, how it is measured. */
import { Details, Link, ToggleGroup } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Place, PlaceDatastream, PlaceSummary } from '../answers.ts';
import { ApiProblem } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { DataTable } from '../parts/data-table.tsx';
import { LiveMark } from '../parts/live-mark.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useNow } from '../parts/use-now.ts';
import { useWords } from '../parts/use-words.ts';
import { Waiting } from '../parts/waiting.tsx';
import { placeQuery, placesQuery, useLivePlaces } from '../place-data.ts';
import { measuredInside, toShown, withStateOfInside } from '../place-state.ts';
import { byRelevance } from '../property-order.ts';
import { toHouseSentence, toPlaceSentence, toVentilation } from '../sentences.ts';
import { mayAct, useOrganisation } from '../session.ts';
import { NotFoundPage } from './failure-pages.tsx';
import { PlaceChart } from './place-chart.tsx';
import { usePlaceColumns } from './place-columns.tsx';
import { PlaceStaff } from './place-staff.tsx';
import { ScreenLinks } from './screen/screen-links.tsx';
import './place-page.css';

const route = getRouteApi('/places/$placeId');
const LONG_RANGES = ['week', 'month', 'year'] as const;

export function PlacePage() {
  const { placeId } = route.useParams();
  const words = useWords();
  const now = useNow();
  const organisation = useOrganisation();
  const live = useLivePlaces(organisation);
  const { data: place, error, refetch } = useQuery(placeQuery(placeId));
  const { data: town } = useQuery(placesQuery(organisation));
  if (error instanceof ApiProblem && error.code === 'NOT_FOUND') return <NotFoundPage />;
  if (error && !place) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!place) return <Waiting lines={4} />;
  const crumbs = [
    { name: words.places('places_title'), to: '/places' },
    ...place.path.map((step) => ({ name: step.name, to: `/places/${step.id}` })),
  ];
  const inside = measuredInside(place, town?.places ?? []);
  const told = withStateOfInside(place, town?.places ?? []);
  const measured = place.state.devices > 0 || inside.length > 0;
  const answer =
    inside.length > 0
      ? toHouseSentence(words, told, inside, now)
      : measured
        ? toPlaceSentence(words, place.state, now)
        : undefined;
  return (
    <>
      <PageHead
        title={place.name}
        crumbs={crumbs}
        mark={
          <>
            {measured && <StateMark state={toShown(told.state)} />}
            {measured && <LiveMark status={live} />}
          </>
        }
        {...(answer === undefined ? {} : { answer })}
      />
      <div className="torv-stack" data-gap="lg">
        <Charts place={place} />
        <Children place={place} inside={inside} />
        <PlaceStaff place={place} />
        <About place={place} />
        {place.kind === 'room' && mayAct(organisation, 'editor') && <ScreenLinks place={place} />}
      </div>
    </>
  );
}

function Charts(props: { readonly place: Place }) {
  const t = useText('places');
  const format = useFormat();
  const { property: asked, range = 'week' } = route.useSearch();
  const navigate = route.useNavigate();
  const { place } = props;
  const order = byRelevance(place.state.headline?.property);
  const current = [...place.current].sort((a, b) => order(a.property, b.property));
  const properties = [...new Set(current.map((one) => one.property))];
  const property = properties.find((one) => one === asked) ?? place.state.headline?.property ?? properties[0];
  if (property === undefined) return null;
  const rule = place.state.headline?.property === property ? place.state.headline.rule : null;
  const chart = { placeId: place.id, property, rule };
  return (
    <>
      <section aria-label={t('now_title')}>
        <dl className="torv-now">
          {current.map((one) => (
            <div key={one.property} data-stale={one.stale}>
              <dt>{format.property(one.property)}</dt>
              <dd className="torv-number">{format.value(one.property, one.value, one.unit)}</dd>
              <dd className="torv-quiet">
                {one.stale && `${t('reading_old')} · `}
                <RelativeTime instant={one.phenomenonTime} />
                {one.quality !== 0 && ` · ${t('reading_flagged')}`}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      {properties.length > 1 && (
        <ToggleGroup
          className="torv-no-print"
          data-size="sm"
          aria-label={t('property_choose')}
          value={property}
          onChange={(next) => void navigate({ search: (old) => ({ ...old, property: next }), replace: true })}
        >
          {properties.map((one) => (
            <ToggleGroup.Item key={one} value={one}>
              {format.property(one)}
            </ToggleGroup.Item>
          ))}
        </ToggleGroup>
      )}
      <section className="torv-stack" aria-labelledby="today">
        <h2 id="today" className="torv-section-title">
          {t('today_title')}
        </h2>
        <PlaceChart {...chart} range="day" />
      </section>
      <section className="torv-stack" aria-labelledby="long">
        <div className="torv-row torv-spread">
          <h2 id="long" className="torv-section-title">
            {t(range === 'day' ? 'range_week' : `range_${range}`)}
          </h2>
          <ToggleGroup
            className="torv-no-print"
            data-size="sm"
            aria-label={t('range_label')}
            value={range === 'day' ? 'week' : range}
            onChange={(next) => {
              const chosen = LONG_RANGES.find((one) => one === next) ?? 'week';
              void navigate({
                search: (old) => ({ ...old, range: chosen }),
                replace: true,
                resetScroll: false,
              });
            }}
          >
            {LONG_RANGES.map((one) => (
              <ToggleGroup.Item key={one} value={one}>
                {t(`choose_${one}`)}
              </ToggleGroup.Item>
            ))}
          </ToggleGroup>
        </div>
        <PlaceChart {...chart} range={range === 'day' ? 'week' : range} />
      </section>
    </>
  );
}

/** A house lists the rooms that are measured in it, not the wings between that have nothing to say. */
function Children(props: { readonly place: Place; readonly inside: readonly PlaceSummary[] }) {
  const t = useText('places');
  const { place, inside } = props;
  const rows = inside.length > 0 ? inside : place.children;
  const columns = usePlaceColumns(inside.length > place.children.length ? 'any' : 'child', place.id);
  if (rows.length === 0) return null;
  return (
    <section className="torv-stack" aria-labelledby="inside">
      <h2 id="inside" className="torv-section-title">
        {t('children_title')}
      </h2>
      <DataTable
        caption={t('children_rooms')}
        columns={columns}
        rows={rows}
        rowKey={(place) => place.id}
        initialSort={{ key: 'state', direction: 'up' }}
      />
    </section>
  );
}

function About(props: { readonly place: Place }) {
  const t = useText('places');
  const format = useFormat();
  const { place } = props;
  const facts = [
    [t('about_floor'), place.floor],
    [t('about_area'), place.areaM2 === null ? null : `${format.number(place.areaM2)}\u00a0m²`],
    [t('about_volume'), place.volumeM3 === null ? null : `${format.number(place.volumeM3)}\u00a0m³`],
    [t('about_ventilation'), place.ventilation === null ? null : toVentilation(t, place.ventilation)],
  ].filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== '');
  if (facts.length === 0 && !place.description && place.datastreams.length === 0) return null;
  return (
    <div>
      {(facts.length > 0 || Boolean(place.description)) && (
        <Details>
          <Details.Summary>{t('about_title')}</Details.Summary>
          <Details.Content>
            {place.description && <p className="torv-prose">{place.description}</p>}
            <dl className="torv-facts">
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </Details.Content>
        </Details>
      )}
      {place.datastreams.length > 0 && (
        <Details>
          <Details.Summary>{t('sensors_title')}</Details.Summary>
          <Details.Content>
            <Datastreams datastreams={place.datastreams} />
          </Details.Content>
        </Details>
      )}
    </div>
  );
}

function Datastreams(props: { readonly datastreams: readonly PlaceDatastream[] }) {
  const t = useText('places');
  const format = useFormat();
  return (
    <DataTable
      caption={t('sensors_title')}
      rows={props.datastreams}
      rowKey={(row) => row.id}
      columns={[
        {
          key: 'property',
          header: t('sensor_measures'),
          title: true,
          sortValue: (row) => format.property(row.property),
          cell: (row) => (
            <Link href={`/sta/v1.1/Datastreams(${encodeURIComponent(row.id)})`}>
              {format.property(row.property)}
            </Link>
          ),
        },
        {
          key: 'sensor',
          header: t('sensors_title'),
          sortValue: (row) => row.sensor,
          cell: (row) => row.sensor,
        },
        {
          key: 'from',
          header: t('sensor_since'),
          sortValue: (row) => row.from,
          cell: (row) => format.moment(row.from, 'date'),
        },
        {
          key: 'until',
          header: t('sensor_until'),
          sortValue: (row) => row.until,
          cell: (row) => (row.until === null ? t('sensor_present') : format.moment(row.until, 'date')),
        },
      ]}
    />
  );
}
