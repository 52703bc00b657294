/** A state as word + icon + colour; the word may be hidden where a sentence beside it says the same. */
import {
  CheckmarkCircleFillIcon,
  CircleFillIcon,
  ExclamationmarkTriangleFillIcon,
  MinusCircleIcon,
  XMarkOctagonFillIcon,
} from '@navikt/aksel-icons';
import type { ComponentType, SVGProps } from 'react';
import type { Level } from '../answers.ts';
import { useText } from '../i18n/language.tsx';
import './state-mark.css';

const ICONS: { readonly [L in Level]: ComponentType<SVGProps<SVGSVGElement>> } = {
  good: CheckmarkCircleFillIcon,
  attention: ExclamationmarkTriangleFillIcon,
  poor: XMarkOctagonFillIcon,
  none: MinusCircleIcon,
};

export function StateIcon(props: { readonly level: Level; readonly unrated?: boolean }) {
  const Icon = props.unrated && props.level === 'none' ? CircleFillIcon : ICONS[props.level];
  return <Icon aria-hidden className="torv-state-icon" data-level={props.level} />;
}

interface StateMarkProps {
  readonly level: Level;
  readonly text?: string;
  /** There is a value but no rule to judge it by: that is not "no data". */
  readonly unrated?: boolean;
  /** Without the coloured ground. */
  readonly plain?: boolean;
}

export function StateMark(props: StateMarkProps) {
  const t = useText('shell');
  const state = props.unrated && props.level === 'none' ? 'unrated' : props.level;
  return (
    <span className="torv-state" data-level={props.level} data-plain={props.plain}>
      <StateIcon level={props.level} unrated={props.unrated ?? false} />
      {props.text ?? t(`state_${state}`)}
    </span>
  );
}
