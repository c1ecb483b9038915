import type { Context } from '../../../concurrency/index.ts';
import type { Middleware, Schema } from '../../../service/index.ts';
import type { Binder } from '../input/binder.ts';
import type { BodyInput } from '../input/body.ts';
import type { HttpMethod, HttpRequest } from '../request.ts';

/**
 * Answers one call. A plain value is sent as JSON with 200, undefined as 204; everything else is made by `json`, `text`,
 * `stream`, `events` and their like. What it throws is answered in the one error shape.
 */
export type HttpHandler<P, Q, H, B> = (ctx: Context, req: HttpRequest<P, Q, H, B>) => unknown;

/**
 * What a route takes. Each schema is any Standard Schema; input that it refuses is answered with 400 INVALID_INPUT and
 * never reaches the handler.
 */
export interface RouteOptions<P, Q, H, B> {
  /** Checks the path's parameters. Default: strings. */
  readonly params?: Schema<P>;
  /** Checks the query. Default: strings, or lists of strings. */
  readonly query?: Schema<Q>;
  /** Checks the headers, by lower-case name. Default: strings. */
  readonly headers?: Schema<H>;
  /** A schema, or a format: `streamed()`, `rawBytes()`, `rawText()`, `rawJson()`. Default: a body is dropped unread. */
  readonly body?: BodyInput<B>;
  /** What reads a body for the schema, by its content type. Default: the group's; else JSON alone. */
  readonly binders?: readonly Binder[];
  /** Default: the server's. */
  readonly maxBodyBytes?: number;
  /** The longest a call may last, with the sending of its answer; 0: no limit. Default: the server's. */
  readonly timeoutMs?: number;
  /** Runs inside the server's, the router's and the group's. Default: none. */
  readonly middleware?: readonly Middleware[];
}

/** A route as it was registered. */
export interface Route {
  readonly method: HttpMethod;
  readonly path: string;
  readonly options: RouteOptions<unknown, unknown, unknown, unknown>;
  /** Of the router, its groups and the route, outermost first. */
  readonly middleware: readonly Middleware[];
  readonly handler: HttpHandler<unknown, unknown, unknown, unknown>;
}
