/** Claiming in bulk: the rules, what they would do now, doing it, and taking a batch back. */
import { Alert, Button, Link } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { sendJson, toPath } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { ClaimBatch, ClaimRule, PlannedDevice, UndoneBatch } from '../registry-answers.ts';
import { batchesQuery, planQuery, rulesQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { ClaimPlanTable, isAble } from './claim-plan-table.tsx';
import './place-page.css';

export function ClaimRulesPage() {
  const t = useText('claiming');
  return (
    <StaffOnly title={t('rules_title')} least="editor">
      <Rules />
    </StaffOnly>
  );
}

function Rules() {
  const t = useText('claiming');
  const format = useFormat();
  const organisation = useOrganisation();
  const rules = useQuery(rulesQuery(organisation));
  const plan = useQuery(planQuery(organisation));
  const devices = plan.data?.devices;
  const error = rules.error ?? plan.error;
  const newRule = (
    <Button asChild variant={rules.data?.rules.length === 0 ? 'primary' : 'secondary'}>
      <RouterLink to="/inbox/rules/$ruleId" params={{ ruleId: 'new' }}>
        {t('rule_new')}
      </RouterLink>
    </Button>
  );
  return (
    <>
      <PageHead
        title={t('rules_title')}
        crumbs={[{ name: t('title'), to: '/inbox' }]}
        {...(devices
          ? {
              answer:
                devices.length === 0
                  ? t('sentence_none')
                  : t('rules_sentence', {
                      able: format.number(devices.filter(isAble).length),
                      total: format.number(devices.length),
                    }),
            }
          : {})}
      />
      <div className="torv-stack" data-gap="lg">
        <p className="torv-prose">{t('rules_intro')}</p>
        {error && (
          <Problem error={error} onRetry={() => void Promise.all([rules.refetch(), plan.refetch()])} />
        )}
        {!rules.data && !error && <Waiting lines={4} />}
        {rules.data?.rules.length === 0 && (
          <Empty title={t('rules_empty')} text={t('rules_empty_text')} action={newRule} />
        )}
        {rules.data && rules.data.rules.length > 0 && (
          <section className="torv-stack" aria-labelledby="rules">
            <div className="torv-row torv-spread">
              <h2 id="rules" className="torv-section-title">
                {t('rules_list')}
              </h2>
              {newRule}
            </div>
            <RuleTable rules={rules.data.rules} />
          </section>
        )}
        {devices && devices.length > 0 && rules.data && rules.data.rules.length > 0 && (
          <Plan devices={devices} />
        )}
        <Batches />
      </div>
    </>
  );
}

function RuleTable(props: { readonly rules: readonly ClaimRule[] }) {
  const t = useText('claiming');
  return (
    <DataTable
      caption={t('rules_list')}
      rows={props.rules}
      rowKey={(rule) => String(rule.id)}
      columns={[
        {
          key: 'name',
          header: t('rule_name'),
          title: true,
          cell: (rule) => (
            <Link asChild>
              <RouterLink to="/inbox/rules/$ruleId" params={{ ruleId: String(rule.id) }}>
                {rule.name}
              </RouterLink>
            </Link>
          ),
        },
        {
          key: 'means',
          header: t('rule_means'),
          cell: (rule) =>
            [
              rule.profilePattern,
              rule.namePattern,
              ...Object.entries(rule.tagPatterns).map((pair) => pair.join('=')),
            ]
              .filter(Boolean)
              .join(' · ') || t('rule_means_all'),
        },
        {
          key: 'gives',
          header: t('rule_gives'),
          cell: (rule) =>
            [
              rule.codec && t('rule_gives_codec', { codec: rule.codec }),
              rule.placeTemplate && t('rule_gives_place', { place: rule.placeTemplate }),
              rule.nameTemplate && t('rule_gives_name', { name: rule.nameTemplate }),
            ]
              .filter(Boolean)
              .join(', '),
        },
        {
          key: 'automatic',
          header: t('rule_automatic_mark'),
          cell: (rule) => (rule.automatic ? t('rule_automatic_mark') : null),
        },
        { key: 'position', header: t('rule_position'), align: 'end', cell: (rule) => rule.position },
      ]}
    />
  );
}

function Plan(props: { readonly devices: readonly PlannedDevice[] }) {
  const t = useText('claiming');
  const organisation = useOrganisation();
  const say = useSay();
  const refresh = useRefresh();
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set());
  const toggle = useCallback(
    (deviceId: number) =>
      setLeft((old) => {
        const next = new Set(old);
        if (!next.delete(deviceId)) next.add(deviceId);
        return next;
      }),
    [],
  );
  const chosen = props.devices.filter((device) => isAble(device) && !left.has(device.deviceId));
  const apply = useMutation({
    mutationFn: () =>
      sendJson<{ readonly claimed: number }>(
        toPath('/api/v1/claim-rules/apply', { organisation: organisation?.id }),
        { method: 'POST', body: { deviceIds: chosen.map((device) => device.deviceId) } },
      ),
    onSuccess: async ({ body }) => {
      say(t('applied', { count: body.claimed }));
      await refresh();
    },
  });
  return (
    <section className="torv-stack" aria-labelledby="plan">
      <div className="torv-row torv-spread">
        <h2 id="plan" className="torv-section-title">
          {t('plan_title')}
        </h2>
        {chosen.length > 0 && (
          <Button loading={apply.isPending} onClick={() => apply.mutate()}>
            {t('apply', { count: chosen.length })}
          </Button>
        )}
      </div>
      {apply.error && <Problem error={apply.error} />}
      <ClaimPlanTable devices={props.devices} left={left} onToggle={toggle} />
    </section>
  );
}

function Batches() {
  const t = useText('claiming');
  const format = useFormat();
  const say = useSay();
  const refresh = useRefresh();
  const { data } = useQuery(batchesQuery(useOrganisation()));
  const [asked, setAsked] = useState<ClaimBatch | null>(null);
  const undo = useMutation({
    mutationFn: (batch: ClaimBatch) =>
      sendJson<UndoneBatch>(`/api/v1/claim-batches/${batch.id}/undo`, { method: 'POST' }),
    onSuccess: async ({ body }) => {
      say(t('undone', { count: body.undone }));
      await refresh();
    },
    onSettled: () => setAsked(null),
  });
  if (!data || data.batches.length === 0) return null;
  const refused = undo.data?.body.refused ?? [];
  return (
    <section className="torv-stack" aria-labelledby="batches">
      <h2 id="batches" className="torv-section-title">
        {t('batches_title')}
      </h2>
      {undo.error && <Problem error={undo.error} />}
      {refused.length > 0 && (
        <Alert data-color="warning" role="status">
          <p style={{ margin: 0 }}>{t('refused_title', { count: refused.length })}</p>
          <ul>
            {refused.slice(0, 50).map((device) => (
              <li key={device.deviceId}>
                <Link asChild>
                  <RouterLink to="/devices/$deviceId" params={{ deviceId: String(device.deviceId) }}>
                    {device.name}
                  </RouterLink>
                </Link>
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <DataTable
        caption={t('batches_title')}
        rows={data.batches}
        rowKey={(batch) => String(batch.id)}
        columns={[
          {
            key: 'when',
            header: t('batch_when'),
            title: true,
            cell: (batch) => format.moment(batch.createdAt, 'moment'),
          },
          {
            key: 'devices',
            header: t('batch_devices'),
            align: 'end',
            cell: (batch) => format.number(batch.devices),
          },
          {
            key: 'automatic',
            header: t('rule_automatic_mark'),
            cell: (batch) => (batch.automatic ? t('rule_automatic_mark') : null),
          },
          {
            key: 'state',
            header: t('batch_state'),
            cell: (batch) =>
              batch.undone === 0
                ? t('batch_done')
                : batch.undone === batch.devices
                  ? t('batch_undone')
                  : t('batch_partly', { count: batch.undone }),
          },
          {
            key: 'undo',
            header: t('batch_undo'),
            cell: (batch) =>
              batch.undone < batch.devices ? (
                <Button variant="tertiary" data-size="sm" onClick={() => setAsked(batch)}>
                  {t('batch_undo')}
                </Button>
              ) : null,
          },
        ]}
      />
      <ConfirmDialog
        open={asked !== null}
        title={t('undo_title')}
        lost={asked ? [t('undo_lost', { count: asked.devices - asked.undone }), t('undo_kept')] : []}
        undoable
        confirm={t('batch_undo')}
        busy={undo.isPending}
        onConfirm={() => {
          if (asked) undo.mutate(asked);
        }}
        onCancel={() => setAsked(null)}
      />
    </section>
  );
}
