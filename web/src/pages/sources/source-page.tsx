/** One source: how it does, what to enter in the network server, what was rejected and why, changing it. */
import { Alert, Button, Details, Heading, Paragraph, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiProblem, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Code } from '../../parts/code.tsx';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Form } from '../../parts/form.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { useDraft } from '../../parts/use-draft.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { mayAct, useOrganisation } from '../../session.ts';
import { type Source, type SourcePage as SourceBody, sourceQuery, sourcesQuery } from '../../source-data.ts';
import { BrokerFields, toBrokerDraft, toBrokerSettings } from './broker-fields.tsx';
import { SourceMark } from './sources-page.tsx';
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
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting lines={5} />;
  const may = mayAct(organisation, 'administrator');
  return (
    <>
      <PageHead
        title={data.name}
        crumbs={[{ name: t('title'), to: '/sources' }]}
        answer={`${t(`kind_${data.kind}`)}, ${t(`format_${data.format}`)}`}
      />
      <SourceMark source={data} />
      <Facts source={data} />
      {may && (data.kind === 'webhook' || data.kind === 'mqtt') && <Actions source={data} />}
      {data.kind === 'webhook' && (
        <section className="torv-block">
          <Heading level={2} data-size="xs">
            {t('webhook_title')}
          </Heading>
          <WebhookSettings format={data.format} publicUrl={list?.publicUrl ?? null} />
        </section>
      )}
      {data.kind === 'broker' && (
        <Alert data-color="info" className="torv-block">
          <Paragraph>{t('broker_own')}</Paragraph>
        </Alert>
      )}
      <Rejected source={data} />
      {mayAct(organisation, 'editor') && (
        <section className="torv-block">
          <Heading level={2} data-size="xs">
            {t('try_title')}
          </Heading>
          <TryMessage format={data.format} example={data.rejected[0]?.body} />
        </section>
      )}
      {may && (data.kind === 'webhook' || data.kind === 'mqtt') && (
        <section className="torv-block">
          <Details>
            <Details.Summary>{t('change')}</Details.Summary>
            <Details.Content>
              <Change key={data.version} source={data} />
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
  return (
    <dl className="torv-facts">
      <div>
        <dt>{t('col_last')}</dt>
        <dd>
          {status.lastMessageAt === null ? t('never') : <RelativeTime instant={status.lastMessageAt} />}
        </dd>
      </div>
      <div>
        <dt>{t('col_rate')}</dt>
        <dd>{format.number(ratePerMinute, 1)}</dd>
      </div>
      <div>
        <dt>{t('col_messages')}</dt>
        <dd>{format.number(status.messages)}</dd>
      </div>
      <div>
        <dt>{t('col_ignored')}</dt>
        <dd>{format.number(status.ignored)}</dd>
      </div>
      <div>
        <dt>{t('col_faults')}</dt>
        <dd>{format.number(status.faults)}</dd>
      </div>
      {kind === 'mqtt' && (
        <>
          <div>
            <dt>{t('broker_url')}</dt>
            <dd>
              <Code>{settings.url ?? ''}</Code>
            </dd>
          </div>
          <div>
            <dt>{t('broker_topics')}</dt>
            <dd>
              <Code>{(settings.topics ?? []).join(' ')}</Code>
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}

function Actions(props: { readonly source: SourceBody }) {
  const t = useText('sources');
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const { source } = props;
  const [asking, setAsking] = useState<'key' | 'delete' | null>(null);
  const [key, setKey] = useState<string | null>(null);
  const refresh = () =>
    client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('source') });
  const path = `/api/v1/sources/${source.id}`;
  const turn = useMutation({
    mutationFn: () =>
      sendJson(path, { method: 'PATCH', body: { enabled: !source.enabled }, version: source.version }),
    onSuccess: () => say(t(source.enabled ? 'turned_off' : 'turned_on')),
    onSettled: refresh,
  });
  const renew = useMutation({
    mutationFn: async () =>
      (await sendJson<{ readonly key: string }>(`${path}/key`, { method: 'POST', version: source.version }))
        .body,
    onSuccess: (made) => setKey(made.key),
    onSettled: () => {
      setAsking(null);
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => sendJson(path, { method: 'DELETE', version: source.version }),
    onSuccess: () => {
      say(t('deleted', { name: source.name }));
      void client.invalidateQueries({ queryKey: ['sources'] });
      void navigate({ to: '/sources' });
    },
    onSettled: () => setAsking(null),
  });
  const failure = turn.error ?? renew.error ?? remove.error;
  return (
    <section className="torv-block torv-no-print" aria-label={t('actions')}>
      <div className="torv-row">
        <Button variant="secondary" data-size="sm" loading={turn.isPending} onClick={() => turn.mutate()}>
          {t(source.enabled ? 'turn_off' : 'turn_on')}
        </Button>
        {source.kind === 'webhook' && (
          <Button variant="secondary" data-size="sm" onClick={() => setAsking('key')}>
            {t('new_key')}
          </Button>
        )}
        <Button variant="tertiary" data-color="danger" data-size="sm" onClick={() => setAsking('delete')}>
          {t('delete')}
        </Button>
      </div>
      {failure && <Problem error={failure} />}
      {key !== null && (
        <CopyOnce label={t('key_label', { name: source.name })} secret={key} onDone={() => setKey(null)} />
      )}
      <ConfirmDialog
        open={asking === 'key'}
        title={t('new_key_title')}
        lost={[t('new_key_lost')]}
        undoable={false}
        confirm={t('new_key')}
        busy={renew.isPending}
        onConfirm={() => renew.mutate()}
        onCancel={() => setAsking(null)}
      />
      <ConfirmDialog
        open={asking === 'delete'}
        title={t('delete_title', { name: source.name })}
        lost={[
          t(source.kind === 'webhook' ? 'delete_lost_webhook' : 'delete_lost_broker'),
          t('delete_stays'),
        ]}
        undoable={false}
        confirm={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onCancel={() => setAsking(null)}
      />
    </section>
  );
}

function Change(props: { readonly source: SourceBody }) {
  const t = useText('sources');
  const client = useQueryClient();
  const say = useSay();
  const { source } = props;
  const draft = useDraft(
    `source-${source.id}`,
    { name: source.name, broker: toBrokerDraft(source.settings) },
    source.version,
  );
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/sources/${source.id}`, {
        method: 'PATCH',
        version: draft.version,
        body: {
          name: draft.value.name.trim(),
          ...(source.kind === 'mqtt' ? { settings: toBrokerSettings(draft.value.broker) } : {}),
          ...(password === '' ? {} : { password }),
        },
      }),
    onSuccess: () => {
      draft.drop();
      setPassword('');
      say(t('saved'));
      return client.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('source'),
      });
    },
  });
  const conflict = save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT';
  return (
    <Form
      submit={t('save')}
      busy={save.isPending}
      error={save.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => save.mutate()}
      beside={
        conflict ? (
          <Button type="button" variant="secondary" onClick={() => draft.rebase(source.version)}>
            {t('keep_mine')}
          </Button>
        ) : undefined
      }
    >
      <Textfield
        label={t('field_name')}
        autoComplete="off"
        maxLength={200}
        required
        value={draft.value.name}
        onChange={(event) => draft.change({ name: event.currentTarget.value })}
      />
      {source.kind === 'mqtt' && (
        <BrokerFields
          draft={{ ...draft.value.broker, password }}
          sourceId={source.id}
          hasSecret={source.hasSecret}
          onChange={({ password: typed, ...part }) => {
            if (typed !== undefined) setPassword(typed);
            if (Object.keys(part).length > 0) draft.change({ broker: { ...draft.value.broker, ...part } });
          }}
        />
      )}
    </Form>
  );
}

type RejectedRow = SourceBody['rejected'][number];

function Rejected(props: { readonly source: SourceBody }) {
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
      cell: (row) => (
        <span lang="en">
          {row.reason}
          {row.at !== null && (
            <>
              {' '}
              <Code>{row.at}</Code>
            </>
          )}
        </span>
      ),
    },
    {
      key: 'body',
      header: t('rejected_body'),
      cell: (row) => (
        <details>
          <summary>{t('rejected_show')}</summary>
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
      <Heading level={2} data-size="xs">
        {t('rejected_title')}
      </Heading>
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
