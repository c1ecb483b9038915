/** The parts of the HTTP peers that the bench uses; see ../modules.d.ts for why they are here. */
declare module 'fastify' {
  import type { Server } from 'node:http';

  export interface FastifyRequest {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly params: unknown;
    readonly body: unknown;
    readonly routeOptions: { readonly config: { readonly name?: string } };
  }
  export interface FastifyReply {
    readonly statusCode: number;
    code(status: number): FastifyReply;
    header(name: string, value: string): FastifyReply;
    send(payload?: unknown): FastifyReply;
  }
  type Handler = (request: FastifyRequest, reply: FastifyReply) => void;
  type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;
  interface RouteOptions {
    readonly config?: { readonly name: string };
    readonly schema: { readonly params?: unknown; readonly body?: unknown; readonly response?: unknown };
  }
  interface RegisterRoute {
    (path: string, handler: Handler): void;
    (path: string, options: RouteOptions, handler: Handler): void;
  }
  interface FastifyInstance {
    readonly server: Server;
    readonly get: RegisterRoute;
    readonly post: RegisterRoute;
    addHook(name: 'onRequest' | 'onResponse', hook: Hook): void;
    decorateRequest(name: string, value: null): void;
    register(plugin: object, options: object): Promise<void>;
    setValidatorCompiler<Schema>(
      compile: (route: {
        readonly schema: Schema;
      }) => (data: unknown) => { readonly value: unknown } | { readonly error: Error },
    ): void;
    listen(options: { readonly port: number; readonly host: string; readonly backlog: number }): Promise<string>;
  }
  export default function fastify(options: {
    readonly logger: false;
    readonly keepAliveTimeout: number;
  }): FastifyInstance;
}

declare module 'pino' {
  interface Destination {
    write(line: string): boolean;
  }
  interface Logger {
    info(fields: object, message: string): void;
    flush(): void;
  }
  interface Pino {
    (options: { readonly base: object; readonly timestamp: () => string }, destination: Destination): Logger;
    destination(options: { readonly dest: number; readonly sync: boolean; readonly minLength: number }): Destination;
  }
  export const pino: Pino;
  export const stdTimeFunctions: { readonly epochTime: () => string };
}

declare module 'prom-client' {
  export class Histogram {
    constructor(options: {
      readonly name: string;
      readonly help: string;
      readonly labelNames: readonly string[];
      readonly buckets: readonly number[];
    });
    labels(...values: string[]): { observe(value: number): void };
  }
  export function collectDefaultMetrics(): void;
}

declare module 'hono' {
  export interface HonoContext {
    readonly req: { param(name: string): string; valid(target: 'json'): never };
    text(body: string): Response;
    json(body: unknown): Response;
    body(body: null, status: number): Response;
  }
  type Handler = (c: HonoContext) => Response;
  export class Hono {
    readonly fetch: (request: Request) => Response | Promise<Response>;
    get(path: string, handler: Handler): void;
    post<T>(
      path: string,
      validator: import('hono/validator').Validator<T>,
      handler: (c: Omit<HonoContext, 'req'> & { readonly req: { valid(target: 'json'): T } }) => Response,
    ): void;
  }
}

declare module 'hono/validator' {
  import type { HonoContext } from 'hono';

  export interface Validator<T> {
    readonly output: T;
  }
  export function validator<T>(
    target: 'json',
    check: (value: unknown, c: HonoContext) => T | Response,
  ): Validator<Exclude<T, Response>>;
}

declare module '@hono/node-server' {
  export function serve(options: {
    readonly fetch: (request: Request) => Response | Promise<Response>;
    readonly port: number;
    readonly hostname: string;
  }): void;
}

declare module 'express' {
  import type { Server } from 'node:http';

  interface ExpressRequest {
    readonly params: Readonly<Record<string, string>>;
    readonly body: unknown;
  }
  interface ExpressResponse {
    type(type: string): ExpressResponse;
    send(body: string): void;
    json(value: unknown): void;
    sendStatus(status: number): void;
  }
  type Handler = (request: ExpressRequest, response: ExpressResponse) => void;
  interface Express {
    disable(setting: string): void;
    get(path: string, handler: Handler): void;
    post(path: string, parser: { readonly parses: 'json' }, handler: Handler): void;
    listen(port: number, host: string, backlog: number): Server;
  }
  interface MakeExpress {
    (): Express;
    json(): { readonly parses: 'json' };
  }
  const express: MakeExpress;
  export default express;
}

declare module 'koa' {
  import type { Server } from 'node:http';

  export default class Koa {
    silent: boolean;
    use(middleware: import('@koa/router').KoaMiddleware): this;
    listen(port: number, host: string, backlog: number): Server;
  }
}

declare module '@koa/router' {
  export interface KoaContext {
    readonly params: Readonly<Record<string, string>>;
    readonly request: { readonly body?: unknown };
    body: unknown;
    status: number;
  }
  export type KoaMiddleware = (ctx: KoaContext) => void;
  export default class Router {
    get(path: string, handler: KoaMiddleware): void;
    post(path: string, parser: KoaMiddleware, handler: KoaMiddleware): void;
    routes(): KoaMiddleware;
  }
}

declare module '@koa/bodyparser' {
  export function bodyParser(options: { readonly enableTypes: readonly string[] }): import('@koa/router').KoaMiddleware;
}
