/** Devices that were heard and belong to nobody yet: what they are called, what waits, what they probably are. */
import { Button, Link, Textfield } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Code } from '../parts/code.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { InboxDevice } from '../registry-answers.ts';
import { inboxQuery } from '../registry-data.ts';
import { mayAct, useOrganisation } from '../session.ts';
import { useCodecName, useCodecs } from './codec-choice.tsx';
import './device-page.css';
import '../parts/form.css';

const route = getRouteApi('/inbox');

export function InboxPage() {
  const t = useText('claiming');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <Inbox />
    </StaffOnly>
  );
}

export const toTagText = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags)
    .map(([tag, value]) => `${tag}=${value}`)
    .join(', ');

function Inbox() {
  const t = useText('claiming');
  const organisation = useOrganisation();
  const may = mayAct(organisation, 'editor');
  const { data, error, refetch } = useQuery({ ...inboxQuery(organisation), refetchInterval: 30_000 });
  const count = data?.devices.length ?? 0;
  return (
    <>
      <PageHead
        title={t('title')}
        {...(data ? { answer: count === 0 ? t('sentence_none') : t('sentence', { count }) } : {})}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {may && data && (
        <div className="torv-row torv-no-print" style={{ marginBottom: '1.5rem' }}>
          <Button asChild variant={count > 1 ? 'primary' : 'secondary'}>
            <RouterLink to="/inbox/rules">{t('by_rule')}</RouterLink>
          </Button>
          <Button asChild variant="tertiary">
            <RouterLink to="/inbox/$deviceId" params={{ deviceId: 'new' }}>
              {t('add')}
            </RouterLink>
          </Button>
        </div>
      )}
      {data && count === 0 && <Empty title={t('empty_title')} text={t('empty_text')} />}
      {data && count > 0 && <List devices={data.devices} may={may} />}
    </>
  );
}

function List(props: { readonly devices: readonly InboxDevice[]; readonly may: boolean }) {
  const t = useText('claiming');
  const format = useFormat();
  const codecs = useCodecs();
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const rows = useMemo(() => {
    const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return props.devices.filter((device) => {
      const text = [
        device.heard.name,
        device.heard.profile,
        device.devEui,
        toTagText(device.heard.tags),
        device.source,
      ]
        .join(' ')
        .toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [props.devices, q]);
  const { may } = props;
  const toName = useCodecName();
  const columns = useMemo<readonly Column<InboxDevice>[]>(() => {
    const nameOf = (key: string | null) => {
      const codec = codecs.find((one) => one.key === key);
      return codec ? toName(codec) : key;
    };
    return [
      {
        key: 'name',
        header: t('col_heard'),
        title: true,
        sortValue: (device) => device.heard.name,
        cell: (device) => (
          <>
            {may ? (
              <Link asChild>
                <RouterLink to="/inbox/$deviceId" params={{ deviceId: String(device.id) }}>
                  {device.heard.name ?? t('no_name')}
                </RouterLink>
              </Link>
            ) : (
              (device.heard.name ?? t('no_name'))
            )}
            <br />
            <Code>{device.devEui.toUpperCase()}</Code>
          </>
        ),
      },
      {
        key: 'profile',
        header: t('col_profile'),
        sortValue: (device) => device.heard.profile,
        cell: (device) => device.heard.profile,
      },
      { key: 'tags', header: t('col_tags'), cell: (device) => toTagText(device.heard.tags) || null },
      {
        key: 'codec',
        header: t('col_codec'),
        sortValue: (device) => nameOf(device.suggestedCodec),
        cell: (device) => nameOf(device.suggestedCodec),
      },
      {
        key: 'frames',
        header: t('col_frames'),
        align: 'end',
        sortValue: (device) => device.frames,
        cell: (device) => format.number(device.frames),
      },
      {
        key: 'last',
        header: t('col_last'),
        sortValue: (device) => device.lastSeen,
        cell: (device) => device.lastSeen && <RelativeTime instant={device.lastSeen} />,
      },
      {
        key: 'payload',
        header: t('col_payload'),
        cell: (device) => device.lastPayload && <Code long>{device.lastPayload}</Code>,
      },
    ];
  }, [t, codecs, format, may, toName]);
  return (
    <>
      {props.devices.length > 10 && (
        <div className="torv-row torv-no-print" style={{ marginBottom: '1rem' }}>
          <Textfield
            label={t('search')}
            type="search"
            data-size="sm"
            value={q}
            onChange={(event) => {
              const text = event.currentTarget.value;
              void navigate({ search: () => (text ? { q: text } : {}), replace: true });
            }}
          />
        </div>
      )}
      <DataTable
        caption={t('title')}
        columns={columns}
        rows={rows}
        rowKey={(device) => String(device.id)}
        initialSort={{ key: 'name', direction: 'up' }}
        empty={<p>{t('no_match')}</p>}
      />
    </>
  );
}
