import type { SpanNode } from './span-tree.ts';

/** How long a span ran while none of its children did. */
export function selfTimeMs(node: SpanNode): number {
  let coveredMs = 0;
  let reachedMs = node.startMs;
  for (const child of [...node.children].sort((a, b) => a.startMs - b.startMs)) {
    const startMs = Math.max(child.startMs, reachedMs);
    const endMs = Math.min(child.endMs, node.endMs);
    if (endMs <= startMs) continue;
    coveredMs += endMs - startMs;
    reachedMs = endMs;
  }
  return Math.max(0, node.endMs - node.startMs - coveredMs);
}
