import {
  type CallMetadata,
  type CallTransport,
  type MetadataOwner,
  type TraceContext,
  transportOf,
  withTransport,
} from '../../call/index.ts';
import { background, type Context } from '../../concurrency/index.ts';
import type { Exchange } from './engine/exchange.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Compression } from './reply/compression.ts';
import { type HttpReply, headerName } from './reply/reply.ts';
import type { HttpRequestHead } from './request.ts';
import type { OnSent } from './sent.ts';

/** What the server keeps of one call, beside its Context. */
export interface CallState extends CallTransport, MetadataOwner {
  readonly transport: 'http';
  readonly exchange: Exchange;
  readonly request: IncomingRequest;
  /** Ends when the server begins to drain. */
  readonly drain: Context;
  /** Undefined: the answer goes out as it is. */
  readonly compression: Compression | undefined;
  /** Set with {@link setReplyHeader}: name and value in turn. Undefined while there are none. */
  extraHeaders: string[] | undefined;
  /** What `metadata` has made, if anyone asked. */
  readonly knownMetadata: CallMetadata | undefined;
  hasBegun: boolean;
  /** What the caller's headers said. */
  readonly callerTrace: TraceContext | undefined;
  /** The server span, if there is one. */
  span: TraceContext | undefined;
  /** The answer whose content is on its way. */
  reply: HttpReply | undefined;
  /** Who is told when the answer is sent, or nobody waits for it any more. */
  onSent: OnSent | undefined;
}

export function withCallState(ctx: Context, state: CallState): Context {
  return withTransport(ctx, state);
}

export function callStateOf(ctx: Context): CallState | undefined {
  const transport = transportOf(ctx);
  // Nobody else is a transport of this name.
  return transport?.transport === 'http' ? (transport as CallState) : undefined;
}

/** The HTTP request that this Context belongs to: for a middleware, which does not know its input's type. Undefined outside of one. */
export function requestOf(ctx: Context): HttpRequestHead | undefined {
  return callStateOf(ctx)?.request;
}

/**
 * Ends when the server of this Context's call begins to drain: what would go on for ever, a stream or a WebSocket, then tells
 * its client to come back elsewhere. Outside of an HTTP call it never ends.
 */
export function drainOf(ctx: Context): Context {
  return callStateOf(ctx)?.drain ?? background();
}

/**
 * Adds a header to whatever will be answered to the request of this Context, also to an error; for a middleware. Without
 * effect once the answer has begun and outside of an HTTP call. Throws a TypeError for a header that cannot be sent.
 */
export function setReplyHeader(ctx: Context, name: string, value: string): void {
  const lower = headerName(name, value);
  const state = callStateOf(ctx);
  if (state === undefined) return;
  state.extraHeaders ??= [];
  state.extraHeaders.push(lower, value);
}
