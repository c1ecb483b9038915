import { memo } from 'react';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatDuration } from '../format/duration.ts';
import { shortenMethods } from '../format/method-name.ts';
import { Badge } from '../ui/badge.tsx';
import type { Segment } from './critical-path.ts';
import type { SpanNode } from './span-tree.ts';

/** The stretch of time that the waterfall shows. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface WaterfallRowProps {
  readonly node: SpanNode;
  readonly window: TimeWindow;
  readonly path: readonly Segment[] | undefined;
  readonly isCollapsed: boolean;
  readonly isSelected: boolean;
  /** The one row that the Tab key reaches; arrow keys lead on from it. */
  readonly isCurrent: boolean;
  readonly match: 'hit' | 'miss' | 'none';
  readonly onSelect: (spanId: string) => void;
  readonly onToggle: (spanId: string) => void;
}

/** One span: its place in the tree on the left, its time on the right. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { node, isCollapsed, isSelected, isCurrent, match, onSelect, onToggle } = props;
  const { span, depth, children } = node;
  const color = `var(${useFleet().colorToken(span.service)})`;
  const hasChildren = children.length > 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of all its rows
    <div
      role="treeitem"
      className="span-row"
      id={`span-${span.spanId}`}
      tabIndex={isCurrent ? 0 : -1}
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={hasChildren ? !isCollapsed : undefined}
      aria-label={`${span.service} ${span.name}, ${formatDuration(span.durationMs)}${span.error ? ', error' : ''}`}
      data-match={match}
      onClick={() => onSelect(span.spanId)}
    >
      <div className="span-name" style={{ paddingLeft: 8 + Math.min(depth, 24) * 14 }}>
        {hasChildren ? (
          <button
            type="button"
            className="span-caret"
            tabIndex={-1}
            aria-label={isCollapsed ? 'Expand' : 'Collapse'}
            data-open={!isCollapsed || undefined}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span.spanId);
            }}
          />
        ) : (
          <i className="span-leaf" />
        )}
        <i className="span-color" style={{ background: color }} />
        <span className="span-service">{span.service}</span>
        <span className="span-title" title={span.name}>
          {shortenMethods(span.name)}
        </span>
        {isCollapsed && <span className="span-more number">+{node.descendants}</span>}
        {node.isOrphan && <Badge tone="warn">parent missing</Badge>}
      </div>
      <div className="span-time">
        <SpanBar {...props} color={color} />
      </div>
    </div>
  );
});

function SpanBar({ node, window, path, color }: WaterfallRowProps & { readonly color: string }) {
  const { span, startMs, endMs } = node;
  const place = (ms: number) => ((ms - window.fromMs) / (window.toMs - window.fromMs)) * 100;
  const left = clamp(place(startMs));
  const right = clamp(place(endMs));
  const isOutside = endMs < window.fromMs || startMs > window.toMs;
  return (
    <>
      {!isOutside && (
        <i
          className="span-bar"
          data-kind={span.kind}
          data-error={span.error || undefined}
          style={{ left: `${left}%`, width: `max(2px, ${right - left}%)`, background: color }}
        />
      )}
      {path
        ?.filter((segment) => segment.endMs > window.fromMs && segment.startMs < window.toMs)
        .map((segment) => (
          <i
            key={segment.startMs}
            className="span-path"
            style={{
              left: `${clamp(place(segment.startMs))}%`,
              width: `${clamp(place(segment.endMs)) - clamp(place(segment.startMs))}%`,
            }}
          />
        ))}
      {!isOutside &&
        span.events.slice(0, 50).map((event, index) => (
          <i
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no identity of their own
            key={index}
            className="span-event"
            style={{ left: `${clamp(place(event.timeMs + node.skewMs))}%` }}
            title={event.name}
          />
        ))}
      <span
        className="span-duration number"
        data-error={span.error || undefined}
        style={{ left: `calc(${right}% + 6px)` }}
      >
        {span.error && '✕ '}
        {formatDuration(span.durationMs)}
      </span>
    </>
  );
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
