/**
 * Applying the installed version of a codec to the past, of all its devices or of one: what would change, the
 * question, then background work that can be left, found again and stopped, and a report. Never starts unseen.
 */
import { Alert, Button, Paragraph } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { getJson, sendJson } from '../../api.ts';
import type { Job, RedecodePreview, RedecodeResult } from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { MomentField, toInstantOf, toLocalText } from '../../parts/moment-field.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Progress } from '../../parts/progress.tsx';
import { Reason } from '../../parts/reason.tsx';
import { useRefresh } from '../../registry-data.ts';
import { useOrganisation } from '../../session.ts';
import { useKeptJob } from './use-kept-job.ts';
import './codecs.css';
import '../../parts/form.css';

const WEEK_MS = 7 * 86_400_000;
const RUNNING = ['waiting', 'running'];

interface RedecodeProps {
  readonly codecId: number;
  /** Absent: all devices of the codec. */
  readonly deviceId?: number;
}

export function Redecode(props: RedecodeProps) {
  const { codecId, deviceId } = props;
  const [jobId, setJobId] = useKeptJob(`redecode.${codecId}.${deviceId ?? 'all'}`);
  return jobId === null ? (
    <Ask {...props} onStarted={setJobId} />
  ) : (
    <Running jobId={jobId} onAgain={() => setJobId(null)} />
  );
}

function Ask(props: RedecodeProps & { readonly onStarted: (job: number) => void }) {
  const t = useText('codecs');
  const format = useFormat();
  const { timeZone } = format;
  const told = (local: string) => format.moment(toInstantOf(local, timeZone) ?? Date.now(), 'moment');
  const organisation = useOrganisation();
  const [from, setFrom] = useState(() => toLocalText(Date.now() - WEEK_MS, timeZone));
  const [until, setUntil] = useState(() => toLocalText(Date.now(), timeZone));
  const [asking, setAsking] = useState(false);
  const path = `/api/v1/codecs/${props.codecId}/redecode`;
  const body = () => ({
    organisation: organisation?.id,
    ...(props.deviceId === undefined ? {} : { devices: [props.deviceId] }),
    from: toInstantOf(from, timeZone) ?? '',
    until: toInstantOf(until, timeZone) ?? '',
  });
  const preview = useMutation({
    mutationFn: async () => (await sendJson<RedecodePreview>(path, { method: 'POST', body: body() })).body,
  });
  const start = useMutation({
    mutationFn: async () =>
      (await sendJson<{ readonly job: number }>(`${path}/start`, { method: 'POST', body: body() })).body,
    onSuccess: ({ job }) => props.onStarted(job),
    onSettled: () => setAsking(false),
  });
  const isBackward = from !== '' && until !== '' && until <= from;
  const change = (set: (value: string) => void) => (value: string) => {
    set(value);
    preview.reset();
  };
  const found = preview.data;
  return (
    <div className="torv-redecode">
      <div className="torv-form-pair">
        <MomentField label={t('redecode_from')} value={from} onChange={change(setFrom)} />
        <MomentField
          label={t('redecode_until')}
          value={until}
          error={isBackward ? t('redecode_backward') : undefined}
          onChange={change(setUntil)}
        />
      </div>
      <div>
        <Button
          variant="secondary"
          loading={preview.isPending}
          disabled={from === '' || until === '' || isBackward}
          onClick={() => preview.mutate()}
        >
          {t('redecode_preview')}
        </Button>
      </div>
      {preview.error && <Problem error={preview.error} />}
      <div role="status">
        {found && <Found preview={found} />}
        {found && found.frames > 0 && (
          <Button variant={isSame(found) ? 'secondary' : 'primary'} onClick={() => setAsking(true)}>
            {t('redecode_start')}
          </Button>
        )}
      </div>
      {start.error && <Problem error={start.error} />}
      {found && (
        <ConfirmDialog
          open={asking}
          title={t('redecode_confirm', { from: told(from), until: told(until) })}
          lost={
            found.changed + found.removed === 0
              ? []
              : [t('redecode_lost', { changed: found.changed, removed: found.removed })]
          }
          kept={t('redecode_kept')}
          undoable={false}
          confirm={t('redecode_start')}
          busy={start.isPending}
          onConfirm={() => start.mutate()}
          onCancel={() => setAsking(false)}
        />
      )}
    </div>
  );
}

function Running(props: { readonly jobId: number; readonly onAgain: () => void }) {
  const t = useText('codecs');
  const refresh = useRefresh();
  const { jobId, onAgain } = props;
  const job = useQuery({
    queryKey: ['job', jobId] as const,
    queryFn: ({ signal }) => getJson<Job>(`/api/v1/jobs/${jobId}`, signal),
    refetchInterval: ({ state }) => (state.data && state.data.finishedAt !== null ? false : 1_000),
  });
  const cancel = useMutation({
    mutationFn: () => sendJson(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST' }),
    onSettled: () => job.refetch(),
  });
  const state = job.data?.state ?? 'waiting';
  const isOver = job.data !== undefined && job.data.finishedAt !== null;
  useEffect(() => {
    if (isOver) void refresh();
  }, [isOver, refresh]);
  const failure = cancel.error ?? job.error;
  const result = job.data?.result as RedecodeResult | null | undefined;
  return (
    <div className="torv-redecode">
      {failure && <Problem error={failure} />}
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
      {isOver && result != null && (
        <Figures
          rows={[
            [t('redecode_frames'), result.frames],
            [t('redecode_changed'), result.changed],
            [t('redecode_added'), result.added],
            [t('redecode_removed'), result.removed],
            [t('redecode_rejected_now'), result.rejected],
          ]}
        />
      )}
      {(isOver || failure) && (
        <div>
          <Button variant="secondary" data-size="sm" onClick={onAgain}>
            {t('redecode_again')}
          </Button>
        </div>
      )}
    </div>
  );
}

function isSame(preview: RedecodePreview): boolean {
  const { changed, added, removed, newlyDecoded, newlyRejected } = preview;
  return changed + added + removed + newlyDecoded + newlyRejected === 0;
}

function Found(props: { readonly preview: RedecodePreview }) {
  const t = useText('codecs');
  const { preview } = props;
  if (preview.frames === 0) return <Paragraph>{t('redecode_none')}</Paragraph>;
  return (
    <Alert data-color="info">
      <Paragraph>{t(isSame(preview) ? 'redecode_same' : 'redecode_differs')}</Paragraph>
      <Figures
        rows={[
          [t('redecode_frames'), preview.frames],
          [t('redecode_devices'), preview.devices],
          [t('redecode_unchanged'), preview.unchanged],
          [t('redecode_changed'), preview.changed],
          [t('redecode_added'), preview.added],
          [t('redecode_removed'), preview.removed],
          [t('redecode_decoded'), preview.newlyDecoded],
          [t('redecode_rejected'), preview.newlyRejected],
        ]}
      />
      {preview.sampledFrames < preview.frames && (
        <Paragraph data-size="sm">{t('redecode_sample', { frames: preview.sampledFrames })}</Paragraph>
      )}
    </Alert>
  );
}

function Figures(props: { readonly rows: readonly (readonly [string, number])[] }) {
  const format = useFormat();
  return (
    <dl className="torv-redecode-figures torv-number">
      {props.rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{format.number(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
