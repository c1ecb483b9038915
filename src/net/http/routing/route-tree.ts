import { Found, Leaf } from './found.ts';
import { constraintFor, type PathConstraints } from './path-constraint.ts';
import { parsePattern } from './path-pattern.ts';
import { RouteNode } from './route-node.ts';
import { walk, walkEncoded } from './walk.ts';

export type { Found } from './found.ts';

/**
 * The routes of a server by method and path: a radix tree for each method, so a route of another method never hides one. Where
 * several match a path, the first segment that differs decides: static beats a parameter with a suffix (the longest first), that
 * beats a plain parameter, that beats rest. Of parameters that are otherwise alike those with a constraint come first, in
 * the order in which they were added.
 *
 * Written for speed (`npm run bench -- http-parts`); the plain version that it is tested against is `PlainRouteTree`.
 */
export class RouteTree<T> {
  // Private by word, not by '#', which costs as much as a character to compare.
  private readonly roots: Map<string, RouteNode<T>>;
  /** Filled and read within `find`. */
  private readonly offsets: number[];
  /** The root of the method that most requests have. */
  private get: RouteNode<T> | undefined;
  private isCompiled: boolean;

  constructor() {
    this.roots = new Map();
    this.offsets = [];
    this.get = undefined;
    this.isCompiled = true;
  }

  /**
   * Throws a TypeError for a bad path, for a constraint that no parameter has, and for a path that another route of this method
   * already answers.
   */
  add(method: string, path: string, value: T, where: PathConstraints = {}): void {
    const names: string[] = [];
    let node = this.root(method);
    let isRest = false;
    for (const segment of parsePattern(path)) {
      if (segment.kind === 'static') {
        node = node.staticChild(segment.text);
        continue;
      }
      names.push(segment.name);
      if (segment.kind === 'param') node = node.paramChild(segment.suffix, constraintFor(where, segment.name));
      else isRest = true;
    }
    checkWhere(method, path, where, isRest ? names.slice(0, -1) : names);
    const taken = isRest ? node.rest : node.leaf;
    if (taken !== undefined) {
      throw new TypeError(
        `${method} ${path} conflicts with ${method} ${taken.path}: both match the same paths; remove one`,
      );
    }
    const leaf = new Leaf(value, path, names);
    if (isRest) node.rest = leaf;
    else node.leaf = leaf;
    this.isCompiled = false;
  }

  /** Makes what `find` needs, which otherwise the next `find` does. */
  compile(): void {
    for (const root of this.roots.values()) root.compile();
    this.get = this.roots.get('GET');
    this.isCompiled = true;
  }

  /**
   * The route for the path of a request target: what stands from `start`, where there is a '/', up to `end`, without the query. HEAD
   * falls back to GET. Undefined if none matches. Allocates nothing for a route without parameters.
   */
  find(method: string, target: string, end = target.length, start = 0): Found<T> | undefined {
    if (!this.isCompiled) this.compile();
    const root = method === 'GET' ? this.get : this.roots.get(method);
    const found = root === undefined ? undefined : this.findIn(root, target, end, start);
    return found === undefined && method === 'HEAD' ? this.find('GET', target, end, start) : found;
  }

  /** The methods that have a route for the path, sorted. Empty if no route matches it. */
  methods(target: string, end = target.length, start = 0): string[] {
    if (!this.isCompiled) this.compile();
    const methods = [...this.roots].filter(([, root]) => this.findIn(root, target, end, start) !== undefined);
    return methods.map(([method]) => method).sort();
  }

  private findIn(root: RouteNode<T>, target: string, end: number, start: number): Found<T> | undefined {
    const offsets = this.offsets;
    // '/' ends before its only segment, which is empty; a rest that is empty comes after it.
    if (end - start === 1 && root.leaf !== undefined) return root.leaf.found;
    let leaf = walk(root, target, start + 1, end, 0, offsets);
    if (leaf?.found !== undefined) return leaf.found;
    // No static text has a '%': what matched without parameters matched as it stands.
    const percent = target.indexOf('%', start);
    if (percent >= 0 && percent < end) leaf = walkEncoded(root, target, start + 1, end, 0, offsets);
    return leaf === undefined ? undefined : (leaf.found ?? new Found(leaf, target, offsets));
  }

  private root(method: string): RouteNode<T> {
    let root = this.roots.get(method);
    if (root === undefined) {
      root = new RouteNode(0);
      this.roots.set(method, root);
    }
    return root;
  }
}

function checkWhere(method: string, path: string, where: PathConstraints, names: readonly string[]): void {
  const unknown = Object.keys(where).find((name) => where[name] !== undefined && !names.includes(name));
  if (unknown === undefined) return;
  const known = names.length === 0 ? 'none' : names.join(', ');
  throw new TypeError(
    `${method} ${path}: there is a constraint for "${unknown}", but the parameters that can have one are: ${known}`,
  );
}
