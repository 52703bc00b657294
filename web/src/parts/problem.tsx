/** A failure in words: what, where, what to do next. A failure that is not ours is shown as "unreachable". */
import { Alert, Button, Heading, Paragraph } from '@digdir/designsystemet-react';
import { ApiProblem } from '../api.ts';
import { useText } from '../i18n/language.tsx';

export function Problem(props: { readonly error: unknown; readonly onRetry?: () => void }) {
  const t = useText('shell');
  const titles = useText('errors');
  const problem = props.error instanceof ApiProblem ? props.error : undefined;
  const detail =
    problem === undefined || (problem.status === 0 && problem.detail === '')
      ? t('problem_unreachable')
      : problem.detail;
  return (
    <Alert data-color={problem?.code === 'NOT_FOUND' ? 'info' : 'danger'} role="alert">
      <Heading level={2} data-size="2xs">
        {titles(problem?.code ?? 'UNAVAILABLE')}
      </Heading>
      {detail !== '' && <Paragraph>{detail}</Paragraph>}
      {problem?.at !== undefined && <Paragraph>{t('problem_at', { at: problem.at })}</Paragraph>}
      {problem?.hint !== undefined && <Paragraph>{problem.hint}</Paragraph>}
      {problem !== undefined && problem.status !== 0 && (
        <Paragraph data-size="sm" className="torv-quiet">
          {t('problem_reference', { code: problem.code })}
        </Paragraph>
      )}
      {props.onRetry !== undefined && (
        <Button variant="secondary" data-size="sm" onClick={props.onRetry}>
          {t('retry')}
        </Button>
      )}
    </Alert>
  );
}
