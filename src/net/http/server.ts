import type { Socket } from 'node:net';
import { type CallHead, readFields, readTimeoutMs } from '../../call/index.ts';
import { background, type CancelContext, type Context, type Stop } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { callContext, type DrainOptions, type Endpoint, type Permit, type Server } from '../../service/index.ts';
import type { Listener, ListenerAddress } from '../tcp/index.ts';
import { type CallState, withCallState } from './call-state.ts';
import type { Engine, Exchange } from './engine/exchange.ts';
import { nodeEngine } from './engine/node-engine.ts';
import { HttpErrors } from './http-errors.ts';
import { IncomingRequest, type Target } from './incoming-request.ts';
import { answer, answerError, refuse } from './reply/answer.ts';
import { empty, type HttpReply } from './reply/reply.ts';
import { checkHead, parseTarget } from './request-head.ts';
import { type RouteCall, routeCall, unmatchedCall } from './route-call.ts';
import { type Found, RouteTree } from './routing/route-tree.ts';
import { sealRoutes } from './routing/router.ts';
import { type HttpServerOptions, type Limits, limitsOf } from './server-options.ts';

/** A server of HTTP/1.1. Once only: it cannot be started again after `stop`. */
export interface HttpServer extends Server {
  /**
   * From now on every answer says `Connection: close`. Idle connections are kept for `drainGraceMs` from the first call on (in
   * a renewal for `keepAliveMs`, at most 5,000), also during `stop`; a later call changes how long. `stop` calls it.
   */
  drain(options: DrainOptions): void;
  /**
   * Serves a connection that somebody else accepted, for example after looking at its first bytes (which must be put back
   * with `unshift`). The server owns the socket from then on. A connection that comes before `start` or after `stop` is closed.
   */
  handleConnection(socket: Socket): void;
}

/** How long a renewal waits at most for the clients of idle connections. */
const maxRenewalGraceMs = 5_000;

/** Throws a RangeError for a limit out of its range. Chains are put together at `start`; then the router is sealed. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new RoutedServer(options, limitsOf(options));
}

class RoutedServer implements HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: Limits;
  readonly #tree = new RouteTree<RouteCall>();
  readonly #running = new Set<CancelContext>();
  /** What follows a source until the server drains waits on this. */
  readonly #drain = background().withCancel();
  #unmatched: RouteCall | undefined;
  #base: Context | undefined;
  #engine: Engine | undefined;
  #hasLeft = false;
  #isDraining = false;
  #leaveBase: Stop = () => false;
  readonly #idled = Promise.withResolvers<void>();

  constructor(options: HttpServerOptions, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    if (this.#engine !== undefined || this.#isDraining) {
      throw new TypeError('an HTTP server starts once, and not after it was stopped; make a new one');
    }
    const { listener, endpoint = 'http' } = this.#options;
    this.#compose();
    this.#base = ctx;
    this.#engine = nodeEngine({
      ...this.#limits,
      clock: ctx.clock,
      onExchange: (exchange) => this.#onExchange(exchange),
      onRefused: (error) => telemetryOf(ctx).log.debug(ctx, 'a request was refused', { error }),
    });
    this.#leaveBase = ctx.onDone(() => this.#cut());
    if (listener === undefined) return [];
    const { host, port } = await this.#listen(ctx, listener);
    return [{ name: endpoint, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` }];
  }

  drain({ isRenewal = false }: DrainOptions): void {
    const { drainGraceMs, keepAliveMs } = this.#limits;
    this.#hasLeft = true;
    this.#engine?.leave(isRenewal ? Math.max(drainGraceMs, Math.min(keepAliveMs, maxRenewalGraceMs)) : drainGraceMs);
  }

  async stop(ctx: Context): Promise<void> {
    if (!this.#hasLeft) this.drain({});
    this.#isDraining = true;
    await this.#options.listener?.stop();
    if (this.#engine === undefined) return;
    const drained = this.#engine.drain(ctx);
    this.#drain.cancel();
    await drained;
    await this.#idle(ctx);
    this.#leaveBase();
  }

  handleConnection(socket: Socket): void {
    if (this.#engine === undefined || this.#isDraining) socket.destroy();
    else this.#engine.handle(socket);
  }

  async #listen(ctx: Context, listener: Listener): Promise<ListenerAddress> {
    try {
      return await listener.start(ctx, (socket) => this.handleConnection(socket));
    } catch (error) {
      this.#leaveBase();
      this.#cut();
      throw error;
    }
  }

  #compose(): void {
    const { name, middleware = [], router } = this.#options;
    const { timeoutMs, maxBodyBytes } = this.#limits;
    const defaults = { service: name, timeoutMs, maxBodyBytes, middleware };
    for (const route of sealRoutes(router)) this.#tree.add(route.method, route.path, routeCall(route, defaults));
    this.#unmatched = unmatchedCall(defaults, (request) => this.#answerUnmatched(request));
  }

  #onExchange(exchange: Exchange): void {
    const target = parseTarget(exchange.target);
    const refusal =
      checkHead(exchange, this.#limits.maxHeaders) ??
      (target === undefined ? HttpErrors.MALFORMED_REQUEST('the request target is not a path') : undefined);
    if (refusal !== undefined || target === undefined) {
      refuse(exchange, refusal ?? HttpErrors.MALFORMED_REQUEST('the request target is not a path'));
      return;
    }
    const found = this.#find(exchange.method, target.path);
    const call = found?.value ?? this.#unmatched!;
    const head = this.#head(exchange, call);
    const admission = this.#options.admit?.(head);
    if (admission?.admitted === false) {
      refuse(exchange, admission.error, admission.retryAfterMs);
      return;
    }
    this.#run(exchange, target, found, call, head, admission).catch((error: unknown) => this.#fail(exchange, error));
  }

  #find(method: string, path: string): Found<RouteCall> | undefined {
    return this.#tree.find(method, path) ?? (method === 'HEAD' ? this.#tree.find('GET', path) : undefined);
  }

  #head(exchange: Exchange, call: RouteCall): CallHead {
    const get = (name: string) => exchange.header(name);
    const { fields: trusted } = this.#options;
    const { fields, timeoutMs } =
      trusted === undefined ? { fields: readFields(get), timeoutMs: readTimeoutMs(get) } : trusted(get);
    return { service: this.#options.name, method: call.method, sizeBytes: exchange.contentLength, timeoutMs, fields };
  }

  async #run(
    exchange: Exchange,
    target: Target,
    found: Found<RouteCall> | undefined,
    call: RouteCall,
    head: CallHead,
    permit: Permit | undefined,
  ): Promise<void> {
    const base = this.#base!;
    const started = base.clock.now();
    const ctx = callContext(base, head, call.timeoutMs);
    const state: CallState = {
      exchange,
      request: new IncomingRequest(exchange, call.route, target, found),
      drain: this.#drain,
      extraHeaders: [],
      callerTrace: head.fields.trace,
      span: undefined,
      reply: undefined,
    };
    this.#running.add(ctx);
    exchange.onAbort(() => ctx.cancel(clientLeft()));
    let failure: errors.StatusError | undefined;
    try {
      await answer(ctx, state, await call.run(withCallState(ctx, state), state.request));
    } catch (error) {
      // The chain throws nothing else; what fails in sending is a mistake of ours and told by #fail.
      if (!errors.isStatusError(error)) throw error;
      failure = error;
      answerError(state, failure);
    } finally {
      ctx.cancel();
      this.#running.delete(ctx);
      if (this.#isDraining && this.#running.size === 0) this.#idled.resolve();
      permit?.done({ error: failure, durationMs: base.clock.now() - started });
    }
  }

  #fail(exchange: Exchange, thrown: unknown): void {
    const error = errors.conceal(thrown, crypto.randomUUID());
    telemetryOf(this.#base!).log.error(this.#base!, 'an answer could not be sent', { error });
    refuse(exchange, error);
  }

  #answerUnmatched(request: IncomingRequest): HttpReply {
    const { method, path } = request;
    const known = path === '*' ? ['GET'] : this.#tree.methods(path);
    if (known.length === 0) throw HttpErrors.ROUTE_NOT_FOUND(`no route matches the path ${shown(path)}`);
    const allow = [...new Set([...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].sort().join(', ');
    if (method === 'OPTIONS') return empty({ headers: { allow } });
    throw HttpErrors.METHOD_NOT_ALLOWED(`${shown(path)} does not take ${method}; it takes ${allow}`, {
      metadata: { allow },
    });
  }

  /** Waits for the calls whose client has gone; when `ctx` ends first, cancels them and waits no more. */
  async #idle(ctx: Context): Promise<void> {
    const stop = ctx.onDone(() => this.#cut());
    if (this.#running.size > 0) await this.#idled.promise;
    stop();
  }

  /** Ends everything at once. A handler that does not look at its Context is left behind. */
  #cut(): void {
    this.#isDraining = true;
    this.#options.listener?.stop().catch(() => {});
    for (const call of [...this.#running])
      call.cancel(new errors.StatusError('unavailable', 'the server has stopped', { reason: 'DRAINING' }));
    this.#engine?.destroy();
    this.#idled.resolve();
  }
}

function clientLeft(): errors.StatusError {
  return new errors.StatusError('canceled', 'the client closed the connection', { reason: 'CLIENT_CLOSED' });
}

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
