import { useMemo } from 'react';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import { navigate } from '../routing/use-place.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useAxisBounds, useZoom } from '../time/use-range.ts';
import type { TraceFilters } from '../traces/trace-filters.ts';
import { Chart } from '../ui/chart.tsx';
import { column, completed, useRates } from './use-rates.ts';

/** Rate, errors and latency of a service. A click on a point opens the traces of that moment; a drag zooms in. */
export function RateCharts({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const { data, stepMs } = useRates(service, range);
  const bounds = useAxisBounds(range, data);
  const zoom = useZoom();
  const points = useMemo(() => completed(data?.points ?? [], stepMs, Date.now()), [data, stepMs]);
  const timesMs = useMemo(() => points.map((point) => point.timeMs), [points]);
  const lines = useMemo(
    () => ({
      rate: [{ label: 'requests', colorToken: '--series-0', values: column(points, 'requestsPerSecond') }],
      errors: [{ label: 'errors', colorToken: '--error', values: column(points, 'errorRate') }],
      latency: [
        { label: 'p50', colorToken: '--series-2', values: column(points, 'p50Ms') },
        { label: 'p90', colorToken: '--series-1', values: column(points, 'p90Ms') },
        { label: 'p99', colorToken: '--series-6', values: column(points, 'p99Ms') },
      ],
    }),
    [points],
  );
  const open = (filters: Partial<TraceFilters>) => (timeMs: number) =>
    navigate(links.traces({ service, range: { kind: 'between', fromMs: timeMs, toMs: timeMs + stepMs }, ...filters }));
  const shared = {
    timesMs,
    bounds,
    onZoom: zoom,
    syncKey: 'rates',
    pickHint: 'opens the traces of this moment',
    emptyText: 'No calls in this time',
  };
  return (
    <div className="rate-charts">
      <div className="panel">
        <Chart {...shared} title="Requests" series={lines.rate} format={formatRate} isFilled onPick={open({})} />
      </div>
      <div className="panel">
        <Chart
          {...shared}
          title="Errors"
          series={lines.errors}
          format={formatPercent}
          isFilled
          onPick={open({ errorsOnly: true })}
        />
      </div>
      <div className="panel">
        <Chart
          {...shared}
          title="Latency"
          series={lines.latency}
          format={formatDuration}
          onPick={open({ sort: 'slowest' })}
        />
      </div>
    </div>
  );
}
