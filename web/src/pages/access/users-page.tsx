/** Who belongs to the organisation: roles, invitations, links for new passwords. For its administrators. */
import { Button, Heading } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Organisation, Role } from '../../answers.ts';
import { getJson, sendJson, toPath } from '../../api.ts';
import { toCapital } from '../../i18n/capital.ts';
import { useText } from '../../i18n/language.tsx';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import type { Handed, Invitation, Member } from './access-answers.ts';
import { Choice } from './form-parts.tsx';
import { InvitationList } from './invitation-list.tsx';
import { InviteForm } from './invite-form.tsx';
import { useSettingsCrumbs } from './settings-page.tsx';
import { WithOrganisation } from './with-organisation.tsx';

export const ROLES: readonly Role[] = ['viewer', 'editor', 'administrator'];

export function UsersPage() {
  return <WithOrganisation>{(organisation) => <Users organisation={organisation} />}</WithOrganisation>;
}

function Users(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const { organisation } = props;
  const crumbs = useSettingsCrumbs();
  const { data, error, refetch } = useQuery({
    queryKey: ['users', organisation.id],
    queryFn: ({ signal }) =>
      getJson<{ readonly users: readonly Member[]; readonly invitations: readonly Invitation[] }>(
        toPath('/api/v1/users', { organisation: organisation.id }),
        signal,
      ),
  });
  return (
    <>
      <PageHead
        title={t('users_title')}
        crumbs={crumbs}
        {...(data ? { answer: t('users_answer', { count: data.users.length }) } : {})}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && (
        <>
          <MemberTable organisation={organisation} members={data.users} />
          {data.invitations.length > 0 && (
            <InvitationList organisation={organisation} invitations={data.invitations} />
          )}
          <section className="torv-section">
            <Heading level={2} data-size="xs">
              {t('invite_title')}
            </Heading>
            <InviteForm organisation={organisation} />
          </section>
        </>
      )}
    </>
  );
}

function MemberTable(props: { readonly organisation: Organisation; readonly members: readonly Member[] }) {
  const t = useText('access');
  const say = useSay();
  const client = useQueryClient();
  const { organisation } = props;
  const [leaving, setLeaving] = useState<Member | null>(null);
  const [link, setLink] = useState<{ readonly name: string; readonly text: string } | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ['users', organisation.id] });
  const path = (member: Member, rest = '') =>
    toPath(`/api/v1/users/${member.id}${rest}`, { organisation: organisation.id });
  const toName = (member: Member) => member.name || member.email;

  const setRole = useMutation({
    mutationFn: ({ member, role }: { readonly member: Member; readonly role: Role }) =>
      sendJson<Member>(path(member), { method: 'PATCH', version: member.version, body: { role } }),
    onSuccess: ({ body }) => say(t('user_role_saved', { name: toName(body), role: t(`role_${body.role}`) })),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: (member: Member) => sendJson(path(member), { method: 'DELETE', version: member.version }),
    onSuccess: (_, member) => say(t('user_removed', { name: toName(member) })),
    onSettled: () => {
      setLeaving(null);
      return refresh();
    },
  });
  const makeLink = useMutation({
    mutationFn: async (member: Member) => ({
      member,
      handed: (await sendJson<Handed>(path(member, '/password-link'), { method: 'POST' })).body,
    }),
    onSuccess: ({ member, handed }) =>
      setLink(handed.link === null ? null : { name: toName(member), text: handed.link }),
  });

  const columns: readonly Column<Member>[] = [
    {
      key: 'name',
      header: t('name'),
      title: true,
      sortValue: toName,
      cell: (member) => (
        <>
          {toName(member)}
          {member.name !== '' && <div className="torv-quiet">{member.email}</div>}
        </>
      ),
    },
    {
      key: 'role',
      header: t('role'),
      sortValue: (member) => ROLES.indexOf(member.role),
      cell: (member) => (
        <Choice
          label={t('user_role_of', { name: toName(member) })}
          labelHidden
          size="sm"
          value={member.role}
          options={ROLES.map((role) => ({ value: role, text: toCapital(t(`role_${role}`)) }))}
          disabled={setRole.isPending}
          onChange={(role) => setRole.mutate({ member, role })}
        />
      ),
    },
    {
      key: 'seen',
      header: t('user_seen'),
      sortValue: (member) => member.lastSeenAt,
      cell: (member) =>
        member.lastSeenAt === null ? t('user_never') : <RelativeTime instant={member.lastSeenAt} />,
    },
    {
      key: 'actions',
      header: t('actions'),
      cell: (member) => (
        <span className="torv-row">
          <Button variant="tertiary" data-size="sm" onClick={() => makeLink.mutate(member)}>
            {t('user_password_link')}
            <span className="torv-visually-hidden">: {toName(member)}</span>
          </Button>
          <Button variant="tertiary" data-size="sm" data-color="danger" onClick={() => setLeaving(member)}>
            {t('user_remove')}
            <span className="torv-visually-hidden">: {toName(member)}</span>
          </Button>
        </span>
      ),
    },
  ];
  const failure = setRole.error ?? remove.error ?? makeLink.error;
  return (
    <div className="torv-stack">
      {failure && <Problem error={failure} />}
      {link && (
        <CopyOnce
          label={t('user_password_link_for', { name: link.name })}
          secret={link.text}
          onDone={() => setLink(null)}
        />
      )}
      <DataTable
        caption={t('users_title')}
        columns={columns}
        rows={props.members}
        rowKey={(member) => String(member.id)}
        initialSort={{ key: 'name', direction: 'up' }}
      />
      <ConfirmDialog
        open={leaving !== null}
        title={t('user_remove_title', { name: leaving ? toName(leaving) : '' })}
        lost={[
          t('user_remove_lost', { name: leaving ? toName(leaving) : '', organisation: organisation.name }),
        ]}
        undoable={false}
        confirm={t('user_remove')}
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving)}
        onCancel={() => setLeaving(null)}
      />
    </div>
  );
}
