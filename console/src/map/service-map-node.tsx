import type { MapNode } from '../api/answers.ts';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import type { Point } from './map-layout.ts';

export interface ServiceMapNodeProps {
  readonly node: MapNode;
  readonly at: Point;
  readonly radius: number;
  readonly range: TimeRange;
  readonly isDim: boolean;
  readonly onActive: (service: string | undefined) => void;
}

/** A service as a disc in its colour, with a ring whose red part is the share of errors. A link to the service. */
export function ServiceMapNode({ node, at, radius, range, isDim, onActive }: ServiceMapNodeProps) {
  const { service, requestsPerSecond, errorRate } = node;
  const color = `var(${useFleet().colorToken(service)})`;
  const around = 2 * Math.PI * radius;
  const spoken = `${service}: ${formatRate(requestsPerSecond)}, ${formatPercent(errorRate)} errors`;
  const hasErrors = errorRate > 0;
  return (
    <a
      className="map-node"
      href={links.service(service, range)}
      aria-label={spoken}
      data-dim={isDim || undefined}
      data-idle={requestsPerSecond === 0 || undefined}
      onMouseEnter={() => onActive(service)}
      onMouseLeave={() => onActive(undefined)}
      onFocus={() => onActive(service)}
      onBlur={() => onActive(undefined)}
    >
      <title>{spoken}</title>
      <g transform={`translate(${at.x} ${at.y})`}>
        <circle className="map-node-ground" r={radius} />
        <circle r={radius} fill={color} fillOpacity="0.14" stroke={color} strokeWidth="3" />
        {hasErrors && (
          <circle
            r={radius}
            fill="none"
            stroke="var(--error)"
            strokeWidth="5"
            strokeDasharray={`${Math.max(4, errorRate * around)} ${around}`}
            transform="rotate(-90)"
          />
        )}
        <text className="map-node-rate number" textAnchor="middle" dy="4.5">
          {requestsPerSecond === 0 ? 'idle' : formatRate(requestsPerSecond)}
        </text>
        <text className="map-node-name" textAnchor="middle" y={radius + 18}>
          {service}
        </text>
        {hasErrors && (
          <text className="map-node-errors number" textAnchor="middle" y={radius + 32}>
            {formatPercent(errorRate)} errors
          </text>
        )}
      </g>
    </a>
  );
}
