import { useMemo, useState } from 'react';
import type { MapAnswer, MapEdge, MapNode } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useWidth } from '../ui/use-width.ts';
import { edgePath } from './edge-path.ts';
import { fitMap } from './fit-map.ts';
import type { PlacedEdge, PlacedNode } from './map-layout.ts';
import { ServiceMapNode } from './service-map-node.tsx';

/** The picture of the map. What belongs to the service under the pointer or with the focus stands out. */
export function ServiceMap({ answer, range }: { readonly answer: MapAnswer; readonly range: TimeRange }) {
  const { element, width } = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<string>();
  const shape = JSON.stringify([
    answer.nodes.map((node) => node.service),
    answer.edges.map(({ from, to }) => [from, to]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the layout depends on the shape only, not on the figures
  const { layout, direction } = useMemo(() => fitMap(answer, width), [shape, width]);
  const nodes = new Map(answer.nodes.map((node) => [node.service, node]));
  const edges = new Map(answer.edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
  const busiest = Math.max(0.001, ...answer.nodes.map((node) => node.requestsPerSecond));
  const radius = (id: string) => radiusOf(nodes.get(id), busiest);
  const isDim = (...ids: string[]) => active !== undefined && !ids.includes(active);
  return (
    <div ref={element} className="map">
      {width > 0 && (
        <svg
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width}
          height={layout.height}
          aria-label="Service map"
        >
          {layout.edges.map((placed) => {
            const edge = edges.get(`${placed.from} ${placed.to}`);
            if (edge === undefined) return null;
            const path = edgePath(placed, {
              direction,
              fromRadius: radius(placed.from) + (direction === 'down' ? 38 : 3),
              toRadius: radius(placed.to) + 4,
            });
            return (
              <Edge
                key={`${edge.from} ${edge.to}`}
                edge={edge}
                path={path}
                busiest={busiest}
                range={range}
                isDim={isDim(edge.from, edge.to)}
              />
            );
          })}
          {layout.nodes.map((placed: PlacedNode) => {
            const node = nodes.get(placed.id);
            if (node === undefined) return null;
            const isFar = active !== undefined && !isNear(layout.edges, active, placed.id);
            return (
              <ServiceMapNode
                key={placed.id}
                node={node}
                at={placed}
                radius={radius(placed.id)}
                range={range}
                isDim={isFar}
                onActive={setActive}
              />
            );
          })}
        </svg>
      )}
    </div>
  );
}

interface EdgeProps {
  readonly edge: MapEdge;
  readonly path: ReturnType<typeof edgePath>;
  readonly busiest: number;
  readonly range: TimeRange;
  readonly isDim: boolean;
}

function Edge({ edge, path, busiest, range, isDim }: EdgeProps) {
  const label = `${formatRate(edge.requestsPerSecond)} · ${formatDuration(edge.p99Ms)}`;
  const hasErrors = edge.errorRate > 0.001;
  const labelWidth = label.length * 5.9 + 10;
  const strokeWidth = 1.2 + 4 * Math.sqrt(edge.requestsPerSecond / busiest);
  const spoken = `${edge.from} calls ${edge.to}: ${formatRate(edge.requestsPerSecond)}, p99 ${formatDuration(edge.p99Ms)}, ${formatPercent(edge.errorRate)} errors`;
  return (
    <a
      className="map-edge"
      href={links.traces({ service: edge.to, errorsOnly: hasErrors, range })}
      aria-label={spoken}
      data-dim={isDim || undefined}
      data-error={hasErrors || undefined}
    >
      <title>{spoken}</title>
      <path className="map-edge-touch" d={path.d} />
      <path className="map-edge-line" d={path.d} strokeWidth={strokeWidth} />
      <polygon points={path.arrow} />
      <g transform={`translate(${path.label.x} ${path.label.y})`}>
        <rect x={-labelWidth / 2} y={-9} width={labelWidth} height={18} rx={9} />
        <text className="number" textAnchor="middle" dy="3.5">
          {label}
        </text>
      </g>
    </a>
  );
}

function radiusOf(node: MapNode | undefined, busiest: number): number {
  return 24 + 14 * Math.sqrt((node?.requestsPerSecond ?? 0) / busiest);
}

function isNear(edges: readonly PlacedEdge[], active: string, id: string): boolean {
  return (
    id === active ||
    edges.some((edge) => (edge.from === active && edge.to === id) || (edge.to === active && edge.from === id))
  );
}
