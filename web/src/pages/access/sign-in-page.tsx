/** Signing in. Ends with a fresh page, so that nothing fetched as nobody stays in memory. */
import { Button, Link, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink } from '@tanstack/react-router';
import { useState } from 'react';
import { sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { FormProblem, PasswordField } from './form-parts.tsx';
import { toReturnPath } from './secret-of-address.ts';

const route = getRouteApi('/sign-in');

export function SignInPage() {
  const t = useText('access');
  const { return: wanted } = route.useSearch();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () =>
      sendJson('/api/v1/session', { method: 'POST', body: { email: email.trim(), password } }),
    onSuccess: () => window.location.assign(toReturnPath(wanted)),
  });
  return (
    <>
      <PageHead title={t('sign_in_title')} />
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate();
        }}
      >
        <FormProblem error={signIn.error} wrongDetails={t('wrong_credentials')} />
        <Textfield
          label={t('email')}
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordField
          label={t('password')}
          kind="current-password"
          value={password}
          onChange={setPassword}
        />
        <Button type="submit" loading={signIn.isPending || signIn.isSuccess}>
          {t('sign_in_action')}
        </Button>
        <Link asChild>
          <RouterLink to="/password">{t('forgot')}</RouterLink>
        </Link>
      </form>
    </>
  );
}
