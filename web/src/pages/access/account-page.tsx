/** One's own account: name and language, the password, and where one is signed in. */
import { Button, Heading, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { getJson, queryKeys, sendJson } from '../../api.ts';
import { useLanguage, useText } from '../../i18n/language.tsx';
import { LANGUAGE_KEYS, LANGUAGES, type Language } from '../../i18n/languages.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import type { Account } from './access-answers.ts';
import { Choice, FormProblem, PasswordField, usePasswordFault } from './form-parts.tsx';
import { SessionList } from './session-list.tsx';

const accountKey = ['account'] as const;

export function AccountPage() {
  const t = useText('access');
  const { data, error, refetch } = useQuery({
    queryKey: accountKey,
    queryFn: ({ signal }) => getJson<Account>('/api/v1/me', signal),
  });
  return (
    <>
      <PageHead title={t('account_title')} {...(data ? { answer: data.email } : {})} />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && (
        <>
          {/* a changed version starts the form again from what is stored */}
          <Details key={data.version} account={data} />
          <PasswordChange account={data} />
          <SessionList />
        </>
      )}
    </>
  );
}

function Details(props: { readonly account: Account }) {
  const t = useText('access');
  const say = useSay();
  const client = useQueryClient();
  const { choose } = useLanguage();
  const [name, setName] = useState(props.account.name);
  const [locale, setLocale] = useState<Language | 'browser'>(props.account.locale ?? 'browser');
  const save = useMutation({
    mutationFn: () =>
      sendJson<Account>('/api/v1/me', {
        method: 'PATCH',
        version: props.account.version,
        body: { name: name.trim(), locale: locale === 'browser' ? null : locale },
      }),
    onSuccess: ({ body }) => {
      client.setQueryData(accountKey, body);
      void client.invalidateQueries({ queryKey: queryKeys.session });
      if (body.locale !== null) choose(body.locale);
      say(t('account_saved'));
    },
  });
  return (
    <section>
      <Heading level={2} data-size="xs">
        {t('account_details')}
      </Heading>
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormProblem error={save.error} />
        <Textfield
          label={t('name')}
          description={t('name_help')}
          autoComplete="name"
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Choice
          label={t('language')}
          value={locale}
          options={[
            { value: 'browser' as const, text: t('language_browser') },
            ...LANGUAGE_KEYS.map((key) => ({ value: key, text: LANGUAGES[key].name })),
          ]}
          onChange={setLocale}
        />
        <SaveButton busy={save.isPending} />
      </form>
    </section>
  );
}

function SaveButton(props: { readonly busy: boolean }) {
  const shell = useText('shell');
  return (
    <Button type="submit" loading={props.busy}>
      {shell('save')}
    </Button>
  );
}

function PasswordChange(props: { readonly account: Account }) {
  const t = useText('access');
  const say = useSay();
  const client = useQueryClient();
  const [currentPassword, setCurrentPassword] = useState('');
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () =>
      sendJson<Account>('/api/v1/me', {
        method: 'PATCH',
        version: props.account.version,
        body: { password, currentPassword },
      }),
    onSuccess: ({ body }) => {
      client.setQueryData(accountKey, body);
      void client.invalidateQueries({ queryKey: ['sessions'] });
      setCurrentPassword('');
      setPassword('');
      say(t('password_changed'));
    },
  });
  const fault = usePasswordFault(save.error);
  return (
    <section className="torv-section">
      <Heading level={2} data-size="xs">
        {t('password_change')}
      </Heading>
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormProblem error={save.error} wrongDetails={t('wrong_password')} />
        <input type="email" autoComplete="username" value={props.account.email} readOnly hidden />
        <PasswordField
          label={t('password_current')}
          kind="current-password"
          value={currentPassword}
          onChange={setCurrentPassword}
        />
        <PasswordField
          label={t('password_new')}
          description={t('password_help')}
          kind="new-password"
          value={password}
          onChange={setPassword}
          error={fault}
        />
        <Button type="submit" loading={save.isPending}>
          {t('password_change')}
        </Button>
      </form>
    </section>
  );
}
