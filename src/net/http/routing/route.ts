import type { Context } from '../../../concurrency/index.ts';
import type { Middleware, Schema } from '../../../service/index.ts';
import type { Binder } from '../input/binder.ts';
import type { BodyInput } from '../input/body.ts';
import type { Compression } from '../reply/compression.ts';
import type { ResponseSchemas } from '../reply/render.ts';
import type { Renderer } from '../reply/renderer.ts';
import type { HttpMethod, HttpRequest } from '../request.ts';
import type { PathConstraint } from './path-constraint.ts';

/**
 * Answers one call. A plain value is sent with 200, as JSON unless the route has renderers, `data` gives it another status; undefined is
 * 204; everything else is made by `json`, `text`, `stream`, `events` and their like. What it throws is answered in the one error shape.
 */
export type HttpHandler<P, Q, H, B> = (ctx: Context, req: HttpRequest<P, Q, H, B>) => unknown;

/**
 * What a route takes. Each schema is any Standard Schema; input that it refuses is answered with 400 INVALID_INPUT and
 * never reaches the handler.
 */
export interface RouteOptions<P, Q, H, B, Names extends string = string> {
  /**
   * What the path's parameters are held to, each by a constraint such as `int()`; where one does not accept a value, the next route that fits
   * is tried. It decides which route answers; `params` then makes the values. Default: the group's.
   */
  readonly where?: { readonly [Name in Names]?: PathConstraint };
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
  /**
   * What plain values and `data()` look like when they are sent, for all statuses or by status: see {@link ResponseSchemas}. What it does
   * not name is left out; a value that does not fit is an error of the server. Default: values are sent as they are.
   */
  readonly response?: ResponseSchemas;
  /** What plain values and `data()` are sent as, by the client's Accept; the first where it does not care. Default: the group's; else JSON. */
  readonly renderers?: readonly Renderer[];
  /** A client whose Accept asks for none of them is refused with 406, before the body is read. Default: the group's; else it gets the first. */
  readonly strictAccept?: boolean;
  /** False: answers go out as they are, as they should where a secret stands beside text that strangers choose. Default: the server's. */
  readonly compression?: Compression | false;
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
  /** With what the router and its groups add where the route says nothing. */
  readonly options: RouteOptions<unknown, unknown, unknown, unknown>;
  /** Of the router, its groups and the route, outermost first. */
  readonly middleware: readonly Middleware[];
  readonly handler: HttpHandler<unknown, unknown, unknown, unknown>;
}
