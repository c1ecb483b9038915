import { defaultLogFilters } from '../logs/log-filters.ts';
import { LogList } from '../logs/log-list.tsx';
import { useLogs } from '../logs/use-logs.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, Skeleton } from '../ui/state.tsx';

/** The last few log lines of a service that are warnings or worse; of all services where it is empty. */
export function RecentWarnings({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const filters = { ...defaultLogFilters, service, level: 'warn', range } as const;
  const { data } = useLogs(filters, { limit: 8, everyMs: 5000 });
  return (
    <Panel title="Recent warnings" aside={<a href={links.logs(filters)}>All warnings</a>}>
      {data === undefined && <Skeleton rows={4} />}
      {data !== undefined && data.logs.length === 0 && <EmptyState title="No warnings in this time" isQuiet />}
      {data !== undefined && data.logs.length > 0 && (
        <LogList lines={data.logs} label="Recent warnings" hidesService={service !== ''} />
      )}
    </Panel>
  );
}
