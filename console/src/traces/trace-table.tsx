import './trace-table.css';
import type { TraceSummary } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { shortenMethods } from '../format/method-name.ts';
import { formatCount } from '../format/number.ts';
import { formatAgo, formatDateTime, formatMoment } from '../format/time.ts';
import { links } from '../routing/links.ts';
import { useNow } from '../time/use-range.ts';
import { Badge } from '../ui/badge.tsx';
import { ServiceName } from '../ui/service-name.tsx';

export interface TraceTableProps {
  readonly traces: readonly TraceSummary[];
  readonly label: string;
  /** Without the columns that need room. */
  readonly isCompact?: boolean;
}

/** Traces as rows; the whole row is a link to the waterfall. */
export function TraceTable({ traces, label, isCompact = false }: TraceTableProps) {
  const nowMs = useNow(5000);
  return (
    <table className="traces" data-compact={isCompact || undefined} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Started</th>
          <th scope="col">Trace</th>
          {!isCompact && <th scope="col">Services</th>}
          {!isCompact && (
            <th scope="col" className="right">
              Spans
            </th>
          )}
          <th scope="col" className="right">
            Duration
          </th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace) => (
          <TraceRow key={trace.traceId} trace={trace} nowMs={nowMs} isCompact={isCompact} />
        ))}
      </tbody>
    </table>
  );
}

interface TraceRowProps {
  readonly trace: TraceSummary;
  readonly nowMs: number;
  readonly isCompact: boolean;
}

function TraceRow({ trace, nowMs, isCompact }: TraceRowProps) {
  const name = trace.rootName === '' ? '(root span missing)' : trace.rootName;
  return (
    <tr>
      <td className="number muted" title={`${formatDateTime(trace.startMs)} (${formatAgo(trace.startMs, nowMs)})`}>
        {formatMoment(trace.startMs, nowMs)}
      </td>
      <td className="cell-name">
        <span className="trace-title">
          <a
            href={links.trace(trace.traceId)}
            className="row-link"
            aria-label={`${name}, ${formatDuration(trace.durationMs)}${trace.error ? ', error' : ''}`}
          >
            <ServiceName name={trace.rootService || '(unknown)'} />
            <span className="trace-name">{shortenMethods(name)}</span>
          </a>
          {trace.error && <Badge tone="error">error</Badge>}
        </span>
      </td>
      {!isCompact && (
        <td className="cell-services">
          <span className="trace-services">
            {trace.services
              .filter((service) => service !== trace.rootService)
              .slice(0, 5)
              .map((service) => (
                <ServiceName key={service} name={service} />
              ))}
            {trace.services.length > 6 && <span className="muted">+{trace.services.length - 6}</span>}
          </span>
        </td>
      )}
      {!isCompact && <td className="right number muted cell-spans">{formatCount(trace.spanCount)}</td>}
      <td className="right number cell-duration">{formatDuration(trace.durationMs)}</td>
    </tr>
  );
}
