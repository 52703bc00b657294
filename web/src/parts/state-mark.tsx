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
import type { Shown } from '../place-state.ts';
import './state-mark.css';

const ICONS: { readonly [S in Shown]: ComponentType<SVGProps<SVGSVGElement>> } = {
  good: CheckmarkCircleFillIcon,
  attention: ExclamationmarkTriangleFillIcon,
  poor: XMarkOctagonFillIcon,
  unrated: CircleFillIcon,
  none: MinusCircleIcon,
};

export function StateIcon(props: { readonly state: Shown }) {
  const Icon = ICONS[props.state];
  return <Icon aria-hidden className="torv-state-icon" data-level={toLevel(props.state)} />;
}

interface StateMarkProps {
  readonly state: Shown;
  readonly text?: string;
  /** Without the coloured ground. */
  readonly plain?: boolean;
}

export function StateMark(props: StateMarkProps) {
  const t = useText('shell');
  return (
    <span className="torv-state" data-level={toLevel(props.state)} data-plain={props.plain}>
      <StateIcon state={props.state} />
      {props.text ?? t(`state_${props.state}`)}
    </span>
  );
}

/** What no rule judges has no colour of its own. */
function toLevel(state: Shown): Level {
  return state === 'unrated' ? 'none' : state;
}
