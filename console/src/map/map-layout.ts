/** A service map on the plane: where each node stands and through which points each edge runs. */
export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

export interface PlacedNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** From node to node in the direction of the call, with a point for each layer that it crosses. */
  readonly points: readonly Point[];
  /** Calls against the grain: the edge closes a ring and is drawn backwards. */
  readonly isBackward: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface MapLayoutOptions {
  /** Where the callees of a service stand: to its right, or below it. Default: right. */
  readonly direction?: 'right' | 'down';
  /** Between the centres of two layers. Default: 230. */
  readonly layerGap?: number;
  /** Between the centres of two nodes of a layer. Default: 130. */
  readonly nodeGap?: number;
  /** Around the whole. Default: 70. */
  readonly margin?: number;
}

type Link = Readonly<{ from: string; to: string }>;

/**
 * Lays out a directed graph in layers (after Sugiyama): rings are opened, a node stands one layer after its last caller,
 * edges that cross layers get a place in each of them, and a few sweeps order the layers so that few edges cross. The same
 * graph gives the same picture whatever the order of its nodes and edges. Edges to unknown nodes and to oneself are dropped.
 */
export function layoutMap(ids: readonly string[], links: readonly Link[], options: MapLayoutOptions = {}): MapLayout {
  const { direction = 'right', layerGap = 230, nodeGap = 130, margin = 70 } = options;
  const names = [...new Set(ids)].sort();
  const edges = orient(names, uniqueLinks(names, links));
  const depths = layerDepths(names, edges);
  const { layers, chains } = makeLayers(names, edges, depths);
  const ordered = reduceCrossings(layers, chains);
  const broadest = Math.max(1, ...ordered.map((layer) => layer.length));
  const places = new Map<string, Point>();
  ordered.forEach((layer, depth) => {
    layer.forEach((id, index) => {
      const along = margin + depth * layerGap;
      const across = margin + (index + (broadest - layer.length) / 2) * nodeGap;
      places.set(id, direction === 'right' ? { x: along, y: across } : { x: across, y: along });
    });
  });
  const along = 2 * margin + Math.max(0, ordered.length - 1) * layerGap;
  const across = 2 * margin + (broadest - 1) * nodeGap;
  return {
    width: direction === 'right' ? along : across,
    height: direction === 'right' ? across : along,
    nodes: names.map((id) => ({ id, ...places.get(id)! })),
    edges: edges.map(({ from, to, isBackward }, index) => {
      const points = chains[index]!.map((id) => places.get(id)!);
      return isBackward
        ? { from: to, to: from, points: points.reverse(), isBackward }
        : { from, to, points, isBackward };
    }),
  };
}

interface Oriented extends Link {
  readonly isBackward: boolean;
}

function uniqueLinks(names: readonly string[], links: readonly Link[]): Link[] {
  const known = new Set(names);
  const unique = new Map<string, Link>();
  for (const link of links) {
    if (link.from !== link.to && known.has(link.from) && known.has(link.to))
      unique.set(JSON.stringify([link.from, link.to]), link);
  }
  return [...unique.values()].sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
}

/** Turns every edge that closes a ring around, so that the graph has none. The walk starts at nodes that nobody calls. */
function orient(names: readonly string[], links: readonly Link[]): Oriented[] {
  const callees = new Map<string, string[]>(names.map((name) => [name, []]));
  const called = new Set<string>();
  for (const { from, to } of links) {
    callees.get(from)!.push(to);
    called.add(to);
  }
  const state = new Map<string, 'open' | 'done'>();
  const backward = new Set<string>();
  const visit = (name: string): void => {
    state.set(name, 'open');
    for (const callee of callees.get(name)!) {
      if (state.get(callee) === 'open') backward.add(JSON.stringify([name, callee]));
      else if (state.get(callee) === undefined) visit(callee);
    }
    state.set(name, 'done');
  };
  for (const name of [...names.filter((each) => !called.has(each)), ...names])
    if (state.get(name) === undefined) visit(name);
  return links.map(({ from, to }) =>
    backward.has(JSON.stringify([from, to]))
      ? { from: to, to: from, isBackward: true }
      : { from, to, isBackward: false },
  );
}

/** The longest way from a node that nobody calls, by relaxing as often as there are nodes at most. */
function layerDepths(names: readonly string[], edges: readonly Oriented[]): Map<string, number> {
  const depths = new Map(names.map((name) => [name, 0]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { from, to } of edges) {
      if (depths.get(to)! > depths.get(from)!) continue;
      depths.set(to, depths.get(from)! + 1);
      changed = true;
    }
  }
  return depths;
}

/** Layers of ids, and for each edge the ids it runs through: its ends, and between them a place of its own in every layer. */
function makeLayers(names: readonly string[], edges: readonly Oriented[], depths: ReadonlyMap<string, number>) {
  const layers: string[][] = Array.from({ length: Math.max(0, ...depths.values()) + 1 }, () => []);
  for (const name of names) layers[depths.get(name)!]!.push(name);
  const chains = edges.map(({ from, to }, index) => {
    const chain = [from];
    for (let depth = depths.get(from)! + 1; depth < depths.get(to)!; depth++) {
      const id = `\0${index}:${depth}`;
      layers[depth]!.push(id);
      chain.push(id);
    }
    return [...chain, to];
  });
  return { layers: names.length === 0 ? [] : layers, chains };
}

/** Barycentre sweeps, forth and back: each node moves to the mean place of its neighbours in the layer just ordered. */
function reduceCrossings(layers: readonly string[][], chains: readonly string[][]): string[][] {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const chain of chains) {
    for (let i = 1; i < chain.length; i++) {
      add(after, chain[i - 1]!, chain[i]!);
      add(before, chain[i]!, chain[i - 1]!);
    }
  }
  const ordered = layers.map((layer) => [...layer]);
  for (let sweep = 0; sweep < 6; sweep++) {
    const forth = sweep % 2 === 0;
    for (let i = 1; i < ordered.length; i++) {
      const depth = forth ? i : ordered.length - 1 - i;
      sortByNeighbours(ordered[depth]!, ordered[forth ? depth - 1 : depth + 1]!, forth ? before : after);
    }
  }
  return ordered;
}

function sortByNeighbours(layer: string[], fixed: readonly string[], neighbours: ReadonlyMap<string, string[]>): void {
  const place = new Map(fixed.map((id, index) => [id, index - (fixed.length - 1) / 2]));
  const weight = new Map(
    layer.map((id, index) => {
      const places = (neighbours.get(id) ?? []).map((each) => place.get(each) ?? 0);
      const own = index - (layer.length - 1) / 2;
      return [id, places.length === 0 ? own : places.reduce((sum, each) => sum + each, 0) / places.length];
    }),
  );
  layer.sort((a, b) => weight.get(a)! - weight.get(b)! || compare(a, b));
}

function add(groups: Map<string, string[]>, key: string, value: string): void {
  const known = groups.get(key);
  if (known === undefined) groups.set(key, [value]);
  else known.push(value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
