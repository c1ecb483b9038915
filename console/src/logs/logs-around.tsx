import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { formatDateTime } from '../format/time.ts';
import { links } from '../routing/links.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { fetchAround } from './fetch-around.ts';
import type { LogFilters } from './log-filters.ts';
import { LogList } from './log-list.tsx';

export interface LogsAroundProps {
  readonly filters: LogFilters;
  readonly around: { readonly id: string; readonly timeMs: number };
}

/** The lines before and after one line, of its service or of all. */
export function LogsAround({ filters, around }: LogsAroundProps) {
  const client = useCollector();
  const { service } = filters;
  const poll = usePoll(`around ${service} ${JSON.stringify(around)}`, (signal) =>
    fetchAround((params) => client.get('logs', { service, ...params }, signal), around),
  );
  const scopes = (
    <>
      {service !== '' && (
        <a className="button" data-size="small" href={links.logs({ around })}>
          Lines of all services
        </a>
      )}
      <a className="button" data-size="small" href={links.logs({ service })}>
        Back to the search
      </a>
    </>
  );
  return (
    <Panel
      title={`Around ${formatDateTime(around.timeMs)}${service === '' ? '' : ` in ${service}`}`}
      className="logs-panel"
      aside={scopes}
    >
      {poll.data === undefined && poll.error === undefined && <Skeleton rows={20} rowPx={27} />}
      {poll.error !== undefined && <ErrorState error={poll.error} onRetry={poll.reload} />}
      {poll.data !== undefined && poll.data.length === 0 && (
        <EmptyState title="This line is gone">The collector keeps the newest lines only.</EmptyState>
      )}
      {poll.data !== undefined && poll.data.length > 0 && (
        <LogList lines={poll.data} label="Lines around" markedId={around.id} />
      )}
    </Panel>
  );
}
