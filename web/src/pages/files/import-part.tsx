/** One uploaded file on its way: what it is, what it means, the preview, the confirmation, the report. */
import { Alert, Button, Checkbox, Heading } from '@digdir/designsystemet-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReadingsMapping } from '@torv/core/files/readings-mapping';
import { useState } from 'react';
import type { Organisation } from '../../answers.ts';
import { getJson, sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Problem } from '../../parts/problem.tsx';
import { Progress } from '../../parts/progress.tsx';
import { Reason } from '../../parts/reason.tsx';
import { Choice } from './choice.tsx';
import { usePlaces } from './export-part.tsx';
import { IMPORT_KINDS, type ImportKind, type Preview, type Upload } from './file-answers.ts';
import { MappingForm } from './mapping-form.tsx';
import { PreviewPart } from './preview-part.tsx';
import { toSuggestion } from './suggest.ts';

const POLL_MS = 1000;

export function ImportPart(props: { readonly organisation: Organisation; readonly upload: Upload }) {
  const t = useText('files');
  const { organisation, upload } = props;
  const { detected } = upload;
  const places = usePlaces(organisation) ?? [];
  const [kind, setKind] = useState<ImportKind>('readings');
  const [mapping, setMapping] = useState<ReadingsMapping>(() =>
    toSuggestion(detected, organisation.timeZone),
  );
  const [leaveOutBad, setLeaveOutBad] = useState(false);
  const [confirmed, setConfirmed] = useState(false);
  const body = kind === 'readings' ? { kind, mapping } : { kind };
  const preview = useMutation({
    mutationFn: async () =>
      (await sendJson<Preview>(`/api/v1/imports/${upload.id}/preview`, { method: 'POST', body })).body,
  });
  const confirm = useMutation({
    mutationFn: () =>
      sendJson<Upload>(`/api/v1/imports/${upload.id}/confirm`, {
        method: 'POST',
        body: { ...body, leaveOutBad },
      }),
    onSuccess: () => setConfirmed(true),
  });
  // A changed answer makes the preview an old one: it is taken away.
  const change = (act: () => void) => {
    act();
    preview.reset();
    setConfirmed(false);
  };
  if (confirmed) return <Report id={upload.id} />;
  return (
    <>
      <p>
        {t('recognised', {
          name: upload.name,
          format: detected.format === 'csv' ? 'CSV' : 'NDJSON',
          encoding: detected.encoding.toUpperCase(),
          delimiter: detected.delimiter === '\t' ? t('tab') : detected.delimiter,
          count: detected.header.length,
        })}
      </p>
      {detected.encodingGuessed && <Alert data-color="warning">{t('encoding_guessed')}</Alert>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          preview.mutate();
        }}
      >
        <div className="torv-fields">
          <Choice
            label={t('kind')}
            value={kind}
            options={IMPORT_KINDS.map((one) => ({ value: one, text: t(`kind_${one}`) }))}
            onChange={(value) =>
              change(() => setKind(IMPORT_KINDS.find((one) => one === value) ?? 'readings'))
            }
          />
        </div>
        {kind === 'readings' && (
          <>
            <Heading level={3} data-size="2xs">
              {t('mapping_title')}
            </Heading>
            <MappingForm
              file={detected}
              places={places}
              mapping={mapping}
              onChange={(next) => change(() => setMapping(next))}
            />
          </>
        )}
        <Button type="submit" variant={preview.data ? 'secondary' : 'primary'} loading={preview.isPending}>
          {t('preview')}
        </Button>
      </form>
      {preview.error && <Problem error={preview.error} />}
      {preview.data && (
        <>
          <PreviewPart preview={preview.data} />
          {preview.data.badLines > 0 && (
            <Checkbox
              label={t('leave_out')}
              value="leave-out"
              checked={leaveOutBad}
              onChange={(event) => setLeaveOutBad(event.currentTarget.checked)}
            />
          )}
          {confirm.error && <Problem error={confirm.error} />}
          <Button
            data-testid="confirm"
            onClick={() => confirm.mutate()}
            loading={confirm.isPending}
            disabled={preview.data.badLines > 0 && !leaveOutBad}
          >
            {t('confirm')}
          </Button>
        </>
      )}
    </>
  );
}

interface ReportBody {
  readonly written?: number;
  readonly alreadyThere?: number;
  readonly badLines?: number;
  readonly added?: number;
  readonly changed?: number;
  readonly same?: number;
  readonly detail?: string;
}

function Report(props: { readonly id: string }) {
  const t = useText('files');
  const format = useFormat();
  const client = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['import', props.id],
    queryFn: async ({ signal }) => {
      const upload = await getJson<Upload>(`/api/v1/imports/${props.id}`, signal);
      if (upload.state === 'done') void client.invalidateQueries({ queryKey: ['places'] });
      return upload;
    },
    refetchInterval: (query) =>
      query.state.data?.state === 'running' || !query.state.data ? POLL_MS : false,
    staleTime: 0,
  });
  if (error) return <Problem error={error} />;
  const report = (data?.report ?? {}) as ReportBody;
  const n = (value: number | undefined) => format.number(value ?? 0);
  if (data?.state === 'failed')
    return (
      <Alert data-color="danger" role="alert">
        <Heading level={3} data-size="2xs">
          {t('failed')}
        </Heading>
        <p>
          <Reason text={report.detail ?? ''} />
        </p>
      </Alert>
    );
  if (data?.state === 'done')
    return (
      <Alert data-color="success" role="status">
        {report.written === undefined
          ? t('done_registry', {
              added: n(report.added),
              changed: n(report.changed),
              same: n(report.same),
              bad: n(report.badLines),
            })
          : t('done_readings', {
              written: n(report.written),
              there: n(report.alreadyThere),
              bad: n(report.badLines),
            })}
      </Alert>
    );
  return (
    <Progress
      title={t('running')}
      done={Math.round((data?.progress ?? 0) * 100)}
      total={100}
      state="running"
    />
  );
}
