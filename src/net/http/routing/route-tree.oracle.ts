import { parsePattern, type Segment } from './path-pattern.ts';

interface Found<T> {
  readonly value: T;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

interface Leaf<T> {
  readonly path: string;
  readonly names: readonly string[];
  readonly value: T;
}

class Branch<T> {
  readonly statics = new Map<string, Branch<T>>();
  /** Parameters with a suffix, the longest suffix first. */
  readonly suffixed: { readonly suffix: string; readonly branch: Branch<T> }[] = [];
  param: Branch<T> | undefined;
  rest: Map<string, Leaf<T>> | undefined;
  readonly leaves = new Map<string, Leaf<T>>();
}

/**
 * What {@link RouteTree} is tested against: the same rules, written plainly. One tree for all methods, segments cut out and looked
 * up in Maps.
 */
export class PlainRouteTree<T> {
  readonly #root = new Branch<T>();

  /** Throws a TypeError for a bad path and for one that another route of this method already answers. */
  add(method: string, path: string, value: T): void {
    const segments = parsePattern(path);
    const leaves = this.#leavesAt(segments);
    const taken = leaves.get(method);
    if (taken !== undefined) {
      throw new TypeError(
        `${method} ${path} conflicts with ${method} ${taken.path}: both match the same paths; remove one`,
      );
    }
    const names = segments.flatMap((segment) => (segment.kind === 'static' ? [] : [segment.name]));
    leaves.set(method, { path, names, value });
  }

  /** The route for a path as it stands in the request (it starts with '/', without query), or undefined. */
  find(method: string, path: string): Found<T> | undefined {
    const values: string[] = [];
    const leaf = walk(this.#root, path, 1, values, (leaves) => leaves.get(method));
    return leaf === undefined ? undefined : { value: leaf.value, names: leaf.names, values };
  }

  /** The methods that the path has, sorted: for Allow. Empty if no route matches it. */
  methods(path: string): string[] {
    const methods = new Set<string>();
    walk(this.#root, path, 1, [], (leaves) => {
      for (const method of leaves.keys()) methods.add(method);
      return undefined;
    });
    return [...methods].sort();
  }

  #leavesAt(segments: readonly Segment[]): Map<string, Leaf<T>> {
    let branch = this.#root;
    for (const segment of segments) {
      if (segment.kind === 'rest') {
        branch.rest ??= new Map();
        return branch.rest;
      }
      branch = segment.kind === 'static' ? staticChild(branch, segment.text) : paramChild(branch, segment.suffix);
    }
    return branch.leaves;
  }
}

type Take<T> = (leaves: Map<string, Leaf<T>>) => Leaf<T> | undefined;

/** Follows `path` from `start`, best alternative first, until `take` accepts the leaves where a match ends. */
function walk<T>(branch: Branch<T>, path: string, start: number, values: string[], take: Take<T>): Leaf<T> | undefined {
  if (start > path.length || (start === path.length && path.length === 1)) {
    const leaf = take(branch.leaves);
    if (leaf !== undefined) return leaf;
  }
  if (start > path.length) return undefined;
  const slash = path.indexOf('/', start);
  const end = slash < 0 ? path.length : slash;
  const text = path.slice(start, end);
  return (
    walkStatic(branch, path, text, end, values, take) ??
    walkParams(branch, path, text, end, values, take) ??
    walkRest(branch, path.slice(start), values, take)
  );
}

function walkStatic<T>(
  branch: Branch<T>,
  path: string,
  text: string,
  end: number,
  values: string[],
  take: Take<T>,
): Leaf<T> | undefined {
  const child = branch.statics.get(text) ?? (text.includes('%') ? branch.statics.get(decoded(text)) : undefined);
  return child === undefined ? undefined : walk(child, path, end + 1, values, take);
}

function walkParams<T>(
  branch: Branch<T>,
  path: string,
  text: string,
  end: number,
  values: string[],
  take: Take<T>,
): Leaf<T> | undefined {
  for (const { suffix, branch: child } of branch.suffixed) {
    if (text.length <= suffix.length || !text.endsWith(suffix)) continue;
    const leaf = walkParam(child, path, text.slice(0, -suffix.length), end, values, take);
    if (leaf !== undefined) return leaf;
  }
  return branch.param === undefined || text === '' ? undefined : walkParam(branch.param, path, text, end, values, take);
}

function walkParam<T>(
  child: Branch<T>,
  path: string,
  value: string,
  end: number,
  values: string[],
  take: Take<T>,
): Leaf<T> | undefined {
  values.push(value);
  const leaf = walk(child, path, end + 1, values, take);
  if (leaf === undefined) values.pop();
  return leaf;
}

function walkRest<T>(branch: Branch<T>, rest: string, values: string[], take: Take<T>): Leaf<T> | undefined {
  const leaf = branch.rest === undefined ? undefined : take(branch.rest);
  if (leaf !== undefined) values.push(rest);
  return leaf;
}

function staticChild<T>(branch: Branch<T>, text: string): Branch<T> {
  let child = branch.statics.get(text);
  if (child === undefined) {
    child = new Branch();
    branch.statics.set(text, child);
  }
  return child;
}

function paramChild<T>(branch: Branch<T>, suffix: string): Branch<T> {
  if (suffix === '') {
    branch.param ??= new Branch();
    return branch.param;
  }
  const known = branch.suffixed.find((entry) => entry.suffix === suffix);
  if (known !== undefined) return known.branch;
  const child = new Branch<T>();
  branch.suffixed.push({ suffix, branch: child });
  branch.suffixed.sort((a, b) => b.suffix.length - a.suffix.length);
  return child;
}

/** Static text may arrive percent-encoded; an encoding that is broken matches nothing static. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
