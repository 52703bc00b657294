/** API keys: made with scopes and an end, shown once, withdrawn at once. For administrators. */
import { Button, Checkbox, Fieldset, Heading, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Organisation } from '../../answers.ts';
import { getJson, sendJson, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { DateField, toInstantOf } from '../../parts/moment-field.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { useNow } from '../../parts/use-now.ts';
import { Waiting } from '../../parts/waiting.tsx';
import type { ApiKey, Scope } from './access-answers.ts';
import { FormProblem } from './form-parts.tsx';
import { useSettingsCrumbs } from './settings-page.tsx';
import { WithOrganisation } from './with-organisation.tsx';

const SCOPES: readonly Scope[] = ['read', 'ingest', 'write'];

export function KeysPage() {
  return <WithOrganisation>{(organisation) => <Keys organisation={organisation} />}</WithOrganisation>;
}

function Keys(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const crumbs = useSettingsCrumbs();
  const { organisation } = props;
  const { data, error, refetch } = useQuery({
    queryKey: ['keys', organisation.id],
    queryFn: ({ signal }) =>
      getJson<{ readonly keys: readonly ApiKey[] }>(
        toPath('/api/v1/keys', { organisation: organisation.id }),
        signal,
      ),
  });
  return (
    <>
      <PageHead title={t('keys_title')} crumbs={crumbs} answer={t('keys_about')} />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && data.keys.length === 0 && <Empty title={t('keys_empty_title')} text={t('keys_empty_text')} />}
      {data && data.keys.length > 0 && <KeyTable organisation={organisation} keys={data.keys} />}
      {data && (
        <section className="torv-section">
          <Heading level={2} data-size="xs">
            {t('key_new')}
          </Heading>
          <KeyForm organisation={organisation} />
        </section>
      )}
    </>
  );
}

function KeyTable(props: { readonly organisation: Organisation; readonly keys: readonly ApiKey[] }) {
  const t = useText('access');
  const format = useFormat();
  const client = useQueryClient();
  const nowMs = useNow();
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => sendJson(`/api/v1/keys/${key.id}`, { method: 'DELETE' }),
    onSettled: () => {
      setLeaving(null);
      return client.invalidateQueries({ queryKey: ['keys', props.organisation.id] });
    },
  });
  const toState = (key: ApiKey) =>
    key.revokedAt !== null
      ? 'key_revoked'
      : key.expiresAt !== null && Date.parse(key.expiresAt) <= nowMs
        ? 'key_expired'
        : 'key_valid';
  const columns: readonly Column<ApiKey>[] = [
    {
      key: 'name',
      header: t('key_name'),
      title: true,
      cell: (key) => key.name,
      sortValue: (key) => key.name,
    },
    { key: 'hint', header: t('key_hint'), cell: (key) => <code>{key.hint}</code> },
    {
      key: 'scopes',
      header: t('key_scopes'),
      cell: (key) => key.scopes.map((scope) => t(`key_scope_${scope}`)).join(', '),
    },
    {
      key: 'state',
      header: t('key_state'),
      cell: (key) => t(toState(key)),
      sortValue: (key) => toState(key),
    },
    {
      key: 'expires',
      header: t('key_expires'),
      cell: (key) => (key.expiresAt === null ? null : format.moment(key.expiresAt)),
      sortValue: (key) => key.expiresAt,
    },
    {
      key: 'used',
      header: t('key_used'),
      cell: (key) => (key.lastUsedAt === null ? t('user_never') : <RelativeTime instant={key.lastUsedAt} />),
      sortValue: (key) => key.lastUsedAt,
    },
    {
      key: 'revoke',
      header: t('actions'),
      cell: (key) =>
        toState(key) === 'key_valid' ? (
          <Button variant="tertiary" data-size="sm" data-color="danger" onClick={() => setLeaving(key)}>
            {t('key_revoke')}
            <span className="torv-visually-hidden">: {key.name}</span>
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      {revoke.error && <Problem error={revoke.error} />}
      <DataTable
        caption={t('keys_title')}
        columns={columns}
        rows={props.keys}
        rowKey={(key) => String(key.id)}
      />
      <ConfirmDialog
        open={leaving !== null}
        title={t('key_revoke_title', { name: leaving?.name ?? '' })}
        lost={[t('key_revoke_lost')]}
        undoable={false}
        confirm={t('key_revoke')}
        busy={revoke.isPending}
        onConfirm={() => leaving && revoke.mutate(leaving)}
        onCancel={() => setLeaving(null)}
      />
    </>
  );
}

function KeyForm(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const [until, setUntil] = useState('');
  const { timeZone } = useFormat();
  const [made, setMade] = useState<{ readonly name: string; readonly text: string } | null>(null);
  const create = useMutation({
    mutationFn: () =>
      sendJson<{ readonly key: ApiKey; readonly text: string }>(
        toPath('/api/v1/keys', { organisation: props.organisation.id }),
        {
          method: 'POST',
          // the whole of the last day where the organisation is, wherever the reader sits
          body: {
            name: name.trim(),
            scopes,
            expiresAt: toInstantOf(`${until}T23:59:59`, timeZone) ?? null,
          },
        },
      ),
    onSuccess: ({ body }) => {
      setMade({ name: body.key.name, text: body.text });
      setName('');
      void client.invalidateQueries({ queryKey: ['keys', props.organisation.id] });
    },
  });
  if (made)
    return (
      <CopyOnce label={t('key_label', { name: made.name })} secret={made.text} onDone={() => setMade(null)} />
    );
  return (
    <form
      className="torv-form"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <FormProblem error={create.error} />
      <Textfield
        label={t('key_name')}
        description={t('key_name_help')}
        autoComplete="off"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Fieldset>
        <Fieldset.Legend>{t('key_scopes')}</Fieldset.Legend>
        {SCOPES.map((scope) => (
          <Checkbox
            key={scope}
            label={t(`key_scope_${scope}`)}
            value={scope}
            checked={scopes.includes(scope)}
            onChange={(event) =>
              setScopes(
                event.currentTarget.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope),
              )
            }
          />
        ))}
      </Fieldset>
      <DateField label={t('key_expires')} help={t('key_expires_help')} value={until} onChange={setUntil} />
      <Button type="submit" loading={create.isPending} disabled={scopes.length === 0}>
        {t('key_create')}
      </Button>
    </form>
  );
}
