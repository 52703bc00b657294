/** Inviting somebody: by mail where there is a mail server, else by a link that the administrator hands over. */
import { Button, Fieldset, Radio, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Organisation, Role } from '../../answers.ts';
import { sendJson, toPath } from '../../api.ts';
import { toCapital } from '../../i18n/capital.ts';
import { useText } from '../../i18n/language.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { useSession } from '../../session.ts';
import type { Handed } from './access-answers.ts';
import { FormProblem } from './form-parts.tsx';

const CHOICES: readonly Role[] = ['viewer', 'editor', 'administrator'];

export function InviteForm(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const say = useSay();
  const client = useQueryClient();
  const mail = useSession()?.mail ?? false;
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [link, setLink] = useState<{ readonly email: string; readonly text: string } | null>(null);
  const invite = useMutation({
    mutationFn: () =>
      sendJson<Handed>(toPath('/api/v1/users', { organisation: props.organisation.id }), {
        method: 'POST',
        body: { email: email.trim(), role },
      }),
    onSuccess: ({ body }) => {
      void client.invalidateQueries({ queryKey: ['users', props.organisation.id] });
      if (body.link === null) say(t('invite_mailed', { email: email.trim() }));
      else setLink({ email: email.trim(), text: body.link });
      setEmail('');
    },
  });
  if (link)
    return (
      <CopyOnce
        label={t('invite_link', { email: link.email })}
        secret={link.text}
        onDone={() => setLink(null)}
      />
    );
  return (
    <form
      className="torv-form"
      onSubmit={(event) => {
        event.preventDefault();
        invite.mutate();
      }}
    >
      <FormProblem error={invite.error} />
      <Textfield
        label={t('email')}
        type="email"
        autoComplete="off"
        required
        maxLength={254}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <Fieldset>
        <Fieldset.Legend>{t('role')}</Fieldset.Legend>
        {CHOICES.map((one) => (
          <Radio
            key={one}
            name="role"
            value={one}
            label={toCapital(t(`role_${one}`))}
            description={t(`role_${one}_help`)}
            checked={role === one}
            onChange={() => setRole(one)}
          />
        ))}
      </Fieldset>
      <Button type="submit" loading={invite.isPending}>
        {t(mail ? 'invite_action' : 'invite_make')}
      </Button>
    </form>
  );
}
