/** Making what lies on the bench a version that decodes; a shipped codec becomes the organisation's own copy. */
import { Button, Checkbox, Paragraph, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { FieldMapping } from '@torv/core/mapping';
import { useState } from 'react';
import { ApiProblem, sendJson, toPath } from '../../api.ts';
import { type Codec, type CodecVersion, codecListQuery } from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useSay } from '../../parts/status-region.tsx';
import type { Draft } from '../../parts/use-draft.ts';
import { useOrganisation } from '../../session.ts';
import type { Bench } from './bench.ts';

interface InstallProps {
  readonly draft: Draft<Bench>;
  readonly codec: Codec | undefined;
  readonly current: CodecVersion | undefined;
  readonly mapping: readonly FieldMapping[] | undefined;
  readonly vectors: readonly unknown[] | undefined;
  readonly failed: number;
}

export function BenchInstall(props: InstallProps) {
  const t = useText('codecs');
  const organisation = useOrganisation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const { draft, codec, current, mapping, vectors, failed } = props;
  const bench = draft.value;
  const [acceptFailures, setAcceptFailures] = useState(false);
  const { data: list } = useQuery(codecListQuery(organisation));
  const own = list?.codecs.find((one) => one.key === bench.key && one.origin !== 'shipped');
  // its own history is continued; of a shipped codec or under a taken key, the organisation's own one
  const base = codec !== undefined && codec.origin !== 'shipped' && codec.key === bench.key ? codec : own;
  const install = useMutation({
    mutationFn: async () => {
      const { power, expectedIntervalS } = current?.description ?? {};
      const answer = await sendJson<Codec & { readonly added: boolean }>(
        toPath('/api/v1/codecs', { organisation: organisation?.id }),
        {
          method: 'POST',
          ...(base === undefined
            ? {}
            : { version: base === codec ? draft.version || base.version : base.version }),
          body: {
            key: bench.key.trim(),
            vendor: bench.vendor.trim(),
            model: bench.model.trim(),
            title: bench.title.trim(),
            script: bench.script,
            mapping,
            vectors,
            ...(bench.note.trim() === '' ? {} : { note: bench.note.trim() }),
            ...(power === undefined ? {} : { power }),
            ...(expectedIntervalS === undefined ? {} : { expectedIntervalS }),
            ...(acceptFailures ? { acceptFailures: true } : {}),
          },
        },
      );
      return answer.body;
    },
    onSuccess: async (made) => {
      draft.drop();
      say(t(made.added ? 'installed' : 'unchanged', { version: made.currentVersion }));
      await Promise.all([
        client.invalidateQueries({ queryKey: ['codecs'] }),
        client.invalidateQueries({ queryKey: ['codec', String(made.id)] }),
      ]);
      if (made.id !== codec?.id)
        void navigate({ to: '/codecs/$codecId/bench', params: { codecId: String(made.id) } });
    },
  });
  const { error } = install;
  const conflict = error instanceof ApiProblem && error.code === 'VERSION_CONFLICT';
  const currentNow = conflict ? (error.document.current as Codec | undefined) : undefined;
  return (
    <section className="torv-bench-part torv-form">
      <h2 className="torv-section-title">{t('install_title')}</h2>
      {codec?.origin === 'shipped' && <Paragraph>{t('install_shipped')}</Paragraph>}
      <div className="torv-form-pair">
        <Textfield
          label={t('field_vendor')}
          autoComplete="off"
          maxLength={200}
          value={bench.vendor}
          onChange={(event) => draft.change({ vendor: event.currentTarget.value })}
        />
        <Textfield
          label={t('field_model')}
          autoComplete="off"
          maxLength={200}
          value={bench.model}
          onChange={(event) => draft.change({ model: event.currentTarget.value })}
        />
      </div>
      <Textfield
        label={t('field_title')}
        autoComplete="off"
        maxLength={200}
        value={bench.title}
        onChange={(event) => draft.change({ title: event.currentTarget.value })}
      />
      {codec === undefined && (
        <Textfield
          label={t('field_key')}
          description={t('field_key_help')}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          value={bench.key}
          onChange={(event) => draft.change({ key: event.currentTarget.value })}
        />
      )}
      <Textfield
        label={t('field_note')}
        description={t('field_note_help')}
        autoComplete="off"
        maxLength={1000}
        value={bench.note}
        onChange={(event) => draft.change({ note: event.currentTarget.value })}
      />
      {failed > 0 && (
        <Checkbox
          label={t('accept_failures', { count: failed })}
          value="accept"
          checked={acceptFailures}
          onChange={(event) => setAcceptFailures(event.currentTarget.checked)}
        />
      )}
      {error && <Problem error={error} />}
      {currentNow !== undefined && (
        <div className="torv-row">
          <Button
            variant="secondary"
            data-size="sm"
            onClick={() => {
              draft.rebase(currentNow.version);
              install.reset();
            }}
          >
            {t('conflict_mine', { version: currentNow.currentVersion + 1 })}
          </Button>
        </div>
      )}
      <div className="torv-row">
        <Button
          loading={install.isPending}
          disabled={mapping === undefined || vectors === undefined || (failed > 0 && !acceptFailures)}
          onClick={() => install.mutate()}
        >
          {base === undefined ? t('install_first') : t('install_next', { version: base.currentVersion + 1 })}
        </Button>
      </div>
    </section>
  );
}
