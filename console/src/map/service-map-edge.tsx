import type { CSSProperties } from 'react';
import type { MapEdge } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import type { EdgePath } from './edge-path.ts';
import type { Point } from './map-layout.ts';

export interface ServiceMapEdgeProps {
  readonly edge: MapEdge;
  readonly path: EdgePath;
  /** Requests per second of the busiest service: that is full width. */
  readonly busiest: number;
  readonly range: TimeRange;
  readonly isDim: boolean;
}

/** Calls from one service to another as an arrow. A link to the traces of the callee; to the failed ones where some fail. */
export function ServiceMapEdge({ edge, path, busiest, range, isDim }: ServiceMapEdgeProps) {
  const { from, to, requestsPerSecond, errorRate, p99Ms } = edge;
  const hasErrors = errorRate > 0.001;
  const redness = Math.round(25 + 75 * Math.min(1, errorRate * 8));
  const spoken = `${from} calls ${to}: ${formatRate(requestsPerSecond)}, p99 ${formatDuration(p99Ms)}, ${formatPercent(errorRate)} errors`;
  return (
    <a
      className="map-edge"
      href={links.traces({ service: to, errorsOnly: hasErrors, range })}
      aria-label={spoken}
      data-dim={isDim || undefined}
      data-error={hasErrors || undefined}
      style={{ '--error-share': `${redness}%` } as CSSProperties}
    >
      <title>{spoken}</title>
      <path className="map-edge-touch" d={path.d} />
      <path className="map-edge-line" d={path.d} strokeWidth={1.2 + 4 * Math.sqrt(requestsPerSecond / busiest)} />
      <polygon points={path.arrow} />
    </a>
  );
}

/** The figures of an edge. Drawn after all edges, so that none runs over it. */
export function ServiceMapLabel({
  edge,
  at,
  isDim,
}: Pick<ServiceMapEdgeProps, 'edge' | 'isDim'> & { readonly at: Point }) {
  const text = `${formatRate(edge.requestsPerSecond)} · ${formatDuration(edge.p99Ms)}`;
  const width = text.length * 5.9 + 10;
  return (
    <g className="map-label" data-dim={isDim || undefined} transform={`translate(${at.x} ${at.y})`}>
      <rect x={-width / 2} y={-9} width={width} height={18} rx={9} />
      <text className="number" textAnchor="middle" dy="3.5">
        {text}
      </text>
    </g>
  );
}
