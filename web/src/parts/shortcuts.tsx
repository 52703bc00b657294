/**
 * Single-key shortcuts and the dialog that lists them. They can be switched off (WCAG 2.1.4) and never fire
 * while somebody types in a field.
 */
import { Dialog, Heading, Switch } from '@digdir/designsystemet-react';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useText } from '../i18n/language.tsx';
import './shortcuts.css';

const STORED = 'torv.keys';

function readEnabled(): boolean {
  try {
    return window.localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

interface ShortcutsProps {
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly onClose: () => void;
  readonly onSearch: () => void;
}

export function Shortcuts(props: ShortcutsProps) {
  const t = useText('shell');
  const router = useRouter();
  const [enabled, setEnabled] = useState(readEnabled);
  const going = useRef(false);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const afterG = going.current;
      going.current = event.key === 'g';
      if (afterG && event.key === 'm') void router.navigate({ to: '/' });
      else if (afterG && event.key === 'p') void router.navigate({ to: '/places' });
      else if (event.key === '?') latest.current.onOpen();
      else if (event.key === '/') latest.current.onSearch();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [enabled, router]);

  const choose = (on: boolean) => {
    setEnabled(on);
    try {
      window.localStorage.setItem(STORED, on ? 'on' : 'off');
    } catch {
      // lasts as long as the page
    }
  };

  const rows: readonly (readonly [readonly string[], string])[] = [
    [['/'], t('keys_search')],
    [['?'], t('keys_help')],
    [['g', 'm'], t('keys_map')],
    [['g', 'p'], t('keys_places')],
    [['Esc'], t('keys_escape')],
  ];
  return (
    <Dialog open={props.open} onClose={props.onClose} closeButton={t('close')} closedby="any">
      <Dialog.Block>
        <Heading level={2} data-size="xs">
          {t('keys_title')}
        </Heading>
      </Dialog.Block>
      <Dialog.Block>
        <dl className="torv-keys">
          {rows.map(([keys, text]) => (
            <div key={text}>
              <dt>
                {keys.map((key, index) => (
                  <span key={key}>
                    {index > 0 && ` ${t('keys_then')} `}
                    <kbd>{key}</kbd>
                  </span>
                ))}
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        <Switch
          label={t('keys_enabled')}
          checked={enabled}
          onChange={(event) => choose(event.target.checked)}
        />
      </Dialog.Block>
    </Dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, dialog[open]') !== null)
  );
}
