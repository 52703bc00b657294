/**
 * A date, with or without a time, in the organisation's zone, whatever zone the browser sits in. The browser draws the
 * field in its own format; how it will be read stands below, in the page's language. The value is local text;
 * toInstantOf makes it UTC.
 */
import { Textfield } from '@digdir/designsystemet-react';
import { fromLocal } from '@torv/core/time';
import { useId } from 'react';
import './form.css';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';

interface MomentFieldProps {
  readonly label: string;
  /** What it means to leave it empty. */
  readonly help?: string;
  /** "2026-03-01T08:15", or empty. */
  readonly value: string;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

export function MomentField(props: MomentFieldProps) {
  const t = useText('devices');
  const format = useFormat();
  const zone = format.timeZone;
  const instant = props.value === '' ? undefined : toInstantOf(props.value, zone);
  const read =
    instant === undefined
      ? [props.help, t('field_time_help', { zone })].filter(Boolean).join(' ')
      : t('field_time_read', { moment: format.moment(instant, 'exact'), zone });
  const skipped = props.value !== '' && instant === undefined ? t('field_time_skipped') : undefined;
  return <Told {...props} type="datetime-local" error={props.error ?? skipped} read={read} />;
}

/** "2026-03-01", or empty. */
export function DateField(props: MomentFieldProps) {
  const t = useText('devices');
  const format = useFormat();
  const noon = props.value === '' ? undefined : toInstantOf(`${props.value}T12:00`, format.timeZone);
  const read =
    noon === undefined ? props.help : t('field_date_read', { date: format.moment(noon, 'weekday') });
  return <Told {...props} type="date" read={read} />;
}

/** What it is read as, or what leaving it empty means, stands below: fields beside each other stay in line. */
function Told(
  props: MomentFieldProps & { readonly type: 'date' | 'datetime-local'; readonly read: string | undefined },
) {
  const id = useId();
  return (
    <div className="torv-told">
      <Textfield
        label={props.label}
        type={props.type}
        value={props.value}
        error={props.error}
        aria-describedby={props.read === undefined ? undefined : id}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      {props.read !== undefined && (
        <p id={id} className="torv-quiet">
          {props.read}
        </p>
      )}
    </div>
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
