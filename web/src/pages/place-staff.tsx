/** What staff see on a place's page beside everybody: editing, the devices that measure here, the groups in the room. */
import { Button, Link } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import type { Place } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { DataTable } from '../parts/data-table.tsx';
import { useNow } from '../parts/use-now.ts';
import type { Group } from '../registry-answers.ts';
import { groupsQuery, placeDevicesQuery } from '../registry-data.ts';
import { mayAct, useOrganisation } from '../session.ts';
import { useDeviceColumns } from './device-columns.tsx';
import './device-page.css';
import '../parts/form.css';

export function PlaceStaff(props: { readonly place: Place }) {
  const organisation = useOrganisation();
  if (!mayAct(organisation, 'viewer')) return null;
  const may = mayAct(organisation, 'editor');
  const { place } = props;
  return (
    <>
      {place.state.devices > 0 || place.kind === 'room' || place.kind === 'point' ? (
        <DevicesHere place={place} />
      ) : null}
      {place.kind === 'room' && <GroupsHere place={place} may={may} />}
      {may && <Editing place={place} />}
    </>
  );
}

function Editing(props: { readonly place: Place }) {
  const t = useText('editing');
  const { place } = props;
  const placeId = String(place.id);
  return (
    <div className="torv-row torv-no-print">
      <Button asChild variant="secondary">
        <RouterLink to="/places/$placeId/edit" params={{ placeId }}>
          {t('place_edit')}
        </RouterLink>
      </Button>
      {place.kind !== 'point' && (
        <Button asChild variant="tertiary">
          <RouterLink to="/places/new" search={{ parent: placeId }}>
            {t('place_add_inside')}
          </RouterLink>
        </Button>
      )}
    </div>
  );
}

function DevicesHere(props: { readonly place: Place }) {
  const t = useText('editing');
  const columns = useDeviceColumns('here');
  const { data } = useQuery(placeDevicesQuery(useOrganisation(), String(props.place.id)));
  if (!data) return null;
  return (
    <section className="torv-stack" aria-labelledby="devices-here">
      <h2 id="devices-here" className="torv-section-title">
        {t('devices_here')}
      </h2>
      <DataTable
        caption={t('devices_here')}
        columns={columns}
        rows={data.devices}
        rowKey={(device) => String(device.id)}
        empty={<p>{t('devices_none')}</p>}
      />
    </section>
  );
}

/** The name that a group has at a moment: that of the school year, else of the latest before it. */
export function toGroupYear(group: Group, schoolYear: number): Group['years'][number] | undefined {
  return group.years.filter((year) => year.schoolYear <= schoolYear).at(-1) ?? group.years[0];
}

/** August begins a school year. Months are enough here: nobody reads a class's name in the minute of midnight. */
export function toSchoolYearOf(nowMs: number): number {
  const now = new Date(nowMs);
  return now.getUTCMonth() >= 7 ? now.getUTCFullYear() : now.getUTCFullYear() - 1;
}

function GroupsHere(props: { readonly place: Place; readonly may: boolean }) {
  const t = useText('editing');
  const format = useFormat();
  const now = useNow();
  const { data } = useQuery(groupsQuery(useOrganisation()));
  const placeId = Number(props.place.id);
  if (!data) return null;
  const rows = data.groups.flatMap((group) =>
    group.rooms.filter((room) => room.placeId === placeId).map((room) => ({ group, room })),
  );
  const yearOf = (group: Group, from: string, until: string | null) => {
    const inForce = Date.parse(from) <= now && (until === null || Date.parse(until) > now);
    return toGroupYear(group, toSchoolYearOf(inForce ? now : Date.parse(from) + 86_400_000));
  };
  return (
    <section className="torv-stack" aria-labelledby="groups-here">
      <div className="torv-row torv-spread">
        <h2 id="groups-here" className="torv-section-title">
          {t('groups_here')}
        </h2>
        {props.may && (
          <Button asChild variant="tertiary" data-size="sm">
            <RouterLink to="/groups/$groupId" params={{ groupId: 'new' }} search={{ room: String(placeId) }}>
              {t('group_add')}
            </RouterLink>
          </Button>
        )}
      </div>
      <DataTable
        caption={t('groups_here')}
        rows={rows}
        rowKey={({ group, room }) => `${group.id} ${room.from}`}
        initialSort={{ key: 'from', direction: 'down' }}
        empty={<p>{t('groups_none')}</p>}
        columns={[
          {
            key: 'name',
            header: t('group_name'),
            title: true,
            cell: ({ group, room }) => {
              const name = yearOf(group, room.from, room.until)?.name ?? '';
              return props.may ? (
                <Link asChild>
                  <RouterLink to="/groups/$groupId" params={{ groupId: String(group.id) }}>
                    {name}
                  </RouterLink>
                </Link>
              ) : (
                name
              );
            },
          },
          {
            key: 'people',
            header: t('group_people'),
            align: 'end',
            cell: ({ group, room }) => {
              const people = yearOf(group, room.from, room.until)?.people ?? null;
              return people === null ? null : format.number(people);
            },
          },
          {
            key: 'from',
            header: t('group_from'),
            sortValue: ({ room }) => room.from,
            cell: ({ room }) => format.moment(room.from, 'date'),
          },
          {
            key: 'until',
            header: t('group_until'),
            cell: ({ room }) => (room.until === null ? null : format.moment(room.until, 'date')),
          },
        ]}
      />
    </section>
  );
}
