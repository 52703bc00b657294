/**
 * The codec bench: code, a payload, what it decodes to, what that means, and the examples, all at once while somebody
 * types. Scripts run on the server in the sandbox; the mapping runs here. What is typed survives a reload.
 */
import { Alert, Button, Checkbox, Paragraph, Textfield } from '@digdir/designsystemet-react';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { AppError } from '@torv/core/errors';
import { type FieldMapping, parseFieldMappings } from '@torv/core/mapping';
import { useMemo, useState } from 'react';
import { ApiProblem, getJson, sendJson, toPath } from '../../api.ts';
import {
  type Checked,
  type Codec,
  type CodecVersion,
  codecListQuery,
  codecQuery,
  type Tried,
} from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { Choice } from '../../parts/choice.tsx';
import { Code } from '../../parts/code.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { useSay } from '../../parts/status-region.tsx';
import { type Draft, useDraft } from '../../parts/use-draft.ts';
import { Waiting } from '../../parts/waiting.tsx';
import type { Frame } from '../../registry-answers.ts';
import { devicesQuery, inboxQuery } from '../../registry-data.ts';
import { useOrganisation } from '../../session.ts';
import { BenchMapping } from './bench-mapping.tsx';
import { CodeEditor } from './code-editor.tsx';
import { Redecode } from './redecode.tsx';
import { useSettled } from './use-settled.ts';
import './codecs.css';
import '../../parts/form.css';
import '../sources/sources.css';

const benchRoute = getRouteApi('/codecs/$codecId/bench');
const newRoute = getRouteApi('/codecs/new');

const TEMPLATE = `function decodeUplink(input) {
  // input.bytes, input.fPort, input.recvTime
  var bytes = input.bytes;
  return {
    data: {
      temperature: ((bytes[0] << 8) | bytes[1]) / 10
    }
  };
}
`;

interface Bench {
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly note: string;
  readonly script: string;
  readonly mapping: string;
  readonly vectors: string;
  readonly fPort: string;
  readonly bytes: string;
  readonly time: string;
}

const toJson = (value: unknown) => JSON.stringify(value, null, 2);

function toBench(codec: Codec | undefined, current: CodecVersion | undefined): Bench {
  const first = (current?.vectors[0] ?? {}) as { fPort?: number; bytes?: string; recvTime?: string };
  return {
    key: codec?.key ?? '',
    vendor: codec?.vendor ?? '',
    model: codec?.model ?? '',
    title: codec?.title ?? '',
    note: '',
    script: current?.script ?? TEMPLATE,
    mapping: toJson(current?.description.mapping ?? []),
    vectors: toJson(current?.vectors ?? []),
    fPort: String(first.fPort ?? 1),
    bytes: first.bytes ?? '00c8',
    time: first.recvTime ?? '2026-01-15T12:00:00Z',
  };
}

export function CodecNewPage() {
  const t = useText('codecs');
  const { device } = newRoute.useSearch();
  return (
    <StaffOnly title={t('new_title')} least="editor">
      <BenchBody key="new" device={device} />
    </StaffOnly>
  );
}

export function CodecBenchPage() {
  const t = useText('codecs');
  return (
    <StaffOnly title={t('bench_title')} least="editor">
      <Stored />
    </StaffOnly>
  );
}

function Stored() {
  const { codecId } = benchRoute.useParams();
  const { device } = benchRoute.useSearch();
  const { data, error, refetch } = useQuery(codecQuery(codecId));
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting lines={6} />;
  return (
    <BenchBody
      key={`${data.codec.id} ${data.codec.currentVersion}`}
      codec={data.codec}
      current={data.current}
      device={device}
    />
  );
}

interface BenchBodyProps {
  readonly codec?: Codec;
  readonly current?: CodecVersion;
  readonly device: string | undefined;
}

function BenchBody(props: BenchBodyProps) {
  const t = useText('codecs');
  const { codec, current } = props;
  const initial = useMemo(() => toBench(codec, current), [codec, current]);
  const draft = useDraft<Bench>(
    codec === undefined ? 'codec-new' : `codec-${codec.id}-${codec.currentVersion}`,
    initial,
    codec?.version ?? 0,
  );
  const bench = draft.value;
  const mapping = useMemo(() => readList(bench.mapping, parseFieldMappings), [bench.mapping]);
  const vectors = useMemo(() => readList(bench.vectors, (list) => list), [bench.vectors]);
  const tried = useTried(bench);
  const checked = useChecked(bench.script, mapping.list, vectors.list);
  const addRow = (row: FieldMapping) =>
    mapping.list && draft.change({ mapping: toJson([...mapping.list, row]) });
  return (
    <>
      <PageHead
        title={codec === undefined ? t('new_title') : `${codec.vendor} ${codec.model}`}
        crumbs={[{ name: t('title'), to: '/codecs' }]}
        answer={
          codec === undefined
            ? t('new_about')
            : t('bench_about', { version: codec.currentVersion, origin: t(`origin_${codec.origin}`) })
        }
      />
      {draft.restored && (
        <Alert data-color="info" data-size="sm">
          <div className="torv-row">
            {t('restored')}
            <Button variant="tertiary" data-size="sm" onClick={draft.drop}>
              {t('drop')}
            </Button>
          </div>
        </Alert>
      )}
      {codec?.quarantineReason != null && (
        <Alert data-color="danger">
          {t('is_off')} <span lang="en">{codec.quarantineReason}</span>
        </Alert>
      )}
      <div className="torv-bench">
        <div>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('script')}
              rows={24}
              value={bench.script}
              onChange={(script) => draft.change({ script })}
            />
          </section>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('mapping')}
              rows={10}
              value={bench.mapping}
              error={mapping.error}
              onChange={(text) => draft.change({ mapping: text })}
            />
          </section>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('vectors')}
              rows={10}
              value={bench.vectors}
              error={vectors.error}
              onChange={(text) => draft.change({ vectors: text })}
            />
          </section>
        </div>
        <div>
          <section className="torv-bench-part">
            <h2 className="torv-section-title">{t('payload_title')}</h2>
            <Payload draft={draft} device={props.device} codecId={codec?.id} />
          </section>
          <section className="torv-bench-part" aria-live="polite">
            <h2 className="torv-section-title">{t('decoded_title')}</h2>
            {tried.error ? <Problem error={tried.error} /> : <Decoded tried={tried.data} />}
            {tried.data?.data != null && (
              <Button
                variant="secondary"
                data-size="sm"
                disabled={vectors.list === undefined}
                onClick={() => {
                  const { list = [] } = vectors;
                  const vector = {
                    name: t('example_name', { n: list.length + 1 }),
                    fPort: Number(bench.fPort),
                    bytes: bench.bytes,
                    recvTime: bench.time,
                    data: tried.data?.data,
                  };
                  draft.change({ vectors: toJson([...list, vector]) });
                }}
              >
                {t('example_add')}
              </Button>
            )}
          </section>
          <section className="torv-bench-part">
            <h2 className="torv-section-title">{t('mapped_title')}</h2>
            {tried.data?.data != null && mapping.list !== undefined ? (
              <BenchMapping data={tried.data.data} time={bench.time} mapping={mapping.list} onAdd={addRow} />
            ) : (
              <Paragraph className="torv-quiet">{t('mapped_wait')}</Paragraph>
            )}
          </section>
          <section className="torv-bench-part">
            <h2 className="torv-section-title">{t('examples_title')}</h2>
            <Examples checked={checked.data} error={checked.error} />
          </section>
        </div>
      </div>
      <Install
        draft={draft}
        codec={codec}
        current={current}
        mapping={mapping.list}
        vectors={vectors.list}
        failed={checked.data?.failed ?? 0}
      />
      {codec !== undefined && (
        <section className="torv-bench-part">
          <h2 className="torv-section-title">{t('redecode_title')}</h2>
          <Redecode codec={codec} />
        </section>
      )}
    </>
  );
}

interface ReadList<T> {
  readonly list: readonly T[] | undefined;
  readonly error: string | undefined;
}

function readList<T>(text: string, parse: (list: readonly unknown[]) => readonly T[]): ReadList<T> {
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return { list: undefined, error: 'This must be a list: [ … ]' };
    return { list: parse(list), error: undefined };
  } catch (error) {
    const where = error instanceof AppError && error.at !== undefined ? ` (${error.at})` : '';
    return {
      list: undefined,
      error: `${error instanceof AppError ? error.detail : (error as Error).message}${where}`,
    };
  }
}

const HEX = /^([0-9a-f]{2}){0,242}$/i;

function useTried(bench: Bench) {
  const { script, fPort, time } = bench;
  const bytes = bench.bytes.replace(/[\s:-]/g, '');
  const asked = useSettled(toJson({ script, fPort: Number(fPort), bytes, recvTime: time }), 400);
  const isRight =
    script.trim() !== '' && HEX.test(bytes) && /^\d{1,3}$/.test(fPort) && !Number.isNaN(Date.parse(time));
  return useQuery({
    queryKey: ['codec-try', asked] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<Tried>('/api/v1/codecs/try', {
          method: 'POST',
          body: JSON.parse(asked) as object,
          signal,
        })
      ).body,
    enabled: isRight,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

function useChecked(
  script: string,
  mapping: readonly FieldMapping[] | undefined,
  vectors: readonly unknown[] | undefined,
) {
  const asked = useSettled(toJson({ script, mapping: mapping ?? [], vectors: vectors ?? [] }), 600);
  return useQuery({
    queryKey: ['codec-check', asked] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<Checked>('/api/v1/codecs/check', {
          method: 'POST',
          body: JSON.parse(asked) as object,
          signal,
        })
      ).body,
    enabled: mapping !== undefined && vectors !== undefined && vectors.length > 0 && script.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

interface PayloadProps {
  readonly draft: Draft<Bench>;
  readonly device: string | undefined;
  readonly codecId: number | undefined;
}

function Payload(props: PayloadProps) {
  const t = useText('codecs');
  const organisation = useOrganisation();
  const { draft } = props;
  const { bytes, fPort, time } = draft.value;
  const { data: claimed } = useQuery(devicesQuery(organisation));
  const { data: inbox } = useQuery(inboxQuery(organisation));
  const [device, setDevice] = useState('');
  const load = useMutation({
    mutationFn: async (id: string) =>
      (
        await getJson<{ readonly frames: readonly Frame[] }>(
          toPath(`/api/v1/devices/${encodeURIComponent(id)}/frames`, { limit: 1 }),
        )
      ).frames[0],
    onSuccess: (frame) =>
      frame && draft.change({ bytes: frame.payload, fPort: String(frame.fPort), time: frame.networkTime }),
  });
  // a link from a device brings its last frame, unless somebody was at work here already
  const wanted = props.device;
  const [asked, setAsked] = useState(false);
  if (wanted !== undefined && !asked) {
    setAsked(true);
    setDevice(wanted);
    queueMicrotask(() => load.mutate(wanted));
  }
  const options = [
    ...(inbox?.devices ?? []).map((one) => ({
      value: String(one.id),
      text: `${one.heard.name ?? one.devEui.toUpperCase()} · ${t('in_inbox')}`,
    })),
    ...(claimed?.devices ?? [])
      .filter((one) => one.state === 'claimed')
      .sort((a, b) => Number(b.codec?.id === props.codecId) - Number(a.codec?.id === props.codecId))
      .map((one) => ({ value: String(one.id), text: one.name || one.devEui.toUpperCase() })),
  ];
  return (
    <div className="torv-stack" data-gap="lg">
      <Choice
        label={t('device')}
        help={t('device_help')}
        none={t('device_none')}
        value={device}
        options={options}
        onChange={(value) => {
          setDevice(value);
          if (value !== '') load.mutate(value);
        }}
      />
      {load.error && <Problem error={load.error} />}
      {load.isSuccess && load.data === undefined && <Paragraph>{t('device_no_frame')}</Paragraph>}
      <div className="torv-mono">
        <Textfield
          label={t('bytes')}
          description={t('bytes_help')}
          spellCheck={false}
          autoComplete="off"
          value={bytes}
          error={HEX.test(bytes.replace(/[\s:-]/g, '')) ? undefined : t('bytes_wrong')}
          onChange={(event) => draft.change({ bytes: event.currentTarget.value })}
        />
      </div>
      <div className="torv-form-pair">
        <Textfield
          label={t('f_port')}
          inputMode="numeric"
          autoComplete="off"
          value={fPort}
          onChange={(event) => draft.change({ fPort: event.currentTarget.value })}
        />
        <Textfield
          label={t('time')}
          autoComplete="off"
          spellCheck={false}
          value={time}
          error={Number.isNaN(Date.parse(time)) ? t('time_wrong') : undefined}
          onChange={(event) => draft.change({ time: event.currentTarget.value })}
        />
      </div>
    </div>
  );
}

const FAULTS = ['deadline', 'memory', 'output', 'crash'] as const;

function Decoded(props: { readonly tried: Tried | undefined }) {
  const t = useText('codecs');
  const { tried } = props;
  if (tried === undefined) return <Waiting lines={3} />;
  const fault = FAULTS.find((one) => one === tried.fault);
  return (
    <>
      {fault !== undefined && <Alert data-color="danger">{t(`fault_${fault}`)}</Alert>}
      {tried.errors.length > 0 && (
        <Alert data-color="danger">
          {fault === undefined && t('decode_failed')}
          <ul lang="en">
            {tried.errors.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Alert>
      )}
      {tried.warnings.length > 0 && (
        <Alert data-color="warning">
          <ul lang="en">
            {tried.warnings.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Alert>
      )}
      {tried.data != null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre className="torv-message" tabIndex={0}>
          {toJson(tried.data)}
        </pre>
      )}
      {tried.logs.length > 0 && <Code>{tried.logs.join('\n')}</Code>}
      <p className="torv-quiet torv-number">
        {t('took', { ms: tried.ms < 1 ? '< 1' : Math.round(tried.ms) })}
      </p>
    </>
  );
}

function Examples(props: { readonly checked: Checked | undefined; readonly error: unknown }) {
  const t = useText('codecs');
  if (props.error) return <Problem error={props.error} />;
  const { checked } = props;
  if (checked === undefined || checked.results.length === 0)
    return <Paragraph className="torv-quiet">{t('examples_none')}</Paragraph>;
  const count = checked.results.length;
  return (
    <>
      <p role="status">
        {checked.failed === 0
          ? t('examples_good', { count })
          : t('examples_bad', { count: checked.failed, total: count })}
      </p>
      <ul className="torv-results">
        {checked.results.map((result, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two examples may have one name; their order is their identity
          <li key={i}>
            <StateMark
              level={result.passed ? 'good' : 'poor'}
              text={t(result.passed ? 'example_passed' : 'example_failed')}
              plain
            />{' '}
            {result.name}
            {result.differences.length > 0 && (
              <ul lang="en">
                {result.differences.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

interface InstallProps {
  readonly draft: Draft<Bench>;
  readonly codec: Codec | undefined;
  readonly current: CodecVersion | undefined;
  readonly mapping: readonly FieldMapping[] | undefined;
  readonly vectors: readonly unknown[] | undefined;
  readonly failed: number;
}

function Install(props: InstallProps) {
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
