/** Where an invitation and the first administrator's link lead: looks at the link, then shows the right form. */
import { useQuery } from '@tanstack/react-query';
import { ApiProblem, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import type { LinkFacts } from './access-answers.ts';
import { FirstForm } from './first-form.tsx';
import { Notice } from './form-parts.tsx';
import { InvitationForm } from './invitation-form.tsx';
import { forgetSecret, useSecret } from './secret-of-address.ts';

/** Asked once: the link may be used up by the very form that it opens. */
export function useLinkFacts(secret: string | null) {
  return useQuery({
    queryKey: ['link', secret],
    queryFn: async () =>
      (await sendJson<LinkFacts>('/api/v1/links/look', { method: 'POST', body: { secret } })).body,
    enabled: secret !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

export function DeadLink() {
  const t = useText('access');
  return <Notice title={t('link_dead_title')} text={t('link_dead_text')} />;
}

export function WelcomePage() {
  const t = useText('access');
  const secret = useSecret('welcome');
  const { data, error } = useLinkFacts(secret);
  if (secret === null) return <Notice title={t('link_dead_title')} text={t('link_missing_text')} />;
  if (error instanceof ApiProblem && error.code === 'LINK_USED') return <DeadLink />;
  if (error) return <Problem error={error} />;
  if (!data) return <Waiting lines={4} />;
  const enter = () => {
    forgetSecret('welcome');
    window.location.assign('/');
  };
  if (data.kind === 'first-administrator') return <FirstForm secret={secret} facts={data} onDone={enter} />;
  if (data.kind === 'invitation') return <InvitationForm secret={secret} facts={data} onDone={enter} />;
  return <DeadLink />;
}
