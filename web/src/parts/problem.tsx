/**
 * A failure in words: what in the reader's language, then exactly what the server said, then what to do next.
 * A failure that is not ours is shown as "unreachable".
 */
import { Alert, Button, Heading, Paragraph } from '@digdir/designsystemet-react';
import { ApiProblem } from '../api.ts';
import { toFaultWords } from '../fault-words.ts';
import { useText } from '../i18n/language.tsx';
import { Reason } from './reason.tsx';

export function Problem(props: { readonly error: unknown; readonly onRetry?: () => void }) {
  const t = useText('shell');
  const titles = useText('errors');
  const problem = props.error instanceof ApiProblem ? props.error : undefined;
  const isMissing = problem?.code === 'NOT_FOUND';
  const isUnreachable = problem === undefined || (problem.status === 0 && problem.detail === '');
  // what a validator says is meant for programs: the reader gets the same in words
  const fault = toFaultWords(titles, problem?.document.fault);
  const told = fault ?? [problem?.detail, problem?.hint].filter(Boolean).join(' ');
  return (
    <Alert data-color={isMissing ? 'info' : 'danger'} role="alert">
      <Heading level={2} data-size="2xs">
        {titles(problem?.code ?? 'UNAVAILABLE')}
      </Heading>
      {isUnreachable && <Paragraph>{t('problem_unreachable')}</Paragraph>}
      {told !== '' && <Paragraph data-size="sm">{fault ?? <Reason text={told} />}</Paragraph>}
      {problem !== undefined && problem.status !== 0 && !isMissing && (
        <Paragraph data-size="sm" className="torv-quiet">
          {t('problem_reference', { code: problem.code })}
          {problem.at !== undefined && ` · ${t('problem_at', { at: problem.at.replace(/^body\//, '') })}`}
        </Paragraph>
      )}
      {/* what is not there does not come by asking again */}
      {props.onRetry !== undefined && !isMissing && (
        <Button variant="secondary" data-size="sm" onClick={props.onRetry}>
          {t('retry')}
        </Button>
      )}
    </Alert>
  );
}
