/** The head of every page: wordmark, organisation, menu, search, language, light or dark, account. */
import { Button, Dropdown, Link } from '@digdir/designsystemet-react';
import {
  EnterIcon,
  LanguageIcon,
  MagnifyingGlassIcon,
  MenuHamburgerIcon,
  MoonIcon,
  PersonIcon,
  SunIcon,
} from '@navikt/aksel-icons';
import { Link as RouterLink, useNavigate, useRouterState } from '@tanstack/react-router';
import { type MouseEvent, useEffect, useState } from 'react';
import { sendJson } from '../api.ts';
import { useLanguage, useText } from '../i18n/language.tsx';
import { LANGUAGE_KEYS, LANGUAGES, type Language } from '../i18n/languages.ts';
import { NAVIGATION } from '../navigation.ts';
import { useOrganisation, useSession } from '../session.ts';
import { chooseScheme, SCHEMES, useIsDark, useScheme } from './color-scheme.ts';
import './header.css';

/** So many pages leave no room for words beside the icons. */
const MANY = 6;

export function Header(props: { readonly onSearch: () => void }) {
  const t = useText('shell');
  const organisation = useOrganisation();
  const session = useSession();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const [open, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever the page changes
  useEffect(() => setOpen(false), [pathname]);
  const items = NAVIGATION.filter((item) => !item.staff || organisation?.role != null);

  return (
    <header className="torv-header" data-dense={items.length > MANY}>
      <div className="torv-header-row">
        <RouterLink to="/" className="torv-wordmark" aria-label={t('home')}>
          Torv
        </RouterLink>
        {organisation && <OrganisationName />}
        <Button
          className="torv-menu-button"
          variant="tertiary"
          data-size="sm"
          aria-expanded={open}
          aria-controls="torv-nav"
          onClick={() => setOpen(!open)}
        >
          <MenuHamburgerIcon aria-hidden />
          {t('menu')}
        </Button>
        <nav id="torv-nav" aria-label={t('navigation')} className="torv-nav" data-open={open}>
          {items.map((item) => (
            <RouterLink key={item.to} to={item.to} activeOptions={{ exact: item.to === '/' }}>
              {t(item.text)}
            </RouterLink>
          ))}
        </nav>
        <div className="torv-header-tools">
          <Button variant="tertiary" data-size="sm" onClick={props.onSearch} aria-keyshortcuts="/">
            <MagnifyingGlassIcon aria-hidden />
            <span className="torv-wide">{t('search')}</span>
            <span className="torv-narrow torv-visually-hidden">{t('search')}</span>
          </Button>
          <LanguageSwitch />
          <SchemeSwitch />
          <Account />
        </div>
      </div>
      {session?.demo === true && <p className="torv-demo">{t('demo')}</p>}
    </header>
  );
}

/** A menu closes when something in it is chosen, and the keyboard is back on its button. */
function useMenu() {
  const [open, setOpen] = useState(false);
  return {
    open,
    onOpen: () => setOpen(true),
    onClose: () => setOpen(false),
    onClick: (event: MouseEvent<HTMLElement>) => {
      setOpen(false);
      document.querySelector<HTMLElement>(`[popovertarget="${event.currentTarget.id}"]`)?.focus();
    },
  };
}

function OrganisationName() {
  const menu = useMenu();
  const t = useText('shell');
  const session = useSession();
  const organisation = useOrganisation();
  const navigate = useNavigate();
  const others = session?.organisations ?? [];
  if (others.length < 2) return <span className="torv-organisation">{organisation?.name}</span>;
  return (
    <Dropdown.TriggerContext>
      <Dropdown.Trigger variant="tertiary" data-size="sm" className="torv-organisation">
        {organisation?.name}
        <span className="torv-visually-hidden">, {t('organisation')}</span>
      </Dropdown.Trigger>
      <Dropdown {...menu}>
        <Dropdown.List>
          {others.map((one) => (
            <Dropdown.Item key={one.id}>
              <Dropdown.Button
                aria-current={one.id === organisation?.id}
                onClick={() => void navigate({ to: '/', search: { organisation: one.slug } })}
              >
                {one.name}
              </Dropdown.Button>
            </Dropdown.Item>
          ))}
        </Dropdown.List>
      </Dropdown>
    </Dropdown.TriggerContext>
  );
}

function LanguageSwitch() {
  const menu = useMenu();
  const t = useText('shell');
  const { language, choose } = useLanguage();
  const navigate = useNavigate();
  const pick = (next: Language) => {
    choose(next);
    void navigate({ to: '.', search: (old) => ({ ...old, lang: next }), replace: true });
  };
  return (
    <Dropdown.TriggerContext>
      <Dropdown.Trigger variant="tertiary" data-size="sm" lang={language}>
        <LanguageIcon aria-hidden />
        <span className="torv-wide">{LANGUAGES[language].name}</span>
        <span className="torv-visually-hidden">{t('language')}</span>
      </Dropdown.Trigger>
      <Dropdown {...menu}>
        <Dropdown.List>
          {LANGUAGE_KEYS.map((key) => (
            <Dropdown.Item key={key}>
              <Dropdown.Button lang={key} aria-current={key === language} onClick={() => pick(key)}>
                {LANGUAGES[key].name}
              </Dropdown.Button>
            </Dropdown.Item>
          ))}
        </Dropdown.List>
      </Dropdown>
    </Dropdown.TriggerContext>
  );
}

function SchemeSwitch() {
  const menu = useMenu();
  const t = useText('shell');
  const scheme = useScheme();
  const Icon = useIsDark() ? MoonIcon : SunIcon;
  return (
    <Dropdown.TriggerContext>
      <Dropdown.Trigger variant="tertiary" data-size="sm" icon aria-label={t('scheme')}>
        <Icon aria-hidden />
      </Dropdown.Trigger>
      <Dropdown {...menu}>
        <Dropdown.List>
          {SCHEMES.map((one) => (
            <Dropdown.Item key={one}>
              <Dropdown.Button aria-current={one === scheme} onClick={() => chooseScheme(one)}>
                {t(`scheme_${one}`)}
              </Dropdown.Button>
            </Dropdown.Item>
          ))}
        </Dropdown.List>
      </Dropdown>
    </Dropdown.TriggerContext>
  );
}

function Account() {
  const menu = useMenu();
  const t = useText('shell');
  const session = useSession();
  const navigate = useNavigate();
  const href = useRouterState({ select: (state) => state.location.href });
  if (session === undefined) return null;
  if (session.user === null) {
    return (
      <Link className="torv-sign-in" href={toSignIn(href)}>
        <EnterIcon aria-hidden />
        <span className="torv-wide">{t('sign_in')}</span>
        <span className="torv-narrow torv-visually-hidden">{t('sign_in')}</span>
      </Link>
    );
  }
  const signOut = async () => {
    await sendJson('/api/v1/session', { method: 'DELETE' });
    window.location.assign('/'); // a fresh page: nothing of the signed-in one stays in memory
  };
  return (
    <Dropdown.TriggerContext>
      <Dropdown.Trigger variant="tertiary" data-size="sm">
        <PersonIcon aria-hidden />
        <span className="torv-wide torv-name">{session.user.name}</span>
        <span className="torv-visually-hidden">{t('account')}</span>
      </Dropdown.Trigger>
      <Dropdown {...menu}>
        <Dropdown.Heading>{t('signed_in_as', { name: session.user.name })}</Dropdown.Heading>
        <Dropdown.List>
          <Dropdown.Item>
            <Dropdown.Button onClick={() => void navigate({ to: '/account' })}>
              {t('your_account')}
            </Dropdown.Button>
          </Dropdown.Item>
          <Dropdown.Item>
            <Dropdown.Button onClick={() => void signOut()}>{t('sign_out')}</Dropdown.Button>
          </Dropdown.Item>
        </Dropdown.List>
      </Dropdown>
    </Dropdown.TriggerContext>
  );
}

/** Where signing in happens, and where one comes back to; only ever a path of this site. */
export function toSignIn(returnTo: string): string {
  const path = returnTo.startsWith('/') && !returnTo.startsWith('//') ? returnTo : '/';
  return `/sign-in?${new URLSearchParams({ return: path }).toString()}`;
}
