import './traces-view.css';
import { useMemo, useState } from 'react';
import type { TraceSummary, TracesAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { AppLink } from '../fleet/app-link.tsx';
import { links } from '../routing/links.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { describeRange } from '../time/time-range.ts';
import { useAxisBounds, useZoom } from '../time/use-range.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { TraceFilterBar } from './trace-filter-bar.tsx';
import { isNarrowed, parseTraceFilters, type TraceFilters, type TraceSort, traceLimits } from './trace-filters.ts';
import { TraceScatter } from './trace-scatter.tsx';
import { TraceTable } from './trace-table.tsx';
import { sortTraces, useTraces } from './use-traces.ts';

/** The trace search: filters, each trace as a point over time, and the same traces as a table. */
export function TracesView() {
  const { params } = usePlace();
  const filters = useMemo(() => parseTraceFilters(params), [params]);
  const [isPaused, setIsPaused] = useState(false);
  const poll = useTraces(filters, isPaused);
  const traces = useMemo(() => sortTraces(poll.data?.traces ?? [], filters.sort), [poll.data, filters.sort]);
  const bounds = useAxisBounds(filters.range, poll.data);
  const zoom = useZoom();
  const change = (changed: Partial<TraceFilters>, replace = false) =>
    navigate(links.traces({ ...filters, ...changed }), { replace });
  const isFull = traces.length >= filters.limit;
  const nextLimit = traceLimits.find((limit) => limit > filters.limit);
  return (
    <>
      <div className="page-head">
        <h1>Traces</h1>
        <div className="page-links">
          <a className="button" href={links.logs({ service: filters.service, range: filters.range })}>
            Logs
          </a>
          {filters.range.kind === 'last' && (
            <button type="button" className="button" aria-pressed={isPaused} onClick={() => setIsPaused(!isPaused)}>
              {isPaused ? 'Updates paused' : 'Pause updates'}
            </button>
          )}
        </div>
      </div>
      <div className="stack">
        <TraceFilterBar filters={filters} onChange={change} />
        <Panel
          title={poll.data === undefined ? 'Traces' : countText(traces.length, isFull, filters.sort)}
          aside={traces.length > 0 && <TraceScatterLegend />}
          isBusy={poll.isLoading && poll.data !== undefined}
        >
          {traces.length > 0 && (
            <TraceScatter traces={traces} bounds={isFull ? extentOf(traces) : bounds} onZoom={zoom} />
          )}
          {poll.data === undefined && poll.error === undefined && <Skeleton rows={10} rowPx={34} />}
          {poll.error?.kind === 'refused' && <ErrorState error={poll.error} onRetry={poll.reload} />}
          {poll.data === undefined && poll.error?.kind === 'away' && (
            <ErrorState error={poll.error} onRetry={poll.reload} />
          )}
          {poll.data !== undefined && poll.error?.kind !== 'refused' && traces.length === 0 && (
            <NoTraces filters={filters} onChange={change} />
          )}
          {traces.length > 0 && poll.error?.kind !== 'refused' && <TraceTable traces={traces} label="Traces" />}
        </Panel>
        {isFull && nextLimit !== undefined && (
          <button type="button" className="button more" onClick={() => change({ limit: nextLimit }, true)}>
            Show up to {nextLimit}
          </button>
        )}
      </div>
    </>
  );
}

/** The time that the traces themselves cover, where the newest are only the end of the range. */
function extentOf(traces: readonly TraceSummary[]): readonly [number, number] {
  const starts = traces.map((trace) => trace.startMs);
  return [Math.min(...starts), Math.max(...starts) + 1];
}

function countText(count: number, isFull: boolean, sort: TraceSort): string {
  if (isFull)
    return `Newest ${count} traces${sort === 'newest' ? '' : `, ${sort === 'slowest' ? 'slowest' : 'largest'} first`}`;
  return count === 1 ? '1 trace' : `${count} traces`;
}

function TraceScatterLegend() {
  return (
    <span className="scatter-legend" aria-hidden="true">
      <span>
        <i /> ok
      </span>
      <span>
        <i data-error /> error
      </span>
    </span>
  );
}

interface NoTracesProps {
  readonly filters: TraceFilters;
  readonly onChange: (changed: Partial<TraceFilters>) => void;
}

/** Tells an empty collector from a search that finds nothing: the advice differs. */
function NoTraces({ filters, onChange }: NoTracesProps) {
  const client = useCollector();
  const { data } = usePoll<TracesAnswer>('any trace', (signal) => client.get('traces', { limit: 1 }, signal), 3000);
  if (data === undefined) return <Skeleton rows={4} rowPx={34} />;
  if (data.traces.length === 0) {
    return (
      <EmptyState title="No traces yet">
        Open <AppLink /> and send a gift: its trace appears here within two seconds.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No traces match">
      Nothing found for “{describeRange(filters.range, Date.now())}”{isNarrowed(filters) && ' with these filters'}.
      <div className="state-actions">
        {isNarrowed(filters) && (
          <button
            type="button"
            className="button"
            onClick={() => onChange({ service: '', minDurationMs: undefined, errorsOnly: false, q: '' })}
          >
            Clear filters
          </button>
        )}
        <button type="button" className="button" onClick={() => onChange({ range: { kind: 'last', name: '24h' } })}>
          Search the last 24 hours
        </button>
      </div>
    </EmptyState>
  );
}
