/** From decoded fields to measurements: what the mapping makes of them, and what an unmapped field may be. Nothing is mapped without a click. */
import { Button, Paragraph } from '@digdir/designsystemet-react';
import { toFieldSuggestions } from '@torv/core/field-suggestions';
import { type FieldMapping, type Measurement, toMeasurements } from '@torv/core/mapping';
import { PROPERTIES, PROPERTY_KEYS, QUALITY } from '@torv/core/properties';
import { useMemo, useState } from 'react';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Choice } from '../../parts/choice.tsx';
import { Code } from '../../parts/code.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Reason } from '../../parts/reason.tsx';
import { StateMark } from '../../parts/state-mark.tsx';

interface BenchMappingProps {
  readonly data: unknown;
  readonly time: string;
  readonly mapping: readonly FieldMapping[];
  readonly onAdd: (row: FieldMapping) => void;
}

export function BenchMapping(props: BenchMappingProps) {
  const t = useText('codecs');
  const { data, mapping, time, onAdd } = props;
  const mapped = useMemo(() => toMeasurements(data, mapping, time), [data, mapping, time]);
  const open = useMemo(() => {
    const known = new Set(mapping.map((row) => row.field));
    return toFieldSuggestions(data).filter((one) => !known.has(one.field) && one.kind !== 'not-a-reading');
  }, [data, mapping]);
  return (
    <>
      <Measurements rows={mapped.measurements} />
      {mapped.faults.length > 0 && (
        <ul className="torv-results">
          {mapped.faults.map((fault) => (
            <li key={`${fault.field} ${fault.reason}`}>
              <StateMark state="poor" text={t('mapped_fault')} plain /> <Code>{fault.field}</Code>{' '}
              <Reason text={fault.reason} />
            </li>
          ))}
        </ul>
      )}
      {open.length > 0 && (
        <div>
          <h3 className="torv-section-title">{t('open_title', { count: open.length })}</h3>
          <Paragraph data-size="sm">{t('open_about')}</Paragraph>
          {open.map((one) => (
            <Suggestion key={one.field} suggestion={one} onAdd={onAdd} />
          ))}
        </div>
      )}
    </>
  );
}

function Measurements(props: { readonly rows: readonly Measurement[] }) {
  const t = useText('codecs');
  const shell = useText('shell');
  const format = useFormat();
  const columns: readonly Column<Measurement>[] = [
    {
      key: 'property',
      header: t('mapped_property'),
      title: true,
      cell: (row) => format.property(row.property) + (row.channel === 0 ? '' : ` ${row.channel + 1}`),
    },
    {
      key: 'value',
      header: t('mapped_value'),
      align: 'end',
      cell: (row) =>
        typeof row.value === 'boolean'
          ? shell(row.value ? 'yes' : 'no')
          : format.value(row.property, row.value, PROPERTIES[row.property].unit),
    },
    {
      key: 'quality',
      header: t('mapped_quality'),
      cell: (row) => (
        <StateMark
          state={row.quality === 0 ? 'good' : 'attention'}
          text={t(
            row.quality === 0
              ? 'quality_good'
              : (row.quality & QUALITY.clockReplaced) !== 0
                ? 'quality_clock'
                : 'quality_range',
          )}
          plain
        />
      ),
    },
    {
      key: 'time',
      header: t('mapped_time'),
      cell: (row) => format.moment(row.phenomenonTime, 'full'),
    },
  ];
  return (
    <DataTable
      caption={t('mapped_title')}
      columns={columns}
      rows={props.rows}
      rowKey={(row) => `${row.property} ${row.channel} ${row.phenomenonTime}`}
      empty={<Paragraph>{t('mapped_none')}</Paragraph>}
    />
  );
}

type SuggestionRow = ReturnType<typeof toFieldSuggestions>[number];

function Suggestion(props: {
  readonly suggestion: SuggestionRow;
  readonly onAdd: (row: FieldMapping) => void;
}) {
  const t = useText('codecs');
  const format = useFormat();
  const { suggestion, onAdd } = props;
  const [chosen, setChosen] = useState(suggestion.kind === 'likely' ? '0' : '');
  const options = useMemo(() => {
    const first = suggestion.candidates;
    const rest = PROPERTY_KEYS.filter((key) => !first.some((one) => one.property === key)).map(
      (property) => ({ property, unit: PROPERTIES[property].unit }),
    );
    return [...first, ...rest];
  }, [suggestion]);
  const pick = options[Number(chosen)];
  return (
    <div className="torv-suggestion">
      <div>
        <Code>{`${suggestion.field} = ${JSON.stringify(suggestion.value)}`}</Code>
        <div className="torv-quiet">
          {t(`open_${suggestion.kind === 'not-a-reading' ? 'unknown' : suggestion.kind}`)}
        </div>
      </div>
      <Choice
        label={t('open_choice', { field: suggestion.field })}
        none={t('open_none')}
        value={chosen}
        options={options.map((one, i) => ({
          value: String(i),
          text: `${format.property(one.property)} (${one.unit})`,
        }))}
        onChange={setChosen}
      />
      <Button
        variant="secondary"
        data-size="sm"
        disabled={chosen === '' || pick === undefined}
        onClick={() => pick && onAdd({ field: suggestion.field, property: pick.property, unit: pick.unit })}
      >
        {t('open_add')}
        <span className="torv-visually-hidden">: {suggestion.field}</span>
      </Button>
    </div>
  );
}
