import type { Leaf } from './found.ts';
import type { PathConstraint } from './path-constraint.ts';
import type { EdgeTable, ParamWay, RouteNode } from './route-node.ts';

/**
 * The leaf for the path of `target` between `pos`, where a segment begins, and `end`; undefined if none matches. `offsets`
 * gets where the parameters begin and end, from `depth` on. The best alternative is tried first, and each node is visited at
 * most once, whatever the path.
 *
 * Takes the path as it stands: {@link walkEncoded} is for one with a '%'.
 */
export function walk<T>(
  node: RouteNode<T>,
  target: string,
  pos: number,
  end: number,
  depth: number,
  offsets: number[],
): Leaf<T> | undefined {
  for (;;) {
    if (pos > end) return node.leaf;
    const { ways, rest } = node;
    const child = staticChild(node.edges, target, pos, end);
    if (child !== undefined) {
      const next = pos + child.width + 1;
      // Where there is nothing to come back for, go on without a call.
      if (ways.length === 0 && rest === undefined) {
        node = child;
        pos = next;
        continue;
      }
      const leaf = walk(child, target, next, end, depth, offsets);
      if (leaf !== undefined) return leaf;
    }
    if (ways.length > 0 && pos < end) {
      const segmentEnd = endOfSegment(target, pos, end);
      const last = ways.length - 1;
      for (let i = 0; i < last; i++) {
        const leaf = walkWay(ways[i]!, target, pos, segmentEnd, end, depth, offsets);
        if (leaf !== undefined) return leaf;
      }
      const way = ways[last]!;
      if (way.isPlain && rest === undefined && segmentEnd > pos) {
        offsets[depth] = pos;
        offsets[depth + 1] = segmentEnd;
        depth += 2;
        node = way.node;
        pos = segmentEnd + 1;
        continue;
      }
      const leaf = walkWay(way, target, pos, segmentEnd, end, depth, offsets);
      if (leaf !== undefined) return leaf;
    }
    if (rest !== undefined) {
      offsets[depth] = pos;
      offsets[depth + 1] = end;
    }
    return rest;
  }
}

function walkWay<T>(
  { suffix, constraint, node }: ParamWay<T>,
  target: string,
  pos: number,
  segmentEnd: number,
  end: number,
  depth: number,
  offsets: number[],
): Leaf<T> | undefined {
  const valueEnd = segmentEnd - suffix.length;
  if (valueEnd <= pos || (valueEnd < segmentEnd && !target.startsWith(suffix, valueEnd))) return undefined;
  if (constraint !== undefined && !constraint.accepts(target.slice(pos, valueEnd))) return undefined;
  offsets[depth] = pos;
  offsets[depth + 1] = valueEnd;
  return walk(node, target, segmentEnd + 1, end, depth + 2, offsets);
}

function endOfSegment(target: string, pos: number, end: number): number {
  const slash = target.indexOf('/', pos);
  return slash < 0 || slash > end ? end : slash;
}

/** Where the static text leads that is the whole segment at `pos`. */
function staticChild<T>(table: EdgeTable<T>, target: string, pos: number, end: number): RouteNode<T> | undefined {
  let { base, edges } = table;
  while (pos < end) {
    const index = target.charCodeAt(pos) - base;
    const edge = index >= 0 && index < edges.length ? edges[index] : undefined;
    if (edge === undefined) return undefined;
    const { text } = edge;
    pos++;
    if (pos + text.length > end) return undefined;
    for (let i = 0; i < text.length; i++) {
      if (target.charCodeAt(pos + i) !== text.charCodeAt(i)) return undefined;
    }
    pos += text.length;
    if (pos === end || target.charCodeAt(pos) === slash) return edge.node;
    base = edge.next.base;
    edges = edge.next.edges;
  }
  return undefined;
}

const slash = 47;

/**
 * The same for a path with a '%': static text may arrive percent-encoded, a suffix and a slash may not; a constraint sees the
 * decoded value. An encoding that is broken matches no static text and no constraint.
 */
export function walkEncoded<T>(
  node: RouteNode<T>,
  target: string,
  pos: number,
  end: number,
  depth: number,
  offsets: number[],
): Leaf<T> | undefined {
  if (pos > end) return node.leaf;
  const segmentEnd = endOfSegment(target, pos, end);
  const text = target.slice(pos, segmentEnd);
  const child = node.statics.get(text) ?? node.statics.get(decoded(text) ?? text);
  let leaf = child === undefined ? undefined : walkEncoded(child, target, segmentEnd + 1, end, depth, offsets);
  if (leaf !== undefined) return leaf;
  for (const { suffix, constraint, node: next } of node.ways) {
    const valueEnd = segmentEnd - suffix.length;
    if (valueEnd <= pos || !target.startsWith(suffix, valueEnd)) continue;
    if (constraint !== undefined && !acceptsEncoded(constraint, target.slice(pos, valueEnd))) continue;
    offsets[depth] = pos;
    offsets[depth + 1] = valueEnd;
    leaf = walkEncoded(next, target, segmentEnd + 1, end, depth + 2, offsets);
    if (leaf !== undefined) return leaf;
  }
  if (node.rest !== undefined) {
    offsets[depth] = pos;
    offsets[depth + 1] = end;
  }
  return node.rest;
}

function acceptsEncoded(constraint: PathConstraint, text: string): boolean {
  const value = decoded(text);
  return value !== undefined && constraint.accepts(value);
}

function decoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
