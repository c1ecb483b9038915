import './span-detail.css';
import type { LogLine } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent } from '../format/number.ts';
import { formatDateTime } from '../format/time.ts';
import { LogList } from '../logs/log-list.tsx';
import { links } from '../routing/links.ts';
import { AttributeTable } from '../ui/attribute-table.tsx';
import { Badge } from '../ui/badge.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import type { Segment } from './critical-path.ts';
import { selfTimeMs } from './self-time.ts';
import type { SpanNode, SpanTree } from './span-tree.ts';

export interface SpanDetailProps {
  readonly node: SpanNode;
  readonly tree: SpanTree;
  readonly path: readonly Segment[];
  readonly traceId: string;
  /** The lines of this span. */
  readonly logs: readonly LogLine[];
  readonly onClose: () => void;
}

/** All that a span has: times, status, attributes, events and its log lines. */
export function SpanDetail({ node, tree, path, traceId, logs, onClose }: SpanDetailProps) {
  const { span } = node;
  return (
    <aside className="span-detail" aria-label="Span details">
      <header className="span-detail-head">
        <div>
          <ServiceName name={span.service} href={links.service(span.service)} />
          <h2>{span.name}</h2>
        </div>
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-size="small"
          aria-label="Close span details"
          onClick={onClose}
        >
          ✕
        </button>
      </header>
      <div className="span-detail-body">
        {span.error && (
          <p className="span-error">
            <Badge tone="error">error</Badge> {span.statusMessage || 'The call failed; its status has no message.'}
          </p>
        )}
        {node.isOrphan && (
          <p className="span-note">
            Its parent {span.parentSpanId} is not in this trace: lost, not yet arrived, or outside of the fleet.
          </p>
        )}
        {Math.abs(node.skewMs) >= 0.5 && (
          <p className="span-note">
            Moved by {formatDuration(node.skewMs)}: the clock of {span.instance} disagrees with its caller's.
          </p>
        )}
        <Times node={node} tree={tree} path={path} />
        {Object.keys(span.attributes).length > 0 && <h3>Attributes</h3>}
        <AttributeTable attributes={span.attributes} label="Span attributes" />
        {span.events.length > 0 && <h3>Events</h3>}
        {span.events.map((event, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: events have no identity of their own
          <div key={index} className="span-event-item">
            <span className="number muted">+{formatDuration(event.timeMs - span.startMs)}</span> {event.name}
            <AttributeTable attributes={event.attributes} label={`Attributes of ${event.name}`} />
          </div>
        ))}
        <h3>Logs of this span</h3>
        {logs.length === 0 && <p className="muted">None</p>}
        {logs.length > 0 && <LogList lines={logs} label="Logs of this span" hidesService inTrace />}
        <div className="span-links">
          <a className="button" data-size="small" href={links.logs({ trace: traceId, service: span.service })}>
            Logs of {span.service} in this trace
          </a>
          <a
            className="button"
            data-size="small"
            href={links.traces({ service: span.service, q: span.name, range: { kind: 'last', name: '1h' } })}
          >
            Similar traces
          </a>
          <CopyButton text={JSON.stringify(span, null, 2)} label="Copy span as JSON" />
        </div>
      </div>
    </aside>
  );
}

function Times({ node, tree, path }: Pick<SpanDetailProps, 'node' | 'tree' | 'path'>) {
  const { span } = node;
  const onPathMs = path.reduce((sum, segment) => sum + segment.endMs - segment.startMs, 0);
  const totalMs = Math.max(tree.endMs - tree.startMs, 0.001);
  const facts = [
    ['Duration', formatDuration(span.durationMs)],
    ['Self time', formatDuration(selfTimeMs(node))],
    [
      'Critical path',
      onPathMs > 0 ? `${formatDuration(onPathMs)} (${formatPercent(onPathMs / totalMs)})` : 'not on it',
    ],
    ['Offset', `+${formatDuration(node.startMs - tree.startMs)}`],
    ['Started', formatDateTime(span.startMs)],
    ['Kind', span.kind],
    ['Instance', span.instance],
    ['Span id', span.spanId],
  ];
  return (
    <dl className="span-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
