import type { Trace } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatCount } from '../format/number.ts';
import { formatDateTime } from '../format/time.ts';
import { links } from '../routing/links.ts';
import { Badge } from '../ui/badge.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { ServiceName } from '../ui/service-name.tsx';

/** What a trace is: its root, when, how long, how many; and where to go from it. */
export function TraceHead({ trace, jsonUrl }: { readonly trace: Trace; readonly jsonUrl: string }) {
  const { traceId, spans, startMs, durationMs } = trace;
  const root = spans.find((span) => span.parentSpanId === null) ?? spans[0];
  const errors = spans.filter((span) => span.error).length;
  const services = new Set(spans.map((span) => span.service)).size;
  const facts = [
    ['Started', formatDateTime(startMs)],
    ['Duration', formatDuration(durationMs)],
    ['Spans', trace.incomplete === true ? `the first ${formatCount(spans.length)}` : formatCount(spans.length)],
    ['Services', formatCount(services)],
  ];
  return (
    <header className="trace-head">
      <div className="trace-crumbs">
        <a href={links.traces()}>Traces</a>
        <span aria-hidden="true">/</span>
        <code>{traceId}</code>
        <CopyButton text={traceId} label="Copy trace id" />
      </div>
      <div className="page-head">
        <h1>
          {root !== undefined && <ServiceName name={root.service} href={links.service(root.service)} />}
          <span className="trace-root">{root?.name ?? 'Empty trace'}</span>
          {errors > 0 && <Badge tone="error">{errors === 1 ? '1 error' : `${errors} errors`}</Badge>}
        </h1>
        <nav className="page-links" aria-label="More about this trace">
          <a className="button" href={links.logs({ trace: traceId })}>
            Logs
          </a>
          <a className="button" href={jsonUrl}>
            JSON
          </a>
        </nav>
      </div>
      <dl className="trace-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}
