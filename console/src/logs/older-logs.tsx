import { useEffect, useRef, useState } from 'react';
import type { LogLine, LogsAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import type { LogFilters } from './log-filters.ts';
import { queryOf } from './use-logs.ts';

export interface OlderLogsProps {
  readonly filters: LogFilters;
  readonly oldest: LogLine;
  readonly onLines: (lines: readonly LogLine[]) => void;
}

/** Fetches the next lines below the oldest, until there are none in the time that is searched. */
export function OlderLogs({ filters, oldest, onLines }: OlderLogsProps) {
  const client = useCollector();
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const [endId, setEndId] = useState('');
  const leaving = useRef(new AbortController());
  useEffect(() => {
    leaving.current = new AbortController();
    return () => leaving.current.abort();
  }, []);
  const load = async () => {
    setState('loading');
    try {
      const query = { ...queryOf(filters, Date.now()), before: String(oldest.id), limit: 200 };
      const { logs } = await client.get<LogsAnswer>('logs', query, leaving.current.signal);
      if (logs.length === 0) setEndId(String(oldest.id));
      onLines(logs);
      setState('idle');
    } catch {
      if (!leaving.current.signal.aborted) setState('failed');
    }
  };
  if (endId === String(oldest.id)) return <p className="logs-end">No older lines in this time</p>;
  return (
    <p className="logs-end">
      <button type="button" className="button" data-size="small" disabled={state === 'loading'} onClick={load}>
        {state === 'failed' ? 'Could not load, try again' : 'Load older lines'}
      </button>
    </p>
  );
}
