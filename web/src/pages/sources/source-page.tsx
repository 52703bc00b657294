/** One source: how it does in a sentence, what to enter in the network server, what was rejected and why, changing it. */
import { Alert, Details, Paragraph } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Code } from '../../parts/code.tsx';
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
  sourceQuery,
  sourcesQuery,
  toSourceReason,
  toSourceState,
} from '../../source-data.ts';
import { Rejected } from './rejected-messages.tsx';
import { SourceActions } from './source-actions.tsx';
import { SourceChange } from './source-change.tsx';
import { TryMessage } from './try-message.tsx';
import { WebhookSettings } from './webhook-settings.tsx';
import './sources.css';

const route = getRouteApi('/sources/$sourceId');

export function SourcePage() {
  const t = useText('sources');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <One />
    </StaffOnly>
  );
}

function One() {
  const t = useText('sources');
  const { sourceId } = route.useParams();
  const organisation = useOrganisation();
  const { data, error, refetch } = useQuery(sourceQuery(sourceId));
  const { data: list } = useQuery(sourcesQuery(organisation));
  const crumbs = [{ name: t('title'), to: '/sources' }];
  if (error && !data) {
    return (
      <>
        <PageHead title={t('col_name')} crumbs={crumbs} />
        <Problem error={error} onRetry={() => void refetch()} />
      </>
    );
  }
  if (!data) return <Waiting lines={5} />;
  const may = mayAct(organisation, 'administrator');
  const state = toSourceState(data);
  const reason = toSourceReason(data);
  const isOwn = data.kind === 'webhook' || data.kind === 'mqtt';
  return (
    <>
      <PageHead
        title={data.name}
        crumbs={crumbs}
        mark={<StateMark state={SOURCE_LEVELS[state]} text={t(`state_${state}`)} />}
        answer={t(`answer_${state}`)}
      />
      {reason !== null && (
        <Paragraph className="torv-prose">
          <Reason text={reason} />
        </Paragraph>
      )}
      <Facts source={data} />
      {may && isOwn && <SourceActions source={data} />}
      {data.kind === 'webhook' && (
        <section className="torv-block">
          <h2 className="torv-section-title">{t('webhook_title')}</h2>
          <WebhookSettings format={data.format} publicUrl={list?.publicUrl ?? null} />
        </section>
      )}
      {data.kind === 'broker' && (
        <Alert data-color="info" className="torv-block">
          <Paragraph>{t('broker_own')}</Paragraph>
        </Alert>
      )}
      {data.kind !== 'file' && data.kind !== 'demo' && <Rejected source={data} />}
      {isOwn && mayAct(organisation, 'editor') && (
        <section className="torv-block">
          <h2 className="torv-section-title">{t('try_title')}</h2>
          <TryMessage format={data.format} example={data.rejected[0]?.body} />
        </section>
      )}
      {may && isOwn && (
        <section className="torv-block">
          <Details>
            <Details.Summary>{t('change')}</Details.Summary>
            <Details.Content>
              <SourceChange key={data.version} source={data} />
            </Details.Content>
          </Details>
        </section>
      )}
    </>
  );
}

function Facts(props: { readonly source: Source }) {
  const t = useText('sources');
  const format = useFormat();
  const { status, ratePerMinute, kind, settings } = props.source;
  const isCounted = kind !== 'file' && kind !== 'demo';
  const figures: readonly (readonly [string, ReactNode])[] = isCounted
    ? [
        [
          t('col_last'),
          status.lastMessageAt === null ? (
            t('never')
          ) : (
            <RelativeTime key="last" instant={status.lastMessageAt} />
          ),
        ],
        [t('col_rate'), format.number(ratePerMinute, ratePerMinute === 0 ? 0 : 1)],
        [t('col_messages'), format.number(status.messages)],
        [t('col_ignored'), format.number(status.ignored)],
        [t('col_faults'), format.number(status.faults)],
      ]
    : [];
  const settingRows: readonly (readonly [string, ReactNode])[] = [
    [t('col_kind'), t(`kind_${kind}`)],
    ...(kind === 'mqtt' || kind === 'webhook'
      ? ([[t('field_format'), t(`format_${props.source.format}`)]] as const)
      : []),
    ...(kind === 'mqtt'
      ? ([
          [t('broker_url'), <Code key="url">{settings.url ?? ''}</Code>],
          [
            t('broker_topics'),
            (settings.topics ?? []).map((topic) => (
              <div key={topic}>
                <Code>{topic}</Code>
              </div>
            )),
          ],
        ] as const)
      : []),
  ];
  return (
    <>
      {figures.length > 0 && (
        <dl className="torv-figures torv-number">
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <dl className="torv-source-settings">
        {settingRows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
