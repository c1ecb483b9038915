import type { Leaf } from './found.ts';
import type { PathConstraint } from './path-constraint.ts';

/** A way on over a segment of any text, or over one that ends in `suffix` and whose value the constraint accepts. */
export interface ParamWay<T> {
  readonly suffix: string;
  readonly constraint: PathConstraint | undefined;
  readonly node: RouteNode<T>;
  /** No suffix, no constraint: any text but none. */
  readonly isPlain: boolean;
}

/** The place before a segment: what may follow there. */
export class RouteNode<T> {
  /** The length of the static text that leads here; 0 after a parameter. */
  readonly width: number;
  /** The path ends before this segment. */
  leaf: Leaf<T> | undefined = undefined;
  rest: Leaf<T> | undefined = undefined;
  readonly statics = new Map<string, RouteNode<T>>();
  /** Best first: the longest suffix; of one suffix those with a constraint, as they were added. */
  readonly ways: ParamWay<T>[] = [];
  /** The static texts as a radix tree: made by {@link compile}. */
  edges: EdgeTable<T> = noEdges;

  constructor(width: number) {
    this.width = width;
  }

  staticChild(text: string): RouteNode<T> {
    let child = this.statics.get(text);
    if (child === undefined) {
      child = new RouteNode(text.length);
      this.statics.set(text, child);
    }
    return child;
  }

  paramChild(suffix: string, constraint: PathConstraint | undefined): RouteNode<T> {
    const { ways } = this;
    const known = ways.find((way) => way.suffix === suffix && way.constraint?.name === constraint?.name);
    if (known !== undefined) return known.node;
    const node = new RouteNode<T>(0);
    ways.push({ suffix, constraint, node, isPlain: suffix === '' && constraint === undefined });
    ways.sort((a, b) => b.suffix.length - a.suffix.length || rank(a) - rank(b));
    return node;
  }

  /** Makes the radix trees of this node and of all below, once all routes are added. */
  compile(): void {
    this.edges = this.statics.size === 0 ? noEdges : edgeTable([...this.statics], 0);
    for (const child of this.statics.values()) child.compile();
    for (const way of this.ways) way.node.compile();
  }
}

/** Edges by their first character: the one with the code `base + i` is at `i`. */
export interface EdgeTable<T> {
  readonly base: number;
  readonly edges: readonly (Edge<T> | undefined)[];
}

/** A piece of static text, within one segment. */
export interface Edge<T> {
  /** What follows its first character. */
  readonly text: string;
  /** Where the segment may end after it. */
  readonly node: RouteNode<T> | undefined;
  readonly next: EdgeTable<T>;
}

const noEdges: EdgeTable<never> = { base: 0, edges: [] };

function rank(way: ParamWay<unknown>): number {
  return way.constraint === undefined ? 1 : 0;
}

/** The texts are alike up to `at`, and longer. */
function edgeTable<T>(statics: readonly [text: string, node: RouteNode<T>][], at: number): EdgeTable<T> {
  const byCode = Map.groupBy(statics, ([text]) => text.charCodeAt(at));
  const base = Math.min(...byCode.keys());
  const length = Math.max(...byCode.keys()) - base + 1;
  const edges = Array.from({ length }, (_, i) => {
    const some = byCode.get(base + i);
    return some === undefined ? undefined : edge(some, at);
  });
  return { base, edges };
}

function edge<T>(statics: readonly [text: string, node: RouteNode<T>][], at: number): Edge<T> {
  const [first] = statics[0]!;
  let end = at + 1;
  while (end < first.length && statics.every(([text]) => text[end] === first[end])) end++;
  const longer = statics.filter(([text]) => text.length > end);
  return {
    text: first.slice(at + 1, end),
    node: statics.find(([text]) => text.length === end)?.[1],
    next: longer.length === 0 ? noEdges : edgeTable(longer, end),
  };
}
