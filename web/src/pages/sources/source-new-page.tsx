/** A new source: how frames come, from which network server; a broker is tried first, a webhook shows its key once. */
import { Alert, Button, Fieldset, Paragraph, Radio, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link as RouterLink, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { sendJson, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Choice } from '../../parts/choice.tsx';
import { CopyOnce } from '../../parts/copy-once.tsx';
import { Form } from '../../parts/form.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { useDraft } from '../../parts/use-draft.ts';
import { useOrganisation } from '../../session.ts';
import { SOURCE_FORMATS, type Source, type SourceFormat, sourcesQuery } from '../../source-data.ts';
import { toBrokerDraft, toBrokerSettings } from './broker-draft.ts';
import { BrokerFields } from './broker-fields.tsx';
import { useSourceFaults } from './source-faults.ts';
import { WebhookSettings } from './webhook-settings.tsx';
import './sources.css';

export function SourceNewPage() {
  const t = useText('sources');
  return (
    <StaffOnly title={t('new_title')} least="administrator">
      <NewSource />
    </StaffOnly>
  );
}

const INITIAL = {
  name: '',
  kind: 'mqtt' as 'mqtt' | 'webhook',
  format: 'chirpstack-v4' as SourceFormat,
  broker: toBrokerDraft({}),
};

function NewSource() {
  const t = useText('sources');
  const organisation = useOrganisation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const faults = useSourceFaults();
  const { data } = useQuery(sourcesQuery(organisation));
  const draft = useDraft('source-new', INITIAL);
  const [password, setPassword] = useState('');
  const [made, setMade] = useState<(Source & { readonly key: string }) | null>(null);
  const { name, kind, format } = draft.value;
  const standardTopic = data?.formats.find((one) => one.format === format)?.topic ?? '';
  const broker = {
    ...draft.value.broker,
    password,
    // the network server's own topic until somebody writes another
    topics: draft.value.broker.topics === '' ? standardTopic : draft.value.broker.topics,
  };
  const create = useMutation({
    mutationFn: async () =>
      (
        await sendJson<Source & { readonly key?: string }>(
          toPath('/api/v1/sources', { organisation: organisation?.id }),
          {
            method: 'POST',
            body: {
              name: name.trim(),
              kind,
              format,
              ...(kind === 'mqtt' ? { settings: toBrokerSettings(broker) } : {}),
              ...(kind === 'mqtt' && password !== '' ? { password } : {}),
            },
          },
        )
      ).body,
    onSuccess: (source) => {
      draft.drop();
      void client.invalidateQueries({ queryKey: ['sources'] });
      const { key } = source;
      if (key !== undefined) setMade({ ...source, key });
      else {
        say(t('made', { name: source.name }));
        void navigate({ to: '/sources/$sourceId', params: { sourceId: String(source.id) } });
      }
    },
  });
  const crumbs = [{ name: t('title'), to: '/sources' }];
  if (made) {
    return (
      <>
        <PageHead title={made.name} crumbs={crumbs} answer={t('made_webhook')} />
        <section className="torv-block">
          <CopyOnce
            label={t('key_label', { name: made.name })}
            secret={made.key}
            onDone={() => void navigate({ to: '/sources/$sourceId', params: { sourceId: String(made.id) } })}
          />
          <WebhookSettings format={made.format} publicUrl={data?.publicUrl ?? null} key_={made.key} />
        </section>
      </>
    );
  }
  return (
    <>
      <PageHead title={t('new_title')} crumbs={crumbs} answer={t('new_about')} />
      <Form
        submit={t('new_submit')}
        busy={create.isPending}
        error={create.error}
        restored={draft.restored}
        onDrop={draft.drop}
        onSubmit={() => faults.check(name, kind, broker, create.mutate)}
        beside={
          <Button asChild variant="tertiary">
            <RouterLink to="/sources">{t('new_cancel')}</RouterLink>
          </Button>
        }
      >
        <Textfield
          label={t('field_name')}
          description={t('field_name_help')}
          autoComplete="off"
          maxLength={200}
          required
          error={faults.name(name)}
          value={name}
          onChange={(event) => draft.change({ name: event.currentTarget.value })}
        />
        <Choice
          label={t('field_format')}
          value={format}
          options={SOURCE_FORMATS.map((one) => ({ value: one, text: t(`format_${one}`) }))}
          onChange={(value) => {
            const chosen = SOURCE_FORMATS.find((one) => one === value);
            if (chosen) draft.change({ format: chosen });
          }}
        />
        <Fieldset>
          <Fieldset.Legend>{t('field_kind')}</Fieldset.Legend>
          {(['mqtt', 'webhook'] as const).map((one) => (
            <Radio
              key={one}
              name="kind"
              value={one}
              label={t(`kind_${one}`)}
              description={t(`kind_${one}_help`)}
              checked={kind === one}
              onChange={() => draft.change({ kind: one })}
            />
          ))}
        </Fieldset>
        {kind === 'mqtt' && (
          <BrokerFields
            draft={broker}
            faults={faults}
            onChange={({ password: typed, ...part }) => {
              if (typed !== undefined) setPassword(typed);
              if (Object.keys(part).length > 0) draft.change({ broker: { ...draft.value.broker, ...part } });
            }}
          />
        )}
        {kind === 'webhook' && (
          <Alert data-color="info" data-size="sm">
            <Paragraph>{t('new_webhook_next')}</Paragraph>
          </Alert>
        )}
      </Form>
    </>
  );
}
