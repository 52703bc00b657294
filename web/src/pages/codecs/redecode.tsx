/** Applying the installed version to the past: what would change, then as background work that can be left and stopped. */
import { Alert, Button, Paragraph } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getJson, sendJson } from '../../api.ts';
import type { Codec, Job, RedecodePreview } from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { MomentField, toInstantOf, toLocalText } from '../../parts/moment-field.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Progress } from '../../parts/progress.tsx';
import { Reason } from '../../parts/reason.tsx';
import { useOrganisation } from '../../session.ts';

const WEEK_MS = 7 * 86_400_000;
const RUNNING = ['waiting', 'running'];

export function Redecode(props: { readonly codec: Codec }) {
  const t = useText('codecs');
  const { timeZone } = useFormat();
  const organisation = useOrganisation();
  const [from, setFrom] = useState(() => toLocalText(Date.now() - WEEK_MS, timeZone));
  const [until, setUntil] = useState(() => toLocalText(Date.now(), timeZone));
  const [jobId, setJobId] = useState<number | null>(null);
  const path = `/api/v1/codecs/${props.codec.id}/redecode`;
  const body = () => ({
    organisation: Number(organisation?.id),
    from: toInstantOf(from, timeZone) ?? '',
    until: toInstantOf(until, timeZone) ?? '',
  });
  const preview = useMutation({
    mutationFn: async () => (await sendJson<RedecodePreview>(path, { method: 'POST', body: body() })).body,
  });
  const start = useMutation({
    mutationFn: async () =>
      (await sendJson<{ readonly job: number }>(`${path}/start`, { method: 'POST', body: body() })).body,
    onSuccess: ({ job }) => setJobId(job),
  });
  const job = useQuery({
    queryKey: ['job', jobId] as const,
    queryFn: ({ signal }) => getJson<Job>(`/api/v1/jobs/${jobId}`, signal),
    enabled: jobId !== null,
    refetchInterval: ({ state }) => (state.data && state.data.finishedAt !== null ? false : 1_000),
  });
  const cancel = useMutation({
    mutationFn: () => sendJson(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST' }),
    onSettled: () => job.refetch(),
  });
  const state = job.data?.state ?? 'waiting';
  const failure = preview.error ?? start.error ?? cancel.error ?? job.error;
  return (
    <>
      <Paragraph>{t('redecode_about')}</Paragraph>
      <div className="torv-form-pair">
        <MomentField
          label={t('redecode_from')}
          value={from}
          onChange={(value) => {
            setFrom(value);
            preview.reset();
          }}
        />
        <MomentField
          label={t('redecode_until')}
          value={until}
          onChange={(value) => {
            setUntil(value);
            preview.reset();
          }}
        />
      </div>
      <Button variant="secondary" loading={preview.isPending} onClick={() => preview.mutate()}>
        {t('redecode_preview')}
      </Button>
      {failure && <Problem error={failure} />}
      <div role="status">{preview.data && <Found preview={preview.data} />}</div>
      {preview.data && preview.data.frames > 0 && jobId === null && (
        <Button loading={start.isPending} onClick={() => start.mutate()}>
          {t('redecode_start')}
        </Button>
      )}
      {jobId !== null && (
        <Progress
          title={t('redecode_title')}
          done={Math.round((job.data?.progress ?? 0) * 100)}
          total={100}
          state={RUNNING.includes(state) ? 'running' : state === 'done' ? 'finished' : 'stopped'}
          onStop={() => cancel.mutate()}
        >
          {job.data?.message != null && (
            <Paragraph>
              <Reason text={job.data.message} />
            </Paragraph>
          )}
        </Progress>
      )}
    </>
  );
}

function Found(props: { readonly preview: RedecodePreview }) {
  const t = useText('codecs');
  const { preview } = props;
  if (preview.frames === 0) return <Paragraph>{t('redecode_none')}</Paragraph>;
  return (
    <Alert data-color="info">
      <Paragraph>{t('redecode_found', { frames: preview.frames, devices: preview.devices })}</Paragraph>
      {preview.sampledFrames < preview.frames && (
        <Paragraph data-size="sm">{t('redecode_sample', { frames: preview.sampledFrames })}</Paragraph>
      )}
      <ul>
        <li>{t('redecode_unchanged', { n: preview.unchanged })}</li>
        <li>{t('redecode_changed', { n: preview.changed })}</li>
        <li>{t('redecode_added', { n: preview.added })}</li>
        <li>{t('redecode_removed', { n: preview.removed })}</li>
        <li>{t('redecode_decoded', { n: preview.newlyDecoded })}</li>
        <li>{t('redecode_rejected', { n: preview.newlyRejected })}</li>
      </ul>
    </Alert>
  );
}
