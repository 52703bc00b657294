/**
 * The ways to key observations that are compared. Each makes the same logical table and answers the same queries;
 * nothing here knows which database it runs on.
 */

export interface Variant {
  readonly name: 'candidate' | 'plain' | 'by-id' | 'brin' | 'int4' | 'bare';
  readonly says: string;
  /** What the table is partitioned by. */
  readonly partitionBy: 'phenomenon_start' | 'id' | undefined;
  readonly idIndex: 'btree' | 'brin' | undefined;
  readonly unique: boolean;
  readonly datastreamType: 'bigint' | 'integer';
}

const candidate: Variant = {
  name: 'candidate',
  says: 'monthly partitions by phenomenon_start, btree (id), unique (datastream, time, channel)',
  partitionBy: 'phenomenon_start',
  idIndex: 'btree',
  unique: true,
  datastreamType: 'bigint',
};

export const VARIANTS = {
  candidate,
  plain: { ...candidate, name: 'plain', says: 'one table, same keys', partitionBy: undefined },
  'by-id': {
    ...candidate,
    name: 'by-id',
    says: 'partitions by range of id, unique per partition',
    partitionBy: 'id',
  },
  brin: { ...candidate, name: 'brin', says: 'the candidate with BRIN (id) of 16 pages', idIndex: 'brin' },
  int4: {
    ...candidate,
    name: 'int4',
    says: 'the candidate with a 32-bit datastream_id',
    datastreamType: 'integer',
  },
  bare: {
    ...candidate,
    name: 'bare',
    says: 'the candidate without any index',
    idIndex: undefined,
    unique: false,
  },
} as const satisfies Record<string, Variant>;

/** Months since January 1900, as core/src/ids.ts counts; the readings lie in the last two of 24 partitions. */
export const LAST_MONTH = 1518; // July 2026
export const FIRST_MONTH = LAST_MONTH - 22;
export const BORDER = '2026-07-01T00:00:00Z';
export const MONTHS = Array.from({ length: 24 }, (_, n) => FIRST_MONTH + n);

export function toMonthStart(month: number): string {
  return new Date(Date.UTC(1900, month, 1)).toISOString();
}

export function toPartition(month: number): string {
  return `observations_${month}`;
}

export function renderTable(variant: Variant): string {
  const { partitionBy, idIndex, unique, datastreamType } = variant;
  // the order of columns is that of server/migrations/0002; 32 bits fit beside the two 16-bit columns
  const early = datastreamType === 'bigint' ? 'datastream_id bigint NOT NULL,' : '';
  const late = datastreamType === 'integer' ? 'datastream_id integer NOT NULL,' : '';
  const bounds = (month: number): string =>
    partitionBy === 'id'
      ? `FROM (${BigInt(month) << 42n}) TO (${BigInt(month + 1) << 42n})`
      : `FROM ('${toMonthStart(month)}') TO ('${toMonthStart(month + 1)}')`;
  const partitions =
    partitionBy === undefined
      ? []
      : [
          ...MONTHS.map(
            (month) =>
              `CREATE TABLE ${toPartition(month)} PARTITION OF observations FOR VALUES ${bounds(month)};`,
          ),
          'CREATE TABLE observations_other PARTITION OF observations DEFAULT;',
        ];
  // A unique index of the whole must hold the partition key: partitioned by id it can only be one per partition.
  const reading = '(datastream_id, phenomenon_start, channel)';
  const uniques =
    partitionBy === 'id'
      ? [...MONTHS.map(toPartition), 'observations_other'].map(
          (table) => `CREATE UNIQUE INDEX ON ${table} ${reading};`,
        )
      : [`CREATE UNIQUE INDEX observations_reading ON observations ${reading};`];
  return `
    DROP TABLE IF EXISTS observations; DROP SEQUENCE IF EXISTS observation_sequence;
    CREATE SEQUENCE observation_sequence CACHE 100;
    CREATE TABLE observations (
      id bigint NOT NULL, ${early} phenomenon_start timestamptz NOT NULL, result_number double precision,
      uplink_id bigint, ${late} quality smallint NOT NULL DEFAULT 0, channel smallint, phenomenon_end timestamptz,
      result_time timestamptz, feature_id bigint, valid_start timestamptz, valid_end timestamptz, result_json text,
      parameters jsonb, parameters_text text, result_quality text
    ) ${partitionBy === undefined ? '' : `PARTITION BY RANGE (${partitionBy})`};
    ${partitions.join('\n')}
    ${unique ? uniques.join('\n') : ''}
    ${idIndex === 'btree' ? 'CREATE INDEX observations_id ON observations (id);' : ''}
    ${idIndex === 'brin' ? 'CREATE INDEX observations_id ON observations USING brin (id) WITH (pages_per_range = 16);' : ''}`;
}
