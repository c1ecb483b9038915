import type { Middleware } from '../../../service/index.ts';
import type { HttpHeaders, HttpMethod, HttpQuery } from '../request.ts';
import type { PathParams } from './path-pattern.ts';
import type { HttpHandler, Route, RouteOptions } from './route.ts';
import { RouteTree } from './route-tree.ts';

export interface RouterOptions {
  /** Wraps every route of this router and its groups; the first is the outermost. Default: none. */
  readonly middleware?: readonly Middleware[];
}

/**
 * Registers a route. The options may be left out. The types of `req` follow from the path and the options.
 * Throws a TypeError for a bad path, for a conflict with another route, and once a server has started with the router.
 */
export interface RegisterRoute<Prefix extends string> {
  <Path extends string>(
    path: Path,
    handler: HttpHandler<PathParams<`${Prefix}${Path}`>, HttpQuery, HttpHeaders, undefined>,
  ): void;
  <Path extends string, P = PathParams<`${Prefix}${Path}`>, Q = HttpQuery, H = HttpHeaders, B = undefined>(
    path: Path,
    options: RouteOptions<P, Q, H, B>,
    handler: HttpHandler<P, Q, H, B>,
  ): void;
}

/**
 * The routes of a server. A path has static segments, `:name` (one segment, never empty; `:name:verb` and `:name.ext`
 * match a literal suffix) and, last, `*name` (the rest, may be empty). Static beats parameter beats rest, segment by
 * segment. HEAD is answered from GET and OPTIONS with Allow, unless they have a route of their own.
 */
export interface Router<Prefix extends string = ''> {
  readonly get: RegisterRoute<Prefix>;
  readonly post: RegisterRoute<Prefix>;
  readonly put: RegisterRoute<Prefix>;
  readonly patch: RegisterRoute<Prefix>;
  readonly delete: RegisterRoute<Prefix>;
  readonly head: RegisterRoute<Prefix>;
  readonly options: RegisterRoute<Prefix>;
  route<Path extends string>(
    method: HttpMethod,
    path: Path,
    handler: HttpHandler<PathParams<`${Prefix}${Path}`>, HttpQuery, HttpHeaders, undefined>,
  ): void;
  route<Path extends string, P = PathParams<`${Prefix}${Path}`>, Q = HttpQuery, H = HttpHeaders, B = undefined>(
    method: HttpMethod,
    path: Path,
    options: RouteOptions<P, Q, H, B>,
    handler: HttpHandler<P, Q, H, B>,
  ): void;
  /** The same table under a prefix (`/admin`, or '' for none), with middleware that runs inside this router's. */
  group<Sub extends string>(prefix: Sub, options?: RouterOptions): Router<`${Prefix}${Sub}`>;
  /** Takes over the routes that the other router has now, under this one's prefix and inside its middleware. */
  mount(other: RouteList): void;
  /** What is registered, groups included, in order. */
  readonly routes: readonly Route[];
}

/** A router or group, of whatever prefix. */
export interface RouteList {
  readonly routes: readonly Route[];
}

export function createRouter(options: RouterOptions = {}): Router {
  return new RouteGroup(new RouteTable(), '', options.middleware ?? []);
}

/** The routes of a router, sealed: it takes no more, since a server that runs would not see them. */
export function sealRoutes(router: RouteList): readonly Route[] {
  if (router instanceof RouteGroup) router.seal();
  return router.routes;
}

class RouteTable {
  readonly routes: Route[] = [];
  readonly #tree = new RouteTree<Route>();
  isSealed = false;

  add(route: Route): void {
    if (this.isSealed) {
      throw new TypeError(`${route.method} ${route.path}: the server has started; register all routes before`);
    }
    this.#tree.add(route.method, route.path, route);
    this.routes.push(route);
  }
}

type Options = RouteOptions<unknown, unknown, unknown, unknown>;
type AnyHandler = HttpHandler<unknown, unknown, unknown, unknown>;

class RouteGroup<Prefix extends string> implements Router<Prefix> {
  readonly get = this.#register('GET');
  readonly post = this.#register('POST');
  readonly put = this.#register('PUT');
  readonly patch = this.#register('PATCH');
  readonly delete = this.#register('DELETE');
  readonly head = this.#register('HEAD');
  readonly options = this.#register('OPTIONS');
  readonly #table: RouteTable;
  readonly #prefix: string;
  readonly #middleware: readonly Middleware[];

  constructor(table: RouteTable, prefix: string, middleware: readonly Middleware[]) {
    this.#table = table;
    this.#prefix = prefix;
    this.#middleware = middleware;
  }

  get routes(): readonly Route[] {
    return this.#table.routes;
  }

  route(method: HttpMethod, path: string, optionsOrHandler: unknown, handler?: unknown): void {
    const hasOptions = handler !== undefined;
    const options = hasOptions ? (optionsOrHandler as Options) : {};
    const handle = hasOptions ? handler : optionsOrHandler;
    if (typeof handle !== 'function') throw new TypeError(`${method} ${path}: the handler is not a function`);
    const { timeoutMs = 0, maxBodyBytes = 0 } = options;
    if (!(timeoutMs >= 0))
      throw new RangeError(`${method} ${path}: timeoutMs ${timeoutMs} is not a number from 0 (no limit)`);
    if (!(maxBodyBytes >= 0))
      throw new RangeError(`${method} ${path}: maxBodyBytes ${maxBodyBytes} is not a number from 0`);
    this.#table.add({
      method,
      path: this.#join(path),
      options,
      middleware: [...this.#middleware, ...(options.middleware ?? [])],
      handler: handle as AnyHandler,
    });
  }

  group<Sub extends string>(prefix: Sub, options: RouterOptions = {}): Router<`${Prefix}${Sub}`> {
    if (prefix !== '' && (!prefix.startsWith('/') || prefix.endsWith('/'))) {
      throw new TypeError(`group: the prefix "${prefix}" must start with "/" and not end with it, or be empty`);
    }
    return new RouteGroup<`${Prefix}${Sub}`>(this.#table, this.#prefix + prefix, [
      ...this.#middleware,
      ...(options.middleware ?? []),
    ]);
  }

  mount(other: RouteList): void {
    for (const route of [...other.routes]) {
      const middleware = [...this.#middleware, ...route.middleware];
      this.#table.add({ ...route, path: this.#join(route.path), middleware });
    }
  }

  seal(): void {
    this.#table.isSealed = true;
  }

  #register(method: HttpMethod): RegisterRoute<Prefix> {
    return (path: string, optionsOrHandler: unknown, handler?: unknown) =>
      this.route(method, path, optionsOrHandler, handler);
  }

  /** `/` in a group is the group's prefix itself. */
  #join(path: string): string {
    return this.#prefix !== '' && path === '/' ? this.#prefix : this.#prefix + path;
  }
}
