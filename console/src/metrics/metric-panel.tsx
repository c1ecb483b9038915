import { useCallback, useMemo, useState } from 'react';
import type { MetricAnswer, MetricName } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatUnit } from '../format/number.ts';
import { links } from '../routing/links.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { colorCount } from '../theme/service-color.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';
import { useAxisBounds, useRange, useZoom } from '../time/use-range.ts';
import { Chart } from '../ui/chart.tsx';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { MetricLegend } from './metric-legend.tsx';
import {
  type HistogramStat,
  hasOverflow,
  histogramStats,
  type MetricLine,
  metricLines,
  unitOf,
} from './metric-lines.ts';

/** So many lines a chart bears; the others can be chosen in the legend. */
const maxLines = 12;

/** One metric: a chart with a line for each service and label set, and a legend to choose among them. */
export function MetricPanel({
  name,
  about,
  service,
}: {
  readonly name: string;
  readonly about: MetricName | undefined;
  readonly service: string;
}) {
  const place = usePlace();
  const range = useRange();
  const zoom = useZoom();
  const stepMs = stepFor(lengthOf(range));
  const poll = useMetric(name, service, range, stepMs);
  const bounds = useAxisBounds(range, poll.data);
  const stat = histogramStats.find((each) => each === place.params.get('stat')) ?? 'p99';
  const { timesMs, lines } = useMemo(
    () => (poll.data ? metricLines(poll.data, stat, stepMs) : { timesMs: [], lines: [] }),
    [poll.data, stat, stepMs],
  );
  const [hidden, setHidden] = useState<ReadonlySet<string>>();
  const isHidden = useCallback(
    (line: MetricLine, index: number) => hidden?.has(line.id) ?? index >= maxLines,
    [hidden],
  );
  const colors = useLineColors(lines);
  const series = useMemo(
    () =>
      lines.flatMap((line, index) =>
        isHidden(line, index) ? [] : [{ label: line.name, colorToken: colors(line, index), values: line.values }],
      ),
    [lines, colors, isHidden],
  );
  const unit = poll.data === undefined ? '' : unitOf(poll.data, stat);
  const format = (value: number | null | undefined) => formatUnit(value, unit);
  const toggle = (id: string) => {
    const before = hidden ?? new Set(lines.slice(maxLines).map((line) => line.id));
    const after = new Set(before);
    if (!after.delete(id)) after.add(id);
    setHidden(after);
  };
  const setStat = (next: HistogramStat) =>
    navigate(formatPlace(place.path, { ...paramsOf(place), stat: next }), { replace: true });
  return (
    <Panel
      title={name}
      isBusy={poll.isLoading && poll.data !== undefined}
      aside={poll.data?.type === 'histogram' ? <StatPicker stat={stat} onChange={setStat} /> : poll.data?.type}
    >
      <p className="metric-about">{about?.description || 'This metric has no description.'}</p>
      {poll.data !== undefined && hasOverflow(poll.data.series) && (
        <p className="metric-overflow">
          Too many label values: some are counted together under “overflow”, so figures by label are too low.
        </p>
      )}
      {poll.data?.incomplete === true && (
        <p className="metric-overflow">There are more lines than these: choose a service to see all of it.</p>
      )}
      {poll.data === undefined && poll.error === undefined && <Skeleton rows={8} />}
      {poll.data === undefined && poll.error !== undefined && <ErrorState error={poll.error} onRetry={poll.reload} />}
      {poll.data !== undefined && lines.length === 0 && (
        <EmptyState title="No values in this time">
          {service !== '' && `The service ${service} may not have this metric.`}
        </EmptyState>
      )}
      {lines.length > 0 && (
        <>
          <Chart
            title={name}
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
          <MetricLegend lines={lines} colorOf={colors} isHidden={isHidden} format={format} onToggle={toggle} />
        </>
      )}
    </Panel>
  );
}

function useMetric(name: string, service: string, range: TimeRange, stepMs: number) {
  const client = useCollector();
  return usePoll<MetricAnswer>(
    `metric ${name} ${service} ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      return client.get('metrics', { name, service, since: sinceMs, until: untilMs, stepMs }, signal);
    },
    range.kind === 'last' ? 5000 : undefined,
  );
}

/** Services have their own colours where each has one line; else the lines of one service could not be told apart. */
function useLineColors(lines: readonly MetricLine[]): (line: MetricLine, index: number) => string {
  const { colorToken } = useFleet();
  return useMemo(() => {
    const isByService = new Set(lines.map((line) => line.service)).size === lines.length;
    const order = new Map(
      lines
        .map((line) => line.id)
        .sort()
        .map((id, index) => [id, index]),
    );
    return (line) => (isByService ? colorToken(line.service) : `--series-${(order.get(line.id) ?? 0) % colorCount}`);
  }, [lines, colorToken]);
}

function StatPicker({
  stat,
  onChange,
}: {
  readonly stat: HistogramStat;
  readonly onChange: (stat: HistogramStat) => void;
}) {
  return (
    <fieldset className="stats" aria-label="Statistic">
      {histogramStats.map((each) => (
        <button
          key={each}
          type="button"
          className="button"
          data-size="small"
          aria-pressed={each === stat}
          onClick={() => onChange(each)}
        >
          {each}
        </button>
      ))}
    </fieldset>
  );
}
