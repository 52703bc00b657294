/** Skeletons, but only when an answer takes longer than 300 ms: a flicker is worse than a short nothing. */
import { Skeleton } from '@digdir/designsystemet-react';
import { useEffect, useState } from 'react';
import { useText } from '../i18n/language.tsx';

const PATIENCE_MS = 300;

function usePatience(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setOver(true), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return over;
}

export function Waiting(props: { readonly lines?: number; readonly heightRem?: number }) {
  const t = useText('shell');
  if (!usePatience()) return <div aria-busy="true" style={{ minHeight: `${props.heightRem ?? 4}rem` }} />;
  const lines = Array.from({ length: props.lines ?? 3 }, (_, index) => index);
  return (
    <div aria-busy="true" className="torv-stack" role="status">
      <span className="torv-visually-hidden">{t('loading')}</span>
      {props.heightRem === undefined ? (
        lines.map((line) => <Skeleton key={line} variant="text" width={60 - line * 10} />)
      ) : (
        <Skeleton variant="rectangle" height={`${props.heightRem}rem`} />
      )}
    </div>
  );
}
