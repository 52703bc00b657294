/** All codecs: Torv's own and the organisation's, who uses them, and which were switched off and why. */
import { Button, Link, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink } from '@tanstack/react-router';
import { sendJson } from '../../api.ts';
import { type Codec, codecListQuery } from '../../codec-data.ts';
import { toCodecTitle } from '../../codec-words.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Code } from '../../parts/code.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Reason } from '../../parts/reason.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { mayAct, useOrganisation, useSession } from '../../session.ts';
import './codecs.css';

const route = getRouteApi('/codecs');

export function CodecsPage() {
  const t = useText('codecs');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <Codecs />
    </StaffOnly>
  );
}

function Codecs() {
  const t = useText('codecs');
  const titles = useText('models');
  const organisation = useOrganisation();
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(codecListQuery(organisation));
  const off = data?.codecs.filter((codec) => codec.quarantinedAt !== null).length ?? 0;
  const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const rows = (data?.codecs ?? []).filter((codec) => {
    const text =
      `${codec.key} ${codec.vendor} ${codec.model} ${toCodecTitle(titles, codec)}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <>
      <PageHead
        title={t('title')}
        answer={off === 0 ? t('about') : t('sentence_off', { count: off })}
        action={
          mayAct(organisation, 'editor') ? (
            <Button asChild>
              <RouterLink to="/codecs/new">{t('new')}</RouterLink>
            </Button>
          ) : undefined
        }
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={5} />}
      {data && (
        <>
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
          <CodecTable codecs={rows} />
        </>
      )}
    </>
  );
}

function CodecTable(props: { readonly codecs: readonly Codec[] }) {
  const t = useText('codecs');
  const titles = useText('models');
  const format = useFormat();
  const session = useSession();
  const organisation = useOrganisation();
  const client = useQueryClient();
  const say = useSay();
  const release = useMutation({
    mutationFn: (codec: Codec) =>
      sendJson(`/api/v1/codecs/${codec.id}/release`, { method: 'POST', version: codec.version }),
    onSuccess: () => say(t('released')),
    onSettled: () => client.invalidateQueries({ queryKey: ['codecs'] }),
  });
  const mayRelease = (codec: Codec) =>
    codec.origin === 'shipped' ? session?.user?.instanceAdmin === true : mayAct(organisation, 'editor');
  const columns: readonly Column<Codec>[] = [
    {
      key: 'name',
      header: t('col_name'),
      title: true,
      sortValue: (codec) => `${codec.vendor} ${codec.model}`,
      cell: (codec) => (
        <>
          <Link asChild>
            <RouterLink to="/codecs/$codecId/bench" params={{ codecId: String(codec.id) }}>
              {codec.vendor} {codec.model}
            </RouterLink>
          </Link>
          <br />
          <Code>{codec.key}</Code>
        </>
      ),
    },
    { key: 'title', header: t('col_title'), cell: (codec) => toCodecTitle(titles, codec) },
    {
      key: 'origin',
      header: t('col_origin'),
      sortValue: (codec) => t(`origin_${codec.origin}`),
      cell: (codec) => t(`origin_${codec.origin}`),
    },
    {
      key: 'version',
      header: t('col_version'),
      align: 'end',
      cell: (codec) => format.number(codec.currentVersion),
    },
    {
      key: 'devices',
      header: t('col_devices'),
      align: 'end',
      sortValue: (codec) => codec.devices,
      cell: (codec) => format.number(codec.devices),
    },
    {
      key: 'state',
      header: t('col_state'),
      sortValue: (codec) => (codec.quarantinedAt === null ? 1 : 0),
      cell: (codec) =>
        codec.quarantinedAt === null ? (
          <StateMark state="good" text={t('state_on')} plain />
        ) : (
          <span>
            <StateMark state="poor" text={t('state_off')} plain />
            <span className="torv-reason">
              <Reason text={codec.quarantineReason ?? ''} />
            </span>
            {mayRelease(codec) && (
              <Button
                variant="secondary"
                data-size="sm"
                loading={release.isPending}
                onClick={() => release.mutate(codec)}
              >
                {t('release')}
              </Button>
            )}
          </span>
        ),
    },
  ];
  return (
    <>
      {release.error && <Problem error={release.error} />}
      <DataTable
        caption={t('title')}
        columns={columns}
        rows={props.codecs}
        rowKey={(codec) => String(codec.id)}
        empty={<p>{t('none_found')}</p>}
      />
    </>
  );
}
