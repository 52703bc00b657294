/** Long work: how far it is, that one may leave, how to stop it. The report afterwards is the caller's. */
import { Button, Paragraph } from '@digdir/designsystemet-react';
import { type ReactNode, useId } from 'react';
import { useText } from '../i18n/language.tsx';
import './progress.css';

interface ProgressProps {
  readonly title: string;
  readonly done: number;
  /** null: not known yet. */
  readonly total: number | null;
  readonly state: 'running' | 'finished' | 'stopped';
  readonly onStop?: () => void;
  /** The report, when there is one. */
  readonly children?: ReactNode;
}

export function Progress(props: ProgressProps) {
  const t = useText('shell');
  const id = useId();
  const known = props.total !== null && props.total > 0;
  return (
    <div className="torv-progress">
      <label htmlFor={id}>{props.title}</label>
      <progress id={id} {...(known ? { max: props.total ?? 1, value: props.done } : {})} />
      <Paragraph data-size="sm" className="torv-number" aria-live="off">
        {known && t('progress_done', { done: props.done, total: props.total ?? 0 })}{' '}
        {props.state === 'running' && t('progress_leave')}
      </Paragraph>
      <div role="status">
        {props.state === 'finished' && t('progress_finished')}
        {props.state === 'stopped' && t('progress_stopped')}
      </div>
      {props.state === 'running' && props.onStop !== undefined && (
        <Button variant="secondary" data-size="sm" onClick={props.onStop}>
          {t('progress_stop')}
        </Button>
      )}
      {props.children}
    </div>
  );
}
