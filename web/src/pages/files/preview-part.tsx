/** What an import would do, before it does: a sentence, suspicions, bad lines by number, series or changes. */
import { Alert, Heading } from '@digdir/designsystemet-react';
import type { Suspicion } from '@torv/core/files/readings-summary';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Reason } from '../../parts/reason.tsx';
import { isReadings, type Preview, type ReadingsPreview, type RegistryPreview } from './file-answers.ts';

export function PreviewPart(props: { readonly preview: Preview }) {
  const t = useText('files');
  const { preview } = props;
  return (
    <section className="torv-section">
      <Heading level={2} data-size="xs">
        {t('preview_title')}
      </Heading>
      {isReadings(preview) ? <ReadingsPart preview={preview} /> : <RegistryPart preview={preview} />}
      <BadLines preview={preview} />
    </section>
  );
}

function ReadingsPart(props: { readonly preview: ReadingsPreview }) {
  const t = useText('files');
  const names = useText('properties');
  const format = useFormat();
  const { preview } = props;
  const { from, until } = preview;
  return (
    <>
      <p>
        {from === null || until === null
          ? t('found_none', { rows: format.number(preview.rows) })
          : t('found_readings', {
              rows: format.number(preview.rows),
              readings: format.number(preview.readings),
              from: format.moment(from, 'full'),
              until: format.moment(until, 'full'),
            })}
      </p>
      <ul>
        <li>{t('fact_there', { n: format.number(preview.alreadyThere) })}</li>
        <li>{t('fact_implausible', { n: format.number(preview.implausible) })}</li>
        <li>{t('fact_duplicates', { n: format.number(preview.duplicates) })}</li>
        <li>{t('fact_twice', { n: format.number(preview.twice) })}</li>
      </ul>
      {preview.suspicions.length > 0 && (
        <Alert data-color="warning">
          <ul>
            {preview.suspicions.map((one) => (
              <li key={`${one.code}${'column' in one ? one.column : ''}`}>{toHint(one, t)}</li>
            ))}
          </ul>
        </Alert>
      )}
      <DataTable
        caption={t('series_title')}
        rows={preview.series}
        rowKey={(one) => `${one.placeId} ${one.property} ${one.channel} ${one.sensor}`}
        columns={[
          { key: 'property', header: t('measures'), title: true, cell: (one) => names(one.property) },
          { key: 'sensor', header: t('sensor'), cell: (one) => one.sensor },
          {
            key: 'readings',
            header: t('readings'),
            align: 'end',
            cell: (one) => format.number(one.readings),
            sortValue: (one) => one.readings,
          },
          {
            key: 'gaps',
            header: t('gaps'),
            align: 'end',
            cell: (one) => format.number(one.gaps),
            sortValue: (one) => one.gaps,
          },
          {
            key: 'implausible',
            header: t('implausible'),
            align: 'end',
            cell: (one) => format.number(one.implausible),
            sortValue: (one) => one.implausible,
          },
        ]}
      />
    </>
  );
}

function toHint(one: Suspicion, t: ReturnType<typeof useText<'files'>>): string {
  switch (one.code) {
    case 'fraction':
      return t('hint_fraction', { column: one.column });
    case 'fahrenheit':
      return t('hint_fahrenheit', { column: one.column });
    case 'mostly-implausible':
      return t('hint_implausible', { column: one.column });
    default:
      return t('hint_duplicates');
  }
}

function RegistryPart(props: { readonly preview: RegistryPreview }) {
  const t = useText('files');
  const format = useFormat();
  const { rows, added, changed, same, lines } = props.preview;
  const show = (value: unknown) => (value === null || value === '' ? '–' : String(value));
  return (
    <>
      <p>
        {t('found_registry', {
          rows: format.number(rows),
          added: format.number(added),
          changed: format.number(changed),
          same: format.number(same),
        })}
      </p>
      {lines.length > 0 && (
        <DataTable
          caption={t('changes_title')}
          rows={lines}
          rowKey={(one) => String(one.line)}
          columns={[
            { key: 'key', header: t('key'), title: true, cell: (one) => one.key },
            {
              key: 'line',
              header: t('line'),
              align: 'end',
              cell: (one) => one.line,
              sortValue: (one) => one.line,
            },
            {
              key: 'change',
              header: t('change'),
              cell: (one) =>
                one.action === 'new'
                  ? t('action_new')
                  : one.changes
                      .map((c) =>
                        t('change_text', { field: c.field, before: show(c.before), after: show(c.after) }),
                      )
                      .join('; '),
            },
          ]}
        />
      )}
    </>
  );
}

function BadLines(props: { readonly preview: Preview }) {
  const t = useText('files');
  const { bad, badLines } = props.preview;
  if (badLines === 0) return null;
  const rows = bad.map((one, i) => ({ ...one, row: i }));
  return (
    <>
      <Heading level={3} data-size="2xs">
        {t('bad_title')}
      </Heading>
      <p>{t('bad_count', { count: badLines })}</p>
      <DataTable
        caption={t('bad_title')}
        rows={rows}
        rowKey={(one) => String(one.row)}
        columns={[
          {
            key: 'line',
            header: t('line'),
            align: 'end',
            title: true,
            cell: (one) => one.line,
            sortValue: (one) => one.line,
          },
          { key: 'column', header: t('column'), cell: (one) => one.column },
          { key: 'value', header: t('value'), cell: (one) => one.value },
          {
            key: 'reason',
            header: t('reason'),
            cell: (one) => (
              <>
                {t(`fault_${one.code}`)}
                <span className="torv-exact">
                  <Reason text={one.reason} />
                </span>
              </>
            ),
          },
        ]}
      />
    </>
  );
}
