/** The frame around every page: skip link, header, main, footer, the keys, and focus after a change of page. */
import { Link, SkipLink } from '@digdir/designsystemet-react';
import { Outlet, Link as RouterLink, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useText } from '../i18n/language.tsx';
import { CommandPalette } from './command-palette.tsx';
import { Header } from './header.tsx';
import { Shortcuts } from './shortcuts.tsx';
import { StatusRegion } from './status-region.tsx';
import './layout.css';

export function Layout() {
  const t = useText('shell');
  const [searching, setSearching] = useState(false);
  const [keys, setKeys] = useState(false);
  const main = useRef<HTMLElement>(null);
  const pathname = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const asked = useRouterState({ select: (state) => state.location.pathname });
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    // a new page is announced from its top; the first load keeps the browser's own focus
    if (last.current !== undefined && last.current !== pathname) main.current?.focus({ preventScroll: true });
    last.current = pathname;
  }, [pathname]);

  // a wall screen shows a room and nothing to press
  if (asked === '/screen') {
    return (
      <main id="main">
        <Outlet />
      </main>
    );
  }
  return (
    <StatusRegion>
      <SkipLink href="#main">{t('skip')}</SkipLink>
      <div className="torv-frame">
        <Header onSearch={() => setSearching(true)} />
        <main id="main" ref={main} tabIndex={-1} className="torv-main">
          <Outlet />
        </main>
        <footer className="torv-footer">
          <div>
            <p>{t('footer_about')}</p>
            <div className="torv-row">
              <Link asChild>
                <RouterLink to="/developers">{t('footer_developers')}</RouterLink>
              </Link>
              <Link asChild>
                <button type="button" className="torv-as-link" onClick={() => setKeys(true)}>
                  {t('keys_title')}
                </button>
              </Link>
            </div>
          </div>
        </footer>
      </div>
      <CommandPalette open={searching} onClose={() => setSearching(false)} />
      <Shortcuts
        open={keys}
        onOpen={() => setKeys(true)}
        onClose={() => setKeys(false)}
        onSearch={() => setSearching(true)}
      />
    </StatusRegion>
  );
}
