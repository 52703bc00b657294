/** One rule: which devices it means and what they become; what it would do stands below while it is being written. */
import { Button, Details, Switch, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { isFault, parseClaimPattern } from '@torv/core/claim-pattern';
import { useDeferredValue, useMemo, useState } from 'react';
import { ApiProblem, sendJson, toPath } from '../api.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Choice } from '../parts/choice.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Form } from '../parts/form.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useSay } from '../parts/status-region.tsx';
import { useDraft } from '../parts/use-draft.ts';
import { VersionConflict } from '../parts/version-conflict.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { ClaimRule, ClaimRuleFields, PlaceBy } from '../registry-answers.ts';
import { planQuery, rulesQuery, useRefresh } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { ClaimPlanTable, isAble } from './claim-plan-table.tsx';
import { CodecChoiceField } from './codec-choice.tsx';
import './place-page.css';

const route = getRouteApi('/inbox/rules/$ruleId');
const PLACE_BY: readonly PlaceBy[] = ['path', 'name', 'reference'];

export function ClaimRulePage() {
  const t = useText('claiming');
  const { ruleId } = route.useParams();
  const { data, error, refetch } = useQuery(rulesQuery(useOrganisation()));
  const rule = data?.rules.find((one) => String(one.id) === ruleId);
  const highest = Math.max(0, ...(data?.rules.map((one) => one.position) ?? []));
  return (
    <StaffOnly title={t('rules_title')} least="editor">
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && (rule || ruleId === 'new') && (
        <>
          <PageHead
            title={rule ? t('rule_edit_title', { name: rule.name }) : t('rule_new')}
            crumbs={[
              { name: t('title'), to: '/inbox' },
              { name: t('rules_title'), to: '/inbox/rules' },
            ]}
          />
          <RuleForm key={rule?.id ?? 'new'} rule={rule} position={highest + 10} />
        </>
      )}
    </StaffOnly>
  );
}

interface Typed {
  readonly name: string;
  readonly position: string;
  readonly profilePattern: string;
  readonly namePattern: string;
  /** One `tag=pattern` per line. */
  readonly tags: string;
  readonly codec: string;
  readonly placeBy: string;
  readonly placeTemplate: string;
  readonly nameTemplate: string;
  readonly automatic: boolean;
}

const toTyped = (rule: ClaimRule | undefined, position: number): Typed => ({
  name: rule?.name ?? '',
  position: String(rule?.position ?? position),
  profilePattern: rule?.profilePattern ?? '',
  namePattern: rule?.namePattern ?? '',
  tags: Object.entries(rule?.tagPatterns ?? {})
    .map((pair) => pair.join('='))
    .join('\n'),
  codec: rule?.codec ?? '',
  placeBy: rule?.placeBy ?? '',
  placeTemplate: rule?.placeTemplate ?? '',
  nameTemplate: rule?.nameTemplate ?? '',
  automatic: rule?.automatic ?? false,
});

function toFields(typed: Typed): ClaimRuleFields {
  const by = PLACE_BY.find((one) => one === typed.placeBy) ?? null;
  const tags = typed.tags
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line): [string, string] => {
      const at = line.indexOf('=');
      return at < 0 ? [line, '*'] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
  return {
    name: typed.name.trim(),
    position: Math.max(0, Math.round(Number(typed.position)) || 0),
    profilePattern: typed.profilePattern.trim() || null,
    namePattern: typed.namePattern.trim() || null,
    tagPatterns: Object.fromEntries(tags),
    codec: typed.codec || null,
    placeBy: by,
    placeTemplate: by === null ? null : typed.placeTemplate.trim() || null,
    nameTemplate: typed.nameTemplate.trim() || null,
    automatic: typed.automatic,
  };
}

/** A fault is shown as it is typed; its words come from the language's own parser. */
function toPatternFault(text: string): string | undefined {
  const parsed = parseClaimPattern(text.trim());
  return isFault(parsed) ? `${parsed.fault} (${parsed.at})` : undefined;
}

function RuleForm(props: { readonly rule: ClaimRule | undefined; readonly position: number }) {
  const t = useText('claiming');
  const devices = useText('devices');
  const format = useFormat();
  const { rule } = props;
  const organisation = useOrganisation();
  const say = useSay();
  const refresh = useRefresh();
  const navigate = useNavigate();
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const initial = useMemo(() => toTyped(rule, props.position), [rule, props.position]);
  const draft = useDraft<Typed>(`claim-rule-${rule?.id ?? 'new'}`, initial, rule?.version ?? 0);
  const { value, change } = draft;
  const fields = toFields(value);
  const gives = fields.codec !== null || fields.placeTemplate !== null || fields.nameTemplate !== null;
  const named = { ...fields, name: fields.name || '?' };
  const asked = useDeferredValue(JSON.stringify(named));
  const plan = useQuery({
    ...planQuery(organisation, { id: rule?.id ?? null, fields: JSON.parse(asked) as ClaimRuleFields }),
    enabled: gives && organisation?.role != null,
  });
  const save = useMutation({
    mutationFn: (version: number) =>
      rule
        ? sendJson<ClaimRule>(`/api/v1/claim-rules/${rule.id}`, { method: 'PATCH', body: fields, version })
        : sendJson<ClaimRule>(toPath('/api/v1/claim-rules', { organisation: organisation?.id }), {
            method: 'POST',
            body: fields,
          }),
    onSuccess: async () => {
      draft.drop();
      say(t('rule_saved'));
      await refresh();
      await navigate({ to: '/inbox/rules' });
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/claim-rules/${rule?.id}`, { method: 'DELETE', version: rule?.version ?? 0 }),
    onSuccess: async () => {
      draft.drop();
      say(t('rule_deleted'));
      await refresh();
      await navigate({ to: '/inbox/rules' });
    },
    onError: () => setAsking(false),
  });
  const current =
    save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT'
      ? (save.error.document.current as ClaimRule | undefined)
      : undefined;
  if (current) {
    const theirs = toTyped(current, props.position);
    const labels: { readonly [K in keyof Typed]: string } = {
      name: t('rule_name'),
      position: t('rule_position'),
      profilePattern: t('rule_profile'),
      namePattern: t('rule_heard'),
      tags: t('rule_tags'),
      codec: devices('field_codec'),
      placeBy: t('rule_by'),
      placeTemplate: t('rule_place'),
      nameTemplate: t('rule_device_name'),
      automatic: t('rule_automatic'),
    };
    return (
      <VersionConflict
        fields={(Object.keys(labels) as (keyof Typed)[])
          .filter((key) => theirs[key] !== value[key])
          .map((key) => ({ label: labels[key], mine: String(value[key]), theirs: String(theirs[key]) }))}
        onKeepMine={() => {
          draft.rebase(current.version);
          save.mutate(current.version);
        }}
        onKeepTheirs={() => {
          draft.drop();
          save.reset();
          void refresh();
        }}
      />
    );
  }
  const wrongName = fields.name === '' ? devices('field_required') : undefined;
  return (
    <div className="torv-stack" data-gap="lg">
      <Form
        submit={t('rule_save')}
        busy={save.isPending}
        error={save.error ?? remove.error ?? (gives ? plan.error : null)}
        restored={draft.restored}
        onDrop={draft.drop}
        onSubmit={() => {
          setTried(true);
          if (!wrongName) save.mutate(draft.version);
        }}
        beside={
          rule && (
            <Button type="button" variant="tertiary" data-color="danger" onClick={() => setAsking(true)}>
              {t('rule_delete')}
            </Button>
          )
        }
      >
        <Textfield
          label={t('rule_name')}
          value={value.name}
          error={tried ? wrongName : undefined}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <fieldset>
          <legend className="torv-section-title">{t('rule_when')}</legend>
          <Textfield
            label={t('rule_profile')}
            description={t('rule_profile_help')}
            value={value.profilePattern}
            error={toPatternFault(value.profilePattern)}
            onChange={(event) => change({ profilePattern: event.currentTarget.value })}
          />
          <Textfield
            label={t('rule_heard')}
            description={t('rule_heard_help')}
            value={value.namePattern}
            error={toPatternFault(value.namePattern)}
            onChange={(event) => change({ namePattern: event.currentTarget.value })}
          />
          <Textfield
            label={t('rule_tags')}
            description={t('rule_tags_help')}
            multiline
            rows={2}
            value={value.tags}
            onChange={(event) => change({ tags: event.currentTarget.value })}
          />
          <Details>
            <Details.Summary>{t('rule_language')}</Details.Summary>
            <Details.Content>
              <p>{t('rule_language_any')}</p>
              <p>{t('rule_language_keep')}</p>
              <p>{t('rule_language_use')}</p>
            </Details.Content>
          </Details>
        </fieldset>
        <fieldset>
          <legend className="torv-section-title">{t('rule_then')}</legend>
          <CodecChoiceField
            value={value.codec}
            none={t('rule_codec_none')}
            onChange={(codec) => change({ codec })}
          />
          <Choice
            label={t('rule_by')}
            none={t('rule_by_none')}
            value={value.placeBy}
            options={PLACE_BY.map((by) => ({ value: by, text: t(`rule_by_${by}`) }))}
            onChange={(placeBy) => change({ placeBy })}
          />
          {value.placeBy !== '' && (
            <Textfield
              label={t('rule_place')}
              description={t('rule_place_help')}
              value={value.placeTemplate}
              onChange={(event) => change({ placeTemplate: event.currentTarget.value })}
            />
          )}
          <Textfield
            label={t('rule_device_name')}
            description={t('rule_device_name_help')}
            value={value.nameTemplate}
            onChange={(event) => change({ nameTemplate: event.currentTarget.value })}
          />
          <Textfield
            label={t('rule_position')}
            description={t('rule_position_help')}
            inputMode="numeric"
            value={value.position}
            onChange={(event) => change({ position: event.currentTarget.value })}
          />
          <Switch
            label={t('rule_automatic')}
            description={t('rule_automatic_help')}
            checked={value.automatic}
            onChange={(event) => change({ automatic: event.currentTarget.checked })}
          />
        </fieldset>
      </Form>
      {gives && plan.data && plan.data.devices.length > 0 && (
        <section className="torv-stack" aria-labelledby="plan">
          <h2 id="plan" className="torv-section-title">
            {t('plan_title')}
          </h2>
          <p role="status">
            {t('rules_sentence', {
              able: format.number(plan.data.devices.filter(isAble).length),
              total: format.number(plan.data.devices.length),
            })}
          </p>
          <ClaimPlanTable devices={plan.data.devices} />
        </section>
      )}
      {rule && (
        <ConfirmDialog
          open={asking}
          title={t('rule_delete_title', { name: rule.name })}
          lost={[t('rule_delete_lost')]}
          undoable={false}
          confirm={t('rule_delete')}
          busy={remove.isPending}
          onConfirm={() => remove.mutate()}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}
