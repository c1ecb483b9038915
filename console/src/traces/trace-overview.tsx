import './trace-overview.css';
import { useMemo } from 'react';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatDuration } from '../format/duration.ts';
import { type SpanTree, visibleRows } from './span-tree.ts';
import { useDragRange } from './use-drag-range.ts';
import type { TimeWindow } from './waterfall-row.tsx';

export interface TraceOverviewProps {
  readonly tree: SpanTree;
  readonly window: TimeWindow;
  /** Undefined: the whole trace. */
  readonly onWindow: (window: TimeWindow | undefined) => void;
}

const height = 48;
const everyone: ReadonlySet<string> = new Set();

/** The whole trace in small. A drag over it zooms the waterfall; what is zoomed out is shaded. */
export function TraceOverview({ tree, window, onWindow }: TraceOverviewProps) {
  const { colorToken } = useFleet();
  const lengthMs = Math.max(tree.endMs - tree.startMs, 0.001);
  const rows = useMemo(() => visibleRows(tree, everyone).slice(0, 600), [tree]);
  const drag = useDragRange((from, to) =>
    onWindow({ fromMs: tree.startMs + from * lengthMs, toMs: tree.startMs + to * lengthMs }),
  );
  const isZoomed = window.fromMs > tree.startMs || window.toMs < tree.endMs;
  const share = (ms: number) => ((ms - tree.startMs) / lengthMs) * 100;
  const rowHeight = Math.min(5, height / rows.length);
  return (
    <div className="overview">
      <div className="overview-plot" aria-hidden="true" title="Drag to zoom in" {...drag.handlers}>
        <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
          {rows.map((node, index) => (
            <rect
              key={node.span.spanId}
              x={share(node.startMs)}
              y={index * rowHeight + 0.5}
              width={Math.max(0.15, share(node.endMs) - share(node.startMs))}
              height={Math.max(0.6, rowHeight - 1)}
              fill={node.span.error ? 'var(--error)' : `var(${colorToken(node.span.service)})`}
            />
          ))}
        </svg>
        {isZoomed && <i className="overview-shade" style={{ left: 0, width: `${share(window.fromMs)}%` }} />}
        {isZoomed && <i className="overview-shade" style={{ right: 0, width: `${100 - share(window.toMs)}%` }} />}
        {drag.selection !== undefined && (
          <i
            className="overview-selection"
            style={{ left: `${drag.selection[0] * 100}%`, width: `${(drag.selection[1] - drag.selection[0]) * 100}%` }}
          />
        )}
      </div>
      {isZoomed && (
        <button type="button" className="button overview-reset" data-size="small" onClick={() => onWindow(undefined)}>
          Show all {formatDuration(lengthMs)}
        </button>
      )}
    </div>
  );
}
