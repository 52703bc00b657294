/**
 * The readings that are written: 2,000 datastreams, one reading each in ten minutes, in the order of arrival with
 * one in a hundred three hours late. Deterministic; the SQL and the JavaScript form give the same rows.
 */
import { BORDER, LAST_MONTH } from './variants.ts';

export const DATASTREAMS = 2_000;
const STEP_S = 600;
const LATE_S = 3 * 3600 + 300;
const BORDER_S = Date.parse(BORDER) / 1000;

export interface Reading {
  readonly month: number;
  readonly datastream: number;
  readonly time: string;
  readonly value: number;
  readonly uplink: number;
}

/** The first quarter of all rows lies before the month's border. */
export function toFirstStep(rows: number): number {
  return BORDER_S / STEP_S - Math.floor(rows / DATASTREAMS / 4);
}

export function toReading(index: number, firstStep: number): Reading {
  const datastream = index % DATASTREAMS;
  const lateS = (index * 7919) % 100 === 0 ? LATE_S : 0;
  const timeS = (firstStep + Math.floor(index / DATASTREAMS)) * STEP_S + (datastream % STEP_S) - lateS;
  return {
    month: timeS < BORDER_S ? LAST_MONTH - 1 : LAST_MONTH,
    datastream,
    time: new Date(timeS * 1000).toISOString(),
    value: 400 + ((index * 31) % 16000) / 10,
    uplink: Math.floor(index / 4),
  };
}

/** The same as toReading for the rows from..to-1, made by the database itself: for filling only. */
export function renderFill(from: number, to: number, firstStep: number): string {
  return `
    SELECT ((CASE WHEN t < ${BORDER_S} THEN ${LAST_MONTH - 1}::bigint ELSE ${LAST_MONTH}::bigint END) << 42) | nextval('observation_sequence'),
           i % ${DATASTREAMS}, to_timestamp(t), 400 + ((i * 31) % 16000) / 10.0, i / 4, 0, 0
    FROM (SELECT i, (${firstStep} + i / ${DATASTREAMS}) * ${STEP_S} + (i % ${DATASTREAMS}) % ${STEP_S}
                    - CASE WHEN (i * 7919) % 100 = 0 THEN ${LATE_S} ELSE 0 END AS t
          FROM generate_series(${from}::bigint, ${to - 1}::bigint) AS i) AS rows`;
}
