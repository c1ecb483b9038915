import type { TraceSummary, TracesAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { boundsOf } from '../time/time-range.ts';
import type { TraceFilters, TraceSort } from './trace-filters.ts';

/** The traces that a search finds; asked again every 3 s while its range ends now, unless `isPaused`. */
export function useTraces(filters: TraceFilters, isPaused = false): Poll<TracesAnswer> {
  const client = useCollector();
  const { sort, ...question } = filters;
  return usePoll<TracesAnswer>(
    `traces ${JSON.stringify(question)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(filters.range, Date.now());
      const { service, minDurationMs, errorsOnly, q, limit } = filters;
      return client.get(
        'traces',
        { service, minDurationMs, error: errorsOnly, q, since: sinceMs, until: untilMs, limit },
        signal,
      );
    },
    filters.range.kind === 'last' && !isPaused ? 3000 : undefined,
  );
}

/** Sorts what the collector found; it always gives the newest that match. */
export function sortTraces(traces: readonly TraceSummary[], sort: TraceSort): TraceSummary[] {
  const by: Record<TraceSort, (trace: TraceSummary) => number> = {
    newest: (trace) => trace.startMs,
    slowest: (trace) => trace.durationMs,
    spans: (trace) => trace.spanCount,
  };
  return [...traces].sort((a, b) => by[sort](b) - by[sort](a) || b.startMs - a.startMs);
}
