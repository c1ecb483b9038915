import type { SpanNode, SpanTree } from './span-tree.ts';

/** A stretch of the critical path: from `startMs` to `endMs` the trace waited for this span's own work. */
export interface Segment {
  readonly spanId: string;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What the duration of the trace's main root consists of. From the root's end backwards, the path goes into the child that
 * ended last before the point that is reached, and continues at that child's start; where no child ran, the time is the
 * span's own. The segments cover the root without gap or overlap, in order of time; shortening any of them shortens the trace.
 */
export function criticalPath(tree: SpanTree): Segment[] {
  const root = mainRoot(tree);
  if (root === undefined) return [];
  const segments: Segment[] = [];
  const stack: { node: SpanNode; endMs: number }[] = [{ node: root, endMs: root.endMs }];
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { node } = visit;
    let cursorMs = visit.endMs;
    for (const child of byEndDescending(node)) {
      // A child may outlive its parent; only at the parent's end it is cut there, later such a sibling ran beside the path.
      const endMs = cursorMs === node.endMs ? Math.min(child.endMs, cursorMs) : child.endMs;
      if (endMs > cursorMs || child.startMs >= endMs || child.startMs < node.startMs) continue;
      if (endMs < cursorMs) segments.push({ spanId: node.span.spanId, startMs: endMs, endMs: cursorMs });
      stack.push({ node: child, endMs });
      cursorMs = child.startMs;
    }
    if (cursorMs > node.startMs) segments.push({ spanId: node.span.spanId, startMs: node.startMs, endMs: cursorMs });
  }
  return segments.sort((a, b) => a.startMs - b.startMs);
}

/** The segments by span, as a waterfall draws them. */
export function segmentsBySpan(segments: readonly Segment[]): ReadonlyMap<string, readonly Segment[]> {
  const bySpan = new Map<string, Segment[]>();
  for (const segment of segments) {
    const known = bySpan.get(segment.spanId);
    if (known === undefined) bySpan.set(segment.spanId, [segment]);
    else known.push(segment);
  }
  return bySpan;
}

/** The first real root, or the longest orphan where the root is missing. */
function mainRoot(tree: SpanTree): SpanNode | undefined {
  const real = tree.roots.find((root) => !root.isOrphan);
  if (real !== undefined) return real;
  return [...tree.roots].sort((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs))[0];
}

function byEndDescending(node: SpanNode): SpanNode[] {
  return [...node.children].sort((a, b) => b.endMs - a.endMs);
}
