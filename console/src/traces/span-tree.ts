import type { Span } from '../api/answers.ts';

/** A span at its place in the tree, with its times on the clock of the tree's root. */
export interface SpanNode {
  readonly span: Span;
  readonly children: readonly SpanNode[];
  readonly depth: number;
  readonly startMs: number;
  readonly endMs: number;
  /** What was added to the span's own times because its clock disagreed with its parent's; 0 mostly. */
  readonly skewMs: number;
  /** True where a parent is named that is not in the trace: lost, not yet arrived, or the caller of a foreign system. */
  readonly isOrphan: boolean;
  /** How many spans lie below it. */
  readonly descendants: number;
}

export interface SpanTree {
  /** Real roots first, then orphans; each by start. */
  readonly roots: readonly SpanNode[];
  readonly startMs: number;
  readonly endMs: number;
  readonly byId: ReadonlyMap<string, SpanNode>;
}

/**
 * Builds the tree of a trace from its spans, in whatever order and state they came: of spans with the same id the first
 * counts, a span without its parent becomes a root of its own, and a ring of parents is opened at its earliest span.
 * No recursion: a chain of a hundred thousand spans is a tree too.
 */
export function buildSpanTree(spans: readonly Span[]): SpanTree {
  const unique = new Map<string, Span>();
  for (const span of spans) if (!unique.has(span.spanId)) unique.set(span.spanId, span);
  const childrenOf = groupByParent(unique);
  const roots = findRoots(unique, childrenOf);
  const byId = new Map<string, Draft>();
  const drafts = roots.map((span) => place(span, childrenOf, byId));
  return {
    roots: drafts,
    startMs: minOf(byId, (node) => node.startMs),
    endMs: -minOf(byId, (node) => -node.endMs),
    byId,
  };
}

/** The rows of a waterfall: the tree from top to bottom, without what lies below a collapsed span. */
export function visibleRows(tree: SpanTree, collapsed: ReadonlySet<string>): SpanNode[] {
  const rows: SpanNode[] = [];
  const stack = [...tree.roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    rows.push(node);
    if (collapsed.has(node.span.spanId)) continue;
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
  return rows;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<SpanNode, 'children'>> & { children: Draft[] };

function groupByParent(spans: ReadonlyMap<string, Span>): Map<string, Span[]> {
  const groups = new Map<string, Span[]>();
  for (const span of spans.values()) {
    if (span.parentSpanId === null || !spans.has(span.parentSpanId)) continue;
    const siblings = groups.get(span.parentSpanId);
    if (siblings === undefined) groups.set(span.parentSpanId, [span]);
    else siblings.push(span);
  }
  return groups;
}

/** Roots and orphans, and for each ring of parents (which no root reaches) the earliest of its spans. */
function findRoots(spans: ReadonlyMap<string, Span>, childrenOf: Map<string, Span[]>): Span[] {
  const roots = [...spans.values()].filter((span) => !hasParent(span, spans));
  roots.sort((a, b) => Number(a.parentSpanId !== null) - Number(b.parentSpanId !== null) || a.startMs - b.startMs);
  const reached = new Set<string>();
  for (const root of roots) reach(root, childrenOf, reached);
  if (reached.size === spans.size) return roots;
  for (const span of [...spans.values()].sort((a, b) => a.startMs - b.startMs)) {
    if (reached.has(span.spanId)) continue;
    const siblings = childrenOf.get(span.parentSpanId!)!;
    siblings.splice(siblings.indexOf(span), 1);
    roots.push(span);
    reach(span, childrenOf, reached);
  }
  return roots;
}

function hasParent(span: Span, spans: ReadonlyMap<string, Span>): boolean {
  return span.parentSpanId !== null && spans.has(span.parentSpanId);
}

function reach(root: Span, childrenOf: ReadonlyMap<string, Span[]>, reached: Set<string>): void {
  const stack = [root];
  for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
    if (reached.has(span.spanId)) continue;
    reached.add(span.spanId);
    stack.push(...(childrenOf.get(span.spanId) ?? []));
  }
}

function place(root: Span, childrenOf: ReadonlyMap<string, Span[]>, byId: Map<string, Draft>): Draft {
  const top = draft(root, undefined);
  const order: Draft[] = [];
  const stack = [top];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    byId.set(node.span.spanId, node);
    order.push(node);
    const parent = node;
    node.children = (childrenOf.get(node.span.spanId) ?? []).map((child) => draft(child, parent));
    node.children.sort((a, b) => a.startMs - b.startMs);
    stack.push(...node.children);
  }
  for (const node of order.reverse()) for (const child of node.children) node.descendants += 1 + child.descendants;
  return top;
}

function draft(span: Span, parent: Draft | undefined): Draft {
  const skewMs = parent === undefined ? 0 : skewOf(span, parent);
  return {
    span,
    children: [],
    depth: parent === undefined ? 0 : parent.depth + 1,
    startMs: span.startMs + skewMs,
    endMs: span.startMs + skewMs + span.durationMs,
    skewMs,
    isOrphan: parent === undefined && span.parentSpanId !== null,
    descendants: 0,
  };
}

/**
 * Nothing starts before what caused it. A child of another process that seems to has another clock: it inherits its
 * parent's correction first and, if that is not enough, is put in the middle of its parent, as if the way there and the way
 * back took equally long, or at its start if it does not fit. An end after the parent's is no proof of skew (work may go on).
 */
function skewOf(span: Span, parent: Draft): number {
  const sameClock = span.instance === parent.span.instance && span.service === parent.span.service;
  const inherited = parent.skewMs;
  if (sameClock || span.startMs + inherited >= parent.startMs) return inherited;
  const slackMs = Math.max(0, parent.span.durationMs - span.durationMs);
  return parent.startMs + slackMs / 2 - span.startMs;
}

function minOf(nodes: ReadonlyMap<string, Draft>, value: (node: Draft) => number): number {
  let min = Number.POSITIVE_INFINITY;
  for (const node of nodes.values()) min = Math.min(min, value(node));
  return nodes.size === 0 ? 0 : min;
}
