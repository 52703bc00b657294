/** The list of changes: who, what, when, with what stood there before and after. Newest first. */
import { Button, Details } from '@digdir/designsystemet-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { Organisation } from '../../answers.ts';
import { getJson, toPath } from '../../api.ts';
import { isInstantText } from '../../i18n/format.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import type { AuditAnswer, AuditEntry } from './access-answers.ts';
import { useSettingsCrumbs } from './settings-page.tsx';
import { WithOrganisation } from './with-organisation.tsx';

const ACTIONS = ['create', 'update', 'delete', 'move', 'replace', 'claim', 'import'] as const;
const ENTITIES = [
  'organisation',
  'membership',
  'invitation',
  'key',
  'place',
  'device',
  'contact_role',
  'room_screen',
  'password_reset',
  'source',
  'codec',
  'group',
  'groups',
  'readings',
] as const;
const PAGE = 100;

export function AuditPage() {
  return <WithOrganisation>{(organisation) => <Audit organisation={organisation} />}</WithOrganisation>;
}

function Audit(props: { readonly organisation: Organisation }) {
  const t = useText('access');
  const format = useFormat();
  const crumbs = useSettingsCrumbs();
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', props.organisation.id],
    queryFn: ({ pageParam, signal }) =>
      getJson<AuditAnswer>(
        toPath('/api/v1/audit', { organisation: props.organisation.id, limit: PAGE, before: pageParam }),
        signal,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
  });
  const toWho = ({ actor }: AuditEntry) => {
    if (actor.kind === 'system') return t('audit_system');
    if (actor.kind === 'link') return t('audit_link');
    if (actor.kind === 'key') return t('audit_key', { name: actor.name ?? String(actor.id) });
    return actor.name ?? t('audit_user', { id: actor.id ?? 0 });
  };
  const toWhat = (entry: AuditEntry) => {
    const entity = ENTITIES.find((one) => one === entry.entity.replaceAll('-', '_'));
    const action = ACTIONS.find((one) => one === entry.action);
    return t('summary', {
      entity: entity ? t(`entity_${entity}`) : entry.entity,
      action: action ? t(`action_${action}`) : entry.action,
    });
  };
  const columns: readonly Column<AuditEntry>[] = [
    { key: 'what', header: t('audit_what'), title: true, cell: toWhat },
    { key: 'who', header: t('audit_who'), cell: toWho },
    {
      key: 'when',
      header: t('audit_when'),
      cell: (entry) => <time dateTime={entry.at}>{format.moment(entry.at, 'full')}</time>,
    },
    {
      key: 'details',
      header: t('audit_details'),
      cell: (entry) =>
        entry.before === null && entry.after === null ? null : (
          <Details className="torv-details" data-size="sm">
            <Details.Summary>
              {t('audit_details')}
              <span className="torv-visually-hidden">: {toWhat(entry)}</span>
            </Details.Summary>
            <Details.Content>
              {entry.before !== null && <Text title={t('audit_before')} value={entry.before} />}
              {entry.after !== null && <Text title={t('audit_after')} value={entry.after} />}
            </Details.Content>
          </Details>
        ),
    },
  ];
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <>
      <PageHead title={t('audit_title')} crumbs={crumbs} answer={t('audit_about')} />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={6} />}
      {data && (
        <DataTable
          caption={t('audit_title')}
          columns={columns}
          rows={entries}
          rowKey={(entry) => String(entry.id)}
          empty={<p>{t('audit_empty')}</p>}
        />
      )}
      {hasNextPage && (
        <Button variant="secondary" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('audit_older')}
        </Button>
      )}
    </>
  );
}

/** As it was kept, but moments as people read them. */
function Text(props: { readonly title: string; readonly value: unknown }) {
  const { moment } = useFormat();
  const readable = (_key: string, value: unknown) =>
    typeof value === 'string' && isInstantText(value) ? moment(value, 'full') : value;
  return (
    <>
      <strong>{props.title}</strong>
      <pre>{JSON.stringify(props.value, readable, 1)}</pre>
    </>
  );
}
