import type { Admit } from '../call/index.ts';
import { background, type CancelContext, type Context, sleep, until } from '../concurrency/index.ts';
import { createHttpServer, createRouter, type HttpServer, type RouteList, type Router } from '../net/http/index.ts';
import { anything, http2Preface, type Listener, type ProtocolMux, protocolMux, urlOf } from '../net/tcp/index.ts';
import {
  bothAdmit,
  type DrainOptions,
  type Endpoint,
  type GuardedServer,
  type Middleware,
  type ServerGuard,
  type ServerGuardOptions,
  serverGuard,
} from '../service/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { addRpcRoutes, unknownRpc } from './http1-routes.ts';
import { Http2Connections } from './http2-server.ts';
import type { Implementation } from './implementation.ts';
import { InboundCalls } from './inbound-call.ts';
import { limitsOf } from './limits.ts';
import { attach, type LocalNetwork } from './local-network.ts';
import { MuxConnections, muxPreface } from './mux/mux-connections.ts';
import { RpcErrors } from './rpc-errors.ts';
import { type ServerMethod, serverMethods } from './server-method.ts';
import { StandardServices } from './standard-services.ts';
import { addTranscodedRoutes } from './transcoded-routes.ts';

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly services: readonly Implementation[];
  /** The service's name, as it registers. */
  readonly name: string;
  /**
   * Keeps the server from taking on more than it can answer in time: it refuses the least important calls with `unavailable`
   * OVERLOADED when it is overloaded, and those that cannot be answered in time. For RPCs and plain routes alike. `false`: it
   * takes on everything. Default: on, and it finds out by itself how much is too much.
   */
  readonly guard?: ServerGuardOptions | false;
  /** Decides on the head of a call that the guard lets in, before its message is read. Default: everything is admitted. */
  readonly admit?: Admit;
  /** Around every method, outside of the services' own; not around plain HTTP routes. Default: none. */
  readonly middleware?: readonly Middleware[];
  /** Plain HTTP/1.1 routes on the same port. Default: none. */
  readonly http?: RouteList;
  /**
   * Serves grpc.health.v1.Health for `services`: serving while the app is ready and nothing drains. Its calls are always let in,
   * whatever `guard` and `admit` say, run without `middleware`, and leave no telemetry. Default: true.
   */
  readonly health?: boolean;
  /**
   * Serves grpc.reflection.v1 and v1alpha: whoever can call may ask what there is and how its messages look. Default: only
   * where the listener's address is a loopback one.
   */
  readonly reflection?: boolean;
  /** Also serves the google.api.http annotations as plain HTTP. Default: false. */
  readonly transcode?: boolean;
  /** The largest message that is taken or sent. Default: 4 MiB. */
  readonly maxMessageBytes?: number;
  /** The largest block of headers that is taken; calls of our own clients carry no more than 64 KiB. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** A message of this size or more is compressed for clients of ours. Default: none is, see `docs/guide/rpc-mux.md`. */
  readonly compressMinBytes?: number;
  /** Calls that one connection may run at a time; the client keeps back further ones. Default: 1,000. */
  readonly maxConcurrentStreams?: number;
  /** Further connections are closed at once. Default: 10,000. */
  readonly maxConnections?: number;
  /** The longest a call that is answered with one message may last, in milliseconds. 0: no limit. Default: 10,000. */
  readonly timeoutMs?: number;
  /** How long a new connection may stay silent. Default: 5,000. */
  readonly firstBytesTimeoutMs?: number;
  /**
   * A connection of HTTP/2 or mux on which nothing moved for so long is closed if no call runs on it, and else asked for a sign of
   * life, without which it is closed too. Default: 120,000.
   */
  readonly keepAliveMs?: number;
  /** Clients of this network in the same process call in memory. Default: none do. */
  readonly local?: LocalNetwork;
  /** How long streams may go on once a drain has begun; then they end with DRAINING. Default: 1,000. */
  readonly streamDrainMs?: number;
}

/**
 * Serves mux, gRPC, gRPC-Web, Connect and plain HTTP on one port. Once only: it cannot be started again after `stop`.
 *
 * `stop` tells clients to go elsewhere (GOAWAY, `Connection: close`), closes idle connections, lets running calls finish
 * until its Context is done, and cuts the rest. Throws a RangeError for a limit out of its range and a TypeError for two
 * services of one name, at once.
 */
export function createRpcServer(options: RpcServerOptions): GuardedServer {
  return new RpcServer(options);
}

const defaults = {
  timeoutMs: 10_000,
  maxMessageBytes: 4 << 20,
  maxHeaderBytes: 16 << 10,
  maxConcurrentStreams: 1_000,
  maxConnections: 10_000,
  firstBytesTimeoutMs: 5_000,
  keepAliveMs: 120_000,
  streamDrainMs: 1_000,
  compressMinBytes: 0x7fffffff,
};

type Limits = { readonly [K in keyof typeof defaults]: number };

class RpcServer implements GuardedServer {
  readonly #options: RpcServerOptions;
  readonly #limits: Limits;
  readonly #methods: readonly ServerMethod[];
  readonly #calls: InboundCalls;
  readonly #standard: StandardServices;
  readonly #drained = background().withCancel();
  guard: ServerGuard | undefined;
  #admit: Admit | undefined;
  #base: CancelContext | undefined;
  #http1: HttpServer | undefined;
  #http2: Http2Connections | undefined;
  #multiplexed: MuxConnections | undefined;
  #mux: ProtocolMux | undefined;
  #detach: () => void = () => {};
  #stopped: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    checkServer(options);
    const { services, middleware = [] } = options;
    this.#limits = limitsOf(`createRpcServer ${options.name}`, defaults, options);
    this.#options = options;
    refuseDoubles(services);
    const given = { timeoutMs: options.timeoutMs, fallbackMs: this.#limits.timeoutMs };
    this.#standard = new StandardServices(options.name, services, options);
    const { health, reflection } = this.#standard;
    this.#methods = [
      ...[...services, ...reflection].flatMap((service) => serverMethods(service, { middleware, ...given })),
      ...health.flatMap((service) => serverMethods(service, { middleware: [], ...given })),
    ];
    this.#calls = new InboundCalls();
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    if (this.#base !== undefined) throw new TypeError('the RPC server was started twice; make a new one');
    const { listener, local, name, http, transcode = false, guard, admit } = this.#options;
    const { maxMessageBytes, firstBytesTimeoutMs, maxConnections } = this.#limits;
    const base = ctx.withCancel();
    const methods = this.#methods;
    const calls = this.#calls;
    this.#base = base;
    if (guard !== false) this.guard = serverGuard(ctx, guard);
    this.#admit = this.guard === undefined ? admit : bothAdmit(this.guard.admit, admit);
    const dispatcher = new Dispatcher({ methods, calls, admit: this.#admit, maxMessageBytes });
    this.#http2 = new Http2Connections(base, { ...this.#limits, dispatcher });
    this.#multiplexed = new MuxConnections(base, { ...this.#limits, methods, calls, admit: this.#admit });
    this.#http1 = await this.#startHttp1(base, dispatcher);
    const mux = protocolMux(base, {
      timeoutMs: firstBytesTimeoutMs,
      maxConnections,
      protocols: [
        { match: muxPreface, handle: (connection) => this.#multiplexed?.accept(connection) },
        { match: http2Preface, handle: (connection) => this.#http2?.accept(connection) },
        // Also what is no HTTP at all: it is answered as bad HTTP/1.1.
        { match: anything, handle: (connection) => this.#http1?.handleConnection(connection) },
      ],
    });
    this.#mux = mux;
    ctx.onDone(() => this.#cut());
    const address = await listener.start(ctx, (socket) => mux.accept(socket));
    this.#standard.start(ctx, address);
    if (local !== undefined) {
      // What this process asks of itself it has taken on already, and it does not wait for a turn of the loop.
      const table = new Map(methods.map((method) => [method.path, method]));
      this.#detach = attach(local, name, { base, methods: table, calls, admit, maxMessageBytes });
    }
    const url = urlOf(address, 'http');
    const plain = http === undefined && !transcode ? [] : [{ name: 'http', url }];
    return [{ name: 'rpc', url }, { name: 'mux', url }, ...plain];
  }

  drain(options: DrainOptions): void {
    this.#standard.drain();
    // A GOAWAY would end HTTP/2 connections now, while callers still send new calls on them.
    this.#http1?.drain(options);
  }

  async stop(ctx: Context): Promise<void> {
    const leave = ctx.onDone(() => this.#cut());
    this.#stopped ??= this.#drain();
    await this.#stopped;
    leave();
  }

  async #startHttp1(base: Context, dispatcher: Dispatcher): Promise<HttpServer> {
    const { name, http, services, transcode = false } = this.#options;
    const admit = this.#admit;
    const { maxMessageBytes, maxHeaderBytes, maxConnections } = this.#limits;
    const router: Router = createRouter();
    addRpcRoutes(router, dispatcher, this.#methods);
    const rpcRoutes = new Set(router.routes.map(({ method, path }) => `${method} ${path}`));
    if (transcode) {
      const descriptions = services.map(({ service }) => service);
      addTranscodedRoutes(router, descriptions, this.#methods, maxMessageBytes);
    }
    if (http !== undefined) router.mount(http);
    const server = createHttpServer({
      router,
      name,
      maxHeaderBytes,
      maxConnections,
      // An RPC is admitted as one, not twice, and plain routes by the same guard as RPCs.
      guard: false,
      unmatched: unknownRpc(dispatcher),
      ...(admit !== undefined && { admit: (head) => (rpcRoutes.has(head.method) ? admitted : admit(head)) }),
    });
    await server.start(base);
    return server;
  }

  async #drain(): Promise<void> {
    const drained = this.#drained;
    const { name, listener } = this.#options;
    this.#standard.close();
    await listener.stop();
    this.#detach();
    if (this.#base === undefined) return;
    this.#http2?.drain();
    this.#multiplexed?.drain();
    const streams = drained.clock.after(this.#limits.streamDrainMs, () =>
      this.#calls.endStreams(RpcErrors.DRAINING(`${name} is shutting down`)),
    );
    await this.#settleNewConnections(drained);
    const done = [this.#http1?.stop(drained), this.#http2?.closed(), this.#multiplexed?.closed(), this.#calls.idle()];
    await until(drained, Promise.all(done)).catch(() => {});
    streams.stop();
    this.#cut();
  }

  /** A connection that came just before may have a call on its way: it is told, not dropped, if it speaks at once. */
  async #settleNewConnections(drained: Context): Promise<void> {
    const mux = this.#mux;
    if (mux === undefined || mux.pending === 0) return;
    await sleep(drained, newConnectionGraceMs).catch(() => {});
    mux.close();
  }

  #cut(): void {
    this.#drained.cancel();
    this.#mux?.close();
    this.#http2?.destroy();
    this.#multiplexed?.destroy();
    this.guard?.close();
    this.#base?.cancel(RpcErrors.DRAINING(`${this.#options.name} is shut down`));
  }
}

const newConnectionGraceMs = 50;
const admitted = { admitted: true, done: () => {} } as const;

/** For callers whom no types check. */
function checkServer({ name, listener, services }: Partial<RpcServerOptions>): void {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`createRpcServer: name is ${JSON.stringify(name)}; give the name under which it registers`);
  if (listener === undefined)
    throw new TypeError(
      `createRpcServer ${name}: it has no listener; give tcpListener({ port }) or host.listener('rpc')`,
    );
  if (!Array.isArray(services) || services.some((service) => !(service?.handlers instanceof Map)))
    throw new TypeError(`createRpcServer ${name}: services must be a list of what implement(Service, handlers) makes`);
}

function refuseDoubles(services: readonly Implementation[]): void {
  const names = services.map(({ service }) => service.typeName);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw new TypeError(`createRpcServer: ${double} is implemented twice`);
}
