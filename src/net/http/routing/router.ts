import type { HttpHeaders, HttpMethod, HttpQuery } from '../request.ts';
import type { PathParamNames, PathParams } from './path-pattern.ts';
import type { Decoration, Plugin, RegisterOptions } from './plugin.ts';
import type { HttpHandler, Route, RouteOptions } from './route.ts';
import { RouteTree } from './route-tree.ts';
import { type RouterOptions, Scope } from './scope.ts';

export type { RouterOptions } from './scope.ts';

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
    options: RouteOptions<P, Q, H, B, PathParamNames<`${Prefix}${Path}`>>,
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
    options: RouteOptions<P, Q, H, B, PathParamNames<`${Prefix}${Path}`>>,
    handler: HttpHandler<P, Q, H, B>,
  ): void;
  /** The same table under a prefix (`/admin`, or '' for none), with what holds for its routes alone; middleware runs inside this router's. */
  group<Sub extends string>(prefix: Sub, options?: RouterOptions): Router<`${Prefix}${Sub}`>;
  /** Takes over the routes that the other router has now, as a group would have them. */
  mount(other: RouteList): void;
  /**
   * Runs a plugin with a group of its own. Throws a TypeError for a plugin that is registered here already, or that is async.
   */
  register(plugin: Plugin): void;
  register<O>(plugin: Plugin<O>, options: O, at?: RegisterOptions): void;
  /** Adds to what holds here. Throws a TypeError after the first route or group of this router, for which it would not hold. */
  use(options: RouterOptions): void;
  /** Keeps something for whoever registers routes here or in a group of this router. Throws a TypeError if this router has it already. */
  decorate<T>(key: Decoration<T>, value: T): void;
  /** What was kept here, or in the nearest router around. Throws a TypeError if nothing was. */
  decorated<T>(key: Decoration<T>): T;
  /** What is registered, groups included, in order. */
  readonly routes: readonly Route[];
}

/** A router or group, of whatever prefix. */
export interface RouteList {
  readonly routes: readonly Route[];
}

export function createRouter(options: RouterOptions = {}): Router {
  return new RouteGroup(new RouteTable(), Scope.root(options), undefined);
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
    this.#tree.add(route.method, route.path, route, route.options.where);
    this.routes.push(route);
  }
}

type Options = RouteOptions<unknown, unknown, unknown, unknown>;
type AnyHandler = HttpHandler<unknown, unknown, unknown, unknown>;

type Decorated = Pick<Router, 'decorated'>;

class RouteGroup<Prefix extends string> implements Router<Prefix> {
  readonly get = this.#register('GET');
  readonly post = this.#register('POST');
  readonly put = this.#register('PUT');
  readonly patch = this.#register('PATCH');
  readonly delete = this.#register('DELETE');
  readonly head = this.#register('HEAD');
  readonly options = this.#register('OPTIONS');
  readonly #table: RouteTable;
  readonly #parent: Decorated | undefined;
  readonly #decorations = new Map<Decoration<unknown>, unknown>();
  readonly #plugins = new Set<unknown>();
  #scope: Scope;
  /** Something has taken over what holds here. */
  #isFixed = false;

  constructor(table: RouteTable, scope: Scope, parent: Decorated | undefined) {
    this.#table = table;
    this.#scope = scope;
    this.#parent = parent;
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
    const whole = this.#scope.join(path);
    this.#isFixed = true;
    this.#table.add({
      method,
      path: whole,
      options: this.#scope.optionsOf(whole, options),
      middleware: [...this.#scope.middleware, ...(options.middleware ?? [])],
      handler: handle as AnyHandler,
    });
  }

  group<Sub extends string>(prefix: Sub, options: RouterOptions = {}): Router<`${Prefix}${Sub}`> {
    if (prefix !== '' && (!prefix.startsWith('/') || prefix.endsWith('/'))) {
      throw new TypeError(`group: the prefix "${prefix}" must start with "/" and not end with it, or be empty`);
    }
    this.#isFixed = true;
    return new RouteGroup<`${Prefix}${Sub}`>(this.#table, this.#scope.within(prefix, options), this);
  }

  mount(other: RouteList): void {
    this.#isFixed = true;
    for (const route of [...other.routes]) {
      const path = this.#scope.join(route.path);
      const options = this.#scope.optionsOf(path, route.options);
      this.#table.add({ ...route, path, options, middleware: [...this.#scope.middleware, ...route.middleware] });
    }
  }

  register<O>(plugin: Plugin<O>, options?: O, at: RegisterOptions = {}): void {
    const name = plugin.name === '' ? 'the plugin' : `the plugin ${plugin.name}`;
    if (this.#plugins.has(plugin) && at.isRepeatable !== true) {
      throw new TypeError(`register: ${name} is registered here already; if that is meant, say isRepeatable`);
    }
    this.#plugins.add(plugin);
    const result: unknown = plugin(this.group(at.prefix ?? '') as unknown as Router, options as O);
    if (result instanceof Promise) {
      throw new TypeError(`register: ${name} is async; wait for what it needs before, and pass that as an option`);
    }
  }

  use(options: RouterOptions): void {
    if (this.#isFixed) {
      throw new TypeError('use: say it before the first route or group of this router, which it would not hold for');
    }
    this.#scope = this.#scope.within('', options);
  }

  decorate<T>(key: Decoration<T>, value: T): void {
    if (this.#decorations.has(key)) throw new TypeError(`decorate: this router has "${key.name}" already`);
    this.#decorations.set(key, value);
  }

  decorated<T>(key: Decoration<T>): T {
    if (this.#decorations.has(key)) return this.#decorations.get(key) as T;
    if (this.#parent !== undefined) return this.#parent.decorated(key);
    throw new TypeError(`decorated: no router from here outwards has "${key.name}"`);
  }

  seal(): void {
    this.#table.isSealed = true;
  }

  #register(method: HttpMethod): RegisterRoute<Prefix> {
    return (path: string, optionsOrHandler: unknown, handler?: unknown) =>
      this.route(method, path, optionsOrHandler, handler);
  }
}
