/** Where frames come from: each source with its state in words, its last message, rate and faults. */
import { Button, Link } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import type { Level } from '../../answers.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Reason } from '../../parts/reason.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { mayAct, useOrganisation } from '../../session.ts';
import {
  SOURCE_LEVELS,
  type Source,
  sourcesQuery,
  toSourceReason,
  toSourceState,
} from '../../source-data.ts';
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

const URGENCY: readonly Level[] = ['poor', 'attention', 'none', 'good'];

/** Files and the demo town come past the doors that count. */
const isCounted = (source: Source) => source.kind !== 'file' && source.kind !== 'demo';

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
            {t(`kind_${source.kind}`)}
            {(source.kind === 'mqtt' || source.kind === 'webhook') && `, ${t(`format_${source.format}`)}`}
          </span>
        </>
      ),
    },
    {
      key: 'state',
      header: t('col_state'),
      sortValue: (source) => URGENCY.indexOf(SOURCE_LEVELS[toSourceState(source)]),
      isText: true,
      cell: (source) => <SourceMark source={source} />,
    },
    {
      key: 'last',
      header: t('col_last'),
      sortValue: (source) => source.status.lastMessageAt,
      cell: (source) =>
        !isCounted(source) ? null : source.status.lastMessageAt === null ? (
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
      cell: (source) =>
        isCounted(source) ? format.number(source.ratePerMinute, source.ratePerMinute === 0 ? 0 : 1) : null,
    },
    {
      key: 'messages',
      header: t('col_messages'),
      align: 'end',
      sortValue: (source) => source.status.messages,
      cell: (source) => (isCounted(source) ? format.number(source.status.messages) : null),
    },
    {
      key: 'faults',
      header: t('col_faults'),
      align: 'end',
      sortValue: (source) => source.status.faults,
      cell: (source) => (isCounted(source) ? format.number(source.status.faults) : null),
    },
  ];
  return (
    <DataTable
      caption={t('title')}
      columns={columns}
      rows={props.sources}
      rowKey={(source) => String(source.id)}
      initialSort={{ key: 'state', direction: 'up' }}
    />
  );
}

/** The state as a word, and the reason below it where there is one. */
function SourceMark(props: { readonly source: Source }) {
  const t = useText('sources');
  const state = toSourceState(props.source);
  const why = toSourceReason(props.source);
  return (
    <>
      <StateMark state={SOURCE_LEVELS[state]} text={t(`state_${state}`)} plain />
      {why !== null && (
        <div className="torv-quiet torv-source-why">
          <Reason text={why} />
        </div>
      )}
    </>
  );
}
