/** The way to everything that is set once: who has access, keys, contacts, and the list of changes. */
import { Heading, Link } from '@digdir/designsystemet-react';
import { Link as RouterLink } from '@tanstack/react-router';
import type { Organisation, Role } from '../../answers.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { mayAct } from '../../session.ts';
import { WithOrganisation } from './with-organisation.tsx';
import './access.css';

/** A page area adds its row here. */
const SETTINGS = [
  { to: '/settings/users', title: 'users_title', about: 'users_about', role: 'administrator' },
  { to: '/settings/keys', title: 'keys_title', about: 'keys_about', role: 'administrator' },
  { to: '/settings/contacts', title: 'contacts_title', about: 'contacts_about', role: 'viewer' },
  { to: '/settings/audit', title: 'audit_title', about: 'audit_about', role: 'administrator' },
] as const satisfies readonly {
  readonly to: string;
  readonly title: string;
  readonly about: string;
  readonly role: Role;
}[];

export function SettingsPage() {
  return <WithOrganisation>{(organisation) => <Settings organisation={organisation} />}</WithOrganisation>;
}

function Settings(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const { organisation } = props;
  return (
    <>
      <PageHead
        title={t('settings_title')}
        answer={t('settings_intro', { organisation: organisation.name })}
      />
      <ul className="torv-settings">
        {SETTINGS.filter((row) => mayAct(organisation, row.role)).map((row) => (
          <li key={row.to}>
            <Heading level={2} data-size="2xs">
              <Link asChild>
                <RouterLink to={row.to}>{t(row.title)}</RouterLink>
              </Link>
            </Heading>
            <p className="torv-quiet">{t(row.about)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Where the pages below it come from. */
export function useSettingsCrumbs() {
  const t = useText('access');
  return [{ name: t('settings_title'), to: '/settings' }];
}
