import { useEffect, useMemo, useState } from 'react';
import type { LogLine } from '../api/answers.ts';
import { describeRange } from '../time/time-range.ts';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/state.tsx';
import type { LogFilters } from './log-filters.ts';
import { LogList } from './log-list.tsx';
import { NoLogs } from './no-logs.tsx';
import { OlderLogs } from './older-logs.tsx';
import { merge } from './tail-buffer.ts';
import { useLogs } from './use-logs.ts';

/** What a search finds, newest first, as it was when it was asked. */
export function LogsFound({ filters }: { readonly filters: LogFilters }) {
  const poll = useLogs(filters, { limit: 200 });
  const [older, setOlder] = useState<readonly LogLine[]>([]);
  const key = JSON.stringify(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search forgets what was loaded for the last
  useEffect(() => setOlder([]), [key]);
  const lines = useMemo(() => merge(poll.data?.logs ?? [], older), [poll.data, older]);
  const scope = filters.trace === '' ? describeRange(filters.range, Date.now()) : 'All time, one trace';
  const refresh = (
    <>
      <span>{scope}</span>
      <button type="button" className="button" data-size="small" onClick={poll.reload}>
        Refresh
      </button>
    </>
  );
  return (
    <Panel
      title={`${lines.length} lines`}
      className="logs-panel"
      aside={refresh}
      isBusy={poll.isLoading && poll.data !== undefined}
    >
      {poll.data === undefined && poll.error === undefined && <Skeleton rows={14} rowPx={27} />}
      {poll.error !== undefined && lines.length === 0 && <ErrorState error={poll.error} onRetry={poll.reload} />}
      {poll.data !== undefined && poll.error === undefined && lines.length === 0 && <NoLogs filters={filters} />}
      {poll.data?.incomplete === true && (
        <p className="logs-note">
          The search stopped after two seconds: older lines may match too. A narrower time finds them.
        </p>
      )}
      {lines.length > 0 && <LogList lines={lines} label="Log lines" />}
      {lines.length > 0 && (
        <OlderLogs
          filters={filters}
          oldest={lines.at(-1)!}
          onLines={(more) => setOlder((before) => merge(before, more))}
        />
      )}
    </Panel>
  );
}
