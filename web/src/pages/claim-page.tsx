/** One device gets its codec and its place; the readings that the codec makes stand beside, before anything is written. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { sendJson, toPath } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Code } from '../parts/code.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { Form } from '../parts/form.tsx';
import { MomentField, toInstantOf } from '../parts/moment-field.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { PlacePicker } from '../parts/place-picker.tsx';
import { Problem } from '../parts/problem.tsx';
import { Reason } from '../parts/reason.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { Waiting } from '../parts/waiting.tsx';
import type { Device, InboxDevice } from '../registry-answers.ts';
import { inboxQuery, previewQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { CodecChoiceField } from './codec-choice.tsx';
import { Readings } from './device-frames.tsx';
import { DEV_EUI, toDevEui } from './device-move-page.tsx';
import { toTagText } from './inbox-page.tsx';
import './device-page.css';

const route = getRouteApi('/inbox/$deviceId');

export function ClaimPage() {
  const t = useText('claiming');
  return (
    <StaffOnly title={t('title')} least="editor">
      <Chosen />
    </StaffOnly>
  );
}

function Chosen() {
  const t = useText('claiming');
  const { deviceId } = route.useParams();
  const { data, error, refetch } = useQuery(inboxQuery(useOrganisation()));
  const crumbs = [{ name: t('title'), to: '/inbox' }];
  if (deviceId === 'new') {
    return (
      <>
        <PageHead title={t('claim_new_title')} crumbs={crumbs} answer={t('claim_new_text')} />
        <Claim device={undefined} />
      </>
    );
  }
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting lines={4} />;
  const device = data.devices.find((one) => String(one.id) === deviceId);
  if (!device) {
    return (
      <Empty
        title={t('claim_done_already')}
        action={
          <Button asChild variant="secondary">
            <RouterLink to="/devices/$deviceId" params={{ deviceId }}>
              {t('claim_open')}
            </RouterLink>
          </Button>
        }
      />
    );
  }
  const heard = [device.heard.profile, toTagText(device.heard.tags)].filter(Boolean).join(' · ');
  return (
    <>
      <PageHead
        title={t('claim_title', { name: device.heard.name ?? device.devEui.toUpperCase() })}
        crumbs={crumbs}
        answer={t('claim_text', { count: device.frames })}
      />
      <p className="torv-quiet">
        <Code>{device.devEui.toUpperCase()}</Code>
        {heard !== '' && ` · ${heard}`}
      </p>
      <Claim key={device.id} device={device} />
    </>
  );
}

function Claim(props: { readonly device: InboxDevice | undefined }) {
  const t = useText('claiming');
  const words = useText('devices');
  const shell = useText('shell');
  const { device } = props;
  const { timeZone } = useFormat();
  const organisation = useOrganisation();
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [tried, setTried] = useState(false);
  const draft = useDraft(`claim-${device?.id ?? 'new'}`, {
    devEui: device?.devEui ?? '',
    codec: device?.suggestedCodec ?? '',
    placeId: '',
    name: device?.heard.name ?? '',
    from: '',
  });
  const { value, change } = draft;
  const devEui = toDevEui(value.devEui);
  const from = value.from === '' ? undefined : toInstantOf(value.from, timeZone);
  const wrongEui = DEV_EUI.test(devEui) ? undefined : words('field_deveui_wrong');
  const wrongCodec = value.codec === '' ? words('field_codec_choose') : undefined;
  const wrongPlace = value.placeId === '' ? words('field_place_choose') : undefined;
  const wrongTime = value.from !== '' && from === undefined ? words('field_time_wrong') : undefined;
  const claim = useMutation({
    mutationFn: () =>
      sendJson<{ readonly device: Device }>(
        toPath('/api/v1/devices/claim', { organisation: organisation?.id }),
        {
          method: 'POST',
          body: {
            devEui,
            codec: value.codec,
            placeId: Number(value.placeId),
            ...(value.name.trim() === '' ? {} : { name: value.name.trim() }),
            ...(from === undefined ? {} : { from }),
          },
        },
      ),
    onSuccess: async ({ body }) => {
      draft.drop();
      say(t('claimed', { name: body.device.name }));
      await refresh();
      await navigate({ to: '/devices/$deviceId', params: { deviceId: String(body.device.id) } });
    },
  });
  return (
    <div className="torv-claim">
      <Form
        submit={t('claim_do')}
        busy={claim.isPending}
        error={claim.error}
        restored={draft.restored}
        onDrop={draft.drop}
        onSubmit={() => {
          setTried(true);
          if (!wrongEui && !wrongCodec && !wrongPlace && !wrongTime) claim.mutate();
        }}
        beside={
          <Button asChild variant="tertiary">
            <RouterLink to="/inbox">{shell('cancel')}</RouterLink>
          </Button>
        }
      >
        {device === undefined && (
          <Textfield
            label={words('field_deveui')}
            description={words('field_deveui_help')}
            autoCapitalize="characters"
            autoComplete="off"
            spellCheck={false}
            value={value.devEui}
            error={tried ? wrongEui : undefined}
            onChange={(event) => change({ devEui: event.currentTarget.value })}
          />
        )}
        <CodecChoiceField
          value={value.codec}
          suggested={device?.suggestedCodec ?? null}
          error={tried ? wrongCodec : undefined}
          onChange={(codec) => change({ codec })}
        />
        <PlacePicker
          label={t('claim_place')}
          value={value.placeId}
          error={tried ? wrongPlace : undefined}
          onChange={(placeId) => change({ placeId })}
        />
        <Textfield
          label={t('claim_name')}
          value={value.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <MomentField
          label={t('claim_from')}
          help={t('claim_from_help')}
          value={value.from}
          error={tried ? wrongTime : undefined}
          onChange={(text) => change({ from: text })}
        />
      </Form>
      {device !== undefined && <Preview deviceId={device.id} codec={value.codec} />}
    </div>
  );
}

function Preview(props: { readonly deviceId: number; readonly codec: string }) {
  const t = useText('claiming');
  const words = useText('devices');
  const format = useFormat();
  const { data, error, isFetching } = useQuery(previewQuery(props.deviceId, props.codec));
  const good = data?.frames.filter((frame) => frame.readings.length > 0).length ?? 0;
  const total = data?.frames.length ?? 0;
  return (
    <section className="torv-stack" aria-labelledby="preview">
      <h2 id="preview" className="torv-section-title">
        {t('preview_title')}
      </h2>
      <div role="status" className="torv-verdict">
        {props.codec === '' && <p>{t('preview_choose')}</p>}
        {isFetching && !data && <Waiting lines={3} />}
        {data && total === 0 && <p>{t('preview_none')}</p>}
        {data && total > 0 && (
          <StateMark
            state={good === total ? 'good' : good === 0 ? 'poor' : 'attention'}
            text={
              good === 0
                ? t('preview_bad')
                : good < total
                  ? t('preview_some', { good, total })
                  : t('preview_good', { count: good })
            }
          />
        )}
      </div>
      {error && <Problem error={error} />}
      {data && total > 0 && (
        <DataTable
          caption={t('preview_title')}
          rows={data.frames}
          rowKey={(frame) => String(frame.id)}
          columns={[
            {
              key: 'time',
              header: words('frame_time'),
              title: true,
              cell: (frame) => format.moment(frame.networkTime, 'moment'),
            },
            {
              key: 'readings',
              header: words('frame_readings'),
              cell: (frame) => (
                <>
                  {frame.readings.length > 0 && <Readings readings={frame.readings} />}
                  {frame.reason !== null && (
                    <span className="torv-reason">
                      <Reason text={frame.reason} />
                    </span>
                  )}
                </>
              ),
            },
            {
              key: 'payload',
              header: words('frame_payload'),
              cell: (frame) => <Code long>{frame.payload}</Code>,
            },
          ]}
        />
      )}
    </section>
  );
}
