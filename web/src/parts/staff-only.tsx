/** Around every staff page: somebody without a role here is asked to sign in, not shown an empty page. */
import type { ReactNode } from 'react';
import type { Role } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import { mayAct, useOrganisation, useSession } from '../session.ts';
import { Empty } from './empty.tsx';
import { PageHead } from './page-head.tsx';
import { Waiting } from './waiting.tsx';

export function StaffOnly(props: {
  readonly title: string;
  readonly least: Role;
  readonly children: ReactNode;
}) {
  const t = useText('devices');
  const errors = useText('errors');
  const session = useSession();
  const organisation = useOrganisation();
  if (session === undefined) return <Waiting lines={4} />;
  if (mayAct(organisation, props.least)) return <>{props.children}</>;
  return (
    <>
      <PageHead title={props.title} />
      <Empty title={session.user === null ? t('sign_in_needed') : errors('FORBIDDEN')} />
    </>
  );
}
