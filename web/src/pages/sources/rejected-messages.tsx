/** The messages of a source that could not be used, each with its reason and what was sent. */
import { Paragraph } from '@digdir/designsystemet-react';
import { useText } from '../../i18n/language.tsx';
import { Code } from '../../parts/code.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Reason } from '../../parts/reason.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import type { SourcePage as SourceBody } from '../../source-data.ts';

type RejectedRow = SourceBody['rejected'][number];

export function Rejected(props: { readonly source: SourceBody }) {
  const t = useText('sources');
  const columns: readonly Column<RejectedRow>[] = [
    {
      key: 'time',
      header: t('rejected_time'),
      title: true,
      cell: (row) => <RelativeTime instant={row.arrivedAt} />,
    },
    {
      key: 'reason',
      header: t('rejected_reason'),
      isText: true,
      cell: (row) => (
        <>
          <Reason text={row.reason} /> {row.at !== null && <Code>{row.at}</Code>}
        </>
      ),
    },
    {
      key: 'body',
      header: t('rejected_body'),
      isText: true,
      cell: (row) => (
        <details>
          <summary className="torv-nowrap">{t('rejected_show')}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
          <pre className="torv-message" tabIndex={0}>
            {row.body}
          </pre>
        </details>
      ),
    },
  ];
  return (
    <section className="torv-block">
      <h2 className="torv-section-title">{t('rejected_title')}</h2>
      {props.source.rejected.length === 0 ? (
        <Paragraph>{t('rejected_none')}</Paragraph>
      ) : (
        <DataTable
          caption={t('rejected_title')}
          columns={columns}
          rows={props.source.rejected}
          rowKey={(row) => String(row.id)}
        />
      )}
    </section>
  );
}
