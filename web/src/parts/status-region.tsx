/** Short notices at the foot of the page, read out politely: `const say = useSay(); say('Saved')`. */
import { Alert, Button } from '@digdir/designsystemet-react';
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from 'react';
import { useText } from '../i18n/language.tsx';
import './status-region.css';

type Tone = 'success' | 'info' | 'warning';
type Say = (text: string, tone?: Tone) => void;

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

const SHOWN_MS = 8000;
const Context = createContext<Say>(() => undefined);

export function useSay(): Say {
  return useContext(Context);
}

export function StatusRegion(props: { readonly children: ReactNode }) {
  const t = useText('shell');
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const count = useRef(0);
  const drop = useCallback((id: number) => setNotices((old) => old.filter((one) => one.id !== id)), []);
  const say = useCallback<Say>(
    (text, tone = 'success') => {
      count.current += 1;
      const id = count.current;
      setNotices((old) => [...old.slice(-2), { id, text, tone }]);
      window.setTimeout(() => drop(id), SHOWN_MS);
    },
    [drop],
  );
  return (
    <Context value={say}>
      {props.children}
      <div className="torv-notices torv-no-print" role="status" aria-live="polite">
        {notices.map((notice) => (
          <Alert key={notice.id} data-color={notice.tone} data-size="sm">
            <div className="torv-row">
              {notice.text}
              <Button variant="tertiary" data-size="sm" onClick={() => drop(notice.id)}>
                {t('close')}
              </Button>
            </div>
          </Alert>
        ))}
      </div>
    </Context>
  );
}
