/** Nothing here: says why and what to do next. Never shown while something is still being fetched. */
import { Heading, Paragraph } from '@digdir/designsystemet-react';
import type { ReactNode } from 'react';
import './empty.css';

export function Empty(props: {
  readonly title: string;
  readonly text?: string;
  readonly action?: ReactNode;
}) {
  return (
    <div className="torv-empty">
      <Heading level={2} data-size="xs">
        {props.title}
      </Heading>
      {props.text !== undefined && <Paragraph className="torv-prose">{props.text}</Paragraph>}
      {props.action}
    </div>
  );
}
