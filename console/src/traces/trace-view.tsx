import './trace-view.css';
import { useEffect, useMemo, useState } from 'react';
import type { LogsAnswer, Trace } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { LogList } from '../logs/log-list.tsx';
import { merge } from '../logs/tail-buffer.ts';
import { links } from '../routing/links.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { readTraceId } from './trace-filters.ts';
import { TraceHead } from './trace-head.tsx';
import { TracePanel } from './trace-panel.tsx';

/** Spans and lines of a trace arrive within seconds of its end: so long after its start it is asked again. */
const settledAfterMs = 60_000;

/** One trace: its waterfall, and the log lines of all its services below. */
export function TraceView({ traceId }: { readonly traceId: string }) {
  if (readTraceId(traceId) !== undefined) return <KnownTrace traceId={traceId} />;
  return (
    <EmptyState title="This is no trace id">
      A trace id has 32 hexadecimal digits; this address has <code>{traceId}</code>.{' '}
      <a href={links.traces()}>Search traces</a>
    </EmptyState>
  );
}

function KnownTrace({ traceId }: { readonly traceId: string }) {
  const client = useCollector();
  const [everyMs, setEveryMs] = useState<number | undefined>(2500);
  const trace = usePoll<Trace>(
    `trace ${traceId}`,
    (signal) => client.get(`traces/${encodeURIComponent(traceId)}`, {}, signal),
    everyMs,
  );
  const logs = usePoll<LogsAnswer>(
    `trace logs ${traceId}`,
    (signal) => client.get('logs', { trace: traceId, limit: 500 }, signal),
    everyMs,
  );
  useEffect(() => {
    if (trace.data === undefined) return;
    const ageMs = Date.now() - trace.data.startMs - trace.data.durationMs;
    if (ageMs > settledAfterMs) setEveryMs(undefined);
  }, [trace.data]);
  const lines = useMemo(() => merge(logs.data?.logs ?? [], []).reverse(), [logs.data]);

  if (trace.data === undefined) {
    if (trace.error === undefined) return <Skeleton rows={12} />;
    return trace.error.status === 404 ? (
      <UnknownTrace traceId={traceId} />
    ) : (
      <ErrorState error={trace.error} onRetry={trace.reload} />
    );
  }
  return (
    <>
      <TraceHead trace={trace.data} jsonUrl={client.url(`traces/${encodeURIComponent(traceId)}`)} />
      <div className="stack">
        <TracePanel trace={trace.data} lines={lines} />
        <Panel title="Logs of this trace" aside={<a href={links.logs({ trace: traceId })}>Open in Logs</a>}>
          {logs.data === undefined && <Skeleton rows={5} rowPx={27} />}
          {logs.data !== undefined && lines.length === 0 && (
            <EmptyState title="No log lines with this trace id" isQuiet />
          )}
          {lines.length > 0 && <LogList lines={lines} label="Logs of this trace" inTrace />}
        </Panel>
      </div>
    </>
  );
}

function UnknownTrace({ traceId }: { readonly traceId: string }) {
  return (
    <EmptyState title="No such trace">
      The collector has no span of <code>{traceId}</code>. A new trace takes a second or two to arrive, and this page
      keeps looking; an old one may have been removed to keep the store in its bounds.{' '}
      <a href={links.traces()}>Search traces</a>
    </EmptyState>
  );
}
