/** A group (a class): its name and number of people per school year, the rooms it is in; and moving all groups up in August. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { PlaceSummary } from '../answers.ts';
import { ApiProblem, sendJson, toPath } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Form } from '../parts/form.tsx';
import { DateField, toInstantOf, toLocalText } from '../parts/moment-field.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { PlacePicker } from '../parts/place-picker.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { VersionConflict } from '../parts/version-conflict.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { placesQuery } from '../place-data.ts';
import type { Group } from '../registry-answers.ts';
import { groupsQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { toGroupYear, toSchoolYearOf } from './place-staff.tsx';
import './place-page.css';

const route = getRouteApi('/groups/$groupId');

export function GroupPage() {
  const t = useText('editing');
  const places = useText('places');
  const { groupId } = route.useParams();
  const { room } = route.useSearch();
  const organisation = useOrganisation();
  const { data, error, refetch } = useQuery(groupsQuery(organisation));
  const { data: town } = useQuery(placesQuery(organisation));
  const group = data?.groups.find((one) => String(one.id) === groupId);
  const [nowMs] = useState(() => Date.now());
  const name = group ? (toGroupYear(group, toSchoolYearOf(nowMs))?.name ?? '') : '';
  return (
    <StaffOnly title={t('groups_here')} least="editor">
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!(data && town) && !error && <Waiting lines={4} />}
      {data && town && (group || groupId === 'new') && (
        <>
          <PageHead
            title={group ? t('group_title', { name }) : t('group_new_title')}
            crumbs={[{ name: places('places_title'), to: '/places' }]}
          />
          <div className="torv-stack" data-gap="lg">
            <GroupForm
              key={groupId}
              group={group}
              room={room ?? ''}
              places={town.places}
              schoolYear={toSchoolYearOf(nowMs)}
            />
            <Advance
              schoolYear={
                toSchoolYearOf(nowMs) +
                (new Date(nowMs).getUTCMonth() >= 4 && new Date(nowMs).getUTCMonth() < 7 ? 1 : 0)
              }
            />
          </div>
        </>
      )}
    </StaffOnly>
  );
}

interface Year {
  readonly schoolYear: string;
  readonly name: string;
  readonly people: string;
}

interface Stay {
  readonly placeId: string;
  readonly from: string;
  readonly until: string;
}

interface Typed {
  readonly years: readonly Year[];
  readonly rooms: readonly Stay[];
}

function toTyped(group: Group | undefined, room: string, schoolYear: number, timeZone: string): Typed {
  const day = (instant: string) => toLocalText(instant, timeZone).slice(0, 10);
  if (!group) {
    return {
      years: [{ schoolYear: String(schoolYear), name: '', people: '' }],
      rooms: [{ placeId: room, from: `${schoolYear}-08-01`, until: '' }],
    };
  }
  return {
    years: group.years.map((year) => ({
      schoolYear: String(year.schoolYear),
      name: year.name,
      people: year.people === null ? '' : String(year.people),
    })),
    rooms: group.rooms.map((stay) => ({
      placeId: String(stay.placeId),
      from: day(stay.from),
      until: stay.until === null ? '' : day(stay.until),
    })),
  };
}

function toBody(typed: Typed, timeZone: string) {
  return {
    years: typed.years.map((year) => ({
      schoolYear: Number(year.schoolYear),
      name: year.name.trim(),
      people: year.people.trim() === '' ? null : Number(year.people),
    })),
    rooms: typed.rooms
      .filter((stay) => stay.placeId !== '')
      .map((stay) => ({
        placeId: Number(stay.placeId),
        from: toInstantOf(`${stay.from}T00:00`, timeZone) ?? stay.from,
        until: stay.until === '' ? null : (toInstantOf(`${stay.until}T00:00`, timeZone) ?? stay.until),
      })),
  };
}

/** The site at the top of a room's path. */
function findSite(places: readonly PlaceSummary[], placeId: string): number | undefined {
  const place = places.find((one) => String(one.id) === placeId);
  return place?.path[0]?.id ?? place?.id;
}

const isRoom = (place: PlaceSummary) => place.kind === 'room';

function GroupForm(props: {
  readonly group: Group | undefined;
  readonly room: string;
  readonly places: readonly PlaceSummary[];
  readonly schoolYear: number;
}) {
  const t = useText('editing');
  const devices = useText('devices');
  const format = useFormat();
  const { timeZone } = format;
  const { group } = props;
  const organisation = useOrganisation();
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [tried, setTried] = useState(false);
  const draft = useDraft<Typed>(
    `group-${group?.id ?? 'new'}`,
    toTyped(group, props.room, props.schoolYear, timeZone),
    group?.version ?? 0,
  );
  const { value, change } = draft;
  const save = useMutation({
    mutationFn: (version: number) => {
      const body = toBody(value, timeZone);
      if (group) return sendJson<Group>(`/api/v1/groups/${group.id}`, { method: 'PATCH', body, version });
      const siteId = findSite(props.places, value.rooms[0]?.placeId ?? '');
      return sendJson<Group>(toPath('/api/v1/groups', { organisation: organisation?.id }), {
        method: 'POST',
        body: { ...body, siteId },
      });
    },
    onSuccess: async ({ body }) => {
      draft.drop();
      say(devices('saved'));
      await refresh();
      const last = body.rooms.at(-1);
      await (last
        ? navigate({ to: '/places/$placeId', params: { placeId: String(last.placeId) } })
        : navigate({ to: '/places' }));
    },
  });
  const current =
    save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT'
      ? (save.error.document.current as Group | undefined)
      : undefined;
  if (current) {
    const theirs = toTyped(current, '', props.schoolYear, timeZone);
    const toDay = (date: string) => (date === '' ? '' : format.moment(`${date}T12:00:00Z`, 'date'));
    const years = (typed: Typed) =>
      typed.years
        .map((year) => [year.schoolYear, year.name, year.people].filter(Boolean).join(' '))
        .join(', ');
    const rooms = (typed: Typed) =>
      typed.rooms
        .map((stay) => {
          const name = props.places.find((one) => String(one.id) === stay.placeId)?.name ?? stay.placeId;
          return `${name} ${toDay(stay.from)}–${toDay(stay.until)}`;
        })
        .join(', ');
    return (
      <VersionConflict
        fields={[
          { label: t('group_years'), mine: years(value), theirs: years(theirs) },
          { label: t('group_rooms'), mine: rooms(value), theirs: rooms(theirs) },
        ].filter((field) => field.mine !== field.theirs)}
        onKeepMine={() => {
          draft.rebase(current.version);
          save.mutate(current.version);
        }}
        onKeepTheirs={() => {
          draft.drop();
          save.reset();
          void refresh();
        }}
      />
    );
  }
  const setYear = (index: number, part: Partial<Year>) =>
    change({ years: value.years.map((year, i) => (i === index ? { ...year, ...part } : year)) });
  const setStay = (index: number, part: Partial<Stay>) =>
    change({ rooms: value.rooms.map((stay, i) => (i === index ? { ...stay, ...part } : stay)) });
  const wrongPeople = (text: string) => (/^\d*$/.test(text.trim()) ? undefined : t('group_people_wrong'));
  const wrongName = (text: string) => (text.trim() === '' ? devices('field_required') : undefined);
  const wrongRoom = (stay: Stay) => (stay.placeId === '' ? devices('field_place_choose') : undefined);
  const wrong =
    value.years.some((year) => wrongName(year.name) || wrongPeople(year.people)) ||
    value.rooms.some(wrongRoom);
  return (
    <Form
      submit={t('group_save')}
      busy={save.isPending}
      error={save.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => {
        setTried(true);
        if (!wrong) save.mutate(draft.version);
      }}
    >
      <fieldset>
        <legend className="torv-section-title">{t('group_years')}</legend>
        {value.years.map((year, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own while they are typed
          <div key={index} className="torv-form-line">
            <Textfield
              label={t('group_name')}
              value={year.name}
              error={tried ? wrongName(year.name) : undefined}
              onChange={(event) => setYear(index, { name: event.currentTarget.value })}
            />
            <Textfield
              label={t('group_year')}
              type="number"
              value={year.schoolYear}
              onChange={(event) => setYear(index, { schoolYear: event.currentTarget.value })}
            />
            <Textfield
              label={t('group_people')}
              inputMode="numeric"
              value={year.people}
              error={wrongPeople(year.people)}
              onChange={(event) => setYear(index, { people: event.currentTarget.value })}
            />
            {value.years.length > 1 && (
              <Button
                type="button"
                variant="tertiary"
                aria-label={`${t('group_remove')}: ${year.name} ${year.schoolYear}`}
                onClick={() => change({ years: value.years.filter((_, i) => i !== index) })}
              >
                {t('group_remove')}
              </Button>
            )}
          </div>
        ))}
        <div>
          <Button
            type="button"
            variant="secondary"
            data-size="sm"
            onClick={() => {
              const last = value.years.at(-1);
              const next = {
                schoolYear: String(Number(last?.schoolYear ?? props.schoolYear) + 1),
                name: '',
                people: last?.people ?? '',
              };
              change({ years: [...value.years, next] });
            }}
          >
            {t('group_year_add')}
          </Button>
        </div>
      </fieldset>
      <fieldset>
        <legend className="torv-section-title">{t('group_rooms')}</legend>
        {value.rooms.map((stay, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own while they are typed
          <div key={index} className="torv-stack">
            <PlacePicker
              label={t('group_room')}
              value={stay.placeId}
              allow={isRoom}
              error={tried ? wrongRoom(stay) : undefined}
              onChange={(placeId) => setStay(index, { placeId })}
            />
            <div className="torv-form-pair">
              <DateField
                label={t('group_from')}
                value={stay.from}
                onChange={(from) => setStay(index, { from })}
              />
              <DateField
                label={t('group_until')}
                help={t('group_until_help')}
                value={stay.until}
                onChange={(until) => setStay(index, { until })}
              />
            </div>
            {value.rooms.length > 1 && (
              <div>
                <Button
                  type="button"
                  variant="tertiary"
                  data-size="sm"
                  onClick={() => change({ rooms: value.rooms.filter((_, i) => i !== index) })}
                >
                  {t('group_remove')}
                </Button>
              </div>
            )}
          </div>
        ))}
        <div>
          <Button
            type="button"
            variant="secondary"
            data-size="sm"
            onClick={() =>
              change({
                rooms: [...value.rooms, { placeId: '', from: `${props.schoolYear}-08-01`, until: '' }],
              })
            }
          >
            {t('group_room_add')}
          </Button>
        </div>
      </fieldset>
    </Form>
  );
}

function Advance(props: { readonly schoolYear: number }) {
  const t = useText('editing');
  const organisation = useOrganisation();
  const say = useSay();
  const refresh = useRefresh();
  const [asking, setAsking] = useState(false);
  const year = `${props.schoolYear}/${String(props.schoolYear + 1).slice(2)}`;
  const advance = useMutation({
    mutationFn: () =>
      sendJson<{ readonly moved: number }>(
        toPath('/api/v1/groups/advance', { organisation: organisation?.id }),
        { method: 'POST', body: { schoolYear: props.schoolYear } },
      ),
    onSuccess: async ({ body }) => {
      say(t('groups_advanced', { count: body.moved }));
      await refresh();
    },
    onSettled: () => setAsking(false),
  });
  return (
    <div>
      {advance.error && <Problem error={advance.error} />}
      <Button variant="tertiary" onClick={() => setAsking(true)}>
        {t('groups_advance', { year })}
      </Button>
      <ConfirmDialog
        open={asking}
        title={t('groups_advance_title')}
        lost={[t('groups_advance_text', { year })]}
        undoable={false}
        confirm={t('groups_advance', { year })}
        busy={advance.isPending}
        onConfirm={() => advance.mutate()}
        onCancel={() => setAsking(false)}
      />
    </div>
  );
}
