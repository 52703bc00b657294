/**
 * What the service answered: status, time and size in a line, a fault in words with its place in the address, then
 * the content. Addresses within the service lead on in this page. Never as HTML: an answer is somebody's data.
 */
import { Button, Link } from '@digdir/designsystemet-react';
import { Link as RouterLink } from '@tanstack/react-router';
import { type CSSProperties, useMemo, useState } from 'react';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Problem } from '../../parts/problem.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { findFault, toPath, toShown } from './address.ts';
import { type Line, toLines } from './json-lines.ts';
import type { Answer, Service } from './service.ts';

/** So much is drawn at once; a thousand readings are there on demand. */
const FIRST_LINES = 300;

interface AnswerPartProps {
  readonly answer: Answer;
  /** The address it answers, as it is read. */
  readonly shown: string;
  readonly service: Service;
  readonly request: string;
  readonly onFollow: () => void;
}

export function AnswerPart(props: AnswerPartProps) {
  const t = useText('developers');
  const { answer, service } = props;
  const figures = useFigures(answer);
  const lines = useMemo(
    () => toLines(answer.text, (value) => toPath(value, service.roots)),
    [answer.text, service.roots],
  );
  const fault = answer.problem && findFault(props.shown, answer.problem.at);
  return (
    <>
      <p className="torv-row torv-figures-line">
        <StateMark
          state={answer.problem === undefined ? 'good' : 'poor'}
          text={`${answer.status} ${t(answer.problem === undefined ? 'answered' : 'refused')}`}
        />
        <span className="torv-number torv-quiet">{figures}</span>
      </p>
      {answer.problem !== undefined && <Problem error={answer.problem} />}
      {fault !== undefined && (
        <div className="torv-fault">
          <p>{t('fault_place')}</p>
          <code className="torv-box">
            {fault.before}
            <mark>{fault.fault}</mark>
            {fault.after}
          </code>
        </div>
      )}
      {answer.text === '' ? (
        <p className="torv-quiet">{t('no_content')}</p>
      ) : (
        <Content
          key={props.shown}
          lines={lines ?? answer.text.split('\n').map((text) => [{ text }])}
          request={props.request}
          onFollow={props.onFollow}
        />
      )}
    </>
  );
}

/** "12 ms, 18 kB" */
export function useFigures(answer: Answer | undefined): string {
  const t = useText('developers');
  const format = useFormat();
  if (answer === undefined) return '';
  const size =
    answer.bytes < 1000
      ? `${format.number(answer.bytes)}\u00a0B`
      : `${format.number(answer.bytes / 1000, answer.bytes < 10_000 ? 1 : 0)}\u00a0kB`;
  return t('figures', { ms: `${format.number(Math.max(1, answer.ms))}\u00a0ms`, size });
}

/** The blanks a line begins with, for the style. */
function toIndent(line: Line): CSSProperties {
  const blanks = /^ */.exec(line[0]?.text ?? '')?.[0].length ?? 0;
  return { '--torv-indent': `${blanks}ch` } as CSSProperties;
}

interface ContentProps {
  readonly lines: readonly Line[];
  readonly request: string;
  readonly onFollow: () => void;
}

function Content(props: ContentProps) {
  const t = useText('developers');
  const [all, setAll] = useState(false);
  const lines = all ? props.lines : props.lines.slice(0, FIRST_LINES);
  return (
    <>
      <pre className="torv-box torv-content">
        {lines.map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text, their order is their identity
          <span key={i} style={toIndent(line)}>
            {line.map((piece) =>
              piece.link === undefined ? (
                piece.text
              ) : (
                <Link asChild key={piece.link}>
                  <RouterLink
                    to="/developers"
                    search={{ request: props.request, url: toShown(piece.link) }}
                    resetScroll={false}
                    onClick={props.onFollow}
                  >
                    {piece.text}
                  </RouterLink>
                </Link>
              ),
            )}
          </span>
        ))}
      </pre>
      {lines.length < props.lines.length && (
        <Button type="button" variant="secondary" data-size="sm" onClick={() => setAll(true)}>
          {t('show_all', { count: props.lines.length })}
        </Button>
      )}
    </>
  );
}
