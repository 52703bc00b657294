/** A date and time in the organisation's zone, whatever zone the browser sits in. The value is local text; toInstantOf makes it UTC. */
import { Textfield } from '@digdir/designsystemet-react';
import { fromLocal } from '@torv/core/time';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';

interface MomentFieldProps {
  readonly label: string;
  readonly help?: string;
  /** "2026-03-01T08:15", or empty. */
  readonly value: string;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

export function MomentField(props: MomentFieldProps) {
  const t = useText('devices');
  const { timeZone } = useFormat();
  return (
    <Textfield
      label={props.label}
      description={[props.help, t('field_time_help', { zone: timeZone })].filter(Boolean).join(' ')}
      type="datetime-local"
      value={props.value}
      error={props.error}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}

/** The UTC instant of a local text, or undefined where there is none (also in the hour that spring skips). */
export function toInstantOf(local: string, timeZone: string): string | undefined {
  try {
    return fromLocal(local.replace('T', ' '), timeZone);
  } catch {
    return undefined;
  }
}

export function toLocalText(instant: string | number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(typeof instant === 'number' ? instant : Date.parse(instant));
  return parts.replace(' ', 'T');
}
