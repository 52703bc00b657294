/**
 * A table that sorts by its headers, keeps its meaning for screen readers, and becomes cards on a phone.
 * Sorting is the table's own; filtering is the page's. Long tables grow by "show more", nothing is cut silently.
 */
import { Button, Table } from '@digdir/designsystemet-react';
import { type ReactNode, useMemo, useState } from 'react';
import { useLocale, useText } from '../i18n/language.tsx';
import { type SortDirection, sortRows } from './sort-rows.ts';
import './data-table.css';

export interface Column<Row> {
  readonly key: string;
  readonly header: string;
  /** null: nothing to show here (a dash; left out on a phone's card). */
  readonly cell: (row: Row) => ReactNode;
  /** Present: the column sorts. null values go last in both directions. */
  readonly sortValue?: (row: Row) => string | number | null;
  readonly align?: 'end';
  /** Sentences: on a phone's card they stand below their label, not squeezed beside it. */
  readonly isText?: boolean;
  /** The first thing on a phone's card; one column at most. */
  readonly title?: boolean;
}

interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  readonly initialSort?: { readonly key: string; readonly direction: SortDirection };
  /** Instead of rows when there are none. */
  readonly empty?: ReactNode;
}

const STEP = 100;
/** From so many columns on a tablet shows cards too. */
const WIDE_COLUMNS = 6;
/** What is seen at a glance needs no count. */
const COUNTED_FROM = 10;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const t = useText('shell');
  const locale = useLocale();
  const [sort, setSort] = useState(props.initialSort);
  const [shown, setShown] = useState(STEP);
  const sorted = useMemo(() => {
    const value = props.columns.find((column) => column.key === sort?.key)?.sortValue;
    return value && sort ? sortRows(props.rows, value, sort.direction, locale) : props.rows;
  }, [props.rows, props.columns, sort, locale]);

  if (props.rows.length === 0) return <>{props.empty ?? <p>{t('table_empty')}</p>}</>;

  const toggle = (key: string) =>
    setSort((old) => ({ key, direction: old?.key === key && old.direction === 'up' ? 'down' : 'up' }));

  return (
    <div className="torv-table" data-wide={props.columns.length >= WIDE_COLUMNS}>
      {/* The roles are the elements' own; written out, because a table laid out as cards loses them. */}
      <Table role="table" hover>
        <caption className="torv-visually-hidden">{props.caption}</caption>
        <Table.Head role="rowgroup">
          <Table.Row role="row">
            {props.columns.map((column) => (
              <Table.HeaderCell
                key={column.key}
                role="columnheader"
                scope="col"
                data-align={column.align}
                {...(column.sortValue
                  ? { sort: ariaSort(sort, column.key), onClick: () => toggle(column.key) }
                  : {})}
              >
                {column.header}
              </Table.HeaderCell>
            ))}
          </Table.Row>
        </Table.Head>
        <Table.Body role="rowgroup">
          {sorted.slice(0, shown).map((row) => (
            <Table.Row role="row" key={props.rowKey(row)}>
              {props.columns.map((column) => {
                const content = column.cell(row);
                return (
                  <Table.Cell
                    key={column.key}
                    role="cell"
                    data-align={column.align}
                    data-title={column.title}
                    data-text={column.isText}
                    data-label={column.header}
                    data-empty={content === null}
                  >
                    {content ?? '–'}
                  </Table.Cell>
                );
              })}
            </Table.Row>
          ))}
        </Table.Body>
      </Table>
      {props.rows.length >= COUNTED_FROM && (
        <div className="torv-row torv-spread torv-table-foot">
          <span className="torv-quiet">{t('table_rows', { count: props.rows.length })}</span>
          {sorted.length > shown && (
            <Button variant="secondary" data-size="sm" onClick={() => setShown(shown + STEP)}>
              {t('table_more')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function ariaSort(
  sort: { readonly key: string; readonly direction: SortDirection } | undefined,
  key: string,
): 'ascending' | 'descending' | 'none' {
  if (sort?.key !== key) return 'none';
  return sort.direction === 'up' ? 'ascending' : 'descending';
}
