/** What stands where a page cannot: an unknown address, a crash, an answer that is a problem. */
import { Button, Paragraph } from '@digdir/designsystemet-react';
import { type ErrorComponentProps, Link as RouterLink } from '@tanstack/react-router';
import { ApiProblem } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';

export function NotFoundPage() {
  const t = useText('shell');
  return (
    <>
      <PageHead title={t('not_found_title')} answer={t('not_found_text')} />
      <Button asChild>
        <RouterLink to="/">{t('not_found_action')}</RouterLink>
      </Button>
    </>
  );
}

export function CrashPage(props: ErrorComponentProps) {
  const t = useText('shell');
  const titles = useText('errors');
  if (props.error instanceof ApiProblem) {
    return (
      <>
        <PageHead title={titles(props.error.code)} />
        <Problem error={props.error} onRetry={props.reset} />
      </>
    );
  }
  return (
    <>
      <PageHead title={t('crash_title')} answer={t('crash_text')} />
      <Button onClick={() => window.location.reload()}>{t('crash_action')}</Button>
      <Paragraph data-size="sm" className="torv-quiet">
        {props.error instanceof Error ? props.error.message : String(props.error)}
      </Paragraph>
    </>
  );
}
