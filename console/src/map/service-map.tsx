import { useMemo, useState } from 'react';
import type { MapAnswer, MapNode } from '../api/answers.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useWidth } from '../ui/use-width.ts';
import { edgePath } from './edge-path.ts';
import { fitMap } from './fit-map.ts';
import type { PlacedEdge } from './map-layout.ts';
import { placeLabels } from './place-labels.ts';
import { ServiceMapEdge, ServiceMapLabel } from './service-map-edge.tsx';
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
  const busiest = Math.max(0.001, ...answer.nodes.map((node) => node.requestsPerSecond));
  const radius = (id: string) => radiusOf(nodes.get(id), busiest);
  const edges = layout.edges.flatMap((placed) => {
    const edge = answer.edges.find(({ from, to }) => from === placed.from && to === placed.to);
    if (edge === undefined) return [];
    const fromRadius = radius(placed.from) + (direction === 'down' ? nameHeight : 3);
    const path = edgePath(placed, { direction, fromRadius, toRadius: radius(placed.to) + 4 });
    const isDim = active !== undefined && active !== edge.from && active !== edge.to;
    return [{ key: `${edge.from} ${edge.to}`, edge, path, isDim }];
  });
  const labels = placeLabels(edges.map(({ path }) => path.samples));
  return (
    <div ref={element} className="map">
      {width > 0 && (
        <svg
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width}
          height={layout.height}
          aria-label="Service map"
        >
          {edges.map((each) => (
            <ServiceMapEdge {...each} key={each.key} busiest={busiest} range={range} />
          ))}
          {edges.map(({ key, edge, isDim }, index) => (
            <ServiceMapLabel key={key} edge={edge} isDim={isDim} at={labels[index]!} />
          ))}
          {layout.nodes.map((placed) => (
            <ServiceMapNode
              key={placed.id}
              node={nodes.get(placed.id)!}
              at={placed}
              radius={radius(placed.id)}
              range={range}
              isDim={active !== undefined && !isNear(layout.edges, active, placed.id)}
              onActive={setActive}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

/** What a name and an error rate below a node take, where arrows leave downwards. */
const nameHeight = 38;

function radiusOf(node: MapNode | undefined, busiest: number): number {
  return 24 + 14 * Math.sqrt((node?.requestsPerSecond ?? 0) / busiest);
}

function isNear(edges: readonly PlacedEdge[], active: string, id: string): boolean {
  if (id === active) return true;
  return edges.some(({ from, to }) => (from === active && to === id) || (to === active && from === id));
}
