/** A place's series as a chart: fetches the period, turns the answer into what a TimeChart draws. */

import { useQuery } from '@tanstack/react-query';
import { QUALITY } from '@torv/core/properties';
import { useMemo } from 'react';
import type { RuleInForce, SeriesAnswer } from '../answers.ts';
import { type ChartPoint, type ChartSeries, toUsualIntervalS } from '../charts/series.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Problem } from '../parts/problem.tsx';
import { useNow } from '../parts/use-now.ts';
import { Waiting } from '../parts/waiting.tsx';
import { toPeriod } from '../period.ts';
import { seriesQuery } from '../place-data.ts';
import type { Range } from '../range.ts';
import { authorityOf } from '../rules.ts';

interface PlaceChartProps {
  readonly placeId: number;
  readonly property: string;
  readonly rule: RuleInForce | null;
  readonly range: Range;
}

export function PlaceChart(props: PlaceChartProps) {
  const t = useText('places');
  const format = useFormat();
  const now = useNow();
  const { from, to } = toPeriod(props.range, now, format.timeZone);
  const { data, error, refetch } = useQuery(seriesQuery(props.placeId, props.property, from, to));
  const series = useMemo(() => (data ? toChartSeries(data) : []), [data]);
  const markers = useMemo(
    () => data?.markers.map((marker) => ({ t: marker.t, text: t('chart_replaced') })) ?? [],
    [data, t],
  );
  const thresholds = useMemo(() => {
    if (props.rule === null || data === undefined) return [];
    const limit = format.value(props.property, props.rule.limit, data.unit, 'words');
    return [{ value: props.rule.limit, label: t('chart_threshold', { limit }) }];
  }, [props.rule, props.property, data, format, t]);

  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Waiting heightRem={20} />;
  const sensors = [...new Set(data.series.map((one) => one.sensor))].join(', ');
  return (
    <TimeChart
      property={data.property}
      unit={data.unit}
      from={data.from}
      to={data.to}
      expectedIntervalS={data.expectedIntervalS ?? toUsualIntervalS(series)}
      series={series}
      thresholds={thresholds}
      markers={markers}
      {...(data.occupied === undefined ? {} : { occupied: data.occupied })}
      {...(data.coverage === null ? {} : { coverage: data.coverage })}
      {...(sensors === '' ? {} : { source: sensors })}
      {...(props.rule === null ? {} : { rule: toRule(props.rule, data.unit) })}
    />
  );

  function toRule(rule: RuleInForce, unit: string): string {
    const limit = format.value(props.property, rule.limit, unit, 'words');
    const authority = authorityOf(rule.key);
    return authority === undefined ? t('chart_rule_plain', { limit }) : t('chart_rule', { limit, authority });
  }
}

/** One room, one line: a replaced sensor goes on in the same line, and the marker says where. */
export function toChartSeries(answer: SeriesAnswer): readonly ChartSeries[] {
  const points = answer.series
    .flatMap((one) => one.points)
    .map(([t, mean, min, max, n, flags]): ChartPoint => {
      const spread = min !== null && max !== null && n > 1 ? { min, max } : {};
      return { t, mean, n, ...spread, ...(flags & QUALITY.implausible ? { flagged: true } : {}) };
    })
    .sort((a, b) => Date.parse(a.t) - Date.parse(b.t));
  return points.length === 0 ? [] : [{ key: answer.property, name: answer.property, points }];
}
