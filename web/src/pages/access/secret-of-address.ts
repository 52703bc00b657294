/**
 * The secret of a link stands in the fragment of the address. It is taken out at once, so that it is in no
 * history, no screenshot and no shared address; a reload of the same tab still has it, another tab has not.
 */
import { useEffect, useState } from 'react';

type Purpose = 'welcome' | 'password';

const key = (purpose: Purpose): string => `torv.link.${purpose}`;

function takeSecret(purpose: Purpose): string | null {
  const { hash, pathname, search } = window.location;
  const secret = /^#([A-Za-z0-9_-]{43})$/.exec(hash)?.[1];
  if (secret === undefined) return readKept(purpose);
  window.history.replaceState(window.history.state, '', `${pathname}${search}`);
  try {
    window.sessionStorage.setItem(key(purpose), secret);
  } catch {
    // storage is forbidden: the link works until a reload
  }
  return secret;
}

/** Also for a link that is pasted into a tab where the page is open already: then only the fragment changes. */
export function useSecret(purpose: Purpose): string | null {
  const [secret, setSecret] = useState(() => takeSecret(purpose));
  useEffect(() => {
    const read = () => setSecret(takeSecret(purpose));
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, [purpose]);
  return secret;
}

function readKept(purpose: Purpose): string | null {
  try {
    return window.sessionStorage.getItem(key(purpose));
  } catch {
    return null;
  }
}

/** After use, and for a link that turned out to be dead. */
export function forgetSecret(purpose: Purpose): void {
  try {
    window.sessionStorage.removeItem(key(purpose));
  } catch {
    // nothing was kept
  }
}

/** Where to go after signing in: only ever a path of this site. */
export function toReturnPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !wanted.startsWith('/')) return '/';
  const url = new URL(wanted, window.location.origin);
  return url.origin === window.location.origin ? `${url.pathname}${url.search}` : '/';
}
