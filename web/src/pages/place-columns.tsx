/** The columns of every table of places: name, state, the number, where, last heard. */
import { Link } from '@digdir/designsystemet-react';
import { Link as RouterLink } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { PlaceSummary } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import type { Column } from '../parts/data-table.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { isMeasured, type ToldPlace, toShown, urgencyOf } from '../place-state.ts';

type PlaceRow = PlaceSummary & Pick<ToldPlace, 'from'>;

/**
 * `child`: inside a place that the page already names, where "where" would repeat it.
 * @param within the place whose page it is: its own name and what stands above it are left out of "where"
 */
export function usePlaceColumns(shown: 'any' | 'child', within?: number): readonly Column<PlaceRow>[] {
  const t = useText('places');
  const format = useFormat();
  return useMemo(() => {
    const columns: readonly Column<PlaceRow>[] = [
      {
        key: 'name',
        header: t('column_name'),
        title: true,
        sortValue: (place) => place.name,
        cell: (place) => (
          <Link asChild>
            <RouterLink to="/places/$placeId" params={{ placeId: String(place.id) }}>
              {place.name}
            </RouterLink>
          </Link>
        ),
      },
      {
        key: 'state',
        header: t('column_state'),
        sortValue: (place) => urgencyOf(place.state),
        cell: (place) => <StateMark state={toShown(place.state)} />,
      },
      {
        key: 'value',
        header: t('column_value'),
        align: 'end',
        cell: ({ state, state: { headline }, from }) =>
          headline === null || !isMeasured(state) ? null : (
            <span>
              {headline.property === 'co2' && 'CO2 '}
              {format.value(headline.property, headline.value, headline.unit)}
              {from !== undefined && <span className="torv-quiet torv-cell-note">{from.name}</span>}
            </span>
          ),
      },
      {
        key: 'where',
        header: t('column_where'),
        sortValue: (place) => toWhere(place, within),
        cell: (place) => toWhere(place, within) || t(`kind_${place.kind}`),
      },
      {
        key: 'heard',
        header: t('column_heard'),
        sortValue: (place) => place.state.lastHeard,
        cell: (place) =>
          place.state.lastHeard === null ? null : <RelativeTime instant={place.state.lastHeard} />,
      },
    ];
    return shown === 'child' ? columns.filter((column) => column.key !== 'where') : columns;
  }, [t, format, shown, within]);
}

function toWhere({ path }: PlaceSummary, within: number | undefined): string {
  const above = path.findIndex((step) => step.id === within);
  return path
    .slice(above + 1)
    .map((step) => step.name)
    .join(' › ');
}
