/**
 * The codec bench: code, a payload, what it decodes to, what that means, and the examples, all at once while somebody
 * types. Scripts run on the server in the sandbox; the mapping runs here. What is typed survives a reload.
 */
import { Alert, Button, Paragraph } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FieldMapping, parseFieldMappings } from '@torv/core/mapping';
import { useMemo } from 'react';
import { type Codec, type CodecVersion, codecQuery } from '../../codec-data.ts';
import { toCodecTitle } from '../../codec-words.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Reason } from '../../parts/reason.tsx';
import { StaffOnly } from '../../parts/staff-only.tsx';
import { useDraft } from '../../parts/use-draft.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { type Bench, readList, toBench, toJson } from './bench.ts';
import { BenchDecoded } from './bench-decoded.tsx';
import { BenchExamples } from './bench-examples.tsx';
import { BenchInstall } from './bench-install.tsx';
import { BenchMapping } from './bench-mapping.tsx';
import { BenchPayload } from './bench-payload.tsx';
import { useChecked, useTried } from './bench-queries.ts';
import { CodeEditor } from './code-editor.tsx';
import { Redecode } from './redecode.tsx';
import './codecs.css';
import '../../parts/form.css';
import '../sources/sources.css';

const benchRoute = getRouteApi('/codecs/$codecId/bench');
const newRoute = getRouteApi('/codecs/new');

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
  const t = useText('codecs');
  if (error && !data) {
    return (
      <>
        <PageHead title={t('bench_title')} crumbs={[{ name: t('title'), to: '/codecs' }]} />
        <Problem error={error} onRetry={() => void refetch()} />
      </>
    );
  }
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
  const titles = useText('models');
  const initial = useMemo(
    () => toBench(codec && { ...codec, title: toCodecTitle(titles, codec) }, current),
    [codec, current, titles],
  );
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
            : `${t(`bench_${codec.origin}`, { version: codec.currentVersion })} ${t('bench_about')}`
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
          {t('is_off')} <Reason text={codec.quarantineReason} />
        </Alert>
      )}
      <div className="torv-bench">
        <div>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('script')}
              rows={24}
              showsHelp
              value={bench.script}
              onChange={(script) => draft.change({ script })}
            />
          </section>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('mapping')}
              rows={10}
              value={bench.mapping}
              fault={mapping.fault}
              onChange={(text) => draft.change({ mapping: text })}
            />
          </section>
          <section className="torv-bench-part">
            <CodeEditor
              label={t('vectors')}
              rows={10}
              value={bench.vectors}
              fault={vectors.fault}
              onChange={(text) => draft.change({ vectors: text })}
            />
          </section>
        </div>
        <div>
          <section className="torv-bench-part">
            <h2 className="torv-section-title">{t('payload_title')}</h2>
            <BenchPayload draft={draft} device={props.device} codecId={codec?.id} />
          </section>
          <section className="torv-bench-part" aria-live="polite">
            <h2 className="torv-section-title">{t('decoded_title')}</h2>
            {tried.error ? <Problem error={tried.error} /> : <BenchDecoded tried={tried.data} />}
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
            <BenchExamples checked={checked.data} error={checked.error} />
          </section>
        </div>
      </div>
      <BenchInstall
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
          <Paragraph className="torv-prose">{t('redecode_about')}</Paragraph>
          <Redecode codecId={codec.id} />
        </section>
      )}
    </>
  );
}
