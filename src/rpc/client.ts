import {
  create,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { laneOf } from '../call/index.ts';
import type { CancelContext, Context } from '../concurrency/index.ts';
import { systemClock } from '../concurrency/index.ts';
import { MappedSteps } from '../concurrency/steps/mapped-steps.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';
import {
  type Instance,
  type MakeBalancer,
  type ResolvedTarget,
  type Resolver,
  resolveTarget,
} from '../discovery/index.ts';
import type { TlsClientOptions } from '../net/tcp/index.ts';
import { callObserver } from '../service/call-observer.ts';
import {
  type ClientGuard,
  type ClientGuardOptions,
  chain,
  clientGuard,
  guardDefaults,
  type Handler,
  type MethodGuardOptions,
  type MethodInfo,
  type Middleware,
} from '../service/index.ts';
import { observed } from '../service/instrument.ts';
import { CalledStream } from './called-stream.ts';
import { checkClientOptions } from './client-checks.ts';
import { createCodecs } from './codec/codecs.ts';
import { Sink } from './codec/sink.ts';
import type { MethodOptions } from './implementation.ts';
import { checkTimeout, limitsOf } from './limits.ts';
import { localCall } from './local-call.ts';
import { type AttachedServer, find, type LocalNetwork } from './local-network.ts';
import { methodContract, prioritised, timeoutOf } from './method-policy.ts';
import { Gzip } from './mux/gzip.ts';
import { MuxSession } from './mux/mux-session.ts';
import { MuxUpgrades } from './mux/mux-upgrades.ts';
import { type ConnectionEvents, NodePool } from './node-pool.ts';
import { NodeSession } from './node-session.ts';
import { type ClientProtocol, muxUrlOf, type RemoteCallOptions, remoteCall } from './remote-call.ts';
import { answersOnce, methodInfo, type Payload } from './server-method.ts';
import { WarmConnections } from './warm-connections.ts';

/** One message in, one out. `In` is the fields of the message, `Out` the message, as for all calls. */
export type UnaryCall<In, Out> = (ctx: Context, request: In) => Promise<Out>;

/** The call starts with the first pull and ends with the last message, the failure, or when the loop is left. */
export type ServerStreamCall<In, Out> = (ctx: Context, request: In) => AsyncIterable<Out>;

/** The requests are pulled as fast as the server takes them; their `return` is called when it wants no more. */
export type ClientStreamCall<In, Out> = (ctx: Context, requests: AsyncIterable<In>) => Promise<Out>;

export type BidiStreamCall<In, Out> = (ctx: Context, requests: AsyncIterable<In>) => AsyncIterable<Out>;

/** The function that calls a method of this kind. */
export type MethodCall<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? UnaryCall<MessageInitShape<I>, MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamCall<MessageInitShape<I>, MessageShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamCall<MessageInitShape<I>, MessageShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BidiStreamCall<MessageInitShape<I>, MessageShape<O>>
          : never;

/** A function per method of the service, by its local name. Disposing it closes its connections; calls that run fail. */
export type RpcClient<S extends DescService> = {
  readonly [K in keyof S['method']]: MethodCall<S['method'][K]>;
} & Disposable;

/** What the calls of one method have of their own: a time limit, and what guards them. */
export interface ClientMethodOptions extends MethodOptions, MethodGuardOptions {}

export interface RpcClientOptions<S extends DescService = DescService> {
  /**
   * Whom to call: the name under which the service registers, `room` or `discovery:///room`; hosts by DNS,
   * `dns:///room.internal:8080` or, by SRV records, `dns:///_rpc._tcp.room.internal`; or just these,
   * `static:///10.0.0.1:8080,10.0.0.2:8080`. Addresses are spoken to over TLS where `tls` is given.
   */
  readonly target: string;
  /** Finds a service that registers. Needed for one, and for no others. */
  readonly resolver?: Resolver;
  /** Makes the balancer of `dns:///` and `static:///`; that of a service is its resolver's. Default: `p2cBalancer`. */
  readonly balancer?: MakeBalancer;
  /**
   * The longest a call that is answered with one message may last, in milliseconds; the earlier of this and the caller's
   * deadline holds, and travels with the call. 0: no limit of its own. Default: 5,000.
   */
  readonly timeoutMs?: number;
  /**
   * Retries, hedges and breakers; false: none. A guard that `clientGuard` made can be changed while it runs. Default: that of
   * `guardDefaults`.
   */
  readonly guard?: ClientGuard | ClientGuardOptions | false;
  /** Around every call, the first outermost; outside of retries. Default: none. */
  readonly middleware?: readonly Middleware[];
  /** Calls to a server of this name within the process go there in memory. Default: none do. */
  readonly local?: LocalNetwork;
  /**
   * Default: auto, which is mux to nodes that offer it (an endpoint `mux`, or a setting of HTTP/2, after the first calls), and gRPC
   * to the others.
   */
  readonly protocol?: ClientProtocol;
  /** Default: none. */
  readonly methods?: { readonly [K in keyof S['method']]?: ClientMethodOptions };
  /**
   * For nodes with an https address: whom to believe, and with `cert` and `key` who this client is (mutual TLS). With it, nodes
   * without TLS are not called. Default: the platform's authorities are believed, and plain nodes are called too.
   */
  readonly tls?: Omit<TlsClientOptions, 'alpnProtocols'>;
  /**
   * Messages from this size on are sent compressed with gzip, and compressed answers are taken; a server that does not know
   * gzip refuses them with `unimplemented`. Default: nothing is compressed, for within a data centre that costs more time than
   * it saves.
   */
  readonly compressMinBytes?: number;
  /** The largest message that is sent or taken. Default: 4 MiB. */
  readonly maxMessageBytes?: number;
  /** The largest block of headers that is taken. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Default: 2,000. */
  readonly connectTimeoutMs?: number;
  /** A connection without calls is closed after this. Default: 60,000. */
  readonly idleTimeoutMs?: number;
  /** To one node; more calls than they take fail at once with TOO_MANY_CALLS. Default: 4. */
  readonly maxConnections?: number;
  /**
   * Connections that are kept to each node that calls may go to (of no lane; of a subset where the balancer uses one), from the
   * start and without any call, 0 to `maxConnections`: no call waits for a handshake. They keep no process alive, but
   * trying to have them does. Default: 0, they are made by calls.
   */
  readonly warmConnections?: number;
}

/**
 * A typed client of a service. Each call goes to the node that the resolver picks, with the caller's fields and what is
 * left of its time; a done Context starts nothing, and one that ends stops the work at the other end. A node that could
 * not be reached, or took the call back unprocessed, is replaced by another pick; what failed otherwise is tried again
 * where that is safe (`guard`).
 *
 * What fails is a StatusError: the server's own, or `unavailable` with CONNECT_FAILED (nothing was sent) or
 * CONNECTION_LOST (it may have run). Throws a RangeError or TypeError at once for options that make no sense.
 */
export function createRpcClient<S extends DescService>(service: S, options: RpcClientOptions<S>): RpcClient<S> {
  const where = `createRpcClient ${service.typeName}`;
  const { middleware = [] } = options;
  const limits = limitsOf(where, defaults, options);
  checkClientOptions(where, service, options);
  checkCompression(where, options.compressMinBytes);
  const target = targetOf(where, options);
  const { compressMinBytes = Number.POSITIVE_INFINITY } = options;
  const tls =
    options.tls && (target.serverName === undefined ? options.tls : { serverName: target.serverName, ...options.tls });
  const { maxConnections, maxMessageBytes } = limits;
  const warmConnections = checkedWarm(where, options.warmConnections, maxConnections);
  const session = { ...limits, clock: systemClock, ...(tls && { tls }) };
  let warm: WarmConnections | undefined;
  const nodes = { maxConnections, needsTls: tls !== undefined, onLeft: (url: string) => warm?.left(url) };
  const pool = new NodePool<NodeSession>({
    ...nodes,
    connect: (url, events) =>
      new NodeSession(url, { ...session, onEnd: (ended) => left(ended, events), isKept: events.isKept }),
  });
  const sink = new Sink();
  const muxed = new NodePool<MuxSession>({
    ...nodes,
    connect: (url, events) => new MuxSession(url, { ...session, sink }, events),
  });
  const mux = { pool: muxed, codecs: createCodecs(), limits: { maxMessageBytes, compressMinBytes, gzip: new Gzip() } };
  const upgrades = new MuxUpgrades({ pool: muxed, maxConnections, clock: systemClock });
  const methods = options.methods as Readonly<Record<string, ClientMethodOptions | undefined>> | undefined;
  const guard = guardOf(options.guard);
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]() {
      warm?.close();
      pool.close();
      muxed.close();
      void target.close();
    },
  };
  for (const desc of service.methods) {
    const own = methods?.[desc.localName];
    const contract = methodContract(desc);
    const timeoutMs = timeoutOf(desc, {
      own: own?.timeoutMs,
      general: options.timeoutMs,
      contract,
      fallbackMs: limits.timeoutMs,
    });
    checkTimeout(`${where}/${desc.name}: timeoutMs`, timeoutMs);
    const info = methodInfo(desc, 'client', timeoutMs);
    const transport = transportOf(desc, info, {
      ...options,
      target: target.name,
      authority: target.authority,
      resolver: target.resolver,
      maxMessageBytes: limits.maxMessageBytes,
      pool,
      mux,
      upgrades,
    });
    const guarded = guard === undefined ? [] : [guard.middleware(target.name, own, contract.guard)];
    const around = [...prioritised(contract), ...middleware, ...guarded];
    const call = chain(around)(transport, info);
    if (!answersOnce(desc)) client[desc.localName] = callStream(desc, call, timeoutMs);
    else client[desc.localName] = (middleware.length === 0 ? callBare : callOnce)(desc, call, timeoutMs);
  }
  if (warmConnections > 0) {
    const { resolver, name } = target;
    const poolOf = ({ endpoints }: Instance) => {
      const muxUrl = muxUrlOf(options.protocol ?? 'auto', endpoints);
      if (muxUrl !== undefined) return { pool: muxed, url: muxUrl };
      return endpoints.rpc === undefined ? undefined : { pool, url: endpoints.rpc };
    };
    warm = new WarmConnections({ resolver, target: name, count: warmConnections, clock: systemClock, poolOf });
  }
  return client as RpcClient<S>;
}

/** The library closes an HTTP/2 connection by itself when its last call has ended. */
function left(session: NodeSession, events: ConnectionEvents<NodeSession>): void {
  events.onEnd(session);
  events.onGone(session);
}

function targetOf(where: string, { target, resolver, balancer, tls }: RpcClientOptions): ResolvedTarget {
  try {
    return resolveTarget(target, { resolver, balancer, scheme: tls === undefined ? 'http' : 'https' });
  } catch (error) {
    throw error instanceof TypeError ? new TypeError(`${where}: ${error.message}`, { cause: error }) : error;
  }
}

function guardOf(given: RpcClientOptions['guard'] = {}): ClientGuard | undefined {
  if (given === false) return undefined;
  return 'middleware' in given ? given : clientGuard(given);
}

function checkedWarm(where: string, count = 0, maxConnections: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= maxConnections) return count;
  throw new RangeError(
    `${where}: warmConnections is ${count}; it must be a whole number from 0 to ${maxConnections}, maxConnections`,
  );
}

function checkCompression(where: string, bytes: number | undefined): void {
  if (bytes === undefined || (Number.isInteger(bytes) && bytes >= 0)) return;
  throw new RangeError(`${where}: compressMinBytes is ${bytes}; it must be a whole number from 0`);
}

const defaults = {
  timeoutMs: guardDefaults.deadline.rpcMs,
  maxMessageBytes: 4 << 20,
  maxHeaderBytes: 16 << 10,
  connectTimeoutMs: 2_000,
  idleTimeoutMs: 60_000,
  maxConnections: 4,
};

type Call = Handler<Payload, Payload>;

/**
 * In memory where a server of the target's name is in this process at the moment of the call and serves its lane, else over
 * the network. Emits the telemetry of the call.
 */
function transportOf(
  desc: DescMethod,
  info: MethodInfo,
  options: RemoteCallOptions & { readonly local?: LocalNetwork },
): Call {
  const { local, target, resolver } = options;
  const observe = callObserver(info);
  const remote = remoteCall(desc, options, observe);
  if (local === undefined) return remote;
  const callLocal = localCall(desc, options.maxMessageBytes);
  const within = (ctx: Context, input: Payload, server: AttachedServer) => {
    const call = observe(ctx);
    return call === undefined
      ? callLocal(server)(ctx, input)
      : (observed(call, input, callLocal(server)) as Promise<Payload>);
  };
  const inItsLane = async (ctx: Context, input: Payload, server: AttachedServer) => {
    const lane = await resolver.servingLane?.(ctx, target, laneOf(ctx));
    return (lane ?? '') === '' ? within(ctx, input, server) : remote(ctx, input);
  };
  return (ctx, input) => {
    const server = find(local, target);
    if (server === undefined) return remote(ctx, input);
    if (laneOf(ctx) === local.lane) return within(ctx, input, server);
    // A server of a lane serves nobody else; one of the baseline serves the lanes that have none elsewhere.
    return local.lane === '' ? inItsLane(ctx, input, server) : remote(ctx, input);
  };
}

/** A call with nothing of the user's around it: its own Context is seen by what is ours alone, which leaves nothing on it. */
function callBare(desc: DescMethod, call: Call, timeoutMs: number) {
  return (parent: Context, request: unknown): Promise<Payload> => {
    try {
      parent.throwIfDone();
      const ctx = timeoutMs === 0 ? parent : parent.withTimeout(timeoutMs);
      return call(ctx, inputOf(desc, request));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function callOnce(desc: DescMethod, call: Call, timeoutMs: number) {
  return async (parent: Context, request: unknown): Promise<Payload> => {
    parent.throwIfDone();
    using ctx = limited(parent, timeoutMs);
    return await call(ctx, inputOf(desc, request));
  };
}

function callStream(desc: DescMethod, call: Call, timeoutMs: number) {
  return (parent: Context, request: unknown): AsyncIterableIterator<Message> =>
    new CalledStream(
      () => limited(parent, timeoutMs),
      (ctx) => call(ctx, inputOf(desc, request)),
    );
}

function limited(parent: Context, timeoutMs: number): CancelContext {
  return timeoutMs === 0 ? parent.withCancel() : parent.withTimeout(timeoutMs);
}

function inputOf(desc: DescMethod, request: unknown): Payload {
  const message = (value: unknown): Message =>
    isMessage(value, desc.input) ? value : create(desc.input, value as MessageInitShape<typeof desc.input>);
  if (desc.methodKind === 'unary' || desc.methodKind === 'server_streaming') return message(request);
  // Not opened before somebody reads it: another try may be given it whole.
  return {
    [Symbol.asyncIterator]: () => new MappedSteps(stepsOf(request as AsyncIterable<unknown>), message),
  };
}
