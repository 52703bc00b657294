/** What an administrator does with a source: off and on, a new key, delete. Whatever is lost is said first. */
import { Button } from '@digdir/designsystemet-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useSay } from '../../parts/status-region.tsx';
import type { SourcePage as SourceBody } from '../../source-data.ts';

export function SourceActions(props: { readonly source: SourceBody }) {
  const t = useText('sources');
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const { source } = props;
  const [asking, setAsking] = useState<'key' | 'delete' | null>(null);
  const [key, setKey] = useState<string | null>(null);
  const refresh = () =>
    client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('source') });
  const path = `/api/v1/sources/${source.id}`;
  const turn = useMutation({
    mutationFn: () =>
      sendJson(path, { method: 'PATCH', body: { enabled: !source.enabled }, version: source.version }),
    onSuccess: () => say(t(source.enabled ? 'turned_off' : 'turned_on')),
    onSettled: refresh,
  });
  const renew = useMutation({
    mutationFn: async () =>
      (await sendJson<{ readonly key: string }>(`${path}/key`, { method: 'POST', version: source.version }))
        .body,
    onSuccess: (made) => setKey(made.key),
    onSettled: () => {
      setAsking(null);
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => sendJson(path, { method: 'DELETE', version: source.version }),
    onSuccess: () => {
      say(t('deleted', { name: source.name }));
      void client.invalidateQueries({ queryKey: ['sources'] });
      void navigate({ to: '/sources' });
    },
    onSettled: () => setAsking(null),
  });
  const failure = turn.error ?? renew.error ?? remove.error;
  return (
    <section className="torv-block torv-no-print" aria-label={t('actions')}>
      <div className="torv-row">
        <Button variant="secondary" data-size="sm" loading={turn.isPending} onClick={() => turn.mutate()}>
          {t(source.enabled ? 'turn_off' : 'turn_on')}
        </Button>
        {source.kind === 'webhook' && (
          <Button variant="secondary" data-size="sm" onClick={() => setAsking('key')}>
            {t('new_key')}
          </Button>
        )}
        <Button variant="tertiary" data-color="danger" data-size="sm" onClick={() => setAsking('delete')}>
          {t('delete')}
        </Button>
      </div>
      {failure && <Problem error={failure} />}
      {key !== null && (
        <CopyOnce label={t('key_label', { name: source.name })} secret={key} onDone={() => setKey(null)} />
      )}
      <ConfirmDialog
        open={asking === 'key'}
        title={t('new_key_title')}
        lost={[t('new_key_lost')]}
        undoable={false}
        confirm={t('new_key')}
        busy={renew.isPending}
        onConfirm={() => renew.mutate()}
        onCancel={() => setAsking(null)}
      />
      <ConfirmDialog
        open={asking === 'delete'}
        title={t('delete_title', { name: source.name })}
        lost={[t(source.kind === 'webhook' ? 'delete_lost_webhook' : 'delete_lost_broker')]}
        kept={t('delete_stays')}
        undoable={false}
        confirm={t('delete')}
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onCancel={() => setAsking(null)}
      />
    </section>
  );
}
