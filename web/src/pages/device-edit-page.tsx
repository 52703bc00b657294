/** What is known about a device, and which codec reads it. A conflict shows both texts. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiProblem, sendJson } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { Choice } from '../parts/choice.tsx';
import { Form } from '../parts/form.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { VersionConflict } from '../parts/version-conflict.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { Device, PowerSource } from '../registry-answers.ts';
import { deviceQuery, rolesQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { CodecChoiceField } from './codec-choice.tsx';

const route = getRouteApi('/devices/$deviceId/edit');
const POWER: readonly PowerSource[] = ['battery', 'mains', 'solar', 'poe'];

export function DeviceEditPage() {
  const t = useText('devices');
  const { deviceId } = route.useParams();
  const {
    data: device,
    error,
    refetch,
  } = useQuery({
    ...deviceQuery(deviceId),
    refetchInterval: false,
  });
  return (
    <StaffOnly title={t('edit')} least="editor">
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!device && !error && <Waiting lines={4} />}
      {device && (
        <>
          <PageHead
            title={t('edit_title', { name: device.name })}
            crumbs={[
              { name: t('title'), to: '/devices' },
              { name: device.name, to: `/devices/${device.id}` },
            ]}
          />
          <div className="torv-stack" data-gap="lg">
            <Fields device={device} />
            <OtherCodec device={device} />
          </div>
        </>
      )}
    </StaffOnly>
  );
}

interface Typed {
  readonly name: string;
  readonly serial: string;
  readonly powerSource: string;
  readonly responsibleRoleId: string;
  readonly interval: string;
  readonly notes: string;
}

const toTyped = (device: Device): Typed => ({
  name: device.name,
  serial: device.serial ?? '',
  powerSource: device.powerSource ?? '',
  responsibleRoleId: device.responsibleRoleId === null ? '' : String(device.responsibleRoleId),
  interval: device.expectedIntervalS === null ? '' : String(device.expectedIntervalS / 60),
  notes: device.notes,
});

function toBody(changes: Partial<Typed>): Record<string, unknown> {
  const { interval, responsibleRoleId, serial, powerSource, ...rest } = changes;
  return {
    ...rest,
    ...(serial === undefined ? {} : { serial: serial || null }),
    ...(powerSource === undefined ? {} : { powerSource: powerSource || null }),
    ...(responsibleRoleId === undefined
      ? {}
      : { responsibleRoleId: responsibleRoleId === '' ? null : Number(responsibleRoleId) }),
    ...(interval === undefined
      ? {}
      : {
          expectedIntervalS:
            interval.trim() === '' ? null : Math.round(Number(interval.replace(',', '.')) * 60),
        }),
  };
}

function Fields(props: { readonly device: Device }) {
  const t = useText('devices');
  const shell = useText('shell');
  const { device } = props;
  const { data: roles } = useQuery(rolesQuery(useOrganisation()));
  const draft = useDraft(`device-${device.id}`, toTyped(device), device.version);
  const { value, change } = draft;
  const [tried, setTried] = useState(false);
  const navigate = useNavigate();
  const say = useSay();
  const refresh = useRefresh();
  const back = () => navigate({ to: '/devices/$deviceId', params: { deviceId: String(device.id) } });
  const save = useMutation({
    mutationFn: (version: number) =>
      sendJson<Device>(`/api/v1/devices/${device.id}`, {
        method: 'PATCH',
        body: toBody(draft.changes),
        version,
      }),
    onSuccess: async () => {
      draft.drop();
      say(t('saved'));
      await refresh();
      await back();
    },
  });
  const minutes = Number(value.interval.replace(',', '.'));
  const wrongName = value.name.trim() === '' ? t('field_required') : undefined;
  const wrongInterval =
    value.interval.trim() !== '' && !(minutes > 0 && minutes <= 44_640)
      ? t('field_interval_wrong')
      : undefined;
  const current =
    save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT'
      ? (save.error.document.current as Device | undefined)
      : undefined;
  const labels: { readonly [K in keyof Typed]: string } = {
    name: t('field_name'),
    serial: t('field_serial'),
    powerSource: t('field_power'),
    responsibleRoleId: t('field_role'),
    interval: t('field_interval'),
    notes: t('field_notes'),
  };
  if (current) {
    const theirs = toTyped(current);
    const keys = Object.keys(draft.changes) as (keyof Typed)[];
    const shown = (key: keyof Typed, text: string) =>
      key === 'responsibleRoleId'
        ? (roles?.contactRoles.find((role) => String(role.id) === text)?.name ?? text)
        : text;
    return (
      <VersionConflict
        fields={keys
          .filter((key) => theirs[key] !== value[key])
          .map((key) => ({
            label: labels[key],
            mine: shown(key, value[key]),
            theirs: shown(key, theirs[key]),
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
  return (
    <Form
      submit={shell('save')}
      busy={save.isPending}
      error={save.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => {
        setTried(true);
        if (!wrongName && !wrongInterval) save.mutate(draft.version);
      }}
      beside={
        <Button asChild variant="tertiary">
          <RouterLink to="/devices/$deviceId" params={{ deviceId: String(device.id) }}>
            {shell('cancel')}
          </RouterLink>
        </Button>
      }
    >
      <Textfield
        label={labels.name}
        value={value.name}
        error={tried ? wrongName : undefined}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Textfield
        label={labels.notes}
        description={t('field_notes_help')}
        multiline
        rows={4}
        value={value.notes}
        onChange={(event) => change({ notes: event.currentTarget.value })}
      />
      <Choice
        label={labels.responsibleRoleId}
        none={t('field_role_none')}
        value={value.responsibleRoleId}
        options={(roles?.contactRoles ?? []).map((role) => ({ value: String(role.id), text: role.name }))}
        onChange={(responsibleRoleId) => change({ responsibleRoleId })}
      />
      <div className="torv-form-pair">
        <Textfield
          label={labels.serial}
          value={value.serial}
          onChange={(event) => change({ serial: event.currentTarget.value })}
        />
        <Choice
          label={labels.powerSource}
          none={t('power_unknown')}
          value={value.powerSource}
          options={POWER.map((power) => ({ value: power, text: t(`power_${power}`) }))}
          onChange={(powerSource) => change({ powerSource })}
        />
      </div>
      <Textfield
        label={labels.interval}
        description={t('field_interval_help')}
        inputMode="decimal"
        value={value.interval}
        error={tried ? wrongInterval : undefined}
        onChange={(event) => change({ interval: event.currentTarget.value })}
      />
    </Form>
  );
}

function OtherCodec(props: { readonly device: Device }) {
  const t = useText('devices');
  const { device } = props;
  const say = useSay();
  const refresh = useRefresh();
  const [codec, setCodec] = useState(device.codec?.key ?? '');
  const save = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/devices/${device.id}/codec`, {
        method: 'POST',
        body: { codec },
        version: device.version,
      }),
    onSuccess: async () => {
      say(t('saved'));
      await refresh();
    },
  });
  return (
    <section className="torv-stack" aria-labelledby="codec">
      <h2 id="codec" className="torv-section-title">
        {t('codec_change_title')}
      </h2>
      <p className="torv-prose">{t('codec_change_text')}</p>
      <Form
        submit={t('codec_change_do')}
        busy={save.isPending}
        error={save.error}
        onSubmit={() => {
          if (codec !== '' && codec !== device.codec?.key) save.mutate();
        }}
      >
        <CodecChoiceField value={codec} onChange={setCodec} />
      </Form>
    </section>
  );
}
