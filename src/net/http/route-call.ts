import { fieldsOf } from '../../call/index.ts';
import type { Awaitable, Context } from '../../concurrency/index.ts';
import { noTelemetry, type Telemetry } from '../../observe/index.ts';
import { chain, type Handler, type MethodInfo, type Middleware, type Step, serverCall } from '../../service/index.ts';
import type { CallState } from './call-state.ts';
import { follow } from './events/follow.ts';
import { encodeEvent, heartbeat } from './events/server-sent-events.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { inputReader } from './input/input.ts';
import type { Compression } from './reply/compression.ts';
import { compileRender, type Render } from './reply/render.ts';
import { empty, HttpReply } from './reply/reply.ts';
import { exactly } from './reply/sized.ts';
import type { Route } from './routing/route.ts';

/** What comes out of the chain: a whole answer, or the chunks of `state.reply`. */
export type Output = HttpReply | AsyncIterable<string | Uint8Array>;

export interface RouteDefaults {
  readonly service: string;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly middleware: readonly Middleware[];
  readonly compression: Compression | undefined;
  /** Of the server that the calls will come to. */
  readonly telemetry: Telemetry;
}

/** A route with its chain put together: made once, when the server starts. */
export interface RouteCall {
  readonly route: string;
  readonly method: string;
  readonly timeoutMs: number;
  readonly compression: Compression | undefined;
  readonly run: Step<IncomingRequest, Output>;
}

const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

export function routeCall(route: Route, defaults: RouteDefaults): RouteCall {
  const { options, handler } = route;
  const limit = options.timeoutMs ?? defaults.timeoutMs;
  const read = inputReader(options, options.maxBodyBytes ?? defaults.maxBodyBytes);
  const mayFollow = options.timeoutMs !== undefined;
  const render = compileRender(options);
  const handle: Step<IncomingRequest, Output> = (ctx, request) => {
    const { call: state } = request;
    request.decode();
    const pending = read?.(state);
    if (pending !== undefined)
      return pending.then(() => settleAny(ctx, state, handler(ctx, request), mayFollow, render));
    return settleAny(ctx, state, handler(ctx, request), mayFollow, render);
  };
  const name = `${route.method} ${route.path}`;
  const middleware = [...defaults.middleware, ...route.middleware];
  const own = options.compression ?? defaults.compression;
  const compression = own === false ? undefined : own;
  const all = { ...defaults, middleware, compression };
  return compose(name, route.path, limit, idempotent.has(route.method), handle, render, all);
}

/** What answers where no route does: the same chain, so that it is traced, counted and logged, under one name. */
export function unmatchedCall(
  defaults: RouteDefaults,
  answer: (request: IncomingRequest) => Awaitable<HttpReply>,
): RouteCall {
  const handle: Step<IncomingRequest, Output> = (_ctx, request) => answer(request);
  return compose('unmatched', '', defaults.timeoutMs, true, handle, compileRender({}), defaults);
}

function compose(
  name: string,
  route: string,
  timeoutMs: number,
  isIdempotent: boolean,
  handle: Step<IncomingRequest, Output>,
  render: Render,
  { service, middleware, telemetry, compression }: RouteDefaults,
): RouteCall {
  const method: MethodInfo = {
    service,
    method: name,
    kind: 'unary',
    side: 'server',
    transport: 'http',
    idempotent: isIdempotent,
    timeoutMs,
  };
  const inner = middleware.length === 0 ? handle : resettled(wrapped(handle, method, middleware), render);
  const seen = telemetry === noTelemetry ? inner : noteSpan(inner);
  return {
    route,
    method: name,
    timeoutMs,
    compression,
    run: serverCall(seen, method, [], { isRoot: true, telemetry }),
  };
}

/** Notes the server span, which the answer tells. */
function noteSpan(next: Step<IncomingRequest, Output>): Step<IncomingRequest, Output> {
  return (ctx, request) => {
    const { trace } = fieldsOf(ctx);
    const { call } = request;
    if (trace !== call.callerTrace) call.span = trace;
    return next(ctx, request);
  };
}

function wrapped(
  handle: Step<IncomingRequest, Output>,
  method: MethodInfo,
  middleware: readonly Middleware[],
): Handler<IncomingRequest, unknown> {
  return chain(middleware)<IncomingRequest, unknown>(async (ctx, request) => handle(ctx, request), method);
}

/** Makes an answer of what a middleware gave instead of the handler's. */
function resettled(next: Handler<IncomingRequest, unknown>, render: Render): Step<IncomingRequest, Output> {
  return async (ctx, request) => {
    const { call } = request;
    const output = await next(ctx, request);
    const kind = call.reply?.content.kind;
    const isFollowed = isStream(output) && (kind === 'stream' || kind === 'sized' || kind === 'events');
    return isFollowed ? output : settle(ctx, call, output, true, render);
  };
}

/** A result, or the promise of one: anything that has a `then`, such as a task or a query. */
function settleAny(
  ctx: Context,
  state: CallState,
  result: unknown,
  mayFollow: boolean,
  render: Render,
): Output | Promise<Output> {
  if (result instanceof HttpReply) return settle(ctx, state, result, mayFollow, render);
  return isThenable(result)
    ? Promise.resolve(result).then((value: unknown) => settle(ctx, state, value, mayFollow, render))
    : settle(ctx, state, result, mayFollow, render);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Makes a handler's result the output of the chain. Throws a TypeError for what cannot be an answer. */
function settle(ctx: Context, state: CallState, result: unknown, mayFollow: boolean, render: Render): Output {
  const reply = toReply(state, result, render);
  const { content } = reply;
  state.reply = reply;
  if (content.kind === 'events' && !mayFollow) {
    throw new TypeError('a route that answers events() must set timeoutMs: 0 for no limit, or the longest it may last');
  }
  if (content.kind !== 'stream' && content.kind !== 'sized' && content.kind !== 'events') return reply;
  if (state.request.method === 'HEAD') {
    abandon(content.source);
    return reply;
  }
  if (content.kind === 'stream') return follow(ctx, content.source, { encode: checkChunk });
  if (content.kind === 'sized') return follow(ctx, exactly(content.source, content.length), { encode: checkChunk });
  const idle = { chunk: heartbeat, ms: content.heartbeatMs };
  return follow<unknown, string>(ctx, content.source, {
    encode: encodeEvent as (event: unknown) => string,
    idle,
    drain: state.drain,
  });
}

function toReply(state: CallState, result: unknown, render: Render): HttpReply {
  if (result instanceof HttpReply) return result;
  if (result === undefined) return noContent;
  if (isStream(result))
    throw new TypeError('a handler that gives an async iterable must say how: stream(it) or events(it)');
  return render(state.request, result);
}

const noContent = empty();

function checkChunk(chunk: unknown): string | Uint8Array {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk;
  throw new TypeError(`a chunk of a stream must be a string or Uint8Array, not ${typeof chunk}`);
}

/** Tells the source of a stream that nobody will read it. */
export function abandon(source: AsyncIterable<unknown>): void {
  Promise.try(async () => source[Symbol.asyncIterator]().return?.()).catch(() => {});
}

export function isStream(value: unknown): value is AsyncIterable<string | Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
