/** What the columns of a readings file mean: time, place, sensor, and what each column measures in which unit. */
import { Table, Textfield } from '@digdir/designsystemet-react';
import type { ColumnMapping, ReadingsMapping } from '@torv/core/files/readings-mapping';
import { CELL_TIME_FORMS, NIGHT_RULES } from '@torv/core/files/readings-mapping';
import type { DetectedFile } from '@torv/core/files/table-file';
import { isPropertyKey, PROPERTIES, PROPERTY_KEYS } from '@torv/core/properties';
import { isUnitCode, UNITS } from '@torv/core/units';
import type { PlaceSummary } from '../../answers.ts';
import { useText } from '../../i18n/language.tsx';
import { Choice } from './choice.tsx';

interface MappingFormProps {
  readonly file: DetectedFile;
  readonly places: readonly PlaceSummary[];
  readonly mapping: ReadingsMapping;
  readonly onChange: (mapping: ReadingsMapping) => void;
}

export function MappingForm(props: MappingFormProps) {
  const t = useText('files');
  const { file, mapping, onChange } = props;
  const { time, place } = mapping;
  const columns = file.header.map((name) => ({ value: name, text: name }));
  const orNone = [{ value: '', text: t('none') }, ...columns];
  const setTime = (change: Partial<ReadingsMapping['time']>) =>
    onChange({ ...mapping, time: { ...time, ...change } });
  return (
    <>
      <div className="torv-fields">
        <Choice
          label={t('time_column')}
          value={time.columns[0] ?? ''}
          options={columns}
          onChange={(value) => setTime({ columns: [value, ...time.columns.slice(1)] })}
        />
        <Choice
          label={t('time_column_2')}
          value={time.columns[1] ?? ''}
          options={orNone}
          onChange={(value) =>
            setTime({ columns: [time.columns[0] ?? '', ...(value === '' ? [] : [value])] })
          }
        />
        <Choice
          label={t('time_form')}
          value={time.form}
          options={CELL_TIME_FORMS.map((form) => ({ value: form, text: t(`form_${form}`) }))}
          onChange={(value) => setTime({ form: CELL_TIME_FORMS.find((form) => form === value) ?? 'iso' })}
        />
        <Textfield
          label={t('time_zone')}
          value={time.timeZone ?? ''}
          onChange={(event) => setTime({ timeZone: event.currentTarget.value })}
        />
        <Choice
          label={t('night')}
          value={time.night ?? 'order'}
          options={NIGHT_RULES.map((rule) => ({ value: rule, text: t(`night_${rule}`) }))}
          onChange={(value) => setTime({ night: NIGHT_RULES.find((rule) => rule === value) ?? 'order' })}
        />
        <Choice
          label={t('decimal')}
          value={mapping.decimal ?? '.'}
          options={[
            { value: '.', text: t('decimal_point') },
            { value: ',', text: t('decimal_comma') },
          ]}
          onChange={(value) => onChange({ ...mapping, decimal: value === ',' ? ',' : '.' })}
        />
        <Choice
          label={t('place')}
          value={String(place.placeId ?? '')}
          options={[
            { value: '', text: t('none') },
            ...props.places.map((one) => ({ value: String(one.id), text: one.name })),
          ]}
          onChange={(value) => {
            const { placeId: _, ...rest } = place;
            onChange({ ...mapping, place: value === '' ? rest : { ...rest, placeId: Number(value) } });
          }}
        />
        <Choice
          label={t('place_column')}
          value={place.column ?? ''}
          options={orNone}
          onChange={(value) => {
            const { column: _, ...rest } = place;
            onChange({ ...mapping, place: value === '' ? rest : { ...rest, column: value } });
          }}
        />
        <Choice
          label={t('sensor_column')}
          value={mapping.sensor?.column ?? ''}
          options={orNone}
          onChange={(value) => {
            const { sensor: _, ...rest } = mapping;
            onChange(value === '' ? rest : { ...rest, sensor: { column: value } });
          }}
        />
      </div>
      {mapping.long === undefined ? <ColumnTable {...props} /> : <p>{t('long')}</p>}
    </>
  );
}

function ColumnTable(props: MappingFormProps) {
  const t = useText('files');
  const names = useText('properties');
  const { file, mapping } = props;
  const used = new Set([...mapping.time.columns, mapping.place.column, mapping.sensor?.column]);
  const properties = [
    { value: '', text: t('nothing') },
    ...PROPERTY_KEYS.filter((key) => PROPERTIES[key].subject === 'place').map((key) => ({
      value: key,
      text: names(key),
    })),
  ];
  const set = (column: string, change: ColumnMapping | undefined) => {
    const kept = new Map((mapping.columns ?? []).map((one) => [one.column, one]));
    if (change === undefined) kept.delete(column);
    else kept.set(column, change);
    props.onChange({ ...mapping, columns: file.header.flatMap((name) => kept.get(name) ?? []) });
  };
  return (
    <div className="torv-scroll">
      <Table>
        <caption className="torv-visually-hidden">{t('mapping_title')}</caption>
        <Table.Head>
          <Table.Row>
            {(['column', 'first_values', 'measures', 'unit', 'factor'] as const).map((key) => (
              <Table.HeaderCell key={key} scope="col">
                {t(key)}
              </Table.HeaderCell>
            ))}
          </Table.Row>
        </Table.Head>
        <Table.Body>
          {file.header.map((column, i) => {
            if (used.has(column)) return null;
            const one = mapping.columns?.find((entry) => entry.column === column);
            return (
              <Table.Row key={column}>
                <Table.Cell>{column}</Table.Cell>
                <Table.Cell>
                  {file.first
                    .map((row) => row[i] ?? '')
                    .filter((text) => text !== '')
                    .slice(0, 3)
                    .join(' · ')}
                </Table.Cell>
                <Table.Cell>
                  <Choice
                    hideLabel
                    label={t('measures_of', { column })}
                    value={one?.property ?? ''}
                    options={properties}
                    onChange={(value) =>
                      set(
                        column,
                        isPropertyKey(value)
                          ? { column, property: value, unit: PROPERTIES[value].unit }
                          : undefined,
                      )
                    }
                  />
                </Table.Cell>
                <Table.Cell>
                  {one && (
                    <Choice
                      hideLabel
                      label={t('unit_of', { column })}
                      value={one.unit ?? PROPERTIES[one.property].unit}
                      options={toUnits(one.property)}
                      onChange={(value) => isUnitCode(value) && set(column, { ...one, unit: value })}
                    />
                  )}
                </Table.Cell>
                <Table.Cell>
                  {one && (
                    <Textfield
                      aria-label={t('factor_of', { column })}
                      inputMode="decimal"
                      defaultValue={String(one.factor ?? 1)}
                      onBlur={(event) => {
                        const factor = Number(event.currentTarget.value.replace(',', '.'));
                        const { factor: _, ...rest } = one;
                        set(
                          column,
                          Number.isFinite(factor) && factor !== 0 && factor !== 1
                            ? { ...rest, factor }
                            : rest,
                        );
                      }}
                    />
                  )}
                </Table.Cell>
              </Table.Row>
            );
          })}
        </Table.Body>
      </Table>
    </div>
  );
}

function toUnits(property: ColumnMapping['property']) {
  const { dimension } = UNITS[PROPERTIES[property].unit];
  return Object.entries(UNITS)
    .filter(([, unit]) => unit.dimension === dimension)
    .map(([code, unit]) => ({ value: code, text: unit.symbol === '' ? unit.name : unit.symbol }));
}
