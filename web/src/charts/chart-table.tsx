/** The numbers behind a chart, newest first. */
import { useMemo } from 'react';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { type ChartPoint, type ChartSeries, toLargest } from './series.ts';

interface ChartTableProps {
  readonly title: string;
  readonly property: string;
  readonly unit: string;
  readonly series: readonly ChartSeries[];
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly point: ChartPoint;
}

export function ChartTable(props: ChartTableProps) {
  const t = useText('places');
  const format = useFormat();
  const rows = useMemo(
    () =>
      props.series.flatMap(({ key, name, points }) =>
        points
          .filter((p) => p.mean !== null)
          .map((point): Row => ({ key: `${key} ${point.t}`, name, point })),
      ),
    [props.series],
  );
  // one unit for the whole column
  const like = useMemo(() => toLargest(props.series), [props.series]);
  const show = (value: number | null | undefined) =>
    value == null ? null : format.value(props.property, value, props.unit, 'table', like);
  const columns: readonly Column<Row>[] = [
    {
      key: 'time',
      header: t('chart_time'),
      title: true,
      sortValue: (row) => row.point.t,
      cell: (row) => format.moment(row.point.t, 'moment'),
    },
    ...(props.series.length > 1
      ? [
          {
            key: 'series',
            header: t('column_name'),
            sortValue: (row: Row) => row.name,
            cell: (row: Row) => row.name,
          },
        ]
      : []),
    {
      key: 'mean',
      header: t('chart_mean'),
      align: 'end',
      sortValue: (row) => row.point.mean,
      cell: (row) => (row.point.flagged ? `${show(row.point.mean)} *` : show(row.point.mean)),
    },
    { key: 'min', header: t('chart_min'), align: 'end', cell: (row) => show(row.point.min) },
    { key: 'max', header: t('chart_max'), align: 'end', cell: (row) => show(row.point.max) },
    {
      key: 'n',
      header: t('chart_count'),
      align: 'end',
      cell: (row) => (row.point.n === undefined ? null : format.number(row.point.n)),
    },
  ];
  return (
    <DataTable
      caption={props.title}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.key}
      initialSort={{ key: 'time', direction: 'down' }}
    />
  );
}
