import { useMemo, useState } from 'react';
import type { MetricAnswer } from '../api/answers.ts';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatUnit } from '../format/number.ts';
import { links } from '../routing/links.ts';
import { navigate } from '../routing/use-place.ts';
import { colorCount } from '../theme/service-color.ts';
import { useAxisBounds, useRange, useZoom } from '../time/use-range.ts';
import { Chart } from '../ui/chart.tsx';
import { EmptyState } from '../ui/state.tsx';
import { MetricLegend } from './metric-legend.tsx';
import { type HistogramStat, type MetricLine, metricLines, unitOf } from './metric-lines.ts';

/** So many lines a chart bears; the others can be chosen in the legend. */
const maxLines = 12;

export interface MetricChartProps {
  readonly answer: MetricAnswer;
  readonly service: string;
  readonly stat: HistogramStat;
  readonly stepMs: number;
  readonly isByInstance: boolean;
}

/** The lines of a metric, and a legend to choose among them. */
export function MetricChart({ answer, service, stat, stepMs, isByInstance }: MetricChartProps) {
  const range = useRange();
  const bounds = useAxisBounds(range, answer);
  const zoom = useZoom();
  const { timesMs, lines } = useMemo(
    () => metricLines(answer, { stat, stepMs, isByInstance }),
    [answer, stat, stepMs, isByInstance],
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const shown = useMemo(() => lines.filter((line, index) => chosen?.has(line.id) ?? index < maxLines), [lines, chosen]);
  const colors = useLineColors(shown);
  const series = useMemo(
    () => shown.map((line) => ({ label: line.name, colorToken: colors.get(line.id)!, values: line.values })),
    [shown, colors],
  );
  const unit = unitOf(answer, stat);
  const format = (value: number | null | undefined) => formatUnit(value, unit);
  const toggle = (id: string) => {
    const after = new Set(shown.map((line) => line.id));
    if (!after.delete(id)) after.add(id);
    setChosen(after);
  };
  if (lines.length === 0) {
    return (
      <EmptyState title="No values in this time">
        {service !== '' && `The service ${service} may not have this metric.`}
      </EmptyState>
    );
  }
  return (
    <>
      <Chart
        title={answer.name}
        timesMs={timesMs}
        series={series}
        bounds={bounds}
        format={format}
        height={300}
        showsLegend={false}
        onZoom={zoom}
        onPick={(timeMs) =>
          navigate(links.traces({ service, range: { kind: 'between', fromMs: timeMs, toMs: timeMs + stepMs } }))
        }
        pickHint="opens the traces of this moment"
      />
      <MetricLegend lines={lines} colors={colors} format={format} onToggle={toggle} />
    </>
  );
}

/** By line id. Services have their own colours where each has one line; else the lines of one could not be told apart. */
function useLineColors(shown: readonly MetricLine[]): ReadonlyMap<string, string> {
  const { colorToken } = useFleet();
  return useMemo(() => {
    const isByService = new Set(shown.map((line) => line.service)).size === shown.length;
    const inOrder = [...shown].sort((a, b) => (a.id < b.id ? -1 : 1));
    return new Map(
      inOrder.map((line, index) => [
        line.id,
        isByService ? colorToken(line.service) : `--series-${index % colorCount}`,
      ]),
    );
  }, [shown, colorToken]);
}
