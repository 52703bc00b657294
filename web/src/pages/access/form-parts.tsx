/** What the forms of these pages are made of: a password field, a choice, and a failure in the visitor's words. */
import { Alert, Button, Field, Label, Paragraph, Select, Textfield } from '@digdir/designsystemet-react';
import { type ReactNode, useId, useState } from 'react';
import { ApiProblem } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import './access.css';

interface PasswordFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** new: the browser offers to make one up. */
  readonly kind: 'current-password' | 'new-password';
  readonly description?: string;
  readonly error?: string | undefined;
}

export function PasswordField(props: PasswordFieldProps) {
  const t = useText('access');
  const [shown, setShown] = useState(false);
  return (
    <div className="torv-password">
      <Textfield
        label={props.label}
        description={props.description}
        error={props.error}
        type={shown ? 'text' : 'password'}
        autoComplete={props.kind}
        maxLength={200}
        spellCheck={false}
        required
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      <Button
        variant="tertiary"
        data-size="sm"
        type="button"
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      >
        {t('password_show')}
      </Button>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChange: (value: T) => void;
  readonly description?: string;
  /** The label is read out, but not seen: in a table whose column says it. */
  readonly labelHidden?: boolean;
  readonly size?: 'sm';
  readonly disabled?: boolean;
}

export function Choice<T extends string>(props: ChoiceProps<T>) {
  const id = useId();
  return (
    <Field {...(props.size ? { 'data-size': props.size } : {})}>
      <Label htmlFor={id} className={props.labelHidden ? 'torv-visually-hidden' : undefined}>
        {props.label}
      </Label>
      {props.description !== undefined && <Field.Description>{props.description}</Field.Description>}
      <Select
        id={id}
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => {
          const chosen = props.options.find((option) => option.value === event.currentTarget.value);
          if (chosen) props.onChange(chosen.value);
        }}
      >
        {props.options.map((option) => (
          <Select.Option key={option.value} value={option.value}>
            {option.text}
          </Select.Option>
        ))}
      </Select>
    </Field>
  );
}

/** A page that has nothing to fill in: why, and where to go on. */
export function Notice(props: {
  readonly title: string;
  readonly text: string;
  readonly action?: ReactNode;
}) {
  return (
    <>
      <PageHead title={props.title} />
      <Paragraph className="torv-prose">{props.text}</Paragraph>
      {props.action}
    </>
  );
}

const REASONS = ['short', 'long', 'email', 'repeated', 'obvious'] as const;

/** Why a new password was refused, for the field itself. */
export function usePasswordFault(error: unknown): string | undefined {
  const t = useText('access');
  if (!(error instanceof ApiProblem)) return undefined;
  const reason = REASONS.find((one) => one === error.document.reason);
  return reason && t(`password_${reason}`);
}

/** The failures that people meet at a door, in their language; every other one as it is everywhere. */
export function FormProblem(props: { readonly error: unknown; readonly wrongDetails?: string }) {
  const t = useText('access');
  const { error } = props;
  if (!error) return null;
  if (!(error instanceof ApiProblem)) return <Problem error={error} />;
  if (typeof error.document.reason === 'string') return null; // stands beside the field
  if (error.code === 'TOO_MANY')
    return <Failure>{t('too_many', { count: Number(error.document.retryAfterS ?? 60) })}</Failure>;
  if (
    props.wrongDetails !== undefined &&
    (error.code === 'BAD_CREDENTIALS' || error.at === 'body/currentPassword')
  ) {
    return <Failure>{props.wrongDetails}</Failure>;
  }
  if (error.code === 'LINK_USED') return <Failure>{t('link_dead_text')}</Failure>;
  return <Problem error={error} />;
}

function Failure(props: { readonly children: ReactNode }) {
  return (
    <Alert data-color="danger" role="alert">
      <Paragraph>{props.children}</Paragraph>
    </Alert>
  );
}
