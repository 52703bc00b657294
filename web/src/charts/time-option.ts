/**
 * A chart's data as an ECharts option in our one look. Colours are values here because a drawing that is saved
 * as a file has no style sheet. Nothing is smoothed and nothing bridged.
 */
import type { EChartsCoreOption } from 'echarts/core';
import { findLabelSpot, type LabelSpot } from './label-spot.ts';
import { type Axis, breakAtGaps, type Cell, type ChartSeries } from './series.ts';
import type { Ticks } from './ticks.ts';

export interface Look {
  readonly dark: boolean;
  /** The least room that the drawing has; more is never wrong. */
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Threshold {
  readonly value: number;
  readonly label: string;
}

export interface TimeDrawing {
  readonly series: readonly ChartSeries[];
  readonly expectedIntervalS: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly axis: Axis;
  readonly ticks: Ticks;
  readonly thresholds: readonly Threshold[];
  readonly occupied: readonly (readonly [fromMs: number, untilMs: number])[];
  readonly markers: readonly { readonly ms: number; readonly text: string }[];
  readonly formatValue: (value: number) => string;
  readonly formatTick: (ms: number) => string;
  readonly describe: (ms: number) => string;
}

const LIGHT = {
  text: '#2f2b24',
  quiet: '#645c50',
  line: '#dcd7cd',
  surface: '#ffffff',
  occupied: 'rgba(95,87,74,0.08)',
  threshold: '#9a5000',
  band: 'rgba(154,80,0,0.06)',
  series: ['#0b5f6b', '#b0470a', '#6b3fa0', '#2b6cb0', '#5f6b12'],
};
const DARK = {
  text: '#f0ece5',
  quiet: '#b3aca0',
  line: '#3d3831',
  surface: '#201d19',
  occupied: 'rgba(255,244,224,0.07)',
  threshold: '#f2b14f',
  band: 'rgba(242,177,79,0.07)',
  series: ['#5cc8d6', '#ff9a5c', '#c4a1f2', '#86b8f5', '#c3cf62'],
};

/** More series than this get a legend: their labels would cover each other. */
const MOST_DIRECT_LABELS = 5;

export function toTimeOption(drawing: TimeDrawing, look: Look): EChartsCoreOption {
  const colors = look.dark ? DARK : LIGHT;
  const spots = drawing.thresholds.map((one) => toSpot(drawing, look, one));
  const outside = drawing.thresholds.filter((_, i) => spots[i] === undefined);
  const direct = drawing.series.length > 1 && drawing.series.length <= MOST_DIRECT_LABELS;
  return {
    animation: false,
    textStyle: { fontFamily: '"Inter Variable", system-ui, sans-serif', color: colors.text },
    grid: { top: 24, right: direct ? 112 : 16, bottom: 28, left: 8, containLabel: true },
    ...(drawing.series.length > MOST_DIRECT_LABELS
      ? { legend: { type: 'scroll', top: 0, textStyle: { color: colors.text } } }
      : {}),
    xAxis: {
      type: 'value',
      min: drawing.fromMs,
      max: drawing.toMs,
      axisLine: { lineStyle: { color: colors.quiet } },
      axisTick: { show: true, customValues: drawing.ticks.atMs, lineStyle: { color: colors.quiet } },
      axisLabel: {
        customValues: drawing.ticks.atMs,
        formatter: drawing.formatTick,
        color: colors.quiet,
        fontSize: 13,
        hideOverlap: true,
      },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: drawing.axis.min,
      max: drawing.axis.max,
      interval: drawing.axis.step,
      // in the margin above the drawing, where no data ever are
      ...(outside.length === 0
        ? {}
        : {
            name: outside.map((one) => `╌╌ ${one.label}`).join('   '),
            nameLocation: 'end',
            nameGap: 8,
            nameTextStyle: { color: colors.threshold, fontSize: 13, align: 'left' },
          }),
      axisLabel: { formatter: drawing.formatValue, color: colors.quiet, fontSize: 13 },
      splitLine: { lineStyle: { color: colors.line } },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: colors.surface,
      borderColor: colors.quiet,
      textStyle: { color: colors.text, fontSize: 14 },
      extraCssText: 'max-width:20rem;white-space:normal;box-shadow:none',
      axisPointer: { type: 'line', lineStyle: { color: colors.quiet, type: 'solid' } },
      formatter: (items: unknown) => escapeHtml(drawing.describe(hoveredMs(items))),
    },
    series: [
      toGround(drawing, colors, spots),
      ...drawing.series.flatMap((one, index) => {
        const color = colors.series[index % colors.series.length] ?? colors.text;
        return toLines(one, breakAtGaps(one.points, drawing.expectedIntervalS), color, direct);
      }),
    ],
  };
}

function toSpot(drawing: TimeDrawing, look: Look, threshold: Threshold): LabelSpot | undefined {
  const { min, max } = drawing.axis;
  const plot = { ...look, fromMs: drawing.fromMs, toMs: drawing.toMs, min, max };
  return findLabelSpot(plot, threshold.value, threshold.label, drawing.series, drawing.expectedIntervalS);
}

/** What lies behind the data: occupied time, the band above each threshold, markers. */
function toGround(
  drawing: TimeDrawing,
  colors: typeof LIGHT,
  spots: readonly (LabelSpot | undefined)[],
): object {
  return {
    type: 'line',
    name: 'ground',
    data: [],
    silent: true,
    markArea: {
      silent: true,
      data: [
        ...drawing.occupied.map(([from, until]) => [
          { xAxis: Math.max(from, drawing.fromMs), itemStyle: { color: colors.occupied } },
          { xAxis: Math.min(until, drawing.toMs) },
        ]),
        ...drawing.thresholds.map((threshold) => [
          { yAxis: threshold.value, itemStyle: { color: colors.band } },
          { yAxis: drawing.axis.max },
        ]),
      ],
    },
    markLine: {
      silent: true,
      symbol: 'none',
      data: [
        ...drawing.thresholds.map((threshold, i) => ({
          yAxis: threshold.value,
          lineStyle: { color: colors.threshold, type: 'dashed', width: 1.5 },
          label: {
            show: spots[i] !== undefined,
            formatter: threshold.label,
            position: spots[i] ?? 'insideStartTop',
            color: colors.threshold,
            fontSize: 13,
          },
        })),
        ...drawing.markers.map((marker) => ({
          xAxis: marker.ms,
          lineStyle: { color: colors.quiet, type: 'dotted', width: 1.5 },
          label: { formatter: marker.text, position: 'insideEndTop', color: colors.quiet, fontSize: 13 },
        })),
      ],
    },
  };
}

function toLines(one: ChartSeries, cells: readonly Cell[], color: string, label: boolean): object[] {
  const envelope = one.points.some((point) => point.min !== undefined && point.max !== undefined);
  const low = cells.map(({ ms, point }) => [ms, point ? (point.min ?? point.mean) : null]);
  const spread = cells.map(({ ms, point }) => [
    ms,
    point ? (point.max ?? point.mean ?? 0) - (point.min ?? point.mean ?? 0) : null,
  ]);
  const hidden = {
    type: 'line',
    symbol: 'none',
    silent: true,
    tooltip: { show: false },
    lineStyle: { width: 0 },
  };
  const mean = {
    type: 'line',
    name: one.name,
    data: cells.map(({ ms, point }, index) => ({
      value: [ms, point?.mean ?? null],
      symbol: point?.flagged ? 'diamond' : isAlone(cells, index) ? 'circle' : 'none',
      symbolSize: point?.flagged ? 9 : 5,
    })),
    showAllSymbol: true,
    connectNulls: false,
    color,
    lineStyle: { width: 2, color },
    emphasis: { disabled: true },
    ...(label
      ? {
          endLabel: {
            show: true,
            formatter: one.name,
            color,
            fontSize: 13,
            width: 100,
            overflow: 'truncate',
          },
          labelLayout: { moveOverlap: 'shiftY' },
        }
      : {}),
  };
  if (!envelope) return [mean];
  return [
    { ...hidden, name: `${one.key} low`, stack: `${one.key} envelope`, stackStrategy: 'all', data: low },
    {
      ...hidden,
      name: `${one.key} spread`,
      stack: `${one.key} envelope`,
      stackStrategy: 'all',
      data: spread,
      areaStyle: { color, opacity: 0.18 },
    },
    mean,
  ];
}

/** A reading between two gaps has no line to be seen by. */
function isAlone(cells: readonly Cell[], index: number): boolean {
  return cells[index]?.point != null && cells[index - 1]?.point == null && cells[index + 1]?.point == null;
}

function hoveredMs(items: unknown): number {
  const first: unknown = Array.isArray(items) ? items[0] : items;
  const value = (first as { readonly axisValue?: unknown } | undefined)?.axisValue;
  return Number(value);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`).replaceAll('\n', '<br>');
}
