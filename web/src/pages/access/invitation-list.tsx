/** Invitations that nobody has taken yet. */
import { Button, Heading } from '@digdir/designsystemet-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Organisation } from '../../answers.ts';
import { sendJson, toPath } from '../../api.ts';
import { toCapital } from '../../i18n/capital.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useSay } from '../../parts/status-region.tsx';
import type { Invitation } from './access-answers.ts';

export function InvitationList(props: {
  readonly organisation: Organisation;
  readonly invitations: readonly Invitation[];
}) {
  const t = useText('access');
  const format = useFormat();
  const say = useSay();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (one: Invitation) =>
      sendJson(toPath(`/api/v1/users/invitations/${one.id}`, { organisation: props.organisation.id }), {
        method: 'DELETE',
      }),
    onSuccess: () => say(t('invitation_revoked')),
    onSettled: () => client.invalidateQueries({ queryKey: ['users', props.organisation.id] }),
  });
  const columns: readonly Column<Invitation>[] = [
    {
      key: 'email',
      header: t('email'),
      title: true,
      cell: (one) => one.email,
      sortValue: (one) => one.email,
    },
    { key: 'role', header: t('role'), cell: (one) => toCapital(t(`role_${one.role}`)) },
    {
      key: 'until',
      header: t('invitation_until'),
      cell: (one) => format.moment(one.expiresAt),
      sortValue: (one) => one.expiresAt,
    },
    {
      key: 'revoke',
      header: t('actions'),
      cell: (one) => (
        <Button variant="tertiary" data-size="sm" onClick={() => revoke.mutate(one)}>
          {t('invitation_revoke')}
          <span className="torv-visually-hidden">: {one.email}</span>
        </Button>
      ),
    },
  ];
  return (
    <section className="torv-section">
      <Heading level={2} data-size="xs">
        {t('invitations_title')}
      </Heading>
      {revoke.error && <Problem error={revoke.error} />}
      <DataTable
        caption={t('invitations_title')}
        columns={columns}
        rows={props.invitations}
        rowKey={(one) => String(one.id)}
      />
    </section>
  );
}
