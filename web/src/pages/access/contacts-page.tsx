/** Contacts: roles with a mailbox. Everybody of the organisation sees them, editors keep them. */
import { Button, Dialog, Heading, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Organisation } from '../../answers.ts';
import { ApiProblem, getJson, sendJson, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { VersionConflict } from '../../parts/version-conflict.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { mayAct } from '../../session.ts';
import type { ContactRole } from './access-answers.ts';
import { FormProblem } from './form-parts.tsx';
import { useSettingsCrumbs } from './settings-page.tsx';
import { WithOrganisation } from './with-organisation.tsx';

export function ContactsPage() {
  return <WithOrganisation>{(organisation) => <Contacts organisation={organisation} />}</WithOrganisation>;
}

function Contacts(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const say = useSay();
  const shell = useText('shell');
  const client = useQueryClient();
  const crumbs = useSettingsCrumbs();
  const { organisation } = props;
  const mayEdit = mayAct(organisation, 'editor');
  const [editing, setEditing] = useState<ContactRole | 'new' | null>(null);
  const [leaving, setLeaving] = useState<ContactRole | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ['contact-roles', organisation.id],
    queryFn: ({ signal }) =>
      getJson<{ readonly contactRoles: readonly ContactRole[] }>(
        toPath('/api/v1/contact-roles', { organisation: organisation.id }),
        signal,
      ),
  });
  const remove = useMutation({
    mutationFn: (one: ContactRole) =>
      sendJson(`/api/v1/contact-roles/${one.id}`, { method: 'DELETE', version: one.version }),
    onSuccess: (_, one) => say(t('contact_deleted', { name: one.name })),
    onSettled: () => {
      setLeaving(null);
      return client.invalidateQueries({ queryKey: ['contact-roles', organisation.id] });
    },
  });
  const columns: readonly Column<ContactRole>[] = [
    {
      key: 'name',
      header: t('contact_name'),
      title: true,
      cell: (one) => one.name,
      sortValue: (one) => one.name,
    },
    {
      key: 'mailbox',
      header: t('contact_mailbox'),
      cell: (one) => one.mailbox,
      sortValue: (one) => one.mailbox,
    },
    {
      key: 'actions',
      header: t('actions'),
      cell: (one) =>
        mayEdit ? (
          <span className="torv-row">
            <Button variant="tertiary" data-size="sm" onClick={() => setEditing(one)}>
              {t('contact_edit')}
              <span className="torv-visually-hidden">: {one.name}</span>
            </Button>
            <Button variant="tertiary" data-size="sm" data-color="danger" onClick={() => setLeaving(one)}>
              {shell('delete')}
              <span className="torv-visually-hidden">: {one.name}</span>
            </Button>
          </span>
        ) : null,
    },
  ];
  const add = mayEdit && <Button onClick={() => setEditing('new')}>{t('contact_new')}</Button>;
  return (
    <>
      <PageHead
        title={t('contacts_title')}
        crumbs={crumbs}
        answer={t('contacts_about')}
        {...(data?.contactRoles.length ? { action: add } : {})}
      />
      {(error ?? remove.error) && <Problem error={error ?? remove.error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && (
        <DataTable
          caption={t('contacts_title')}
          columns={columns}
          rows={data.contactRoles}
          rowKey={(one) => String(one.id)}
          initialSort={{ key: 'name', direction: 'up' }}
          empty={<Empty title={t('contacts_empty_title')} text={t('contacts_empty_text')} action={add} />}
        />
      )}
      {editing !== null && (
        <ContactDialog
          key={editing === 'new' ? 'new' : editing.id}
          organisation={organisation}
          contact={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
      <ConfirmDialog
        open={leaving !== null}
        title={t('contact_delete_title', { name: leaving?.name ?? '' })}
        lost={[]}
        undoable={false}
        confirm={shell('delete')}
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving)}
        onCancel={() => setLeaving(null)}
      />
    </>
  );
}

function ContactDialog(props: {
  readonly organisation: Organisation;
  readonly contact: ContactRole | null;
  readonly onClose: () => void;
}) {
  const t = useText('access');
  const shell = useText('shell');
  const say = useSay();
  const client = useQueryClient();
  const { contact } = props;
  const [name, setName] = useState(contact?.name ?? '');
  const [mailbox, setMailbox] = useState(contact?.mailbox ?? '');
  const save = useMutation({
    mutationFn: (version: number) => {
      const body = { name: name.trim(), mailbox: mailbox.trim() === '' ? null : mailbox.trim() };
      return contact === null
        ? sendJson<ContactRole>(toPath('/api/v1/contact-roles', { organisation: props.organisation.id }), {
            method: 'POST',
            body,
          })
        : sendJson<ContactRole>(`/api/v1/contact-roles/${contact.id}`, { method: 'PATCH', version, body });
    },
    onSuccess: ({ body }) => {
      say(t('contact_saved', { name: body.name }));
      void client.invalidateQueries({ queryKey: ['contact-roles', props.organisation.id] });
      props.onClose();
    },
  });
  const theirs =
    save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT'
      ? (save.error.document.current as ContactRole | undefined)
      : undefined;
  return (
    <Dialog open onClose={props.onClose} closeButton={shell('close')}>
      <Dialog.Block>
        <Heading level={2} data-size="xs">
          {contact === null ? t('contact_new') : t('contact_edit_title', { name: contact.name })}
        </Heading>
      </Dialog.Block>
      <Dialog.Block>
        {theirs ? (
          <VersionConflict
            fields={[
              { label: t('contact_name'), mine: name, theirs: theirs.name },
              { label: t('contact_mailbox'), mine: mailbox, theirs: theirs.mailbox ?? '' },
            ].filter((field) => field.mine !== field.theirs)}
            onKeepMine={() => save.mutate(theirs.version)}
            onKeepTheirs={() => {
              void client.invalidateQueries({ queryKey: ['contact-roles', props.organisation.id] });
              props.onClose();
            }}
          />
        ) : (
          <form
            className="torv-form"
            onSubmit={(event) => {
              event.preventDefault();
              save.mutate(contact?.version ?? 0);
            }}
          >
            <FormProblem error={save.error} />
            <Textfield
              label={t('contact_name')}
              description={t('contact_name_help')}
              autoComplete="off"
              required
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Textfield
              label={t('contact_mailbox')}
              type="email"
              autoComplete="off"
              maxLength={254}
              value={mailbox}
              onChange={(event) => setMailbox(event.currentTarget.value)}
            />
            <div className="torv-row">
              <Button type="submit" loading={save.isPending}>
                {shell('save')}
              </Button>
              <Button type="button" variant="tertiary" onClick={props.onClose}>
                {shell('cancel')}
              </Button>
            </div>
          </form>
        )}
      </Dialog.Block>
    </Dialog>
  );
}
