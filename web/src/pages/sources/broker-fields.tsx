/** The settings of a municipality's broker, and trying them before they are saved. */
import { Alert, Button, Details, List, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { sendJson, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Reason } from '../../parts/reason.tsx';
import { useOrganisation } from '../../session.ts';
import { type BrokerDraft, toBrokerSettings } from './broker-draft.ts';
import type { SourceFaults } from './source-faults.ts';

interface Trial {
  readonly ok: boolean;
  readonly words: readonly string[];
}

interface BrokerFieldsProps {
  readonly draft: BrokerDraft;
  readonly onChange: (part: Partial<BrokerDraft>) => void;
  /** Of a stored source, whose password is used when none is typed. */
  readonly sourceId?: number;
  readonly hasSecret?: boolean;
  readonly faults: SourceFaults;
}

export function BrokerFields(props: BrokerFieldsProps) {
  const t = useText('sources');
  const organisation = useOrganisation();
  const { draft, onChange, faults } = props;
  const trial = useMutation({
    mutationFn: async () =>
      (
        await sendJson<Trial>(toPath('/api/v1/sources/test', { organisation: organisation?.id }), {
          method: 'POST',
          body: {
            settings: toBrokerSettings(draft),
            ...(props.sourceId === undefined ? {} : { id: props.sourceId }),
            ...(draft.password === '' ? {} : { password: draft.password }),
          },
        })
      ).body,
  });
  return (
    <>
      <Textfield
        label={t('broker_url')}
        description={t('broker_url_help')}
        inputMode="url"
        spellCheck={false}
        autoComplete="off"
        required
        error={faults.url(draft.url)}
        value={draft.url}
        onChange={(event) => onChange({ url: event.currentTarget.value })}
      />
      <div className="torv-form-pair">
        <Textfield
          label={t('broker_user')}
          autoComplete="off"
          spellCheck={false}
          value={draft.username}
          onChange={(event) => onChange({ username: event.currentTarget.value })}
        />
        <Textfield
          label={t('broker_password')}
          {...(props.hasSecret ? { description: t('broker_password_kept') } : {})}
          type="password"
          autoComplete="new-password"
          value={draft.password}
          onChange={(event) => onChange({ password: event.currentTarget.value })}
        />
      </div>
      <div className="torv-mono">
        <Textfield
          label={t('broker_topics')}
          description={t('broker_topics_help')}
          multiline
          rows={3}
          spellCheck={false}
          required
          error={faults.topics(draft.topics)}
          value={draft.topics}
          onChange={(event) => onChange({ topics: event.currentTarget.value })}
        />
      </div>
      <Details>
        <Details.Summary>{t('broker_more')}</Details.Summary>
        <Details.Content>
          <div className="torv-stack" data-gap="lg">
            <Textfield
              label={t('broker_group')}
              description={t('broker_group_help')}
              autoComplete="off"
              spellCheck={false}
              value={draft.sharedGroup}
              onChange={(event) => onChange({ sharedGroup: event.currentTarget.value })}
            />
            <div className="torv-mono">
              <Textfield
                label={t('broker_ca')}
                multiline
                rows={4}
                spellCheck={false}
                placeholder="-----BEGIN CERTIFICATE-----"
                value={draft.ca}
                onChange={(event) => onChange({ ca: event.currentTarget.value })}
              />
            </div>
          </div>
        </Details.Content>
      </Details>
      <div>
        <Button type="button" variant="secondary" loading={trial.isPending} onClick={() => trial.mutate()}>
          {t('broker_test')}
        </Button>
      </div>
      <div role="status">
        {trial.data && (
          <Alert data-color={trial.data.ok ? 'success' : 'danger'}>
            {t(trial.data.ok ? 'broker_test_good' : 'broker_test_bad')}
            <List.Unordered>
              {trial.data.words.map((words) => (
                <List.Item key={words}>
                  <Reason text={words} />
                </List.Item>
              ))}
            </List.Unordered>
          </Alert>
        )}
      </div>
      {trial.error && <Problem error={trial.error} />}
    </>
  );
}
