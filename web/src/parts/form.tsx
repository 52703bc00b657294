/** The frame of a staff form: sections, the notice that a draft is back, the failure, the one button. */
import { Alert, Button } from '@digdir/designsystemet-react';
import type { FormEvent, ReactNode } from 'react';
import { useText } from '../i18n/language.tsx';
import { Problem } from './problem.tsx';
import './form.css';

interface FormProps {
  readonly children: ReactNode;
  readonly submit: string;
  readonly busy: boolean;
  readonly error?: unknown;
  readonly restored?: boolean;
  readonly onDrop?: () => void;
  readonly onSubmit: () => void;
  /** Beside the button: cancel, delete. */
  readonly beside?: ReactNode;
}

export function Form(props: FormProps) {
  const t = useText('devices');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!props.busy) props.onSubmit();
  };
  return (
    <form className="torv-form" onSubmit={submit} noValidate>
      {props.restored === true && (
        <Alert data-color="info" data-size="sm">
          <div className="torv-row">
            {t('draft_restored')}
            {props.onDrop !== undefined && (
              <Button type="button" variant="tertiary" data-size="sm" onClick={props.onDrop}>
                {t('draft_drop')}
              </Button>
            )}
          </div>
        </Alert>
      )}
      {props.children}
      {props.error != null && <Problem error={props.error} />}
      <div className="torv-row">
        <Button type="submit" loading={props.busy}>
          {props.submit}
        </Button>
        {props.beside}
      </div>
    </form>
  );
}
