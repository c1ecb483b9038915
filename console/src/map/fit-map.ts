import { layoutMap, type MapLayout } from './map-layout.ts';

interface Graph {
  readonly nodes: readonly { readonly service: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** A layout that uses the width there is: layers from left to right, or, where that is too narrow, from top to bottom. */
export function fitMap(
  { nodes, edges }: Graph,
  width: number,
): { readonly layout: MapLayout; readonly direction: 'right' | 'down' } {
  const ids = nodes.map((node) => node.service);
  const probe = layoutMap(ids, edges, { layerGap: 1, nodeGap: 1, margin: 0 });
  const [layers, broadest] = [probe.width + 1, probe.height + 1];
  const direction = width >= layers * 150 && width >= 640 ? 'right' : 'down';
  if (direction === 'right') {
    const margin = 80;
    const layerGap = layers > 1 ? clamp((width - 2 * margin) / (layers - 1), 150, 400) : 0;
    return { direction, layout: layoutMap(ids, edges, { direction, margin, layerGap, nodeGap: 118 }) };
  }
  const margin = 62;
  const nodeGap = broadest > 1 ? clamp((width - 2 * margin) / (broadest - 1), 84, 150) : 0;
  return { direction, layout: layoutMap(ids, edges, { direction, margin, layerGap: 168, nodeGap }) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
