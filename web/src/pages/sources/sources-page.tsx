/** Where frames come from: each source with its state in words, its last message, rate and faults. */
import { Button, Link } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { mayAct, useOrganisation } from '../../session.ts';
import { SOURCE_LEVELS, type Source, sourcesQuery, toSourceState } from '../../source-data.ts';
import './sources.css';

export function SourcesPage() {
  const t = useText('sources');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <Sources />
    </StaffOnly>
  );
}

function Sources() {
  const t = useText('sources');
  const organisation = useOrganisation();
  const { data, error, refetch } = useQuery(sourcesQuery(organisation));
  const add = mayAct(organisation, 'administrator') ? (
    <Button asChild>
      <RouterLink to="/sources/new">{t('add')}</RouterLink>
    </Button>
  ) : undefined;
  const count = data?.sources.length ?? 0;
  const bad = data?.sources.filter((one) =>
    ['poor', 'attention'].includes(SOURCE_LEVELS[toSourceState(one)]),
  );
  const answer =
    data === undefined || count === 0
      ? t('about')
      : bad === undefined || bad.length === 0
        ? t('sentence_good', { count })
        : t('sentence_bad', { count: bad.length, total: count });
  return (
    <>
      <PageHead title={t('title')} answer={answer} {...(count > 0 ? { action: add } : {})} />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && count === 0 && <Empty title={t('empty_title')} text={t('empty_text')} action={add} />}
      {data && count > 0 && <SourceTable sources={data.sources} />}
    </>
  );
}

function SourceTable(props: { readonly sources: readonly Source[] }) {
  const t = useText('sources');
  const format = useFormat();
  const columns: readonly Column<Source>[] = [
    {
      key: 'name',
      header: t('col_name'),
      title: true,
      sortValue: (source) => source.name,
      cell: (source) => (
        <>
          <Link asChild>
            <RouterLink to="/sources/$sourceId" params={{ sourceId: String(source.id) }}>
              {source.name}
            </RouterLink>
          </Link>
          <br />
          <span className="torv-quiet">
            {t(`kind_${source.kind}`)}, {t(`format_${source.format}`)}
          </span>
        </>
      ),
    },
    {
      key: 'state',
      header: t('col_state'),
      sortValue: (source) => SOURCE_LEVELS[toSourceState(source)],
      cell: (source) => <SourceMark source={source} />,
    },
    {
      key: 'last',
      header: t('col_last'),
      sortValue: (source) => source.status.lastMessageAt,
      cell: (source) =>
        source.kind === 'demo' || source.kind === 'file' ? null : source.status.lastMessageAt === null ? (
          t('never')
        ) : (
          <RelativeTime instant={source.status.lastMessageAt} />
        ),
    },
    {
      key: 'rate',
      header: t('col_rate'),
      align: 'end',
      sortValue: (source) => source.ratePerMinute,
      cell: (source) => format.number(source.ratePerMinute, 1),
    },
    {
      key: 'messages',
      header: t('col_messages'),
      align: 'end',
      sortValue: (source) => source.status.messages,
      cell: (source) => format.number(source.status.messages),
    },
    {
      key: 'faults',
      header: t('col_faults'),
      align: 'end',
      sortValue: (source) => source.status.faults,
      cell: (source) => format.number(source.status.faults),
    },
  ];
  return (
    <DataTable
      caption={t('title')}
      columns={columns}
      rows={props.sources}
      rowKey={(source) => String(source.id)}
      initialSort={{ key: 'name', direction: 'up' }}
    />
  );
}

/** The state as a word, and the reason below it where there is one. */
export function SourceMark(props: { readonly source: Source }) {
  const t = useText('sources');
  const state = toSourceState(props.source);
  const { reason, lastFault } = props.source.status;
  const why = state === 'rejecting' ? lastFault : state === 'off' ? null : reason;
  return (
    <span>
      <StateMark level={SOURCE_LEVELS[state]} text={t(`state_${state}`)} plain />
      {why !== null && (
        <span className="torv-quiet" lang="en" style={{ display: 'block', maxWidth: '44ch' }}>
          {why}
        </span>
      )}
    </span>
  );
}
