/** Changing a source: its name and, for a broker, its settings. What is typed survives a reload, a password never does. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Form } from '../../parts/form.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { useDraft } from '../../parts/use-draft.ts';
import type { SourcePage as SourceBody } from '../../source-data.ts';
import { toBrokerDraft, toBrokerSettings } from './broker-draft.ts';
import { BrokerFields } from './broker-fields.tsx';
import { useSourceFaults } from './source-faults.ts';

export function SourceChange(props: { readonly source: SourceBody }) {
  const t = useText('sources');
  const faults = useSourceFaults();
  const client = useQueryClient();
  const say = useSay();
  const { source } = props;
  const draft = useDraft(
    `source-${source.id}`,
    { name: source.name, broker: toBrokerDraft(source.settings) },
    source.version,
  );
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () =>
      sendJson(`/api/v1/sources/${source.id}`, {
        method: 'PATCH',
        version: draft.version,
        body: {
          name: draft.value.name.trim(),
          ...(source.kind === 'mqtt' ? { settings: toBrokerSettings(draft.value.broker) } : {}),
          ...(password === '' ? {} : { password }),
        },
      }),
    onSuccess: () => {
      draft.drop();
      setPassword('');
      say(t('saved'));
      return client.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('source'),
      });
    },
  });
  const conflict = save.error instanceof ApiProblem && save.error.code === 'VERSION_CONFLICT';
  return (
    <Form
      submit={t('save')}
      busy={save.isPending}
      error={save.error}
      restored={draft.restored}
      onDrop={draft.drop}
      onSubmit={() => faults.check(draft.value.name, source.kind, draft.value.broker, save.mutate)}
      beside={
        conflict ? (
          <Button type="button" variant="secondary" onClick={() => draft.rebase(source.version)}>
            {t('keep_mine')}
          </Button>
        ) : undefined
      }
    >
      <Textfield
        label={t('field_name')}
        autoComplete="off"
        maxLength={200}
        required
        error={faults.name(draft.value.name)}
        value={draft.value.name}
        onChange={(event) => draft.change({ name: event.currentTarget.value })}
      />
      {source.kind === 'mqtt' && (
        <BrokerFields
          draft={{ ...draft.value.broker, password }}
          sourceId={source.id}
          hasSecret={source.hasSecret}
          faults={faults}
          onChange={({ password: typed, ...part }) => {
            if (typed !== undefined) setPassword(typed);
            if (Object.keys(part).length > 0) draft.change({ broker: { ...draft.value.broker, ...part } });
          }}
        />
      )}
    </Form>
  );
}
