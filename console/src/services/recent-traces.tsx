import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { defaultTraceFilters } from '../traces/trace-filters.ts';
import { TraceTable } from '../traces/trace-table.tsx';
import { useTraces } from '../traces/use-traces.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, Skeleton } from '../ui/state.tsx';

/** The last few failed traces that went through a service; of all services where it is empty. */
export function RecentTraces({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const filters = { ...defaultTraceFilters, service, errorsOnly: true, range };
  const { data } = useTraces({ ...filters, limit: 8 });
  return (
    <Panel title="Recent errors" aside={<a href={links.traces(filters)}>All errors</a>}>
      {data === undefined && <Skeleton rows={4} />}
      {data !== undefined && data.traces.length === 0 && <EmptyState title="No failed calls in this time" isQuiet />}
      {data !== undefined && data.traces.length > 0 && (
        <TraceTable traces={data.traces.slice(0, 8)} isCompact label="Recent errors" />
      )}
    </Panel>
  );
}
