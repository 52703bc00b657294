/** Accepting an invitation: a new account chooses a password, an existing one proves that it is its owner. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { sendJson } from '../../api.ts';
import { useLanguage, useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import type { LinkFacts } from './access-answers.ts';
import { FormProblem, PasswordField, usePasswordFault } from './form-parts.tsx';

export function InvitationForm(props: {
  readonly secret: string;
  readonly facts: LinkFacts;
  readonly onDone: () => void;
}) {
  const t = useText('access');
  const { language } = useLanguage();
  const { hasAccount, organisation, role, email } = props.facts;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const accept = useMutation({
    mutationFn: () =>
      sendJson('/api/v1/links/invitation', {
        method: 'POST',
        body: {
          secret: props.secret,
          password,
          ...(hasAccount ? {} : { name: name.trim(), locale: language }),
        },
      }),
    onSuccess: props.onDone,
  });
  const fault = usePasswordFault(accept.error);
  const values = { role: t(`role_${role ?? 'viewer'}`), email: email ?? '' };
  return (
    <>
      <PageHead
        title={t('invitation_title', { organisation: organisation ?? 'Torv' })}
        answer={hasAccount ? t('invitation_known', values) : t('invitation_new', values)}
      />
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          accept.mutate();
        }}
      >
        <FormProblem error={accept.error} wrongDetails={t('wrong_password')} />
        {/* for the browser's password store, which pairs the password with it */}
        <input type="email" autoComplete="username" value={email ?? ''} readOnly hidden />
        {!hasAccount && (
          <Textfield
            label={t('name')}
            description={t('name_help')}
            autoComplete="name"
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        {hasAccount ? (
          <PasswordField
            label={t('password')}
            kind="current-password"
            value={password}
            onChange={setPassword}
          />
        ) : (
          <PasswordField
            label={t('password')}
            description={t('password_help')}
            kind="new-password"
            value={password}
            onChange={setPassword}
            error={fault}
          />
        )}
        <Button type="submit" loading={accept.isPending || accept.isSuccess}>
          {t('invitation_action')}
        </Button>
      </form>
    </>
  );
}
