/** Moving a device, also back-dated, and replacing it by another: one question each, with what happens to the readings. */
import { Alert, Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link as RouterLink, useNavigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { sendJson } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Form } from '../parts/form.tsx';
import { MomentField, toInstantOf, toLocalText } from '../parts/moment-field.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { PlacePicker } from '../parts/place-picker.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { Waiting } from '../parts/waiting.tsx';
import type { Device } from '../registry-answers.ts';
import { deviceQuery, useRefresh } from '../registry-data.ts';
import { CodecChoiceField } from './codec-choice.tsx';

type Changed = { readonly device: Device; readonly pending: number };

/** More than this before now is said to lie in the past. */
const PAST_MS = 5 * 60_000;
export const DEV_EUI = /^[0-9a-f]{16}$/i;
export const toDevEui = (text: string) => text.replace(/[\s:.-]/g, '');

function WithDevice(props: {
  readonly action: 'move' | 'replace';
  readonly children: (device: Device) => ReactNode;
}) {
  const t = useText('devices');
  const { deviceId = '' } = useParams({ strict: false });
  const { data: device, error, refetch } = useQuery({ ...deviceQuery(deviceId), refetchInterval: false });
  return (
    <StaffOnly title={t(props.action)} least="editor">
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!device && !error && <Waiting lines={4} />}
      {device && (
        <>
          <PageHead
            title={t(`${props.action}_title`, { name: device.name })}
            crumbs={[
              { name: t('title'), to: '/devices' },
              { name: device.name, to: `/devices/${device.id}` },
            ]}
            answer={t(`${props.action}_text`)}
          />
          {props.children(device)}
        </>
      )}
    </StaffOnly>
  );
}

function Cancel(props: { readonly device: Device }) {
  const shell = useText('shell');
  return (
    <Button asChild variant="tertiary">
      <RouterLink to="/devices/$deviceId" params={{ deviceId: String(props.device.id) }}>
        {shell('cancel')}
      </RouterLink>
    </Button>
  );
}

export function DeviceMovePage() {
  return <WithDevice action="move">{(device) => <Move device={device} />}</WithDevice>;
}

function Move(props: { readonly device: Device }) {
  const t = useText('devices');
  const format = useFormat();
  const { device } = props;
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [nowMs] = useState(() => Date.now());
  const [tried, setTried] = useState(false);
  const draft = useDraft(
    `device-move-${device.id}`,
    { placeId: '', from: toLocalText(nowMs, format.timeZone) },
    device.version,
  );
  const { value, change } = draft;
  const from = toInstantOf(value.from, format.timeZone);
  const wrongPlace = value.placeId === '' ? t('field_place_choose') : undefined;
  const wrongTime = from === undefined ? t('field_time_wrong') : undefined;
  const move = useMutation({
    mutationFn: () =>
      sendJson<Changed>(`/api/v1/devices/${device.id}/move`, {
        method: 'POST',
        body: { placeId: Number(value.placeId), from },
        version: device.version,
      }),
    onSuccess: async ({ body }) => {
      draft.drop();
      const { name } = body.device;
      say(body.pending === 0 ? t('moved', { name }) : t('moved_pending', { name, count: body.pending }));
      await refresh();
      await navigate({ to: '/devices/$deviceId', params: { deviceId: String(device.id) } });
    },
  });
  return (
    <Form
      submit={t('move_do')}
      busy={move.isPending}
      error={move.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => {
        setTried(true);
        if (!wrongPlace && !wrongTime) move.mutate();
      }}
      beside={<Cancel device={device} />}
    >
      <PlacePicker
        label={t('move_to')}
        value={value.placeId}
        error={tried ? wrongPlace : undefined}
        onChange={(placeId) => change({ placeId })}
      />
      <MomentField
        label={t('move_from')}
        value={value.from}
        error={tried ? wrongTime : undefined}
        onChange={(text) => change({ from: text })}
      />
      {from !== undefined && nowMs - Date.parse(from) > PAST_MS && (
        <Alert data-color="info" data-size="sm">
          {t('move_past', { moment: format.moment(from, 'moment') })}
        </Alert>
      )}
    </Form>
  );
}

export function DeviceReplacePage() {
  return <WithDevice action="replace">{(device) => <Replace device={device} />}</WithDevice>;
}

function Replace(props: { readonly device: Device }) {
  const t = useText('devices');
  const format = useFormat();
  const { device } = props;
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [nowMs] = useState(() => Date.now());
  const [tried, setTried] = useState(false);
  const draft = useDraft(`device-replace-${device.id}`, {
    devEui: '',
    codec: device.codec?.key ?? '',
    serial: '',
    at: toLocalText(nowMs, format.timeZone),
  });
  const { value, change } = draft;
  const at = toInstantOf(value.at, format.timeZone);
  const devEui = toDevEui(value.devEui);
  const wrongEui = DEV_EUI.test(devEui) ? undefined : t('field_deveui_wrong');
  const wrongCodec = value.codec === '' ? t('field_codec_choose') : undefined;
  const wrongTime = at === undefined ? t('field_time_wrong') : undefined;
  const replace = useMutation({
    mutationFn: () =>
      sendJson<Changed>(`/api/v1/devices/${device.id}/replace`, {
        method: 'POST',
        body: { devEui, codec: value.codec, at, ...(value.serial === '' ? {} : { serial: value.serial }) },
        version: device.version,
      }),
    onSuccess: async ({ body }) => {
      draft.drop();
      say(t('replaced', { name: device.name }));
      await refresh();
      await navigate({ to: '/devices/$deviceId', params: { deviceId: String(body.device.id) } });
    },
  });
  return (
    <Form
      submit={t('replace_do')}
      busy={replace.isPending}
      error={replace.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => {
        setTried(true);
        if (!wrongEui && !wrongCodec && !wrongTime) replace.mutate();
      }}
      beside={<Cancel device={device} />}
    >
      <Textfield
        label={t('field_deveui')}
        description={t('field_deveui_help')}
        autoCapitalize="characters"
        autoComplete="off"
        spellCheck={false}
        value={value.devEui}
        error={tried ? wrongEui : undefined}
        onChange={(event) => change({ devEui: event.currentTarget.value })}
      />
      <CodecChoiceField
        value={value.codec}
        error={tried ? wrongCodec : undefined}
        onChange={(codec) => change({ codec })}
      />
      <Textfield
        label={t('field_serial')}
        value={value.serial}
        onChange={(event) => change({ serial: event.currentTarget.value })}
      />
      <MomentField
        label={t('replace_at')}
        value={value.at}
        error={tried ? wrongTime : undefined}
        onChange={(text) => change({ at: text })}
      />
    </Form>
  );
}
