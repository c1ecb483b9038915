import { decodePercent } from '../input/query.ts';

/** A route that was found for a target. It keeps the target, and cuts the parameters out of it only when they are asked for. */
export class Found<T> {
  // Declared, not initialised: one is made for each request.
  declare private readonly leaf: Leaf<T>;
  declare private readonly target: string;
  declare private readonly start0: number;
  declare private readonly end0: number;
  declare private readonly start1: number;
  declare private readonly end1: number;
  declare private readonly start2: number;
  declare private readonly end2: number;
  /** Of the fourth parameter and those after it. */
  declare private readonly more: readonly number[] | undefined;

  /** `offsets`: where each parameter begins and ends in the target. Not kept. */
  constructor(leaf: Leaf<T>, target: string, offsets: readonly number[]) {
    const count = leaf.names.length;
    this.leaf = leaf;
    this.target = target;
    this.start0 = count > 0 ? offsets[0]! : 0;
    this.end0 = count > 0 ? offsets[1]! : 0;
    this.start1 = count > 1 ? offsets[2]! : 0;
    this.end1 = count > 1 ? offsets[3]! : 0;
    this.start2 = count > 2 ? offsets[4]! : 0;
    this.end2 = count > 2 ? offsets[5]! : 0;
    this.more = count > 3 ? offsets.slice(6, 2 * count) : undefined;
  }

  get value(): T {
    return this.leaf.value;
  }

  /** The names of the parameters, in the order of the path. */
  get names(): readonly string[] {
    return this.leaf.names;
  }

  /** The values, in the same order, as they stood in the path: still percent-encoded. Cut anew at each call. */
  get values(): readonly string[] {
    return this.leaf.names.map((_, index) => this.raw(index));
  }

  /** The parameters by name, percent-decoded: a fresh object. Throws MALFORMED_REQUEST for broken percent-encoding. */
  params(): Record<string, string> {
    const params: Record<string, string> = {};
    const { names } = this.leaf;
    for (let i = 0; i < names.length; i++) {
      const value = this.raw(i);
      params[names[i]!] = value.includes('%') ? decodePercent(value, 'path') : value;
    }
    return params;
  }

  private raw(index: number): string {
    const { target } = this;
    if (index === 0) return target.slice(this.start0, this.end0);
    if (index === 1) return target.slice(this.start1, this.end1);
    if (index === 2) return target.slice(this.start2, this.end2);
    const at = 2 * (index - 3);
    return target.slice(this.more![at], this.more![at + 1]);
  }
}

/** What stands where a route ends. */
export class Leaf<T> {
  readonly value: T;
  readonly path: string;
  /** Of the path's parameters, in order. */
  readonly names: readonly string[];
  /** What is found here, where there are no parameters: the same for every request. */
  readonly found: Found<T> | undefined;

  constructor(value: T, path: string, names: readonly string[]) {
    this.value = value;
    this.path = path;
    this.names = names;
    this.found = names.length === 0 ? new Found(this, '', []) : undefined;
  }
}
