/** A lost password: without a link one asks for it, with the link one chooses a new one. */
import { Button, Link, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiProblem, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { useSession } from '../../session.ts';
import { FormProblem, Notice, PasswordField, usePasswordFault } from './form-parts.tsx';
import { forgetSecret, useSecret } from './secret-of-address.ts';
import { DeadLink, useLinkFacts } from './welcome-page.tsx';

export function PasswordPage() {
  const secret = useSecret('password');
  return secret === null ? <AskForm /> : <SetForm secret={secret} />;
}

function AskForm() {
  const t = useText('access');
  const session = useSession();
  const [email, setEmail] = useState('');
  const ask = useMutation({
    mutationFn: () =>
      sendJson('/api/v1/links/password-reset', { method: 'POST', body: { email: email.trim() } }),
  });
  const back = (
    <Link asChild>
      <RouterLink to="/sign-in">{t('back_to_sign_in')}</RouterLink>
    </Link>
  );
  if (session && !session.mail)
    return <Notice title={t('reset_title')} text={t('reset_no_mail')} action={back} />;
  if (ask.isSuccess)
    return (
      <Notice
        title={t('reset_sent_title')}
        text={t('reset_sent_text', { email: email.trim() })}
        action={back}
      />
    );
  return (
    <>
      <PageHead title={t('reset_title')} answer={t('reset_ask_text')} />
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <FormProblem error={ask.error} />
        <Textfield
          label={t('email')}
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <Button type="submit" loading={ask.isPending}>
          {t('reset_ask_action')}
        </Button>
        {back}
      </form>
    </>
  );
}

function SetForm(props: { readonly secret: string }) {
  const t = useText('access');
  const { data, error } = useLinkFacts(props.secret);
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () =>
      sendJson('/api/v1/links/password', { method: 'POST', body: { secret: props.secret, password } }),
    onSuccess: () => {
      forgetSecret('password');
      window.location.assign('/');
    },
  });
  const fault = usePasswordFault(save.error);
  if (error instanceof ApiProblem && error.code === 'LINK_USED') {
    forgetSecret('password');
    return <DeadLink />;
  }
  if (error) return <Problem error={error} />;
  if (!data) return <Waiting lines={3} />;
  if (data.kind !== 'password-reset') return <DeadLink />;
  return (
    <>
      <PageHead title={t('reset_title')} answer={t('reset_set_text', { email: data.email ?? '' })} />
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormProblem error={save.error} />
        <input type="email" autoComplete="username" value={data.email ?? ''} readOnly hidden />
        <PasswordField
          label={t('password_new')}
          description={t('password_help')}
          kind="new-password"
          value={password}
          onChange={setPassword}
          error={fault}
        />
        <Button type="submit" loading={save.isPending || save.isSuccess}>
          {t('reset_set_action')}
        </Button>
      </form>
    </>
  );
}
