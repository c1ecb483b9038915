import type { Middleware } from '../../../service/index.ts';
import type { Binder } from '../input/binder.ts';
import type { Renderer } from '../reply/renderer.ts';
import { constraintFor, type PathConstraints } from './path-constraint.ts';
import { parsePattern } from './path-pattern.ts';
import type { RouteOptions } from './route.ts';

/** What a router, a group or a plugin says for its routes and for the groups within it. */
export interface RouterOptions {
  /** Wraps every route of this router and its groups; the first is the outermost. Hooks are one too: `hooks({ ... })`. Default: none. */
  readonly middleware?: readonly Middleware[];
  /** What a parameter of such a name is held to, in any route that has one. Default: nothing. */
  readonly where?: PathConstraints;
  /** What reads bodies for schemas. Default: the outer group's; else JSON alone. */
  readonly binders?: readonly Binder[];
  /** What plain values are sent as. Default: the outer group's; else JSON. */
  readonly renderers?: readonly Renderer[];
  /** See the option of the same name of a route. Default: the outer group's; else false. */
  readonly strictAccept?: boolean;
}

type Options = RouteOptions<unknown, unknown, unknown, unknown>;

/** What holds at one place of the table: composed when a router or group is made, so that a route costs nothing later. */
export class Scope {
  readonly prefix: string;
  readonly middleware: readonly Middleware[];
  readonly #options: RouterOptions;

  constructor(prefix: string, middleware: readonly Middleware[], options: RouterOptions) {
    this.prefix = prefix;
    this.middleware = middleware;
    this.#options = options;
  }

  static root(options: RouterOptions): Scope {
    return new Scope('', [], {}).within('', options);
  }

  /** Middleware adds up, outermost first; of everything else the inner one holds. */
  within(prefix: string, options: RouterOptions): Scope {
    const outer = this.#options;
    return new Scope(this.prefix + prefix, [...this.middleware, ...(options.middleware ?? [])], {
      ...outer,
      ...definedOnly(options),
      where: { ...outer.where, ...options.where },
    });
  }

  /** `/` in a group is the group's prefix itself. */
  join(path: string): string {
    return this.prefix !== '' && path === '/' ? this.prefix : this.prefix + path;
  }

  /** The options of a route with what is said here where it says nothing. `path` is whole. */
  optionsOf(path: string, own: Options): Options {
    const { binders, renderers, strictAccept, where } = this.#options;
    const scoped = definedOnly({ binders, renderers, strictAccept, where: whereOf(path, where, own.where) });
    return { ...scoped, ...definedOnly(own), ...(scoped.where !== undefined && { where: scoped.where }) };
  }
}

/** The constraints for the path's own parameters; undefined if there are none. */
function whereOf(path: string, outer: PathConstraints = {}, own: PathConstraints = {}): PathConstraints | undefined {
  const where = new Map(Object.entries(own).filter(([, constraint]) => constraint !== undefined));
  for (const segment of parsePattern(path)) {
    if (segment.kind !== 'param' || where.has(segment.name)) continue;
    const constraint = constraintFor(outer, segment.name);
    if (constraint !== undefined) where.set(segment.name, constraint);
  }
  return where.size === 0 ? undefined : Object.fromEntries(where);
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function definedOnly<T extends object>(options: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>;
}
