/** Times of one case, and the table that people read. Pure. */

export interface Timed {
  /** Milliseconds, one for each answer. */
  readonly times: readonly number[];
  /** From the first request to the last answer. */
  readonly seconds: number;
}

export interface Result extends Timed {
  readonly name: string;
  /** Observations that each answer created; 0 for reading. */
  readonly creates: number;
  /** Of the watched processes, in milliseconds over the whole case; undefined where nobody was watched. */
  readonly processorMs: number | undefined;
}

export type Outcome = Result | { readonly name: string; readonly fault: string };

/** Nearest rank. @param share 0 to 1 */
export function toPercentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

function toCells(outcome: Outcome): readonly string[] {
  if ('fault' in outcome) return [outcome.fault.replaceAll('|', '/').slice(0, 120), '', '', '', '', ''];
  const { times, seconds, creates, processorMs } = outcome;
  return [
    round(times.length / seconds),
    creates === 0 ? '' : Math.round((times.length * creates) / seconds).toLocaleString('en'),
    ...[0.5, 0.95, 0.99].map((share) => round(toPercentile(times, share))),
    processorMs === undefined ? '' : round(processorMs / times.length),
  ];
}

const COLUMNS = ['requests/s', 'observations/s', 'p50 ms', 'p95 ms', 'p99 ms', 'processor ms'];
const toRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** One server: a row a case. */
export function renderTable(outcomes: readonly Outcome[]): readonly string[] {
  return [
    toRow(['case', ...COLUMNS]),
    toRow(['---', ...COLUMNS.map(() => '---:')]),
    ...outcomes.map((outcome) => toRow([outcome.name, ...toCells(outcome)])),
  ];
}

function toRatio(a: Outcome, b: Outcome | undefined, of: (result: Result) => number | undefined): string {
  if (b === undefined || 'fault' in a || 'fault' in b) return '';
  const [mine, theirs] = [of(a), of(b)];
  return mine === undefined || theirs === undefined || mine === 0 ? '' : round(theirs / mine);
}

/** Two servers measured in turn: how many times longer the second one takes than the first. */
export function renderRatios(first: readonly Outcome[], second: readonly Outcome[]): readonly string[] {
  const columns = ['p50', 'p95', 'p99', 'whole time', 'processor'];
  return [
    toRow(['second : first', ...columns]),
    toRow(['---', ...columns.map(() => '---:')]),
    ...first.map((outcome, i) =>
      toRow([
        outcome.name,
        ...[0.5, 0.95, 0.99].map((share) => toRatio(outcome, second[i], (r) => toPercentile(r.times, share))),
        toRatio(outcome, second[i], (r) => r.seconds / r.times.length),
        toRatio(outcome, second[i], (r) =>
          r.processorMs === undefined ? undefined : r.processorMs / r.times.length,
        ),
      ]),
    ),
  ];
}
