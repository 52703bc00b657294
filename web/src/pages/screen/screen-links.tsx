/** For staff, on the place page: the links by which wall screens and tablets open this room; made and withdrawn here. */
import { Button, Details, Paragraph } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Place } from '../../answers.ts';
import { getJson, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Problem } from '../../parts/problem.tsx';

interface ScreenLinkRow {
  readonly id: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export function ScreenLinks(props: { readonly place: Place }) {
  const t = useText('screens');
  const { place } = props;
  const client = useQueryClient();
  const path = `/api/v1/places/${place.id}/screens`;
  const queryKey = ['screens', place.id];
  const [made, setMade] = useState<string | null>(null);
  const { data, error } = useQuery({
    queryKey,
    queryFn: ({ signal }) => getJson<{ readonly screens: readonly ScreenLinkRow[] }>(path, signal),
  });
  const create = useMutation({
    mutationFn: () => sendJson<{ readonly link: string }>(path, { method: 'POST' }),
    onSuccess: ({ body }) => {
      setMade(body.link);
      return client.invalidateQueries({ queryKey });
    },
  });
  const failure = error ?? create.error;
  return (
    <Details className="torv-no-print">
      <Details.Summary>{t('manage_title')}</Details.Summary>
      <Details.Content>
        <div className="torv-stack">
          <Paragraph className="torv-prose">{t('manage_about')}</Paragraph>
          {failure && <Problem error={failure} />}
          {data && data.screens.length === 0 && made === null && <p className="torv-quiet">{t('none')}</p>}
          {data && data.screens.length > 0 && (
            <LinkTable path={path} queryKey={queryKey} rows={data.screens} />
          )}
          {made === null ? (
            <div>
              <Button variant="secondary" loading={create.isPending} onClick={() => create.mutate()}>
                {t('make')}
              </Button>
            </div>
          ) : (
            <CopyOnce label={t('label', { room: place.name })} secret={made} onDone={() => setMade(null)} />
          )}
        </div>
      </Details.Content>
    </Details>
  );
}

function LinkTable(props: {
  readonly path: string;
  readonly queryKey: readonly (string | number)[];
  readonly rows: readonly ScreenLinkRow[];
}) {
  const t = useText('screens');
  const format = useFormat();
  const client = useQueryClient();
  const [leaving, setLeaving] = useState<ScreenLinkRow | null>(null);
  const withdraw = useMutation({
    mutationFn: (row: ScreenLinkRow) => sendJson(`${props.path}/${row.id}`, { method: 'DELETE' }),
    onSettled: () => {
      setLeaving(null);
      return client.invalidateQueries({ queryKey: props.queryKey });
    },
  });
  return (
    <>
      {withdraw.error && <Problem error={withdraw.error} />}
      <DataTable
        caption={t('manage_title')}
        rows={props.rows}
        rowKey={(row) => String(row.id)}
        columns={[
          { key: 'made', header: t('made'), title: true, cell: (row) => format.moment(row.createdAt) },
          { key: 'until', header: t('until'), cell: (row) => format.moment(row.expiresAt, 'date') },
          {
            key: 'withdraw',
            header: t('withdraw'),
            cell: (row) => (
              <Button variant="tertiary" data-size="sm" data-color="danger" onClick={() => setLeaving(row)}>
                {t('withdraw')}
                <span className="torv-visually-hidden">: {format.moment(row.createdAt)}</span>
              </Button>
            ),
          },
        ]}
      />
      <ConfirmDialog
        open={leaving !== null}
        title={t('withdraw_title')}
        lost={[t('withdraw_lost')]}
        undoable={false}
        confirm={t('withdraw')}
        busy={withdraw.isPending}
        onConfirm={() => leaving && withdraw.mutate(leaving)}
        onCancel={() => setLeaving(null)}
      />
    </>
  );
}
