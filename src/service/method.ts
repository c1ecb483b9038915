import type { Awaitable, Context } from '../concurrency/index.ts';

/** What a client sends and a server answers: one message or a stream of them. */
export type MethodKind = 'unary' | 'server_stream' | 'client_stream' | 'bidi_stream';

/** What a middleware knows of the method it wraps, at start-up. */
export interface MethodInfo {
  /** `live.room.v1.RoomService`; for a plain HTTP route the name of the app. */
  readonly service: string;
  /** `GetRoom`; for a plain HTTP route `GET /v1/rooms/:id`. */
  readonly method: string;
  readonly kind: MethodKind;
  readonly side: 'server' | 'client';
  readonly transport: 'http' | 'rpc';
  /** The call may be repeated without doing more than once: a client may retry it. */
  readonly idempotent: boolean;
  /** The longest it may last, in milliseconds; the earlier of this and the caller's deadline holds. 0: no limit. */
  readonly timeoutMs: number;
}

/**
 * Does the work of one method. For streams I and O are async iterables: the call ends with the last message or the
 * failure, not when the promise of the output resolves.
 */
export type Handler<I, O> = (ctx: Context, input: I) => Promise<O>;

/** A handler that need not wait: what is ready comes as it is, not as a promise. What a server's own chain is made of. */
export type Step<I, O> = (ctx: Context, input: I) => Awaitable<O>;

/** Wraps a handler. Applied once per method, at start-up, so what it can compute there costs nothing per call. */
export type Middleware = <I, O>(next: Handler<I, O>, method: MethodInfo) => Handler<I, O>;

/** One middleware of several: the first is the outermost. */
export function chain(middleware: readonly Middleware[]): Middleware {
  return (handler, method) => middleware.reduceRight((next, wrap) => wrap(next, method), handler);
}

/** The full name as logs, metrics and traces show it: `live.room.v1.RoomService/GetRoom`, or the route itself. */
export function fullName(method: Pick<MethodInfo, 'service' | 'method' | 'transport'>): string {
  return method.transport === 'http' ? method.method : `${method.service}/${method.method}`;
}
