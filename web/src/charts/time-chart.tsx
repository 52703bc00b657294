/**
 * A chart over time that says what it shows: finding as title, measure and unit below, the drawing, then source,
 * rule, coverage, a table of the same numbers and the files. Arrow keys walk through the readings.
 */
import { Button, Dropdown, Heading } from '@digdir/designsystemet-react';
import { DownloadIcon } from '@navikt/aksel-icons';
import { toReadable } from '@torv/core/readable-unit';
import { type KeyboardEvent, lazy, Suspense, useCallback, useId, useMemo, useState } from 'react';
import type { Format } from '../i18n/bound-format.ts';
import { useText } from '../i18n/language.tsx';
import { useIsDark } from '../parts/color-scheme.ts';
import { useIsNarrow } from '../parts/use-narrow.ts';
import { useWords } from '../parts/use-words.ts';
import { Waiting } from '../parts/waiting.tsx';
import { ChartTable } from './chart-table.tsx';
import { toCsv } from './csv.ts';
import { savePng, saveText } from './download.ts';
import { toFinding } from './finding.ts';
import { type ChartSeries, countGaps, toAxis, toExtent, toLargest } from './series.ts';
import { toTicks } from './ticks.ts';
import { type Threshold, type TimeDrawing, toTimeOption } from './time-option.ts';
import './time-chart.css';
import { loadPart } from '../parts/load-part.ts';

const Drawing = lazy(async () => ({ default: (await loadPart(() => import('./drawing.tsx'))).Drawing }));

export interface TimeChartProps {
  readonly property: string;
  readonly unit: string;
  readonly from: string;
  readonly to: string;
  readonly expectedIntervalS: number;
  readonly series: readonly ChartSeries[];
  /** The finding; made from the data when left out. */
  readonly title?: string;
  readonly headingLevel?: 2 | 3;
  /** The first one is the rule that the finding speaks of. */
  readonly thresholds?: readonly Threshold[];
  readonly occupied?: readonly (readonly [from: string, until: string])[];
  readonly markers?: readonly { readonly t: string; readonly text: string }[];
  /** Share of the expected readings, 0 to 1. */
  readonly coverage?: number;
  readonly source?: string;
  /** The rule as a line of text. */
  readonly rule?: string;
  readonly heightPx?: number;
}

export function TimeChart(props: TimeChartProps) {
  const t = useText('places');
  const words = useWords();
  const { format } = words;
  const dark = useIsDark();
  const narrow = useIsNarrow();
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const heightPx = props.heightPx ?? 320;
  const largest = useMemo(() => toLargest(props.series), [props.series]);

  const times = useMemo(() => {
    const all = props.series.flatMap(({ points }) =>
      points.filter((p) => p.mean !== null).map((p) => Date.parse(p.t)),
    );
    return [...new Set(all)].sort((a, b) => a - b);
  }, [props.series]);
  const describe = useDescribe(props, times);
  const { property, unit, from, to, expectedIntervalS, series, thresholds, occupied, markers } = props;
  const drawing = useMemo(
    () =>
      toDrawing(
        { property, unit, from, to, expectedIntervalS, series },
        { thresholds: thresholds ?? [], occupied: occupied ?? [], markers: markers ?? [] },
        format,
        describe,
        narrow,
      ),
    [
      property,
      unit,
      from,
      to,
      expectedIntervalS,
      series,
      thresholds,
      occupied,
      markers,
      format,
      describe,
      narrow,
    ],
  );
  const option = useMemo(
    () => (drawing ? toTimeOption(drawing, { dark, ...toPlotSize(narrow, heightPx) }) : undefined),
    [drawing, dark, narrow, heightPx],
  );

  const limit = props.thresholds?.[0]?.value;
  const title =
    props.title ??
    toFinding(words, {
      ...props,
      ...(limit === undefined ? {} : { limit }),
      ...(props.occupied ? { occupied: props.occupied } : {}),
    });
  const subtitle = toSubtitle();
  const file = `${props.property}-${props.from.slice(0, 10)}-${props.to.slice(0, 10)}`;
  const notes = toNotes();

  function toSubtitle(): string {
    const name = format.property(property);
    const { symbol } = toReadable(largest, unit);
    return symbol === ''
      ? t('chart_subtitle_plain', { property: name, period: toPeriodText() })
      : t('chart_subtitle', { property: name, unit: symbol, period: toPeriodText() });
  }

  /** Whole days are told as days; the end is not part of the period. */
  function toPeriodText(): string {
    const last = Date.parse(to) - 1;
    const whole = [from, to].every((end) => /^0?0[:.]00$/.test(format.moment(end, 'time')));
    const first = format.moment(from, whole ? 'day' : 'moment');
    const until = format.moment(whole ? last : to, whole ? 'day' : 'moment');
    return first === until ? first : t('chart_period', { from: first, to: until });
  }

  function toNotes(): readonly string[] {
    const gaps = props.series.reduce((sum, one) => sum + countGaps(one.points, props.expectedIntervalS), 0);
    return [
      drawing && drawing.axis.min !== 0
        ? t('chart_axis_cut', {
            value: format.value(props.property, drawing.axis.min, props.unit, 'words', largest),
          })
        : '',
      props.rule ?? '',
      props.coverage === undefined
        ? ''
        : `${t('chart_coverage', { percent: format.share(props.coverage) })}.`,
      gaps === 0 ? '' : t('chart_gaps', { count: gaps }),
      props.source === undefined ? '' : t('chart_source', { source: props.source }),
    ].filter((note) => note !== '');
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const last = times.length - 1;
    const at = cursor ?? last + 1;
    const next = { ArrowLeft: at - 1, ArrowRight: cursor === null ? 0 : at + 1, Home: 0, End: last }[
      event.key
    ];
    if (event.key === 'Escape') setCursor(null);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(last, next)));
  };

  const savePicture = async (kind: 'png' | 'svg') => {
    if (option === undefined) return;
    const { renderSvg } = await import('./drawing.tsx');
    const svg = renderSvg(option, title, [subtitle, ...notes].join(' · '), dark);
    if (kind === 'svg') saveText(`${file}.svg`, 'image/svg+xml', svg);
    else await savePng(`${file}.png`, svg);
  };

  const cursorMs = cursor === null ? null : (times[cursor] ?? null);
  return (
    <figure className="torv-chart" aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`}>
      <figcaption>
        <Heading level={props.headingLevel ?? 3} data-size="2xs" id={`${id}-title`}>
          {title}
        </Heading>
        <p className="torv-quiet torv-chart-subtitle">{subtitle}</p>
      </figcaption>
      <p id={`${id}-text`} className="torv-visually-hidden">
        {toAlternative()}
      </p>
      {option !== undefined && !asTable && (
        <Suspense fallback={<Waiting heightRem={heightPx / 16} />}>
          <div
            role="slider"
            tabIndex={0}
            className="torv-chart-canvas"
            aria-label={title}
            aria-describedby={`${id}-keys`}
            aria-valuemin={0}
            aria-valuemax={Math.max(0, times.length - 1)}
            aria-valuenow={cursor ?? Math.max(0, times.length - 1)}
            aria-valuetext={describe(cursorMs ?? times.at(-1) ?? 0)}
            onKeyDown={onKeyDown}
            onBlur={() => setCursor(null)}
          >
            <Drawing option={option} heightPx={heightPx} cursorMs={cursorMs} />
          </div>
          <p id={`${id}-keys`} className="torv-visually-hidden">
            {t('chart_keys')}
          </p>
        </Suspense>
      )}
      {asTable && (
        <ChartTable title={title} property={props.property} unit={props.unit} series={props.series} />
      )}
      <div className="torv-chart-foot">
        <p className="torv-quiet torv-prose">{notes.join(' ')}</p>
        {option !== undefined && (
          <div className="torv-row torv-no-print" style={{ gap: '0.25rem' }}>
            <Button
              variant="tertiary"
              data-size="sm"
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              {t(asTable ? 'chart_picture' : 'chart_table')}
            </Button>
            <Dropdown.TriggerContext>
              <Dropdown.Trigger variant="tertiary" data-size="sm">
                <DownloadIcon aria-hidden />
                {t('chart_download')}
              </Dropdown.Trigger>
              <Dropdown>
                <Dropdown.List>
                  <Dropdown.Item>
                    <Dropdown.Button onClick={() => void savePicture('png')}>
                      {t('chart_download_png')}
                    </Dropdown.Button>
                  </Dropdown.Item>
                  <Dropdown.Item>
                    <Dropdown.Button onClick={() => void savePicture('svg')}>
                      {t('chart_download_svg')}
                    </Dropdown.Button>
                  </Dropdown.Item>
                  <Dropdown.Item>
                    <Dropdown.Button
                      onClick={() => saveText(`${file}.csv`, 'text/csv', toCsv(props.series, props.unit))}
                    >
                      {t('chart_download_csv')}
                    </Dropdown.Button>
                  </Dropdown.Item>
                </Dropdown.List>
              </Dropdown>
            </Dropdown.TriggerContext>
          </div>
        )}
      </div>
    </figure>
  );

  function toAlternative(): string {
    const extent = toExtent(props.series);
    const last = times.at(-1);
    if (extent === undefined || last === undefined) return t('chart_text_empty', { title, subtitle });
    const show = (value: number) => format.value(props.property, value, props.unit, 'table', largest);
    const latest =
      props.series.flatMap(({ points }) => points).findLast((p) => Date.parse(p.t) === last)?.mean ?? 0;
    return t('chart_text', {
      title,
      subtitle,
      low: show(extent.low),
      high: show(extent.high),
      last: show(latest),
      time: format.moment(last),
    });
  }
}

/** What is left for the data between the axes, on the smallest screen of its kind. */
function toPlotSize(narrow: boolean, heightPx: number) {
  return { widthPx: narrow ? 250 : 560, heightPx: heightPx - 60 };
}

type Data = Pick<TimeChartProps, 'property' | 'unit' | 'from' | 'to' | 'expectedIntervalS' | 'series'>;
type Background = Required<Pick<TimeChartProps, 'thresholds' | 'occupied' | 'markers'>>;

function toDrawing(
  data: Data,
  behind: Background,
  format: Format,
  describe: (ms: number) => string,
  narrow: boolean,
): TimeDrawing | undefined {
  const extent = toExtent(data.series);
  if (extent === undefined) return undefined;
  const fromMs = Date.parse(data.from);
  const toMs = Date.parse(data.to);
  const limits = behind.thresholds.map((one) => one.value);
  const ticks = toTicks(fromMs, toMs, format.timeZone, narrow ? 4 : 8);
  return {
    series: data.series,
    expectedIntervalS: data.expectedIntervalS,
    fromMs,
    toMs,
    axis: toAxis(data.property, data.unit, extent, limits),
    ticks,
    thresholds: behind.thresholds,
    occupied: behind.occupied.map(([a, b]) => [Date.parse(a), Date.parse(b)] as const),
    markers: behind.markers.map((marker) => ({ ms: Date.parse(marker.t), text: marker.text })),
    formatValue: (value) => toTickText(format, toReadable(value, data.unit, toLargest(data.series)).value),
    formatTick: (ms) => format.moment(ms, narrow && ticks.style === 'day' ? 'short' : ticks.style),
    describe,
  };
}

/** As many decimals as the number has, at most two: 0.25 kW is not 0.3 kW. */
function toTickText(format: Format, value: number): string {
  const decimals = [0, 1].find((digits) => Math.abs(value - Number(value.toFixed(digits))) < 1e-9) ?? 2;
  return format.number(value, decimals);
}

/** The readings at the moment nearest to `ms`, as a sentence per series; a moment inside a gap says so. */
function useDescribe(props: TimeChartProps, times: readonly number[]): (ms: number) => string {
  const t = useText('places');
  const { format } = useWords();
  const largest = useMemo(() => toLargest(props.series), [props.series]);
  return useCallback(
    (ms: number) => {
      const nearest = times.reduce(
        (best, one) => (Math.abs(one - ms) < Math.abs(best - ms) ? one : best),
        times[0] ?? ms,
      );
      const time = format.moment(nearest, 'moment');
      if (Math.abs(nearest - ms) > props.expectedIntervalS * 3000) {
        return t('chart_tip_gap', { time: format.moment(ms, 'moment') });
      }
      const show = (value: number) => format.value(props.property, value, props.unit, 'table', largest);
      return props.series
        .flatMap(({ name, points }) => {
          const point = points.find((one) => Date.parse(one.t) === nearest);
          if (point?.mean == null) return [];
          const value = show(point.mean);
          const series = props.series.length > 1 ? name : format.property(props.property);
          const spread = point.min !== undefined && point.max !== undefined && (point.n ?? 2) > 1;
          const text = spread
            ? t('chart_tip_range', {
                time,
                series,
                value,
                low: show(point.min ?? 0),
                high: show(point.max ?? 0),
              })
            : t('chart_tip', { time, series, value });
          return [point.flagged ? `${text} (${t('chart_tip_flagged')})` : text];
        })
        .join('\n');
    },
    [props.series, props.property, props.unit, props.expectedIntervalS, times, largest, t, format],
  );
}
