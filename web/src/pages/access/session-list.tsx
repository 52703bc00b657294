/** Where one is signed in, and how to end it. */
import { Button, Heading, Paragraph, Tag } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import type { OwnSession } from './access-answers.ts';
import { toBrowserName } from './browser-name.ts';

export function SessionList() {
  const t = useText('access');
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) =>
      getJson<{ readonly sessions: readonly OwnSession[] }>('/api/v1/sessions', signal),
  });
  const end = useMutation({
    mutationFn: (id: number) => sendJson(`/api/v1/sessions/${id}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  });
  const endAll = useMutation({
    mutationFn: () => sendJson('/api/v1/sessions', { method: 'DELETE' }),
    onSuccess: () => window.location.assign('/'),
  });
  const toName = (session: OwnSession) => {
    const { browser, system } = toBrowserName(session.userAgent);
    if (browser && system) return t('session_on', { browser, system });
    return browser ?? system ?? t('session_unknown');
  };
  const columns: readonly Column<OwnSession>[] = [
    {
      key: 'device',
      header: t('session_device'),
      title: true,
      cell: (one) => (
        <span className="torv-row">
          {toName(one)}
          {one.current && <Tag data-size="sm">{t('session_here')}</Tag>}
        </span>
      ),
    },
    {
      key: 'seen',
      header: t('session_seen'),
      cell: (one) => <RelativeTime instant={one.lastSeenAt} />,
      sortValue: (one) => one.lastSeenAt,
    },
    {
      key: 'since',
      header: t('session_since'),
      cell: (one) => <RelativeTime instant={one.createdAt} />,
      sortValue: (one) => one.createdAt,
    },
    {
      key: 'end',
      header: t('session_end'),
      cell: (one) =>
        one.current ? null : (
          <Button variant="tertiary" data-size="sm" onClick={() => end.mutate(one.id)}>
            {t('session_end')}
            <span className="torv-visually-hidden">: {toName(one)}</span>
          </Button>
        ),
    },
  ];
  return (
    <section className="torv-section">
      <Heading level={2} data-size="xs">
        {t('sessions_title')}
      </Heading>
      <Paragraph className="torv-prose">{t('sessions_text')}</Paragraph>
      {(error ?? end.error) && <Problem error={error ?? end.error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={2} />}
      {data && (
        <DataTable
          caption={t('sessions_title')}
          columns={columns}
          rows={data.sessions}
          rowKey={(one) => String(one.id)}
        />
      )}
      <Button
        variant="secondary"
        loading={endAll.isPending || endAll.isSuccess}
        onClick={() => endAll.mutate()}
      >
        {t('session_end_all')}
      </Button>
    </section>
  );
}
