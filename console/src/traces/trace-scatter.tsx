import './trace-scatter.css';
import { useState } from 'react';
import type { TraceSummary } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatDateTime, formatTime } from '../format/time.ts';
import { trimZeros } from '../format/trim-zeros.ts';
import { links } from '../routing/links.ts';
import { navigate } from '../routing/use-place.ts';
import { durationScale } from './scatter-scale.ts';
import { useDragRange } from './use-drag-range.ts';

export interface TraceScatterProps {
  readonly traces: readonly TraceSummary[];
  readonly bounds: readonly [fromMs: number, toMs: number];
  readonly onZoom: (fromMs: number, toMs: number) => void;
}

/**
 * Each trace as a point: when it started, how long it took. A click opens it, a drag zooms in on time. For the eye only:
 * the table below has the same traces for the keyboard and for screen readers.
 */
export function TraceScatter({ traces, bounds, onZoom }: TraceScatterProps) {
  const [fromMs, toMs] = bounds;
  const { position, ticksMs } = durationScale(traces.map((trace) => trace.durationMs));
  const [hovered, setHovered] = useState<TraceSummary>();
  const drag = useDragRange((from, to) => onZoom(fromMs + from * (toMs - fromMs), fromMs + to * (toMs - fromMs)));
  return (
    <div className="scatter" aria-hidden="true">
      <div className="scatter-axis">
        {ticksMs.map((ms) => (
          <span key={ms} style={{ bottom: `${position(ms) * 100}%` }}>
            {trimZeros(formatDuration(ms))}
          </span>
        ))}
      </div>
      <div className="scatter-plot" {...drag.handlers}>
        {ticksMs.map((ms) => (
          <i key={ms} className="scatter-line" style={{ bottom: `${position(ms) * 100}%` }} />
        ))}
        {traces.map((trace) => {
          const left = ((trace.startMs - fromMs) / (toMs - fromMs)) * 100;
          if (left < 0 || left > 100) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the table below has a link to the same trace
            // biome-ignore lint/a11y/noStaticElementInteractions: as above
            <b
              key={trace.traceId}
              className="scatter-point"
              data-error={trace.error || undefined}
              style={{ left: `${left}%`, bottom: `${position(trace.durationMs) * 100}%` }}
              onMouseEnter={() => setHovered(trace)}
              onMouseLeave={() => setHovered(undefined)}
              onPointerDown={(event) => event.stopPropagation()}
              onClick={() => navigate(links.trace(trace.traceId))}
            />
          );
        })}
        {drag.selection !== undefined && (
          <i
            className="scatter-selection"
            style={{ left: `${drag.selection[0] * 100}%`, right: `${(1 - drag.selection[1]) * 100}%` }}
          />
        )}
        {hovered !== undefined && <ScatterTip trace={hovered} isLeft={hovered.startMs > (fromMs + toMs) / 2} />}
      </div>
      <div className="scatter-times number">
        <span>{formatTime(fromMs).slice(0, 8)}</span>
        <span>{formatTime((fromMs + toMs) / 2).slice(0, 8)}</span>
        <span>{formatTime(toMs).slice(0, 8)}</span>
      </div>
    </div>
  );
}

function ScatterTip({ trace, isLeft }: { readonly trace: TraceSummary; readonly isLeft: boolean }) {
  return (
    <div className="scatter-tip" data-side={isLeft ? 'left' : 'right'}>
      <strong>{trace.rootName}</strong>
      <span className="muted number">
        {trace.rootService} · {formatDuration(trace.durationMs)} · {formatDateTime(trace.startMs)}
      </span>
    </div>
  );
}
