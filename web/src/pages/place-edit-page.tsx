/** A new place, or one that is changed: what it is, the room's size and air, where it stands on the map; and deleting it. */
import { Button, Checkbox, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useState } from 'react';
import type { PlaceKind, PlaceSummary } from '../answers.ts';
import { ApiProblem, sendJson, toPath } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { Choice } from '../parts/choice.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Form } from '../parts/form.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { PlacePicker } from '../parts/place-picker.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { VersionConflict } from '../parts/version-conflict.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { groundQuery } from '../place-data.ts';
import type { EditablePlace } from '../registry-answers.ts';
import { editablePlaceQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import './place-page.css';
import { loadPart } from '../parts/load-part.ts';

const PickMap = lazy(async () => ({
  default: (await loadPart(() => import('../map/pick-map.tsx'))).PickMap,
}));

const KINDS: readonly PlaceKind[] = ['site', 'building', 'room', 'point'];
const USES = ['classroom', 'daycare', 'office', 'meeting', 'hall', 'other'] as const;
const VENTILATIONS = ['unknown', 'none', 'natural', 'mechanical', 'co2-controlled'] as const;
const POWERS = ['mains', 'poe', 'none'] as const;
/** Which kinds may stand inside which; the server says the same. */
const INSIDE: { readonly [K in PlaceKind]: readonly (PlaceKind | null)[] } = {
  site: [null],
  building: ['site', null],
  room: ['building', 'site'],
  point: ['site', 'building', 'room', null],
};

interface Typed {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly parentId: string;
  readonly description: string;
  readonly externalRef: string;
  readonly roomUse: string;
  readonly floor: string;
  readonly areaM2: string;
  readonly volumeM3: string;
  readonly ventilation: string;
  readonly ventilationM3H: string;
  readonly power: string;
  readonly position: readonly [number, number] | null;
}

const toText = (value: string | number | null | undefined) => (value == null ? '' : String(value));

const toTyped = (place: EditablePlace | undefined, parentId: string): Typed => ({
  name: place?.name ?? '',
  kind: place?.kind ?? (parentId === '' ? 'site' : 'room'),
  parentId: place ? toText(place.parentId) : parentId,
  description: place?.description ?? '',
  externalRef: toText(place?.externalRef),
  roomUse: toText(place?.roomUse),
  floor: toText(place?.floor),
  areaM2: toText(place?.areaM2),
  volumeM3: toText(place?.volumeM3),
  ventilation: place?.ventilation ?? 'unknown',
  ventilationM3H: toText(place?.ventilationM3H),
  power: toText(place?.power),
  position: place?.position ?? null,
});

const NUMBERS = ['areaM2', 'volumeM3', 'ventilationM3H'] as const;
const toNumber = (text: string) => Number(text.replace(',', '.'));
const NULLABLE: readonly (keyof Typed)[] = ['externalRef', 'roomUse', 'floor', 'power'];

function toBody(typed: Partial<Typed>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(typed).map(([key, value]) => {
      if (key === 'parentId') return [key, value === '' ? null : Number(value)];
      if (NUMBERS.some((one) => one === key)) return [key, value === '' ? null : toNumber(String(value))];
      if (NULLABLE.some((one) => one === key)) return [key, value === '' ? null : value];
      return [key, value];
    }),
  );
}

export function PlaceEditPage() {
  const t = useText('editing');
  const { placeId } = useParams({ strict: false });
  const { data: place, error, refetch } = useQuery(editablePlaceQuery(placeId));
  const { parent } = useSearch({ strict: false }) as { readonly parent?: string };
  const places = useText('places');
  return (
    <StaffOnly title={t('place_edit')} least="editor">
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {placeId !== undefined && !place && !error && <Waiting lines={4} />}
      {(place || placeId === undefined) && (
        <>
          <PageHead
            title={place ? t('place_edit_title', { name: place.name }) : t('place_new')}
            crumbs={[
              { name: places('places_title'), to: '/places' },
              ...(place ? [{ name: place.name, to: `/places/${place.id}` }] : []),
            ]}
          />
          <PlaceForm key={place?.id ?? 'new'} place={place} parent={parent ?? ''} />
        </>
      )}
    </StaffOnly>
  );
}

function PlaceForm(props: { readonly place: EditablePlace | undefined; readonly parent: string }) {
  const t = useText('editing');
  const places = useText('places');
  const devices = useText('devices');
  const { place } = props;
  const organisation = useOrganisation();
  const { data: ground } = useQuery(groundQuery(organisation));
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const initial = toTyped(place, props.parent);
  const draft = useDraft<Typed>(`place-${place?.id ?? 'new'}`, initial, place?.version ?? 0);
  const { value, change } = draft;
  const { kind } = value;
  const isRoom = kind === 'room';
  const save = useMutation({
    mutationFn: (version: number) =>
      place
        ? sendJson<EditablePlace>(`/api/v1/places/${place.id}`, {
            method: 'PATCH',
            body: toBody(draft.changes),
            version,
          })
        : sendJson<EditablePlace>(toPath('/api/v1/places', { organisation: organisation?.id }), {
            method: 'POST',
            body: toBody(value),
          }),
    onSuccess: async ({ body }) => {
      draft.drop();
      say(place ? devices('saved') : t('created', { name: body.name }));
      await refresh();
      await navigate({ to: '/places/$placeId', params: { placeId: String(body.id) } });
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/places/${place?.id}`, { method: 'DELETE', version: place?.version ?? 0 }),
    onSuccess: async () => {
      draft.drop();
      say(t('deleted', { name: place?.name ?? '' }));
      await navigate({ to: '/places' });
      await refresh();
    },
    onSettled: () => setAsking(false),
  });
  const self = place?.id;
  const allow = useCallback(
    (one: PlaceSummary) => Number(one.id) !== self && INSIDE[kind].includes(one.kind),
    [kind, self],
  );
  const onPick = useCallback(
    (position: readonly [number, number]) => change({ position: [position[0], position[1]] }),
    [change],
  );
  const wrongNumber = (text: string) =>
    text.trim() !== '' && !(toNumber(text) > 0) ? t('number_wrong') : undefined;
  const wrongName = value.name.trim() === '' ? devices('field_required') : undefined;
  const wrongParent =
    value.parentId === '' && !INSIDE[kind].includes(null) ? devices('field_place_choose') : undefined;
  const labels: { readonly [K in keyof Typed]: string } = {
    name: t('name'),
    kind: t('kind'),
    parentId: t('parent'),
    description: t('description'),
    externalRef: t('external_ref'),
    roomUse: t('room_use'),
    floor: t('floor'),
    areaM2: t('area'),
    volumeM3: t('volume'),
    ventilation: t('ventilation'),
    ventilationM3H: t('ventilation_rate'),
    power: t('power'),
    position: t('section_position'),
  };
  const current =
    save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT'
      ? (save.error.document.current as EditablePlace | undefined)
      : undefined;
  if (current) {
    const theirs = toTyped(current, '');
    return (
      <VersionConflict
        fields={(Object.keys(draft.changes) as (keyof Typed)[])
          .filter((key) => String(theirs[key]) !== String(value[key]))
          .map((key) => ({
            label: labels[key],
            mine: String(value[key] ?? ''),
            theirs: String(theirs[key] ?? ''),
          }))}
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
  const text = (key: 'floor' | (typeof NUMBERS)[number], numeric: boolean) => (
    <Textfield
      label={labels[key]}
      value={value[key]}
      {...(numeric ? { inputMode: 'decimal' as const } : {})}
      error={numeric ? wrongNumber(value[key]) : undefined}
      onChange={(event) => change({ [key]: event.currentTarget.value })}
    />
  );
  return (
    <>
      <Form
        submit={t('save')}
        busy={save.isPending}
        error={save.error ?? remove.error}
        restored={draft.restored}
        onDrop={draft.drop}
        onSubmit={() => {
          setTried(true);
          if (!wrongName && !wrongParent && NUMBERS.every((key) => !wrongNumber(value[key])))
            save.mutate(draft.version);
        }}
        beside={
          place && (
            <Button type="button" variant="tertiary" data-color="danger" onClick={() => setAsking(true)}>
              {t('delete')}
            </Button>
          )
        }
      >
        <fieldset>
          <legend className="torv-section-title">{t('section_what')}</legend>
          <Textfield
            label={labels.name}
            value={value.name}
            error={tried ? wrongName : undefined}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Choice
            label={labels.kind}
            value={kind}
            options={KINDS.map((one) => ({ value: one, text: places(`kind_${one}`) }))}
            onChange={(next) => change({ kind: KINDS.find((one) => one === next) ?? 'room' })}
          />
          {kind !== 'site' && (
            <PlacePicker
              label={labels.parentId}
              none={INSIDE[kind].includes(null) ? t('parent_none') : devices('field_place_choose')}
              value={value.parentId}
              allow={allow}
              error={tried ? wrongParent : undefined}
              onChange={(parentId) => change({ parentId })}
            />
          )}
          <Textfield
            label={labels.description}
            multiline
            rows={3}
            value={value.description}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
          <Textfield
            label={labels.externalRef}
            description={t('external_ref_help')}
            value={value.externalRef}
            onChange={(event) => change({ externalRef: event.currentTarget.value })}
          />
        </fieldset>
        {isRoom && (
          <fieldset>
            <legend className="torv-section-title">{t('section_room')}</legend>
            <div className="torv-form-pair">
              <Choice
                label={labels.roomUse}
                none={t('use_none')}
                value={value.roomUse}
                options={USES.map((use) => ({
                  value: use,
                  text: t(use === 'other' ? 'use_else' : `use_${use}`),
                }))}
                onChange={(roomUse) => change({ roomUse })}
              />
              {text('floor', false)}
            </div>
            <div className="torv-form-pair">
              {text('areaM2', true)}
              {text('volumeM3', true)}
            </div>
            <div className="torv-form-pair">
              <Choice
                label={labels.ventilation}
                value={value.ventilation}
                options={VENTILATIONS.map((one) => ({ value: one, text: t(`vent_${one}`) }))}
                onChange={(ventilation) => change({ ventilation })}
              />
              {text('ventilationM3H', true)}
            </div>
            <Choice
              label={labels.power}
              none={t('power_unknown')}
              value={value.power}
              options={POWERS.map((one) => ({ value: one, text: t(`power_${one}`) }))}
              onChange={(power) => change({ power })}
            />
          </fieldset>
        )}
        <fieldset>
          <legend className="torv-section-title">{labels.position}</legend>
          {value.parentId !== '' && kind !== 'site' && (
            <Checkbox
              label={t('position_inherit')}
              checked={value.position === null}
              onChange={(event) =>
                change({ position: event.currentTarget.checked ? null : toCentre(ground) })
              }
            />
          )}
          {(value.position !== null || value.parentId === '' || kind === 'site') && (
            <Suspense fallback={<Waiting heightRem={20} />}>
              <PickMap ground={ground} value={value.position} onPick={onPick} />
            </Suspense>
          )}
        </fieldset>
      </Form>
      {place && (
        <ConfirmDialog
          open={asking}
          title={t('delete_title', { name: place.name })}
          lost={[t('delete_lost')]}
          undoable={false}
          confirm={t('delete')}
          busy={remove.isPending}
          onConfirm={() => remove.mutate()}
          onCancel={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Somewhere on the organisation's own ground to begin with. */
function toCentre(ground: unknown): readonly [number, number] {
  const numbers = JSON.stringify(ground ?? null).match(/\[-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?\]/g) ?? [];
  const points = numbers.map((text) => JSON.parse(text) as [number, number]);
  if (points.length === 0) return [10, 56];
  const mean = (i: 0 | 1) => points.reduce((sum, point) => sum + point[i], 0) / points.length;
  return [Math.round(mean(0) * 1e5) / 1e5, Math.round(mean(1) * 1e5) / 1e5];
}
