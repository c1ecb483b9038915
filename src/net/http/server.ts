import type { Socket } from 'node:net';
import { defaultFields, readFields, readTimeoutMs } from '../../call/index.ts';
import { type Awaitable, background, type CancelContext, type Context, type Stop } from '../../concurrency/index.ts';
import * as errors from '../../errors/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import {
  type Admit,
  bothAdmit,
  callContext,
  type DrainOptions,
  type Endpoint,
  type GuardedServer,
  type Permit,
  type ServerGuard,
  serverGuard,
} from '../../service/index.ts';
import { type Listener, type ListenerAddress, urlOf } from '../tcp/index.ts';
import type { Engine, Exchange } from './engine/exchange.ts';
import { http1Engine } from './engine/http1-engine.ts';
import { keptMs } from './engine/idle-time.ts';
import { type CallHost, HttpCall } from './http-call.ts';
import { HttpErrors } from './http-errors.ts';
import { IncomingRequest } from './incoming-request.ts';
import { refuse } from './reply/answer.ts';
import { quotaHeaders } from './reply/quota-headers.ts';
import { Refusals } from './reply/refusals.ts';
import { empty, type HttpReply } from './reply/reply.ts';
import { originForm } from './request-target.ts';
import { type RouteCall, routeCall, unmatchedCall } from './route-call.ts';
import { RouteTree } from './routing/route-tree.ts';
import { sealRoutes } from './routing/router.ts';
import { type HttpServerOptions, type Limits, limitsOf, type TrustedFields } from './server-options.ts';

/** A server of HTTP/1.1. Once only: it cannot be started again after `stop`. */
export interface HttpServer extends GuardedServer {
  /**
   * From now on every answer says `Connection: close`. Idle connections are kept for `drainGraceMs` from the first call on (in
   * a renewal for `keepAliveMs`, at most 5,000, and a fifth more), also during `stop`; a later call changes how long. `stop` calls it.
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

class RoutedServer implements HttpServer, CallHost {
  readonly #options: HttpServerOptions;
  readonly #limits: Limits;
  readonly #tree = new RouteTree<RouteCall>();
  readonly #refusals = new Refusals();
  readonly #drain = background().withCancel();
  guard: ServerGuard | undefined;
  #admit: Admit | undefined;
  #unmatched: RouteCall | undefined;
  /** What calls descend from: its end ends them all. */
  #base: CancelContext | undefined;
  #engine: Engine | undefined;
  #running = 0;
  #hasLeft = false;
  #isDraining = false;
  #leaveBase: Stop = () => false;
  readonly #idled = Promise.withResolvers<void>();

  constructor(options: HttpServerOptions, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** What follows a source until the server drains waits on this. */
  get drainContext(): Context {
    return this.#drain;
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    if (this.#engine !== undefined || this.#isDraining) {
      throw new TypeError('an HTTP server starts once, and not after it was stopped; make a new one');
    }
    const { listener, endpoint = 'http' } = this.#options;
    this.#compose(ctx);
    this.#protect(ctx);
    this.#base = ctx.withCancel();
    this.#engine = http1Engine({
      ...this.#limits,
      clock: ctx.clock,
      onExchange: (exchange) => this.#onExchange(exchange),
      onRefused: (error) => telemetryOf(ctx).log.debug(ctx, 'a request was refused', { error }),
    });
    this.#leaveBase = ctx.onDone(() => this.#cut());
    if (listener === undefined) return [];
    return [{ name: endpoint, url: urlOf(await this.#listen(ctx, listener), 'http') }];
  }

  drain({ isRenewal = false }: DrainOptions): void {
    const { drainGraceMs, keepAliveMs } = this.#limits;
    this.#hasLeft = true;
    const renewalMs = keptMs(Math.min(keepAliveMs, maxRenewalGraceMs));
    this.#engine?.leave(isRenewal ? Math.max(drainGraceMs, renewalMs) : drainGraceMs);
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
    this.guard?.close();
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

  #compose(ctx: Context): void {
    const { name, middleware = [], router, compression } = this.#options;
    const { timeoutMs, maxBodyBytes } = this.#limits;
    const defaults = { service: name, timeoutMs, maxBodyBytes, middleware, compression, telemetry: telemetryOf(ctx) };
    for (const route of sealRoutes(router)) {
      this.#tree.add(route.method, route.path, routeCall(route, defaults), route.options.where);
    }
    this.#tree.compile();
    this.#unmatched = unmatchedCall(defaults, (request) => this.#answerUnmatched(request));
  }

  #protect(ctx: Context): void {
    const { guard, admit } = this.#options;
    if (guard !== false) this.guard = serverGuard(ctx, guard);
    this.#admit = this.guard === undefined ? admit : bothAdmit(this.guard.admit, admit);
  }

  #onExchange(exchange: Exchange): void {
    try {
      this.#begin(exchange);
    } catch (error) {
      // `admit` and `fields` are the program's, and nobody else is around to catch what they throw.
      this.onFault(exchange, error);
    }
  }

  #begin(exchange: Exchange): void {
    const target = originForm(exchange.target);
    if (target === undefined) {
      // Only CONNECT has such a target; the parser refuses it with any other method.
      refuse(exchange, HttpErrors.METHOD_NOT_ALLOWED('CONNECT is for proxies', { metadata: { allow: allMethods } }));
      return;
    }
    const mark = target.indexOf('?');
    const pathEnd = mark < 0 ? target.length : mark;
    const found = target === '*' ? undefined : this.#tree.find(exchange.method, target, pathEnd);
    const call = found?.value ?? this.#unmatched!;
    const said = this.#fieldsOf(exchange);
    let permit: Permit | undefined;
    const admit = this.#admit;
    if (admit !== undefined) {
      const { fields, timeoutMs } = said;
      const admission = admit({
        service: this.#options.name,
        method: call.method,
        sizeBytes: exchange.contentLength,
        timeoutMs,
        fields,
        address: exchange.remoteAddress,
        peer: exchange.peer,
      });
      if (!admission.admitted) {
        this.#refusals.refuse(exchange, admission);
        return;
      }
      permit = admission;
    }
    const request = new IncomingRequest(exchange, call.route, target, pathEnd, found);
    const ctx = callContext(this.#base!, said, call.timeoutMs, exchange.startedAt);
    const httpCall = new HttpCall(this, exchange, request, ctx, said.fields.trace, permit);
    if (permit?.quota !== undefined) httpCall.extraHeaders = quotaHeaders(permit.quota);
    httpCall.run(call);
  }

  #fieldsOf(exchange: Exchange): TrustedFields {
    const { fields: trusted } = this.#options;
    if (trusted === undefined && !exchange.hasFields) return nothingSaid;
    const get = (name: string) => exchange.header(name);
    return trusted === undefined ? { fields: readFields(get), timeoutMs: readTimeoutMs(get) } : trusted(get);
  }

  onStarted(): void {
    this.#running++;
  }

  onEnded(): void {
    this.#running--;
    if (this.#isDraining && this.#running === 0) this.#idled.resolve();
  }

  onFault(exchange: Exchange, thrown: unknown): void {
    const error = errors.conceal(thrown, crypto.randomUUID());
    telemetryOf(this.#base!).log.error(this.#base!, 'a call failed outside of its chain', { error });
    refuse(exchange, error);
  }

  #answerUnmatched(request: IncomingRequest): Awaitable<HttpReply> {
    const other = this.#options.unmatched?.(request);
    if (other !== undefined) return other;
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
    if (this.#running > 0) await this.#idled.promise;
    stop();
  }

  /** Ends everything at once. A handler that does not look at its Context is left behind. */
  #cut(): void {
    this.#isDraining = true;
    this.guard?.close();
    this.#options.listener?.stop().catch(() => {});
    this.#base?.cancel(new errors.StatusError('unavailable', 'the server has stopped', { reason: 'DRAINING' }));
    this.#engine?.destroy();
    this.#idled.resolve();
  }
}

/** The methods that routes may have. */
const allMethods = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';

const nothingSaid: TrustedFields = { fields: defaultFields, timeoutMs: undefined };

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
