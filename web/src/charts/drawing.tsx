/** The drawn part of a chart: ECharts with its SVG renderer, in a chunk of its own that loads with the first chart. */
import { LineChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';

use([
  LineChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  SVGRenderer,
]);

type Chart = ReturnType<typeof init>;

interface DrawingProps {
  readonly option: EChartsCoreOption;
  readonly heightPx: number;
  /** Where the keyboard's cursor stands (x on the axis), or null. */
  readonly cursorMs: number | null;
}

export function Drawing(props: DrawingProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);

  useEffect(() => {
    if (box.current === null) return;
    const made = init(box.current, null, { renderer: 'svg' });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      made.dispose();
      chart.current = undefined;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(props.option, { notMerge: true });
  }, [props.option]);

  useEffect(() => {
    const made = chart.current;
    if (made === undefined) return;
    if (props.cursorMs === null) {
      made.dispatchAction({ type: 'hideTip' });
      return;
    }
    const x = made.convertToPixel({ xAxisIndex: 0 }, props.cursorMs);
    made.dispatchAction({ type: 'showTip', x, y: props.heightPx / 2 });
  }, [props.cursorMs, props.heightPx]);

  return <div ref={box} style={{ height: props.heightPx }} aria-hidden="true" />;
}

/** The chart as a drawing of its own, with its title and its source in it. */
export function renderSvg(option: EChartsCoreOption, title: string, subtitle: string, dark: boolean): string {
  const made = init(null, null, { renderer: 'svg', ssr: true, width: 1200, height: 640 });
  try {
    made.setOption({
      ...option,
      backgroundColor: dark ? '#201d19' : '#ffffff',
      grid: { top: 110, right: 130, bottom: 48, left: 24, containLabel: true },
      title: {
        text: title,
        subtext: subtitle,
        left: 24,
        top: 20,
        textStyle: { fontSize: 24, color: dark ? '#f0ece5' : '#2f2b24' },
        subtextStyle: { fontSize: 15, color: dark ? '#b3aca0' : '#645c50' },
      },
    });
    return made.renderToSVGString();
  } finally {
    made.dispose();
  }
}
