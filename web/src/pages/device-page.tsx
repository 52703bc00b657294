/** One device: how it is doing in a sentence, readings beside raw frames, what was lost, who heard it, where it measured. */
import { Button, Details, Link, Paragraph } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { sendJson } from '../api.ts';
import { toCodecTitle } from '../codec-words.ts';
import { toCondition, toDeviceSentence, toSignalText } from '../device-sentences.ts';
import { useText } from '../i18n/language.tsx';
import { Code } from '../parts/code.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDeviceWords } from '../parts/use-device-words.ts';
import { useNow } from '../parts/use-now.ts';
import { Waiting } from '../parts/waiting.tsx';
import type { DevicePage as DeviceAnswer } from '../registry-answers.ts';
import { deviceQuery, rolesQuery, useRefresh } from '../registry-data.ts';
import { toDuration } from '../sentences.ts';
import { mayAct, useOrganisation } from '../session.ts';
import { Redecode } from './codecs/redecode.tsx';
import { Delivery } from './device-delivery.tsx';
import { Frames } from './device-frames.tsx';
import './device-page.css';
import './place-page.css';

const route = getRouteApi('/devices/$deviceId');

export function DevicePage() {
  const t = useText('devices');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <Device />
    </StaffOnly>
  );
}

function Device() {
  const { deviceId } = route.useParams();
  const words = useDeviceWords();
  const { devices: t } = words;
  const now = useNow();
  const { data: device, error, refetch } = useQuery(deviceQuery(deviceId));
  if (error && !device) {
    return (
      <>
        <PageHead title={t('col_name')} crumbs={[{ name: t('title'), to: '/devices' }]} />
        <Problem error={error} onRetry={() => void refetch()} />
      </>
    );
  }
  if (!device) return <Waiting lines={4} />;
  const { state, level } = toCondition(device, now);
  return (
    <>
      <PageHead
        title={device.name || device.heard.name || device.devEui}
        crumbs={[{ name: t('title'), to: '/devices' }]}
        mark={<StateMark state={level} text={t(`state_${state}`)} />}
        answer={toDeviceSentence(words, device, now)}
      />
      <div className="torv-stack" data-gap="lg">
        <Actions device={device} />
        <Frames deviceId={deviceId} />
        <DecodeAgain device={device} />
        <Delivery days={device.delivery} />
        <Gateways device={device} />
        <Timeline device={device} />
        <About device={device} />
      </div>
    </>
  );
}

function Actions(props: { readonly device: DeviceAnswer }) {
  const t = useText('devices');
  const { device } = props;
  const may = mayAct(useOrganisation(), 'editor');
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const replay = useMutation({
    mutationFn: () =>
      sendJson<{ readonly pending: number }>(`/api/v1/devices/${device.id}/replay`, { method: 'POST' }),
    onSuccess: async ({ body }) => {
      say(t('replayed', { count: body.pending }));
      await refresh();
    },
  });
  const retire = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/devices/${device.id}/retire`, {
        method: 'POST',
        body: { at: new Date().toISOString() },
        version: device.version,
      }),
    onSuccess: async () => {
      setAsking(false);
      say(t('retired', { name: device.name }));
      await refresh();
    },
    onError: () => setAsking(false),
  });
  if (!may) return null;
  const params = { deviceId: String(device.id) };
  const failure = replay.error ?? retire.error;
  return (
    <div className="torv-stack torv-no-print">
      <div className="torv-row">
        {device.state === 'waiting' && (
          <Button onClick={() => void navigate({ to: '/inbox/$deviceId', params })}>
            {t('field_codec_choose')}
          </Button>
        )}
        {device.state !== 'waiting' && (
          <>
            <Button asChild variant="secondary">
              <RouterLink to="/devices/$deviceId/edit" params={params}>
                {t('edit')}
              </RouterLink>
            </Button>
            <Button asChild variant="secondary">
              <RouterLink to="/devices/$deviceId/move" params={params}>
                {t('move')}
              </RouterLink>
            </Button>
          </>
        )}
        {device.state === 'claimed' && device.place !== null && (
          <>
            <Button asChild variant="secondary">
              <RouterLink to="/devices/$deviceId/replace" params={params}>
                {t('replace')}
              </RouterLink>
            </Button>
            <Button variant="tertiary" data-color="danger" onClick={() => setAsking(true)}>
              {t('retire')}
            </Button>
          </>
        )}
        {(device.status?.rejected ?? 0) > 0 && device.codec !== null && (
          <Button variant="tertiary" loading={replay.isPending} onClick={() => replay.mutate()}>
            {t('replay')}
          </Button>
        )}
      </div>
      {failure && <Problem error={failure} />}
      <ConfirmDialog
        open={asking}
        title={t('retire_title', { name: device.name })}
        lost={[t('retire_lost', { place: device.place?.name ?? '' })]}
        undoable
        confirm={t('retire_do')}
        busy={retire.isPending}
        onConfirm={() => retire.mutate()}
        onCancel={() => setAsking(false)}
      />
    </div>
  );
}

function DecodeAgain(props: { readonly device: DeviceAnswer }) {
  const t = useText('codecs');
  const may = mayAct(useOrganisation(), 'editor');
  const { id, codec, state } = props.device;
  if (!may || codec === null || state === 'waiting') return null;
  return (
    <Details className="torv-no-print">
      <Details.Summary>{t('redecode_title')}</Details.Summary>
      <Details.Content>
        <div className="torv-stack">
          <Paragraph className="torv-prose">
            {t('redecode_about_device', { version: codec.number })}
          </Paragraph>
          <Redecode codecId={codec.id} deviceId={id} />
        </div>
      </Details.Content>
    </Details>
  );
}

function Gateways(props: { readonly device: DeviceAnswer }) {
  const words = useDeviceWords();
  const { devices: t, format } = words;
  if (props.device.signal.length === 0) return null;
  return (
    <section className="torv-stack" aria-labelledby="gateways">
      <h2 id="gateways" className="torv-section-title">
        {t('gateways_title')}
      </h2>
      <DataTable
        caption={t('gateways_title')}
        rows={props.device.signal}
        rowKey={(row) => row.gatewayId}
        columns={[
          {
            key: 'name',
            header: t('gateway'),
            title: true,
            sortValue: (row) => row.name || row.gatewayId,
            cell: (row) => row.name || <Code>{row.gatewayId}</Code>,
          },
          {
            key: 'signal',
            header: t('col_signal'),
            sortValue: (row) => row.rssi,
            cell: (row) => toSignalText(words, row.rssi, row.snr),
          },
          {
            key: 'frames',
            header: t('gateway_frames'),
            align: 'end',
            sortValue: (row) => row.frames,
            cell: (row) => format.number(row.frames),
          },
          {
            key: 'last',
            header: t('gateway_last'),
            sortValue: (row) => row.lastDay,
            cell: (row) => format.moment(`${row.lastDay.slice(0, 10)}T12:00:00Z`, 'day'),
          },
        ]}
      />
    </section>
  );
}

function Timeline(props: { readonly device: DeviceAnswer }) {
  const { devices: t, format } = useDeviceWords();
  return (
    <section className="torv-stack" aria-labelledby="timeline">
      <h2 id="timeline" className="torv-section-title">
        {t('timeline_title')}
      </h2>
      <DataTable
        caption={t('timeline_title')}
        rows={props.device.assignments}
        rowKey={(row) => String(row.id)}
        empty={<p>{t('timeline_none')}</p>}
        columns={[
          {
            key: 'place',
            header: t('col_place'),
            title: true,
            cell: (row) => (
              <>
                <Link asChild>
                  <RouterLink to="/places/$placeId" params={{ placeId: String(row.placeId) }}>
                    {row.placeName}
                  </RouterLink>
                </Link>
                {row.replacesId !== null && <span className="torv-quiet"> · {t('timeline_replaced')}</span>}
              </>
            ),
          },
          {
            key: 'what',
            header: t('timeline_what'),
            cell: (row) => (row.propertyKey === null ? t('timeline_all') : format.property(row.propertyKey)),
          },
          { key: 'from', header: t('timeline_from'), cell: (row) => format.moment(row.from, 'moment') },
          {
            key: 'until',
            header: t('timeline_until'),
            cell: (row) => (row.until === null ? t('timeline_now') : format.moment(row.until, 'moment')),
          },
        ]}
      />
    </section>
  );
}

function About(props: { readonly device: DeviceAnswer }) {
  const { devices: t, places, format } = useDeviceWords();
  const { device } = props;
  const { data: roles } = useQuery(rolesQuery(useOrganisation()));
  const titles = useText('models');
  const role = roles?.contactRoles.find((one) => one.id === device.responsibleRoleId);
  const { codec, status, heard } = device;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t('about_deveui'), <Code key="eui">{device.devEui.toUpperCase()}</Code>],
    [
      t('about_codec'),
      codec && t('about_codec_version', { title: toCodecTitle(titles, codec), number: codec.number }),
    ],
    [t('about_serial'), device.serial],
    [t('about_power'), t(`power_${device.powerSource ?? 'unknown'}`)],
    [
      t('about_interval'),
      device.expectedIntervalS === null ? null : toDuration(places, device.expectedIntervalS / 60),
    ],
    [t('about_role'), role && (role.mailbox === null ? role.name : `${role.name}, ${role.mailbox}`)],
    [t('about_heard'), [heard.name, heard.profile].filter(Boolean).join(', ') || null],
    [t('about_first'), status && format.moment(status.firstSeen, 'date')],
    [t('about_frames'), status && format.number(status.frames)],
    [t('about_copies'), status && format.number(status.copies)],
    [t('about_rejected'), status && status.rejected > 0 ? format.number(status.rejected) : null],
    [t('about_notes'), device.notes === '' ? null : device.notes],
  ];
  return (
    <section className="torv-stack" aria-labelledby="about">
      <h2 id="about" className="torv-section-title">
        {t('about_title')}
      </h2>
      <dl className="torv-facts">
        {facts.map(([name, value]) =>
          value == null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd style={{ whiteSpace: 'pre-line' }}>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}
