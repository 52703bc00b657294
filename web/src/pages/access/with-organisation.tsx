/** A page about one organisation: waits until it is known which, and says so when there is none to show. */
import { Link } from '@digdir/designsystemet-react';
import { useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Organisation } from '../../answers.ts';
import { useText } from '../../i18n/language.tsx';
import { toSignIn } from '../../parts/header.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { useOrganisation, useSession } from '../../session.ts';
import { Notice } from './form-parts.tsx';

export function WithOrganisation(props: { readonly children: (organisation: Organisation) => ReactNode }) {
  const session = useSession();
  const organisation = useOrganisation();
  if (session === undefined) return <Waiting lines={4} />;
  return organisation?.role == null ? (
    <NoRole signedIn={session.user !== null} />
  ) : (
    props.children(organisation)
  );
}

function NoRole(props: { readonly signedIn: boolean }) {
  const t = useText('access');
  const href = useRouterState({ select: (state) => state.location.href });
  const action = props.signedIn ? undefined : <Link href={toSignIn(href)}>{t('sign_in_title')}</Link>;
  return <Notice title={t('settings_title')} text={t('settings_none')} action={action} />;
}
