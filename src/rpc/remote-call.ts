import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from '@bufbuild/protobuf';
import type { StreamResponse, Transport } from '@connectrpc/connect';
import type { CommonTransportOptions } from '@connectrpc/connect/protocol';
import { createTransport as connectTransport } from '@connectrpc/connect/protocol-connect';
import { createTransport as grpcTransport } from '@connectrpc/connect/protocol-grpc';
import { createTransport as grpcWebTransport } from '@connectrpc/connect/protocol-grpc-web';
import { compressionGzip } from '@connectrpc/connect-node';
import { fieldsOf, noteTriedNode } from '../call/index.ts';
import type { Awaitable, Context } from '../concurrency/index.ts';
import type { Instance, Pick, Resolver } from '../discovery/index.ts';
import type { StatusError } from '../errors/index.ts';
import type { CallObserver, ObservedCall } from '../service/call-observer.ts';
import type { Handler } from '../service/index.ts';
import { observed } from '../service/instrument.ts';
import { boundStream } from './bound-stream.ts';
import { failureOf } from './call-failure.ts';
import { type RpcProtocol, writeHead } from './call-headers.ts';
import { HttpMetadata } from './http-metadata.ts';
import { request } from './http2-client.ts';
import type { MuxMethod } from './mux/client-call.ts';
import { bookedSession, callStream, callUnary, type MuxClient, muxMethod } from './mux/mux-calls.ts';
import type { MuxSession } from './mux/mux-session.ts';
import type { MuxUpgrades } from './mux/mux-upgrades.ts';
import { leaseOf, type NodePool } from './node-pool.ts';
import type { NodeLease, NodeSession } from './node-session.ts';
import { RpcErrors } from './rpc-errors.ts';
import { answersOnce, headOf, type Payload } from './server-method.ts';

/** What a client's calls may be spoken in: auto is mux where the node offers it, else gRPC. */
export type ClientProtocol = 'auto' | 'mux' | RpcProtocol;

export interface RemoteCallOptions {
  readonly target: string;
  /** What servers are asked for by over HTTP/2. Undefined: their addresses. */
  readonly authority?: string | undefined;
  readonly resolver: Resolver;
  readonly pool: NodePool<NodeSession>;
  readonly mux: MuxClient;
  readonly upgrades: MuxUpgrades;
  readonly protocol?: ClientProtocol;
  readonly maxMessageBytes: number;
  /** Undefined: nothing is compressed. */
  readonly compressMinBytes?: number;
}

/** One try of a call: pick a node, get a connection to it, send, and tell the balancer and the telemetry how it went. */
export function remoteCall(
  desc: DescMethod,
  options: RemoteCallOptions,
  observe: CallObserver,
): Handler<Payload, Payload> {
  const remote = new RemoteCall(desc, options);
  const send = async (ctx: Context, input: Payload, pick: Awaitable<Pick>) => remote.send(ctx, input, await pick);
  const isUnary = desc.methodKind === 'unary';
  return (parent, input) => {
    const startedAt = parent.clock.now();
    const call = observe(parent, startedAt);
    const ctx = call?.ctx ?? parent;
    const pick = remote.pick(ctx, startedAt);
    if (isUnary && !(pick instanceof Promise)) {
      const sent = remote.sendNow(ctx, input as Message, pick as Pick, call, startedAt);
      if (sent !== undefined) return sent;
    }
    if (call === undefined) return send(ctx, input, pick);
    return observed(call, input, (own, payload) => send(own, payload, pick)) as Promise<Payload>;
  };
}

/** Where a node is spoken to in mux; undefined: in another protocol, at its `rpc` endpoint. */
export function muxUrlOf(protocol: ClientProtocol, endpoints: Instance['endpoints']): string | undefined {
  if (protocol === 'auto') return endpoints.mux;
  return protocol === 'mux' ? (endpoints.mux ?? endpoints.rpc) : undefined;
}

/** The tries of one method's calls. */
class RemoteCall {
  readonly #desc: DescMethod;
  readonly #options: RemoteCallOptions;
  readonly #protocol: ClientProtocol;
  readonly #mux: MuxMethod;

  constructor(desc: DescMethod, options: RemoteCallOptions) {
    this.#desc = desc;
    this.#options = options;
    this.#protocol = options.protocol ?? 'auto';
    this.#mux = muxMethod(desc, options.mux);
  }

  pick(ctx: Context, now: number): Awaitable<Pick> {
    const { target, resolver } = this.#options;
    const timeoutMs = ctx.deadline === undefined ? undefined : Math.max(0, ctx.deadline - now);
    try {
      return resolver.resolve(
        ctx,
        target,
        headOf(this.#desc, { sizeBytes: undefined, timeoutMs, fields: fieldsOf(ctx) }),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends where nothing has to be waited for: the node speaks mux, and there is a connection with room. Ends `call` then. */
  sendNow(
    ctx: Context,
    input: Message,
    pick: Pick,
    call: ObservedCall | undefined,
    startedAt: number,
  ): Promise<Payload> | undefined {
    const session = this.#openSession(pick.node.endpoints);
    if (session === undefined) return undefined;
    noteTriedNode(ctx, pick.node.id);
    session.book();
    return callUnary(session, this.#mux, ctx, pick, input, call, startedAt);
  }

  /** A connection in mux that is there: also to a node that is known by an address alone, where `upgrades` has made one. */
  #openSession({ mux, rpc }: Instance['endpoints']): MuxSession | undefined {
    const url = this.#protocol === 'auto' || this.#protocol === 'mux' ? (mux ?? rpc) : undefined;
    const session = url === undefined ? undefined : this.#options.mux.pool.find(url);
    return session?.isOpen === true ? session : undefined;
  }

  async send(ctx: Context, input: Payload, pick: Pick): Promise<Payload> {
    noteTriedNode(ctx, pick.node.id);
    const url = muxUrlOf(this.#protocol, pick.node.endpoints);
    let session = this.#openSession(pick.node.endpoints);
    if (session !== undefined) session.book();
    else if (url === undefined) return this.#sendOverHttp(ctx, input, pick);
    else session = await this.#booked(ctx, pick, url);
    if (this.#desc.methodKind === 'unary') return callUnary(session, this.#mux, ctx, pick, input as Message);
    const answers = callStream(session, this.#mux, ctx, pick, input);
    return this.#desc.methodKind === 'client_streaming' ? onlyOne(this.#desc, answers) : answers;
  }

  async #booked(ctx: Context, pick: Pick, url: string): Promise<MuxSession> {
    const report = reporter(ctx, pick);
    try {
      return await bookedSession(this.#options.mux.pool, ctx, url);
    } catch (thrown) {
      throw report(failureOf(ctx, thrown));
    }
  }

  async #sendOverHttp(ctx: Context, input: Payload, pick: Pick): Promise<Payload> {
    const { target, pool, upgrades } = this.#options;
    const protocol = this.#protocol === 'auto' || this.#protocol === 'mux' ? 'grpc' : this.#protocol;
    const report = reporter(ctx, pick);
    // What the library leaves on a Context ends with a call that is answered once; a stream's has an owner that ends it.
    using own = answersOnce(this.#desc) ? ctx.withCancel() : undefined;
    let lease: NodeLease | undefined;
    const { outgoing } = fieldsOf(ctx);
    const metadata = outgoing && new HttpMetadata(outgoing);
    try {
      const url = pick.node.endpoints.rpc;
      if (url === undefined) throw RpcErrors.NO_ENDPOINT(`instance ${pick.node.id} of ${target} has no rpc endpoint`);
      lease = await leaseOf(pool, ctx, url);
      if (this.#protocol === 'auto' && lease.offersMux) upgrades.offered(url);
      // Finding the node took its time, and no timer fires while a program computes.
      ctx.throwIfDone();
      const output = await send(
        this.#desc,
        transportOn(lease, url, protocol, this.#options, metadata),
        own ?? ctx,
        input,
        protocol,
        metadata,
      );
      if (Symbol.asyncIterator in output) return reported(ctx, output, report);
      report(undefined);
      return output;
    } catch (thrown) {
      lease?.release();
      throw report(failureOf(ctx, thrown));
    }
  }
}

async function send(
  desc: DescMethod,
  transport: Transport,
  ctx: Context,
  input: Payload,
  protocol: RpcProtocol,
  metadata: HttpMetadata | undefined,
): Promise<Payload> {
  const headers = new Headers();
  metadata?.write(headers);
  writeHead(ctx, protocol, (name, value) => headers.set(name, value));
  // Without a time limit of the library's: the Context ends the call, and the header is written above.
  if (desc.methodKind === 'unary') {
    const response = await toldOf(
      ctx,
      metadata,
      transport.unary(desc as DescMethodUnary, ctx.signal, 0, headers, input as Message),
    );
    metadata?.ended(response.trailer);
    return response.message;
  }
  const requests = Symbol.asyncIterator in input ? input : one(input);
  const response = await toldOf(
    ctx,
    metadata,
    transport.stream(desc as DescMethodStreaming, ctx.signal, 0, headers, requests),
  );
  const messages = metadata === undefined ? response.message : followed(ctx, metadata, response);
  return desc.methodKind === 'client_streaming' ? onlyOne(desc, messages) : messages;
}

/** Tells `metadata` of the failure, unless it is the caller that has ended. */
async function toldOf<R>(ctx: Context, metadata: HttpMetadata | undefined, response: Promise<R>): Promise<R> {
  if (metadata === undefined) return response;
  try {
    return await response;
  } catch (error) {
    if (ctx.err() === undefined) metadata.failed(error);
    throw error;
  }
}

async function* followed(
  ctx: Context,
  metadata: HttpMetadata,
  { message, trailer }: StreamResponse,
): AsyncGenerator<Message> {
  try {
    yield* message;
    metadata.ended(trailer);
  } catch (error) {
    if (ctx.err() === undefined) metadata.failed(error);
    throw error;
  }
}

async function* one(message: Message): AsyncGenerator<Message> {
  yield message;
}

async function onlyOne(desc: DescMethod, messages: AsyncIterable<Message>): Promise<Message> {
  let only: Message | undefined;
  for await (const message of messages) {
    if (only !== undefined) throw RpcErrors.PROTOCOL_ERROR(`${desc.name} was answered with more than one message`);
    only = message;
  }
  if (only === undefined) throw RpcErrors.PROTOCOL_ERROR(`${desc.name} was answered without a message`);
  return only;
}

type Report = <E extends StatusError | undefined>(error: E) => E;

/** Tells the balancer once: a stream counts up to its first message, since its length says nothing about the node. */
function reporter(ctx: Context, pick: Pick): Report {
  const started = ctx.clock.now();
  return (error) => {
    pick.done({ error, durationMs: ctx.clock.now() - started });
    return error;
  };
}

async function* reported(ctx: Context, messages: AsyncIterable<Message>, report: Report): AsyncGenerator<Message> {
  try {
    for await (const message of boundStream(ctx, messages)) {
      report(undefined);
      yield message;
    }
    report(undefined);
  } catch (thrown) {
    throw report(failureOf(ctx, thrown));
  } finally {
    report(ctx.err());
  }
}

/** The library’s client of one call: it holds no state but the lease. */
function transportOn(
  lease: NodeLease,
  baseUrl: string,
  protocol: RpcProtocol,
  { maxMessageBytes, compressMinBytes, authority }: RemoteCallOptions,
  metadata: HttpMetadata | undefined,
): Transport {
  const options: CommonTransportOptions = {
    httpClient: async (call) => {
      const response = await request(lease, call, authority);
      metadata?.begun(response);
      return response;
    },
    baseUrl,
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: compressMinBytes === undefined ? [] : [compressionGzip],
    sendCompression: compressMinBytes === undefined ? null : compressionGzip,
    compressMinBytes: compressMinBytes ?? 0,
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxMessageBytes,
  };
  if (protocol === 'grpc') return grpcTransport(options);
  return protocol === 'grpc-web' ? grpcWebTransport(options) : connectTransport(options);
}
